package world_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

const historySeconds = 0.5 // at 20 ticks per second

// herd is a world of walkers with a history.
type herd struct {
	w       *world.World
	field   *world.Group
	walkers *world.Table[walkersv1.Walker]
	past    *world.History[walkersv1.Walker]
	born    map[world.Entity]uint32 // numbers are used again
}

func newHerd() *herd {
	h := &herd{w: world.New(world.Config{Quarantine: 3}), born: map[world.Entity]uint32{}}
	h.field = h.w.NewSpatialGroup("field", world.Bounds{MaxX: 100, MaxY: 100}, 10)
	h.walkers = world.NewTable[walkersv1.Walker](h.w)
	h.walkers.Locate(func(row *walkersv1.Walker) (x, y float64) { return float64(row.X), float64(row.Y) })
	h.past = world.NewHistory(h.walkers, historySeconds)
	return h
}

// then is what the rows were after a tick.
type then map[world.Entity]walkersv1.Walker

func (h *herd) rows() then {
	all := then{}
	for e, row := range h.walkers.All() {
		all[e] = *row
	}
	return all
}

// change moves some, and now and then one comes or goes.
func (h *herd) change(rnd *rand.Rand) {
	for e, row := range h.walkers.All() {
		row.X += rnd.Float32()*4 - 2
		row.Y += rnd.Float32()*4 - 2
		row.Heading = float32(math.Mod(float64(row.Heading)+rnd.Float64()*2, 2*math.Pi))
		row.Health = rnd.Uint32N(100)
		switch rnd.IntN(60) {
		case 0:
			h.w.Destroy(e)
		case 1:
			h.walkers.Remove(e)
		}
	}
	if h.walkers.Len() < 12 || rnd.IntN(8) == 0 {
		e := h.w.Spawn(h.field)
		h.born[e] = h.w.Tick()
		h.walkers.Set(e, walkersv1.Walker{X: rnd.Float32() * 100, Y: rnd.Float32() * 100})
	}
}

const (
	walkerStep  = 0.125
	headingStep = 2 * math.Pi / 256
)

// sameSeen compares a row with what should be seen at a part of the way from a to b, within the steps in which
// both travel.
func sameSeen(t *testing.T, e world.Entity, tick float64, got, now, a walkersv1.Walker, b *walkersv1.Walker) {
	t.Helper()
	part := tick - math.Floor(tick)
	x, y, turn := float64(a.X), float64(a.Y), float64(a.Heading)
	if b != nil {
		x += (float64(b.X) - x) * part
		y += (float64(b.Y) - y) * part
		turn += math.Remainder(float64(b.Heading)-turn, 2*math.Pi) * part
	}
	off := max(math.Abs(float64(got.X)-x), math.Abs(float64(got.Y)-y))
	// Half a turn goes either way.
	half := b != nil && math.Abs(math.Abs(math.Remainder(float64(b.Heading-a.Heading), 2*math.Pi))-math.Pi) < 2*headingStep
	if off > walkerStep+1e-5 || !half && math.Abs(math.Remainder(float64(got.Heading)-turn, 2*math.Pi)) > headingStep+1e-5 {
		t.Fatalf("entity %d at tick %g: %+v, want (%g, %g), %g", e, tick, got, x, y, turn)
	}
	if got.Health != now.Health {
		t.Fatalf("entity %d: what is not smoothed is not as now: %d, %d", e, got.Health, now.Health)
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	h, rnd := newHerd(), rand.New(rand.NewPCG(1, 2))
	if _, ok := h.past.At(1, 0); ok {
		t.Error("a row before there was any")
	}
	pasts := map[uint32]then{}
	for range 400 {
		h.change(rnd)
		now := h.w.Commit()
		pasts[now] = h.rows()
		oldest := max(1, int(now)-historySeconds*20-1)
		for range 20 {
			tick := float64(oldest) + rnd.Float64()*float64(int(now)-oldest)
			if rnd.IntN(3) == 0 {
				tick = math.Floor(tick)
			}
			a, b := pasts[uint32(tick)], pasts[uint32(tick)+1]
			cx, cy, r := rnd.Float64()*100, rnd.Float64()*100, rnd.Float64()*30
			var near []world.Entity
			for e, got := range h.past.Near(cx, cy, r, tick) {
				at, ok := h.past.At(e, tick)
				if !ok || at != got {
					t.Fatalf("entity %d is near as %+v, and is %+v", e, got, at)
				}
				near = append(near, e)
			}
			for e, row := range h.rows() {
				was, there := a[e]
				there = there && h.born[e] <= uint32(tick)
				got, ok := h.past.At(e, tick)
				if ok != there {
					t.Fatalf("entity %d was there at tick %g: %t, want %t", e, tick, ok, there)
				}
				if !there {
					continue
				}
				var next *walkersv1.Walker
				if to, ok := b[e]; ok && tick != math.Floor(tick) {
					next = &to
				}
				sameSeen(t, e, tick, got, row, was, next)
				d := math.Hypot(float64(got.X)-cx, float64(got.Y)-cy)
				if in := slices.Contains(near, e); in != (d <= r) && math.Abs(d-r) > 3*walkerStep {
					t.Fatalf("entity %d is %g away at tick %g, and near within %g: %t", e, d, tick, r, in)
				}
			}
		}
	}
}

// Whoever asks for what is too long ago, or is not yet, is told of the nearest moment that there is.
func TestHistoryHasEnds(t *testing.T) {
	t.Parallel()
	h := newHerd()
	e := h.w.Spawn(h.field)
	row := h.walkers.Set(e, walkersv1.Walker{})
	for i := range 100 {
		row.X = float32(i + 1)
		h.w.Commit()
	}
	row.X = 500 // now, before the commit
	oldest := float32(100 - historySeconds*20 - 1)
	for tick, want := range map[float64]float32{
		100: 100, 99.5: 99.5, 100.5: 500, 1e9: 500, math.Inf(1): 500, 101: 500,
		3: oldest, -5: oldest, math.Inf(-1): oldest, math.NaN(): oldest,
	} {
		if got, ok := h.past.At(e, tick); !ok || got.X != want {
			t.Errorf("at tick %g it was at %g, %t; want %g", tick, got.X, ok, want)
		}
		n := 0
		for range h.past.Near(float64(want), 0, 0.1, tick) {
			n++
		}
		if n != 1 {
			t.Errorf("at tick %g there are %d near", tick, n)
		}
	}
	h.w.Destroy(e)
	if _, ok := h.past.At(e, 99); ok {
		t.Error("who is gone can be hit")
	}
	for range h.past.Near(99, 0, 5, 99) {
		t.Error("who is gone can be hit")
	}
}

func TestHistoryIsSavedWithTheWorld(t *testing.T) {
	t.Parallel()
	h, rnd := newHerd(), rand.New(rand.NewPCG(3, 4))
	for i := range 60 {
		h.change(rnd)
		now := h.w.Commit()
		if i%7 != 0 {
			continue
		}
		saved, err := h.w.Save()
		if err != nil {
			t.Fatal(err)
		}
		o := newHerd()
		if err := o.w.Restore(saved); err != nil {
			t.Fatal(err)
		}
		for e := range h.walkers.All() {
			for back := 0.0; back < 15; back += 0.3 {
				one, ok := h.past.At(e, float64(now)-back)
				two, also := o.past.At(e, float64(now)-back)
				if one != two || ok != also {
					t.Fatalf("tick %d, entity %d, %g ticks back: %+v, %+v", now, e, back, one, two)
				}
			}
		}
	}
	plain := world.New(world.Config{})
	world.NewTable[walkersv1.Walker](plain)
	saved, err := plain.Save()
	if err != nil {
		t.Fatal(err)
	}
	if err := newHerd().w.Restore(saved); err == nil {
		t.Error("a world without a history is restored into one with")
	}
}

func TestHistoryAllocatesNothing(t *testing.T) {
	h := newHerd()
	var last world.Entity
	for range 50 {
		last = h.w.Spawn(h.field)
		h.walkers.Set(last, walkersv1.Walker{X: float32(last)})
	}
	for range 30 {
		h.w.Commit()
	}
	n := 0
	if allocs := testing.AllocsPerRun(100, func() {
		now := float64(h.w.Commit())
		if _, ok := h.past.At(last, now-2.5); ok {
			n++
		}
		for range h.past.Near(0, 0, 30, now-1.5) {
			n++
		}
	}); allocs > 0 || n == 0 {
		t.Errorf("%g allocations per tick; %d found", allocs, n)
	}
}

func TestHistoriesThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(h *herd){
		"no time":  func(h *herd) { world.NewHistory(world.NewTable[walkersv1.Walker](world.New(world.Config{})), 0) },
		"a second": func(h *herd) { world.NewHistory(h.walkers, 1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: it is made", name)
				}
			}()
			make(newHerd())
		}()
	}
}

func BenchmarkHistory(b *testing.B) {
	h := newHerd()
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 1000 {
		h.walkers.Set(h.w.Spawn(h.field), walkersv1.Walker{X: rnd.Float32() * 100, Y: rnd.Float32() * 100})
	}
	for range 20 {
		h.w.Commit()
	}
	b.Run("commit", func(b *testing.B) {
		for b.Loop() {
			h.w.Commit()
		}
	})
	b.Run("near", func(b *testing.B) {
		now := float64(h.w.Committed())
		for b.Loop() {
			for range h.past.Near(50, 50, 3, now-2.5) {
			}
		}
	})
}
