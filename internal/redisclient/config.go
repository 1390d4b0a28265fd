// Package redisclient makes the client of the Redis that servers share, from what
// they are told about it. It knows nothing of what is kept there.
package redisclient

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tickroom/tickroom/internal/secret"
)

// Config is where Redis is. With neither URL nor Addresses there is none. Its fields
// are those of the server's settings, which explain them, and have defaults and
// bounds: see server/config.Redis.
type Config struct {
	URL       secret.Text // redis://host:port, rediss:// for TLS, or unix:///path
	Addresses []string    // of one server, of sentinels, or of nodes of a cluster
	Master    string      // the servers' name, for sentinels
	Cluster   bool
	Database  int

	Username             string
	Password             secret.Text
	PasswordFile         string
	SentinelUsername     string
	SentinelPassword     secret.Text
	SentinelPasswordFile string

	TLS     bool
	TLSCA   string // a file of authorities
	TLSName string // in the servers' certificates
	TLSCert string // a file, for servers that ask for a certificate
	TLSKey  string

	Prefix      string        // of the names of all keys
	DialTimeout time.Duration // for a connection to be made
	ReadTimeout time.Duration // for an answer, and for a connection to become free
	Pool        int           // connections to each server; 0: ten for each processor
	Replicas    int           // that must have a change; see server/config.Redis
}

// Enabled reports whether there is a Redis.
func (c Config) Enabled() bool { return c.URL != "" || len(c.Addresses) > 0 }

// Check returns what is wrong, all of it. It shows no secret.
func (c Config) Check() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	at, err := parseURL(c.URL)
	if err != nil {
		errs = append(errs, err)
	}
	for i, a := range c.Addresses {
		if !validAddress(a) {
			fail("addresses[%d]: %q is not an address; write host:port, such as redis.example.com:6379", i, a)
		}
	}
	switch {
	case c.URL != "" && len(c.Addresses) > 0:
		fail("url and addresses are both set; set one of them")
	case c.URL != "" && c.Master != "":
		fail("master: %q needs addresses, those of the sentinels, in place of url", c.Master)
	case c.Master != "" && len(c.Addresses) == 0:
		fail("master: %q needs addresses, those of the sentinels", c.Master)
	case c.Master != "" && c.Cluster:
		fail("master and cluster are both set; a cluster has no sentinels")
	case len(c.Addresses) > 1 && c.Master == "" && !c.Cluster:
		fail("addresses: there are %d; set cluster: true for those of a cluster, or master for those of sentinels", len(c.Addresses))
	case c.Cluster && strings.HasPrefix(at.addr, "/"):
		fail("url: a cluster can't be reached by a socket's path")
	}
	if c.Cluster && max(c.Database, at.db) > 0 {
		fail("database: %d; a cluster has the database 0 alone", max(c.Database, at.db))
	}
	if c.Database > 0 && at.db > 0 {
		fail("database: it is in url too; set one of them")
	}
	if c.Password != "" && c.PasswordFile != "" {
		fail("password and password_file are both set; set one of them")
	}
	if at.password != "" && (c.Password != "" || c.PasswordFile != "") {
		fail("password: it is in url too; set one of them")
	}
	if at.username != "" && c.Username != "" {
		fail("username: it is in url too; set one of them")
	}
	if c.SentinelPassword != "" && c.SentinelPasswordFile != "" {
		fail("sentinel_password and sentinel_password_file are both set; set one of them")
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		fail("tls_cert is %q and tls_key is %q; set both, or neither", c.TLSCert, c.TLSKey)
	}
	if c.Enabled() && !c.TLS && !at.tls && c.TLSCA+c.TLSName+c.TLSCert != "" {
		fail("tls is off, but there are settings for it; set tls: true")
	}
	if strings.ContainsAny(c.Prefix, "{}") {
		fail("prefix: %q must be without { and }, which say where a cluster keeps a key", c.Prefix)
	}
	return errors.Join(errs...)
}

// place is what a URL means.
type place struct {
	addr               string // host:port, or the path of a socket
	username, password string
	db                 int
	tls                bool
}

// parseURL takes a URL apart. Its errors don't show it: it may hold a password, and
// one with a character that ought to be escaped can be anywhere in it.
func parseURL(text secret.Text) (place, error) {
	if text == "" {
		return place{}, nil
	}
	bad := func(why string) (place, error) {
		return place{}, fmt.Errorf("url: %s; write redis://host:port, redis://user:password@host:port/database, rediss://... for TLS, "+
			"or unix:///path; in passwords %%40 stands for @, %%2F for / and %%3A for : (it is not shown here since it may hold a password)", why)
	}
	u, err := url.Parse(text.Reveal())
	switch {
	case err != nil:
		return bad("it can't be read")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return bad("it has something after ? or #, for which there are settings of their own")
	}
	p := place{username: u.User.Username(), tls: u.Scheme == "rediss"}
	p.password, _ = u.User.Password()
	switch u.Scheme {
	case "unix":
		if u.Host != "" || !strings.HasPrefix(u.Path, "/") {
			return bad("it has no path that begins with /")
		}
		p.addr = u.Path
		return p, nil
	case "redis", "rediss":
	default:
		return bad("it begins with none of redis://, rediss:// and unix://")
	}
	host, port := u.Hostname(), u.Port()
	if port == "" {
		port = "6379"
	}
	if p.addr = net.JoinHostPort(host, port); !validAddress(p.addr) {
		return bad("it has no host, or its port is no number")
	}
	if db := strings.TrimPrefix(u.Path, "/"); db != "" {
		if p.db, err = strconv.Atoi(db); err != nil || p.db < 0 {
			return bad("what follows the host is no number of a database")
		}
	}
	return p, nil
}

func validAddress(s string) bool {
	if strings.HasPrefix(s, "/") {
		return true
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil || host == "" || strings.ContainsAny(host, "/@ ") {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}
