package sim

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strconv"
	"time"

	"github.com/tickroom/tickroom/matchmaking/mode"
)

// generator makes up tickets.
type generator struct {
	Population
	md  mode.Mode
	rnd *rand.Rand
	// all are the players of each region, by strength.
	all [][]*resident
}

// resident is a player of a generated population.
type resident struct {
	Visitor
	latency map[string]float64
	busy    float64 // until when it is likely in a match
}

// Generate makes the tickets of some hours, beginning at midnight UTC.
func Generate(p Population, md mode.Mode, seed uint64, hours float64, tickets int) []Arrival {
	g := &generator{Population: p, md: md, rnd: rand.New(rand.NewPCG(seed, 0x6d61746368))}
	if len(g.Regions) == 0 {
		g.Regions = homes(md)
	}
	g.settle(tickets)
	shares := g.shares()
	type coming struct {
		at   float64 // seconds
		home int
	}
	// The busiest moment of all, which bounds how often a time is drawn in vain.
	most := 0.0
	for i := range g.Regions {
		for k := range 101 {
			most = max(most, g.busy(hours*float64(k)/100, i))
		}
	}
	var all []coming
	for len(all) < tickets {
		at, home := g.rnd.Float64()*hours, g.pick(shares)
		if g.rnd.Float64()*most <= g.busy(at, home) {
			all = append(all, coming{math.Round(1000*3600*at) / 1000, home})
		}
	}
	slices.SortFunc(all, func(a, b coming) int { return cmp.Or(cmp.Compare(a.at, b.at), a.home-b.home) })
	out := make([]Arrival, tickets)
	for i, c := range all {
		out[i] = g.arrival(strconv.Itoa(i+1), g.all[c.home], c.at)
	}
	return out
}

// busy returns how many come at an hour to a region, by those at its busiest hour.
func (g *generator) busy(at float64, home int) float64 {
	day := 0.5 + 0.5*math.Cos((at+g.Regions[home].UTC-g.Daily.Peak)/24*2*math.Pi)
	return g.Daily.Trough + (1-g.Daily.Trough)*day
}

// homes returns the regions of a mode, all alike; one without a name if it has none.
func homes(md mode.Mode) []Home {
	if len(md.Latency.Regions) == 0 {
		return []Home{{Share: 1}}
	}
	var out []Home
	for _, r := range md.Latency.Regions {
		h := Home{Name: r.Name, Share: 1, Latency: map[string]time.Duration{}}
		for _, to := range md.Latency.Regions {
			h.Latency[to.Name] = 110 * time.Millisecond
		}
		h.Latency[r.Name] = 30 * time.Millisecond
		out = append(out, h)
	}
	return out
}

// settle makes the players of each region.
func (g *generator) settle(tickets int) {
	share := sum(g.shares())
	total := float64(cmp.Or(g.Players, max(100, tickets/5)))
	for _, h := range g.Regions {
		var all []*resident
		for k := range max(10, int(total*h.Share/share)) {
			s := g.Strength.Mean + g.Strength.Spread*g.rnd.NormFloat64()
			sigma := g.Strength.Sigma * (0.7 + 0.6*g.rnd.Float64())
			r := &resident{latency: map[string]float64{}}
			r.Visitor = Visitor{ID: fmt.Sprint(h.Name, "-", k), Rating: s + sigma*g.rnd.NormFloat64(), Sigma: sigma, Strength: &s, Roles: g.roles()}
			// Everybody's own line, and the way to each place a little different.
			line := 1 + 0.35*math.Abs(g.rnd.NormFloat64())
			for _, to := range slices.Sorted(maps.Keys(h.Latency)) {
				r.latency[to] = math.Round(10*float64(h.Latency[to])/1e6*line*(0.95+0.1*g.rnd.Float64())) / 10
			}
			all = append(all, r)
		}
		slices.SortFunc(all, func(a, b *resident) int { return cmp.Compare(*a.Strength, *b.Strength) })
		g.all = append(g.all, all)
	}
}

// roles draws what a player accepts: a role by how many slots it has, and others with
// luck.
func (g *generator) roles() []string {
	if len(g.md.Roles) == 0 {
		return nil
	}
	var counts []float64
	for _, r := range g.md.Roles {
		counts = append(counts, float64(r.Count))
	}
	main := g.pick(counts)
	out := []string{g.md.Roles[main].Name}
	for i, r := range g.md.Roles {
		if i != main && g.rnd.Float64() < 0.3 {
			out = append(out, r.Name)
		}
	}
	return out
}

// pick draws an index by weight.
func (g *generator) pick(weights []float64) int {
	x := g.rnd.Float64() * sum(weights)
	for i, w := range weights {
		if x -= w; x < 0 {
			return i
		}
	}
	return len(weights) - 1
}

func sum(x []float64) float64 {
	out := 0.0
	for _, v := range x {
		out += v
	}
	return out
}

// arrival draws a ticket: a leader who is likely free, and players near it in strength.
func (g *generator) arrival(id string, all []*resident, at float64) Arrival {
	lead := g.rnd.IntN(len(all))
	for try := 0; try < 20 && all[lead].busy > at; try++ {
		lead = g.rnd.IntN(len(all))
	}
	chosen := []int{lead}
	for size := min(1+g.pick(g.Parties), g.md.Party.Max, len(all)); len(chosen) < size; {
		next := lead
		for try := 0; slices.Contains(chosen, next) || try < 20 && all[next].busy > at; try++ {
			if try >= 20 {
				next = (next + 1) % len(all)
				continue
			}
			want := *all[lead].Strength + g.PartySpread*g.rnd.NormFloat64()
			k := sort.Search(len(all), func(k int) bool { return *all[k].Strength >= want })
			next = min(max(0, k+g.rnd.IntN(5)-2), len(all)-1)
		}
		chosen = append(chosen, next)
	}
	a := Arrival{ID: id, At: at}
	if g.Patience > 0 {
		a.Patience = math.Round(1000*g.Patience.Seconds()*math.Exp(g.PatienceSpread*g.rnd.NormFloat64())) / 1000
	}
	if len(all[lead].latency) > 0 {
		a.Latency = map[string]float64{}
	}
	for _, k := range chosen {
		r := all[k]
		r.busy = at + g.Match.Seconds() + 120
		a.Players = append(a.Players, r.Visitor)
		for to, ms := range r.latency {
			a.Latency[to] = max(a.Latency[to], ms)
		}
	}
	g.agree(a.Players)
	return a
}

// agree lets a party agree on roles that a team has room for.
func (g *generator) agree(party []Visitor) {
	if len(party) < 2 {
		return
	}
	left := map[string]int{}
	for _, r := range g.md.Roles {
		left[r.Name] = r.Count
	}
	free := func(r string) bool { return left[r] > 0 }
	for i := range party {
		at := slices.IndexFunc(party[i].Roles, free)
		if k := slices.IndexFunc(g.md.Roles, func(r mode.Role) bool { return free(r.Name) }); at < 0 && k >= 0 {
			at = len(party[i].Roles)
			party[i].Roles = append(slices.Clone(party[i].Roles), g.md.Roles[k].Name)
		}
		if at >= 0 {
			left[party[i].Roles[at]]--
		}
	}
}
