package match

import (
	"math/bits"
)

// cand is a ticket during one pass.
type cand struct {
	e      *entry
	lo, hi float64
	window float64 // how far apart ratings may be for it, now
	even   float64 // how likely a favourite may be to win
	value  float64 // what its seats are worth, more with waiting
	wait   int64   // in nanoseconds
	// regions are those where it may play, as bits.
	regions uint64
	size    int32
	home    int8 // its nearest region; -1 if it names none
	taken   bool
	failed  bool // no group began with it
}

// shape tells into how many teams of which size tickets are to be put.
type shape struct{ teams, size int }

func (s shape) players() int { return s.teams * s.size }

// group is a match in the making: tickets that are allowed to meet. It only grows;
// every addition is checked against all members.
type group struct {
	p       *pass
	shape   shape
	members []int32
	players int
	lo, hi  float64
	limit   float64 // the tightest window
	even    float64 // the least that a favourite may be likely to win
	regions uint64  // those where all may play
	value   float64
	parties int  // members of more than one player
	queries bool // whether a member has one
	roles   []int16
	sizes   [16]uint8 // how many parties of 2, 3, …
}

// begin starts a group anew with one ticket, and tells whether that one is allowed at
// all.
func (g *group) begin(i int32, s shape, regions uint64) bool {
	g.shape, g.members, g.players = s, g.members[:0], 0
	g.value, g.parties, g.queries, g.regions = 0, 0, false, regions
	g.sizes = [16]uint8{}
	clear(g.roles)
	c := &g.p.cands[i]
	g.lo, g.hi, g.limit, g.even = c.lo, c.hi, c.window, c.even
	return g.add(i)
}

// add takes a ticket in if it is allowed with all members, and tells whether it did.
func (g *group) add(i int32) bool {
	c := &g.p.cands[i]
	lo, hi, limit := min(g.lo, c.lo), max(g.hi, c.hi), min(g.limit, c.window)
	size := int(c.size)
	regions := g.regions & c.regions
	if hi-lo > limit || g.players+size > g.shape.players() || regions == 0 {
		return false
	}
	if size > 1 && !g.packs(size) {
		return false
	}
	if (g.queries || c.e.t.Query != nil) && !g.agree(c) {
		return false
	}
	if len(g.roles) > 1 && !g.takeRoles(c) {
		return false
	}
	g.lo, g.hi, g.limit, g.regions = lo, hi, limit, regions
	g.even = min(g.even, c.even)
	g.members = append(g.members, i)
	g.players += size
	g.value += c.value
	g.queries = g.queries || c.e.t.Query != nil
	if size > 1 {
		g.parties++
		if size < len(g.sizes)+2 {
			g.sizes[size-2]++
		}
	}
	return true
}

// full tells whether all seats are taken.
func (g *group) full() bool { return g.players == g.shape.players() }

// agree tells whether the queries of the ticket and of the members hold of each
// other.
func (g *group) agree(c *cand) bool {
	for _, j := range g.members {
		o := g.p.cands[j].e
		if !c.e.t.Query.Match(&c.e.subject, &o.subject) || !o.t.Query.Match(&o.subject, &c.e.subject) {
			return false
		}
	}
	return true
}

// takeRoles counts a ticket's players in, if there are seats for all. By Hall's
// theorem there are, exactly if for each set of roles at most as many players accept
// nothing else as there are seats for the set.
func (g *group) takeRoles(c *cand) bool {
	if g.countRoles(c.e.masks, 1) {
		return true
	}
	g.countRoles(c.e.masks, -1)
	return false
}

// countRoles counts players in or out, and tells whether there are seats for all.
func (g *group) countRoles(masks []uint8, by int16) bool {
	ok, full := true, len(g.roles)-1
	for _, mask := range masks {
		// All supersets of the mask.
		rest := full &^ int(mask)
		for sub := rest; ; sub = (sub - 1) & rest {
			s := sub | int(mask)
			g.roles[s] += by
			ok = ok && int(g.roles[s]) <= g.p.m.quota[s]*g.shape.teams
			if sub == 0 {
				break
			}
		}
	}
	return ok
}

// packs tells whether a party of the size finds a place in a team beside the parties
// that are there. Those who come alone fit in anywhere.
func (g *group) packs(size int) bool {
	if size > g.shape.size {
		return false
	}
	if g.shape.teams == 1 || g.parties == 0 {
		return true
	}
	if g.shape.size >= len(g.sizes)+2 {
		return g.p.fitsAny(g, size)
	}
	key := packing{g.sizes, g.shape}
	key.sizes[size-2]++
	ok, known := g.p.packings[key]
	if !known {
		ok = key.possible()
		g.p.packings[key] = ok
	}
	return ok
}

// packing is a question: do these parties fit into teams of this shape?
type packing struct {
	sizes [16]uint8
	shape shape
}

func (k packing) possible() bool {
	var items []int
	for s := len(k.sizes) - 1; s >= 0; s-- {
		for range k.sizes[s] {
			items = append(items, s+2)
		}
	}
	return pack(items, make([]int, k.shape.teams), k.shape.size, new(int))
}

// maxSteps bounds the search for how parties go into teams. It is far beyond what
// the parties of one match need.
const maxSteps = 20_000

// pack puts items, the largest first, into bins of the size.
func pack(items, bins []int, size int, steps *int) bool {
	if len(items) == 0 {
		return true
	}
	if *steps++; *steps > maxSteps {
		return false
	}
	var tried uint64 // loads: bins with the same are alike
	for b := range bins {
		if bins[b]+items[0] > size || bins[b] < 64 && tried>>bins[b]&1 != 0 {
			continue
		}
		if bins[b] < 64 {
			tried |= 1 << bins[b]
		}
		bins[b] += items[0]
		if pack(items[1:], bins, size, steps) {
			return true
		}
		bins[b] -= items[0]
	}
	return false
}

// fitsAny answers packs for teams too large to remember the answers.
func (p *pass) fitsAny(g *group, size int) bool {
	items := []int{size}
	for _, j := range g.members {
		if s := int(p.cands[j].size); s > 1 {
			items = append(items, s)
		}
	}
	sortDown(items)
	return pack(items, make([]int, g.shape.teams), g.shape.size, new(int))
}

// bestRegion gives the region where the worst latency is least, and that. Of a group
// whose tickets name no region it is -1.
func (g *group) bestRegion() (region int, worst float64) {
	region = -1
	named := false
	for _, i := range g.members {
		named = named || len(g.p.cands[i].e.near) > 0
	}
	if !named && len(g.p.m.mode.Latency.Regions) == 0 {
		return -1, 0
	}
	for left := g.regions; left != 0; left &= left - 1 {
		r := bits.TrailingZeros64(left)
		if r >= len(g.p.m.regions) {
			break
		}
		w := 0.0
		for _, i := range g.members {
			w = max(w, g.p.cands[i].e.latency(r))
		}
		if region < 0 || w < worst || w == worst && g.p.m.regions[r] < g.p.m.regions[region] {
			region, worst = r, w
		}
	}
	return region, worst
}
