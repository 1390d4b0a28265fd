package door

import (
	"container/list"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"golang.org/x/time/rate"

	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/networks"
)

// Why the door closes a connection, as the metrics count it.
const (
	Idle        = "idle"        // it was idle for too long
	Full        = "full"        // the bound of all was reached, and its address held most
	Descriptors = "descriptors" // the process had no descriptor left, and its address held most
	Address     = "address"     // its address was at its limit, and began another one
	Refused     = "refused"     // it had just come, and there was none to give way
)

// Options of a Door. The zero value of a field means its default, where there is one.
type Options struct {
	// Guard has the limits of addresses; nil: there are none.
	Guard *limits.Guard
	// Max is the most connections at once.
	Max int
	// MaxFresh is the most of them that have not sent a header yet. 0: Max.
	MaxFresh int
	// Files is how many files the process may open, for the log. 0: any number.
	Files int
	// Beside returns how many descriptors there are that the door has counted once, and does
	// not any more. Default: none.
	Beside func() int
	// IdleTimeout is how long a connection may be between two requests, if Run runs, and ProxyIdleTimeout
	// the same for those of trusted proxies, which have to close first.
	IdleTimeout, ProxyIdleTimeout time.Duration
	// PressureTimeout takes the place of IdleTimeout while the door is three quarters full.
	PressureTimeout time.Duration
	// Except tells the requests that have limits of their own: those for WebSockets.
	Except func(*http.Request) bool
	// OnRefused is called for each connection over its address's limit. It must not block.
	OnRefused func(netip.Addr)
	// OnClosed is called for each connection that the door closes, with the reason. It must
	// not block.
	OnClosed func(why string)
	Logger   *slog.Logger
}

// Door is a listener that counts. Make one with New.
type Door struct {
	ln  net.Listener
	o   Options
	end chan struct{} // closed when it closes
	off sync.Once

	// Guarded by mu.
	mu      sync.Mutex
	open    int // connections that count
	fresh   int // of them, those that have not sent a header yet
	holders map[limits.AddrKey]*holder
	weights []*list.List // of *holder, by weight
	queues  [2]list.List // of idle and fresh *Conn, the longest first: of clients, of proxies

	// The log's, guarded by logMu.
	logMu   sync.Mutex
	lines   *rate.Limiter
	leftOut map[string]int // closed since the last line, by reason
}

// holder is an address with connections.
type holder struct {
	key    limits.AddrKey
	stages [stages]list.List // of *Conn, oldest first
	n      int               // all of them, and one that is at the door
	weight int               // those that can give way
	place  *list.Element     // in Door.weights
}

// New returns a door before a listener of TCP.
func New(ln net.Listener, o Options) *Door {
	if o.Beside == nil {
		o.Beside = func() int { return 0 }
	}
	if o.OnRefused == nil {
		o.OnRefused = func(netip.Addr) {}
	}
	if o.OnClosed == nil {
		o.OnClosed = func(string) {}
	}
	return &Door{
		ln: ln, o: o, end: make(chan struct{}), holders: map[limits.AddrKey]*holder{},
		lines: rate.NewLimiter(rate.Every(time.Minute), 1), leftOut: map[string]int{},
	}
}

// Serve has an HTTP server tell the door what its connections do. To be called before it
// serves.
func (d *Door) Serve(s *http.Server) {
	before := s.ConnState
	s.ConnState = func(c net.Conn, state http.ConnState) {
		connState(c, state)
		if before != nil {
			before(c, state)
		}
	}
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if own := of(c); own != nil {
			return limits.WithAccepted(ctx, own)
		}
		return ctx
	}
	// The door's own time-outs come first; this one is for what it has not seen.
	if d.o.IdleTimeout > 0 {
		s.IdleTimeout = max(d.o.IdleTimeout, d.o.ProxyIdleTimeout) + time.Second
	}
	if d.o.Guard != nil {
		s.Handler = d.handler(s.Handler)
	}
}

// Addr returns where the door is.
func (d *Door) Addr() net.Addr { return d.ln.Addr() }

// Close stops accepting.
func (d *Door) Close() error {
	d.off.Do(func() { close(d.end) })
	return d.ln.Close()
}

// Open returns how many connections count now.
func (d *Door) Open() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.open
}

// Max returns the most that there may be.
func (d *Door) Max() int { return d.o.Max }

// emergency is how many connections are closed when the kernel gives no descriptor.
const emergency = 8

// Accept returns the next connection that may come in.
func (d *Door) Accept() (net.Conn, error) {
	for {
		nc, err := d.ln.Accept()
		if err != nil {
			if !exhausted(err) {
				return nil, err
			}
			d.relieve(err)
			continue
		}
		t, ok := nc.(*net.TCPConn)
		if !ok {
			return nc, nil
		}
		if c := d.admit(t, time.Now()); c != nil {
			return c, nil
		}
	}
}

// exhausted reports whether accept failed since the process or the machine lacks something.
func exhausted(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.ENOMEM)
}

// relieve frees descriptors; if none can be, it waits a moment.
func (d *Door) relieve(err error) {
	d.mu.Lock()
	var out []*Conn
	for range emergency {
		c := d.victim(nil)
		if c == nil {
			break
		}
		d.forget(c)
		out = append(out, c)
	}
	d.mu.Unlock()
	for _, c := range out {
		d.shut(c, Descriptors)
	}
	d.report(Descriptors, err)
	pause := 5 * time.Millisecond // for those that were closed to be gone
	if len(out) == 0 {
		pause = 50 * time.Millisecond
	}
	select {
	case <-time.After(pause):
	case <-d.end:
	}
}

// sendBuffer is half of what the kernel may keep of what a connection is sent, in bytes: it doubles the number. By itself it takes some megabytes of
// an answer that nobody reads.
const sendBuffer = 32 << 10

// admit counts a connection, at others' cost if need be. It returns nil if it was closed.
func (d *Door) admit(t *net.TCPConn, now time.Time) *Conn {
	_ = t.SetWriteBuffer(sendBuffer)
	c := &Conn{TCPConn: t, door: d, since: now, stage: fresh}
	if a, ok := t.RemoteAddr().(*net.TCPAddr); ok {
		c.peer = networks.Plain(a.AddrPort().Addr())
	}
	if d.o.Guard != nil {
		c.key, c.trusted = d.o.Guard.Key(c.peer), d.o.Guard.Proxies().Trusts(c.peer)
	} else {
		c.key = limits.Masks{IPv4: 32, IPv6: 64}.Key(c.peer)
	}
	beside := d.o.Beside()

	d.mu.Lock()
	c.holder = d.holders[c.key]
	if c.holder == nil {
		c.holder = &holder{key: c.key}
		d.holders[c.key] = c.holder
	}
	c.holder.n++ // so that it stays, whoever gives way
	own := d.shareFor(c, now)
	var other *Conn
	full := d.open+beside >= d.o.Max
	if full {
		other = d.victim(c.holder)
	} else if d.o.MaxFresh > 0 && d.fresh >= d.o.MaxFresh {
		other = d.freshest()
	}
	if other != nil {
		d.forget(other)
	}
	refused := c.stage == over
	in := (!full || other != nil) && (!refused || c.holder.stages[over].Len() < slack)
	if in {
		d.enter(c)
	} else {
		d.turnAway(c)
	}
	d.mu.Unlock()

	if own != nil {
		d.shut(own, Address)
	}
	if refused && !in {
		d.o.OnRefused(c.peer)
	}
	if other != nil {
		d.shut(other, Full)
	}
	if full {
		d.report(Full, nil)
	}
	if in {
		return c
	}
	d.shut(c, Refused)
	return nil
}
