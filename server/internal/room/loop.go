package room

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/panjf2000/ants/v2"

	"github.com/tickroom/tickroom/internal/identity"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/world"
)

// chunk is how many clients one worker reads or writes at a time. Rooms no
// larger are served by their own goroutine, since handing work over costs more
// than a socket call.
const chunk = 64

// Pool runs the chunks of all rooms' reads and writes, and lends Workers.
type Pool struct {
	ants  *ants.Pool
	plain bool

	mu   sync.Mutex
	idle []*Worker // as many as ever worked at once
}

// NewPool makes a Pool of so many goroutines. If plain is set its workers do
// without io_uring.
func NewPool(size int, plain bool, log *slog.Logger) (*Pool, error) {
	p := &Pool{plain: plain}
	var err error
	p.ants, err = ants.NewPool(size, ants.WithNonblocking(true), ants.WithPanicHandler(func(v any) {
		// A chunk contains its own panics; this is the last resort.
		log.Error("a worker panicked", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	}))
	if err != nil {
		return nil, fmt.Errorf("room: worker pool: %w", err)
	}
	return p, nil
}

// Close ends the pool's goroutines. All loops must have ended.
func (p *Pool) Close(timeout time.Duration) error {
	p.mu.Lock()
	for _, w := range p.idle {
		w.Close()
	}
	p.idle = nil
	p.mu.Unlock()
	if err := p.ants.ReleaseTimeout(timeout); err != nil {
		return fmt.Errorf("room: worker pool: %w", err)
	}
	return nil
}

// take lends a worker, the one that was given back last, whose memory is warm.
func (p *Pool) take() *Worker {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		w := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return w
	}
	p.mu.Unlock()
	return NewWorker(p.plain)
}

func (p *Pool) give(w *Worker) {
	p.mu.Lock()
	p.idle = append(p.idle, w)
	p.mu.Unlock()
}

// LoopConfig says how a room is run.
type LoopConfig struct {
	// MaxCatchUp is how many late ticks are simulated one right after the other.
	// Later ones are dropped, and counted. Default 5.
	MaxCatchUp int
	// EmptyRoomLinger is how long a room without clients lives on. Default 10 s.
	EmptyRoomLinger time.Duration
	// Phase is how long after its creation the room's first tick starts, at most
	// one tick. Rooms with different phases do not tick at once.
	Phase time.Duration
	// CloseEmpty is asked before a room that has lingered ends, so that nobody is
	// sent to it any more. It must not block.
	CloseEmpty func() bool
	// Gone is told of each seat that is free again: a session that ended, or a
	// joiner that was turned away.
	Gone func()
	// Joined and Left tell of sessions that begin and end, by the loop's goroutine. They
	// must not block, and may be nil.
	Joined, Left func(p *world.Player)
	// Anew is given a joiner who came back to a session that has just ended, to find a
	// room for it anew. It must not block. nil: the joiner is told that it is gone.
	Anew func(conn socket.Conn, j Joiner)
	// Refused is told of a joiner that is turned away, PutOut of a client that the room
	// has closed for a reason of its own, while it goes on for others: the codes are those
	// that they are told. They must not block, and may be nil.
	Refused func(j *Joiner, why *socket.CloseError)
	PutOut  func(player string, addr netip.Addr, why *socket.CloseError)
	// Result is told what the game has reported of its match, by the loop's goroutine.
	// It must not block. nil: nobody wants to know.
	Result func(r *world.Result)
	// Renew checks a token with which a session is to be prolonged, elsewhere, and calls
	// done with the identity from now on, or an error. It must not block, and gives false
	// if it can't. nil: nobody can.
	Renew func(token identity.Token, session identity.Identity, done func(identity.Identity, error)) bool
	// Ended is called when the room has ended and its clients are told, by the
	// loop's goroutine.
	Ended func()
	// Metrics are those of the room's kind.
	Metrics *metrics.KindMetrics
}

// Loop drives one room.
type Loop struct {
	engine *Engine
	pool   *Pool
	cfg    LoopConfig
	dt     time.Duration
	log    *slog.Logger

	// Shared with those who seat clients and stop the loop.
	mu      sync.Mutex
	joining []joiner
	renewed []renewed // no more than one for each session
	tasks   []task    // no more than there are callers of Do
	closed  bool
	ask     *stopAsked
	wake    chan struct{}
	expel   atomic.Bool // somebody was banned

	stopped chan struct{}
	info    atomic.Pointer[Info]

	// The loop's own.
	own       *metrics.RoomMetrics
	stats     metrics.TickStats
	wg        sync.WaitGroup
	emptyFor  time.Duration
	chunkFail atomic.Pointer[error]
}

type joiner struct {
	conn socket.Conn
	Joiner
}

// renewed is the outcome of a token's check.
type renewed struct {
	client *Client
	who    identity.Identity
	err    error
}

// task is something to be done between two ticks.
type task struct {
	fn   func(*Engine)
	done chan struct{}
}

// ErrEnded tells that the room has ended.
var ErrEnded = errors.New("room: it has ended")

type stopAsked struct {
	code   int
	reason string
}

// Info tells how a room is doing.
type Info struct {
	ID, Kind string
	Clients  int
	// Spectators are those of the Clients who only watch.
	Spectators int
	Held       int // seats kept for clients without a connection
	Capacity   int
	Tick       uint32
	TickRate   float64
	Entities   int
	// TickTime is the mean time that a tick takes, over about the last hundred.
	TickTime time.Duration
	Created  time.Time
}

// StartLoop starts a goroutine that runs an engine.
func StartLoop(e *Engine, pool *Pool, cfg LoopConfig) *Loop {
	l := newLoop(e, pool, cfg)
	go l.run()
	return l
}

func newLoop(e *Engine, pool *Pool, cfg LoopConfig) *Loop {
	if cfg.MaxCatchUp <= 0 {
		cfg.MaxCatchUp = 5
	}
	if cfg.EmptyRoomLinger <= 0 {
		cfg.EmptyRoomLinger = 10 * time.Second
	}
	l := &Loop{
		engine: e, pool: pool, cfg: cfg, log: e.log,
		dt:      time.Duration(float64(time.Second) / e.room.TickRate),
		wake:    make(chan struct{}, 1),
		stopped: make(chan struct{}),
		own:     cfg.Metrics.Room(),
	}
	e.onAway = l.away
	l.info.Store(&Info{ID: e.id, Kind: e.kind.Name, Capacity: e.Capacity(), TickRate: e.room.TickRate, Created: time.Now()})
	return l
}

// Info gives the state of the room as of its last tick or so.
func (l *Loop) Info() Info { return *l.info.Load() }

// Seat hands a connection to the room, which takes it in with its next tick: with a
// seat of its own, or with that of a session that was there before; see Engine.Admit.
// The loop owns the connection from then on; if it has ended the connection is
// closed.
func (l *Loop) Seat(conn socket.Conn, j Joiner) {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		l.turnAway(conn, &j, &socket.CloseError{Code: int(tickroomv1.CloseCode_CLOSE_CODE_ROOM_CLOSED), Reason: "the room has ended"})
		return
	}
	l.joining = append(l.joining, joiner{conn, j})
	l.mu.Unlock()
}

// Do runs fn before the room's next tick, by the room's goroutine, and waits for it. The
// error is ErrEnded or that of ctx; then fn may have run, or will not any more if the
// room has ended.
func (l *Loop) Do(ctx context.Context, fn func(*Engine)) error {
	t := task{fn, make(chan struct{})}
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return ErrEnded
	}
	l.tasks = append(l.tasks, t)
	l.mu.Unlock()
	select {
	case <-t.done:
		return nil
	case <-l.stopped:
		return ErrEnded
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Expel makes the room ask, with its next tick, who of its players is banned.
func (l *Loop) Expel() { l.expel.Store(true) }

// Stop asks the room to end: its clients are closed with the code. It may be
// called more than once; the first counts.
func (l *Loop) Stop(code int, reason string) {
	l.mu.Lock()
	if l.ask == nil {
		l.ask = &stopAsked{code, reason}
	}
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Wait waits until the room has ended.
func (l *Loop) Wait(ctx context.Context) error {
	select {
	case <-l.stopped:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Done is closed when the room has ended.
func (l *Loop) Done() <-chan struct{} { return l.stopped }

func (l *Loop) run() {
	defer close(l.stopped)
	timer := time.NewTimer(l.cfg.Phase)
	defer timer.Stop()
	// Tick n is due at next; ticks are counted off it, never off the clock, so
	// that lateness does not add up.
	next := time.Now().Add(l.cfg.Phase)
	for {
		select {
		case <-timer.C:
		case <-l.wake:
		}
		if ask := l.asked(); ask != nil {
			l.end(ask.code, ask.reason)
			return
		}
		now := time.Now()
		late := now.Sub(next)
		if late < 0 { // woken for nothing
			timer.Reset(-late)
			continue
		}
		due := 1 + int(late/l.dt)
		l.engine.fill(uint32(due))
		if due > l.cfg.MaxCatchUp {
			l.cfg.Metrics.Dropped(due - l.cfg.MaxCatchUp)
			next = next.Add(time.Duration(due-l.cfg.MaxCatchUp) * l.dt)
			due = l.cfg.MaxCatchUp
		}
		next = next.Add(time.Duration(due) * l.dt)
		if code, reason, over := l.tick(due, late, now); over {
			l.end(code, reason)
			return
		}
		timer.Reset(time.Until(next))
	}
}

func (l *Loop) asked() *stopAsked {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ask
}

// tick reads, simulates the ticks that are due, and writes. It tells whether
// the room is over, and what to tell its clients.
func (l *Loop) tick(due int, late time.Duration, now time.Time) (code int, reason string, over bool) {
	e := l.engine
	l.admit()
	l.count()
	l.stats = metrics.TickStats{}
	l.each((*Engine).read)
	if l.stats.Counts[metrics.Tokens] > 0 {
		l.renew()
	}
	for range due {
		if err := e.Step(&l.stats.Counts); err != nil {
			l.cfg.Metrics.Failed()
			return int(tickroomv1.CloseCode_CLOSE_CODE_ROOM_FAILED), "the room has failed", true
		}
	}
	l.each((*Engine).write)
	e.written = e.tick
	if p := l.chunkFail.Load(); p != nil {
		l.cfg.Metrics.Failed()
		return int(tickroomv1.CloseCode_CLOSE_CODE_ROOM_FAILED), "the room has failed", true
	}
	if e.elapsed >= e.inspectEvery() {
		e.Inspect(now, &l.stats.Counts)
	}
	e.Reap(l.gone)
	if e.failed != nil { // in Leave or Away
		l.cfg.Metrics.Failed()
		return int(tickroomv1.CloseCode_CLOSE_CODE_ROOM_FAILED), "the room has failed", true
	}
	if l.cfg.Result != nil {
		if res := e.room.TakeResult(); res != nil {
			l.cfg.Result(res)
		}
	}
	took := time.Since(now)
	l.stats.Duration, l.stats.Late, l.stats.CaughtUp = took, late, due > 1
	l.cfg.Metrics.Tick(&l.stats)
	l.own.Size(l.stats.Counts[metrics.Backlog], e.room.Entities())
	l.note(took)
	if e.room.Over() {
		return int(tickroomv1.CloseCode_CLOSE_CODE_ROOM_CLOSED), "the room has ended", true
	}
	if len(e.clients)+len(e.held) > 0 {
		l.emptyFor = 0
		return 0, "", false
	}
	if l.emptyFor += time.Duration(due) * l.dt; l.emptyFor >= l.cfg.EmptyRoomLinger && l.cfg.CloseEmpty() {
		return int(tickroomv1.CloseCode_CLOSE_CODE_ROOM_CLOSED), "the room has ended", true
	}
	return 0, "", false
}

// each calls fn for all clients, in parallel where they are many.
func (l *Loop) each(fn func(*Engine, []*Client, *Worker)) {
	clients := l.engine.clients
	if len(clients) <= chunk {
		l.part(clients, fn, &l.stats.Counts)
		return
	}
	parts := (len(clients) + chunk - 1) / chunk
	counts := make([]metrics.Counts, parts)
	// The parts are handed out by a counter, so that the room's own goroutine
	// does all that the pool has no worker for.
	var taken atomic.Int32
	work := func() {
		for {
			i := int(taken.Add(1)) - 1
			if i >= parts {
				return
			}
			l.part(clients[i*chunk:min((i+1)*chunk, len(clients))], fn, &counts[i])
		}
	}
	for range min(parts-1, l.pool.ants.Cap()) {
		l.wg.Add(1)
		if err := l.pool.ants.Submit(func() { defer l.wg.Done(); work() }); err != nil {
			l.wg.Done()
			break
		}
	}
	work()
	l.wg.Wait()
	for i := range counts {
		l.stats.Counts.Add(&counts[i])
	}
}

// part calls fn for some clients. A panic ends the room, not the process.
func (l *Loop) part(clients []*Client, fn func(*Engine, []*Client, *Worker), counts *metrics.Counts) {
	w := l.pool.take()
	defer func() {
		if p := recover(); p != nil {
			err := fmt.Errorf("room: panic while reading or writing: %v", p)
			l.chunkFail.Store(&err)
			l.log.Error("reading or writing clients panicked; the room ends", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			w.Close() // its memory may be in any state
			return
		}
		l.pool.give(w)
	}()
	w.counts = metrics.Counts{}
	fn(l.engine, clients, w)
	counts.Add(&w.counts)
}

// admit takes in those who wait for a seat, and what else has come from outside.
func (l *Loop) admit() {
	l.mu.Lock()
	joining, done, tasks := l.joining, l.renewed, l.tasks
	l.joining, l.renewed, l.tasks = nil, nil, nil
	l.mu.Unlock()
	for i := range joining {
		l.admitOne(joining[i].conn, &joining[i].Joiner)
	}
	for _, n := range done {
		l.engine.Renewed(n.client, n.who, n.err)
	}
	for _, t := range tasks {
		t.fn(l.engine)
		close(t.done)
	}
	if l.expel.Swap(false) {
		l.engine.Expel()
	}
}

func (l *Loop) admitOne(conn socket.Conn, j *Joiner) {
	a, err := l.engine.Admit(conn, j)
	switch {
	case errors.Is(err, errSessionGone) && j.Back && l.cfg.Anew != nil:
		l.cfg.Anew(conn, *j)
	case err != nil:
		l.turnAway(conn, j, asClose(err))
	case a.Session:
		l.own.Resumed(a.Away)
		if j.Reserved() {
			l.cfg.Gone() // the session has its place already
		}
	default:
		l.own.Joined()
		if l.cfg.Joined != nil {
			l.cfg.Joined(a.Client.player)
		}
	}
}

// turnAway closes the connection of a joiner, and gives its place back.
func (l *Loop) turnAway(conn socket.Conn, j *Joiner, why *socket.CloseError) {
	if l.cfg.Refused != nil {
		l.cfg.Refused(j, why)
	}
	conn.Close(why.Code, why.Reason)
	if j.Reserved() {
		l.cfg.Gone()
	}
}

// renew has the tokens checked that have come.
func (l *Loop) renew() {
	l.engine.Renewals(func(c *Client, token identity.Token, session identity.Identity) bool {
		return l.cfg.Renew != nil && l.cfg.Renew(token, session, func(who identity.Identity, err error) {
			l.mu.Lock()
			defer l.mu.Unlock()
			if !l.closed {
				l.renewed = append(l.renewed, renewed{c, who, err})
			}
		})
	})
}

func (l *Loop) gone(c *Client, why *socket.CloseError) {
	if why == nil {
		l.own.Expired()
	} else {
		l.own.Left(why.Code)
		l.putOut(c, why)
	}
	if l.cfg.Left != nil {
		l.cfg.Left(c.player)
	}
	l.cfg.Gone()
}

func (l *Loop) away(c *Client, why *socket.CloseError) {
	l.own.Away(why.Code)
	l.putOut(c, why)
}

// putOut tells of a client that was closed with why, if it was for that client alone.
func (l *Loop) putOut(c *Client, why *socket.CloseError) {
	if l.cfg.PutOut != nil && !why.Remote && !l.engine.ending && l.engine.failed == nil {
		l.cfg.PutOut(c.who.Player, c.addr, why)
	}
}

// count makes Info tell of a client before the client hears that it is seated.
func (l *Loop) count() {
	old := l.info.Load()
	if old.Clients == len(l.engine.clients) && old.Held == len(l.engine.held) {
		return
	}
	i := *old
	i.Clients, i.Held, i.Spectators = len(l.engine.clients), len(l.engine.held), l.engine.Spectators()
	l.info.Store(&i)
}

func (l *Loop) note(took time.Duration) {
	l.count()
	if l.engine.tick%16 != 0 {
		return
	}
	i := *l.info.Load()
	i.Tick, i.Entities, i.Spectators = l.engine.tick, l.engine.room.Entities(), l.engine.Spectators()
	i.TickTime += (took - i.TickTime) / 8
	l.info.Store(&i)
}

// end closes all clients and those who wait.
func (l *Loop) end(code int, reason string) {
	l.mu.Lock()
	l.closed = true
	joining := l.joining
	l.joining = nil
	l.mu.Unlock()
	for i := range joining {
		l.turnAway(joining[i].conn, &joining[i].Joiner, &socket.CloseError{Code: code, Reason: reason})
	}
	l.engine.CloseAll(code, reason, l.gone)
	l.own.Closed()
	l.cfg.Ended()
}
