package quiz

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/world"
)

// simulation is a show with houses full of contestants without clients: the logic of answers, scores
// and ranks alone, by the messages that the rooms send each other.
type simulation struct {
	tb     testing.TB
	wire   *wire
	show   *show
	houses []*house
	rnd    *rand.Rand

	// What it took, of all questions together.
	counting time.Duration // from the key to the ranks of all, all rooms one after the other
	longest  struct{ house, show time.Duration }
	bytes    int // of the messages between the rooms meanwhile
}

func newSimulation(tb testing.TB, houses, each, questions int, mode string) *simulation {
	tb.Helper()
	s := &simulation{tb: tb, wire: &wire{t: tb, now: 1_700_000_000_000_000}, rnd: rand.New(rand.NewPCG(5, 6))}
	sh := s.wire.add("show", ShowKind(nil), map[string]string{"file": "none"})
	s.show = sh.game.(*show)
	for i := range houses {
		r := s.wire.add(fmt.Sprintf("house-%03d", i), Kind(), nil)
		h := r.game.(*house)
		s.houses = append(s.houses, h)
		all := make([]contestant, each)
		nobody := &world.Player{Interest: world.NewInterest(r.World)}
		r.SetAway(nobody, true) // is told nothing
		for j := range all {
			c := &all[j]
			*c = contestant{id: fmt.Sprint(i, "/", j), name: fmt.Sprint("Player ", j), number: uint32(j + 1), player: nobody, place: -1, from: 1}
			c.score.alive = true
			h.contestants = append(h.contestants, c)
			h.byID[c.id] = c
		}
	}
	for range 5 {
		s.step()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "mode: %s\nrevives: 2\nseconds: 3\npause: 2\nstart_with: %d\nquestions:\n", mode, houses*each)
	for range questions {
		b.WriteString("- {text: q, options: [a, b, c], answer: B}\n")
	}
	if err := s.show.load("simulation", "", []byte(b.String())); err != nil {
		tb.Fatal(err)
	}
	return s
}

// step simulates one tick, and forgets what was sent.
func (s *simulation) step() {
	s.wire.step()
	if len(s.wire.posts) > 10_000 {
		for _, r := range s.wire.rooms {
			r.house.Reset()
		}
	}
}

// question plays the next question: everybody who is in answers at a random time, or does not.
func (s *simulation) question(number uint32) {
	s.tb.Helper()
	for n := 0; s.show.phase != quizv1.Phase_PHASE_OPEN || s.show.ask.Number != number; n++ {
		if n > 20*60 {
			s.tb.Fatalf("question %d never came: %v, %d outcomes, next at %d, now %d, held %v, heard of %d", number, s.show.phase, len(s.show.outcomes), s.show.nextAt, s.wire.now, s.show.held, len(s.show.tally.ids))
		}
		s.step()
	}
	ask := s.show.ask
	ticks := int(ask.TimeMs) / 50
	answers := make([][][]*contestant, len(s.houses)) // by house and tick
	for i, h := range s.houses {
		answers[i] = make([][]*contestant, ticks)
		for _, c := range h.contestants {
			if t := s.rnd.IntN(ticks + ticks/10); c.score.alive && t < ticks {
				answers[i][t] = append(answers[i][t], c)
			}
		}
	}
	for s.wire.now < ask.OpensAt {
		s.step()
	}
	for t := range ticks {
		for i, h := range s.houses {
			for _, c := range answers[i][t] {
				option := uint32(1)
				if s.rnd.IntN(4) == 0 {
					option = 2
				}
				c.player.Data = c
				if _, err := h.answer(c.player, &quizv1.Answer{Question: number, Option: option, Run: 1}); err != nil {
					s.tb.Fatal(err)
				}
			}
		}
		s.step()
	}
	for len(s.show.outcomes) < int(number) {
		s.step()
	}
	s.count()
}

// count goes on until all are ranked, and measures what it takes.
func (s *simulation) count() {
	s.tb.Helper()
	start, sent := time.Now(), len(s.wire.posts)
	for n := 0; ; n++ {
		if n > 20*10 {
			s.tb.Fatal("the ranks never came")
		}
		s.timed()
		if done := s.show.ranked == uint32(len(s.show.outcomes)) && s.show.tally.idle(); done && !slices.ContainsFunc(s.houses, func(h *house) bool { return h.ranks.missing > 0 || h.scored == 0 }) {
			break
		}
	}
	s.counting += time.Since(start)
	for _, p := range s.wire.posts[sent:] {
		s.bytes += len(p.Data)
	}
}

// timed steps as step does, and notes the longest time that a room has taken.
func (s *simulation) timed() {
	all := s.wire.rooms
	for i, r := range all {
		start := time.Now()
		s.wire.rooms = all[i : i+1]
		if i > 0 {
			s.wire.now -= second / 20
		}
		s.wire.step()
		took := time.Since(start)
		if r.ID() == "show" {
			s.longest.show = max(s.longest.show, took)
		} else {
			s.longest.house = max(s.longest.house, took)
		}
	}
	s.wire.rooms = all
}

// check compares the ranks of all contestants with those that come of sorting them, by scores worked
// out here from their answers.
func (s *simulation) check(mode string) {
	s.tb.Helper()
	type entry struct {
		c           *contestant
		score, time int
	}
	var all []entry
	for _, h := range s.houses {
		for _, c := range h.contestants {
			e := entry{c: c}
			alive, revives, streak := true, 2, 0
			for i, o := range s.show.outcomes {
				if mode == "elimination" && !alive {
					break
				}
				a := c.answer(uint32(i + 1))
				if a.given && a.option == 1 {
					e.time += int(a.elapsed)
					streak++
					if mode == "elimination" {
						e.score += 102
						continue
					}
					points := 1000.0
					if a.elapsed >= 50 {
						points = math.Round(1000 * (1 - float64(a.elapsed)/300/2))
					}
					e.score += int(points) + min(100*(streak-1), 500)
					continue
				}
				e.time += 300
				streak = 0
				if mode == "elimination" {
					if revives == 0 || o.Last {
						alive = false
						continue
					}
					revives--
					e.score += 101
				}
			}
			if mode == "elimination" && c.score.alive != alive {
				s.tb.Fatalf("%s is in: %v, want %v", c.id, c.score.alive, alive)
			}
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b entry) int { return cmp.Or(b.score-a.score, a.time-b.time) })
	rank := 0
	for i, e := range all {
		if i == 0 || e.score != all[i-1].score || e.time != all[i-1].time {
			rank = i + 1
		}
		if int(e.c.rank) != rank || int(e.c.among) != len(all) {
			s.tb.Fatalf("after question %d: %s has rank %d of %d, want %d of %d", len(s.show.outcomes), e.c.id, e.c.rank, e.c.among, rank, len(all))
		}
	}
}

// TestRanksOfThousands compares ranks over many houses with sorting.
func TestRanksOfThousands(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"points", "elimination"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := newSimulation(t, 8, 300, 5, mode)
			for n := range 5 {
				s.question(uint32(n + 1))
				s.check(mode)
			}
		})
	}
}

// BenchmarkMillion plays 12 questions with 1,000,000 contestants in 100 houses, and compares all
// ranks after each question with sorting. ns/question is from the key to the ranks of all, with all
// rooms on one core; the longest ticks are those of one room.
func BenchmarkMillion(b *testing.B) {
	for _, mode := range []string{"points", "elimination"} {
		b.Run(mode, func(b *testing.B) {
			for range b.N {
				s := newSimulation(b, 100, 10_000, 12, mode)
				for n := range 12 {
					s.question(uint32(n + 1))
					s.check(mode)
				}
				b.ReportMetric(float64(s.counting.Milliseconds())/12, "ms/question")
				b.ReportMetric(float64(s.longest.show.Milliseconds()), "show-ms/tick-max")
				b.ReportMetric(float64(s.longest.house.Milliseconds()), "house-ms/tick-max")
				b.ReportMetric(float64(s.bytes)/12/1e6, "MB/question")
			}
		})
	}
}
