package world_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tickroom/tickroom/world"
)

func TestTimersCallInTheirTick(t *testing.T) {
	t.Parallel()
	d := newDiary(t)
	say := func(what string) func() {
		return func() { d.note(fmt.Sprintf("%s in %d", what, d.room.Tick())) }
	}
	r := d.room
	r.After(2, say("after 2"))
	var every *world.Timer
	every = r.Every(2, func() {
		say("every 2")()
		if r.Tick() == 5 {
			if !every.Stop() || every.Stop() || every.Due() != 0 {
				t.Error("a timer can't stop itself once")
			}
		}
	})
	r.After(0, func() { // the next tick, also for what it makes itself
		say("after 0")()
		r.After(0, say("nested"))
	})
	stopped := r.After(3, say("stopped"))
	if stopped.Due() != 4 || !stopped.Stop() || stopped.Stop() {
		t.Error("a timer can't be stopped once")
	}
	once := r.After(r.Ticks(0.1), say("a tenth of a second")) // 2 ticks of 50 ms
	for range 7 {
		r.Step()
	}
	if once.Stop() || once.Due() != 0 {
		t.Error("a timer that has called is to call again")
	}
	want := []string{
		"tick",                 // 1
		"after 0 in 2", "tick", // 2
		"after 2 in 3", "every 2 in 3", "a tenth of a second in 3", "nested in 3", "tick",
		"tick",                 // 4
		"every 2 in 5", "tick", // 5
		"tick", "tick",
	}
	if !slices.Equal(d.entries, want) {
		t.Errorf("%q\nwant %q", d.entries, want)
	}
}

// TestTimersAgainstAList compares the heap with a list that is gone through each tick.
func TestTimersAgainstAList(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		r := newDiary(t).room
		type entry struct {
			id, due, every int
			timer          *world.Timer
		}
		var list []entry
		var got, want []int
		for id := range 300 {
			for range rnd.IntN(3) {
				id, n := id*10+rnd.IntN(10), 1+rnd.IntN(12)
				e := entry{id: id, due: int(r.Tick()) + n}
				if rnd.IntN(4) == 0 {
					e.every = n
					e.timer = r.Every(uint32(n), func() { got = append(got, id) })
				} else {
					e.timer = r.After(uint32(n), func() { got = append(got, id) })
				}
				list = append(list, e)
			}
			if len(list) > 0 && rnd.IntN(2) == 0 {
				i := rnd.IntN(len(list))
				list[i].timer.Stop()
				list = slices.Delete(list, i, i+1)
			}
			now := int(r.Step())
			kept := list[:0]
			for _, e := range list {
				if e.due == now {
					want = append(want, e.id)
					if e.every == 0 {
						continue
					}
					e.due += e.every
				}
				kept = append(kept, e)
			}
			list = kept
		}
		if !slices.Equal(got, want) || len(got) == 0 {
			t.Fatalf("seed %d: called %v\nwant %v", seed, got, want)
		}
	}
}

func TestTicksOfSeconds(t *testing.T) {
	t.Parallel()
	r := newDiary(t).room // 20 ticks per second
	for _, c := range []struct {
		seconds float64
		want    uint32
	}{{1, 20}, {0.12, 2}, {0.13, 3}, {0, 1}, {-5, 1}, {math.NaN(), 1}, {math.Inf(1), math.MaxUint32}, {1e12, math.MaxUint32}} {
		if got := r.Ticks(c.seconds); got != c.want {
			t.Errorf("%g s are %d ticks, want %d", c.seconds, got, c.want)
		}
	}
	if never := r.After(math.MaxUint32, func() {}); cmp.Compare(never.Due(), r.Tick()) <= 0 {
		t.Errorf("what is far away is due in %d", never.Due())
	}
}
