package client

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/lxzan/gws"
)

// Subprotocol is the WebSocket subprotocol of the frame protocol.
const Subprotocol = "tickroom.v1"

const (
	handshakeTimeout = 10 * time.Second
	maxServerMessage = 8 << 20 // bytes
)

// Dial connects to a server, for example ws://127.0.0.1:7777/ws, joins, and
// returns when the server has let the client in. Without a path it is /ws; http
// and https are taken as ws and wss. Dial tries once: whether to try again is the
// caller's to decide, by the error, which is a *CloseError if the server refused, and
// wraps ErrSchema if its schema can't be used.
func Dial(ctx context.Context, rawURL string, o Options) (*Client, error) {
	u, err := ServerURL(rawURL)
	if err != nil {
		return nil, err
	}
	s, err := NewSession(o.Config)
	if err != nil {
		return nil, err
	}
	s.OnWelcome(o.OnWelcome)
	if o.Setup != nil {
		o.Setup(s)
	}
	c := newClient(s, u, o)
	if o.Token == "" && o.TokenSource != nil {
		if err := c.tokens.fetch(ctx, ""); err != nil {
			c.quit()
			return nil, err
		}
	}
	l, err := c.connect(ctx)
	if err != nil {
		c.quit()
		return nil, fmt.Errorf("client: connecting to %s: %w", u, err)
	}
	go c.run(l)
	select {
	case <-c.welcomed:
		return c, nil
	case <-c.done:
		select {
		case <-c.welcomed: // and closed since, which Done and Err tell
			return c, nil
		default:
			return nil, c.Err()
		}
	case <-ctx.Done():
		c.close(&CloseError{Code: CloseNormal, ByUs: true, Err: ctx.Err()})
		return nil, ctx.Err()
	}
}

func newClient(s *Session, u *url.URL, o Options) *Client {
	c := &Client{
		s: s, url: u, log: o.Logger, opts: o,
		woken: make(chan struct{}, 1), welcomed: make(chan struct{}), done: make(chan struct{}),
		start: time.Now(),
	}
	c.ctx, c.quit = context.WithCancel(context.Background())
	c.tokens = newRenewer(c)
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	return c
}

// ServerURL returns the address of a server's WebSocket for what a person may
// type: http://host:port, ws://host/path and the like.
func ServerURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("client: server address: %w", err)
	}
	switch u.Scheme {
	case "http":
		u.Scheme = "ws"
	case "https":
		u.Scheme = "wss"
	case "ws", "wss":
	default:
		return nil, fmt.Errorf("client: server address %q: it must begin with http://, https://, ws:// or wss://", raw)
	}
	if u.Host == "" {
		return nil, fmt.Errorf("client: server address %q: it names no host", raw)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/ws"
	}
	return u, nil
}

// connect opens a connection.
func (c *Client) connect(ctx context.Context) (*link, error) {
	// The handshake does not know contexts: one that ends takes the connection
	// away from it.
	raw, err := c.dialTCP(ctx)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	h := http.Header{"Sec-Websocket-Protocol": {Subprotocol}}
	for k, v := range c.opts.Header {
		h[http.CanonicalHeaderKey(k)] = v
	}
	l := &link{c: c, closing: make(chan struct{})}
	conn, resp, err := gws.NewClientFromConn((*handler)(l), &gws.ClientOption{
		Addr: c.url.String(), RequestHeader: h, HandshakeTimeout: handshakeTimeout,
		ReadMaxPayloadSize: maxServerMessage, CheckUtf8Enabled: true,
	}, c.secured(raw))
	if resp != nil {
		_ = resp.Body.Close()
	}
	switch {
	case ctx.Err() != nil:
		if conn != nil {
			_ = raw.Close()
		}
		return nil, ctx.Err()
	case err != nil && resp != nil && resp.StatusCode != http.StatusSwitchingProtocols:
		return nil, fmt.Errorf("the server answered %s", resp.Status)
	case err != nil:
		return nil, err
	case conn.SubProtocol() != Subprotocol:
		_ = raw.Close()
		return nil, fmt.Errorf("the server does not speak %s", Subprotocol)
	}
	l.conn = conn
	return l, nil
}

func (c *Client) dialTCP(ctx context.Context) (net.Conn, error) {
	d := c.opts.Dialer
	if d == nil {
		d = &net.Dialer{Timeout: handshakeTimeout}
	}
	port := c.url.Port()
	if port == "" {
		port = map[string]string{"ws": "80", "wss": "443"}[c.url.Scheme]
	}
	return d.DialContext(ctx, "tcp", net.JoinHostPort(c.url.Hostname(), port))
}

// secured returns a connection with TLS where the address asks for it.
func (c *Client) secured(raw net.Conn) net.Conn {
	if c.url.Scheme != "wss" {
		return raw
	}
	cfg := c.opts.TLS.Clone()
	if cfg == nil {
		cfg = &tls.Config{}
	}
	if cfg.ServerName == "" {
		cfg.ServerName = c.url.Hostname()
	}
	return tls.Client(raw, cfg)
}
