package match

import (
	"cmp"
	"math"
	"slices"

	"github.com/tickroom/tickroom/matchmaking/internal/rating"
)

// maxExact is the number of tickets up to which two teams are balanced by trying all
// ways.
const maxExact = 14

// maxSteps bounds the search for whether tickets go into teams at all. It is far beyond
// what those of one match need.
const maxSteps = 20_000

// split puts tickets into teams.
type split struct {
	m     *Matcher
	shape shape
	items []*entry // the largest first, then the strongest
	// bot is the strength of one that fills a slot, and what it adds to the variance.
	bot, botVariance float64

	team  []int8 // of each item
	best  []int8
	cost  float64 // of best
	any   bool    // whether any way will do
	load  []int
	sum   []float64 // strength of each team
	roles demand    // of each team, one after another
	steps int
}

// newSplit prepares to put the tickets into teams.
func newSplit(m *Matcher, s shape, items []*entry) *split {
	sp := &split{m: m, shape: s, items: slices.Clone(items), cost: math.Inf(1)}
	slices.SortFunc(sp.items, func(a, b *entry) int {
		if c := cmp.Compare(b.size, a.size); c != 0 {
			return c
		}
		if c := cmp.Compare(b.strength, a.strength); c != 0 {
			return c
		}
		return a.before(b)
	})
	n := 0
	for _, e := range items {
		n += e.size
		sp.bot += e.strength
		sp.botVariance += e.variance
	}
	sp.bot /= float64(n)
	sp.botVariance /= float64(n)
	sp.team = make([]int8, len(items))
	sp.load, sp.sum, sp.roles = make([]int, s.teams), make([]float64, s.teams), make(demand, s.teams*len(m.quota))
	return sp
}

// possible looks for any way, which is the best one then, and reports whether there is one.
func (sp *split) possible() bool {
	sp.reset()
	sp.any = true
	sp.exact(0)
	sp.any = false
	return sp.best != nil
}

// run finds the best way, or a good one where there are many tickets, and reports
// whether there is one.
func (sp *split) run() bool {
	if sp.shape.teams == 2 && len(sp.items) <= maxExact {
		sp.exact(0)
	} else if sp.greedy() || sp.possible() && sp.adopt() {
		sp.climb()
		sp.best = sp.team
	}
	return sp.adopt()
}

// adopt puts the items into teams in the best way, and reports whether there is one.
func (sp *split) adopt() bool {
	sp.reset()
	for i, t := range sp.best {
		sp.place(i, int(t))
	}
	return sp.best != nil
}

func (sp *split) reset() {
	clear(sp.load)
	clear(sp.sum)
	clear(sp.roles)
}

// rolesOf are those of a team.
func (sp *split) rolesOf(t int) demand {
	sets := len(sp.m.quota)
	return sp.roles[t*sets : (t+1)*sets]
}

// place puts an item into a team if that has slots and roles for it.
func (sp *split) place(i, t int) bool {
	e := sp.items[i]
	if sp.load[t]+e.size > sp.shape.size || !sp.rolesOf(t).take(e.masks, sp.m.quota, 1) {
		return false
	}
	sp.team[i] = int8(t)
	sp.load[t] += e.size
	sp.sum[t] += e.strength
	return true
}

func (sp *split) unplace(i int) {
	e, t := sp.items[i], int(sp.team[i])
	sp.load[t] -= e.size
	sp.sum[t] -= e.strength
	sp.rolesOf(t).add(e.masks, -1, sp.m.quota, 1)
}

// exact tries all ways for the items from i on. Teams that are empty are alike; if only
// sizes count, so are those with equally many.
func (sp *split) exact(i int) {
	if i == len(sp.items) {
		if c := sp.price(); c < sp.cost {
			sp.cost = c
			sp.best = append(sp.best[:0], sp.team...)
		}
		return
	}
	if sp.steps++; sp.any && sp.steps > maxSteps {
		return
	}
	sizes := sp.any && len(sp.items[i].masks) == 0
	for t, load := range sp.load {
		if t > 0 && (load == 0 || sizes) && slices.Contains(sp.load[:t], load) || !sp.place(i, t) {
			continue
		}
		sp.exact(i + 1)
		sp.unplace(i)
		if sp.any && sp.best != nil {
			return
		}
	}
}

// greedy puts each item into the weakest team that has room for it.
func (sp *split) greedy() bool {
	order := make([]int, sp.shape.teams)
	for i := range sp.items {
		for t := range order {
			order[t] = t
		}
		slices.SortStableFunc(order, func(a, b int) int {
			// Parties are spread out before strength is looked at.
			if c := cmp.Compare(sp.load[a], sp.load[b]); c != 0 && sp.items[i].size > 1 {
				return c
			}
			return cmp.Compare(sp.sum[a], sp.sum[b])
		})
		if !slices.ContainsFunc(order, func(t int) bool { return sp.place(i, t) }) {
			return false
		}
	}
	return true
}

// climb exchanges items of the same size between teams while that helps.
func (sp *split) climb() {
	best := sp.price()
	for range 50 {
		better := false
		for i := range sp.items {
			for j := i + 1; j < len(sp.items) && sp.items[j].size == sp.items[i].size; j++ {
				if !sp.swap(i, j) {
					continue
				}
				if c := sp.price(); c < best-1e-9 {
					best, better = c, true
				} else {
					sp.swap(i, j)
				}
			}
		}
		if !better {
			return
		}
	}
}

// swap exchanges two items of the same size between their teams, and reports whether it
// did.
func (sp *split) swap(i, j int) bool {
	a, b := int(sp.team[i]), int(sp.team[j])
	if a == b {
		return false
	}
	sp.unplace(i)
	sp.unplace(j)
	if sp.place(i, b) {
		if sp.place(j, a) {
			return true
		}
		sp.unplace(i)
	}
	sp.place(i, a)
	sp.place(j, b)
	return false
}

// strength returns that of a team with its bots.
func (sp *split) strength(t int) float64 {
	return sp.sum[t] + float64(sp.shape.size-sp.load[t])*sp.bot
}

// price is what is bad about the teams as they are: what balance and parties take
// from the quality, and a little for players being unequally many.
func (sp *split) price() float64 {
	if sp.any {
		return 0
	}
	w := sp.m.mode.Quality
	low, high := math.Inf(1), math.Inf(-1)
	few, many := math.MaxInt, 0
	for t := range sp.shape.teams {
		s := sp.strength(t)
		low, high = min(low, s), max(high, s)
		few, many = min(few, sp.load[t]), max(many, sp.load[t])
	}
	if w.Party == 0 || sp.items[0].size == 1 {
		// Then only strength counts, and there is no need to know what it means.
		return sp.apart(high-low) + 1e6*float64(many-few)
	}
	p := sp.favourite(high - low)
	// Strength decides where the weights don't.
	return w.Balance*(2*p-1) + w.Party*sp.unlike() + 1e-6*(high-low) + 0.1*float64(many-few)
}

// apart is how unequal the teams' strengths are: the difference of two, and of more the
// root of the sum of squares around their mean, which also sees those in the middle.
func (sp *split) apart(difference float64) float64 {
	if sp.shape.teams == 2 {
		return difference
	}
	mean, sum := 0.0, 0.0
	for t := range sp.shape.teams {
		mean += sp.strength(t) / float64(sp.shape.teams)
	}
	for t := range sp.shape.teams {
		d := sp.strength(t) - mean
		sum += d * d
	}
	return math.Sqrt(sum)
}

// favourite returns the predicted chance of the stronger one of two teams, by how much
// stronger it is.
func (sp *split) favourite(by float64) float64 {
	return rating.WinOfTwo(by, sp.botVariance*float64(2*sp.shape.size), sp.m.mode.Rating.Options)
}

// unlike is how differently the teams are made up of parties, from 0 to 1: the
// difference of the sums of the squares of their parties' sizes, against that of a
// full party and as many who came alone.
func (sp *split) unlike() float64 {
	k := sp.shape.size
	if k < 2 {
		return 0
	}
	low, high := math.MaxInt, 0
	for t := range sp.shape.teams {
		sq := sp.shape.size - sp.load[t]
		for i, e := range sp.items {
			if int(sp.team[i]) == t {
				sq += e.size * e.size
			}
		}
		low, high = min(low, sq), max(high, sq)
	}
	return float64(high-low) / float64(k*k-k)
}
