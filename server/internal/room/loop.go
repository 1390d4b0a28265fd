package room

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/socket"
)

// Loop drives one room.
type Loop struct {
	// Fixed.
	engine  *Engine // the loop's goroutine's
	pool    *Pool
	cfg     LoopConfig
	dt      time.Duration // of a tick
	log     *slog.Logger
	stopped chan struct{}   // closed when the room has ended
	life    context.Context // of the room
	die     context.CancelFunc

	inbox inbox // anybody's
	info  atomic.Pointer[Info]

	// The goroutine's own.
	own        *metrics.RoomMetrics
	stats      metrics.TickStats
	emptySince time.Time     // zero: somebody is in the room
	looked     int64         // when the clients were read last, in µs since 1970; 0: never
	settled    []Reservation // since places were noted last
	labels     labelling
	tuned      uint32 // which topics the line listens to: world.Room.Retuned
	tunedOnce  bool
	unposted   uint64                // messages that were counted
	losing     bool                  // what was posted last was lost, some of it
	parts      sync.WaitGroup        // that workers of the pool read or write
	partFailed atomic.Pointer[error] // one of them has panicked
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
		stopped: make(chan struct{}),
		inbox:   inbox{wake: make(chan struct{}, 1)},
		own:     cfg.Metrics.Room(),
	}
	if cfg.Line != nil {
		cfg.Line.Wake(l.inbox.rouse)
	}
	l.life, l.die = context.WithCancel(context.Background())
	e.onAway, e.onTaken = l.away, l.putOut
	l.info.Store(&Info{
		ID: e.id, Kind: e.kind.Name, Held: len(e.held), Places: e.Places(), Tick: e.tick, TickRate: e.room.TickRate, Created: time.Now(), Labels: e.Labels(), Durable: e.Durable(), Epoch: e.epoch,
	})
	l.remade()
	_, l.labels.changes = e.room.Labels()
	return l
}

// remade takes in the sessions of a room that was made again.
func (l *Loop) remade() {
	l.own.Held(len(l.engine.held))
	if l.cfg.Line == nil || !l.engine.room.TakesMessages() {
		return
	}
	for _, c := range l.engine.held {
		l.cfg.Line.Join(c.player.PlayerID)
	}
}

// Wait waits until the room has ended. The error is that of ctx.
func (l *Loop) Wait(ctx context.Context) error {
	select {
	case <-l.stopped:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Done returns a channel that is closed when the room has ended.
func (l *Loop) Done() <-chan struct{} { return l.stopped }

func (l *Loop) run() {
	defer close(l.stopped)
	timer := time.NewTimer(l.cfg.Phase)
	defer timer.Stop()
	l.tune()
	// Tick n is due at next; ticks are counted off it, never off the clock, so
	// that lateness does not add up.
	next := time.Now().Add(l.cfg.Phase)
	for {
		select {
		case <-timer.C:
		case <-l.inbox.wake:
		}
		if over := l.inbox.stopAsked(); over != nil {
			l.end(over)
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
		if over := l.tick(due, late, now); over != nil {
			l.end(over)
			return
		}
		if l.maySleep() {
			var over *socket.CloseError
			if next, over = l.sleep(timer, next); over != nil {
				l.end(over)
				return
			}
		}
		timer.Reset(time.Until(next))
	}
}

// tick takes in what has come, reads, simulates the ticks that are due, and writes. It
// returns what to tell the clients if the room is over, else nil.
func (l *Loop) tick(due int, late time.Duration, now time.Time) (over *socket.CloseError) {
	l.takeIn()
	l.noteClients()
	l.stats = metrics.TickStats{}
	if !l.serve(due, late, now) {
		l.keep(KeptPanic, "")
		l.cfg.Metrics.Failed()
		return &socket.CloseError{Code: closecode.RoomFailed, Reason: "the room has failed"}
	}
	if l.cfg.Result != nil {
		if res := l.engine.room.TakeResult(); res != nil {
			l.cfg.Result(res)
		}
	}
	took := time.Since(now)
	l.keepOdd(took)
	if l.engine.keepUp() {
		l.cfg.Metrics.JournalLost()
	}
	l.own.Kept(l.engine.recording.kept.sink != nil && !l.engine.recording.kept.lost)
	l.stats.Duration, l.stats.Late, l.stats.CaughtUp = took, late, due > 1
	l.cfg.Metrics.Tick(&l.stats)
	l.own.Size(l.stats.Counts[metrics.Backlog], l.engine.room.Entities())
	l.noteTick(took)
	if l.engine.room.Over() || l.lingered(now) && l.cfg.CloseEmpty() {
		return errRoomEnded
	}
	return nil
}

// errRoomEnded is what clients of a room are told that has ended by itself.
var errRoomEnded = &socket.CloseError{Code: closecode.RoomClosed, Reason: "the room has ended"}

// serve steps the engine. It reports false if the room has failed.
func (l *Loop) serve(due int, late time.Duration, now time.Time) bool {
	e := l.engine
	l.each((*Engine).read)
	l.heard(now.UnixMicro())
	if l.stats.Counts[metrics.Tokens] > 0 {
		l.renew()
	}
	l.fetch()
	at, dt := l.scheduled(due, late, now)
	for range due {
		e.room.SetNow(at)
		at += dt
		if e.Step(&l.stats.Counts) != nil {
			return false
		}
		l.dispatch()
	}
	l.each((*Engine).write)
	e.written = e.tick
	if l.partFailed.Load() != nil {
		return false
	}
	if e.elapsed >= e.inspectEvery() {
		e.Inspect(now, &l.stats.Counts)
	}
	e.Reap(l.gone)
	return e.failed == nil // in Leave or Away
}

// lingered reports whether nobody has been in the room for long enough.
func (l *Loop) lingered(now time.Time) bool {
	switch {
	case len(l.engine.clients)+len(l.engine.held) > 0:
		l.emptySince = time.Time{}
		return false
	case l.emptySince.IsZero():
		l.emptySince = now
	}
	return now.Sub(l.emptySince) >= l.cfg.EmptyRoomLinger
}

// gone notes that a session has ended; why is nil if it was held.
func (l *Loop) gone(c *Client, why *socket.CloseError) {
	if why == nil {
		l.own.Expired()
	} else {
		l.own.Left(why.Code)
		l.putOut(c, why)
	}
	l.left(c.player)
	l.cfg.PlaceFree()
}

// away notes that a session is held.
func (l *Loop) away(c *Client, why *socket.CloseError) {
	l.own.Away(why.Code)
	l.putOut(c, why)
}

// putOut reports a client that was closed with why, if it was for that client alone.
func (l *Loop) putOut(c *Client, why *socket.CloseError) {
	if l.cfg.PutOut != nil && !why.Remote && !l.engine.ending && l.engine.failed == nil {
		l.cfg.PutOut(c.identity.Player, c.addr, why)
	}
}

// end closes all clients and those who wait.
func (l *Loop) end(why *socket.CloseError) {
	waiting, suspended := l.inbox.close()
	for i := range waiting {
		l.turnAway(waiting[i].conn, &waiting[i].Joiner, why)
	}
	if suspended && l.engine.Durable() != DurableNot {
		l.suspend(why)
		return
	}
	l.engine.CloseAll(why.Code, why.Reason, l.gone)
	if l.engine.failed == nil {
		l.dispatch() // what it posted when its players left
	}
	if l.die(); l.cfg.Line != nil {
		l.cfg.Line.Close()
	}
	l.own.Closed()
	l.engine.endKept()
	l.cfg.Ended(why.Reason)
}

// suspend ends the loop of a room that is to go on when the server is started again.
func (l *Loop) suspend(why *socket.CloseError) {
	l.engine.suspend(why.Code, why.Reason)
	l.dispatch()
	if l.die(); l.cfg.Line != nil {
		l.cfg.Line.Close()
	}
	l.own.Closed()
	l.cfg.Suspended()
}
