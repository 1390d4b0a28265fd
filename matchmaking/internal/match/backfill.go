package match

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tickroom/tickroom/matchmaking/internal/query"
	"github.com/tickroom/tickroom/matchmaking/internal/rating"
)

// Room is one that runs and lacks players.
type Room struct {
	ID string
	// Since is when it began.
	Since time.Time
	// Region is where it runs; "" where there are no regions.
	Region string
	Teams  []RoomTeam
	// Attributes are what the queries of tickets see, Query is what must hold of them.
	Attributes map[string]any
	Query      *query.Query
}

// RoomTeam is a team of a room that runs. A free-for-all is one team.
type RoomTeam struct {
	// Players are the ratings of those who are there.
	Players []rating.Rating
	// Free is how many seats are.
	Free int
	// Roles are those of the free seats, if the mode has roles.
	Roles []string
}

// Fill sends tickets to a room that runs.
type Fill struct {
	Room    string
	Tickets []string // the oldest first
	Seats   []FillSeat
}

// FillSeat is a seat in a room that runs.
type FillSeat struct {
	Ticket, Player string
	Team           int
	Role           string
}

// room is a Room that asks for players.
type room struct {
	Room
	subject query.Subject
}

// AddRoom asks for players for a room that runs. At each pass it is given what there
// is; it asks until it is full or removed. The mode must have backfill.
func (m *Matcher) AddRoom(r Room) error {
	if !m.mode.Backfill.Enabled {
		return refuse("%s has no backfill", m.mode.Name)
	}
	if m.rooms[r.ID] != nil {
		return fmt.Errorf("%w: room %s", ErrExists, r.ID)
	}
	o := &room{Room: r, subject: query.Subject{Attributes: r.Attributes}}
	o.Teams = slices.Clone(r.Teams)
	sum, n := 0.0, 0
	for t := range o.Teams {
		team := &o.Teams[t]
		team.Players, team.Roles = slices.Clone(team.Players), slices.Clone(team.Roles)
		for _, p := range team.Players {
			sum += p.Mu
			n++
		}
		if len(m.mode.Roles) > 0 && len(team.Roles) != team.Free {
			return refuse("team %d of room %s has %d free seats and names %d roles", t, r.ID, team.Free, len(team.Roles))
		}
		for _, role := range team.Roles {
			if m.role(role) < 0 {
				return refuse("%s has no role %q", m.mode.Name, role)
			}
		}
	}
	if n > 0 {
		o.subject.Rating = sum / float64(n)
	}
	o.subject.Players = n
	m.rooms[r.ID] = o
	return nil
}

// RemoveRoom ends the asking and tells whether there was any.
func (m *Matcher) RemoveRoom(id string) bool {
	_, ok := m.rooms[id]
	delete(m.rooms, id)
	return ok
}

// backfill gives the rooms, the oldest first, the tickets that have waited longest.
// A ticket's window holds against everybody in the room and all who join with it, and
// so do its latency and its query; for the room only its query counts, since its
// players wait for nothing.
func (p *pass) backfill() []Fill {
	b := p.m.mode.Backfill
	if len(p.m.rooms) == 0 {
		return nil
	}
	rooms := make([]*room, 0, len(p.m.rooms))
	for _, r := range p.m.rooms {
		rooms = append(rooms, r)
	}
	slices.SortFunc(rooms, func(a, b *room) int {
		if c := a.Since.Compare(b.Since); c != 0 {
			return c
		}
		return cmp.Compare(a.ID, b.ID)
	})
	order := p.byAge()
	var out []Fill
	for _, r := range rooms {
		if b.MaxAge > 0 && p.now-r.Since.UnixNano() > int64(b.MaxAge) {
			continue
		}
		f := p.fill(r, order)
		if len(f.Tickets) > 0 {
			out = append(out, f)
		}
		free := 0
		for _, t := range r.Teams {
			free += t.Free
		}
		if free == 0 {
			delete(p.m.rooms, r.ID)
		}
	}
	return out
}

// fill finds tickets for a room.
func (p *pass) fill(r *room, order []int32) Fill {
	b, f := p.m.mode.Backfill, Fill{Room: r.ID}
	region, known := p.m.regionIndex[r.Region]
	left := b.MaxSeats
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, t := range r.Teams {
		for _, pl := range t.Players {
			lo, hi = min(lo, pl.Mu), max(hi, pl.Mu)
		}
	}
	var joined []*cand
	for _, i := range order {
		c := &p.cands[i]
		if c.taken || c.e.t.NoBackfill || time.Duration(c.wait) < b.After {
			continue
		}
		if len(c.e.near) > 0 && (!known || c.regions>>region&1 == 0) {
			continue
		}
		if left > 0 && len(f.Seats)+c.e.size > left {
			continue
		}
		if !within(c, joined, lo, hi) || !p.welcome(r, c, joined) {
			continue
		}
		team, roles := p.m.seatIn(r, c.e)
		if team < 0 {
			continue
		}
		t := &r.Teams[team]
		for k, pl := range c.e.t.Players {
			seat := FillSeat{Ticket: c.e.t.ID, Player: pl.ID, Team: team}
			if roles != nil {
				seat.Role = roles[k]
				at := slices.Index(t.Roles, roles[k])
				t.Roles = slices.Delete(t.Roles, at, at+1)
			}
			f.Seats = append(f.Seats, seat)
			t.Players = append(t.Players, pl.Rating)
		}
		t.Free -= c.e.size
		f.Tickets = append(f.Tickets, c.e.t.ID)
		joined = append(joined, c)
		c.taken = true
		p.m.drop(c.e)
	}
	return f
}

// within tells whether the windows of the ticket and of those who have joined hold
// against everybody. How far the room's own players, from lo to hi, are apart is not
// asked any more: what counts is how far each ticket is from anybody.
func within(c *cand, joined []*cand, lo, hi float64) bool {
	lo, hi = min(lo, c.lo), max(hi, c.hi)
	for _, o := range joined {
		lo, hi = min(lo, o.lo), max(hi, o.hi)
	}
	for _, o := range append(joined, c) {
		if hi-o.lo > o.window || o.hi-lo > o.window {
			return false
		}
	}
	return true
}

// welcome tells whether the queries of the room, the ticket and those who have joined
// hold.
func (p *pass) welcome(r *room, c *cand, joined []*cand) bool {
	if !r.Query.Match(&r.subject, &c.e.subject) || !c.e.t.Query.Match(&c.e.subject, &r.subject) {
		return false
	}
	for _, o := range joined {
		if !o.e.t.Query.Match(&o.e.subject, &c.e.subject) || !c.e.t.Query.Match(&c.e.subject, &o.e.subject) {
			return false
		}
	}
	return true
}

// seatIn finds a team for a ticket: of those that have room, the one with the most
// free seats, then the weakest. It gives the players' roles if there are any.
func (m *Matcher) seatIn(r *room, e *entry) (team int, roles []string) {
	team = -1
	sum := func(t int) float64 {
		s := 0.0
		for _, p := range r.Teams[t].Players {
			s += p.Mu
		}
		return s
	}
	for t := range r.Teams {
		if r.Teams[t].Free < e.size {
			continue
		}
		if team >= 0 && (r.Teams[t].Free < r.Teams[team].Free || r.Teams[t].Free == r.Teams[team].Free && sum(t) >= sum(team)) {
			continue
		}
		if len(m.mode.Roles) > 0 {
			given, ok := m.rolesIn(&r.Teams[t], e)
			if !ok {
				continue
			}
			roles = given
		}
		team = t
	}
	return team, roles
}

// rolesIn gives each player of a ticket one of a team's free roles.
func (m *Matcher) rolesIn(t *RoomTeam, e *entry) ([]string, bool) {
	free := make([]int, len(m.mode.Roles))
	for _, name := range t.Roles {
		free[m.role(name)]++
	}
	players := make([]*Player, e.size)
	for k := range players {
		players[k] = &e.t.Players[k]
	}
	given, _ := m.seatRolesIn(players, free)
	out := make([]string, e.size)
	for k, r := range given {
		if r < 0 {
			return nil, false
		}
		out[k] = m.mode.Roles[r].Name
	}
	return out, true
}
