package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/lxzan/gws"

	"github.com/tickroom/tickroom/proto/schema"
)

const (
	handshakeTimeout = 10 * time.Second
	maxServerMessage = 8 << 20 // bytes
	maxAnswerText    = 200     // bytes of an HTTP answer that an error quotes
	// maxRetryAfter bounds what is taken from a Retry-After: whoever asks for more is
	// asked again sooner.
	maxRetryAfter = 5 * time.Minute
)

// HandshakeError is an HTTP answer to a handshake that opens no WebSocket, from the server
// or from something in front of it.
type HandshakeError struct {
	// Status is that of HTTP, such as 404.
	Status int
	// Text is what the answer says, as far as it is short.
	Text string
	// RetryAfter is how long the answer asks to wait, at most five minutes; 0: it does not
	// say.
	RetryAfter time.Duration
}

// Error says what was answered, and what to do.
func (e *HandshakeError) Error() string {
	s := fmt.Sprintf("the server answered %d %s", e.Status, http.StatusText(e.Status))
	if e.Text != "" {
		s += ": " + e.Text
	}
	switch {
	case e.RetryAfter > 0:
		s += fmt.Sprintf(" (try again in %v)", e.RetryAfter)
	case e.Status == http.StatusNotFound:
		s += " (is this the address of the server's WebSocket? Its path is usually /ws)"
	case e.Status == http.StatusForbidden:
		s += " (the server takes no connection from this Origin, or from this address)"
	}
	return s
}

// final reports whether the same handshake again would be answered in the same way: the
// fault is with the request.
func (e *HandshakeError) final() bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return e.Status < 500
}

func handshakeError(resp *http.Response) *HandshakeError {
	// As much as has come along with the header: there is no connection any more.
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswerText))
	e := &HandshakeError{Status: resp.StatusCode, RetryAfter: retryAfter(resp.Header.Get("Retry-After"))}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") {
		e.Text = schema.ValidText(strings.TrimSpace(string(text)))
	}
	return e
}

// retryAfter returns what the header of that name means (RFC 9110 section 10.2.3): seconds,
// or a date.
func retryAfter(text string) time.Duration {
	wait := time.Duration(0)
	if s, err := strconv.ParseUint(text, 10, 64); err == nil {
		wait = time.Duration(min(s, 3600)) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = time.Until(at)
	}
	return min(max(wait, 0), maxRetryAfter)
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
	}, c.secured(&listening{Conn: raw, heard: &l.heard}))
	if resp != nil {
		defer func() { _ = resp.Body.Close() }()
	}
	switch {
	case ctx.Err() != nil:
		if conn != nil {
			_ = raw.Close()
		}
		return nil, ctx.Err()
	case err != nil && resp != nil && resp.StatusCode != http.StatusSwitchingProtocols:
		return nil, handshakeError(resp)
	case errors.Is(err, gws.ErrSubprotocolNegotiation):
		return nil, errSubprotocol
	case err != nil:
		return nil, fmt.Errorf("the handshake failed: %w", err)
	case conn.SubProtocol() != Subprotocol:
		_ = raw.Close()
		return nil, errSubprotocol
	}
	l.conn = conn
	return l, nil
}

var errSubprotocol = errors.New("the server does not speak " + Subprotocol)

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
