package quiz

import (
	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
)

// What becomes of a show and its houses that do not hear each other, as the bus is away. The show waits: it asks
// nothing, shows no key and ends nothing while it hears none of its houses. Houses go on with the question that
// they have. Afterwards the show goes on where it was, and what nobody could be shown in time counts for nobody.
// If some houses are lost it waits as well until their contestants are back, in other houses, but not for long.

// Deaf notes that houses do not reach the show.
func (s *show) Deaf(topic string) { s.deaf = s.deaf || topic == s.up }

// Hears notes that they do again.
func (s *show) Hears(topic string, _ bool) { s.deaf = s.deaf && topic != s.up }

// heard reports whether the show hears at least one of its houses, if it has any, and notes when that changes.
// Who comes back is waited for, as after another show was taken over.
func (s *show) heard(now int64) bool {
	cut := s.deaf || s.tally.allLost()
	if cut == s.cut {
		return !cut
	}
	s.cut = cut
	if cut {
		s.room.Log.Warn("a quiz show hears none of its houses; it waits", "show", s.name, "phase", s.phase.String(), "question", len(s.outcomes))
		return false
	}
	s.room.Log.Info("a quiz show hears its houses again", "show", s.name, "phase", s.phase.String(), "question", len(s.outcomes))
	s.since = now
	s.postpone(now)
	s.changed()
	return true
}

// postpone puts off what comes by itself, so that nobody misses what came due meanwhile.
func (s *show) postpone(now int64) {
	if s.nextAt != 0 && s.nextAt < now+ready && s.phase != quizv1.Phase_PHASE_OPEN {
		s.nextAt = now + ready
	}
}

// allLost reports whether there are houses, and none of them is heard.
func (t *tally) allLost() bool {
	for _, h := range t.houses {
		if !h.lost {
			return false
		}
	}
	return len(t.houses) > 0
}

// missed reports whether a house that is heard could not show a question to its contestants in time.
func (t *tally) missed(run, question uint32) bool {
	for _, h := range t.houses {
		if r := h.report; !h.lost && r.Missed && r.Run == run && r.Question == question && r.Contestants > 0 {
			return true
		}
	}
	return false
}

// tooLate is how long after a question has opened a house may show it that has not heard its show, and call that
// in time.
const tooLate = second

// notice notes what the house could not show its contestants, since it did not hear its show: a question
// that comes too late, which it tells the show, and those that have come to an end meanwhile, which do not
// count for its contestants.
func (h *house) notice(before *quizv1.State, now int64) {
	st := h.state
	if before == nil || before.Run != st.Run {
		return
	}
	cut := h.lost || h.deaf || now-h.heardAt > 2*second
	if a := st.Ask; cut && a != nil && (before.Ask == nil || before.Ask.Number != a.Number) && now > a.OpensAt+tooLate {
		h.missed = a.Number
	}
	for _, o := range st.Outcomes[min(len(before.Outcomes), len(st.Outcomes)):] {
		if o.Number <= h.shown && o.Number != h.missed {
			continue
		}
		for _, c := range h.contestants {
			if o.Number >= c.from && !c.answer(o.Number).given {
				c.spared.add(o.Number)
			}
		}
	}
}

// numbers is a set of questions, by number.
type numbers [maxQuestions/64 + 1]uint64

func (n *numbers) add(number uint32) {
	if number < uint32(len(n))*64 {
		n[number/64] |= 1 << (number % 64)
	}
}

func (n *numbers) has(number uint32) bool {
	return number < uint32(len(n))*64 && n[number/64]>>(number%64)&1 == 1
}

// all returns the numbers of the set, the lowest one first.
func (n *numbers) all() (out []uint32) {
	for number := range uint32(len(n)) * 64 {
		if n.has(number) {
			out = append(out, number)
		}
	}
	return out
}
