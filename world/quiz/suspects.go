package quiz

import (
	"fmt"

	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
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
	// suspectsPerTick bounds what is told in one tick.
	suspectsPerTick = 20
)

// suspects are those whose answers look odd, as far as the show was not told of them.
type suspects struct {
	waiting []*quizv1.Suspected
}

func (s *suspects) reset() { s.waiting = nil }

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

// taken returns how long an answer took, in hundredths of a second, before it was lessened.
func (a answer) taken() int { return int(a.elapsed) + int(a.credit)/10 }

// look looks at all contestants' answers once a question is closed.
func (s *suspects) look(h *house) {
	outcomes := h.state.Outcomes
	last := outcomes[len(outcomes)-1].Number
	type signature struct {
		network uint64
		options [sameAnswers]uint8
		times   [sameAnswers]int
	}
	same := map[signature][]*contestant{}
	var order []signature // of same, as contestants come
	for _, c := range h.contestants {
		fast, n := 0, 0
		lo, hi := 0, 0
		sig := signature{network: c.network}
		for i := len(outcomes) - 1; i >= 0; i-- {
			o := outcomes[i]
			a := c.answer(o.Number)
			if !inTime(o, a) {
				if n < evenAnswers {
					break
				}
				continue
			}
			if correct(o, a) && a.taken() < fastest {
				fast++
			}
			if n < evenAnswers {
				if n == 0 {
					lo, hi = a.taken(), a.taken()
				}
				lo, hi = min(lo, a.taken()), max(hi, a.taken())
			}
			if n < sameAnswers {
				sig.options[n], sig.times[n] = a.option, (a.taken()+2)/5
			}
			n++
		}
		if fast >= tooFastTimes {
			s.report(h, c, quizv1.Pattern_PATTERN_TOO_FAST, last, "%d right answers within %d ms", fast, fastest*10)
		}
		if n >= evenAnswers && hi-lo <= evenSpread {
			s.report(h, c, quizv1.Pattern_PATTERN_TOO_EVEN, last, "the last %d answers took %d to %d ms", evenAnswers, lo*10, hi*10)
		}
		if n >= sameAnswers && c.network != 0 {
			if same[sig] == nil {
				order = append(order, sig)
			}
			same[sig] = append(same[sig], c)
		}
	}
	for _, sig := range order {
		if all := same[sig]; len(all) > 1 {
			for _, c := range all {
				s.report(h, c, quizv1.Pattern_PATTERN_TOGETHER, last,
					"the same %d answers at the same times as %d others from its network", sameAnswers, len(all)-1)
			}
		}
	}
}
