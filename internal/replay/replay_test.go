package replay_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/journal"
	"github.com/tickroom/tickroom/internal/replay"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

// hut is a game of ten entities that move by the world's random numbers, with a fault.
type hut struct {
	*world.Room
	all   *world.Group
	rows  *world.Table[walkersv1.Walker]
	ents  []world.Entity
	fault func(h *hut, tick uint32)
}

func (h *hut) Join(p *world.Player, _ []byte) error { p.Subscribe(h.all); return nil }
func (h *hut) Leave(*world.Player)                  {}

func (h *hut) Tick() {
	for _, e := range h.ents {
		h.rows.Get(e).X = float32(h.Rand().IntN(100))
	}
	if h.fault != nil {
		h.fault(h, h.World.Tick())
	}
}

func kind(fault func(h *hut, tick uint32)) world.Kind {
	return world.Kind{Name: "hut", Schema: walkersv1.Schema, New: func(r *world.Room) (world.Game, error) {
		h := &hut{Room: r, fault: fault}
		h.all = r.NewGroup("all")
		h.rows = world.NewTable[walkersv1.Walker](r.World)
		for range 10 {
			e := r.Spawn(h.all)
			h.rows.Set(e, walkersv1.Walker{})
			h.ents = append(h.ents, e)
		}
		return h, nil
	}}
}

// record plays some ticks of a kind, until it panics, and returns its journal, with the state at its end.
func record(t *testing.T, k world.Kind, ticks int, every float64) *journal.Journal {
	t.Helper()
	ring := journal.NewRing(16<<20, nil)
	w := journal.NewWriter("", every, ring)
	c, err := journal.New(k, world.Setup{Seed: 3}, w)
	if err != nil {
		t.Fatal(err)
	}
	p := &world.Player{Interest: world.NewInterest(c.World), ID: 1}
	if err := c.Join(p, nil); err != nil {
		t.Fatal(err)
	}
	panicked := func() (v any) {
		defer func() { v = recover() }()
		for range ticks {
			c.SetNow(c.Now() + 50_000)
			c.Step()
		}
		return nil
	}()
	w.Flush()
	var end []journal.Part
	if panicked == nil {
		state, err := journal.Compare(c.Room)
		if err != nil {
			t.Fatal(err)
		}
		end = append(end, state)
	}
	b := bytes.Join(ring.Snapshot(end...), nil)
	j, err := journal.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestTheSame(t *testing.T) {
	t.Parallel()
	k := kind(nil)
	j := record(t, k, 100, 1)
	res, err := replay.Verify(j, k, nil)
	if err != nil || res.Ticks != 100 || res.Hashes != 5 || res.Bad != 0 || res.Panicked != nil || res.Rate != 20 {
		t.Errorf("%+v, %v", res, err)
	}
	if f, err := replay.BisectReplay(j, k, 3, nil); err != nil || f != (replay.Finding{}) {
		t.Errorf("%+v, %v", f, err)
	}
}

// A panic comes again in its tick, with its stack.
func TestPanic(t *testing.T) {
	t.Parallel()
	k := kind(plantedPanic)
	res, err := replay.Verify(record(t, k, 100, 1), k, nil)
	if err != nil || res.Panicked == nil {
		t.Fatalf("%+v, %v", res, err)
	}
	if p := res.Panicked; p.Tick != 77 || p.Call != "step" || !strings.Contains(p.Stack, "plantedPanic") || !strings.Contains(p.Error(), "tick 77, in step: a fault") {
		t.Errorf("%v\n%s", p, p.Stack)
	}
}

func plantedPanic(_ *hut, tick uint32) {
	if tick == 77 {
		panic("a fault")
	}
}

// The order of a map, or anything else that differs from one replay to the next, is found down to the
// field, in the tick in which it shows.
func TestWhatIsNotDeterministic(t *testing.T) {
	t.Parallel()
	played := float32(0) // what a clock is: another one each time
	k := kind(func(h *hut, tick uint32) {
		if tick == 42 {
			played++
			h.rows.Get(h.ents[6]).Y = played
		}
	})
	j := record(t, k, 100, 1)
	f, err := replay.BisectReplay(j, k, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	table := walkersv1.Schema.Components[0].Name
	want := replay.Finding{Tick: 42, After: 41, What: "table " + table, Entity: 7, Field: "y", One: "2", Other: "3"}
	if f != want {
		t.Errorf("%+v\nwant %+v", f, want)
	}
	m := map[int]float32{}
	for i := range 50 {
		m[i] = float32(i)
	}
	k = kind(func(h *hut, tick uint32) {
		for _, v := range m {
			h.rows.Get(h.ents[2]).X = v
		}
	})
	if f, err := replay.BisectReplay(record(t, k, 50, 1), k, 3, nil); err != nil || f.Tick == 0 || f.Entity != 3 || f.Field != "x" {
		t.Errorf("a map's order: %+v, %v", f, err)
	}
	k = kind(func(h *hut, tick uint32) {
		if played++; int(played)%2 == 0 {
			h.Rand().Uint64()
		}
	})
	if f, err := replay.BisectReplay(record(t, k, 51, 1), k, 2, nil); err != nil || f.Tick != 1 || f.What != "random numbers" {
		t.Errorf("random numbers: %+v, %v", f, err)
	}
}

// Faults as authors make them are each found in the first tick in which they show, down to the field.
func TestPlantedFaults(t *testing.T) {
	t.Parallel()
	const from = 42
	flags := map[int]float32{}
	for i := range 500 {
		flags[i] = float32(i)
	}
	spare := []*struct{ heat float32 }{{}} // what rooms were done with, and others use again
	for name, fault := range map[string]func(h *hut){
		"the order of a map": func(h *hut) {
			for _, v := range flags {
				h.rows.Get(h.ents[4]).Y = v
			}
		},
		"a clock": func(h *hut) { h.rows.Get(h.ents[4]).Y = float32(time.Since(begun).Nanoseconds() % 1_000_003) },
		"a field that is not initialised": func(h *hut) {
			s := spare[0]
			s.heat++ // from what the one before has left there
			h.rows.Get(h.ents[4]).Y = s.heat
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := kind(func(h *hut, tick uint32) {
				if tick >= from {
					fault(h)
				}
			})
			f, err := replay.BisectReplay(record(t, k, 60, 1), k, 3, nil)
			if err != nil {
				t.Fatal(err)
			}
			// Chance may have it that nothing shows in the first tick.
			if f.Tick < from || f.Tick > from+2 || f.After != f.Tick-1 || f.What != "table "+walkersv1.Schema.Components[0].Name || f.Entity != 5 || f.Field != "y" || f.One == f.Other {
				t.Errorf("%+v", f)
			}
		})
	}
}

var begun = time.Now()

// A program that simulates otherwise, but does so each time, is found by the hashes in the journal, to
// the second or to the tick, and by the state at its end.
func TestAnotherProgram(t *testing.T) {
	t.Parallel()
	other := kind(func(h *hut, tick uint32) {
		if tick >= 42 {
			h.rows.Get(h.ents[6]).Y = 1
		}
	})
	for every, want := range map[float64]replay.Finding{
		1: {Tick: 61, After: 41}, // a hash in tick 1, 21, 41 ...
		0: {Tick: 42, After: 41},
	} {
		want.What, want.Entity, want.Field, want.One, want.Other = "table "+walkersv1.Schema.Components[0].Name, 7, "y", "0", "1"
		f, err := replay.BisectReplay(record(t, kind(nil), 100, every), other, 3, nil)
		if err != nil || f != want {
			t.Errorf("a hash each %v s: %+v, %v\nwant %+v", every, f, err, want)
		}
	}
}

// A journal without its beginning is said to be one.
func TestWithoutItsBeginning(t *testing.T) {
	t.Parallel()
	ring := journal.NewRing(1000, nil)
	c, err := journal.New(kind(nil), world.Setup{}, journal.NewWriter("", 1, ring))
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		c.SetNow(c.Now() + 50_000)
		c.Step()
	}
	b := bytes.Join(ring.Snapshot(), nil)
	j, err := journal.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := replay.Verify(j, kind(nil), nil); err == nil || !strings.Contains(err.Error(), "begins after tick") {
		t.Error(err)
	}
}
