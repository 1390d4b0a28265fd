package match

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"time"
)

// slotAge is how much longer a ticket has to have waited for its slot to count as one
// more fresh one, when not everybody can be matched.
const slotAge = 10 * time.Second

// pass is the work of one pass. Its slices are used again by the next.
type pass struct {
	m     *Matcher
	now   int64
	cands []cand
	lo    []float64 // their lowest ratings
	made  []*made
	group group
	// packings remembers which parties fit into teams.
	packings map[packing]bool

	// Of pack: the tickets of one region, by rating.
	list    []int32
	lows    []float64 // their ratings
	players []int32   // how many players come before
	accept  [][]int32 // the same of those who accept a role, for each role
	worth   []float64 // of what can be made of those from here on
	take    []int32   // the end of the group that is made here, or 0
	barred  []int32

	members []int32 // of a group that fair tries
	// spent is how many tickets were looked at; see bounds.
	spent, look int
}

// Bounds of a pass, in tickets looked at. Queries that hold of nobody, or parties that
// don't fit, would else make it look at all others for each ticket.
const (
	// lookFar is how many are looked at for one group, lookNear how many once a pass
	// has been at it for long. From then on, what was not found isn't sought again.
	lookFar, lookNear = 1024, 128
	// longPass is how many a pass looks at before it hurries, or longEach for each
	// ticket if that is more.
	longPass, longEach = 1_000_000, 40
	// workPerLook is how much of the work of queries (query.Query.Work) counts as another
	// ticket looked at.
	workPerLook = 16
)

// hurried reports whether the pass has been at it for long.
func (p *pass) hurried() bool { return p.spent > max(p.m.long, p.m.longEach*len(p.cands)) }

// made is a match that is decided but for its teams.
type made struct {
	members []int32
	shape   shape
	bots    int
}

const everywhere = ^uint64(0)

// Pass makes all matches that can be made now. See the package for what it looks at.
func (m *Matcher) Pass(now time.Time) Result {
	p := m.begin(now)
	var out Result
	out.Fills = p.backfill()
	full := shape{m.mode.Format.Teams, m.mode.Format.Size}
	if m.firstCome {
		p.firstCome(full)
	} else {
		p.packAll(full)
		p.seek(full)
		p.fair(full)
	}
	p.smaller(full)
	for _, d := range p.made {
		match, ok := p.propose(d)
		for _, i := range d.members {
			if p.cands[i].taken = ok; ok {
				m.drop(p.cands[i].e)
			}
		}
		if ok {
			out.Matches = append(out.Matches, match)
		}
	}
	p.dismiss()
	late := func(c *cand) bool { return m.mode.Timeout > 0 && c.wait >= int64(m.mode.Timeout) }
	for _, i := range p.byAge(late) {
		out.TimedOut = append(out.TimedOut, p.cands[i].e.t.ID)
		m.drop(p.cands[i].e)
	}
	p.end()
	return out
}

// end lets go of the tickets, whose memory is not for as long as the pass's.
func (p *pass) end() {
	clear(p.cands)
	p.made = nil
}

// begin sorts the tickets in and finds what they allow now.
func (m *Matcher) begin(now time.Time) *pass {
	m.settle()
	p := &m.pass
	p.m, p.now, p.made, p.spent = m, now.UnixNano(), nil, 0
	p.prepare()
	p.cands, p.lo = slices.Grow(p.cands[:0], len(m.sorted)), slices.Grow(p.lo[:0], len(m.sorted))
	for _, e := range m.sorted {
		p.cands, p.lo = append(p.cands, m.cand(e, p.now)), append(p.lo, e.lo)
	}
	p.admit()
	return p
}

// prepare makes what a pass works with, unless there is something from the last one.
func (p *pass) prepare() {
	if p.packings == nil {
		p.packings = map[packing]bool{}
		p.group = group{p: p, roles: make(demand, len(p.m.quota))}
		p.accept = make([][]int32, len(p.m.mode.Roles))
	}
}

// cand finds what a ticket allows at a time.
func (m *Matcher) cand(e *entry, now int64) cand {
	wait := max(0, now-e.since)
	c := cand{
		e: e, lo: e.lo, hi: e.hi, size: int32(e.size), wait: wait, home: -1, regions: everywhere,
		window: m.mode.Rating.Window.At(time.Duration(wait)),
		even:   m.mode.Balance.At(time.Duration(wait)),
		value:  float64(e.size) * (1 + float64(wait)/float64(slotAge)),
	}
	if len(e.near) > 0 {
		c.regions = 0
		for _, r := range e.near {
			if r.ms <= m.caps[r.region].At(time.Duration(wait)) {
				if c.home < 0 {
					c.home = int8(r.region)
				}
				c.regions |= 1 << r.region
			}
		}
	}
	return c
}

// byAge returns the tickets that are free, or some of them, the oldest first.
func (p *pass) byAge(only func(*cand) bool) []int32 {
	var out []int32
	for i := range p.cands {
		if c := &p.cands[i]; !c.taken && (only == nil || only(c)) {
			out = append(out, int32(i))
		}
	}
	slices.SortFunc(out, p.older)
	return out
}

func (p *pass) older(a, b int32) int { return p.cands[a].e.before(p.cands[b].e) }

// packAll makes full matches: first of those for whom the same region is the nearest,
// then of all who can play in a region at all.
func (p *pass) packAll(s shape) {
	order := p.byName()
	for _, home := range []bool{true, false} {
		if home && len(order) == 1 {
			continue
		}
		for again := true; again; {
			again = false
			for _, r := range order {
				p.listRegion(r, home)
				if p.pack(s, 1<<r) {
					again = true
				}
			}
		}
	}
}

// byName returns the numbers of the regions in the order of their names, since the
// numbers depend on who came first. Without regions there is one.
func (p *pass) byName() []int {
	if len(p.m.order) < len(p.m.regions) { // there are new ones
		p.m.order = p.m.order[:0]
		for r := range p.m.regions {
			p.m.order = append(p.m.order, r)
		}
		slices.SortFunc(p.m.order, func(a, b int) int { return cmp.Compare(p.m.regions[a], p.m.regions[b]) })
	}
	return p.m.order
}

// listRegion lists the tickets that are free and can play in a region, or have it as
// their nearest, with the sums that pack asks for.
func (p *pass) listRegion(r int, home bool) {
	p.list, p.lows, p.players = p.list[:0], p.lows[:0], append(p.players[:0], 0)
	for k := range p.accept {
		p.accept[k] = append(p.accept[k][:0], 0)
	}
	n := int32(0)
	for i := range p.cands {
		c := &p.cands[i]
		if c.taken || c.regions>>r&1 == 0 || home && int(c.home) != r {
			continue
		}
		p.list = append(p.list, int32(i))
		p.lows = append(p.lows, c.lo)
		n += c.size
		p.players = append(p.players, n)
		for k := range p.accept {
			last := p.accept[k][len(p.accept[k])-1]
			for _, mask := range c.e.masks {
				last += int32(mask >> k & 1)
			}
			p.accept[k] = append(p.accept[k], last)
		}
	}
}

// pack chooses, of all groups of neighbours in rating on the list, those that do not
// overlap and are worth most together, makes matches of them, and reports whether there
// are any. For each ticket there is one group that begins with it: it and the next
// ones above that fit. A group is worth what its slots are, and up to half as much
// again the closer its ratings are, so that first of all many are matched, then those
// who waited, then those who are close.
//
// Where nothing but ratings counts and all have the same window, this is the best
// there is: an exchange of players between two matches never makes both tighter than
// neighbours are.
func (p *pass) pack(s shape, regions uint64) bool {
	n := len(p.list)
	p.worth = slices.Grow(p.worth[:0], n+1)[:n+1]
	p.take = slices.Grow(p.take[:0], n)[:n]
	p.worth[n] = 0
	// For as long as this takes, so that what is found is found again.
	if p.look = lookFar; p.hurried() {
		p.look = lookNear
	}
	g, found := &p.group, false
	for i := n - 1; i >= 0; i-- {
		p.worth[i], p.take[i] = p.worth[i+1], 0
		first := &p.cands[p.list[i]]
		if first.failed && p.look < lookFar {
			continue
		}
		end := p.grow(g, i, s, regions)
		if end == 0 {
			first.failed = true
			continue
		}
		w := g.value*(1+0.5*p.m.closeness(g.hi-g.lo)) + p.worth[end]
		if w > p.worth[i] {
			p.worth[i], p.take[i] = w, int32(end)
		}
	}
	for i := 0; i < n; {
		if p.take[i] == 0 {
			i++
			continue
		}
		p.grow(g, i, s, regions)
		p.keep(g, 0)
		found = true
		i = int(p.take[i])
	}
	// Groups that reach far overlap, though they share nobody. In a hurry, what is left
	// between them is taken as it comes.
	for i := 0; i < n && p.look < lookFar; i++ {
		if p.cands[p.list[i]].taken || p.cands[p.list[i]].failed {
			continue
		}
		if p.grow(g, i, s, regions) > 0 {
			p.keep(g, 0)
			found = true
		}
	}
	return found
}

// keep makes a match of a group. Which region was looked at is forgotten; the best of
// all where everybody may play is taken in the end.
func (p *pass) keep(g *group, bots int) {
	for _, j := range g.members {
		p.cands[j].taken = true
	}
	p.made = append(p.made, &made{slices.Clone(g.members), g.shape, bots})
}

// grow makes the group that begins with a ticket of the list, and returns the place
// after its last one, 0 if there is none. If one with a narrow window or a party was
// in the way, it tries again without.
func (p *pass) grow(g *group, i int, s shape, regions uint64) int {
	first := &p.cands[p.list[i]]
	stop := p.after(i, first.lo+first.window)
	if int(p.players[stop]-p.players[i]) < s.players() {
		return 0
	}
	for k, r := range p.m.mode.Roles {
		if int(p.accept[k][stop]-p.accept[k][i]) < r.Count*s.teams {
			return 0
		}
	}
	p.barred = p.barred[:0]
	floor := 0.0
	const tries = 4
	far := min(stop, i+1+max(p.look, 2*s.players()))
	for range tries {
		if !g.begin(p.list[i], s, regions) {
			return 0
		}
		if end := p.fillUp(g, i+1, far, floor); end > 0 {
			return end
		}
		switch {
		case !g.full() && g.limit < first.window && floor <= g.limit:
			floor = math.Nextafter(g.limit, math.Inf(1))
			if floor < g.limit*1.1 {
				floor = min(g.limit*1.1, first.window)
			}
		case g.parties > 0:
			// Without the last party, that of the first ticket aside.
			last := len(g.members) - 1
			for last > 0 && p.cands[g.members[last]].size == 1 {
				last--
			}
			if last == 0 {
				return 0
			}
			p.barred = append(p.barred, g.members[last])
		default:
			return 0
		}
	}
	return 0
}

// fillUp adds those from a place of the list on whose windows are not below the floor,
// and returns the place after the last one; 0 if they are too few, or don't go into teams.
func (p *pass) fillUp(g *group, from, far int, floor float64) int {
	for k := from; k < far; k++ {
		p.spent++
		j := p.list[k]
		c := &p.cands[j]
		if c.lo-g.lo > g.limit {
			break
		}
		if c.taken || c.window < floor || len(p.barred) > 0 && slices.Contains(p.barred, j) || !g.add(j) || !g.full() {
			continue
		}
		if p.splits(g) {
			return k + 1
		}
		break
	}
	return 0
}

// after returns the first place from i on whose rating is above x. The next few are
// looked at first: it is mostly near.
func (p *pass) after(i int, x float64) int {
	step := 16
	lo, hi := i, i+step
	for hi < len(p.lows) && p.lows[hi] <= x {
		lo = hi
		step *= 2
		hi += step
	}
	hi = min(hi, len(p.lows))
	return lo + sort.Search(hi-lo, func(k int) bool { return p.lows[lo+k] > x })
}

// splits reports whether a group can be put into teams that are even enough. Where that
// is not asked for, it is known of those without parties, and without roles.
func (p *pass) splits(g *group) bool {
	if g.shape.teams == 1 {
		return true
	}
	if g.even < 1 {
		sp := newSplit(p.m, g.shape, p.entries(g.members))
		return sp.run() && sp.favourite(math.Abs(sp.strength(0)-sp.strength(1))) <= g.even
	}
	if g.parties == 0 || len(p.m.quota) == 1 && g.shape.remembered() {
		return true
	}
	return newSplit(p.m, g.shape, p.entries(g.members)).possible()
}

func (p *pass) entries(members []int32) []*entry {
	out := make([]*entry, len(members))
	for k, j := range members {
		out[k] = p.cands[j].e
	}
	return out
}

// regroup fills the group with the given tickets; false if they are not allowed
// together.
func (p *pass) regroup(g *group, members []int32, s shape, regions uint64) bool {
	g.reset(s, regions)
	return !slices.ContainsFunc(members, func(j int32) bool { return !g.add(j) })
}
