package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
	"github.com/lxzan/gws"

	"github.com/tickroom/tickroom/netcode/replica"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/schema"
)

// Subprotocol is the WebSocket subprotocol of the frame protocol.
const Subprotocol = "tickroom.v1"

// Times that a client keeps.
const (
	handshakeTimeout = 10 * time.Second
	writeTimeout     = 5 * time.Second
	pingEvery        = time.Second
	closeTimeout     = 2 * time.Second
	maxServerMessage = 8 << 20
)

// Options says how to join.
type Options struct {
	Config

	// Setup is called before anything is received, to set event handlers. May be
	// nil.
	Setup func(s *Session)
	// OnWelcome is called when the replica is there and still empty, to set change
	// callbacks. May be nil.
	OnWelcome func(r *replica.Replica)
	// Dialer makes the TCP connection. Nil: a net.Dialer.
	Dialer interface {
		DialContext(ctx context.Context, network, addr string) (net.Conn, error)
	}
	// TLS is for wss addresses. Nil: the defaults.
	TLS *tls.Config
	// Header is added to the handshake's request.
	Header http.Header
	// Logger is told what goes wrong. Nil: nobody is.
	Logger *slog.Logger

	// TokenSource fetches a fresh token of the player: before the first hello if there
	// is no Token, before the one in use expires, and when the server has refused or
	// closed for one. It is called once at a time; its context ends with the client.
	// Nil: Session.SetToken is the way to replace a token.
	TokenSource func(ctx context.Context) (string, error)
	// OnTokenError is told when the server has refused a token within the session, when
	// none could be fetched, and, without a TokenSource, when the server asks for a
	// new one. The session goes on meanwhile. The error wraps ErrToken. It must not
	// call Close. May be nil.
	OnTokenError func(error)

	// NoReconnect makes the loss of the connection the end of the client. Else it
	// connects again and takes the session up, for as long as the server keeps the
	// seat and its close codes do not say otherwise.
	NoReconnect bool
	// OnState is told when the connection is lost, with why, and when the session
	// goes on, with nil. It must not block, or call Close. May be nil.
	OnState func(s State, why *CloseError)
}

// State is how a client's connection is.
type State uint8

// The states of a client.
const (
	// Live: the session goes on.
	Live State = iota
	// Reconnecting: the connection is lost; the client tries to come back.
	Reconnecting
	// Closed: the end.
	Closed
)

// String names the state.
func (s State) String() string { return [...]string{"live", "reconnecting", "closed"}[s] }

// Pauses between attempts to connect again: a random time up to one that doubles,
// from backoffBase to backoffMax ("full jitter"). The first attempt is made at once.
const (
	backoffBase = 250 * time.Millisecond
	backoffMax  = 15 * time.Second
	// holdSlack is how long after the hold window a client still tries: the server may
	// have noticed the loss later.
	holdSlack = 30 * time.Second
)

// Client is a session with a connection. Its methods may be called from any
// goroutine; callbacks run on the one that receives, with the state locked: they
// may send, but must not call View, Call or Close.
type Client struct {
	s    *Session
	url  *url.URL
	log  *slog.Logger
	opts Options

	state sync.Mutex // held while a message is applied and while it is viewed

	woken    chan struct{} // something is to be sent; holds one
	welcomed chan struct{} // closed
	done     chan struct{} // closed when all has ended
	tokens   *renewer

	ctx      context.Context // ends when this side is done
	quit     context.CancelFunc
	err      atomic.Pointer[CloseError]
	link     atomic.Pointer[link] // the newest
	quitOnce sync.Once
	start    time.Time
}

// link is one connection of a client.
type link struct {
	c       *Client
	conn    *gws.Conn
	greeted bool          // the welcome has come; for the goroutine that reads
	closing chan struct{} // closed when either side wants to end
	err     atomic.Pointer[CloseError]
	endOnce sync.Once
}

// Dial connects to a server, for example ws://127.0.0.1:7777/ws, joins, and
// returns when the server has let the client in. Without a path it is /ws; http
// and https are taken as ws and wss. The error is a *CloseError if the server
// refused, and wraps ErrSchema if its schema can't be used.
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

// ServerURL gives the address of a server's WebSocket for what a person may
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

type contextDialer struct {
	ctx context.Context
	by  interface {
		DialContext(ctx context.Context, network, addr string) (net.Conn, error)
	}
	conn *net.Conn
}

func (d contextDialer) Dial(network, addr string) (net.Conn, error) {
	conn, err := d.by.DialContext(d.ctx, network, addr)
	*d.conn = conn
	return conn, err
}

// connect opens a connection.
func (c *Client) connect(ctx context.Context) (*link, error) {
	u, l := c.url, &link{c: c, closing: make(chan struct{})}
	by := c.opts.Dialer
	if by == nil {
		by = &net.Dialer{Timeout: handshakeTimeout}
	}
	h := http.Header{"Sec-Websocket-Protocol": {Subprotocol}}
	for k, v := range c.opts.Header {
		h[http.CanonicalHeaderKey(k)] = v
	}
	// The handshake does not know contexts: one that ends takes the connection
	// away from it.
	var raw net.Conn
	dialer := contextDialer{ctx, by, &raw}
	conn, err := dialer.Dial("tcp", hostPort(u))
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	if u.Scheme == "wss" {
		cfg := c.opts.TLS.Clone()
		if cfg == nil {
			cfg = &tls.Config{}
		}
		if cfg.ServerName == "" {
			cfg.ServerName = u.Hostname()
		}
		conn = tls.Client(raw, cfg)
	}
	up, resp, err := gws.NewClientFromConn((*handler)(l), &gws.ClientOption{
		Addr: u.String(), RequestHeader: h, HandshakeTimeout: handshakeTimeout,
		ReadMaxPayloadSize: maxServerMessage, CheckUtf8Enabled: true,
	}, conn)
	if resp != nil {
		_ = resp.Body.Close()
	}
	switch {
	case ctx.Err() != nil:
		if up != nil {
			_ = raw.Close()
		}
		return nil, ctx.Err()
	case err != nil && resp != nil && resp.StatusCode != http.StatusSwitchingProtocols:
		return nil, fmt.Errorf("the server answered %s", resp.Status)
	case err != nil:
		return nil, err
	case up.SubProtocol() != Subprotocol:
		_ = raw.Close()
		return nil, fmt.Errorf("the server does not speak %s", Subprotocol)
	}
	l.conn = up
	return l, nil
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"ws": "80", "wss": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

func (c *Client) now() time.Duration { return time.Since(c.start) }

// run owns the connections, one after the other, and what renews tokens.
func (c *Client) run(l *link) {
	defer close(c.done)
	var wg sync.WaitGroup
	wg.Go(func() { c.tokens.run(c.ctx) })
	defer wg.Wait()
	defer c.quit()
	var end *CloseError
	var b backoff
	for {
		end = l.run()
		if l.greeted {
			b = backoff{}
		}
		if l = c.comeBack(end, &b); l == nil {
			break
		}
	}
	if e := c.err.Load(); e != nil {
		end = e // this side was done
	} else {
		c.err.Store(end)
	}
	c.s.Fail(end)
	c.tell(Closed, end)
}

func (c *Client) tell(s State, why *CloseError) {
	if c.opts.OnState != nil {
		c.opts.OnState(s, why)
	}
}

// backoff says how long to wait before the next attempt to connect.
type backoff struct {
	since time.Time     // when the connection was lost
	limit time.Duration // of the next pause; 0: there is none
}

func (b *backoff) next() (pause time.Duration) {
	if b.limit > 0 {
		pause = rand.N(b.limit)
	}
	b.limit = min(max(2*b.limit, backoffBase), backoffMax)
	return pause
}

// comeBack opens a new connection in place of one that has ended, on which the
// session may go on; nil if it is all over.
func (c *Client) comeBack(why *CloseError, b *backoff) *link {
	w := c.s.Welcome()
	if c.opts.NoReconnect || why.ByUs || w.GetHoldSeconds() <= 0 || c.quitting() {
		return nil
	}
	switch why.Advice() {
	case StayAway, JoinAnother, AskForSeat:
		return nil
	case RenewToken:
		if c.opts.TokenSource == nil {
			return nil
		}
	}
	if b.since.IsZero() {
		b.since = time.Now()
		c.log.Info("the connection is lost; connecting again", "why", why)
		c.tell(Reconnecting, why)
	}
	if why.Advice() == ComeBackLater {
		b.limit = max(b.limit, 4*backoffBase)
	}
	c.s.Lost()
	keep := time.Duration(w.GetHoldSeconds()*float64(time.Second)) + holdSlack
	ctx, cancel := context.WithDeadline(c.ctx, b.since.Add(keep))
	defer cancel()
	refused := ""
	if why.Advice() == RenewToken {
		refused = c.s.token()
	}
	for {
		timer := time.NewTimer(b.next())
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
		if err := c.tokens.ready(ctx, refused); err != nil {
			continue // it was told
		}
		l, err := c.connect(ctx)
		if err == nil {
			return l
		}
		c.log.Info("connecting again failed", "error", err)
	}
}

func (c *Client) quitting() bool { return c.ctx.Err() != nil }

// run serves the connection until it ends: it starts the goroutine that reads and
// the one that writes, waits for both, and says how it ended.
func (l *link) run() *CloseError {
	l.c.link.Store(l)
	if l.c.quitting() { // Close may have missed this link
		l.end(l.c.err.Load())
	}
	var wg sync.WaitGroup
	wg.Go(l.read)
	wg.Go(l.write)
	wg.Wait()
	return l.err.Load()
}

// read receives until the connection ends.
func (l *link) read() {
	// gws panics on a frame whose length has its top bit set, and then neither
	// closes nor tells anybody.
	defer func() {
		if p := recover(); p != nil {
			l.c.log.Error("the reader of the connection panicked", "panic", p, "stack", string(debug.Stack()))
			l.end(&CloseError{Code: CloseProtocol, ByUs: true, Err: fmt.Errorf("%w: %v", ErrProtocol, p)})
		}
		_ = l.conn.NetConn().Close()
	}()
	l.conn.ReadLoop()
}

// write says hello, then sends what the session has to say, and pings.
func (l *link) write() {
	c := l.c
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	buf := c.s.AppendHello(nil)
	for {
		if len(buf) > 0 {
			if err := l.send(buf); err != nil {
				l.unsent(err)
			}
		}
		select {
		case <-l.closing:
			l.sayClose()
			return
		default:
		}
		var more bool
		if buf, more = c.s.AppendMessage(buf[:0]); more {
			continue
		}
		select {
		case <-l.closing:
		case <-c.woken:
		case <-ping.C:
			c.s.Ping(c.now())
		}
	}
}

// unsent waits for the reader to say how a connection has ended on which nothing can
// be sent any more: a close frame with a code may have come before that.
func (l *link) unsent(err error) {
	if !errors.Is(err, gws.ErrConnClosed) {
		_ = l.conn.NetConn().Close()
	}
	<-l.closing
}

func (l *link) send(b []byte) error {
	if err := l.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	return l.conn.WriteMessage(gws.OpcodeBinary, b)
}

// sayClose tells the server why this side ends, unless it was the server that
// did, and gives it a moment to close as well.
func (l *link) sayClose() {
	e, conn := l.err.Load(), l.conn.NetConn()
	if !e.ByUs {
		_ = conn.Close()
		return
	}
	// gws closes the socket right after its close frame; if there is unread data
	// then the kernel resets the connection, and the frame may never be seen. A
	// whole frame may be written straight to the socket.
	f := ws.MaskFrameInPlace(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusCode(e.Code), truncate(e.Reason, 120))))
	b, err := ws.CompileFrame(f)
	if err == nil {
		_ = conn.SetDeadline(time.Now().Add(closeTimeout))
		_, err = conn.Write(b)
	}
	if err != nil {
		_ = conn.Close()
	}
}

func truncate(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return schema.ValidText(s)
}

func (c *Client) wake() {
	select {
	case c.woken <- struct{}{}:
	default:
	}
}

// end notes why the connection ends; the first one to say so wins.
func (l *link) end(e *CloseError) {
	l.endOnce.Do(func() {
		l.err.Store(e)
		close(l.closing)
	})
}

// handler is what the connection calls.
type handler link

func (h *handler) OnOpen(*gws.Conn) {}

func (h *handler) OnPing(conn *gws.Conn, payload []byte) {
	_ = conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	_ = conn.WritePong(payload)
}

func (h *handler) OnPong(*gws.Conn, []byte) {}

func (h *handler) OnClose(_ *gws.Conn, err error) {
	e := &CloseError{Code: CloseLost, Err: err}
	var ce *gws.CloseError
	if errors.As(err, &ce) {
		e = &CloseError{Code: ce.Code, Reason: string(ce.Reason)}
	}
	(*link)(h).end(e)
}

func (h *handler) OnMessage(_ *gws.Conn, msg *gws.Message) {
	defer func() { _ = msg.Close() }()
	l := (*link)(h)
	c := l.c
	if msg.Opcode != gws.OpcodeBinary {
		l.end(&CloseError{Code: CloseBadData, ByUs: true, Reason: "only binary messages", Err: ErrProtocol})
		return
	}
	if l.err.Load() != nil {
		return // on its way out
	}
	err := l.receive(msg.Bytes())
	if err != nil {
		c.log.Warn("the session ends", "error", err)
		l.end(&CloseError{Code: CloseCodeFor(err), ByUs: true, Reason: truncate(err.Error(), 120), Err: err})
		return
	}
	if c.s.Ready() {
		c.wake()
	}
}

func (l *link) receive(b []byte) (err error) {
	c := l.c
	c.state.Lock()
	defer c.state.Unlock()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("client: a callback panicked: %v", p)
			c.log.Error("a callback panicked", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	first := c.s.rep == nil
	if err := c.s.Receive(b, c.now()); err != nil {
		return err
	}
	if l.greeted {
		return nil
	}
	l.greeted = true
	c.tokens.welcomed()
	c.s.Ping(c.now())
	if first {
		close(c.welcomed)
	} else {
		c.wake() // what was not answered goes out again
		c.tell(Live, nil)
	}
	return nil
}

// View calls fn with the replica, which does not change meanwhile and must not
// be kept.
func (c *Client) View(fn func(r *replica.Replica)) {
	c.state.Lock()
	defer c.state.Unlock()
	fn(c.s.Replica())
}

// SendInput sends an input for a tick, 0: as soon as possible, and gives its
// sequence number. in is the schema's input message; it is encoded at once.
func (c *Client) SendInput(tick uint32, in schema.Message) uint32 {
	return c.SendRawInput(tick, in.AppendProto(nil))
}

// SendRawInput is SendInput for an input that has been encoded.
func (c *Client) SendRawInput(tick uint32, data []byte) uint32 {
	seq := c.s.SendInput(tick, data)
	c.wake()
	return seq
}

// Session gives the protocol's side of the client: clock, statistics, pending
// inputs.
func (c *Client) Session() *Session { return c.s }

// Welcome gives what the server said when it let the client in.
func (c *Client) Welcome() *tickroomv1.Welcome { return c.s.Welcome() }

// Stats gives the counts so far.
func (c *Client) Stats() Stats { return c.s.Stats() }

// ServerTick estimates the tick that the server is in at a time, with a
// fraction.
func (c *Client) ServerTick(at time.Time) float64 { return c.s.ServerTick(at.Sub(c.start)) }

// ServerTime estimates the server's wall clock now; false before the first pong.
func (c *Client) ServerTime() (time.Time, bool) { return c.s.ServerTime(c.now()) }

// SetEvery asks for one snapshot in so many ticks; 1 is every tick.
func (c *Client) SetEvery(n uint32) {
	c.s.SetEvery(n)
	c.wake()
}

// Done is closed when the client has ended and nothing of it runs any more.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err says how the client ended, as a *CloseError; nil before that.
func (c *Client) Err() error {
	if e := c.err.Load(); e != nil {
		return e
	}
	return nil
}

// Close ends the session with a code and a reason, and waits until all has
// ended. It may be called more than once; only the first has a say.
func (c *Client) Close(code uint16, reason string) {
	c.close(&CloseError{Code: code, Reason: reason, ByUs: true})
}

func (c *Client) close(e *CloseError) {
	c.quitOnce.Do(func() {
		c.err.CompareAndSwap(nil, e)
		c.quit()
		if l := c.link.Load(); l != nil {
			l.end(e)
		}
	})
	<-c.done
}
