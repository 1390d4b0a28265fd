package replay_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tickroom/tickroom/internal/replay"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
)

// A reel has the room after any tick, whatever it has ready and in whatever order it is asked.
func TestReel(t *testing.T) {
	t.Parallel()
	const last = 1300
	k := kind(nil)
	j := record(t, k, last, 1)
	straight, err := replay.Start(j, k, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []uint64{0}
	for tick := uint32(1); tick <= last; tick++ {
		if err := straight.Forward(tick); err != nil {
			t.Fatal(err)
		}
		want = append(want, straight.Room().Hash())
	}
	story, err := replay.Tell(j, k)
	if err != nil {
		t.Fatal(err)
	}
	reel := replay.NewReel(j, k, story)
	rnd := rand.New(rand.NewPCG(1, 2))
	check := func(tick uint32) *replay.Run {
		t.Helper()
		near := reel.Nearest(tick)
		run, err := reel.Take(tick)
		if err != nil {
			t.Fatal(err)
		}
		if run.At() != near || near > tick {
			t.Errorf("the run for tick %d stands at %d, and Nearest says %d", tick, run.At(), near)
		}
		if err := run.Forward(tick); err != nil {
			t.Fatal(err)
		}
		if run.At() != tick || run.Room().Hash() != want[tick] {
			t.Errorf("tick %d: the room of tick %d has the hash %016x, want %016x", tick, run.At(), run.Room().Hash(), want[tick])
		}
		return run
	}
	check(700) // before anything is ready
	for range 60 {
		for range rnd.IntN(30) {
			reel.Fill(50)
		}
		run := check(uint32(1 + rnd.IntN(last)))
		if rnd.IntN(2) == 0 {
			reel.Give(run)
		}
	}
	for reel.Fill(50) {
	}
	for tick := uint32(1); tick <= last; tick += 30 {
		if near := reel.Nearest(tick); tick-near > last/7+1 {
			t.Errorf("tick %d: the nearest run stands at %d", tick, near)
		}
	}
}

// The story of a room has who came and went, what happened, and where it was played otherwise.
func TestStory(t *testing.T) {
	t.Parallel()
	k := kind(func(h *hut, tick uint32) {
		if tick == 50 {
			h.all.Emit(&walkersv1.Heard{Player: 1, Text: "hello"})
		}
	})
	j := record(t, k, 100, 1)
	s, err := replay.Tell(j, k)
	if err != nil {
		t.Fatal(err)
	}
	if s.Last != 100 || s.Rate != 20 || s.Trouble != "" || len(s.Visits) != 1 || s.Visits[0] != (replay.Visit{Player: 1, From: 1}) {
		t.Errorf("%+v", s)
	}
	event := replay.Mark{Tick: 50, What: walkersv1.Schema.Events[0].Name, Text: `{"Player":1,"Text":"hello"}`}
	if want := []replay.Mark{{Tick: 1, What: "join"}, event}; !slices.Equal(s.Marks, want) {
		t.Errorf("marks %+v, want %+v", s.Marks, want)
	}
	other := kind(func(h *hut, tick uint32) {
		if tick >= 30 {
			h.rows.Get(h.ents[6]).Y = 1
		}
		plantedPanic(h, tick)
	})
	if s, err = replay.Tell(j, other); err != nil {
		t.Fatal(err)
	}
	if s.Last != 76 || len(s.Marks) != 3 || s.Marks[1].Tick != 41 || s.Marks[1].What != "differs" || s.Marks[2].Tick != 77 || s.Marks[2].What != "panic" {
		t.Errorf("%+v", s)
	}
}
