package quiz

import (
	"slices"

	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/world"
)

const (
	// standingsPerPart bounds the standings in one message.
	standingsPerPart = 16_384
	// unanswered is after how long scores are told again for which no ranks have come: what the bus
	// has not kept is told again.
	unanswered = 5 * second
)

// onState takes what the show says. Messages of a show that another one has taken over from are
// passed over.
func (h *house) onState(_ *world.Posting, m *quizv1.State) {
	if st := h.state; st != nil && (m.Epoch < st.Epoch || m.Epoch == st.Epoch && m.Version <= st.Version) {
		return
	}
	before, now := h.state, h.room.Now()
	h.state, h.refresh = m, true
	h.notice(before, now)
	h.heardAt = now
	if m.Ended {
		h.putOut()
	}
	if before == nil || m.Run != h.run {
		h.begin(before == nil)
	}
	if before != nil && before.Phase != m.Phase && (m.Phase == quizv1.Phase_PHASE_LOBBY || m.Phase == quizv1.Phase_PHASE_OVER) {
		if m.Phase == quizv1.Phase_PHASE_LOBBY {
			h.enrol()
		}
		h.tellAll()
		h.reportNow = true
	}
	if before != nil && m.Epoch != before.Epoch {
		h.reportNow = true
	}
	if h.books.wanted {
		h.books.seek(h) // houses that are lost are known to be so only after a while
	}
	if h.running() || m.Phase == quizv1.Phase_PHASE_OVER {
		h.judge()
	}
}

// begin forgets what belonged to another run. At first the house may be in the middle of one.
func (h *house) begin(first bool) {
	h.run = h.state.Run
	h.shown, h.count, h.closed, h.missed = 0, counts{}, 0, 0
	h.judged, h.revealed, h.ranks = 0, 0, rankParts{}
	h.telling = 0
	h.suspect.reset()
	h.books.reset(h)
	if first && h.running() {
		h.books.seek(h)
	}
	if h.doorsClosed() {
		h.late()
	} else {
		h.enrol()
	}
	for _, c := range h.contestants {
		from := c.from
		c.reset()
		if first || !h.doorsClosed() {
			from = h.firstQuestion()
		}
		c.from = from
		c.score = score{alive: true, revives: h.state.Revives + c.granted}
		if h.running() {
			h.books.present(c)
		}
	}
	for _, t := range h.teamList {
		t.place, t.rank = -1, 0
	}
	h.reportNow = true
	h.tellAll()
}

// late has those only watch who came before the house knew that they were late.
func (h *house) late() {
	for _, c := range slices.Clone(h.contestants) {
		if c.player != nil {
			h.moves.want(h, c.player)
		}
		if !h.state.LatePlays {
			p := c.player
			h.drop(c)
			if p != nil {
				p.Emit(&quizv1.Mine{Run: h.run})
			}
		}
	}
}

// enrol makes all who are here contestants, and forgets those who are gone.
func (h *house) enrol() {
	for _, c := range slices.Clone(h.contestants) {
		if c.player == nil {
			h.drop(c)
		}
	}
	for p := range h.room.Players() {
		if p.Data == nil && !h.hosting(p) {
			h.enter(p)
		}
	}
}

// judge works out the scores anew if there are other outcomes than before, and tells the show.
func (h *house) judge() {
	st := h.state
	mark := outcomesMark(st.Outcomes)
	if mark != h.judged && len(st.Outcomes) > 0 {
		done := 0
		if n := len(st.Outcomes) - 1; h.judged != 0 && h.judged == outcomesMark(st.Outcomes[:n]) {
			done = n // the earlier ones are as they were
		}
		h.judged = mark
		judge(rules{mode: st.Mode, revives: st.Revives, streakBonus: st.StreakBonus, maxStreakBonus: st.MaxStreakBonus}, st.Outcomes, done, h.contestants)
		h.scored = 0
		h.suspect.look(h)
	}
	if h.judged != 0 && (h.scored == 0 || h.scoredEpoch != st.Epoch) {
		h.postScores()
	}
}

// tellAgain tells the show the scores again if it has not answered.
func (h *house) tellAgain(now int64) {
	if h.ranks.missing > 0 && !h.lost && now-h.scoredAt > unanswered {
		h.postScores()
	}
}

// judgeAgain works out the scores anew, as there are other contestants than before.
func (h *house) judgeAgain() {
	if h.state == nil || h.judged == 0 {
		return
	}
	h.judged = 0
	h.judge()
}

// postScores tells the show how the contestants stand.
func (h *house) postScores() {
	st := h.state
	h.version++
	h.scored, h.scoredEpoch, h.scoredAt = h.version, st.Epoch, h.room.Now()
	last := st.Outcomes[len(st.Outcomes)-1]
	first := &quizv1.Scores{Figures: h.figures(last), All: uint32(len(h.contestants)), Took: slices.Clone(h.books.took)}
	var all, teams []standing
	if st.Mode != quizv1.Mode_MODE_PRACTICE {
		all, first.Leaders = rankedOf(h.contestants, h.standingOf, h.place, h.line)
		teams, first.BestTeams = rankedOf(h.teamList, h.teamStanding, h.placeTeam, h.teamLine)
	}
	for _, c := range h.contestants {
		if c.score.alive {
			first.Alive++
		}
	}
	lists := pack(all)
	h.ranks = rankParts{missing: len(lists), parts: make([][]uint32, len(lists))}
	if packed := pack(teams); len(teams) > 0 {
		first.Teams = packed[0] // what there are more teams than that is not ranked
	}
	for i, l := range lists {
		m := &quizv1.Scores{}
		if i == 0 {
			m = first
		}
		m.House, m.Version, m.Run, m.Question, m.Outcomes = h.room.ID(), h.version, h.run, last.Number, h.judged
		m.Part, m.Parts, m.Contestants = uint32(i), uint32(len(lists)), l
		h.room.Post(h.up, m)
	}
}

func (h *house) standingOf(c *contestant) standing { return c.score.standing(h.state.Mode) }
func (h *house) teamStanding(t *team) standing     { return t.standing(h.state.Mode) }
func (h *house) place(c *contestant, place int)    { c.place = place }
func (h *house) placeTeam(t *team, place int)      { t.place = place }

// line returns a contestant as it is listed.
func (h *house) line(c *contestant) *quizv1.Line {
	s := h.standingOf(c)
	l := &quizv1.Line{
		Name: c.name, House: h.room.ID(), Player: c.number, Score: s.score, Points: c.score.points, Right: c.score.right,
		Time: s.time, Alive: c.score.alive,
	}
	if c.team != nil {
		l.Team = c.team.name
	}
	return l
}

// teamLine returns a team as it is listed.
func (h *house) teamLine(t *team) *quizv1.Line {
	s := h.teamStanding(t)
	l := &quizv1.Line{Name: t.name, House: h.room.ID(), Score: s.score, Time: s.time, Members: uint32(len(t.members)), AliveMembers: t.alive()}
	var points, n uint64
	for _, c := range t.members {
		points += uint64(c.score.points)
		n++
	}
	if n > 0 {
		l.Points = uint32(points / n)
	}
	return l
}

// rankedOf returns the different standings of some contestants or teams, the best one first, and the
// first of them as they are listed. Each is told the index of its standing.
func rankedOf[T any](all []T, of func(T) standing, place func(T, int), line func(T) *quizv1.Line) (standings []standing, best []*quizv1.Line) {
	type entry struct {
		standing
		index int
	}
	entries := make([]entry, len(all))
	for i, c := range all {
		entries[i] = entry{of(c), i}
	}
	slices.SortFunc(entries, func(a, b entry) int {
		if c := compareStandings(a.standing, b.standing); c != 0 {
			return c
		}
		return a.index - b.index
	})
	for i, e := range entries {
		if i < listed {
			best = append(best, line(all[e.index]))
		}
		standings = append(standings, e.standing)
	}
	n := -1
	for i, e := range entries {
		if i == 0 || e.standing != entries[i-1].standing {
			n++
		}
		place(all[e.index], n)
	}
	return standings, best
}

// pack returns standings, in order, as messages have them; at least one list.
func pack(standings []standing) []*quizv1.Standings {
	lists := []*quizv1.Standings{{}}
	for i, s := range standings {
		l := lists[len(lists)-1]
		n := len(l.Scores)
		if i > 0 && n > 0 && s == standings[i-1] {
			l.Counts[n-1]++
			continue
		}
		if n == standingsPerPart {
			l = &quizv1.Standings{}
			lists = append(lists, l)
			n = 0
		}
		d := s.score
		if n > 0 {
			d = standings[i-1].score - s.score
		}
		l.Scores, l.Times, l.Counts = append(l.Scores, d), append(l.Times, s.time), append(l.Counts, 1)
	}
	return lists
}

// figures returns what a question has come to in this house.
func (h *house) figures(o *quizv1.Outcome) *quizv1.Figures {
	f := &quizv1.Figures{}
	if a := h.state.Ask; a != nil && a.Number == o.Number {
		f.Counts = make([]uint32, len(a.Options))
	}
	for _, c := range h.contestants {
		if a := c.answer(o.Number); inTime(o, a) && int(a.option) < len(f.Counts) {
			f.Counts[a.option]++
		}
		switch c.score.verdict {
		case quizv1.Verdict_VERDICT_RIGHT:
			f.Right++
		case quizv1.Verdict_VERDICT_REVIVED:
			f.Revived++
		case quizv1.Verdict_VERDICT_SAVED:
			f.Saved++
		}
		if v := c.score.verdict; v != quizv1.Verdict_VERDICT_UNSPECIFIED && v != quizv1.Verdict_VERDICT_SKIPPED && !inTime(o, c.answer(o.Number)) {
			f.Missed++
		}
		if c.score.out == o.Number {
			f.Out++
		}
	}
	return f
}

// rankParts gathers the ranks that answer the house's Scores.
type rankParts struct {
	parts   [][]uint32 // how many are better, of each standing
	missing int
	teams   []uint32
	ready   bool // all are there, and clients may not know them yet
}

// onRanks takes the ranks of the contestants' standings.
func (h *house) onRanks(_ *world.Posting, m *quizv1.Ranks) {
	st := h.state
	if st == nil || m.Epoch != st.Epoch || m.Version != h.scored || m.Run != h.run || int(m.Part) >= len(h.ranks.parts) {
		return
	}
	r := &h.ranks
	if r.parts[m.Part] == nil {
		r.missing--
	}
	r.parts[m.Part] = sums(m.Better)
	if m.Part == 0 {
		r.teams = sums(m.BetterTeams)
	}
	if r.missing > 0 || st.Mode == quizv1.Mode_MODE_PRACTICE {
		return
	}
	for _, c := range h.contestants {
		if i := c.place / standingsPerPart; c.place >= 0 && i < len(r.parts) && c.place%standingsPerPart < len(r.parts[i]) {
			c.rank, c.among, c.ranked = r.parts[i][c.place%standingsPerPart]+1, m.Among, m.Question
		}
	}
	for _, t := range h.teamList {
		if t.place >= 0 && t.place < len(r.teams) {
			t.rank = r.teams[t.place] + 1
		}
	}
	r.ready = true
}

// sums returns the numbers of which there are the differences.
func sums(differences []uint32) []uint32 {
	out := make([]uint32, len(differences))
	n := uint32(0)
	for i, d := range differences {
		n += d
		out[i] = n
	}
	return out
}

// revealOnTime shows clients the newest outcome when its time has come, and ranks when they are
// there.
func (h *house) revealOnTime(now int64) {
	if h.state == nil || h.judged == 0 || h.hidden(now) {
		return
	}
	switch {
	case h.revealed != h.judged:
		h.revealed, h.refresh, h.ranks.ready = h.judged, true, false
		h.tellAll()
	case h.ranks.ready:
		h.refresh, h.ranks.ready = true, false
		h.tellAll()
	}
}
