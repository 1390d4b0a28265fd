package quiz

import (
	"errors"
	"fmt"

	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/world"
)

// maxPosed bounds the questions that hosts have posed and that wait.
const maxPosed = 20

// onOrder does what a host, or a backend, wants, and tells it.
func (s *show) onOrder(_ *world.Posting, m *quizv1.Order) {
	answer := func(problem string) {
		s.room.Log.Info("an order to a quiz show", "show", s.name, "act", m.Act.String(), "host", m.Name, "house", m.House, "problem", problem)
		if m.House != "" {
			s.room.Post(world.RoomTopic(m.House), &quizv1.Ordered{Player: m.Player, Ticket: m.Ticket, Problem: problem})
		}
	}
	if !s.ready {
		answer("the show is just beginning; try again in a moment")
		return
	}
	switch {
	case m.Act == quizv1.Act_ACT_LOAD && m.File == "":
		if err := s.mayLoad(); err != nil {
			answer(err.Error())
			return
		}
		s.loadFile(answer)
		return
	case m.File != "":
		answer(problemOf(s.upload(m)))
	case m.Pose != nil:
		answer(problemOf(s.pose(m.Pose)))
	default:
		answer(problemOf(s.conduct(m)))
	}
}

// mayLoad returns why no file can be loaded now.
func (s *show) mayLoad() error {
	if s.running() {
		return errors.New("the show is running; a file is loaded before the start, or after the end")
	}
	return nil
}

// running reports whether a run is under way.
func (s *show) running() bool {
	switch s.phase {
	case quizv1.Phase_PHASE_UNSPECIFIED, quizv1.Phase_PHASE_LOBBY, quizv1.Phase_PHASE_OVER:
		return false
	}
	return true
}

// upload loads a file that a host has sent.
func (s *show) upload(m *quizv1.Order) error {
	if err := s.mayLoad(); err != nil {
		return err
	}
	source := "upload"
	if m.Name != "" {
		source = "upload by " + m.Name
	}
	return s.load(source, "", []byte(m.File))
}

// pose takes a question that a host asks as the next one.
func (s *show) pose(p *quizv1.Pose) error {
	switch {
	case s.script == nil:
		if err := s.load("live", "", []byte("title: Quiz\nquestions: []\n")); err != nil {
			return err
		}
	case len(s.posed) >= maxPosed:
		return fmt.Errorf("%d questions wait already", maxPosed)
	}
	q := s.fromPose(p)
	if err := q.check(); err != nil {
		return err
	}
	switch {
	case p.Key >= 1<<len(q.Options):
		return fmt.Errorf("the key %b has an option that is not there", p.Key)
	case !(q.Seconds >= 1 && q.Seconds <= 600):
		return fmt.Errorf("%g seconds are not allowed; there must be 1 to 600", q.Seconds)
	case q.Points > maxPoints:
		return fmt.Errorf("%d points are not allowed; there can be %d", q.Points, maxPoints)
	}
	if p.Now {
		if err := s.mayAsk(); err != nil {
			return err
		}
		s.posed = append([]*quizv1.Pose{p}, s.posed...)
		s.askNext(s.room.Now() + s.early())
		return nil
	}
	s.posed = append(s.posed, p)
	s.changed()
	return nil
}

// mayAsk returns why no question can be asked now.
func (s *show) mayAsk() error {
	switch s.phase {
	case quizv1.Phase_PHASE_NEXT:
		return nil
	case quizv1.Phase_PHASE_REVEALED:
		if s.ask != nil && s.ask.Last {
			return errors.New("the last question has been asked")
		}
		return nil
	case quizv1.Phase_PHASE_OPEN, quizv1.Phase_PHASE_CLOSED:
		return errors.New("a question is being asked")
	}
	return errors.New("the show has not been started")
}

// conduct does what a host wants that needs no content.
func (s *show) conduct(m *quizv1.Order) error {
	now := s.room.Now()
	if m.Question != 0 {
		turn := uint32(len(s.outcomes))
		if s.asking() || m.Act == quizv1.Act_ACT_NEXT {
			turn++
		}
		if m.Question != turn {
			return fmt.Errorf("question %d is not the one whose turn it is; that is %d", m.Question, turn)
		}
	}
	switch m.Act {
	case quizv1.Act_ACT_START, quizv1.Act_ACT_REHEARSE:
		switch {
		case s.script == nil:
			return errors.New("no questions are loaded")
		case s.running() && !s.rehearsal:
			return errors.New("the show is running; end it first")
		}
		s.start(now, m.Act == quizv1.Act_ACT_REHEARSE)
	case quizv1.Act_ACT_HOLD:
		s.hold()
	case quizv1.Act_ACT_RESUME:
		return s.resume(now)
	case quizv1.Act_ACT_NEXT:
		if err := s.mayAsk(); err != nil {
			return err
		}
		if !s.askNext(now + s.early()) {
			return errors.New("there are no more questions")
		}
	case quizv1.Act_ACT_REVEAL:
		return s.revealNow(now, m.Key)
	case quizv1.Act_ACT_SKIP:
		if !s.running() || s.phase == quizv1.Phase_PHASE_NEXT || s.ask == nil {
			return errors.New("there is no question to take out; once the next one comes it is too late")
		}
		s.skip(now)
	case quizv1.Act_ACT_END:
		if !s.running() {
			return errors.New("the show is not running")
		}
		s.over(now)
	case quizv1.Act_ACT_RESET:
		if s.script == nil || s.running() {
			return errors.New("the show is not over; end it first")
		}
		s.toLobby()
	default:
		return fmt.Errorf("%v is nothing that a show can do", m.Act)
	}
	return nil
}

// hold has nothing begin by itself.
func (s *show) hold() {
	s.held = true
	switch s.phase {
	case quizv1.Phase_PHASE_LOBBY, quizv1.Phase_PHASE_NEXT, quizv1.Phase_PHASE_REVEALED, quizv1.Phase_PHASE_OVER:
		s.nextAt = 0
	}
	s.changed()
}

// resume has the show go on by itself.
func (s *show) resume(now int64) error {
	if !s.held {
		return errors.New("the show is not held")
	}
	s.held = false
	if s.phase == quizv1.Phase_PHASE_NEXT || s.phase == quizv1.Phase_PHASE_REVEALED && s.continues() {
		s.nextAt = now + ready
	}
	s.changed()
	return nil
}

// revealNow closes the question that is open, and shows the key.
func (s *show) revealNow(now int64, key uint32) error {
	switch {
	case s.phase != quizv1.Phase_PHASE_OPEN && s.phase != quizv1.Phase_PHASE_CLOSED:
		return errors.New("no question is open")
	case key >= 1<<len(s.ask.Options):
		return fmt.Errorf("the key %b has an option that is not there", key)
	case key != 0 && s.key != 0 && key != s.key:
		return errors.New("the question has another key already; take it out if that is wrong")
	case key == 0 && s.key == 0:
		return errors.New("nobody has said which option is right")
	}
	s.key |= key
	s.keepDirty = true
	if s.phase == quizv1.Phase_PHASE_OPEN {
		s.closeNow(now)
	}
	return nil
}
