package quiz

import (
	"math"

	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/world"
)

// rows are what a house's clients see.
type rows struct {
	room  *world.Room
	all   *world.Group // what everybody sees
	hosts *world.Group // what hosts see beside that

	clock    *world.Table[quizv1.Clock]
	show     *world.Table[quizv1.Show]
	question *world.Table[quizv1.Question]
	totals   *world.Table[quizv1.Totals]
	leaders  *world.Table[quizv1.Leader]
	teams    *world.Table[quizv1.Team]
	desk     *world.Table[quizv1.Desk]
	preview  *world.Table[quizv1.Preview]
	houses   *world.Table[quizv1.House]

	one, asked, office, next world.Entity // of the rows that there is one of; 0: not there
	leading, teaming, housed []world.Entity
}

func (r *rows) make(room *world.Room) {
	w := room.World
	*r = rows{
		room: room, all: room.NewGroup("all"), hosts: room.NewGroup("hosts"),
		clock: world.NewTable[quizv1.Clock](w), show: world.NewTable[quizv1.Show](w), question: world.NewTable[quizv1.Question](w),
		totals: world.NewTable[quizv1.Totals](w), leaders: world.NewTable[quizv1.Leader](w), teams: world.NewTable[quizv1.Team](w),
		desk: world.NewTable[quizv1.Desk](w), preview: world.NewTable[quizv1.Preview](w), houses: world.NewTable[quizv1.House](w),
	}
	r.one = room.Spawn(r.all)
	r.clock.Add(r.one)
	r.show.Add(r.one)
	r.totals.Add(r.one)
	r.office = room.Spawn(r.hosts)
	r.desk.Add(r.office)
}

// phase returns the phase that clients are shown.
func (r *rows) phase() quizv1.Phase { return r.show.Get(r.one).Phase }

// clockAt maps the time to ticks, anew if the room was late.
func (r *rows) clockAt(tick uint32, now int64, rate float64) {
	c := r.clock.Get(r.one)
	expected := c.At + int64(math.Round(float64(tick-c.Tick)*second/rate))
	if d := now - expected; c.Tick == 0 || d > 1000 || d < -1000 {
		c.Tick, c.At = tick, now
	}
}

// set sets all rows.
func (r *rows) set(h *house, now int64) {
	st := h.state
	if st == nil {
		r.show.Get(r.one).Lost = h.lost
		return
	}
	phase := h.phase(now)
	r.setShow(h, phase)
	r.setQuestion(h, phase)
	if !h.hidden(now) { // what the outcome has changed is not shown before it
		t := r.totals.Get(r.one)
		*t = quizv1.Totals{
			Contestants: st.Contestants, Alive: st.Alive, Spectators: st.Spectators, Answered: st.Answered, Houses: st.Houses,
			Ranked: st.Ranked,
		}
		if st.Phase == quizv1.Phase_PHASE_OVER {
			t.Winners = st.Winners
		}
		r.setLists(h)
	}
	r.setDesk(h)
}

func (r *rows) setShow(h *house, phase quizv1.Phase) {
	st := h.state
	s := r.show.Get(r.one)
	*s = quizv1.Show{
		Phase: phase, Question: h.shown, NextAt: st.NextAt, Held: st.Held, Lost: h.lost, Run: st.Run, Rehearsal: st.Rehearsal,
		Title: st.Title, Mode: st.Mode, Questions: st.Questions, Revives: st.Revives, TeamSize: st.TeamSize,
		Closed: h.doorsClosed() && !st.LatePlays, Shuffled: st.Shuffle, MaxCredit: st.MaxCreditMs, Image: st.Image,
	}
	switch {
	case phase == quizv1.Phase_PHASE_NEXT && st.Phase != phase && st.Ask != nil:
		s.NextAt = st.Ask.OpensAt
	case phase == quizv1.Phase_PHASE_OPEN:
		s.NextAt = st.Ask.ClosesAt
	case phase == quizv1.Phase_PHASE_CLOSED:
		s.NextAt = 0
	}
}

// setQuestion sets the question that clients see. Its key and figures are in it only once the outcome
// is shown.
func (r *rows) setQuestion(h *house, phase quizv1.Phase) {
	st := h.state
	a := st.Ask
	if h.shown == 0 || a == nil {
		if r.asked != 0 {
			r.room.Destroy(r.asked)
			r.asked = 0
		}
		return
	}
	if a.Number != h.shown {
		return // the next one is not to be seen yet
	}
	if r.asked == 0 {
		r.asked = r.room.Spawn(r.all)
		r.question.Add(r.asked)
	}
	q := r.question.Get(r.asked)
	*q = quizv1.Question{
		Number: a.Number, OpensAt: a.OpensAt, ClosesAt: a.ClosesAt, Text: a.Text, Image: a.Image, Options: a.Options,
		OptionImages: a.OptionImages, Points: a.Points, Last: a.Last,
	}
	n := len(st.Outcomes)
	if phase != quizv1.Phase_PHASE_REVEALED && phase != quizv1.Phase_PHASE_OVER && phase != quizv1.Phase_PHASE_NEXT || n == 0 || st.Outcomes[n-1].Number != a.Number {
		return
	}
	o := st.Outcomes[n-1]
	q.Key, q.Skipped, q.Note = o.Key, o.Skipped, st.Note
	if f := st.Figures; f != nil {
		q.Counts, q.Missed, q.Right, q.Out, q.Revived, q.Saved = f.Counts, f.Missed, f.Right, f.Out, f.Revived, f.Saved
	}
}

// setLists sets the lists of the best.
func (r *rows) setLists(h *house) {
	st := h.state
	r.leading = r.fill(r.leading, len(st.Leaders), r.all, func(e world.Entity, i int) {
		l := st.Leaders[i]
		row := quizv1.Leader{Rank: l.Rank, Name: l.Name, Points: l.Points, Right: l.Right, Time: l.Time, Alive: l.Alive, Team: l.Team}
		if l.House == h.room.ID() {
			row.Player = l.Player
		}
		r.leaders.Set(e, row)
	})
	r.teaming = r.fill(r.teaming, len(st.Teams), r.all, func(e world.Entity, i int) {
		l := st.Teams[i]
		r.teams.Set(e, quizv1.Team{Rank: l.Rank, Name: l.Name, Members: l.Members, Alive: l.AliveMembers, Points: l.Points, Time: l.Time})
	})
}

// fill makes as many entities of a group as there are to be, and sets the row of each.
func (r *rows) fill(have []world.Entity, n int, g *world.Group, set func(e world.Entity, i int)) []world.Entity {
	for len(have) < n {
		have = append(have, r.room.Spawn(g))
	}
	for _, e := range have[n:] {
		r.room.Destroy(e)
	}
	have = have[:n]
	for i, e := range have {
		set(e, i)
	}
	return have
}

// setDesk sets what hosts alone see.
func (r *rows) setDesk(h *house) {
	st := h.state
	d := quizv1.Desk{Problem: st.Problem, Source: st.Source}
	var sum, credited uint64
	if a := st.Ask; a != nil {
		d.Question, d.Counts = a.Number, make([]uint32, len(a.Options))
	}
	for _, p := range st.Reports {
		if p.Run != st.Run || p.Question != d.Question {
			continue
		}
		for i, n := range p.Counts {
			if i < len(d.Counts) {
				d.Counts[i] += n
			}
		}
		d.Credited += p.Credited
		d.Capped += p.Capped
		d.Early += p.Early
		d.Late += p.Late
		d.Barred += p.Barred
		d.GreatestCredit = max(d.GreatestCredit, p.GreatestCreditMs)
		sum += p.CreditSumMs
		credited += uint64(p.Credited)
	}
	if credited > 0 {
		d.MeanCredit = uint32(sum / credited)
	}
	*r.desk.Get(r.office) = d
	r.housed = r.fill(r.housed, len(st.Reports), r.hosts, func(e world.Entity, i int) {
		p := st.Reports[i]
		row := quizv1.House{Id: p.House, Contestants: p.Contestants, Alive: p.Alive, Spectators: p.Spectators, Lost: p.Lost}
		if p.Run == st.Run && p.Question == d.Question {
			for _, n := range p.Counts {
				row.Answered += n
			}
		}
		r.houses.Set(e, row)
	})
	a := st.Preview
	if a == nil {
		if r.next != 0 {
			r.room.Destroy(r.next)
			r.next = 0
		}
		return
	}
	if r.next == 0 {
		r.next = r.room.Spawn(r.hosts)
	}
	r.preview.Set(r.next, quizv1.Preview{
		Number: a.Number, Text: a.Text, Image: a.Image, Options: a.Options, OptionImages: a.OptionImages,
		Seconds: float32(a.TimeMs) / 1000, Points: a.Points,
	})
}
