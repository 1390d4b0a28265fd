package quiz

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/world"
)

// Times of a show, in microseconds.
const (
	second = 1_000_000
	// ahead is how long before its time houses are told what is to happen: what the bus may take.
	ahead = second / 2
	// patience is how long a show waits for what houses owe it.
	patience = 2 * second
	// silence is after how long without a word a house, or a show, is lost.
	silence = 3 * second
	// returning is how long a show waits for the contestants of a house that is lost.
	returning = 20 * second
	// beat is how often a show says how it is, when nothing happens; beatOpen while answers come in.
	beat     = second
	beatOpen = second / 2
	// ready is how long contestants are told before a question that it comes.
	ready = 3 * second
	// keep is how often a show notes in its log that it lives; one that has been quiet for
	// stale is not taken over any more, and its successor begins anew.
	keep  = 10 * second
	stale = 120 * second
)

// Reader returns the content of a show's file. It may take a while; it is called beside the room.
type Reader func(ctx context.Context, file string) ([]byte, error)

// show is the room of a show: what its houses have in common.
type show struct {
	room  *world.Room
	name  string
	epoch uint64
	read  Reader

	down, up, log string // topics

	file, source, problem string // the script's text, where it is from, what is wrong with it
	script                *script
	reading               bool

	// Where the show is.
	phase            quizv1.Phase
	run              uint32
	rehearsal, held  bool
	nextAt, keyAt    int64
	endsAt           int64 // when it ends for good; 0: it does not
	since            int64 // when the show took over
	asked            int   // questions of the script
	posed            []*quizv1.Pose
	ask, closed      *quizv1.Ask // the question that is asked, that of the newest outcome
	key              uint32      // of ask
	note             string      // of ask
	outcomes         []*quizv1.Outcome
	figures          *quizv1.Figures
	winners, ranked  uint32
	told, toldShow   bool // backends know of the newest outcome, and of the end
	leaders, teams   []*quizv1.Line
	among, teamCount uint32

	tally     tally
	suspected []*quizv1.Suspected // that wait to be told

	// What is posted, and when.
	version          uint64
	deaf             bool // nothing that houses post reaches the show
	cut              bool // it waits, as it hears none of its houses
	dirty, keepDirty bool
	postedAt, keptAt int64
	marked, ready    bool // the log was asked for, was read
	kept             *quizv1.Kept
}

// checkShow returns what is wrong with the name of a show, which is part of topics and of names of
// files.
func checkShow(name string) error {
	if err := world.CheckShowName(name); err != nil {
		return err
	}
	if name[0] == '.' || name[0] == '-' {
		return fmt.Errorf("the name of the show %q must begin with a letter or a digit", name)
	}
	return nil
}

// Topics between a show and its houses.
func downTopic(name string) string { return "show/" + houseKind + "/" + name }
func upTopic(name string) string   { return "houses/" + houseKind + "/" + name }

// orderTopic is where backends post Orders.
func orderTopic(name string) string { return "orders/" + houseKind + "/" + name }
func logTopic(name string) string   { return downTopic(name) + "/log" }

func newShow(r *world.Room, read Reader) (world.Game, error) {
	s := &show{room: r, name: r.Text("show"), read: read}
	if err := checkShow(s.name); err != nil {
		return nil, fmt.Errorf("option show=%q: %w", s.name, err)
	}
	if err := checkOpens(r.Text("opens")); err != nil {
		return nil, fmt.Errorf("option opens=%q: %w", r.Text("opens"), err)
	}
	epoch, err := strconv.ParseUint(r.Text("epoch"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("option epoch=%q: it must be a whole number", r.Text("epoch"))
	}
	s.epoch = epoch
	s.down, s.up, s.log = downTopic(s.name), upTopic(s.name), logTopic(s.name)
	s.tally.reset(1)
	world.OnMessage(r, s.onLoaded)
	world.OnMessage(r, s.onKept)
	world.OnMessage(r, s.onMark)
	world.OnMessage(r, s.onReport)
	world.OnMessage(r, s.onScores)
	world.OnMessage(r, s.onOrder)
	world.OnMessage(r, s.onSuspected)
	r.Listen(s.log, world.Start)
	r.Listen(s.up, world.Now)
	r.Listen(orderTopic(s.name), world.Now)
	return s, nil
}

// Join turns clients away.
func (s *show) Join(*world.Player, []byte) error {
	return errors.New("nobody joins a show; its houses, of the kind quiz, are for that")
}

// Leave does nothing, as nobody joins.
func (s *show) Leave(*world.Player) {}

// Tick goes on with the show, and tells the houses.
func (s *show) Tick() {
	now := s.room.Now()
	if !s.marked {
		s.marked = true
		s.room.Post(s.log, &quizv1.Mark{Epoch: s.epoch})
	}
	if !s.ready {
		return
	}
	if s.tally.watch(now, s.phase == quizv1.Phase_PHASE_LOBBY) {
		s.dirty = true
	}
	s.tally.countSome()
	if s.heard(now) {
		s.advance(now)
	}
	s.rankSome()
	s.relaySuspects()
	every := int64(beat)
	if s.phase == quizv1.Phase_PHASE_OPEN {
		every = beatOpen
	}
	if s.dirty || now-s.postedAt >= every {
		s.dirty, s.postedAt = false, now
		s.version++
		s.room.Post(s.down, s.state())
	}
	if s.keepDirty || now-s.keptAt >= keep {
		s.keepDirty, s.keptAt = false, now
		s.room.Post(s.log, s.keeping(now))
	}
}

// changed notes that the show is somewhere else than it was, so that houses, and whoever takes over,
// are told.
func (s *show) changed() { s.dirty, s.keepDirty = true, true }

// state returns what houses are told.
func (s *show) state() *quizv1.State {
	st := &quizv1.State{
		Epoch: s.epoch, Version: s.version, Phase: s.phase, Run: s.run, Rehearsal: s.rehearsal, Held: s.held,
		NextAt: s.nextAt, Ask: s.ask, Outcomes: s.outcomes, KeyAt: s.keyAt, Figures: s.figures, Ranked: s.ranked,
		Ended: s.phase == quizv1.Phase_PHASE_OVER && s.endsAt != 0 && s.room.Now() >= s.endsAt, Winners: s.winners, Leaders: s.leaders, Teams: s.teams, Problem: s.problem, Source: s.source, Preview: s.preview(),
	}
	if s.phase == quizv1.Phase_PHASE_REVEALED || s.phase == quizv1.Phase_PHASE_OVER {
		st.Note = s.note
	}
	if c := s.script; c != nil {
		st.Title, st.Image, st.Mode, st.Questions = c.Title, c.Image, modes[c.Mode], uint32(s.count())
		st.Revives, st.TeamSize, st.LatePlays, st.Shuffle = uint32(c.Revives), uint32(c.TeamSize), c.latePlays(), c.Shuffle
		st.MaxCreditMs, st.LeadMs = uint32(c.MaxCredit*1000), uint32(c.Lead*1000)
		st.StreakBonus, st.MaxStreakBonus = uint32(c.StreakBonus), uint32(c.MaxStreakBonus)
	}
	s.tally.describe(st)
	return st
}

// count returns how many questions the run has, 0 if that is not known.
func (s *show) count() int {
	if len(s.script.questions) == 0 {
		return 0
	}
	asked := len(s.outcomes)
	if s.asking() {
		asked++
	}
	return asked + len(s.posed) + len(s.script.questions) - s.asked
}

// asking reports whether a question is there that has no outcome yet.
func (s *show) asking() bool { return s.ask != nil && int(s.ask.Number) == len(s.outcomes)+1 }

// load takes a show's file.
func (s *show) load(source, file string, content []byte) error {
	c, err := parse(source, content)
	if err != nil {
		return err
	}
	s.script, s.source, s.file, s.problem = c, source, file, ""
	if s.phase == quizv1.Phase_PHASE_UNSPECIFIED {
		s.phase = quizv1.Phase_PHASE_LOBBY
	}
	s.asked, s.posed = 0, nil
	s.room.Post(s.log, &quizv1.Loaded{Epoch: s.epoch, Source: source, File: string(content), At: s.room.Now()})
	s.changed()
	return nil
}

// loadFile reads the file that the option names, beside the room. done is told what is wrong.
func (s *show) loadFile(done func(problem string)) {
	name := s.room.Text("file")
	switch {
	case name == "":
		done(problemOf(s.load("the built-in show", "", builtIn)))
		return
	case name == "none" || s.read == nil:
		done("there is no file to load: the option file names none")
		return
	case s.reading:
		done("the file is being read")
		return
	}
	name = strings.ReplaceAll(name, "*", s.name)
	s.reading = true
	err := world.Async(s.room, 10, func(ctx context.Context) (*quizv1.Loaded, error) {
		content, err := s.read(ctx, name)
		return &quizv1.Loaded{File: string(content)}, err
	}, func(l *quizv1.Loaded, err error) {
		s.reading = false
		if err == nil {
			err = s.load(name, name, []byte(l.File))
		}
		if s.problem = problemOf(err); s.problem != "" {
			s.room.Log.Warn("the show's file can't be used", "show", s.name, "error", err)
		}
		s.changed()
		done(s.problem)
	})
	if err != nil {
		s.reading = false
		done(err.Error())
	}
}

// problemOf returns an error as it is told; empty: none.
func problemOf(err error) string {
	if err == nil {
		return ""
	}
	return cutProblem(err.Error())
}

// maxProblem is how much houses are told of what is wrong with a file, in bytes.
const maxProblem = 4000

func cutProblem(problem string) string {
	if len(problem) > maxProblem {
		return strings.ToValidUTF8(problem[:maxProblem], "") + "…"
	}
	return problem
}

// next returns the question that comes next; nil: none, as far as is known.
func (s *show) next() (q *question, last bool) {
	if s.script == nil {
		return nil, false
	}
	if len(s.posed) > 0 {
		p := s.posed[0]
		return s.fromPose(p), p.Last || len(s.posed) == 1 && len(s.script.questions) > 0 && s.asked == len(s.script.questions)
	}
	if s.asked < len(s.script.questions) {
		return &s.script.questions[s.asked], s.asked == len(s.script.questions)-1
	}
	return nil, false
}

// fromPose returns the question that a host has posed.
func (s *show) fromPose(p *quizv1.Pose) *question {
	q := &question{
		Text: p.Text, Image: p.Image, Options: p.Options, Images: p.OptionImages, Note: p.Note, key: p.Key,
		worth: worth{Seconds: float64(p.Seconds), Points: int(p.Points)},
	}
	if q.Seconds == 0 {
		q.Seconds = s.script.Seconds
	}
	if q.Points == 0 {
		q.Points = s.script.Points
	}
	return q
}

// preview returns what hosts are shown of the next question: all but its key.
func (s *show) preview() *quizv1.Ask {
	q, last := s.next()
	if q == nil {
		return nil
	}
	return s.asAsk(q, last, 0)
}

// asAsk returns a question as it is asked at some time, which may be 0.
func (s *show) asAsk(q *question, last bool, opensAt int64) *quizv1.Ask {
	n := len(s.outcomes) + 1
	if s.asking() && opensAt == 0 {
		n++
	}
	a := &quizv1.Ask{
		Number: uint32(n), Text: q.Text, Image: q.Image, Options: slices.Clone(q.Options), OptionImages: slices.Clone(q.Images),
		TimeMs: uint32(q.Seconds * 1000), Points: uint32(q.Points), Last: last, OpensAt: opensAt,
	}
	if opensAt != 0 {
		a.ClosesAt = opensAt + int64(a.TimeMs)*1000
	}
	return a
}
