package redisclient

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/tickroom/tickroom/internal/secret"
)

// maxPasswordFile bounds a file with a password, in bytes.
const maxPasswordFile = 4096

// The library's own log has a line for each attempt while Redis is away. All that is in it
// comes back as errors as well. It is switched off before there is a client, since they read
// the switch without a lock.
func init() { logging.Disable() }

// New returns a client. It connects when it is used, so that Redis may be away for now, but
// the files that are named must be there. Its errors show no secret.
//
// The client tries nothing twice by itself: its user knows whether doing something again does
// harm. (In a cluster it follows a slot to another node.)
func New(c Config) (redis.UniversalClient, error) {
	o, err := options(c)
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	return redis.NewUniversalClient(o), nil
}

func options(c Config) (*redis.UniversalOptions, error) {
	if !c.Enabled() {
		return nil, errors.New("there is none: set redis.url or redis.addresses")
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	o := &redis.UniversalOptions{
		Addrs: c.Addresses, MasterName: c.Master, IsClusterMode: c.Cluster, DB: c.Database,
		Username: c.Username, SentinelUsername: c.SentinelUsername,
		DialTimeout: c.DialTimeout, ReadTimeout: c.ReadTimeout, WriteTimeout: c.ReadTimeout, PoolTimeout: c.ReadTimeout,
		MaxRetries: -1, DialerRetries: 1, ContextTimeoutEnabled: true, PoolSize: c.Pool,
		// These announcements are a hosted Redis's; other servers would have to refuse the
		// command at each connection.
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	var err error
	if o.Password, err = password(c.Password, c.PasswordFile); err != nil {
		return nil, err
	}
	if o.SentinelPassword, err = password(c.SentinelPassword, c.SentinelPasswordFile); err != nil {
		return nil, err
	}
	useTLS := c.TLS
	if c.URL != "" {
		p, err := parseURL(c.URL)
		if err != nil {
			return nil, err
		}
		o.Addrs, useTLS = []string{p.addr}, useTLS || p.tls
		if p.db > 0 {
			o.DB = p.db
		}
		if p.username != "" {
			o.Username = p.username
		}
		if p.password != "" {
			o.Password = p.password
		}
	}
	if useTLS {
		if o.TLSConfig, err = tlsConfig(c); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func tlsConfig(c Config) (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.TLSName}
	if c.TLSCA != "" {
		pem, err := os.ReadFile(c.TLSCA)
		if err != nil {
			return nil, fmt.Errorf("tls_ca: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("tls_ca: %s holds no certificate in PEM", c.TLSCA)
		}
	}
	if c.TLSCert != "" {
		cert, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("tls_cert, tls_key: %w", err)
		}
		t.Certificates = []tls.Certificate{cert}
	}
	return t, nil
}

// password returns the password that is set, or that is in the file.
func password(set secret.Text, file string) (string, error) {
	if file == "" {
		return set.Reveal(), nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("password file: %w", err)
	}
	b = bytes.TrimRight(b, "\r\n")
	switch {
	case len(b) == 0:
		return "", fmt.Errorf("password file: %s is empty", file)
	case len(b) > maxPasswordFile || bytes.ContainsAny(b, "\r\n\x00"):
		return "", fmt.Errorf("password file: %s must hold the password alone, in one line of at most %d bytes", file, maxPasswordFile)
	}
	return string(b), nil
}
