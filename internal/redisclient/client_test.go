package redisclient

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// settings returns a configuration that has what the server's settings have where
// nothing is said: no Redis.
func settings() Config {
	return Config{Prefix: "tickroom:", DialTimeout: 400 * time.Millisecond, ReadTimeout: 600 * time.Millisecond}
}

// with returns the default with something changed.
func with(change func(*Config)) Config {
	c := settings()
	change(&c)
	return c
}

// ping connects, and returns how that went.
func ping(t *testing.T, c Config) error {
	t.Helper()
	r, err := New(c)
	if err != nil {
		return err
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	return r.Ping(t.Context()).Err()
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const hidden = "p@ss/w:rd#?"

func TestPasswords(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	if err := srv.Client().Do(t.Context(), "ACL", "SETUSER", "ann", "on", ">"+hidden, "~*", "+@all").Err(); err != nil {
		t.Fatal(err)
	}
	escaped := "p%40ss%2Fw%3Ard%23%3F"
	for name, c := range map[string]Config{
		"in the URL": with(func(c *Config) { c.URL = secret.Text("unix://ann:" + escaped + "@" + srv.Addr()) }),
		"set":        with(func(c *Config) { c.Addresses, c.Username, c.Password = []string{srv.Addr()}, "ann", hidden }),
		"in a file": with(func(c *Config) {
			c.URL, c.Username, c.PasswordFile = secret.Text("unix://"+srv.Addr()), "ann", write(t, "p", hidden+"\r\n")
		}),
	} {
		r, err := New(c)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if who, err := r.Do(t.Context(), "ACL", "WHOAMI").Text(); err != nil || who != "ann" {
			t.Errorf("%s: %q, %v", name, who, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	err := ping(t, with(func(c *Config) { c.Addresses, c.Username, c.Password = []string{srv.Addr()}, "ann", hidden+"x" }))
	if err == nil || strings.Contains(err.Error(), hidden) {
		t.Errorf("a wrong password: %v", err)
	}
}

func TestErrorsShowNoSecret(t *testing.T) {
	t.Parallel()
	empty, two := write(t, "empty", "\n"), write(t, "two", hidden+"\n"+hidden)
	for name, c := range map[string]struct {
		c    Config
		want string
	}{
		"nothing":       {settings(), "set redis.url or redis.addresses"},
		"not escaped":   {with(func(c *Config) { c.URL = "redis://ann:" + hidden + "@host:1" }), "url: it "},
		"a port":        {with(func(c *Config) { c.URL = "redis://:hunter2:x" }), "url: it can't be read"},
		"no scheme":     {with(func(c *Config) { c.URL = "hunter2" }), "begins with none of"},
		"another":       {with(func(c *Config) { c.URL = "http://hunter2/" }), "begins with none of"},
		"a query":       {with(func(c *Config) { c.URL = "redis://host?password=hunter2" }), "after ? or #"},
		"no host":       {with(func(c *Config) { c.URL = "redis://:hunter2@" }), "has no host"},
		"a database":    {with(func(c *Config) { c.URL = "redis://host/hunter2" }), "number of a database"},
		"twice":         {with(func(c *Config) { c.URL, c.Password = "redis://u:hunter2@host", "hunter2" }), "password: it is in url too"},
		"two passwords": {with(func(c *Config) { c.URL, c.Password, c.PasswordFile = "redis://host", "hunter2", "f" }), "set one of them"},
		"two users":     {with(func(c *Config) { c.URL, c.Username = "redis://u:hunter2@host", "v" }), "username: it is in url too"},
		"two databases": {with(func(c *Config) { c.URL, c.Database = "redis://host/1", 2 }), "database: it is in url too"},
		"no file":       {with(func(c *Config) { c.URL, c.PasswordFile = "redis://host", "/nowhere/p" }), "/nowhere/p: no such file"},
		"empty file":    {with(func(c *Config) { c.URL, c.PasswordFile = "redis://host", empty }), "is empty"},
		"two lines":     {with(func(c *Config) { c.URL, c.PasswordFile = "redis://host", two }), "the password alone"},
		"sentinels":     {with(func(c *Config) { c.URL, c.Master = "redis://host", "main" }), "needs addresses"},
		"several":       {with(func(c *Config) { c.Addresses = []string{"a:1", "b:1"} }), "cluster: true"},
		"both":          {with(func(c *Config) { c.Addresses, c.Master, c.Cluster = []string{"a:1"}, "m", true }), "has no sentinels"},
		"cluster path":  {with(func(c *Config) { c.URL, c.Cluster = "unix:///x", true }), "socket's path"},
		"cluster db":    {with(func(c *Config) { c.URL, c.Cluster = "redis://x/1", true }), "has the database 0 alone"},
		"half":          {with(func(c *Config) { c.URL, c.TLSCert = "rediss://host", "c.pem" }), "set both, or neither"},
		"no TLS":        {with(func(c *Config) { c.URL, c.TLSName = "redis://host", "n" }), "tls is off"},
		"no CA":         {with(func(c *Config) { c.URL, c.TLSCA = "rediss://host", "/nowhere/ca" }), "tls_ca: open /nowhere/ca"},
		"empty CA":      {with(func(c *Config) { c.URL, c.TLSCA = "rediss://host", empty }), "no certificate"},
		"hash tag":      {with(func(c *Config) { c.URL, c.Prefix = "redis://host", "{x}" }), "without { and }"},
	} {
		r, err := New(c.c)
		if err == nil {
			t.Errorf("%s: taken", name)
			_ = r.Close()
			continue
		}
		if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %s", name, err, c.want)
		}
		if s := fmt.Sprintf("%v %+v %#v", err, c.c, c.c); strings.Contains(s, "hunter2") || strings.Contains(s, "w:rd") {
			t.Errorf("%s: shown: %s", name, s)
		}
	}
}

func TestKindsOfClients(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		c    Config
		want string
	}{
		"one":       {with(func(c *Config) { c.URL = "redis://h" }), "Redis<h:6379 db:0>"},
		"IPv6":      {with(func(c *Config) { c.URL = "redis://[::1]:7/5" }), "Redis<[::1]:7 db:5>"},
		"database":  {with(func(c *Config) { c.Addresses, c.Database = []string{"h:1"}, 4 }), "Redis<h:1 db:4>"},
		"sentinels": {with(func(c *Config) { c.Addresses, c.Master = []string{"a:1", "b:1"}, "main" }), "Redis<FailoverClient db:0>"},
	} {
		r, err := New(c.c)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := fmt.Sprint(r); got != c.want {
			t.Errorf("%s: %s; want %s", name, got, c.want)
		}
		_ = r.Close()
	}
	r, err := New(with(func(c *Config) { c.URL, c.Cluster = "redis://h", true }))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if _, ok := r.(*redis.ClusterClient); !ok {
		t.Errorf("a cluster's client is a %T", r)
	}
}

// TestAwayFailsSoon has a server that takes connections and says nothing, and an
// address where nobody is.
func TestAwayFailsSoon(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	for _, addr := range []string{ln.Addr().String(), "/nowhere/sock"} {
		c := with(func(c *Config) { c.Addresses, c.ReadTimeout = []string{addr}, 50*time.Millisecond })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		r, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Ping(ctx).Err(); err == nil || ctx.Err() != nil {
			t.Errorf("%s: %v", addr, err)
		}
		_ = r.Close()
	}
}

// TestTLS speaks it with a program in front of Redis that asks for a certificate.
func TestTLS(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	certFile, keyFile := certificate(t)
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert.Leaf)
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer func() { _ = ln.Close() }()
	wg.Go(func() { forward(&wg, ln, srv.Addr()) })

	addr := ln.Addr().String()
	all := with(func(c *Config) {
		c.URL, c.TLSCA, c.TLSName, c.TLSCert, c.TLSKey = secret.Text("rediss://"+addr), certFile, "redis.example", certFile, keyFile
	})
	if err := ping(t, all); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Config){
		"another name":   func(c *Config) { c.TLSName = "other.example" },
		"other CA":       func(c *Config) { c.TLSCA = "" },
		"no certificate": func(c *Config) { c.TLSCert, c.TLSKey = "", "" },
		"no TLS": func(c *Config) {
			c.URL, c.TLSCA, c.TLSName, c.TLSCert, c.TLSKey = secret.Text("redis://"+addr), "", "", "", ""
		},
	} {
		c := all
		change(&c)
		if err := ping(t, c); err == nil {
			t.Errorf("%s: connected", name)
		}
	}
}

// forward carries each connection to a socket.
func forward(wg *sync.WaitGroup, ln net.Listener, to string) {
	for {
		in, err := ln.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("unix", to)
		if err != nil {
			_ = in.Close()
			continue
		}
		pipe := func(a, b net.Conn) {
			_, _ = io.Copy(a, b)
			_, _ = a.Close(), b.Close()
		}
		wg.Go(func() { pipe(in, out) })
		wg.Go(func() { pipe(out, in) })
	}
}

// certificate makes one for redis.example, signed by itself.
func certificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"redis.example"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	k, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))),
		write(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: k})))
}
