package netcode_test

import (
	"errors"
	"testing"

	"github.com/tickroom/tickroom/netcode"
	"github.com/tickroom/tickroom/netcode/replica"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

type scene struct {
	w    *world.World
	row  *walkersv1.Walker
	g    *world.Group
	in   *world.Interest
	down netcode.Downlink
	sc   world.Scratch
}

func newScene(window uint32) *scene {
	s := &scene{w: world.New(world.Config{Horizon: 100})}
	walkers := world.NewTable[walkersv1.Walker](s.w)
	s.g = s.w.NewGroup("all")
	s.row = walkers.Set(s.w.Spawn(s.g), walkersv1.Walker{X: 1})
	s.in = world.NewInterest(s.w)
	s.in.Subscribe(s.g)
	s.down = netcode.NewDownlink(s.in, window)
	return s
}

func (s *scene) tick() {
	s.row.X++
	s.w.Commit()
}

func (s *scene) snapshot(t *testing.T) []byte {
	t.Helper()
	b, err := s.down.AppendSnapshot(nil, &s.sc, s.w.Committed(), 7)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRatesAreStepsOfTwoAndAligned(t *testing.T) {
	t.Parallel()
	s := newScene(10)
	s.tick()
	s.snapshot(t)
	for wish, every := range map[uint32]uint32{1: 1, 2: 2, 3: 4, 5: 8, 8: 8, 1000: netcode.MaxEvery} {
		s.down.SetEvery(wish)
		if s.down.Every() != every {
			t.Errorf("a wish of %d gives %d", wish, s.down.Every())
		}
		for tick := range uint32(64) {
			if got := s.down.Due(tick, tick+1); got != ((tick+1)%every == 0) {
				t.Errorf("every %d: due in tick %d: %t", every, tick+1, got)
			}
			// Two ticks at a time, as when a room catches up.
			if got := s.down.Due(tick, tick+2); got != ((tick+1)%every == 0 || (tick+2)%every == 0) {
				t.Errorf("every %d: due in ticks %d and %d: %t", every, tick+1, tick+2, got)
			}
		}
		s.down.SetEvery(0)
		if s.down.Every() != every {
			t.Error("a wish of 0 changes the rate")
		}
	}
}

func TestAClientThatMissesIsSteppedDownAndUpAgain(t *testing.T) {
	t.Parallel()
	s := newScene(1000)
	s.tick()
	s.snapshot(t)
	for range 8 {
		s.down.Missed()
	}
	if s.down.Every() != 4 {
		t.Fatalf("after 8 misses: one in %d", s.down.Every())
	}
	for range 100 {
		s.down.Missed()
	}
	if s.down.Every() != 8 {
		t.Fatalf("at worst one in %d, want 8", s.down.Every())
	}
	for range 400 {
		s.tick()
		s.snapshot(t)
	}
	if s.down.Every() != 1 {
		t.Errorf("after 400 that arrived: one in %d", s.down.Every())
	}
}

func TestTheWindowFillsAndOpens(t *testing.T) {
	t.Parallel()
	s := newScene(3)
	sent := 0
	for range 10 {
		s.tick()
		if !s.down.WindowFull() {
			s.snapshot(t)
			sent++
		}
	}
	if sent > 5 {
		t.Errorf("%d snapshots in a window of 3 ticks", sent)
	}
	if err := s.down.Ack(s.down.Base()); err != nil {
		t.Fatal(err)
	}
	if s.down.WindowFull() {
		t.Error("still full")
	}
	if err := s.down.Ack(s.down.Base() + 1); !errors.Is(err, netcode.ErrAck) {
		t.Errorf("a tick that was not sent: %v", err)
	}
	if err := s.down.Ack(1); err != nil {
		t.Errorf("an old tick: %v", err)
	}
}

func TestResumeGivesOneDeltaOrTheFullState(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lost int // ticks sent and lost
		full bool
	}{{0, false}, {5, false}, {150, true}} {
		s := newScene(1000)
		rep := replica.New(walkersv1.Schema)
		s.tick()
		if err := rep.Apply(s.snapshot(t)); err != nil {
			t.Fatal(err)
		}
		for range c.lost {
			s.tick()
			s.snapshot(t)
		}
		s.down.Resume(rep.Tick())
		s.tick()
		if err := rep.Apply(s.snapshot(t)); err != nil {
			t.Fatal(err)
		}
		if f := rep.Frame(); f.Full != c.full || f.InputAck != 7 {
			t.Errorf("%d lost: full %t, input ack %d", c.lost, f.Full, f.InputAck)
		}
		if w, ok := replica.Get[walkersv1.Walker](rep, 1); !ok || w.X != s.row.X {
			t.Errorf("%d lost: %v, want x %g", c.lost, w, s.row.X)
		}
		// A tick that was never sent: the room is not the one that the client knew.
		s.down.Resume(s.w.Committed() + 1)
		s.tick()
		if err := rep.Apply(s.snapshot(t)); err != nil || !rep.Frame().Full {
			t.Errorf("resume at a tick that was not sent: %v, full %t", err, rep.Frame().Full)
		}
	}
}
