package quiz

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"

	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/world"
)

// Refusals of answers, as contestants are shown them.
var (
	errNotOpen  = errors.New("the question is not open")
	errEarly    = errors.New("the question is not open yet")
	errTooLate  = errors.New("the time was up when the answer came")
	errOut      = errors.New("you are out")
	errWatching = errors.New("you only watch")
)

// answer takes a contestant's answer. When it has come is known by the server's clock as well as the
// house has looked; nothing that the client says is looked at. Its time is the earliest at which it may have
// come, so that nobody loses by a house that is late.
func (h *house) answer(p *world.Player, m *quizv1.Answer) (*quizv1.AnswerReply, error) {
	c, ok := p.Data.(*contestant)
	if !ok {
		return nil, errWatching
	}
	st := h.state
	if st == nil || st.Ask == nil || m.Run != h.run || !h.running() {
		return nil, errNotOpen
	}
	if a := c.answer(m.Question); a.given {
		return &quizv1.AnswerReply{Option: uint32(a.option), Elapsed: uint32(a.elapsed), Credit: uint32(a.credit), Again: true}, nil
	}
	ask := st.Ask
	since, until := h.heard()
	if h.count.question != ask.Number {
		h.count = counts{question: ask.Number}
	}
	switch {
	case m.Question != ask.Number || st.Phase == quizv1.Phase_PHASE_NEXT:
		return nil, errNotOpen
	case m.Option >= uint32(len(ask.Options)):
		return nil, fmt.Errorf("option %d is not there; there are %d, counted from 0", m.Option, len(ask.Options))
	case !c.score.alive && c.score.out != m.Question || m.Question < c.from: // by this question it went out without this answer
		h.count.barred++
		return nil, errOut
	case until < ask.OpensAt:
		h.count.early++
		c.asked++
		h.suspect.early(h, c, ask.Number)
		return nil, errEarly
	}
	way := wayOf(p.RTT(), st.LeadMs)
	credit := min(way, h.maxCredit())
	if since-credit > ask.ClosesAt || h.shownOutcome(ask.Number) {
		h.count.late++
		return nil, errTooLate
	}
	elapsed := max(since-ask.OpensAt-credit, 0)
	a := answer{
		given: true, option: uint8(m.Option), elapsed: uint16(min(elapsed/10_000, 65535)), credit: uint16(credit / 1000),
		unsure: uint16((until - since) / 10_000),
	}
	c.give(ask.Number, a)
	h.books.enter(c, ask.Number, a)
	h.count.add(a, way > credit)
	h.books.again = h.books.again || h.judged != 0 && uint32(len(st.Outcomes)) >= ask.Number
	return &quizv1.AnswerReply{Option: m.Option, Elapsed: uint32(a.elapsed), Credit: uint32(a.credit)}, nil
}

// maxLate bounds for how long a house may not have looked for answers, so that what comes then is taken
// for as early as that. A show waits so long for a house.
const maxLate = 5 * second

// heard returns between which times the answers have come that are being handled, where the house has not
// looked for longer than maxLate, as if it had.
func (h *house) heard() (since, until int64) {
	since, until = h.room.Heard()
	return max(since, until-maxLate), until
}

// shownOutcome reports whether a question's outcome is known to clients of this house, or taken out.
func (h *house) shownOutcome(number uint32) bool {
	n := len(h.state.Outcomes)
	if uint32(n) < number {
		return false
	}
	return uint32(n) > number || h.state.Outcomes[n-1].Skipped || h.revealed == outcomesMark(h.state.Outcomes)
}

// wayOf returns what the way has cost a contestant with a round trip of so many seconds, in
// microseconds: the answer's way to the server, and the question's as far as it took longer than the
// questions come early.
func wayOf(rtt float64, leadMs uint32) int64 {
	half := int64(max(rtt, 0) * second / 2)
	return half + max(half-int64(leadMs)*1000, 0)
}

// add counts an answer.
func (n *counts) add(a answer, capped bool) {
	n.answered++
	n.options[a.option]++
	if a.credit > 0 {
		n.credited++
		n.creditSum += uint64(a.credit)
		n.greatestCredit = max(n.greatestCredit, uint32(a.credit))
	}
	if capped {
		n.capped++
	}
}

// order returns the order in which a contestant is shown the options of a question. It follows from
// the show, the run, the question and the contestant alone.
func (h *house) order(c *contestant, number uint32, options int) []uint32 {
	f := fnv.New64a()
	_, _ = fmt.Fprintf(f, "%s %d %d %s", h.name, h.run, number, c.id)
	rnd := rand.New(rand.NewPCG(f.Sum64(), uint64(number)))
	order := make([]uint32, options)
	for i, o := range rnd.Perm(options) {
		order[i] = uint32(o)
	}
	return order
}

// tell sends a player all that it is told of itself.
func (h *house) tell(p *world.Player) {
	if h.hidden(h.room.Now()) || p.Spectator || h.hosting(p) {
		return // all are told when the outcome is shown
	}
	c, ok := p.Data.(*contestant)
	if !ok {
		p.Emit(&quizv1.Mine{Run: h.run})
		return
	}
	p.Emit(h.mine(c))
}

// tellAll has all contestants who are here sent what they are told of themselves.
func (h *house) tellAll() { h.news++ }

// tellSome sends it to some of those who do not have it yet: in a large house a few ticks share the work, as a tick
// that is late delays all.
func (h *house) tellSome() {
	if h.spread == h.news || h.hidden(h.room.Now()) { // all are told when the outcome is shown
		return
	}
	left := max(toldAtOnce, len(h.contestants)/4)
	for _, c := range h.contestants {
		if c.news == h.news {
			continue
		}
		if c.player != nil && !c.player.Away() {
			if left == 0 {
				return
			}
			left--
			c.player.Emit(h.mine(c))
		}
		c.news = h.news
	}
	h.spread = h.news
}

// toldAtOnce is how many contestants are told of themselves in a tick, or a quarter of them if that is more.
const toldAtOnce = 500

// mine returns what a contestant is told of itself.
func (h *house) mine(c *contestant) *quizv1.Mine {
	s := &c.score
	m := &quizv1.Mine{
		Run: h.run, Playing: true, Alive: s.alive, Out: s.out, Revives: s.revives, Points: s.points, Right: s.right, Streak: s.streak,
		Time: s.time, Rank: c.rank, Among: c.among, Ranked: c.ranked, Question: h.shown, Verdicts: c.verdicts,
	}
	if c.team != nil {
		m.Team, m.TeamRank = c.team.name, c.team.rank
	}
	st := h.state
	if st == nil {
		return m
	}
	if a := c.answer(h.shown); a.given {
		m.Answered, m.Option, m.Elapsed, m.Credit = true, uint32(a.option), uint32(a.elapsed), uint32(a.credit)
	}
	if n := uint32(len(st.Outcomes)); n > 0 && n == h.shown {
		m.Verdict, m.Gained = s.verdict, s.gained
	}
	if st.Shuffle && st.Ask != nil && st.Ask.Number == h.shown {
		m.Order = h.order(c, h.shown, len(st.Ask.Options))
	}
	m.Won = h.won(c)
	return m
}

// won reports whether a contestant has won the run, once that is known: after the last question it is when all
// are ranked, or else when the run is over.
func (h *house) won(c *contestant) bool {
	st := h.state
	n := len(st.Outcomes)
	if n == 0 {
		return false
	}
	last := st.Outcomes[n-1]
	if ranked := c.ranked == last.Number && h.ranks.missing == 0; !ranked || !last.Last && st.Phase != quizv1.Phase_PHASE_OVER {
		return false
	}
	switch st.Mode {
	case quizv1.Mode_MODE_ELIMINATION:
		return c.score.alive && c.score.survived > 0
	case quizv1.Mode_MODE_POINTS:
		return c.rank == 1
	}
	return false
}
