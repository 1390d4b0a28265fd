package quiz

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
)

const (
	// resultsPerMessage bounds the contestants in one message to backends.
	resultsPerMessage = 200
	// toldPerTick bounds those messages in one tick.
	toldPerTick = 10
)

// tellQuestion tells backends what a question has come to.
func (s *show) tellQuestion(o *quizv1.Outcome) {
	s.room.Tell(&quizv1.QuestionDone{
		Show: s.name, Run: s.run, Ask: s.closed, Outcome: o, Figures: s.figures, Contestants: s.tally.contestants(), Alive: s.tally.alive(),
	})
}

// tellShow tells backends how the show has ended.
func (s *show) tellShow() {
	s.room.Tell(&quizv1.ShowDone{
		Show: s.name, Run: s.run, Title: s.script.Title, Mode: modes[s.script.Mode], Contestants: s.among, Winners: s.winners,
		Leaders: s.leaders, Teams: s.teams,
	})
}

// result returns what has become of a contestant.
func (h *house) result(c *contestant) *quizv1.Result {
	s := &c.score
	r := &quizv1.Result{
		PlayerId: c.id, Name: c.name, Rank: c.rank, Alive: s.alive, Out: s.out, Points: s.points, Right: s.right, Time: s.time,
		Won: h.state != nil && h.won(c),
	}
	if c.team != nil {
		r.Team = c.team.name
	}
	r.Given = given(c)
	return r
}

// given returns what a contestant has answered, as messages have it.
func given(c *contestant) []*quizv1.Given {
	var all []*quizv1.Given
	for i := range max(len(c.answers), len(c.verdicts)) {
		g := &quizv1.Given{}
		if a := c.answer(uint32(i + 1)); a.given {
			g.Choice, g.Elapsed, g.Credit = uint32(a.option)+1, uint32(a.elapsed), uint32(a.credit)
		}
		if i < len(c.verdicts) {
			g.Verdict = c.verdicts[i]
		}
		all = append(all, g)
	}
	return all
}

// tellResults tells backends what has become of the contestants once the show is over and they are
// ranked, some of them in each tick.
func (h *house) tellResults() {
	st := h.state
	if st == nil || st.Phase != quizv1.Phase_PHASE_OVER || st.Rehearsal || st.Mode == quizv1.Mode_MODE_PRACTICE || h.toldRun == h.run {
		return
	}
	n := len(st.Outcomes)
	if n == 0 || st.Ranked != st.Outcomes[n-1].Number || h.ranks.missing > 0 || h.ranks.ready || h.scored == 0 {
		return // not ranked yet
	}
	parts := (len(h.contestants) + resultsPerMessage - 1) / resultsPerMessage
	for range toldPerTick {
		if h.telling >= parts {
			h.toldRun, h.telling = h.run, 0
			return
		}
		from := h.telling * resultsPerMessage
		m := &quizv1.ContestantsDone{Show: h.name, Run: h.run, House: h.room.ID(), Part: uint32(h.telling), Parts: uint32(parts)}
		for _, c := range h.contestants[from:min(from+resultsPerMessage, len(h.contestants))] {
			m.Results = append(m.Results, h.result(c))
		}
		h.room.Tell(m)
		h.telling++
	}
}

// WriteCSV writes results, as backends are told of them, as CSV with a line of names at the top. Of
// each question there is the letter of the answer, its time in seconds, and what became of it. Cells
// that a spreadsheet would take for a formula begin with an apostrophe.
func WriteCSV(w io.Writer, results []*quizv1.Result) error {
	questions := 0
	for _, r := range results {
		questions = max(questions, len(r.Given))
	}
	head := []string{"rank", "player_id", "name", "team", "won", "alive", "out", "points", "right", "seconds"}
	for i := range questions {
		head = append(head, fmt.Sprintf("q%d", i+1), fmt.Sprintf("q%d_seconds", i+1), fmt.Sprintf("q%d_verdict", i+1))
	}
	out := csv.NewWriter(w)
	if err := out.Write(head); err != nil {
		return err
	}
	for _, r := range results {
		line := []string{
			number(r.Rank), plainCell(r.PlayerId), plainCell(r.Name), plainCell(r.Team), strconv.FormatBool(r.Won), strconv.FormatBool(r.Alive), number(r.Out),
			strconv.Itoa(int(r.Points)), strconv.Itoa(int(r.Right)), hundredths(r.Time),
		}
		for i := range questions {
			g := &quizv1.Given{}
			if i < len(r.Given) {
				g = r.Given[i]
			}
			letter, seconds := "", ""
			if g.Choice > 0 {
				letter, seconds = string(rune('A'+g.Choice-1)), hundredths(g.Elapsed)
			}
			line = append(line, letter, seconds, verdictName(g.Verdict))
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// WriteJSON writes results as a list in JSON, with the names of the columns of WriteCSV and a list
// of the answers.
func WriteJSON(w io.Writer, results []*quizv1.Result) error {
	type answered struct {
		Answer  string   `json:"answer,omitempty"`
		Seconds *float64 `json:"seconds,omitempty"` // none without an answer; 0 is a time
		Credit  *uint32  `json:"credit_ms,omitempty"`
		Verdict string   `json:"verdict,omitempty"`
	}
	type line struct {
		Rank     uint32     `json:"rank,omitempty"`
		PlayerID string     `json:"player_id,omitempty"`
		Name     string     `json:"name"`
		Team     string     `json:"team,omitempty"`
		Won      bool       `json:"won"`
		Alive    bool       `json:"alive"`
		Out      uint32     `json:"out,omitempty"`
		Points   uint32     `json:"points"`
		Right    uint32     `json:"right"`
		Seconds  float64    `json:"seconds"`
		Answers  []answered `json:"answers"`
	}
	lines := make([]line, 0, len(results))
	for _, r := range results {
		l := line{
			Rank: r.Rank, PlayerID: r.PlayerId, Name: r.Name, Team: r.Team, Won: r.Won, Alive: r.Alive, Out: r.Out, Points: r.Points,
			Right: r.Right, Seconds: float64(r.Time) / 100, Answers: []answered{},
		}
		for _, g := range r.Given {
			a := answered{Verdict: verdictName(g.Verdict)}
			if g.Choice > 0 {
				seconds := float64(g.Elapsed) / 100
				a.Answer, a.Seconds, a.Credit = string(rune('A'+g.Choice-1)), &seconds, &g.Credit
			}
			l.Answers = append(l.Answers, a)
		}
		lines = append(lines, l)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(lines)
}

func number(n uint32) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(int(n))
}

func hundredths(n uint32) string { return fmt.Sprintf("%d.%02d", n/100, n%100) }

func verdictName(v quizv1.Verdict) string {
	if v == quizv1.Verdict_VERDICT_UNSPECIFIED {
		return ""
	}
	return strings.ToLower(strings.TrimPrefix(v.String(), "VERDICT_"))
}

// plainCell returns a text as a cell that no spreadsheet takes for a formula.
func plainCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
