package quiz

import (
	"math"

	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
)

// answer is what a contestant has answered to a question.
type answer struct {
	given   bool
	option  uint8
	elapsed uint16 // hundredths of a second, already lessened by credit
	credit  uint16 // milliseconds
	unsure  uint16 // hundredths of a second: by how much later it may have come, as far as this house knows
}

// rules are what a show's answers are judged by.
type rules struct {
	mode           quizv1.Mode
	revives        uint32
	streakBonus    uint32
	maxStreakBonus uint32
}

// score is how a contestant stands. It follows from the rules, the outcomes of the questions and the
// contestant's answers alone, so that it can be worked out anew at any time: when a question is taken
// out, or when a message comes twice.
type score struct {
	alive    bool
	out      uint32 // number of the question by which it went out; 0: none
	revives  uint32 // left
	points   uint32
	right    uint32
	streak   uint32 // right answers in a row
	survived uint32 // questions
	time     uint32 // hundredths of a second
	verdict  quizv1.Verdict
	gained   uint32 // points for the last question
}

// standing returns by what the contestant is ranked.
func (s *score) standing(mode quizv1.Mode) standing {
	if mode == quizv1.Mode_MODE_ELIMINATION {
		return standing{s.survived*(maxQuestions+1) + s.right, s.time}
	}
	return standing{s.points, s.time}
}

// maxScore returns the greatest score of a standing after so many questions that are worth so much
// together.
func maxScore(mode quizv1.Mode, questions int, points, maxStreakBonus uint32) uint32 {
	if mode == quizv1.Mode_MODE_ELIMINATION {
		return uint32(questions) * (maxQuestions + 2)
	}
	return points + uint32(questions)*maxStreakBonus
}

// speedPoints returns what a right answer earns: all of the points within half a second, and half of
// them at the very end, as in Kahoot.
func speedPoints(points, elapsed, allowed uint32) uint32 {
	if elapsed < 50 || allowed == 0 {
		return points
	}
	t := float64(min(elapsed, allowed)) / float64(allowed)
	return uint32(math.Round((1 - t/2) * float64(points)))
}

// inTime reports whether an answer came before the question was closed, which may have been before
// its time.
func inTime(o *quizv1.Outcome, a answer) bool {
	return a.given && int64(a.elapsed) <= (o.ClosesAt-o.OpensAt)/10_000
}

// correct reports whether an answer is right.
func correct(o *quizv1.Outcome, a answer) bool { return inTime(o, a) && o.Key&(1<<a.option) != 0 }

// judge works out the scores of a house's contestants after some outcomes, of which the first done are
// in the scores already.
func judge(r rules, outcomes []*quizv1.Outcome, done int, all []*contestant) {
	if done == 0 {
		for _, c := range all {
			c.score = score{alive: true, revives: r.revives + c.granted}
			c.verdicts = c.verdicts[:0]
		}
	}
	for _, o := range outcomes[done:] {
		saved := teamsSaved(o, all)
		for _, c := range all {
			c.score.apply(r, o, c, c.team != nil && saved[c.team])
			c.verdicts = append(c.verdicts, c.score.verdict)
		}
	}
}

// teamsSaved returns the teams of which a member who is still in has answered rightly.
func teamsSaved(o *quizv1.Outcome, all []*contestant) map[*team]bool {
	var saved map[*team]bool
	for _, c := range all {
		if c.team != nil && c.score.alive && correct(o, c.answer(o.Number)) {
			if saved == nil {
				saved = map[*team]bool{}
			}
			saved[c.team] = true
		}
	}
	return saved
}

// apply adds the outcome of one question. saved tells whether somebody of the contestant's team was
// right.
func (s *score) apply(r rules, o *quizv1.Outcome, c *contestant, saved bool) {
	s.gained, s.verdict = 0, quizv1.Verdict_VERDICT_UNSPECIFIED
	elimination := r.mode == quizv1.Mode_MODE_ELIMINATION
	switch {
	case o.Skipped || c.spared.has(o.Number):
		s.verdict = quizv1.Verdict_VERDICT_SKIPPED
		return
	case elimination && (!s.alive || o.Number < c.from):
		return
	}
	a := c.answer(o.Number)
	if correct(o, a) {
		s.verdict = quizv1.Verdict_VERDICT_RIGHT
		s.right++
		s.survived++
		s.time += uint32(a.elapsed)
		s.streak++
		s.gained = speedPoints(o.Points, uint32(a.elapsed), o.TimeMs/10)
		if r.mode == quizv1.Mode_MODE_POINTS {
			s.gained += min((s.streak-1)*r.streakBonus, r.maxStreakBonus)
		}
		s.points += s.gained
		return
	}
	s.verdict = quizv1.Verdict_VERDICT_WRONG
	if !inTime(o, a) {
		s.verdict = quizv1.Verdict_VERDICT_MISSED
	}
	s.time += o.TimeMs / 10
	s.streak = 0
	if !elimination {
		return
	}
	switch {
	case saved:
		s.verdict = quizv1.Verdict_VERDICT_SAVED
	case s.revives > 0 && !o.Last:
		s.verdict = quizv1.Verdict_VERDICT_REVIVED
		s.revives--
	default:
		s.alive, s.out = false, o.Number
		return
	}
	s.survived++
}
