package bots

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/gobwas/ws"

	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/replica"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// Bots are looked after so often: to the millisecond where they play, and where they watch so that
// thousands of them cost little between two snapshots.
const (
	sweepEvery = time.Millisecond
	quietSweep = 3 * time.Millisecond
)

// loop drives some of a swarm's bots on one goroutine.
type loop struct {
	sw    *swarm
	poll  *poller
	bots  []*bot
	twins replica.Twins // of bots that are sent the same
	buf   []byte        // that is read into
	out   []byte        // that is written from

	slots [1024][]entry // wheel of timers, a slot per millisecond
	spare []entry
	at    int64 // millisecond that the wheel has come to

	open      int // connections
	seated    int
	measuring bool
	measured  time.Duration // since when
	lastHouse time.Duration
	churn     float64 // bots that are due to leave
	rnd       *rand.Rand

	joins, leaves, stalls int
	cuts, losses          int // connections that bots broke, and that were lost to them
	resumes, rejoins      int // ways back after that: into the session, and into another one
	gone                  int // matches that were over when a bot was back
	clientSeconds         float64
	ended                 client.Stats // of sessions that are over
	base                  client.Stats // when the measuring began
	rtt, gap              *hdrhistogram.Histogram
	inputToState          *hdrhistogram.Histogram
	seating               *hdrhistogram.Histogram // from looking for a seat to the welcome
	backing               *hdrhistogram.Histogram // from the loss of a connection to the next welcome

	window window // what the timeline is told next

	mu      sync.Mutex
	arrived []arrival // guarded by mu

	// For the swarm to read at any time.
	shown struct{ seated, snapshots, checks atomic.Int64 }
}

// entry is a bot's place in the wheel. Only its newest one counts.
type entry struct {
	b   *bot
	gen uint32
}

// arrival is what a dialer has to tell.
type arrival struct {
	b    *bot
	s    *client.Session
	url  *url.URL // where it is connected to
	fd   descriptor
	rest []byte        // what the server sent right after the handshake
	from time.Duration // when it began to look for a seat
	// The seat is in a match that the bot was in before.
	rejoin bool
	err    error
}

func newLoop(sw *swarm, n int) (*loop, error) {
	p, err := newPoller()
	if err != nil {
		return nil, err
	}
	return &loop{
		sw: sw, poll: p, rnd: rand.New(rand.NewPCG(sw.cfg.Seed, 1<<40+uint64(n))), buf: make([]byte, 256<<10),
		rtt: whole(), gap: whole(), inputToState: whole(), seating: whole(), backing: whole(),
		window: window{inputToState: windowed(), gap: windowed()},
	}, nil
}

func record(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(min(int64(d/time.Microsecond), h.HighestTrackableValue()))
}

// run sweeps until the swarm is over and all bots have left.
func (l *loop) run() error {
	defer l.poll.close()
	var sleep *time.Timer
	pause := sweepEvery
	if l.sw.period == 0 {
		pause = quietSweep
	}
	for {
		now := l.sw.now()
		if l.sw.phase.Load() == phaseLeave && l.finish(now) {
			return nil
		}
		l.mu.Lock()
		arrived := l.arrived
		l.arrived = nil
		l.mu.Unlock()
		for _, a := range arrived {
			a.b.connected(a, now)
		}
		if err := l.poll.ready(func(b *bot, ended bool) { l.read(b, ended, l.sw.now()) }); err != nil {
			return err
		}
		l.timers(l.sw.now())
		l.house(now)
		if sleep == nil {
			sleep = time.NewTimer(pause)
		} else {
			sleep.Reset(pause)
		}
		<-sleep.C
	}
}

// schedule makes a bot act at a time, and not at the one that was set before.
func (l *loop) schedule(b *bot, at time.Duration) {
	b.wake = at
	ms := int64(at / time.Millisecond)
	ms = min(max(ms, l.at+1), l.at+int64(len(l.slots))-1)
	slot := &l.slots[ms%int64(len(l.slots))]
	b.gen++
	*slot = append(*slot, entry{b, b.gen})
}

func (l *loop) timers(now time.Duration) {
	for ms := int64(now / time.Millisecond); l.at < ms; {
		l.at++
		slot := &l.slots[l.at%int64(len(l.slots))]
		due := *slot
		*slot = l.spare[:0]
		for _, e := range due {
			b := e.b
			if b.gen == e.gen && b.wake <= now {
				b.act(now)
			}
			if b.gen == e.gen && b.state != connecting && b.state != gone {
				l.schedule(b, b.wake)
			}
		}
		clear(due)
		l.spare = due
	}
}

// read takes what has come for a bot. ended says that the end of its connection has come, too.
func (l *loop) read(b *bot, ended bool, now time.Duration) {
	for b.state == seated || b.state == leaving {
		n, err := b.fd.read(l.buf)
		if errors.Is(err, errAgain) {
			return
		}
		if n == 0 || err != nil {
			b.eof(err, now)
			return
		}
		b.take(l.buf[:n], now)
		if n < len(l.buf) && !ended {
			return
		}
	}
}

// house does what needs no hurry.
func (l *loop) house(now time.Duration) {
	if now-l.lastHouse < 100*time.Millisecond {
		return
	}
	dt := now - l.lastHouse
	l.lastHouse = now
	phase := l.sw.phase.Load()
	if phase == phaseMeasure && !l.measuring {
		l.measuring, l.measured = true, now
		l.base = l.total()
	} else if l.measuring && phase == phaseMeasure {
		l.clientSeconds += float64(l.seated) * dt.Seconds()
	}
	l.shown.seated.Store(int64(l.seated))
	if s := int64(now/time.Second) - 1; s > l.window.at { // the swarm's clock begins at a second
		sum := l.total()
		l.shown.snapshots.Store(int64(sum.Snapshots))
		l.shown.checks.Store(int64(sum.HashChecks))
		for l.window.at < s {
			l.window.at++
			l.sw.timeline.tell(&l.window, l.seated, sum.Snapshots, sum.BytesIn)
			l.window.snapshots, l.window.bytes = sum.Snapshots, sum.BytesIn
			l.window.inputToState.Reset()
			l.window.gap.Reset()
		}
	}
	if phase != phaseMeasure {
		return
	}
	for l.churn += l.sw.cfg.Churn * float64(len(l.bots)) * dt.Seconds(); l.churn >= 1; l.churn-- {
		b := l.bots[l.rnd.IntN(len(l.bots))]
		if b.state == seated && b.welcomed {
			b.leave(now)
		}
	}
}

// total adds up the statistics of all sessions so far.
func (l *loop) total() client.Stats {
	sum := l.ended
	for _, b := range l.bots {
		if b.s != nil {
			add(&sum, b.s.Stats())
		}
	}
	return sum
}

func add(sum *client.Stats, s client.Stats) {
	sum.MessagesIn += s.MessagesIn
	sum.BytesIn += s.BytesIn
	sum.MessagesOut += s.MessagesOut
	sum.BytesOut += s.BytesOut
	sum.Snapshots += s.Snapshots
	sum.FullSnapshots += s.FullSnapshots
	sum.SkippedTicks += s.SkippedTicks
	sum.RowsChanged += s.RowsChanged
	sum.Events += s.Events
	sum.HashChecks += s.HashChecks
	sum.Desyncs += s.Desyncs
	sum.InputsSent += s.InputsSent
	sum.InputsDropped += s.InputsDropped
}

// unlink ends a bot's connection, if there is one.
func (l *loop) unlink(b *bot) {
	if !b.linked {
		return
	}
	b.linked = false
	l.open--
	if b.welcomed && b.state != leaving {
		l.seated--
		l.sw.houses.leave(b.room)
	}
	l.poll.remove(b)
	b.fd.close()
}

// forget ends a bot's session, if there is one.
func (l *loop) forget(b *bot) {
	if b.s == nil {
		return
	}
	add(&l.ended, b.s.Stats())
	b.s, b.pilot, b.receiver, b.actor, b.returner, b.returning = nil, nil, nil, nil, nil, false
}

// drop ends a bot's connection and session.
func (l *loop) drop(b *bot) {
	l.unlink(b)
	l.forget(b)
}

// left notes that a bot has left as it wanted to; it will come back.
func (l *loop) left(b *bot, now time.Duration) {
	l.drop(b)
	l.leaves++
	l.back(b, now+time.Duration(100+b.rnd.IntN(900))*time.Millisecond)
}

// fail counts an error that ends a bot's connection, and closes the connection.
func (l *loop) fail(b *bot, err error, now time.Duration) {
	var over *client.CloseError
	if b.rejoin && !b.welcomed && errors.As(err, &over) && over.Code == uint16(tickroomv1.CloseCode_CLOSE_CODE_SESSION_GONE) {
		// Matchmaking led it back just when the server forgot that it was there: it
		// asks again, as its code advises.
		l.drop(b)
		l.gone++
		l.back(b, now+100*time.Millisecond)
		return
	}
	if l.returns(b, err, now) {
		return
	}
	var d *client.Desync
	if b.s != nil && b.s.DesyncPending() && !errors.As(err, &d) {
		l.sw.note(b, &client.Desync{Tick: b.s.Tick()})
	}
	l.sw.note(b, err)
	if b.s != nil {
		var ce *client.CloseError
		if b.linked && !errors.As(err, &ce) {
			p := binary.BigEndian.AppendUint16(nil, client.CloseCodeFor(err))
			frame := appendFrame(nil, ws.OpClose, b.rnd.Uint32(), func(f []byte) []byte { return append(f, p...) })
			_, _ = b.fd.write(frame)
		}
		l.drop(b)
	}
	l.back(b, now+errorPause)
}

// back makes a bot join again at a time.
func (l *loop) back(b *bot, at time.Duration) {
	b.state = away
	if l.sw.phase.Load() == phaseLeave {
		b.state = gone
		return
	}
	l.schedule(b, at)
}

// finish makes all bots leave, and signals when they have.
func (l *loop) finish(now time.Duration) bool {
	if l.measuring {
		l.clientSeconds += float64(l.seated) * (now - l.lastHouse).Seconds()
		l.lastHouse = now
		l.measuring = false
		l.base = diff(l.total(), l.base) // from here on what was measured
	}
	busy := false
	for _, b := range l.bots {
		switch b.state {
		case seated, stalled:
			if b.welcomed {
				if b.s.DesyncPending() {
					l.sw.note(b, &client.Desync{Tick: b.s.Tick()})
				}
				b.leave(now)
			} else {
				l.drop(b)
				b.state = gone
			}
		case away:
			l.forget(b)
			b.state = gone
		}
		busy = busy || b.state != gone
	}
	return !busy
}

func diff(a, b client.Stats) client.Stats {
	a.BytesIn -= b.BytesIn
	a.BytesOut -= b.BytesOut
	a.Snapshots -= b.Snapshots
	a.RowsChanged -= b.RowsChanged
	a.InputsSent -= b.InputsSent
	a.MessagesIn -= b.MessagesIn
	a.MessagesOut -= b.MessagesOut
	return a
}
