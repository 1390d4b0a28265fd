package socket

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/lxzan/gws"
	"golang.org/x/time/rate"

	"github.com/tickroom/tickroom/internal/origin"
	"github.com/tickroom/tickroom/proto/gen/closecode"
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

	// Safe by themselves.
	linger linger
	noFile rate.Sometimes // logs that there is no descriptor
	all    sync.WaitGroup // every goroutine of the gateway and every seated connection

	// Guarded by mu.
	mu      sync.Mutex
	closed  bool
	fresh   fifo[net.Conn]    // HTTP connections without a complete header
	hearing fair[*pending]    // upgraded, hello not complete
	pending map[*pending]bool // handshake begun, not seated
	seated  map[Conn]place
	stats   GatewayStats
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
	g.noFile.Interval = time.Minute
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

// CheckOrigin returns why the page may not connect, or nil if it may.
func (g *Gateway) CheckOrigin(r *http.Request) error { return g.origins.Check(r) }

// ServeHTTP upgrades a connection and returns at once; what follows runs in a goroutine of
// the gateway's, so that the handler's goroutine and net/http's buffers are freed.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if asks(r) {
		g.explain(w, r)
		return
	}
	if f := g.check(r); f != nil {
		g.refuse(w, r, f)
		return
	}
	p := &pending{g: g, onEnd: func() {}}
	if g.opt.OnHandshake != nil {
		passed, onEnd, err := g.opt.OnHandshake(r)
		if err != nil {
			g.refuse(w, r, limited(err))
			return
		}
		r, p.onEnd = passed, onEnd
	}
	if f := g.enter(p, g.holder(r)); f != nil {
		p.onEnd()
		g.refuse(w, r, f)
		return
	}
	started := false
	defer func() {
		if !started {
			g.leave(p)
			p.onEnd()
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
		p.abort(FailClosing, &CloseError{Code: closecode.GoingAway, Reason: goingAway})
	}
	for _, c := range conns {
		c.Close(closecode.GoingAway, goingAway)
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
