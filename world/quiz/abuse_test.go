package quiz

import (
	"errors"
	"strings"
	"testing"

	"github.com/tickroom/tickroom/gametest"
	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/world"
)

// start loads the stage's file and starts the show, with some contestants in the first house.
func (s *stage) start(names ...string) (all []*gametest.Player) {
	s.t.Helper()
	s.load()
	for _, name := range names {
		all = append(all, s.houses[0].Join(name))
	}
	s.tick(30)
	s.conduct(quizv1.Act_ACT_START)
	return all
}

// TestAnswersOutOfTime sends answers before a question opens and after it has closed. What a client
// says of the time is nowhere: an answer has no field for it, and one with fields that it does not
// have is taken at the server's time.
func TestAnswersOutOfTime(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1, file("mode: points", 2))
	ann, bob := s.startTwo()
	s.until("the question, a moment before it opens", func() bool { return s.inner[0].shown == 1 })
	if q := one[quizv1.Question](s.host); s.houses[0].Now() >= q.OpensAt {
		t.Fatal("the question was not shown before it opened")
	}
	if _, err := s.answer(ann, 1, 1); !errors.Is(err, errEarly) {
		t.Errorf("an answer before the question opens: %v", err)
	}
	s.open(1)
	q := one[quizv1.Question](s.host)
	for s.houses[0].Now() <= q.ClosesAt {
		s.tick(1)
	}
	// A forged clock: fields that Answer does not have, such as a time at which it was given.
	forged := append((&quizv1.Answer{Question: 1, Option: 1, Run: 1}).AppendProto(nil), 0x20, 0x01, 0x28, 0x02)
	if _, err := s.houses[0].HandleCommand(ann.Player, 1, forged, nil); !errors.Is(err, errTooLate) {
		t.Errorf("an answer after the close with a forged time: %v", err)
	}
	// Who has a slow line has its credit, and no more.
	s.houses[0].SetRTT(bob.Player, 30)
	if r, err := s.answer(bob, 1, 1); err != nil || r.Credit != 250 {
		t.Errorf("an answer on a slow line, a tick after the close: %+v, %v", r, err)
	}
	s.phase(quizv1.Phase_PHASE_REVEALED)
	d := one[quizv1.Desk](s.host)
	if d.Early != 1 || d.Late != 1 || d.Credited != 1 || d.Capped != 1 || d.GreatestCredit != 250 || d.MeanCredit != 250 {
		t.Errorf("the host sees %+v", d)
	}
	if _, err := s.answer(ann, 1, 1); err == nil {
		t.Error("an answer after the key was shown was taken")
	}
	s.tick(20)
	if m := mine(ann, nil); m.Verdict != quizv1.Verdict_VERDICT_MISSED || m.Points != 0 {
		t.Errorf("Ann has not answered in time: %+v", m)
	}
}

// TestAHouseThatIsLateWrongsNobody has a house look for answers late. What has come meanwhile is taken for
// as early as it may have come, within a bound, and never for too early.
func TestAHouseThatIsLateWrongsNobody(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1, file("mode: points", 2))
	all := s.start("In time", "Late", "Early", "Quick", "Patient")
	s.until("the question, a moment before it opens", func() bool { return s.inner[0].shown == 1 })
	q, h := one[quizv1.Question](s.host), s.houses[0]
	h.SetHeard(q.OpensAt-2*second, q.OpensAt-1)
	if _, err := s.answer(all[2], 1, 1); !errors.Is(err, errEarly) {
		t.Errorf("what has come before the question opened: %v", err)
	}
	h.SetHeard(q.OpensAt-second, q.OpensAt+second)
	if r := s.mustAnswer(all[3], 1, 1); r.Elapsed != 0 {
		t.Errorf("what may have come when the question opened: %+v", r)
	}
	h.SetHeard(0, 0)
	s.open(1)
	for h.Now() <= q.ClosesAt-100_000 {
		s.tick(1)
	}
	// The tick is of a time after the close, as ticks were dropped.
	h.SetHeard(q.ClosesAt-30_000, q.ClosesAt+3*second)
	for h.Now() <= q.ClosesAt+2*second && s.inner[0].closed != 1 {
		h.Tick(1)
	}
	if s.inner[0].closed == 1 {
		t.Fatal("the house has closed the question, though answers may come that were in time")
	}
	if r := s.mustAnswer(all[0], 1, 1); r.Elapsed != 397 {
		t.Errorf("what may have come 30 ms before the close: %+v", r)
	}
	h.SetHeard(q.ClosesAt+1, q.ClosesAt+3*second)
	if _, err := s.answer(all[1], 1, 1); !errors.Is(err, errTooLate) {
		t.Errorf("what has come after the close: %v", err)
	}
	h.SetHeard(q.ClosesAt-second, q.ClosesAt+maxLate+1)
	if _, err := s.answer(all[1], 1, 1); !errors.Is(err, errTooLate) {
		t.Errorf("what may have come in time, beyond the bound: %v", err)
	}
	h.SetHeard(0, 0)
	s.phase(quizv1.Phase_PHASE_REVEALED)
	s.tick(20)
	if m := mine(all[0], nil); m.Verdict != quizv1.Verdict_VERDICT_RIGHT || m.Ranked != 1 {
		t.Errorf("who was in time: %+v", m)
	}
	if got := gametest.Events[quizv1.Suspicion](s.host); len(got) > 0 {
		t.Errorf("the house was late, and hosts are told %+v", got)
	}
}

// TestAnswersComeInAfterTheKey has a house so late that its show goes on without it: answers that wait in
// it count though it knows the key, which no client of it has seen.
func TestAnswersComeInAfterTheKey(t *testing.T) {
	t.Parallel()
	s := newStage(t, 2, file("mode: elimination", 2))
	s.load()
	ann, bob, cat := s.houses[0].Join("Ann"), s.houses[1].Join("Bob"), s.houses[1].Join("Cat")
	s.tick(30)
	s.conduct(quizv1.Act_ACT_START)
	s.open(1)
	s.mustAnswer(ann, 1, 1)
	other := s.houses[1]
	s.houses = s.houses[:1] // the second one does not come to its ticks
	s.phase(quizv1.Phase_PHASE_REVEALED)
	s.houses = append(s.houses, other)
	closes := one[quizv1.Question](ann).ClosesAt
	other.Tick(1)
	if n := len(s.inner[1].state.Outcomes); n != 1 {
		t.Fatalf("the late house knows %d outcomes", n)
	}
	other.SetHeard(closes-second, closes+maxLate-second)
	s.mustAnswer(bob, 1, 1)
	s.tick(40)
	other.SetHeard(0, 0)
	if m := mine(bob, nil); m.Verdict != quizv1.Verdict_VERDICT_RIGHT || !m.Alive || m.Rank == 0 {
		t.Errorf("who has answered in time: %+v", m)
	}
	if m := mine(cat, nil); m.Verdict != quizv1.Verdict_VERDICT_MISSED || m.Alive {
		t.Errorf("who has not answered: %+v", m)
	}
	other.SetHeard(closes-second, closes+maxLate-second)
	if _, err := s.answer(cat, 1, 1); err == nil {
		t.Error("an answer is taken after the key was shown in the house")
	}
}

func (s *stage) startTwo() (ann, bob *gametest.Player) {
	s.t.Helper()
	all := s.start("Ann", "Bob")
	return all[0], all[1]
}

// TestSlowLine compares contestants whose lines the server has measured: the credit is what the way
// takes, up to a bound, so that a line that is made slow by hand gains no more than that.
func TestSlowLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rtt    float64
		leadMs uint32
		want   int64 // microseconds
	}{
		{0, 200, 0}, {-1, 200, 0}, {0.1, 200, 50_000}, {0.4, 200, 200_000}, {0.6, 200, 400_000}, {0.1, 0, 100_000},
	} {
		if got := wayOf(c.rtt, c.leadMs); got != c.want {
			t.Errorf("a round trip of %g s, questions %d ms early: %d µs, want %d", c.rtt, c.leadMs, got, c.want)
		}
	}
	s := newStage(t, 1, file("mode: points\nmax_credit: 0.3", 1))
	all := s.start("Near", "Far", "Stalling")
	near, far, stalling := all[0], all[1], all[2]
	s.houses[0].SetRTT(far.Player, 0.2)
	s.houses[0].SetRTT(stalling.Player, 60)
	s.open(1)
	s.tick(18)
	a, b, c := s.mustAnswer(near, 1, 1), s.mustAnswer(far, 1, 1), s.mustAnswer(stalling, 1, 1)
	if a.Credit != 0 || b.Credit != 100 || c.Credit != 300 || a.Elapsed-b.Elapsed != 10 || a.Elapsed-c.Elapsed != 30 {
		t.Errorf("three answers at the same time count as\n%+v\n%+v\n%+v", a, b, c)
	}
}

// TestFirstAnswerCounts sends more than one.
func TestFirstAnswerCounts(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1, file("mode: points", 1))
	ann, _ := s.startTwo()
	s.open(1)
	first := s.mustAnswer(ann, 1, 0)
	s.tick(10)
	for _, option := range []uint32{0, 1, 2} {
		if r := s.mustAnswer(ann, 1, option); r.Option != 0 || !r.Again || r.Elapsed != first.Elapsed {
			t.Errorf("another answer, of option %d, is told %+v", option, r)
		}
	}
	if _, err := s.answer(ann, 1, 3); err != nil {
		t.Errorf("a retry is refused: %v", err)
	}
	s.phase(quizv1.Phase_PHASE_REVEALED)
	s.tick(20)
	if q := one[quizv1.Question](ann); q.Counts[0] != 1 || q.Counts[1] != 0 {
		t.Errorf("the answer was counted as %v", q.Counts)
	}
}

// TestNoSuchAnswer sends answers that can't be.
func TestNoSuchAnswer(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1, file("mode: points", 2))
	ann, _ := s.startTwo()
	watcher := s.houses[0].Spectate("Watcher")
	s.open(1)
	if _, err := s.answer(ann, 1, 3); err == nil || !strings.Contains(err.Error(), "option 3 is not there") {
		t.Errorf("an option that is not there: %v", err)
	}
	if _, err := s.answer(ann, 2, 1); !errors.Is(err, errNotOpen) {
		t.Errorf("a question that comes later: %v", err)
	}
	if _, err := gametest.Call[quizv1.Answer, quizv1.AnswerReply](ann, &quizv1.Answer{Question: 1, Option: 1, Run: 7}); !errors.Is(err, errNotOpen) {
		t.Errorf("another run: %v", err)
	}
	for _, p := range []*gametest.Player{watcher, s.host} {
		if _, err := s.answer(p, 1, 1); !errors.Is(err, errWatching) {
			t.Errorf("%s, who does not play, answers: %v", p.Name, err)
		}
	}
}

// TestHostNeedsTheRole has others do what hosts do.
func TestHostNeedsTheRole(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1, file("mode: points", 1))
	entry := (&quizv1.Entry{Host: true}).AppendProto(nil)
	if _, err := s.houses[0].TryJoin(&world.Player{Name: "Eve", Roles: []string{"moderator"}}, entry); err == nil {
		t.Error("somebody without the role is a host")
	}
	// Who has the role and has not come as a host plays.
	for _, p := range []*gametest.Player{s.houses[0].Join("Ann"), s.houses[0].Spectate("Bob")} {
		_, err1 := gametest.Call[quizv1.Conduct, quizv1.ConductReply](p, &quizv1.Conduct{Act: quizv1.Act_ACT_START})
		_, err2 := gametest.Call[quizv1.Upload, quizv1.ConductReply](p, &quizv1.Upload{Parts: 1, Text: s.file})
		_, err3 := gametest.Call[quizv1.Pose, quizv1.ConductReply](p, &quizv1.Pose{Text: "x", Options: []string{"a", "b"}})
		_, err4 := gametest.Call[quizv1.Results, quizv1.ResultsReply](p, &quizv1.Results{})
		for _, err := range []error{err1, err2, err3, err4} {
			if !errors.Is(err, errHost) {
				t.Errorf("%s does what hosts do: %v", p.Name, err)
			}
		}
		for range gametest.Rows[quizv1.Desk](p) {
			t.Errorf("%s sees the host's desk", p.Name)
		}
	}
	if _, err := s.houses[0].TryJoin(&world.Player{Name: "Eve"}, []byte{0xff}); err == nil {
		t.Error("what is no Entry is taken")
	}
	open := gametest.New(t, Kind(), map[string]string{"role": ""})
	if _, err := open.TryJoin(&world.Player{Name: "Anybody"}, entry); err != nil {
		t.Errorf("everybody may host: %v", err)
	}
}

// TestSuspicions has contestants answer as no person does, and looks that hosts are told and nothing
// else becomes of it.
func TestSuspicions(t *testing.T) {
	t.Parallel()
	s := newStage(t, 2, file("mode: points", 5))
	s.load()
	var twins []*gametest.Player
	for _, name := range []string{"Twin 1", "Twin 2"} {
		p, err := s.houses[1].TryJoin(&world.Player{Name: name, Network: 7}, nil)
		if err != nil {
			t.Fatal(err)
		}
		twins = append(twins, p)
	}
	robot, even, eager, honest := s.houses[1].Join("Robot"), s.houses[0].Join("Even"), s.houses[0].Join("Eager"), s.houses[0].Join("Honest")
	s.tick(30)
	s.conduct(quizv1.Act_ACT_START)
	for n := uint32(1); n <= 5; n++ {
		s.until("the question", func() bool { return s.inner[0].shown == n })
		_, _ = s.answer(eager, n, 1)
		s.open(n)
		s.mustAnswer(robot, n, 1)
		s.tick(20)
		s.mustAnswer(even, n, n%3)
		s.tick(int(3 * n))
		for _, p := range twins {
			s.mustAnswer(p, n, n%2)
		}
		s.tick(int(5 - n))
		s.mustAnswer(honest, n, 1)
	}
	s.phase(quizv1.Phase_PHASE_OVER)
	s.tick(40)
	got := map[string]quizv1.Pattern{}
	for _, e := range gametest.Events[quizv1.Suspicion](s.host) {
		if e.Name != "Robot" && got[e.Name] != 0 {
			t.Errorf("told twice of %s", e.Name)
		}
		if got[e.Name] == 0 {
			got[e.Name] = e.Pattern
		}
	}
	for name, want := range map[string]quizv1.Pattern{
		"Robot": quizv1.Pattern_PATTERN_TOO_FAST, "Even": quizv1.Pattern_PATTERN_TOO_EVEN, "Eager": quizv1.Pattern_PATTERN_TOO_EARLY,
		"Twin 1": quizv1.Pattern_PATTERN_TOGETHER, "Twin 2": quizv1.Pattern_PATTERN_TOGETHER, "Honest": 0,
	} {
		if got[name] != want {
			t.Errorf("%s: %v, want %v", name, got[name], want)
		}
	}
	if m := mine(robot, nil); m.Right != 5 || m.Rank != 1 {
		t.Errorf("the robot was punished: %+v", m)
	}
	if all := gametest.Events[quizv1.Suspicion](honest); len(all) != 0 {
		t.Errorf("a contestant is told of others: %+v", all)
	}
}
