package quiz

import (
	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
)

// advance goes on with the show if it is time.
func (s *show) advance(now int64) {
	if s.running() || s.phase == quizv1.Phase_PHASE_OVER {
		s.ranking(now)
	}
	if s.tally.returning > 0 { // who was in a house that is lost is on the way to another one
		s.postpone(now)
	}
	switch s.phase {
	case quizv1.Phase_PHASE_LOBBY:
		s.lobby(now)
	case quizv1.Phase_PHASE_NEXT:
		if s.nextAt != 0 && now >= s.nextAt-s.early() {
			s.askNext(max(s.nextAt, now+s.early()))
		}
	case quizv1.Phase_PHASE_OPEN:
		if now >= s.ask.ClosesAt {
			s.phase, s.nextAt = quizv1.Phase_PHASE_CLOSED, 0
			s.changed()
		}
	case quizv1.Phase_PHASE_CLOSED:
		end := s.ask.ClosesAt + s.credit()
		waited := now >= max(end, s.since+silence)+maxLate
		if s.key != 0 && now >= end && s.tally.returning == 0 && (waited || now >= s.since+silence && s.tally.closed(s.run, s.ask.Number)) {
			s.resolve(now)
		}
	case quizv1.Phase_PHASE_REVEALED:
		s.settle(now)
	case quizv1.Phase_PHASE_OVER:
		switch {
		case s.nextAt != 0 && now >= s.nextAt:
			s.toLobby()
		case s.endsAt != 0 && s.tally.hosts() > 0:
			s.endAfter(now) // they may want another run
		}
	}
}

// endAfter has the show end for good some time from now, if it is over and does not begin again.
func (s *show) endAfter(now int64) {
	s.endsAt = 0
	if s.phase == quizv1.Phase_PHASE_OVER && s.script != nil && s.script.Again == 0 && s.script.EndsAfter > 0 {
		s.endsAt = now + int64(s.script.EndsAfter*second)
	}
}

// resolve shows the key of a question that is closed for everybody, or takes the question out if it could not
// be shown everywhere.
func (s *show) resolve(now int64) {
	if s.tally.missed(s.run, s.ask.Number) {
		s.room.Log.Warn("a question counts for nobody: a house could not show it in time", "show", s.name, "question", s.ask.Number)
		s.skip(now)
		return
	}
	s.reveal(now)
}

// credit returns what an answer's time may be lessened by, in microseconds.
func (s *show) credit() int64 { return int64(uint32(s.script.MaxCredit*1000)) * 1000 }

// early returns how long before it opens houses are told of a question.
func (s *show) early() int64 { return ahead + int64(uint32(s.script.Lead*1000))*1000 }

// lobby starts the show when contestants are there for so long, or so many of them.
func (s *show) lobby(now int64) {
	n := s.tally.contestants()
	switch {
	case s.script == nil || s.held:
	case n == 0 && s.nextAt != 0:
		s.nextAt = 0
		s.changed()
	case s.nextAt != 0 && now >= s.nextAt, s.script.StartWith > 0 && n >= uint32(s.script.StartWith):
		s.start(now, false)
	case n > 0 && s.nextAt == 0 && s.script.Lobby > 0:
		s.nextAt = now + int64(s.script.Lobby*second)
		s.changed()
	}
}

// start begins a run.
func (s *show) start(now int64, rehearsal bool) {
	s.run++
	s.rehearsal, s.held = rehearsal, false
	s.asked, s.ask, s.key, s.note, s.outcomes = 0, nil, 0, "", nil
	s.forget()
	s.phase, s.nextAt = quizv1.Phase_PHASE_NEXT, 0
	if q, _ := s.next(); q != nil {
		s.nextAt = now + min(ready, int64(s.script.Pause*second))
	}
	s.changed()
}

// forget drops what ranks there are.
func (s *show) forget() {
	s.figures, s.winners, s.ranked, s.leaders, s.teams = nil, 0, 0, nil, nil
	s.among, s.teamCount = 0, 0
	s.tally.reset(s.greatestScore())
}

// greatestScore returns a bound of the scores that contestants can have.
func (s *show) greatestScore() uint32 {
	if s.script == nil {
		return 1
	}
	var points uint32
	for _, o := range s.outcomes {
		points += o.Points
	}
	return maxScore(modes[s.script.Mode], len(s.outcomes), points, uint32(s.script.MaxStreakBonus))
}

// toLobby waits for another run.
func (s *show) toLobby() {
	s.phase, s.nextAt, s.held = quizv1.Phase_PHASE_LOBBY, 0, false
	s.asked, s.posed = 0, nil
	s.changed()
}

// askNext asks the next question, if there is one.
func (s *show) askNext(opensAt int64) bool {
	q, last := s.next()
	if q == nil || len(s.outcomes) >= maxQuestions {
		s.nextAt = 0
		return false
	}
	s.ask = s.asAsk(q, last, opensAt)
	s.ask.Number = uint32(len(s.outcomes) + 1)
	s.key, s.note, s.figures = q.key, q.Note, nil
	if len(s.posed) > 0 {
		s.posed = s.posed[1:]
	} else {
		s.asked++
	}
	s.phase, s.nextAt = quizv1.Phase_PHASE_OPEN, s.ask.ClosesAt
	s.changed()
	return true
}

// closeNow closes the question that is open, as soon as all houses can know it.
func (s *show) closeNow(now int64) {
	s.ask.ClosesAt = min(s.ask.ClosesAt, max(now+ahead, s.ask.OpensAt))
	s.nextAt = s.ask.ClosesAt
	s.changed()
}

// reveal shows the key of the question that is closed.
func (s *show) reveal(now int64) {
	a := s.ask
	s.outcomes = append(s.outcomes, &quizv1.Outcome{
		Number: a.Number, Key: s.key, TimeMs: a.TimeMs, Points: a.Points, Last: a.Last, OpensAt: a.OpensAt, ClosesAt: a.ClosesAt,
	})
	s.shown(now, now+ahead)
}

// skip takes the question out that is there.
func (s *show) skip(now int64) {
	if s.asking() {
		a := s.ask
		s.outcomes = append(s.outcomes, &quizv1.Outcome{Number: a.Number, Skipped: true, TimeMs: a.TimeMs, Last: a.Last, OpensAt: a.OpensAt, ClosesAt: a.ClosesAt})
	} else {
		o := s.outcomes[len(s.outcomes)-1]
		o.Skipped, o.Key = true, 0
	}
	s.shown(now, now)
}

// shown notes that there is an outcome that clients are shown at some time.
func (s *show) shown(now, keyAt int64) {
	s.phase, s.keyAt, s.told, s.figures, s.closed = quizv1.Phase_PHASE_REVEALED, keyAt, false, nil, s.ask
	s.tally.reset(s.greatestScore())
	s.tally.waitUntil = now + ahead + patience
	s.nextAt = 0
	if pause := int64(s.script.Pause * second); !s.held && s.continues() {
		s.nextAt = keyAt + pause - min(ready, pause/2)
	}
	s.changed()
}

// continues reports whether what comes next comes by itself.
func (s *show) continues() bool {
	q, _ := s.next()
	return q != nil || len(s.script.questions) > 0 || s.ask != nil && s.ask.Last
}

// settle goes on when the key has been there for its time.
func (s *show) settle(now int64) {
	if s.nextAt == 0 || now < s.nextAt {
		return
	}
	q, _ := s.next()
	if q == nil || s.allOut() {
		s.over(now)
		return
	}
	s.phase, s.nextAt = quizv1.Phase_PHASE_NEXT, now+min(ready, int64(s.script.Pause*second/2))
	s.changed()
}

// ranking ranks when the houses have said what they have, and tells backends when that is done.
func (s *show) ranking(now int64) {
	if s.tally.due(now) {
		s.rank()
	}
	if !s.tally.idle() && now < s.tally.waitUntil || len(s.outcomes) == 0 {
		return
	}
	counts := !s.rehearsal && modes[s.script.Mode] != quizv1.Mode_MODE_PRACTICE
	if !s.told {
		s.told = true
		if counts {
			s.tellQuestion(s.outcomes[len(s.outcomes)-1])
		}
	}
	if s.phase == quizv1.Phase_PHASE_OVER && !s.toldShow {
		s.toldShow = true
		if counts {
			s.tellShow()
		}
	}
}

// allOut reports whether nobody is left to ask.
func (s *show) allOut() bool {
	return modes[s.script.Mode] == quizv1.Mode_MODE_ELIMINATION && s.ranked != 0 && s.among > 0 && s.tally.alive() == 0
}

// over ends the run.
func (s *show) over(now int64) {
	if s.asking() { // nobody will know what was right
		s.outcomes = append(s.outcomes, &quizv1.Outcome{Number: s.ask.Number, Skipped: true, TimeMs: s.ask.TimeMs, OpensAt: s.ask.OpensAt, ClosesAt: s.ask.ClosesAt})
		s.closed, s.told = s.ask, false
		s.tally.reset(s.greatestScore())
		s.tally.waitUntil = now + ahead + patience
	}
	s.phase, s.nextAt = quizv1.Phase_PHASE_OVER, 0
	if again := int64(s.script.Again * second); again > 0 {
		s.nextAt = now + again
	}
	s.endAfter(now)
	s.toldShow = false
	s.changed()
}
