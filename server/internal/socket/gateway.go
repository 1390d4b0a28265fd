package socket

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/lxzan/gws"

	"github.com/tickroom/tickroom/internal/origin"
)

// Why connections fail before they are seated: the keys of GatewayStats.Failed.
const (
	FailMethod      = "method"      // not a GET
	FailUpgrade     = "upgrade"     // no WebSocket handshake
	FailVersion     = "version"     // another WebSocket version
	FailKey         = "key"         // a bad Sec-WebSocket-Key
	FailOrigin      = "origin"      // a page of another site
	FailSubprotocol = "subprotocol" // ours was not offered
	FailBusy        = "busy"        // Options.MaxPending
	FailClosing     = "closing"     // the gateway was closing
	FailLimited     = "limited"     // Options.Admit said no
	FailHandshake   = "handshake"   // the connection broke while it was upgraded
	FailHello       = "hello"       // no hello in time
	FailTooMuch     = "too-much"    // more bytes than a hello can have
	FailGone        = "gone"        // the peer left before its hello
	FailProtocol    = "protocol"    // RFC 6455 was violated before the hello
	FailRefused     = "refused"     // OnHello said no
	FailDescriptors = "no-descriptor"
	FailPanic       = "panic" // OnHello panicked
)

// Gateway takes WebSocket connections from an http.Server, hears their hello and seats
// them. Wrapping middleware is fine as long as its writers can be unwrapped.
type Gateway struct {
	// Fixed.
	opt      Options
	origins  origin.Set
	upgrader *gws.Upgrader
	ctx      context.Context // ends when the gateway closes
	cancel   context.CancelFunc
	linger   linger

	// Every goroutine of the gateway and every seated connection.
	all sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	fresh   fifo[net.Conn]    // HTTP connections without a complete header
	hearing fifo[*pending]    // upgraded, hello not complete
	pending map[*pending]bool // handshake begun, not seated
	seated  map[Conn]place
	stats   GatewayStats
}

// place is what the gateway knows of a seated connection.
type place struct {
	live    bool // false: over, but not closed yet
	release func()
}

// GatewayStats are a gateway's gauges and counters.
type GatewayStats struct {
	Pending   int               // handshake begun, not seated
	Raw       int               // seated, driven by the tick
	Carried   int               // seated, carried by gws
	Lingering int               // ended, waiting for the peer to close too
	Upgraded  uint64            // handshakes that succeeded
	Seated    uint64            // connections handed to OnHello's adopt
	Failed    map[string]uint64 // by reason, see the Fail constants
}

// New makes a gateway. Mount it as the handler of the game's path, in the server that
// Gateway.Server makes or one with the same limits.
func New(opt Options) (*Gateway, error) {
	opt, err := opt.withDefaults()
	if err != nil {
		return nil, err
	}
	allowed, err := origin.Parse(opt.Origins)
	if err != nil {
		return nil, fmt.Errorf("socket: Options.Origins: %w", err)
	}
	g := &Gateway{opt: opt, origins: allowed, pending: map[*pending]bool{}, seated: map[Conn]place{}}
	g.stats.Failed = map[string]uint64{}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	g.linger.all = &g.all
	o := &gws.ServerOption{
		ReadMaxPayloadSize: opt.MaxMessage,
		ReadBufferSize:     readBuffer,
		CheckUtf8Enabled:   true,
		HandshakeTimeout:   opt.HandshakeTimeout,
		NewSession:         func() gws.SessionStorage { return nil },
	}
	if opt.Subprotocol != "" {
		o.SubProtocols = []string{opt.Subprotocol}
	}
	g.upgrader = gws.NewUpgrader(events{}, o)
	return g, nil
}

// Allowed reports whether the page that a browser sends the request for may connect.
// Requests of other programs are allowed, too.
func (g *Gateway) Allowed(r *http.Request) bool { return g.origins.Allows(r) }

// ServeHTTP upgrades a connection and returns at once; what follows runs in a goroutine of
// the gateway's, so that the handler's goroutine and net/http's buffers are freed.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f := g.check(r); f != nil {
		g.refuse(w, r, f)
		return
	}
	p := &pending{g: g, release: func() {}}
	if g.opt.Admit != nil {
		admitted, release, err := g.opt.Admit(r)
		if err != nil {
			g.refuse(w, r, limited(err))
			return
		}
		r, p.release = admitted, release
	}
	if f := g.admit(p); f != nil {
		p.release()
		g.refuse(w, r, f)
		return
	}
	started := false
	defer func() {
		if !started {
			g.leave(p)
			p.release()
			g.all.Done()
		}
	}()
	nc, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		g.opt.Logger.Error("socket: the connection can't be taken over from net/http; is middleware hiding http.Hijacker?", "err", err)
		g.refuse(w, r, &refusal{status: http.StatusInternalServerError, reason: FailHandshake, text: "This server can't upgrade connections."})
		return
	}
	// The client may have sent its first frames along with the handshake.
	early, _ := rw.Reader.Peek(rw.Reader.Buffered())
	p.begin(nc, early, r)
	ws, err := g.upgrader.UpgradeFromConn(p, p.br, g.forGWS(r))
	if err != nil {
		g.failed(FailHandshake)
		p.cancel()
		_ = nc.Close()
		return
	}
	g.mu.Lock()
	g.stats.Upgraded++
	g.mu.Unlock()
	started = true
	go p.run(ws)
}

// admit takes a connection among the pending, at another's cost if need be.
func (g *Gateway) admit(p *pending) *refusal {
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return &refusal{status: http.StatusServiceUnavailable, reason: FailClosing, text: "This server is going down."}
	}
	var oldest *pending
	if len(g.pending) >= g.opt.MaxPending {
		oldest, _ = g.hearing.pop()
		if oldest == nil {
			g.mu.Unlock()
			return &refusal{status: http.StatusServiceUnavailable, reason: FailBusy, text: "Too many players are joining: try again soon."}
		}
		delete(g.pending, oldest)
	}
	g.pending[p] = true
	g.hearing.push(p)
	g.all.Add(1)
	g.mu.Unlock()
	if oldest != nil {
		oldest.abort(FailBusy, errBusy)
	}
	return nil
}

var errBusy = &CloseError{Code: CodeTryAgain, Reason: "too many players are joining"}

// heard notes that a connection's hello is complete, so that it does not have to give way
// any more. It reports false if it had to before.
func (g *Gateway) heard(p *pending) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.hearing.remove(p)
}

// doomed lets a connection that is being refused give way before anybody else.
func (g *Gateway) doomed(p *pending) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pending[p] {
		g.hearing.remove(p)
		g.hearing.unshift(p)
	}
}

// leave takes a connection out of the pending.
func (g *Gateway) leave(p *pending) {
	g.mu.Lock()
	g.hearing.remove(p)
	delete(g.pending, p)
	g.mu.Unlock()
}

// seat counts a connection in. The caller holds a place in g.all.
func (g *Gateway) seat(p *pending, c Conn) {
	g.all.Add(1)
	g.mu.Lock()
	g.hearing.remove(p)
	delete(g.pending, p)
	g.seated[c] = place{true, p.release}
	g.stats.Seated++
	if c.Raw() {
		g.stats.Raw++
	} else {
		g.stats.Carried++
	}
	closed := g.closed
	g.mu.Unlock()
	if closed {
		c.Close(CodeGoingAway, goingAway)
	}
}

// unseat counts a connection out of the seated ones. It is still waited for.
func (g *Gateway) unseat(c Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.seated[c]
	if !s.live {
		return
	}
	g.seated[c] = place{false, s.release}
	if c.Raw() {
		g.stats.Raw--
	} else {
		g.stats.Carried--
		g.stats.Lingering++
	}
}

// release lets a connection go whose descriptor is closed, or has been given to linger.
func (g *Gateway) release(c Conn) {
	g.unseat(c)
	g.mu.Lock()
	s := g.seated[c]
	delete(g.seated, c)
	if !c.Raw() {
		g.stats.Lingering--
	}
	g.mu.Unlock()
	s.release()
	g.all.Done()
}

// limited is the answer to a handshake that Options.Admit refuses.
func limited(err error) *refusal {
	f := &refusal{status: http.StatusTooManyRequests, reason: FailLimited, text: err.Error(), err: err}
	if l := (*LimitError)(nil); errors.As(err, &l) {
		f.after = l.RetryAfter
		if l.Forbidden {
			f.status = http.StatusForbidden
		}
	}
	return f
}

func (g *Gateway) failed(reason string) {
	g.mu.Lock()
	g.stats.Failed[reason]++
	g.mu.Unlock()
}

// Stats returns a copy of the gauges and counters.
func (g *Gateway) Stats() GatewayStats {
	lingering := g.linger.len()
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.stats
	s.Pending = len(g.pending)
	s.Lingering += lingering
	s.Failed = maps.Clone(s.Failed)
	return s
}

const goingAway = "the server is going down"

// Close refuses new connections, closes the pending ones and the seated ones that are left
// with 1001, and waits until every goroutine has ended and every descriptor is closed.
// Rooms that want to say more than 1001 close their connections before. When ctx ends
// Close cuts what is left and returns ctx's error; only an OnHello that ignores its
// request's context can then still be running.
func (g *Gateway) Close(ctx context.Context) error {
	g.mu.Lock()
	g.closed = true
	pendings, conns := keys(g.pending), keys(g.seated)
	g.mu.Unlock()
	g.cancel()
	for _, p := range pendings {
		p.abort(FailClosing, &CloseError{Code: CodeGoingAway, Reason: goingAway})
	}
	for _, c := range conns {
		c.Close(CodeGoingAway, goingAway)
	}
	done := make(chan struct{})
	go func() {
		g.all.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	pendings, conns = keys(g.pending), keys(g.seated)
	g.mu.Unlock()
	for _, p := range pendings {
		p.cut()
	}
	for _, c := range conns {
		if c, ok := c.(interface{ cut() }); ok {
			c.cut()
		}
	}
	g.linger.cut()
	select {
	case <-done:
	case <-time.After(100 * time.Millisecond):
	}
	return ctx.Err()
}

func keys[K comparable, V any](m map[K]V) []K {
	list := make([]K, 0, len(m))
	for k := range m {
		list = append(list, k)
	}
	return list
}

// newReader is the small reader a pending connection has.
func newReader(p *pending) *bufio.Reader { return bufio.NewReaderSize(p, readBuffer) }
