package match

import (
	"math"
	"slices"
	"time"

	"github.com/tickroom/tickroom/matchmaking/internal/rating"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// propose puts the tickets of a match into teams and describes it. If no teams are
// found, which takes a great many parties in a great many teams, it returns false.
func (p *pass) propose(d *made) (Proposal, bool) {
	m, g := p.m, &p.group
	p.regroup(g, d.members, d.shape, everywhere)
	members := p.entries(d.members)
	slices.SortFunc(members, (*entry).before)
	out := Proposal{
		Match:  store.Match{Mode: m.mode.Name, Kind: m.mode.Room.Kind, Options: m.mode.Room.Options, Bots: d.bots},
		Spread: g.hi - g.lo, Window: g.limit, Wait: time.Duration(max(0, p.now-members[0].since)),
	}
	r, ms := g.bestRegion()
	if r >= 0 {
		out.Region = m.regions[r]
	}
	out.Latency = time.Duration(ms * float64(time.Millisecond))
	out.Tickets = make([]string, 0, len(members))
	low, high := math.Inf(1), math.Inf(-1)
	for _, e := range members {
		out.Tickets = append(out.Tickets, e.t.ID)
		for k := range e.t.Members {
			low, high = min(low, e.t.Members[k].Mu), max(high, e.t.Members[k].Mu)
		}
	}
	out.Gap = high - low
	var ratings [][]rating.Rating
	unlike := 0.0
	if m.mode.Format.FreeForAll {
		out.Teams, ratings = m.eachForItself(members, d)
	} else if out.Teams, ratings, unlike = m.intoTeams(members, d); ratings == nil {
		return out, false
	}
	wins := rating.Win(ratings, m.mode.Rating.Options)
	for t := range out.Teams {
		out.Teams[t].Win = wins[t]
	}
	out.Quality, out.Parts = m.quality(out.Spread, wins, out.Latency, unlike)
	return out, true
}

// slotFor returns that of a member of a ticket.
func slotFor(t *store.Ticket, member int, role string) store.Slot {
	m := &t.Members[member]
	return store.Slot{Ticket: t.ID, Player: m.Player, Name: m.Name, Role: role, Mu: m.Mu, Sigma: m.Sigma}
}

func ratingOf(m *store.Member) rating.Rating { return rating.Rating{Mu: m.Mu, Sigma: m.Sigma} }

// eachForItself gives each player a team, then the bots. The ratings are how strong those
// of a team are beside each other.
func (m *Matcher) eachForItself(members []*entry, d *made) (teams []store.Team, ratings [][]rating.Rating) {
	add := func(slot store.Slot, r rating.Rating) {
		teams, ratings = append(teams, store.Team{Slots: []store.Slot{slot}}), append(ratings, []rating.Rating{r})
	}
	sum := 0.0
	for _, e := range members {
		for k := range e.t.Members {
			add(slotFor(e.t, k, ""), ratingOf(&e.t.Members[k]))
			sum += e.t.Members[k].Mu
		}
	}
	bot := rating.Rating{Mu: sum / float64(len(teams)), Sigma: m.mode.Rating.Options.Sigma}
	for range d.bots {
		add(store.Slot{}, bot)
	}
	return teams, ratings
}

// intoTeams finds the teams, and how unlike they are. Bots fill what is free and are as
// strong as the players are on the average.
func (m *Matcher) intoTeams(members []*entry, d *made) (teams []store.Team, ratings [][]rating.Rating, unlike float64) {
	sp := newSplit(m, d.shape, members)
	if !sp.run() {
		return nil, nil, 0
	}
	teams, ratings = make([]store.Team, d.shape.teams), make([][]rating.Rating, d.shape.teams)
	players := make([]*store.Member, 0, d.shape.size)
	for t := range teams {
		slots, strengths := make([]store.Slot, 0, d.shape.size), make([]rating.Rating, 0, d.shape.size)
		players = players[:0]
		for i, e := range sp.items {
			if int(sp.team[i]) != t {
				continue
			}
			for k := range e.t.Members {
				r := ratingOf(&e.t.Members[k])
				r.Mu += m.mode.Party.Advantage * float64(e.size-1)
				slots, strengths, players = append(slots, slotFor(e.t, k, "")), append(strengths, r), append(players, &e.t.Members[k])
			}
		}
		for d.bots > 0 && len(slots) < d.shape.size {
			slots, strengths = append(slots, store.Slot{}), append(strengths, rating.Rating{Mu: sp.bot, Sigma: math.Sqrt(sp.botVariance)})
		}
		teams[t].Slots, ratings[t] = slots, strengths
		m.castTeam(slots, players)
	}
	return teams, ratings, sp.unlike()
}

// castTeam gives the slots of a team their roles: those of the players, then bots.
func (m *Matcher) castTeam(slots []store.Slot, players []*store.Member) {
	if len(m.mode.Roles) == 0 {
		return
	}
	free := make([]int, len(m.mode.Roles))
	for r := range free {
		free[r] = m.mode.Roles[r].Count
	}
	c := m.cast(players, free)
	for r, n := range c.free {
		c.roles = append(c.roles, slices.Repeat([]int{r}, n)...)
	}
	for k := range slots {
		slots[k].Role = m.mode.Roles[c.roles[k]].Name
	}
}
