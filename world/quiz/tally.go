package quiz

import (
	"cmp"
	"slices"

	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/world"
)

const (
	// listed is how many contestants and teams are in the lists of the best.
	listed = 20
	// maxReports bounds the houses that hosts are told of one by one.
	maxReports = 100
	// countedPerTick and rankedPerTick bound the standings that are counted, and whose ranks are
	// worked out, in one tick.
	countedPerTick = 100_000
	rankedPerTick  = 100_000
	// forgotten is after how long a house that is lost is not spoken of any more.
	forgotten = 60 * second
)

// tally is what a show has heard of its houses.
type tally struct {
	houses map[string]*houseTally
	ids    []string // of houses, in order

	hist, teams *histogram
	fresh       bool          // something was counted that no ranks were worked out of
	waitUntil   int64         // until then all houses are waited for
	coming      []*houseTally // whose parts are there and not counted
	queue       []*houseTally // who have not been told all their ranks

	returning      uint32 // how many contestants there were before houses were lost; 0: nobody is waited for
	returningUntil int64
}

// houseTally is what a show has heard of one house.
type houseTally struct {
	id      string
	report  *quizv1.Report
	heardAt int64
	lost    bool

	version uint64           // of parts
	parts   []*quizv1.Scores // of the newest Scores, as they come
	missing int              // of parts
	counted []*quizv1.Scores // what the histograms have of it
	shelved []*quizv1.Scores // what they had, of one that is lost and whose contestants are elsewhere
	told    int              // parts of counted whose ranks were posted
}

// reset forgets all standings. most bounds the scores of those that will come.
func (t *tally) reset(most uint32) {
	if t.houses == nil {
		t.houses = map[string]*houseTally{}
	}
	t.hist, t.teams, t.fresh, t.queue, t.coming = newHistogram(most), newHistogram(most), false, nil, nil
	for _, h := range t.houses {
		h.parts, h.counted, h.shelved, h.missing, h.version = nil, nil, nil, 0, 0
	}
}

// house returns what is known of a house, which is known from now on.
func (t *tally) house(id string) *houseTally {
	h := t.houses[id]
	if h == nil {
		h = &houseTally{id: id, report: &quizv1.Report{House: id}}
		t.houses[id] = h
		i, _ := slices.BinarySearch(t.ids, id)
		t.ids = slices.Insert(t.ids, i, id)
	}
	return h
}

// each calls fn for each house, in the order of their ids.
func (t *tally) each(fn func(h *houseTally)) {
	for _, id := range t.ids {
		fn(t.houses[id])
	}
}

// watch notes which houses are lost, and reports whether that changed.
func (t *tally) watch(now int64, idle bool) (changed bool) {
	before := t.contestants()
	t.each(func(h *houseTally) {
		if lost := now-h.heardAt > silence; lost != h.lost {
			h.lost, changed = lost, true
			if lost && !idle && h.report.Contestants > 0 {
				t.returning, t.returningUntil = max(t.returning, before), now+returning
			}
		}
	})
	if now >= t.returningUntil || t.back() {
		t.returning = 0
	}
	t.ids = slices.DeleteFunc(t.ids, func(id string) bool {
		h := t.houses[id]
		empty := h.report.Contestants+h.report.Spectators == 0
		gone := h.lost && h.counted == nil && (empty || idle && now-h.heardAt > forgotten)
		if gone {
			delete(t.houses, id)
			changed = true
		}
		return gone
	})
	return changed
}

// back reports whether as many contestants are there as before houses were lost, and are ranked, if any are.
func (t *tally) back() bool {
	ranked, some := uint32(0), false
	t.each(func(h *houseTally) {
		if !h.lost && len(h.counted) > 0 {
			ranked, some = ranked+h.counted[0].All, true
		}
	})
	return t.contestants() >= t.returning && (!some || ranked >= t.returning && t.idle())
}

// contestants returns how many there are.
func (t *tally) contestants() (n uint32) {
	t.each(func(h *houseTally) {
		if !h.lost {
			n += h.report.Contestants
		}
	})
	return n
}

// hosts returns how many there are.
func (t *tally) hosts() (n uint32) {
	t.each(func(h *houseTally) {
		if !h.lost {
			n += h.report.Hosts
		}
	})
	return n
}

// alive returns how many are still in.
func (t *tally) alive() (n uint32) {
	t.each(func(h *houseTally) {
		if len(h.counted) > 0 {
			n += h.counted[0].Alive
		}
	})
	return n
}

// closed reports whether no house takes answers to a question any more, of those that are heard.
func (t *tally) closed(run, question uint32) bool {
	for _, h := range t.houses {
		r := h.report
		if !h.lost && !(r.Run == run && r.Question == question && r.Closed) {
			return false
		}
	}
	return true
}

// describe puts the counts of all houses into a state.
func (t *tally) describe(st *quizv1.State) {
	t.each(func(h *houseTally) {
		r := *h.report
		r.Lost = h.lost
		if !h.lost { // those of a house that is lost may be in others by now
			st.Houses++
			st.Contestants += r.Contestants
			st.Alive += r.Alive
			st.Spectators += r.Spectators
		}
		if st.Ask != nil && r.Run == st.Run && r.Question == st.Ask.Number {
			for _, n := range r.Counts {
				st.Answered += n
			}
		}
		if len(st.Reports) < maxReports {
			st.Reports = append(st.Reports, &r)
		}
	})
}

// onReport takes what a house says of itself.
func (s *show) onReport(_ *world.Posting, m *quizv1.Report) {
	h := s.tally.house(m.House)
	if m.Version <= h.report.Version && h.report.Version != 0 {
		return // one that was overtaken by another
	}
	first := h.report.Version == 0
	h.report, h.heardAt = m, s.room.Now()
	if h.lost {
		s.tally.unshelve(h)
	}
	if first || m.Asks || h.lost {
		h.lost, s.dirty = false, true
	}
}

// outcomesMark returns a number that changes when outcomes come, or are taken out.
func outcomesMark(outcomes []*quizv1.Outcome) uint64 {
	n := uint64(len(outcomes)) << 16
	for _, o := range outcomes {
		if o.Skipped {
			n++
		}
	}
	return n
}

// onScores takes one part of what a house's contestants have come to.
func (s *show) onScores(_ *world.Posting, m *quizv1.Scores) {
	if !s.ready || m.Run != s.run || m.Outcomes != outcomesMark(s.outcomes) || m.Parts == 0 || m.Part >= m.Parts {
		return
	}
	h := s.tally.house(m.House)
	switch {
	case m.Version < h.version:
		return
	case m.Version > h.version:
		h.version, h.parts, h.missing = m.Version, make([]*quizv1.Scores, m.Parts), int(m.Parts)
	}
	if int(m.Part) >= len(h.parts) || h.parts[m.Part] != nil {
		return
	}
	h.parts[m.Part] = m
	if h.missing--; h.missing == 0 {
		s.tally.coming = append(s.tally.coming, h)
	}
}

// countSome counts what has come, as much as fits in one tick.
func (t *tally) countSome() {
	for done := 0; len(t.coming) > 0 && done < countedPerTick; t.coming = t.coming[1:] {
		h := t.coming[0]
		if h.missing > 0 || h.parts == nil {
			continue // something newer is on its way
		}
		t.count(h)
		for _, p := range h.counted {
			done += 1000 + standingsLen(p.Contestants)
		}
	}
}

// count puts what a house has said into the histograms, in the place of what it said before.
func (t *tally) count(h *houseTally) {
	for _, p := range h.counted {
		addStandings(t.hist, p.Contestants, -1)
		addStandings(t.teams, p.Teams, -1)
	}
	h.counted, h.parts = h.parts, nil
	for _, p := range h.counted {
		addStandings(t.hist, p.Contestants, 1)
		addStandings(t.teams, p.Teams, 1)
	}
	t.fresh = true
	if len(h.counted) > 0 {
		for _, id := range h.counted[0].Took {
			t.shelve(t.houses[id])
		}
	}
}

// shelve takes what a house has said out of the histograms, as the house is lost, and its contestants are in another
// one: nobody is counted twice. It counts again if the house is heard again.
func (t *tally) shelve(h *houseTally) {
	if h == nil || !h.lost || h.counted == nil {
		return
	}
	for _, p := range h.counted {
		addStandings(t.hist, p.Contestants, -1)
		addStandings(t.teams, p.Teams, -1)
	}
	h.shelved, h.counted = h.counted, nil
	t.queue = slices.DeleteFunc(t.queue, func(o *houseTally) bool { return o == h })
	t.fresh = true
}

// unshelve undoes shelve.
func (t *tally) unshelve(h *houseTally) {
	if h.shelved != nil && h.counted == nil && h.parts == nil {
		h.parts, h.missing = h.shelved, 0
		t.coming = append(t.coming, h)
	}
	h.shelved = nil
}

// eachStanding calls fn for each standing of a list, with how often it occurs.
func eachStanding(l *quizv1.Standings, fn func(s standing, count uint32)) {
	if l == nil {
		return
	}
	var score uint32
	for i, d := range l.Scores {
		if i == 0 {
			score = d
		} else {
			score -= d
		}
		if i < len(l.Times) && i < len(l.Counts) {
			fn(standing{score, l.Times[i]}, l.Counts[i])
		}
	}
}

func addStandings(h *histogram, l *quizv1.Standings, sign int32) {
	eachStanding(l, func(s standing, n uint32) { h.add(s, sign*int32(n)) })
}

// due reports whether ranks are to be worked out: something has come, and no house is waited for.
func (t *tally) due(now int64) bool {
	if !t.fresh || len(t.queue)+len(t.coming) > 0 {
		return false
	}
	if now >= t.waitUntil {
		return true
	}
	for _, h := range t.houses {
		if !h.lost && h.counted == nil {
			return false
		}
	}
	return true
}

// idle reports whether all that has come is ranked, and told.
func (t *tally) idle() bool { return !t.fresh && len(t.queue)+len(t.coming) == 0 }

// rank sums up what the houses have said of the newest outcome. Their contestants' ranks are posted
// by and by.
func (s *show) rank() {
	t := &s.tally
	t.fresh, t.queue = false, nil
	f := &quizv1.Figures{}
	var leaders, teams []*quizv1.Line
	t.each(func(h *houseTally) {
		if len(h.counted) == 0 {
			return
		}
		h.told = 0
		t.queue = append(t.queue, h)
		p := h.counted[0]
		addFigures(f, p.Figures)
		leaders = append(leaders, p.Leaders...)
		teams = append(teams, p.BestTeams...)
	})
	s.figures, s.leaders, s.teams = f, best(leaders, t.hist), best(teams, t.teams)
	s.ranked = s.outcomes[len(s.outcomes)-1].Number
	s.among, s.teamCount = t.hist.total, t.teams.total
	s.winners = t.alive()
	if modes[s.script.Mode] != quizv1.Mode_MODE_ELIMINATION {
		s.winners = 0
		if len(s.leaders) > 0 {
			first := standing{s.leaders[0].Score, s.leaders[0].Time}
			s.winners = t.hist.equal(first)
		}
	}
	s.changed()
}

// addFigures adds the figures of one house.
func addFigures(to, f *quizv1.Figures) {
	if f == nil {
		return
	}
	for i, n := range f.Counts {
		if i == len(to.Counts) {
			to.Counts = append(to.Counts, 0)
		}
		to.Counts[i] += n
	}
	to.Missed += f.Missed
	to.Right += f.Right
	to.Out += f.Out
	to.Revived += f.Revived
	to.Saved += f.Saved
}

// best returns the first lines by their standings, with their ranks.
func best(lines []*quizv1.Line, h *histogram) []*quizv1.Line {
	slices.SortStableFunc(lines, func(a, b *quizv1.Line) int {
		return cmp.Or(compareStandings(standing{a.Score, a.Time}, standing{b.Score, b.Time}), cmp.Compare(a.Name, b.Name))
	})
	lines = lines[:min(len(lines), listed)]
	for i, l := range lines {
		kept := *l
		kept.Rank = h.better(standing{l.Score, l.Time}) + 1
		lines[i] = &kept
	}
	return lines
}

// rankSome posts ranks to houses that wait for theirs, as much as fits in one tick.
func (s *show) rankSome() {
	t := &s.tally
	for done := 0; len(t.queue) > 0 && done < rankedPerTick; {
		h := t.queue[0]
		if h.told == len(h.counted) {
			t.queue = t.queue[1:]
			continue
		}
		p := h.counted[h.told]
		done += 1000 + standingsLen(p.Contestants)
		s.room.Post(world.RoomTopic(h.id), t.ranks(s, p))
		h.told++
	}
}

// ranks answers one part of a house's Scores.
func (t *tally) ranks(s *show, p *quizv1.Scores) *quizv1.Ranks {
	return &quizv1.Ranks{
		Epoch: s.epoch, Version: p.Version, Run: p.Run, Question: p.Question, Part: p.Part, Among: s.among,
		Better: t.hist.ranks(p.Contestants), BetterTeams: t.teams.ranks(p.Teams),
	}
}

func standingsLen(l *quizv1.Standings) int {
	if l == nil {
		return 0
	}
	return len(l.Scores)
}
