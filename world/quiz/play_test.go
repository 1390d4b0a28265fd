package quiz

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tickroom/tickroom/gametest"
	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/world"
)

// stage is a show with its houses, on one bus.
type stage struct {
	t      *testing.T
	show   *gametest.Room
	houses []*gametest.Room
	inner  []*house         // the games of houses
	host   *gametest.Player // in the first house
	file   string
}

// newStage makes a show of a file, with so many houses and a host.
func newStage(t *testing.T, houses int, file string) *stage {
	t.Helper()
	s := &stage{t: t, file: file}
	s.show = s.newShow("show-1", 1)
	rooms := []*gametest.Room{s.show}
	for i := range houses {
		k := Kind()
		made := k.New
		k.New = func(r *world.Room) (world.Game, error) {
			g, err := made(r)
			if err == nil {
				s.inner = append(s.inner, g.(*house))
			}
			return g, err
		}
		h := gametest.NewNamed(t, fmt.Sprint("house-", i+1), k, nil)
		t.Cleanup(h.CheckReplay) // whatever a test has done
		s.houses = append(s.houses, h)
		rooms = append(rooms, h)
	}
	gametest.Link(rooms...)
	host, err := s.houses[0].TryJoin(&world.Player{Name: "Host", Roles: []string{"host"}}, (&quizv1.Entry{Host: true}).AppendProto(nil))
	if err != nil {
		t.Fatal(err)
	}
	s.host = host
	return s
}

func (s *stage) newShow(id string, epoch int) *gametest.Room {
	r := gametest.NewNamed(s.t, id, ShowKind(nil), map[string]string{"file": "none", "epoch": fmt.Sprint(epoch)})
	s.t.Cleanup(r.CheckReplay)
	return r
}

// tick steps all rooms.
func (s *stage) tick(n int) {
	s.t.Helper()
	for range n {
		if s.show != nil {
			s.show.Tick(1)
		}
		for _, h := range s.houses {
			h.Tick(1)
		}
	}
}

// until steps until a condition holds.
func (s *stage) until(what string, cond func() bool) {
	s.t.Helper()
	for range 20 * 120 {
		if cond() {
			return
		}
		s.tick(1)
	}
	s.t.Fatalf("%s: it never came; the show of the host is %+v", what, s.row(s.host))
}

// row returns the show as a player sees it.
func (s *stage) row(p *gametest.Player) *quizv1.Show { return one[quizv1.Show](p) }

// one returns a row of which there is one, nil if there is none.
func one[T any, P schema.Row[T]](p *gametest.Player) *T {
	for _, row := range gametest.Rows[T, P](p) {
		return row
	}
	return nil
}

func (s *stage) phase(p quizv1.Phase) {
	s.t.Helper()
	s.until(p.String(), func() bool { r := s.row(s.host); return r != nil && r.Phase == p })
}

// load sends the stage's file as the host, and waits until it is loaded.
func (s *stage) load() {
	s.t.Helper()
	s.until("the show", func() bool { r := s.row(s.host); return r != nil && s.inner[0].state != nil })
	parts := (len(s.file) + maxPart - 1) / maxPart
	var ticket uint32
	for i := range parts {
		r, err := gametest.Call[quizv1.Upload, quizv1.ConductReply](s.host, &quizv1.Upload{
			Part: uint32(i), Parts: uint32(parts), Text: s.file[i*maxPart : min((i+1)*maxPart, len(s.file))],
		})
		if err != nil {
			s.t.Fatal(err)
		}
		ticket = r.Ticket
	}
	if problem := s.outcome(ticket); problem != "" {
		s.t.Fatal(problem)
	}
	s.phase(quizv1.Phase_PHASE_LOBBY)
}

// outcome waits for what becomes of a host's command.
func (s *stage) outcome(ticket uint32) string {
	s.t.Helper()
	var problem string
	s.until("what becomes of a command", func() bool {
		for _, e := range gametest.Events[quizv1.Conducted](s.host) {
			if e.Ticket == ticket {
				problem = e.Problem
				return true
			}
		}
		return false
	})
	return problem
}

// try has the host do something, and returns what is wrong with it.
func (s *stage) try(m *quizv1.Conduct) string {
	s.t.Helper()
	r, err := gametest.Call[quizv1.Conduct, quizv1.ConductReply](s.host, m)
	if err != nil {
		return err.Error()
	}
	return s.outcome(r.Ticket)
}

func (s *stage) conduct(act quizv1.Act) {
	s.t.Helper()
	if problem := s.try(&quizv1.Conduct{Act: act}); problem != "" {
		s.t.Fatalf("%v: %s", act, problem)
	}
}

// open waits until a question takes answers.
func (s *stage) open(number uint32) {
	s.t.Helper()
	s.until(fmt.Sprint("question ", number), func() bool {
		r := s.row(s.host)
		return r.Phase == quizv1.Phase_PHASE_OPEN && r.Question == number && s.houses[0].Now() >= one[quizv1.Question](s.host).OpensAt
	})
}

func (s *stage) answer(p *gametest.Player, question, option uint32) (*quizv1.AnswerReply, error) {
	s.t.Helper()
	return gametest.Call[quizv1.Answer, quizv1.AnswerReply](p, &quizv1.Answer{Question: question, Option: option, Run: s.row(s.host).Run})
}

func (s *stage) mustAnswer(p *gametest.Player, question, option uint32) *quizv1.AnswerReply {
	s.t.Helper()
	r, err := s.answer(p, question, option)
	if err != nil {
		s.t.Fatalf("%s answers question %d: %v", p.Name, question, err)
	}
	return r
}

// mine returns the newest of what a contestant was told of itself, or what it had before.
func mine(p *gametest.Player, before *quizv1.Mine) *quizv1.Mine {
	if all := gametest.Events[quizv1.Mine](p); len(all) > 0 {
		return all[len(all)-1]
	}
	return before
}

// file returns a show's file with so many questions of three options, of which B is right.
func file(head string, questions int) string {
	var b strings.Builder
	b.WriteString(head + "\nseconds: 4\npause: 3\nquestions:\n")
	for i := range questions {
		fmt.Fprintf(&b, "  - {text: 'Question %d', options: [a, b, c], answer: B, note: 'note %d'}\n", i+1, i+1)
	}
	return b.String()
}

// TestElimination plays a show in which who is wrong is out, in two houses.
func TestElimination(t *testing.T) {
	t.Parallel()
	s := newStage(t, 2, file("mode: elimination\nrevives: 1\nlate: watch", 4))
	s.load()
	ann, bob, cat := s.houses[0].Join("Ann"), s.houses[1].Join("Bob"), s.houses[1].Join("Cat")
	s.tick(30)
	if n := one[quizv1.Totals](ann).Contestants; n != 3 {
		t.Fatalf("there are %d contestants, want 3", n)
	}
	s.conduct(quizv1.Act_ACT_START)
	var a, b, c *quizv1.Mine
	look := func() { a, b, c = mine(ann, a), mine(bob, b), mine(cat, c) }

	s.open(1)
	s.mustAnswer(ann, 1, 1)
	s.tick(10)
	s.mustAnswer(bob, 1, 1)
	s.mustAnswer(cat, 1, 0)
	s.phase(quizv1.Phase_PHASE_REVEALED)
	s.tick(20)
	look()
	if a.Verdict != quizv1.Verdict_VERDICT_RIGHT || b.Verdict != quizv1.Verdict_VERDICT_RIGHT || c.Verdict != quizv1.Verdict_VERDICT_REVIVED {
		t.Errorf("after question 1: %v, %v, %v", a.Verdict, b.Verdict, c.Verdict)
	}
	if a.Rank != 1 || b.Rank != 2 || c.Rank != 3 || a.Among != 3 || c.Revives != 0 || !c.Alive {
		t.Errorf("after question 1: %+v\n%+v\n%+v", a, b, c)
	}
	q := one[quizv1.Question](ann)
	if q.Key != 1<<1 || q.Note != "note 1" || fmt.Sprint(q.Counts) != "[1 2 0]" || q.Right != 2 || q.Revived != 1 {
		t.Errorf("question 1 shows %+v", q)
	}

	s.open(2)
	s.mustAnswer(ann, 2, 1)
	s.mustAnswer(bob, 2, 1)
	s.mustAnswer(cat, 2, 2)
	s.open(3)
	look()
	if c.Alive || c.Out != 2 || c.Verdict != quizv1.Verdict_VERDICT_WRONG {
		t.Errorf("Cat, after two wrong answers and a revive: %+v", c)
	}
	if _, err := s.answer(cat, 3, 1); err == nil {
		t.Error("Cat answers, and is out")
	}
	s.mustAnswer(ann, 3, 1) // Bob misses it
	s.open(4)
	look()
	if b.Verdict != quizv1.Verdict_VERDICT_REVIVED || b.Revives != 0 {
		t.Errorf("Bob has missed one: %+v", b)
	}
	if q := one[quizv1.Question](ann); !q.Last {
		t.Errorf("question 4 is not the last one: %+v", q)
	}
	s.mustAnswer(bob, 4, 1)
	s.mustAnswer(ann, 4, 0) // has a revive, which does not help in the last question
	s.phase(quizv1.Phase_PHASE_OVER)
	s.tick(20)
	look()
	if a.Alive || a.Won || !b.Won || b.Rank != 1 || a.Rank != 2 || c.Rank != 3 {
		t.Errorf("at the end:\n%+v\n%+v\n%+v", a, b, c)
	}
	if got := fmt.Sprint(b.Verdicts); got != "[VERDICT_RIGHT VERDICT_RIGHT VERDICT_REVIVED VERDICT_RIGHT]" {
		t.Errorf("Bob's marks are %s", got)
	}
	if n := one[quizv1.Totals](ann).Winners; n != 1 {
		t.Errorf("there are %d winners, want 1", n)
	}
	if all := gametest.Told[quizv1.QuestionDone](s.show); len(all) != 4 {
		t.Errorf("backends were told of %d questions, want 4", len(all))
	}
	if all := gametest.Told[quizv1.ShowDone](s.show); len(all) != 1 || all[0].Winners != 1 {
		t.Errorf("backends were told of the end: %+v", all)
	}
	for i, want := range []int{1, 2} {
		if all := gametest.Told[quizv1.ContestantsDone](s.houses[i]); len(all) != 1 || len(all[0].Results) != want {
			t.Errorf("house %d has told of %+v", i+1, all)
		}
	}
}
