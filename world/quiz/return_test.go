package quiz

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tickroom/tickroom/gametest"
	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/world"
)

// TestReturn has contestants cut off in all ways: they come back with answers and rank.
func TestReturn(t *testing.T) {
	t.Parallel()
	s := newStage(t, 2, file("mode: points\nlate: play", 4))
	all := s.start("Away", "Gone", "Mover", "Stays")
	away, gone, mover, stays := all[0], all[1], all[2], all[3]
	s.open(1)
	for _, p := range all {
		s.mustAnswer(p, 1, 1)
		s.tick(4)
	}
	away.Lose() // the session is held
	s.phase(quizv1.Phase_PHASE_REVEALED)
	s.tick(20)
	before := mine(mover, nil)
	if before.Rank != 3 {
		t.Fatalf("the one who moves: %+v", before)
	}
	gone.Leave() // the session has ended
	mover.Leave()
	s.open(2)
	away.Return()
	s.tick(2)
	if m := mine(away, nil); m == nil || m.Points == 0 || m.Rank != 1 || m.Verdicts[0] != quizv1.Verdict_VERDICT_RIGHT {
		t.Errorf("away, and back: %+v", m)
	}
	// The reply to an answer is lost with the connection: it is sent again, and counts once.
	first := s.mustAnswer(away, 2, 1)
	away.Lose()
	s.tick(10)
	away.Return()
	if r := s.mustAnswer(away, 2, 1); !r.Again || r.Elapsed != first.Elapsed {
		t.Errorf("an answer whose reply was lost, again: %+v", r)
	}
	again := func(h int, old *gametest.Player) *gametest.Player {
		p, err := s.houses[h].TryJoin(&world.Player{Name: old.Name, PlayerID: old.PlayerID}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	gone = again(0, gone) // into the same house
	s.tick(1)
	if m := mine(gone, nil); m.Rank != 2 || m.Points == 0 || !m.Playing {
		t.Errorf("back in the same house: %+v", m)
	}
	mover = again(1, mover) // into another one
	s.tick(5)
	m := mine(mover, nil)
	if m.Rank != before.Rank || m.Points != before.Points || fmt.Sprint(m.Verdicts) != fmt.Sprint(before.Verdicts) {
		t.Errorf("in another house:\n%+v, was\n%+v", m, before)
	}
	for _, p := range []*gametest.Player{gone, mover, stays} {
		s.mustAnswer(p, 2, 1)
	}
	s.open(3)
	s.tick(2)
	for _, p := range []*gametest.Player{away, gone, mover, stays} {
		if m := mine(p, nil); m.Right != 2 || m.Among != 4 || m.Ranked != 2 {
			t.Errorf("%s after question 2: %+v", p.Name, m)
		}
	}
	if q := one[quizv1.Totals](stays); q.Contestants != 4 {
		t.Errorf("there are %d contestants, want 4", q.Contestants)
	}
}

// TestLate has somebody come when the first question is over.
func TestLate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		head  string
		plays bool
	}{
		{"mode: elimination", false}, {"mode: elimination\nlate: play", true}, {"mode: points", true}, {"mode: points\nlate: watch", false},
	} {
		t.Run(c.head, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, 1, file(c.head, 3))
			ann := s.start("Ann")[0]
			s.open(1)
			s.mustAnswer(ann, 1, 1)
			intime := s.houses[0].Join("In time")
			s.mustAnswer(intime, 1, 1)
			s.phase(quizv1.Phase_PHASE_REVEALED)
			late := s.houses[0].Join("Late")
			s.open(2)
			if row := one[quizv1.Show](late); row.Closed == c.plays {
				t.Errorf("clients are told %+v", row)
			}
			if _, err := s.answer(late, 2, 1); (err == nil) != c.plays {
				t.Errorf("an answer of who came late: %v", err)
			}
			s.mustAnswer(ann, 2, 1)
			s.open(3)
			m := mine(late, nil)
			if m.Playing != c.plays || c.plays && (!m.Alive || m.Right != 1 || m.Rank != 2) {
				t.Errorf("who came late: %+v", m)
			}
		})
	}
}

// TestLostShow takes the show from its houses in the middle of a question: they go on, say so, and
// what they have counts once when the show is back.
func TestLostShow(t *testing.T) {
	t.Parallel()
	s := newStage(t, 2, file("mode: points", 3))
	s.load()
	ann, bob := s.houses[0].Join("Ann"), s.houses[1].Join("Bob")
	s.tick(30)
	s.conduct(quizv1.Act_ACT_START)
	s.open(1)
	down := downTopic("main")
	s.houses[1].Deafen(down)
	s.tick(2)
	if row := s.row(bob); !row.Lost || row.Phase != quizv1.Phase_PHASE_OPEN {
		t.Errorf("a house that does not hear its show says %+v", row)
	}
	s.mustAnswer(ann, 1, 1)
	s.mustAnswer(bob, 1, 1)
	if _, err := s.answer(bob, 1, 0); err != nil {
		t.Errorf("a retry: %v", err)
	}
	s.phase(quizv1.Phase_PHASE_REVEALED)
	s.tick(30)
	if row := s.row(bob); row.Phase != quizv1.Phase_PHASE_CLOSED {
		t.Errorf("the question is closed by its time, and the house says %+v", row)
	}
	s.houses[1].Undeafen(down, false)
	s.open(2)
	a, b := mine(ann, nil), mine(bob, nil)
	if a.Rank != 1 || b.Rank != 1 || a.Among != 2 || b.Among != 2 || b.Verdict != quizv1.Verdict_VERDICT_RIGHT {
		t.Errorf("with the show back:\n%+v\n%+v", a, b)
	}
	if row := s.row(bob); row.Lost {
		t.Errorf("the show is back, and the house says %+v", row)
	}
}

// TestLostHouse takes a house away, as when its server is gone: its contestants come to another one
// with their answers.
func TestLostHouse(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"elimination", "points"} {
		for _, questions := range []uint32{1, 2} {
			for _, show := range []bool{false, true} {
				t.Run(fmt.Sprint(mode, questions, show), func(t *testing.T) {
					t.Parallel()
					loseHouse(t, mode, questions, show)
				})
			}
		}
	}
}

// loseHouse takes away a house, perhaps with its show, which was on the same server.
func loseHouse(t *testing.T, mode string, questions uint32, show bool) {
	t.Helper()
	s := newStage(t, 2, file("mode: "+mode, 5))
	next := s.newShow("show-2", 2)
	gametest.Link(append([]*gametest.Room{s.show, next}, s.houses...)...)
	s.load()
	ann, bob := s.houses[0].Join("Ann"), s.houses[1].Join("Bob")
	s.tick(30)
	s.conduct(quizv1.Act_ACT_START)
	for n := range questions {
		s.open(n + 1)
		s.mustAnswer(ann, n+1, 1)
		s.mustAnswer(bob, n+1, 1)
		s.tick(2)
	}
	s.houses = s.houses[:1]
	if show {
		s.show = nil
		s.tick(20)
		s.show = next
		next.Tick(int((s.houses[0].Now() - next.Now()) * 20 / second))
	}
	back, err := s.houses[0].TryJoin(&world.Player{Name: "Bob", PlayerID: bob.PlayerID}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.phase(quizv1.Phase_PHASE_OVER)
	s.tick(40)
	a, b := mine(ann, nil), mine(back, nil)
	if len(b.Verdicts) < 2 || b.Verdicts[0] != quizv1.Verdict_VERDICT_RIGHT || b.Right != questions || b.Among != 2 || a.Among != 2 || a.Right != b.Right {
		t.Errorf("Bob, whose house is gone:\n%+v\nAnn:\n%+v", b, a)
	}
}

// TestForgetfulBus has a show miss what its houses have told it of a question: they tell it again.
func TestForgetfulBus(t *testing.T) {
	t.Parallel()
	s := newStage(t, 2, file("mode: points", 1))
	ann, bob := s.startTwo()
	s.open(1)
	s.mustAnswer(ann, 1, 1)
	up := upTopic("main")
	s.phase(quizv1.Phase_PHASE_CLOSED)
	s.until("the key", func() bool { return s.inner[0].judged != 0 })
	s.show.Deafen(up)
	s.tick(2)
	s.show.Undeafen(up, true)
	s.until("ranks", func() bool { return s.inner[0].ranks.missing == 0 })
	s.tick(2)
	if a, b := mine(ann, nil), mine(bob, nil); a.Rank != 1 || b.Rank != 2 || a.Among != 2 {
		t.Errorf("after all:\n%+v\n%+v", a, b)
	}
}

// TestTakeOver ends a show without a word, in each phase, and has another one take over.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	for _, phase := range []quizv1.Phase{quizv1.Phase_PHASE_NEXT, quizv1.Phase_PHASE_OPEN, quizv1.Phase_PHASE_CLOSED, quizv1.Phase_PHASE_REVEALED} {
		t.Run(phase.String(), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, 2, file("mode: elimination\nrevives: 1", 3))
			next := s.newShow("show-2", 2)
			gametest.Link(append([]*gametest.Room{s.show, next}, s.houses...)...)
			s.load()
			ann, bob := s.houses[0].Join("Ann"), s.houses[1].Join("Bob")
			s.tick(30)
			s.conduct(quizv1.Act_ACT_START)
			s.open(1)
			s.mustAnswer(ann, 1, 1)
			s.mustAnswer(bob, 1, 0)
			s.open(2)
			if phase == quizv1.Phase_PHASE_NEXT {
				s.phase(quizv1.Phase_PHASE_REVEALED)
			} else {
				s.mustAnswer(ann, 2, 1)
			}
			s.phase(phase)
			old := s.show
			s.show = nil // its node is gone
			s.until("a house that notices", func() bool { return s.row(s.host).Lost })
			s.show = next
			next.Tick(int((s.houses[0].Now() - next.Now()) * 20 / second)) // its clock is right
			s.phase(quizv1.Phase_PHASE_OVER)
			s.tick(40)
			// The old one is there again: it sees that it is not the show any more.
			old.Tick(2)
			if !old.Over() {
				t.Error("the old show goes on")
			}
			a, b := mine(ann, nil), mine(bob, nil)
			if len(a.Verdicts) != 3 || a.Verdicts[0] != quizv1.Verdict_VERDICT_RIGHT || b.Verdicts[0] != quizv1.Verdict_VERDICT_REVIVED {
				t.Errorf("the first question is not as it was: %v, %v", a.Verdicts, b.Verdicts)
			}
			if phase != quizv1.Phase_PHASE_NEXT && a.Verdicts[1] != quizv1.Verdict_VERDICT_RIGHT {
				t.Errorf("Ann's answer was lost: %v", a.Verdicts)
			}
			if a.Among != 2 || a.Rank != 1 || b.Rank != 2 {
				t.Errorf("ranks at the end:\n%+v\n%+v", a, b)
			}
		})
	}
}

// TestRetryAfterALostHouse has a contestant come from a house that is gone and answer again, before its new house
// has read the answer in the book of the old one: the first answer counts.
func TestRetryAfterALostHouse(t *testing.T) {
	t.Parallel()
	s := newStage(t, 2, strings.Replace(file("mode: points", 1), "seconds: 4", "seconds: 20", 1))
	s.load()
	ann, bob := s.houses[0].Join("Ann"), s.houses[1].Join("Bob")
	s.tick(30)
	s.conduct(quizv1.Act_ACT_START)
	s.open(1)
	s.tick(20)
	first := s.mustAnswer(bob, 1, 1)
	s.tick(2)
	s.houses = s.houses[:1]
	bob, err := s.houses[0].TryJoin(&world.Player{Name: "Bob", PlayerID: bob.PlayerID}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.tick(2)
	if m := mine(bob, nil); !m.Playing || m.Answered {
		t.Fatalf("Bob is told %+v", m)
	}
	if r := s.mustAnswer(bob, 1, 0); r.Again || r.Elapsed <= first.Elapsed {
		t.Fatalf("Bob's retry: %+v", r)
	}
	s.tick(20 * 6)
	if m := mine(bob, nil); !m.Answered || m.Option != 1 || m.Elapsed != first.Elapsed {
		t.Errorf("with the book read: %+v", m)
	}
	s.mustAnswer(ann, 1, 1)
	s.phase(quizv1.Phase_PHASE_REVEALED)
	s.tick(20)
	if m := mine(bob, nil); m.Verdict != quizv1.Verdict_VERDICT_RIGHT || m.Rank != 1 {
		t.Errorf("in the end: %+v", m)
	}
	if q := one[quizv1.Question](ann); fmt.Sprint(q.Counts) != "[0 2 0]" {
		t.Errorf("the options were chosen %v times", q.Counts)
	}
}

// TestWhoHasNotAnsweredComesFromALostHouse has somebody come from a house that is gone, in whose book there is
// nothing of it, after the question was ranked without it: all are told ranks among all.
func TestWhoHasNotAnsweredComesFromALostHouse(t *testing.T) {
	t.Parallel()
	s := newStage(t, 2, strings.Replace(file("mode: points", 2), "pause: 3", "pause: 60", 1))
	s.load()
	ann, bob := s.houses[0].Join("Ann"), s.houses[1].Join("Bob")
	s.tick(30)
	s.conduct(quizv1.Act_ACT_START)
	s.open(1)
	s.mustAnswer(ann, 1, 1)
	s.houses = s.houses[:1]
	s.phase(quizv1.Phase_PHASE_REVEALED)
	s.tick(40)
	if m := mine(ann, nil); m.Ranked != 1 || m.Among != 1 {
		t.Fatalf("without Bob: %+v", m)
	}
	back, err := s.houses[0].TryJoin(&world.Player{Name: "Bob", PlayerID: bob.PlayerID}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.tick(60)
	for _, p := range []*gametest.Player{ann, back} {
		if m := mine(p, nil); m.Ranked != 1 || m.Among != 2 {
			t.Errorf("%s is told %+v", p.Name, m)
		}
	}
}

// TestALostHouseIsNotCountedTwice loses a house after it has told how its contestants stand: those who come to
// another one are ranked there, and not a second time where they were.
func TestALostHouseIsNotCountedTwice(t *testing.T) {
	t.Parallel()
	s := newStage(t, 2, strings.Replace(file("mode: points", 2), "pause: 3", "pause: 60", 1))
	s.load()
	ann, bob := s.houses[0].Join("Ann"), s.houses[1].Join("Bob")
	s.houses[1].Join("Cat") // does not come back
	s.tick(30)
	s.conduct(quizv1.Act_ACT_START)
	s.open(1)
	s.mustAnswer(bob, 1, 1)
	s.tick(20)
	s.mustAnswer(ann, 1, 1)
	s.phase(quizv1.Phase_PHASE_REVEALED)
	s.tick(20)
	if m := mine(ann, nil); m.Rank != 2 || m.Among != 3 {
		t.Fatalf("before: %+v", m)
	}
	s.houses = s.houses[:1]
	s.tick(20 * 5)
	if m := mine(ann, nil); m != nil && m.Among != 3 {
		t.Errorf("nobody has come from the lost house: %+v", m)
	}
	back, err := s.houses[0].TryJoin(&world.Player{Name: "Bob", PlayerID: bob.PlayerID}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.tick(60)
	if a, b := mine(ann, nil), mine(back, nil); a.Rank != 2 || a.Among != 2 || b.Rank != 1 || b.Among != 2 {
		t.Errorf("with Bob in another house:\n%+v\n%+v", a, b)
	}
}

// TestTheShowWaitsForALostHouse loses a house in the middle of a question: nothing goes on until its contestants are
// back, so that nobody misses the next question, and all are ranked among all. It does not wait for ever.
func TestTheShowWaitsForALostHouse(t *testing.T) {
	t.Parallel()
	for _, returns := range []bool{true, false} {
		s := newStage(t, 2, file("mode: points", 2))
		s.load()
		ann, bob := s.houses[0].Join("Ann"), s.houses[1].Join("Bob")
		s.tick(30)
		s.conduct(quizv1.Act_ACT_START)
		s.open(1)
		s.mustAnswer(bob, 1, 1)
		s.tick(4)
		s.mustAnswer(ann, 1, 1)
		s.houses = s.houses[:1]
		s.tick(20 * 15)
		if row := s.row(ann); row.Question != 1 || row.Phase != quizv1.Phase_PHASE_CLOSED {
			t.Errorf("while Bob is on its way: %+v", row)
		}
		if returns {
			back, err := s.houses[0].TryJoin(&world.Player{Name: "Bob", PlayerID: bob.PlayerID}, nil)
			if err != nil {
				t.Fatal(err)
			}
			s.phase(quizv1.Phase_PHASE_REVEALED)
			s.tick(30)
			a, b := mine(ann, nil), mine(back, nil)
			if a.Ranked != 1 || a.Rank != 2 || a.Among != 2 || b.Ranked != 1 || b.Rank != 1 || b.Among != 2 {
				t.Errorf("with Bob back:\n%+v\n%+v", a, b)
			}
		}
		s.open(2)
		if m := mine(ann, nil); m != nil && m.Ranked == 1 && !returns && (m.Rank != 1 || m.Among != 1) {
			t.Errorf("nobody has come: %+v", m)
		}
	}
}

// TestTheQuestionBeforeALostHouse loses a house while the second question is open, and has its contestants come one
// after another when that has closed: what all are told last of the first question is their ranks among all.
func TestTheQuestionBeforeALostHouse(t *testing.T) {
	t.Parallel()
	s := newStage(t, 2, strings.Replace(file("mode: points", 2), "pause: 3", "pause: 6", 1))
	s.load()
	join := func(house int, name string) *gametest.Player {
		p, err := s.houses[house].TryJoin(&world.Player{Name: name, PlayerID: "id-" + name}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	ann, bob, cat := join(0, "Ann"), join(1, "Bob"), join(1, "Cat")
	s.tick(30)
	s.conduct(quizv1.Act_ACT_START)
	s.open(1)
	for _, p := range []*gametest.Player{bob, cat, ann} {
		s.mustAnswer(p, 1, 1)
		s.tick(4)
	}
	s.open(2)
	s.houses = s.houses[:1]
	s.phase(quizv1.Phase_PHASE_CLOSED)
	for _, p := range []*gametest.Player{bob, cat} {
		join(0, p.Name)
		s.tick(8)
	}
	s.phase(quizv1.Phase_PHASE_OVER)
	s.tick(40)
	var told []uint32
	for _, m := range gametest.Events[quizv1.Mine](ann) {
		if m.Ranked == 1 {
			told = append(told, m.Among)
		}
	}
	if len(told) == 0 || told[len(told)-1] != 3 {
		t.Errorf("after the first question Ann is told that she is among %v", told)
	}
}

// TestALostHousesBookHasAllContestants has somebody come from a house that is gone who has answered nothing, and was
// given revives, in a show in which who comes late only watches.
func TestALostHousesBookHasAllContestants(t *testing.T) {
	t.Parallel()
	s := newStage(t, 2, strings.Replace(file("mode: elimination\nlate: watch", 3), "pause: 3", "pause: 60", 1))
	s.load()
	ann, bob := s.houses[0].Join("Ann"), s.houses[1].Join("Bob")
	s.tick(30)
	s.conduct(quizv1.Act_ACT_START)
	s.open(1)
	s.houses[1].Post(world.PlayerTopic(bob.PlayerID), &quizv1.Grant{Revives: 2})
	s.mustAnswer(ann, 1, 1)
	s.phase(quizv1.Phase_PHASE_REVEALED)
	s.tick(20)
	s.houses = s.houses[:1]
	s.tick(20 * 5)
	back, err := s.houses[0].TryJoin(&world.Player{Name: "Bob", PlayerID: bob.PlayerID}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.tick(60)
	if m := mine(back, nil); !m.Playing || !m.Alive || m.Revives != 1 || m.Ranked != 1 || m.Rank != 2 || m.Among != 2 {
		t.Errorf("Bob is told %+v", m)
	}
	s.open(2)
	s.mustAnswer(back, 2, 1)
	s.mustAnswer(ann, 2, 1)
}
