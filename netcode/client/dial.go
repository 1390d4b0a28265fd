package client

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"time"
)

// Subprotocol is the WebSocket subprotocol of the frame protocol.
const Subprotocol = "tickroom.v1"

// Dial connects to a server, for example ws://127.0.0.1:7777/ws, joins, and
// returns when the server has let the client in. Without a path it is /ws; http
// and https are taken as ws and wss. It gives up when ctx ends.
//
// Dial tries once, unless Options.JoinFor says for how long: then it tries again as a client
// does that has lost its connection, until it is let in or there is no use in it.
//
// The error says what has kept the client out, the last time if it was several times. It is
// or wraps a *CloseError, with its code, if the server has refused, a *HandshakeError if
// there was another answer than a WebSocket, such as 404 or 403, what the Dialer has
// returned if there was no connection at all, ErrSilent if there was no answer, ErrSchema
// if the server's schema can't be used, ErrToken if there was no token, and besides the
// context's error if that has ended.
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
	if ctx.Err() != nil {
		return nil, fmt.Errorf("client: joining at %s: %w", u, ctx.Err())
	}
	c := newClient(ctx, s, u, o)
	var late <-chan time.Time
	if o.JoinFor > 0 {
		timer := time.NewTimer(o.JoinFor)
		defer timer.Stop()
		late = timer.C
	}
	go c.run()
	var why error
	select {
	case <-c.welcomed:
		return c, nil
	case <-c.done:
		select {
		case <-c.welcomed: // and closed since, which Done and Err tell
			return c, nil
		default:
			return nil, c.notJoined(nil)
		}
	case <-ctx.Done():
		why = ctx.Err()
	case <-late:
		why = fmt.Errorf("not let in within %v: %w", o.JoinFor, context.DeadlineExceeded)
	}
	c.close(&CloseError{Code: CloseNormal, ByUs: true, Err: why})
	return nil, c.notJoined(why)
}

// notJoined returns why a client that has ended was never let in: what has kept it out, and
// why that ended the attempts; nil: by itself.
func (c *Client) notJoined(why error) error {
	switch {
	case why == nil:
		return c.keptOut
	case c.keptOut != nil:
		return fmt.Errorf("client: joining at %s: %w; the last attempt: %w", c.url, why, c.keptOut)
	}
	return fmt.Errorf("client: joining at %s: %w; %s", c.url, why, c.stage)
}

func newClient(ctx context.Context, s *Session, u *url.URL, o Options) *Client {
	c := &Client{
		s: s, url: u, log: o.Logger, opts: o, beat: pingEvery,
		woken: make(chan struct{}, 1), welcomed: make(chan struct{}), done: make(chan struct{}),
		start: time.Now(),
	}
	if o.beat > 0 {
		c.beat = o.beat
	}
	// Values of ctx are for the Dialer; its end is Dial's alone.
	c.ctx, c.quit = context.WithCancel(context.WithoutCancel(ctx))
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
