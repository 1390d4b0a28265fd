package attack

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

// dialLimit is how long connecting may take, a TLS handshake included.
const dialLimit = 10 * time.Second

// Target is where a server is, as its clients know it.
type Target struct {
	// Addr is the address to connect to, host and port.
	Addr string
	// Name is what the server is called in TLS and in the header Host. Empty: its address, without
	// TLS.
	Name string
	// Roots are the certificates that the server's is signed by; nil: there is no TLS.
	Roots []byte
	// Service is the address of RoomService, for backends. Empty: it is off.
	Service string
}

// encrypted reports whether clients speak TLS.
func (t *Target) encrypted() bool { return len(t.Roots) > 0 }

// host returns what belongs into the header Host.
func (t *Target) host() string {
	if t.Name != "" {
		return t.Name
	}
	return t.Addr
}

// tls returns how the server is known, nil without TLS.
func (t *Target) tls(protocols ...string) (*tls.Config, error) {
	if !t.encrypted() {
		return nil, nil
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(t.Roots) {
		return nil, errors.New("attack: the target's certificate can't be read")
	}
	return &tls.Config{RootCAs: roots, ServerName: t.Name, NextProtos: protocols, MinVersion: tls.VersionTLS12}, nil
}

// dialer connects to a target from an address of this machine.
type dialer struct {
	target *Target
	from   string // an address of this machine; empty: any
	count  *counts
	small  bool // receive buffers are small, so that what is sent to us waits at the other end
}

// tcp opens a connection without TLS. at is where to; empty: to the target.
func (d *dialer) tcp(ctx context.Context, at string) (net.Conn, error) {
	n := net.Dialer{Timeout: dialLimit}
	if d.from != "" {
		n.LocalAddr = &net.TCPAddr{IP: net.ParseIP(d.from)}
	}
	if at == "" {
		at = d.target.Addr
	}
	c, err := n.DialContext(ctx, "tcp", at)
	if err != nil {
		return nil, err
	}
	// The port is free again at once: attackers use many.
	_ = c.(*net.TCPConn).SetLinger(0)
	if d.small {
		_ = c.(*net.TCPConn).SetReadBuffer(4096)
	}
	return &counted{c, d.count}, nil
}

// dial opens a connection, encrypted if the target is.
func (d *dialer) dial(ctx context.Context, protocols ...string) (net.Conn, error) {
	c, err := d.tcp(ctx, "")
	if err != nil || !d.target.encrypted() {
		return c, err
	}
	cfg, err := d.target.tls(protocols...)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	t := tls.Client(c, cfg)
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return t, nil
}

// path returns the path of the address that an assignment leads to: the way into the target is
// the same.
func (d *dialer) path(assigned string) (string, error) {
	if assigned == "" {
		return "/ws", nil
	}
	u, err := url.Parse(assigned)
	if err != nil {
		return "", fmt.Errorf("attack: the seat's address: %w", err)
	}
	return "/" + strings.TrimPrefix(u.Path, "/"), nil
}
