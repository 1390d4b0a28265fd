package quiz

import (
	"fmt"

	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/world"
)

// What is odd about answers. Nothing follows from it but that hosts are told, once for each
// contestant and pattern in a run.
const (
	fastest      = 40 // hundredths of a second in which nobody reads a question
	tooFastTimes = 2
	evenAnswers  = 5
	evenSpread   = 10 // hundredths of a second
	sameAnswers  = 4
	earlyTries   = 3

	// maxSuspects bounds what waits to be told; more is left out.
	maxSuspects = 1000
	// suspectsPerTick bounds what a house tells in one tick, and relayedPerTick what a show does.
	suspectsPerTick = 2
	relayedPerTick  = 10
)

// suspects are those whose answers look odd, as far as the show was not told of them.
type suspects struct {
	waiting []*quizv1.Suspected
	looked  uint32 // number of the question whose answers were looked at last
}

func (s *suspects) reset() { *s = suspects{} }

// report notes that something is odd about a contestant.
func (s *suspects) report(h *house, c *contestant, pattern quizv1.Pattern, question uint32, format string, args ...any) {
	if c.flagged&(1<<pattern) != 0 || len(s.waiting) >= maxSuspects {
		return
	}
	c.flagged |= 1 << pattern
	s.waiting = append(s.waiting, &quizv1.Suspected{What: &quizv1.Suspicion{
		Pattern: pattern, Name: c.name, House: h.room.ID(), Player: c.number, Question: question, Detail: fmt.Sprintf(format, args...),
	}})
}

// flush tells the show.
func (s *suspects) flush(h *house) {
	n := min(len(s.waiting), suspectsPerTick)
	for _, m := range s.waiting[:n] {
		h.room.Post(h.up, m)
	}
	s.waiting = s.waiting[n:]
}

// early notes an answer before its question opened.
func (s *suspects) early(h *house, c *contestant, question uint32) {
	if c.asked >= earlyTries {
		s.report(h, c, quizv1.Pattern_PATTERN_TOO_EARLY, question, "%d answers before questions opened", c.asked)
	}
}

// taken returns how long an answer took at most, in hundredths of a second, before it was lessened.
func (a answer) taken() int { return int(a.elapsed) + int(a.credit)/10 + int(a.unsure) }

// look looks at the contestants' answers once a question is closed.
func (s *suspects) look(h *house) {
	outcomes := h.state.Outcomes
	last := outcomes[len(outcomes)-1]
	if last.Number <= s.looked {
		return // the scores were worked out again
	}
	s.looked = last.Number
	same := map[uint64]uint32{} // contestants by what they have answered, and from where
	marks := make([]uint64, len(h.contestants))
	for i, c := range h.contestants {
		a := c.answer(last.Number)
		if !inTime(last, a) {
			continue
		}
		if correct(last, a) && a.taken() < fastest {
			if c.fast++; c.fast >= tooFastTimes {
				s.report(h, c, quizv1.Pattern_PATTERN_TOO_FAST, last.Number, "%d right answers within %d ms", c.fast, fastest*10)
			}
		}
		n, lo, hi, mark := lately(outcomes, c)
		if n >= evenAnswers && hi-lo <= evenSpread {
			s.report(h, c, quizv1.Pattern_PATTERN_TOO_EVEN, last.Number, "the last %d answers took %d to %d ms", evenAnswers, lo*10, hi*10)
		}
		if n >= sameAnswers && c.network != 0 {
			marks[i] = mark
			same[mark]++
		}
	}
	for i, c := range h.contestants {
		if n := same[marks[i]]; marks[i] != 0 && n > 1 {
			s.report(h, c, quizv1.Pattern_PATTERN_TOGETHER, last.Number,
				"the same %d answers at the same times as %d others from its network", sameAnswers, n-1)
		}
	}
}

// lately looks at a contestant's answers to the last questions, as far as there is one to each, and
// returns how many there are, the shortest and the longest time, and a number that stands for its
// network and the last sameAnswers of them.
func lately(outcomes []*quizv1.Outcome, c *contestant) (n, lo, hi int, mark uint64) {
	mark = c.network
	for i := len(outcomes) - 1; i >= 0 && n < evenAnswers; i-- {
		a := c.answer(outcomes[i].Number)
		if !inTime(outcomes[i], a) {
			break
		}
		took := a.taken()
		if n == 0 {
			lo, hi = took, took
		}
		lo, hi = min(lo, took), max(hi, took)
		if n < sameAnswers {
			mark = (mark^uint64(a.option)^uint64((took+2)/5)<<8)*0x9e3779b97f4a7c15 + 1
		}
		n++
	}
	return n, lo, hi, mark
}

// onSuspected takes what a house finds odd. What is more than hosts could look at is left out.
func (s *show) onSuspected(_ *world.Posting, m *quizv1.Suspected) {
	if len(s.suspected) < maxSuspects {
		s.suspected = append(s.suspected, m)
	}
}

// relaySuspects tells the houses, for their hosts, a few in each tick.
func (s *show) relaySuspects() {
	n := min(len(s.suspected), relayedPerTick)
	for _, m := range s.suspected[:n] {
		s.room.Post(s.down, m)
	}
	s.suspected = s.suspected[n:]
}
