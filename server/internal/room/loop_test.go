package room

import (
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/proto/gen/closecode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/world"
)

// pass lets the bubble's time go by.
func pass(d time.Duration) { <-time.After(d) }

// slowGame takes as long for each tick as it is told.
type slowGame struct {
	ticks atomic.Int64
	took  atomic.Int64 // nanoseconds of each tick
}

func (g *slowGame) Join(*world.Player, []byte) error { return nil }
func (g *slowGame) Leave(*world.Player)              {}
func (g *slowGame) Tick() {
	g.ticks.Add(1)
	pass(time.Duration(g.took.Load()))
}

// heard is what a game knows of when a command has come, and the time of its tick.
type heard struct{ since, until, now int64 }

type rig struct {
	loop  *Loop
	anew  chan Joiner
	heard chan heard
	game  *slowGame
	pool  *Pool
	m     *metrics.Metrics
	gone  atomic.Int64
	ended atomic.Bool
	keep  atomic.Bool // CloseEmpty says no
}

func newRig(t *testing.T, players int) *rig {
	t.Helper()
	return newRigOf(t, world.Kind{MaxPlayers: players})
}

// newRigOf runs a room of a kind; some of what it is has been set.
func newRigOf(t *testing.T, kind world.Kind) *rig {
	t.Helper()
	g := &rig{game: &slowGame{}, m: metrics.New("test"), anew: make(chan Joiner, 10), heard: make(chan heard, 10)}
	log := slog.New(slog.DiscardHandler)
	var err error
	if g.pool, err = NewPool(4, true, log); err != nil {
		t.Fatal(err)
	}
	kind.Name, kind.Schema, kind.TickRate = "slow", walkersv1.Schema, 20
	kind.New = func(r *world.Room) (world.Game, error) {
		world.OnCommand(r, func(*world.Player, *walkersv1.Shout) (*walkersv1.ShoutReply, error) {
			since, until := r.Heard()
			g.heard <- heard{since, until, r.Now()}
			return nil, nil
		})
		return g.game, nil
	}
	r, err := New("r", kind, 1, nil, Config{}, log)
	if err != nil {
		t.Fatal(err)
	}
	g.keep.Store(true)
	g.loop = StartLoop(r, g.pool, LoopConfig{
		EmptyRoomLinger: time.Second, CloseEmpty: func() bool { return !g.keep.Load() },
		PlaceFree: func() { g.gone.Add(1) }, Ended: func(string) { g.ended.Store(true) }, Metrics: g.m.Kind("slow"),
		Elsewhere: func(_ socket.Conn, j Joiner, why *socket.CloseError) bool {
			if why.Code == closecode.SessionGone {
				g.anew <- j
			}
			return why.Code == closecode.SessionGone
		},
	})
	return g
}

func (g *rig) stop(t *testing.T) {
	t.Helper()
	g.loop.Stop(1001, "the end")
	<-g.loop.Done()
	if err := g.pool.Close(5 * time.Second); err != nil {
		t.Error(err)
	}
}

func (g *rig) metric(t *testing.T, name string) float64 {
	t.Helper()
	v, err := testutil.GatherAndCount(g.m.Registry(), name)
	if err != nil || v == 0 {
		t.Fatalf("no metric %s: %v", name, err)
	}
	families, err := g.m.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	return 0
}

func TestTicksDoNotDrift(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, 1)
		g.game.took.Store(int64(20 * time.Millisecond)) // of 50: must not become 70
		pass(10*time.Second + 30*time.Millisecond)
		if n := g.game.ticks.Load(); n != 201 {
			t.Errorf("%d ticks in 10 s at 20 per second", n)
		}
		g.stop(t)
	})
}

func TestLateTicksAreCaughtUpWithACap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, 1)
		pass(time.Second + 10*time.Millisecond)
		before := g.game.ticks.Load()
		g.game.took.Store(int64(150 * time.Millisecond)) // one tick this slow: two are late
		pass(50 * time.Millisecond)
		g.game.took.Store(0)
		pass(time.Second)
		if n := g.game.ticks.Load() - before; n != 21 {
			t.Errorf("%d ticks in the 1.05 s around a slow one, want 21", n)
		}
		if n := g.metric(t, "tickroom_ticks_dropped_total"); n != 0 {
			t.Errorf("%g ticks dropped", n)
		}
		g.game.took.Store(int64(3 * time.Second)) // sixty are late: five are caught up
		pass(50 * time.Millisecond)
		g.game.took.Store(0)
		before = g.game.ticks.Load()
		pass(3 * time.Second)
		if n := g.metric(t, "tickroom_ticks_dropped_total"); n < 50 || n > 60 {
			t.Errorf("%g ticks dropped, want about 55", n)
		}
		if n := g.game.ticks.Load() - before; n > 10 {
			t.Errorf("%d ticks were caught up at once", n)
		}
		g.stop(t)
	})
}

// shouter is a connection whose client says something at some times.
type shouter struct {
	wire
	at   []time.Time
	said uint32
}

func (s *shouter) Poll(_ []byte, fn func([]byte) error) error {
	for len(s.at) > 0 && !time.Now().Before(s.at[0]) {
		s.at = s.at[1:]
		s.said++
		b, err := proto.Marshal(&tickroomv1.ClientFrame{Commands: []*tickroomv1.CommandData{{Id: s.said, Command: 1}}})
		if err != nil {
			return err
		}
		if err := fn(b); err != nil {
			return err
		}
	}
	return nil
}

// TestGamesKnowWhenCommandsHaveCome looks at what a game is told of when a command has come, in ticks that
// are on time, and in one that is seconds late, of which most ticks are dropped.
func TestGamesKnowWhenCommandsHaveCome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, 1)
		begun := time.Now()
		at := []time.Time{begun.Add(130 * time.Millisecond), begun.Add(10100 * time.Millisecond), begun.Add(13900 * time.Millisecond), begun.Add(15 * time.Second)}
		g.loop.Admit(&shouter{at: slices.Clone(at)}, Joiner{Hello: &tickroomv1.Hello{}})
		pass(10*time.Second + time.Millisecond)
		g.game.took.Store(int64(4 * time.Second))
		pass(100 * time.Millisecond)
		g.game.took.Store(0)
		pass(6 * time.Second)
		g.stop(t)
		for i, sent := range at {
			h, gap := <-g.heard, int64(50_000)
			if i == 1 || i == 2 {
				gap = 4_000_000 // the room was busy for so long
			}
			if us := sent.UnixMicro(); h.since >= us || us > h.until || h.until-h.since != gap {
				t.Errorf("command %d, sent at %d: heard between %d and %d, a gap of %d", i, us, h.since, h.until, h.until-h.since)
			}
			if h.now > h.until {
				t.Errorf("command %d: the tick is of %d, and it is %d", i, h.now, h.until)
			}
		}
	})
}

func TestEveryoneInALargeRoomIsServed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n = 5*chunk + 3
		g := newRig(t, n)
		wires := make([]*wire, n)
		for i := range wires {
			wires[i] = &wire{}
			g.loop.Admit(wires[i], Joiner{Hello: &tickroomv1.Hello{}})
		}
		extra := &wire{}
		g.loop.Admit(extra, Joiner{Hello: &tickroomv1.Hello{}})
		pass(120 * time.Millisecond)
		if g.loop.Info().Clients != n {
			t.Errorf("%d clients", g.loop.Info().Clients)
		}
		g.stop(t)
		for i, w := range wires {
			if n := len(w.down); n < 2 || n > 3 || w.closed != 1001 { // the first tick is at once
				t.Fatalf("client %d: %d messages, closed with %d", i, len(w.down), w.closed)
			}
		}
		if extra.closed != int(tickroomv1.CloseCode_CLOSE_CODE_ROOM_FULL) {
			t.Errorf("one too many: closed with %d", extra.closed)
		}
		if g.gone.Load() != n+1 || !g.ended.Load() {
			t.Errorf("%d seats given back of %d, ended %t", g.gone.Load(), n+1, g.ended.Load())
		}
		late := &wire{}
		g.loop.Admit(late, Joiner{Hello: &tickroomv1.Hello{}})
		if late.closed != int(tickroomv1.CloseCode_CLOSE_CODE_ROOM_CLOSED) {
			t.Errorf("after the end: closed with %d", late.closed)
		}
	})
}

func TestAnEmptyRoomEndsOnlyIfNobodyIsSentToIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, 1)
		pass(5 * time.Second)
		if g.ended.Load() {
			t.Error("it ended though somebody was on the way")
		}
		g.keep.Store(false)
		pass(100 * time.Millisecond)
		if !g.ended.Load() {
			t.Error("it did not end")
		}
		g.stop(t)
	})
}

// TestWhoseSessionHasJustEndedIsFoundARoomAnew has a player who left and came again at
// once: when the room looks, the session that it was sent to is gone.
func TestWhoseSessionHasJustEndedIsFoundARoomAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, 5)
		c := &wire{}
		g.loop.Admit(c, Joiner{Hello: &tickroomv1.Hello{}, Identity: player("ann"), Back: true})
		if j := <-g.anew; j.Identity.Player != "ann" || c.closed != 0 {
			t.Errorf("%+v; closed with %d", j, c.closed)
		}
		g.stop(t)
		if n := g.gone.Load(); n != 0 {
			t.Errorf("%d places were given back; none was taken", n)
		}
	})
}
