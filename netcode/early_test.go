package netcode_test

import (
	"testing"

	"github.com/tickroom/tickroom/netcode"
	"github.com/tickroom/tickroom/world"
)

// early pushes inputs for ticks, takes those of tick now, and returns what is to be told.
func early(t *testing.T, u *netcode.Inputs, now uint32, ticks ...uint32) (int, bool) {
	t.Helper()
	for _, tick := range ticks {
		u.Push(&netcode.Input{Seq: u.Seen() + 1, Tick: tick}, netcode.Shown{}, now)
	}
	u.Take(now, func(world.Input) {})
	return u.Early(now)
}

func TestHowEarlyInputsCome(t *testing.T) {
	t.Parallel()
	var u netcode.Inputs
	for _, c := range []struct {
		now   uint32
		ticks []uint32
		want  int
		told  bool
	}{
		{10, nil, 0, false},
		{11, []uint32{0}, 0, false}, // for no tick
		{12, []uint32{14, 15}, 2, true},
		{13, []uint32{16}, 3, true},
		{14, []uint32{17}, 0, false}, // as before
		{15, nil, 0, false},
		{16, []uint32{14, 18}, -2, true}, // one was late
		{17, []uint32{17}, 0, true},
		{18, []uint32{17 + netcode.MaxAhead}, netcode.MaxEarly, true},
		{19, []uint32{19 + netcode.MaxAhead}, 0, false}, // 64 is told as 63
		{20, []uint32{21 + netcode.MaxAhead}, 0, false}, // dropped
		{90, []uint32{20}, -netcode.MaxEarly, true},
	} {
		if got, ok := early(t, &u, c.now, c.ticks...); ok != c.told || ok && got != c.want {
			t.Errorf("tick %d: %d, told: %t; want %d, %t", c.now, got, ok, c.want, c.told)
		}
	}
	u.Forget() // another connection
	if got, ok := early(t, &u, 91, 20); !ok || got != -netcode.MaxEarly {
		t.Errorf("a new connection is told %d, %t", got, ok)
	}
	// A tick later nothing is told of the tick before.
	u.Push(&netcode.Input{Seq: u.Seen() + 1, Tick: 95}, netcode.Shown{}, 93)
	if _, ok := u.Early(94); ok {
		t.Error("what came before another tick is told")
	}
}

func TestInputsOfLongAgoAreDropped(t *testing.T) {
	t.Parallel()
	var u netcode.Inputs
	if got := push(&u, 1, 100, 100+netcode.MaxLate+1); got != netcode.Dropped || u.Applied() != 1 {
		t.Errorf("%d; done with up to %d", got, u.Applied())
	}
	if got := push(&u, 2, 100, 100+netcode.MaxLate); got != netcode.Late {
		t.Errorf("%d", got)
	}
	if got := push(&u, 3, 1, 100+netcode.MaxLate); got != netcode.Dropped || u.Applied() != 1 {
		t.Errorf("%d; done with up to %d, and the one before waits", got, u.Applied())
	}
}

func TestAPlayerIsStarved(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		starved world.Starved
		neutral uint32 // in which tick without an input
	}{"hold": {world.Hold, 0}, "neutral": {world.Neutral, 1}, "repeat": {world.Repeat(3), 4}, "repeat 0": {world.Repeat(0), 2}} {
		u := netcode.NewInputs(&netcode.InputRules{NeutralAfter: c.starved.NeutralAfter()})
		for round, tick := range []uint32{10, 30} {
			u.Push(&netcode.Input{Seq: uint32(round + 1), Tick: tick, Data: []byte("x")}, netcode.Shown{}, tick)
			for now := tick; now < tick+10; now++ {
				n := 0
				u.Take(now, func(in world.Input) {
					n++
					if in.Seq != uint32(round+1) || (len(in.Data) == 0) != (now > tick) {
						t.Errorf("%s: tick %d: %+v", name, now, in)
					}
				})
				if want := now == tick || c.neutral != 0 && now == tick+c.neutral; (n == 1) != want {
					t.Errorf("%s: %d ticks after an input there are %d", name, now-tick, n)
				}
			}
		}
		// A client that sends only what has changed is not starved.
		u.Push(&netcode.Input{Seq: 9}, netcode.Shown{}, 50)
		for now := uint32(50); now < 60; now++ {
			u.Take(now, func(in world.Input) {
				if now != 50 {
					t.Errorf("%s: tick %d: %+v", name, now, in)
				}
			})
		}
	}
}

// What a player was looking at is believed as far as it can be true; nothing helps a client to be judged
// by what was longer ago than the room allows.
func TestWhatAPlayerWasLookingAt(t *testing.T) {
	t.Parallel()
	const rewind, spread = 5, 12
	for name, c := range map[string]struct {
		in      netcode.Input
		shown   netcode.Shown
		now, at uint32  // when it came, and the tick that applies it
		back    float64 // in ticks
	}{
		"honest":                    {netcode.Input{Tick: 103, Sees: 4 * 16}, netcode.Shown{Newest: 100, Acknowledged: 100}, 102, 103, 4},
		"between two ticks":         {netcode.Input{Tick: 103, Sees: 3*16 + 5}, netcode.Shown{Newest: 100, Acknowledged: 100}, 103, 103, 3 + 5.0/16},
		"for no tick":               {netcode.Input{Sees: 3 * 16}, netcode.Shown{Newest: 101, Acknowledged: 100}, 102, 102, 3},
		"does not say":              {netcode.Input{Tick: 103}, netcode.Shown{Newest: 100, Acknowledged: 100}, 102, 103, 0},
		"claims the past":           {netcode.Input{Tick: 103, Sees: 50 * 16}, netcode.Shown{Newest: 102, Acknowledged: 102}, 103, 103, rewind},
		"claims all of the past":    {netcode.Input{Tick: 103, Sees: 1<<32 - 1}, netcode.Shown{Newest: 102, Acknowledged: 102}, 103, 103, rewind},
		"acknowledges nothing":      {netcode.Input{Tick: 103, Sees: 90 * 16}, netcode.Shown{Newest: 102}, 103, 103, rewind},
		"stamps it too early":       {netcode.Input{Tick: 160, Sees: 60 * 16}, netcode.Shown{Newest: 102, Acknowledged: 102}, 103, 160, rewind},
		"stamps it too late":        {netcode.Input{Tick: 60, Sees: 1}, netcode.Shown{Newest: 102, Acknowledged: 102}, 103, 103, rewind},
		"claims the future":         {netcode.Input{Tick: 106, Sees: 1}, netcode.Shown{Newest: 102, Acknowledged: 101}, 103, 106, 4},
		"sees what was never sent":  {netcode.Input{Tick: 103, Sees: 8}, netcode.Shown{Newest: 100, Acknowledged: 100}, 103, 103, 3},
		"in the first ticks":        {netcode.Input{Tick: 2, Sees: 90}, netcode.Shown{Newest: 1, Acknowledged: 1}, 2, 2, 2 - 1.0/16},
		"before it was sent a tick": {netcode.Input{Tick: 2, Sees: 90}, netcode.Shown{}, 2, 2, 2 - 1.0/16},
	} {
		u := netcode.NewInputs(&netcode.InputRules{Rewind: rewind, Spread: spread})
		c.in.Seq = 1
		u.Push(&c.in, c.shown, c.now)
		for now := c.now; now <= c.at; now++ {
			u.Take(now, func(in world.Input) {
				if now != c.at || float64(in.Back)/world.BackPerTick != c.back {
					t.Errorf("%s: tick %d is handed an input of a player who was looking %g ticks back, want tick %d, %g", name, now, float64(in.Back)/world.BackPerTick, c.at, c.back)
				}
			})
		}
	}
	// Where nothing is judged by the past, nothing that is said counts.
	var u netcode.Inputs
	u.Push(&netcode.Input{Seq: 1, Tick: 10, Sees: 40}, netcode.Shown{Newest: 9, Acknowledged: 9}, 10)
	u.Take(10, func(in world.Input) {
		if in.Back != 0 {
			t.Errorf("%+v", in)
		}
	})
	// A kind that allows much still does not believe that its player looks at what it has long passed.
	u = netcode.NewInputs(&netcode.InputRules{Rewind: 100, Spread: spread})
	u.Push(&netcode.Input{Seq: 1, Tick: 200, Sees: 90 * 16}, netcode.Shown{Newest: 199, Acknowledged: 198}, 200)
	u.Take(200, func(in world.Input) {
		if in.Back != (2+spread)*world.BackPerTick {
			t.Errorf("%g ticks back", float64(in.Back)/world.BackPerTick)
		}
	})
}
