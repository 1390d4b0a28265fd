package quiz

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tickroom/tickroom/gametest"
	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/world"
)

// TestSkip takes a question out, once while it is open and once after its key was shown: nobody
// loses by it.
func TestSkip(t *testing.T) {
	t.Parallel()
	s := newStage(t, 2, file("mode: elimination", 3))
	s.load()
	ann, bob := s.houses[0].Join("Ann"), s.houses[1].Join("Bob")
	s.tick(30)
	s.conduct(quizv1.Act_ACT_START)
	s.open(1)
	s.mustAnswer(ann, 1, 1)
	s.mustAnswer(bob, 1, 0) // wrong, by a wrong key
	s.phase(quizv1.Phase_PHASE_REVEALED)
	s.tick(20)
	if m := mine(bob, nil); m.Alive || m.Out != 1 {
		t.Fatalf("Bob is not out: %+v", m)
	}
	s.conduct(quizv1.Act_ACT_SKIP)
	s.tick(10)
	a, b := mine(ann, nil), mine(bob, nil)
	if !b.Alive || b.Out != 0 || b.Verdict != quizv1.Verdict_VERDICT_SKIPPED || a.Verdict != b.Verdict || a.Right != 0 || a.Rank != 1 || b.Rank != 1 {
		t.Errorf("question 1 was taken out:\n%+v\n%+v", a, b)
	}
	if q := one[quizv1.Question](ann); !q.Skipped || q.Key != 0 {
		t.Errorf("question 1 shows %+v", q)
	}
	s.open(2)
	s.mustAnswer(ann, 2, 0)
	s.conduct(quizv1.Act_ACT_SKIP)
	s.phase(quizv1.Phase_PHASE_REVEALED)
	if _, err := s.answer(bob, 2, 1); err == nil {
		t.Error("a question that was taken out is answered")
	}
	s.open(3)
	for _, p := range []*gametest.Player{ann, bob} {
		s.mustAnswer(p, 3, 1)
	}
	if problem := s.try(&quizv1.Conduct{Act: quizv1.Act_ACT_SKIP, Question: 2}); !strings.Contains(problem, "not the one whose turn it is") {
		t.Errorf("a question that is over is taken out: %q", problem)
	}
	s.phase(quizv1.Phase_PHASE_OVER)
	s.tick(40)
	if a, b := mine(ann, nil), mine(bob, nil); !a.Won || !b.Won || a.Right != 1 {
		t.Errorf("at the end:\n%+v\n%+v", a, b)
	}
	if all := gametest.Told[quizv1.QuestionDone](s.show); len(all) < 3 || !all[len(all)-2].Outcome.Skipped {
		t.Errorf("backends were told %+v", all)
	}
}

// TestHost rehearses, holds, asks, reveals, goes on and ends.
func TestHost(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1, file("title: Friday\nmode: points", 3))
	if problem := s.try(&quizv1.Conduct{Act: quizv1.Act_ACT_START}); !strings.Contains(problem, "no questions are loaded") {
		t.Errorf("a start without questions: %q", problem)
	}
	s.load()
	ann := s.houses[0].Join("Ann")
	s.tick(30)
	if p := one[quizv1.Preview](s.host); p == nil || p.Text != "Question 1" || p.Seconds != 4 {
		t.Errorf("the host sees %+v coming", p)
	}
	s.conduct(quizv1.Act_ACT_REHEARSE)
	s.open(1)
	s.mustAnswer(ann, 1, 1)
	s.tick(12)
	if d := one[quizv1.Desk](s.host); fmt.Sprint(d.Counts) != "[0 1 0]" || d.Question != 1 {
		t.Errorf("the host sees answers come in as %+v", d)
	}
	if row := s.row(ann); !row.Rehearsal || row.Title != "Friday" || row.Questions != 3 {
		t.Errorf("a rehearsal shows %+v", row)
	}
	s.conduct(quizv1.Act_ACT_START) // a rehearsal may be broken off
	if row := s.row(ann); row.Rehearsal || row.Run != 2 {
		t.Errorf("after the start: %+v", row)
	}
	s.conduct(quizv1.Act_ACT_HOLD)
	s.tick(20 * 20)
	if row := s.row(ann); row.Phase != quizv1.Phase_PHASE_NEXT || !row.Held {
		t.Errorf("the show is held: %+v", row)
	}
	s.conduct(quizv1.Act_ACT_NEXT)
	s.open(1)
	if problem := s.try(&quizv1.Conduct{Act: quizv1.Act_ACT_NEXT}); !strings.Contains(problem, "is being asked") {
		t.Errorf("another question at once: %q", problem)
	}
	s.mustAnswer(ann, 1, 1)
	s.conduct(quizv1.Act_ACT_REVEAL)
	s.phase(quizv1.Phase_PHASE_REVEALED)
	q := one[quizv1.Question](ann)
	if took := q.ClosesAt - q.OpensAt; took >= 4*second || q.Key != 2 {
		t.Errorf("the host has closed it, after %d µs: %+v", took, q)
	}
	s.tick(20 * 20)
	if row := s.row(ann); row.Phase != quizv1.Phase_PHASE_REVEALED {
		t.Errorf("the show is held: %+v", row)
	}
	s.conduct(quizv1.Act_ACT_RESUME)
	s.open(2)
	if problem := s.try(&quizv1.Conduct{Act: quizv1.Act_ACT_LOAD}); !strings.Contains(problem, "running") {
		t.Errorf("a file in the middle of a show: %q", problem)
	}
	s.conduct(quizv1.Act_ACT_END)
	s.phase(quizv1.Phase_PHASE_OVER)
	s.tick(40)
	if m := mine(ann, nil); !m.Won || m.Right != 1 || m.Verdicts[1] != quizv1.Verdict_VERDICT_SKIPPED {
		t.Errorf("the host has ended it: %+v", m)
	}
	s.conduct(quizv1.Act_ACT_RESET)
	s.phase(quizv1.Phase_PHASE_LOBBY)
}

// TestLive has a host ask questions as they come, one of which nobody knows the key of yet.
func TestLive(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1, "title: Live\nmode: points\nseconds: 4\nquestions: []\n")
	ann := s.start("Ann")[0]
	if row := s.row(ann); row.Phase != quizv1.Phase_PHASE_NEXT || row.NextAt != 0 || row.Questions != 0 {
		t.Fatalf("a live show begins with %+v", row)
	}
	pose := func(m *quizv1.Pose) string {
		t.Helper()
		r, err := gametest.Call[quizv1.Pose, quizv1.ConductReply](s.host, m)
		if err != nil {
			return err.Error()
		}
		return s.outcome(r.Ticket)
	}
	for want, m := range map[string]*quizv1.Pose{
		"options: there are 1":  {Text: "x", Options: []string{"a"}},
		"it is missing":         {Options: []string{"a", "b"}},
		"is not allowed":        {Text: "x", Options: []string{"a", "b"}, Image: "javascript:alert(1)"},
		"has an option that is": {Text: "x", Options: []string{"a", "b"}, Key: 4},
		"seconds are not":       {Text: "x", Options: []string{"a", "b"}, Seconds: 10_000},
		"points are not":        {Text: "x", Options: []string{"a", "b"}, Points: 1_000_000},
		"characters that can't": {Text: "x\x07", Options: []string{"a", "b"}},
	} {
		if problem := pose(m); !strings.Contains(problem, want) {
			t.Errorf("%+v: %q, want %q", m, problem, want)
		}
	}
	if problem := pose(&quizv1.Pose{Text: "Who scores next?", Options: []string{"Reds", "Blues"}, Now: true, Seconds: 2}); problem != "" {
		t.Fatal(problem)
	}
	s.open(1)
	s.mustAnswer(ann, 1, 1)
	s.tick(20 * 10)
	if row := s.row(ann); row.Phase != quizv1.Phase_PHASE_CLOSED {
		t.Errorf("nobody knows the key: %+v", row)
	}
	if problem := s.try(&quizv1.Conduct{Act: quizv1.Act_ACT_REVEAL}); !strings.Contains(problem, "nobody has said") {
		t.Errorf("a reveal without a key: %q", problem)
	}
	if problem := s.try(&quizv1.Conduct{Act: quizv1.Act_ACT_REVEAL, Key: 2}); problem != "" {
		t.Fatal(problem)
	}
	s.phase(quizv1.Phase_PHASE_REVEALED)
	s.tick(20)
	if m := mine(ann, nil); m.Right != 1 || m.Points == 0 {
		t.Errorf("Ann was right: %+v", m)
	}
	if problem := pose(&quizv1.Pose{Text: "The last one", Options: []string{"a", "b", "c"}, Key: 1, Now: true, Last: true}); problem != "" {
		t.Fatal(problem)
	}
	s.open(2)
	if q := one[quizv1.Question](ann); !q.Last || q.Text != "The last one" {
		t.Errorf("question 2 is %+v", q)
	}
	s.phase(quizv1.Phase_PHASE_OVER)
}

// TestTeams plays with teams, which live as long as one of them is right.
func TestTeams(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1, file("mode: elimination\nteam_size: 2", 3))
	s.load()
	join := func(name, team string) *gametest.Player {
		p, err := s.houses[0].TryJoin(&world.Player{Name: name}, (&quizv1.Entry{Team: team}).AppendProto(nil))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	ann, bob, cat, dan := join("Ann", "Owls"), join("Bob", "owls"), join("Cat", "Owls"), s.houses[0].Join("Dan")
	choose := func(p *gametest.Player, team string) error {
		_, err := gametest.Call[quizv1.ChooseTeam, quizv1.ChooseTeamReply](p, &quizv1.ChooseTeam{Name: team})
		return err
	}
	if err := choose(dan, "OWLS"); err == nil || !strings.Contains(err.Error(), "full") {
		t.Errorf("a full team takes another one: %v", err)
	}
	for _, p := range []*gametest.Player{cat, dan} {
		if err := choose(p, "Foxes"); err != nil {
			t.Fatal(err)
		}
	}
	s.tick(30)
	s.conduct(quizv1.Act_ACT_START)
	s.open(1)
	s.mustAnswer(ann, 1, 1)
	s.mustAnswer(bob, 1, 0)
	s.mustAnswer(cat, 1, 0)
	s.mustAnswer(dan, 1, 2)
	s.phase(quizv1.Phase_PHASE_REVEALED)
	s.tick(30)
	a, b, c := mine(ann, nil), mine(bob, nil), mine(cat, nil)
	if a.Verdict != quizv1.Verdict_VERDICT_RIGHT || b.Verdict != quizv1.Verdict_VERDICT_SAVED || !b.Alive || c.Alive {
		t.Errorf("after question 1:\n%+v\n%+v\n%+v", a, b, c)
	}
	if a.Team != "Owls" || b.Team != "Owls" || a.TeamRank != 1 || c.TeamRank != 2 {
		t.Errorf("teams:\n%+v\n%+v\n%+v", a, b, c)
	}
	n := 0
	for _, team := range gametest.Rows[quizv1.Team](ann) {
		if n++; team.Name == "Owls" && (team.Rank != 1 || team.Members != 2 || team.Alive != 2) {
			t.Errorf("a team is %+v", team)
		}
	}
	if n != 2 {
		t.Errorf("there are %d teams, want 2", n)
	}
	if err := choose(ann, "Foxes"); err == nil {
		t.Error("a team is changed in the middle of the show")
	}
}

// TestPractice starts by itself, has no ranks, and begins again.
func TestPractice(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1, file("mode: practice\nlobby: 2\nagain: 2\nshuffle: true", 2))
	s.load()
	ann := s.houses[0].Join("Ann")
	s.open(1)
	m := mine(ann, nil)
	if len(m.Order) != 3 || m.Order[0]+m.Order[1]+m.Order[2] != 3 {
		t.Errorf("the options are shown in the order %v", m.Order)
	}
	if again := s.inner[0].order(s.inner[0].contestants[0], 1, 3); fmt.Sprint(again) != fmt.Sprint(m.Order) {
		t.Errorf("the order is %v, and then %v", m.Order, again)
	}
	s.mustAnswer(ann, 1, 1)
	s.phase(quizv1.Phase_PHASE_OVER)
	s.tick(10)
	if m := mine(ann, nil); m.Rank != 0 || m.Right != 1 || m.Won {
		t.Errorf("after practice: %+v", m)
	}
	if len(gametest.Told[quizv1.ShowDone](s.show))+len(gametest.Told[quizv1.ContestantsDone](s.houses[0])) != 0 {
		t.Error("backends are told of practice")
	}
	s.until("another run", func() bool { return s.row(ann).Run == 2 })
	if m := mine(ann, nil); m.Right != 0 || m.Run != 2 {
		t.Errorf("in the next run: %+v", m)
	}
}

// TestResults reads results as a host does, and writes them.
func TestResults(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1, file("mode: points", 2))
	s.load()
	var all []*gametest.Player
	for i := range 60 {
		all = append(all, s.houses[0].Join(fmt.Sprintf("=Player %d", i)))
	}
	s.tick(30)
	s.conduct(quizv1.Act_ACT_START)
	s.open(1)
	for i, p := range all {
		if i%20 == 0 {
			s.tick(1)
		}
		s.mustAnswer(p, 1, uint32(i%2))
	}
	s.phase(quizv1.Phase_PHASE_OVER)
	s.tick(40)
	var got []*quizv1.Result
	for more := true; more; {
		r, err := gametest.Call[quizv1.Results, quizv1.ResultsReply](s.host, &quizv1.Results{After: uint32(len(got))})
		if err != nil {
			t.Fatal(err)
		}
		got, more = append(got, r.Results...), r.More
	}
	if len(got) != 60 || got[1].Rank != 1 || got[0].Rank != 31 || got[0].PlayerId != "" || got[1].Given[0].Choice != 2 {
		t.Fatalf("the host reads %d results, the first of which are %+v, %+v", len(got), got[0], got[1])
	}
	told := gametest.Told[quizv1.ContestantsDone](s.houses[0])[0]
	var b bytes.Buffer
	if err := WriteCSV(&b, told.Results[:2]); err != nil {
		t.Fatal(err)
	}
	want := "rank,player_id,name,team,won,alive,out,points,right,seconds,q1,q1_seconds,q1_verdict,q2,q2_seconds,q2_verdict\n" +
		"31,player-2,'=Player 0,,false,true,,0,0,8.00,A,0.05,wrong,,,missed\n" +
		"1,player-3,'=Player 1,,true,true,,1000,1,4.05,B,0.05,right,,,missed\n"
	if b.String() != want {
		t.Errorf("as CSV:\n%swant\n%s", &b, want)
	}
	b.Reset()
	if err := WriteJSON(&b, told.Results); err != nil {
		t.Fatal(err)
	}
	var list []map[string]any
	if err := json.Unmarshal(b.Bytes(), &list); err != nil || len(list) != 60 || list[1]["player_id"] != "player-3" {
		t.Errorf("as JSON: %v, %d results", err, len(list))
	}
}

// TestResultsOfOtherHouses reads the results of another house as a host does.
func TestResultsOfOtherHouses(t *testing.T) {
	t.Parallel()
	s := newStage(t, 2, file("mode: points", 1))
	s.load()
	const n = fetchedAtOnce + 60
	var all []*gametest.Player
	for i := range n {
		all = append(all, s.houses[1].Join(fmt.Sprintf("Player %d", i)))
	}
	s.tick(30)
	s.conduct(quizv1.Act_ACT_START)
	s.open(1)
	for i, p := range all[:20] {
		s.mustAnswer(p, 1, uint32(i%2))
	}
	s.phase(quizv1.Phase_PHASE_OVER)
	s.tick(40)
	var got []*quizv1.Result
	waits := 0
	for more := true; more && waits < 100; {
		r, err := gametest.Call[quizv1.Results, quizv1.ResultsReply](s.host, &quizv1.Results{After: uint32(len(got)), House: "house-2"})
		if err != nil {
			t.Fatal(err)
		}
		if more = r.More; r.Waiting {
			waits++
			s.tick(1)
		}
		got = append(got, r.Results...)
	}
	if len(got) != n || got[1].Name != "Player 1" || got[1].Rank != 1 || !got[1].Won || got[0].Won || got[n-1].Name != all[n-1].Name || got[3].PlayerId != "" {
		t.Errorf("%d results after %d ticks, the first of which are %+v, %+v", len(got), waits, got[0], got[1])
	}
	if _, err := gametest.Call[quizv1.Results, quizv1.ResultsReply](s.host, &quizv1.Results{House: "house-3"}); err == nil {
		t.Error("a house that is not there has results")
	}
	if _, err := gametest.Call[quizv1.Results, quizv1.ResultsReply](all[0], &quizv1.Results{House: "house-1"}); err == nil {
		t.Error("a contestant reads results")
	}
}

// TestWriteJSON sees that a time of nothing is told, and that where there is no answer there is none.
func TestWriteJSON(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := WriteJSON(&b, []*quizv1.Result{{Name: "Ann", Given: []*quizv1.Given{{Choice: 2}, {}}}}); err != nil {
		t.Fatal(err)
	}
	var got []struct{ Answers []map[string]any }
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	a, none := got[0].Answers[0], got[0].Answers[1]
	if a["answer"] != "B" || a["seconds"] != 0.0 || a["credit_ms"] != 0.0 || len(none) != 0 {
		t.Errorf("an answer within nothing, and none:\n%s", &b)
	}
}

// TestGrant gives a contestant a revive from a backend.
func TestGrant(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1, file("mode: elimination", 2))
	ann, bob := s.startTwo()
	s.houses[0].Post(world.PlayerTopic(ann.PlayerID), &quizv1.Grant{Revives: 1})
	s.open(1)
	if m := mine(ann, nil); m.Revives != 1 {
		t.Errorf("Ann was given a revive: %+v", m)
	}
	s.phase(quizv1.Phase_PHASE_REVEALED)
	s.tick(20)
	if a, b := mine(ann, nil), mine(bob, nil); !a.Alive || b.Alive {
		t.Errorf("both have missed the question:\n%+v\n%+v", a, b)
	}
}
