package match

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/tickroom/tickroom/matchmaking/internal/query"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// Fill sends tickets to a room that runs.
type Fill struct {
	Backfill string   // the request's ID
	Tickets  []string // the oldest first
	Slots    []FillSlot
}

// FillSlot is a slot in a team of a room that runs.
type FillSlot struct {
	Team int
	store.Slot
}

// request is a room that runs and asks for players.
type request struct {
	store.Backfill // whose Teams are changed by passes
	query          *query.Query
	subject        query.Subject
}

// AddBackfill asks for players for a room that runs. At each pass it is given those that
// there are; it asks until it is full or removed. The error wraps ErrTicket or ErrExists;
// it is ErrTicket of a mode without backfill.
func (m *Matcher) AddBackfill(b *store.Backfill) error {
	if !m.mode.Backfill.Enabled {
		return refuse("%s has no backfill", m.mode.Name)
	}
	if m.requests[b.ID] != nil {
		return fmt.Errorf("%w: request %s", ErrExists, b.ID)
	}
	r := &request{Backfill: *b, subject: query.NewSubject(b.Attributes, 0, 0)}
	var err error
	if r.query, err = readQuery(b.Attributes, b.Query); err != nil {
		return err
	}
	r.Teams = slices.Clone(b.Teams)
	sum := 0.0
	for i := range r.Teams {
		t := &r.Teams[i]
		if len(t.Mu) != len(t.Sigma) || t.Free < 0 {
			return refuse("team %d has %d ratings, %d uncertainties and %d free slots", i, len(t.Mu), len(t.Sigma), t.Free)
		}
		if len(m.mode.Roles) > 0 && len(t.Roles) != t.Free {
			return refuse("team %d of room %s has %d free slots and names %d roles", i, b.Room, t.Free, len(t.Roles))
		}
		for _, role := range t.Roles {
			if m.role(role) < 0 {
				return refuse("%s has no role %q", m.mode.Name, role)
			}
		}
		t.Mu, t.Roles = slices.Clone(t.Mu), slices.Clone(t.Roles)
		sum += strengthOf(t)
		r.subject.Players += len(t.Mu)
	}
	if r.subject.Players > 0 {
		r.subject.Rating = sum / float64(r.subject.Players)
	}
	m.requests[b.ID] = r
	return nil
}

// RemoveBackfill ends the request with the ID and reports whether there was any.
func (m *Matcher) RemoveBackfill(id string) bool {
	_, ok := m.requests[id]
	delete(m.requests, id)
	return ok
}

func strengthOf(t *store.BackfillTeam) float64 {
	sum := 0.0
	for _, mu := range t.Mu {
		sum += mu
	}
	return sum
}

// backfill gives the rooms, the oldest first, the tickets that have waited longest.
// A ticket's window holds against everybody in the room and all who join with it, and
// so do its latency and its query; for the room only its query counts, since its
// players wait for nothing.
func (p *pass) backfill() []Fill {
	b := p.m.mode.Backfill
	if len(p.m.requests) == 0 {
		return nil
	}
	var out []Fill
	order := p.byAge(func(c *cand) bool { return !c.e.t.NoBackfill && time.Duration(c.wait) >= b.After })
	older := func(a, b *request) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID)) }
	for _, r := range slices.SortedFunc(maps.Values(p.m.requests), older) {
		if b.MaxAge > 0 && p.now-r.Since.UnixNano() > int64(b.MaxAge) {
			continue
		}
		if f := p.fill(r, order); len(f.Tickets) > 0 {
			out = append(out, f)
		}
		if !slices.ContainsFunc(r.Teams, func(t store.BackfillTeam) bool { return t.Free > 0 }) {
			delete(p.m.requests, r.ID)
		}
	}
	return out
}

// fill finds tickets for a room.
func (p *pass) fill(r *request, order []int32) Fill {
	f, most := Fill{Backfill: r.ID}, p.m.mode.Backfill.MaxSeats
	region, known := p.m.regionIndex[r.Region]
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, t := range r.Teams {
		for _, mu := range t.Mu {
			lo, hi = min(lo, mu), max(hi, mu)
		}
	}
	var joined []*cand
	for _, i := range order {
		c := &p.cands[i]
		switch {
		case c.taken,
			len(c.e.near) > 0 && (!known || c.regions>>region&1 == 0),
			most > 0 && len(f.Slots)+c.e.size > most,
			!within(c, joined, lo, hi), !r.welcomes(c, joined):
			continue
		}
		team, roles := p.m.teamFor(r, c.e)
		if team < 0 {
			continue
		}
		f.Slots = append(f.Slots, r.join(team, roles, c.e)...)
		f.Tickets = append(f.Tickets, c.e.t.ID)
		joined = append(joined, c)
		c.taken = true
		p.m.drop(c.e)
	}
	return f
}

// join puts a ticket's players into a team of the room.
func (r *request) join(team int, roles []string, e *entry) []FillSlot {
	t, out := &r.Teams[team], make([]FillSlot, e.size)
	for k := range out {
		role := ""
		if roles != nil {
			role = roles[k]
			at := slices.Index(t.Roles, role)
			t.Roles = slices.Delete(t.Roles, at, at+1)
		}
		out[k] = FillSlot{team, slotFor(e.t, k, role)}
		t.Mu = append(t.Mu, e.t.Members[k].Mu)
	}
	t.Free -= e.size
	return out
}

// within reports whether the windows of the ticket and of those who have joined hold
// against everybody. How far the room's own players, from lo to hi, are apart is not
// asked any more: what counts is how far each ticket is from anybody.
func within(c *cand, joined []*cand, lo, hi float64) bool {
	all := append(joined, c)
	for _, o := range all {
		lo, hi = min(lo, o.lo), max(hi, o.hi)
	}
	return !slices.ContainsFunc(all, func(o *cand) bool { return hi-o.lo > o.window || o.hi-lo > o.window })
}

// welcomes reports whether the queries of the room, the ticket and those who have joined
// hold.
func (r *request) welcomes(c *cand, joined []*cand) bool {
	return r.query.Match(&r.subject, &c.e.subject) && c.e.query.Match(&c.e.subject, &r.subject) &&
		!slices.ContainsFunc(joined, func(o *cand) bool { return !o.wants(c) || !c.wants(o) })
}

// teamFor finds a team for a ticket: of those that have slots for it, the one with the
// most free ones, then the weakest. It returns the players' roles if there are any; -1 if
// there is no team.
func (m *Matcher) teamFor(r *request, e *entry) (team int, roles []string) {
	team = -1
	for i := range r.Teams {
		t := &r.Teams[i]
		if t.Free < e.size || team >= 0 && (t.Free < r.Teams[team].Free || t.Free == r.Teams[team].Free && strengthOf(t) >= strengthOf(&r.Teams[team])) {
			continue
		}
		if given, ok := m.rolesIn(t, e); ok {
			team, roles = i, given
		}
	}
	return team, roles
}

// rolesIn gives each player of a ticket one of a team's free roles; nil if there are no
// roles. It returns false if that can't be.
func (m *Matcher) rolesIn(t *store.BackfillTeam, e *entry) (out []string, ok bool) {
	if len(m.mode.Roles) == 0 {
		return nil, true
	}
	free := make([]int, len(m.mode.Roles))
	for _, name := range t.Roles {
		free[m.role(name)]++
	}
	players := make([]*store.Member, e.size)
	for k := range players {
		players[k] = &e.t.Members[k]
	}
	for _, r := range m.cast(players, free).roles {
		if r < 0 {
			return nil, false
		}
		out = append(out, m.mode.Roles[r].Name)
	}
	return out, true
}
