package quiz

import (
	"fmt"
	"runtime"
	"testing"

	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/world"
)

// fullHouse returns a house of 10,000 contestants who have answered 11 questions of 12, and the show's
// state with the outcome of the twelfth.
func fullHouse(b *testing.B) (*house, *quizv1.State) {
	w := &wire{t: b, now: 1_700_000_000_000_000}
	r := w.add("house", Kind(), nil)
	h := r.game.(*house)
	st := &quizv1.State{Version: 1, Phase: quizv1.Phase_PHASE_LOBBY, Mode: quizv1.Mode_MODE_POINTS, Run: 1, StreakBonus: 100, MaxStreakBonus: 500, Houses: 1}
	h.onState(nil, st)
	for i := range 10_000 {
		p := &world.Player{Interest: world.NewInterest(r.World), ID: uint32(i + 1), Name: fmt.Sprint("Player ", i), PlayerID: fmt.Sprint("p", i)}
		if err := r.Join(p, nil); err != nil {
			b.Fatal(err)
		}
	}
	ask := *st
	ask.Version, ask.Phase = 2, quizv1.Phase_PHASE_REVEALED
	ask.Ask = &quizv1.Ask{Number: 12, Options: []string{"a", "b", "c"}, TimeMs: 10_000}
	for n := range 12 {
		ask.Outcomes = append(ask.Outcomes, &quizv1.Outcome{
			Number: uint32(n + 1), Key: 2, TimeMs: 10_000, Points: 1000, OpensAt: 1, ClosesAt: 1 + 10*second,
		})
		for i, c := range h.contestants {
			c.give(uint32(n+1), answer{given: true, option: uint8((i + n) % 3), elapsed: uint16(i * (n + 7) % 1000)})
		}
	}
	before := ask
	before.Version, before.Outcomes = 2, ask.Outcomes[:11]
	h.onState(nil, &before)
	r.TakePosts()
	ask.Version = 3
	return h, &ask
}

// BenchmarkReveal is what a full house does in the tick in which the key comes, and in that in which
// all contestants are told.
func BenchmarkReveal(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		h, st := fullHouse(b)
		b.StartTimer()
		h.onState(nil, st)
		b.StopTimer()
		h.room.TakePosts()
		b.StartTimer()
		h.tellAll()
	}
}

// BenchmarkContestant is the memory of a contestant of a full house, with what it was told after each
// of 12 questions, beside what the server has for it.
func BenchmarkContestant(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		h, _ := fullHouse(b)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/10_000, "B/contestant")
		for range 24 {
			h.tellAll()
			h.room.Step()
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/10_000, "B/contestant-told")
		b.StartTimer()
		h.room.Step()
	}
}
