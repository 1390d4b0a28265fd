package quiz

import (
	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/world"
)

// The log of a show is a topic that shows alone listen to: keys are in it. A show that takes over from
// another one, whose node is gone, reads it from its start, up to a mark of its own, and goes on from
// what it has found. What has happened in houses they tell it themselves.

// keeping returns what whoever takes over must know.
func (s *show) keeping(now int64) *quizv1.Kept {
	return &quizv1.Kept{Epoch: s.epoch, At: now, State: s.state(), Posed: s.posed, Asked: uint32(s.asked), Key: s.key, Note: s.note}
}

// onLoaded takes the file of a show that was here before, and ends a show that was taken over.
func (s *show) onLoaded(_ *world.Posting, m *quizv1.Loaded) {
	if s.fenced(m.Epoch) || s.ready {
		return
	}
	if c, err := parse(m.Source, []byte(m.File)); err == nil {
		s.script, s.source = c, m.Source
	}
}

// onKept takes where a show was that was here before.
func (s *show) onKept(_ *world.Posting, m *quizv1.Kept) {
	if !s.fenced(m.Epoch) && !s.ready {
		s.kept = m
	}
}

// onMark begins, once all that was there before has been read.
func (s *show) onMark(from *world.Posting, m *quizv1.Mark) {
	if s.fenced(m.Epoch) || s.ready || m.Epoch != s.epoch || from.From != s.room.ID() {
		return
	}
	s.ready = true
	now := s.room.Now()
	s.since = now
	s.changed()
	if k := s.kept; k != nil && k.State != nil && now-k.At < stale && s.script != nil {
		s.takeOver(k)
	} else {
		s.script, s.source = nil, ""
		if s.room.Text("file") != "none" {
			s.loadFile(func(problem string) { s.problem = problem })
		}
	}
	s.kept = nil
}

// fenced reports whether a message of the log is of a show that came after this one, which ends then.
func (s *show) fenced(epoch uint64) bool {
	if epoch <= s.epoch {
		return false
	}
	if !s.room.Over() {
		s.room.Log.Warn("another show has taken over", "show", s.name, "epoch", s.epoch, "newer", epoch)
		s.room.End()
	}
	return true
}

// takeOver goes on where another show was.
func (s *show) takeOver(k *quizv1.Kept) {
	st, now := k.State, s.room.Now()
	s.room.Log.Info("a quiz show is taken over", "show", s.name, "from", k.Epoch, "phase", st.Phase.String(), "question", len(st.Outcomes))
	s.phase, s.run, s.rehearsal, s.held, s.nextAt, s.keyAt = st.Phase, st.Run, st.Rehearsal, st.Held, st.NextAt, st.KeyAt
	s.ask, s.outcomes, s.figures = st.Ask, st.Outcomes, st.Figures
	s.winners, s.ranked, s.leaders, s.teams = st.Winners, st.Ranked, st.Leaders, st.Teams
	s.posed, s.asked, s.key, s.note = k.Posed, int(k.Asked), k.Key, k.Note
	s.closed = st.Ask
	s.told, s.toldShow = st.Ranked == uint32(len(st.Outcomes)), st.Phase == quizv1.Phase_PHASE_OVER
	s.tally.reset(s.greatestScore())
	s.tally.waitUntil = now + silence + patience
	for _, r := range st.Reports { // those that are not heard from are lost, and known to be so
		h := s.tally.house(r.House)
		h.report, h.heardAt = r, now
		if r.Lost { // nor are those heard that were lost before
			h.lost, h.heardAt = true, now-silence-1
		}
	}
	s.postpone(now)
	s.endAfter(now)
}
