package world_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tickroom/tickroom/world"
)

// restored returns a sim of its own whose world is a restored copy of s's, and
// whose random choices go on as those of s do.
func (s *sim) restored(src *rand.PCG) *sim {
	saved, err := s.w.Save()
	if err != nil {
		s.t.Fatal(err)
	}
	own := *src
	c := &sim{t: s.t, rnd: rand.New(&own), cfg: s.cfg, live: slices.Clone(s.live), pings: s.pings, inc: map[world.Entity]int{}}
	c.build()
	if err := c.w.Restore(saved); err != nil {
		s.t.Fatal(err)
	}
	again, err := c.w.Save()
	if err != nil {
		s.t.Fatal(err)
	}
	if !bytes.Equal(saved, again) {
		s.t.Fatalf("tick %d: a restored world is saved differently", s.w.Committed())
	}
	if s.w.Hash() != c.w.Hash() {
		s.t.Fatalf("tick %d: a restored world has another hash", s.w.Committed())
	}
	return c
}

func (s *sim) tick() {
	for range s.rnd.IntN(12) {
		s.change()
	}
	s.w.Rand().Uint64()
	s.w.Commit()
}

// whole returns what a client that sees all groups whole is sent from a base.
func (s *sim) whole() []byte {
	in := world.NewInterest(s.w)
	in.Subscribe(s.field)
	for _, g := range s.teams {
		in.Subscribe(g)
	}
	s.w.Commit()
	return in.AppendSince(nil, &s.sc, 0, 0)
}

func TestARestoredWorldGoesOnAsTheSavedOne(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			src := rand.NewPCG(seed, 2)
			a := newSim(t, seed)
			a.clients, a.rnd = nil, rand.New(src)
			for range 50 + seed*7 {
				a.tick()
			}
			b := a.restored(src)
			for range 100 {
				a.tick()
				b.tick()
				if a.w.Hash() != b.w.Hash() {
					t.Fatalf("tick %d: hashes differ", a.w.Committed())
				}
			}
			x, _ := a.w.Save()
			y, _ := b.w.Save()
			if !bytes.Equal(x, y) {
				t.Fatal("the worlds differ after 100 ticks")
			}
			if !bytes.Equal(a.whole(), b.whole()) {
				t.Fatal("clients are sent different bytes")
			}
		})
	}
}

func TestRestoreRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	s := newSim(t, 1)
	s.clients = nil
	for range 50 {
		s.tick()
	}
	saved, err := s.w.Save()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.w.Restore(saved); !errors.Is(err, world.ErrSaved) {
		t.Errorf("into a world with entities: %v", err)
	}
	if err := world.New(world.Config{}).Restore(saved); !errors.Is(err, world.ErrSaved) {
		t.Errorf("into a world without tables: %v", err)
	}
	if err := world.New(world.Config{}).Restore([]byte("no world")); !errors.Is(err, world.ErrSaved) {
		t.Errorf("of garbage: %v", err)
	}
}

func FuzzRestore(f *testing.F) {
	s := newSim(f, 3)
	s.clients = nil
	for range 20 {
		s.tick()
	}
	saved, err := s.w.Save()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(saved)
	f.Fuzz(func(t *testing.T, saved []byte) {
		s := &sim{t: t, rnd: rand.New(rand.NewPCG(1, 1)), inc: map[world.Entity]int{}}
		s.build()
		if err := s.w.Restore(saved); err != nil {
			if !errors.Is(err, world.ErrSaved) {
				t.Fatal(err)
			}
			return
		}
		// What was accepted can be used and saved.
		s.w.Spawn(s.field)
		s.w.Commit()
		if _, err := s.w.Save(); err != nil {
			t.Fatal(err)
		}
	})
}

// embedded is a game that embeds its room, and so has what the room has.
type embedded struct{ *world.Room }

func (embedded) Join(*world.Player, []byte) error { return nil }
func (embedded) Leave(*world.Player)              {}
func (embedded) Tick()                            {}

// A game is a Saver by methods of its own alone.
func TestEmbeddedRoomIsNoSaver(t *testing.T) {
	t.Parallel()
	r, _, err := world.NewRoom(world.Kind{Name: "x", New: func(r *world.Room) (world.Game, error) { return embedded{r}, nil }}, world.Setup{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Checkpoint(); r.Saves() || !errors.Is(err, world.ErrNoSaver) {
		t.Errorf("a game that embeds its room is a Saver: %v, %v", r.Saves(), err)
	}
}
