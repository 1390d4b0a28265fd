package quiz

import (
	"strings"
	"testing"

	"github.com/tickroom/tickroom/gametest"
	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/world"
)

// away takes the bus away from all rooms, or gives it back.
func (s *stage) away(away bool) {
	s.t.Helper()
	topics := map[*gametest.Room]string{s.show: upTopic("main")}
	for _, h := range s.houses {
		topics[h] = downTopic("main")
	}
	for room, topic := range topics {
		if away {
			room.Deafen(topic)
		} else {
			room.Undeafen(topic, false)
		}
	}
}

// startApart starts a show with a contestant in each of two houses, and waits for the first question.
func startApart(t *testing.T, head string, questions int) (s *stage, ann, bob *gametest.Player) {
	t.Helper()
	s = newStage(t, 2, file(head, questions))
	s.load()
	ann, bob = s.houses[0].Join("Ann"), s.houses[1].Join("Bob")
	s.tick(30)
	s.conduct(quizv1.Act_ACT_START)
	return s, ann, bob
}

// TestTheBusIsAwayOverAReveal takes the bus away while a question is open, for longer than several questions
// would take. Its key and the ranks are shown when it is back, and nobody has missed another one.
func TestTheBusIsAwayOverAReveal(t *testing.T) {
	t.Parallel()
	s, ann, bob := startApart(t, "mode: elimination", 3)
	s.open(1)
	s.mustAnswer(ann, 1, 1)
	s.away(true)
	s.mustAnswer(bob, 1, 1)
	s.tick(20 * 60)
	if row := s.row(ann); !row.Lost || row.Question != 1 || one[quizv1.Question](ann).Key != 0 {
		t.Errorf("meanwhile: %+v", row)
	}
	s.away(false)
	s.phase(quizv1.Phase_PHASE_REVEALED)
	s.tick(10)
	for _, p := range []*gametest.Player{ann, bob} {
		if q := one[quizv1.Question](p); q.Number != 1 || q.Key != 2 {
			t.Errorf("%s is shown %+v", p.Name, q)
		}
		if m := mine(p, nil); m.Ranked != 1 || m.Rank != 1 || m.Among != 2 || !m.Alive {
			t.Errorf("%s is told %+v", p.Name, m)
		}
	}
	for n := range uint32(2) {
		s.open(n + 2)
		s.mustAnswer(ann, n+2, 1)
		s.mustAnswer(bob, n+2, 1)
	}
	s.phase(quizv1.Phase_PHASE_OVER)
	s.tick(40)
	for _, p := range []*gametest.Player{ann, bob} {
		if m := mine(p, nil); !m.Won || m.Right != 3 {
			t.Errorf("%s at the end: %+v", p.Name, m)
		}
	}
}

// TestTheBusIsAwayAfterAReveal takes it away when the key is on its way: it is shown, and stays for its time.
func TestTheBusIsAwayAfterAReveal(t *testing.T) {
	t.Parallel()
	s, ann, bob := startApart(t, "mode: elimination", 2)
	s.open(1)
	s.mustAnswer(ann, 1, 1)
	s.mustAnswer(bob, 1, 1)
	s.phase(quizv1.Phase_PHASE_CLOSED)
	s.houses[0].Deafen(downTopic("main"))
	s.houses[1].Deafen(downTopic("main"))
	s.until("the key, in the show", func() bool { return s.told(1) })
	s.show.Deafen(upTopic("main"))
	s.tick(20 * 30)
	s.away(false)
	s.phase(quizv1.Phase_PHASE_REVEALED)
	s.tick(20)
	if q, m := one[quizv1.Question](bob), mine(bob, nil); q.Number != 1 || q.Key != 2 || m.Ranked != 1 {
		t.Errorf("the key is shown as %+v\n%+v", q, m)
	}
	s.open(2)
}

// told reports whether the show has posted the outcome of a question.
func (s *stage) told(number int) bool {
	for _, st := range gametest.Posted[quizv1.State](s.show, downTopic("main")) {
		if len(st.Outcomes) >= number {
			return true
		}
	}
	return false
}

// TestAQuestionThatNobodyCouldSee has a question on its way to the houses when the bus goes away: it counts for
// nobody, as they could not show it in time.
func TestAQuestionThatNobodyCouldSee(t *testing.T) {
	t.Parallel()
	s, ann, bob := startApart(t, "mode: elimination", 2)
	for _, h := range s.houses {
		h.Deafen(downTopic("main"))
	}
	s.until("the question, in the show", func() bool {
		for _, st := range gametest.Posted[quizv1.State](s.show, downTopic("main")) {
			if st.Ask != nil {
				return true
			}
		}
		return false
	})
	s.show.Deafen(upTopic("main"))
	s.tick(20 * 30)
	s.away(false)
	s.until("the question is taken out", func() bool { q := one[quizv1.Question](ann); return q != nil && q.Skipped })
	s.tick(20)
	for _, p := range []*gametest.Player{ann, bob} {
		if m := mine(p, nil); !m.Alive || m.Verdict != quizv1.Verdict_VERDICT_SKIPPED {
			t.Errorf("%s: %+v", p.Name, m)
		}
	}
	s.open(2)
	s.mustAnswer(ann, 2, 1)
	s.mustAnswer(bob, 2, 1)
	s.phase(quizv1.Phase_PHASE_OVER)
	s.tick(40)
	if a, b := mine(ann, nil), mine(bob, nil); !a.Won || !b.Won {
		t.Errorf("at the end:\n%+v\n%+v", a, b)
	}
}

// TestAHouseIsCutOffAlone has one house not hear the show over two questions, which goes on for the others: what
// the house could not show does not count for its contestants.
func TestAHouseIsCutOffAlone(t *testing.T) {
	t.Parallel()
	s, ann, bob := startApart(t, "mode: elimination", 4)
	s.open(1)
	s.mustAnswer(ann, 1, 1)
	s.mustAnswer(bob, 1, 1)
	cut := s.houses[1]
	s.phase(quizv1.Phase_PHASE_REVEALED)
	s.tick(20)
	s.houses = s.houses[:1]
	for n := range uint32(2) {
		s.open(n + 2)
		s.mustAnswer(ann, n+2, 1)
	}
	s.phase(quizv1.Phase_PHASE_REVEALED)
	cut.Deafen(downTopic("main"))
	cut.Tick(int((s.houses[0].Now() - cut.Now()) * 20 / second)) // its clock is right
	cut.Undeafen(downTopic("main"), false)
	s.houses = append(s.houses, cut)
	s.open(4)
	s.mustAnswer(ann, 4, 1)
	s.mustAnswer(bob, 4, 1)
	s.phase(quizv1.Phase_PHASE_OVER)
	s.tick(40)
	a, b := mine(ann, nil), mine(bob, nil)
	if !b.Alive || !b.Won || b.Right != 2 || b.Verdicts[1] != quizv1.Verdict_VERDICT_SKIPPED || b.Verdicts[2] != b.Verdicts[1] {
		t.Errorf("whose house was cut off: %+v", b)
	}
	if !a.Won || a.Rank != 1 || b.Rank != 2 {
		t.Errorf("ranks: %d and %d", a.Rank, b.Rank)
	}
}

// TestTheEnd has a show end for good some time after it is over: until then newcomers see what it came to, and
// do not play; then all are put out. A host who is there keeps it.
func TestTheEnd(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1, file("mode: points\nends_after: 5", 1))
	all := s.start("Ann", "Bob")
	s.open(1)
	s.mustAnswer(all[0], 1, 1)
	s.phase(quizv1.Phase_PHASE_OVER)
	s.tick(20 * 20)
	if row := s.row(s.host); row.Phase != quizv1.Phase_PHASE_OVER {
		t.Fatalf("a host is there: %+v", row)
	}
	late := s.houses[0].Join("Late")
	s.tick(10)
	if m := mine(late, nil); m.Playing || m.Won || one[quizv1.Totals](late).Winners != 1 || s.row(late).Phase != quizv1.Phase_PHASE_OVER {
		t.Errorf("who has come when it was over: %+v", m)
	}
	if n := len(s.inner[0].contestants); n != 2 {
		t.Errorf("%d contestants", n)
	}
	s.host.Leave()
	s.tick(20 * 10)
	for _, p := range append(all, late) {
		if why, ok := p.Removed(); !ok || !strings.Contains(why, "over") {
			t.Errorf("%s is put out: %t, %q", p.Name, ok, why)
		}
	}
	if _, err := s.houses[0].TryJoin(&world.Player{Name: "New"}, nil); err == nil {
		t.Error("somebody comes in after the end")
	}
}

// TestWinnersAreToldOnceAllAreRanked looks at when contestants are told that they have won.
func TestWinnersAreToldOnceAllAreRanked(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"elimination", "points"} {
		s := newStage(t, 1, strings.Replace(file("mode: "+mode, 1), "pause: 3", "pause: 60", 1))
		all := s.start("Ann", "Bob")
		s.open(1)
		s.mustAnswer(all[0], 1, 1)
		s.phase(quizv1.Phase_PHASE_REVEALED)
		s.tick(10)
		if a, b := mine(all[0], nil), mine(all[1], nil); !a.Won || b.Won || a.Rank != 1 {
			t.Errorf("%s, as soon as all are ranked:\n%+v\n%+v", mode, a, b)
		}
	}
}
