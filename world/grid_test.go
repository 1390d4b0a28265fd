package world_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

// The grid finds what a linear scan finds, wherever things are: also outside its
// bounds, on cell borders, and after any moves.
func TestTheGridFindsWhatALinearScanFinds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := world.New(world.Config{})
		g := w.NewSpatialGroup("g", world.Bounds{MinX: -50, MinY: 0, MaxX: 50, MaxY: 30}, rapid.Float64Range(1, 40).Draw(t, "cell"))
		coord := rapid.OneOf(rapid.Float64Range(-120, 120), rapid.Map(rapid.IntRange(-12, 12), func(i int) float64 { return float64(i) * 10 }))
		type place struct{ x, y float64 }
		at := map[world.Entity]place{}
		for range rapid.IntRange(1, 60).Draw(t, "moves") {
			var e world.Entity
			if len(at) > 0 && rapid.Bool().Draw(t, "old") {
				keys := make([]world.Entity, 0, len(at))
				for k := range at {
					keys = append(keys, k)
				}
				slices.Sort(keys)
				e = rapid.SampledFrom(keys).Draw(t, "which")
				if rapid.IntRange(0, 4).Draw(t, "destroy") == 0 {
					w.Destroy(e)
					delete(at, e)
					continue
				}
			} else {
				e = w.Spawn(g)
			}
			p := place{coord.Draw(t, "x"), coord.Draw(t, "y")}
			w.Place(e, p.x, p.y)
			at[e] = p
		}
		x, y, r := coord.Draw(t, "cx"), coord.Draw(t, "cy"), rapid.Float64Range(0, 100).Draw(t, "r")
		var got, want []world.Entity
		g.Near(x, y, r, func(e world.Entity, ex, ey float64) bool {
			if (place{ex, ey}) != at[e] {
				t.Fatalf("entity %d is said to be at %g, %g and is at %v", e, ex, ey, at[e])
			}
			got = append(got, e)
			return true
		})
		for e, p := range at {
			if dx, dy := p.x-x, p.y-y; dx*dx+dy*dy <= r*r {
				want = append(want, e)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("found %v, should be %v", got, want)
		}
	})
}

func TestPlacesThatAreNoNumbersDoNoHarm(t *testing.T) {
	t.Parallel()
	w := world.New(world.Config{})
	g := w.NewSpatialGroup("g", world.Bounds{MaxX: 10, MaxY: 10}, 1)
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64} {
		w.Place(w.Spawn(g), x, x)
	}
	in := world.NewInterest(w)
	in.Watch(g, 5).LookAt(math.NaN(), math.Inf(1))
	w.Commit()
	in.AppendSince(nil, new(world.Scratch), 0, 0)
}

// An event at a place reaches those whose view has it, and those who see the
// whole group.
func TestAnEventAtAPlaceReachesThoseNear(t *testing.T) {
	t.Parallel()
	w := world.New(world.Config{})
	g := w.NewSpatialGroup("g", world.Bounds{MaxX: 1000, MaxY: 1000}, 50)
	near, far, whole := world.NewInterest(w), world.NewInterest(w), world.NewInterest(w)
	near.Watch(g, 100).LookAt(100, 100)
	far.Watch(g, 100).LookAt(900, 900)
	whole.Subscribe(g)
	var sc world.Scratch
	w.Commit()
	for _, in := range []*world.Interest{near, far, whole} {
		in.AppendSince(nil, &sc, 0, 0)
	}
	g.EmitAt(150, 100, &ping{n: 1})
	w.Commit()
	for name, c := range map[string]struct {
		in   *world.Interest
		told bool
	}{"near": {near, true}, "far": {far, false}, "whole": {whole, true}} {
		if b := c.in.AppendSince(nil, &sc, 1, 1); (len(b) > 0) != c.told {
			t.Errorf("%s: %d bytes", name, len(b))
		}
	}
}

func TestNumbersAreUsedAgainLowestFirstAfterAWhile(t *testing.T) {
	t.Parallel()
	w := world.New(world.Config{Quarantine: 3})
	g := w.NewGroup("g")
	for want := world.Entity(1); want <= 5; want++ {
		if e := w.Spawn(g); e != want {
			t.Fatalf("got %d, want %d", e, want)
		}
	}
	w.Destroy(4)
	w.Destroy(2)
	w.Destroy(2) // a second time: no effect
	if e := w.Spawn(g); e != 6 {
		t.Errorf("got %d at once", e)
	}
	for range 3 {
		w.Commit()
	}
	for _, want := range []world.Entity{2, 4, 7} {
		if e := w.Spawn(g); e != want {
			t.Errorf("got %d, want %d", e, want)
		}
	}
	if w.Entities() != 7 || !w.Alive(2) || w.Alive(99) || w.GroupOf(99) != nil {
		t.Errorf("%d entities", w.Entities())
	}
}

func TestRowPointersStayGood(t *testing.T) {
	t.Parallel()
	w := world.New(world.Config{})
	g := w.NewGroup("g")
	walkers := world.NewTable[walkersv1.Walker](w)
	first := w.Spawn(g)
	p := walkers.Add(first)
	for range 2000 {
		walkers.Add(w.Spawn(g))
	}
	p.X = 7
	if got := walkers.Get(first); got != p || got.X != 7 {
		t.Error("the row moved")
	}
	n := 0
	for e := range walkers.All() {
		if n++; n%3 == 0 {
			walkers.Remove(e)
		}
	}
	if n != 2001 || walkers.Len() != 2001-667 {
		t.Errorf("%d rows seen, %d left", n, walkers.Len())
	}
}

func TestAClosedGroupIsGoneForItsSubscribers(t *testing.T) {
	t.Parallel()
	w := world.New(world.Config{})
	g := w.NewGroup("g")
	walkers := world.NewTable[walkersv1.Walker](w)
	walkers.Add(w.Spawn(g))
	in := world.NewInterest(w)
	in.Subscribe(g)
	w.Commit()
	var sc world.Scratch
	in.AppendSince(nil, &sc, 0, 0)
	g.Close()
	g.Close()
	w.Commit()
	if b := in.AppendSince(nil, &sc, 1, 1); len(b) != 3 || b[0] != 5<<3|2 {
		t.Errorf("sent %x, want the one entity removed", b)
	}
	if w.Group("g") != nil || w.NewGroup("g") == nil {
		t.Error("the name is not free")
	}
}
