package match

import (
	"math"
	"slices"
)

// cand is a ticket during one pass.
type cand struct {
	e      *entry
	lo, hi float64
	window float64 // how far apart ratings may be for it, now
	even   float64 // how likely a favourite may be to win
	value  float64 // what its slots are worth, more with waiting
	wait   int64   // in nanoseconds
	// regions are those where it may play, as bits.
	regions uint64
	size    int32
	home    int8 // its nearest region; -1 if it names none
	taken   bool
	failed  bool // no group began with it
	waits   bool // it is not looked at in this pass; see pass.admit
}

// shape is into how many teams of which size tickets are to be put.
type shape struct{ teams, size int }

func (s shape) players() int { return s.teams * s.size }

// remembered reports whether teams are small enough for their parties to be counted by
// sizes.
func (s shape) remembered() bool { return s.size < len(sizes{})+2 }

// sizes is how many parties of 2, 3, … there are.
type sizes [16]uint8

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
	roles   demand
	sizes   sizes
}

// begin starts a group anew with one ticket, and reports whether that one is allowed at
// all.
func (g *group) begin(i int32, s shape, regions uint64) bool {
	g.reset(s, regions)
	return g.add(i)
}

func (g *group) reset(s shape, regions uint64) {
	g.shape, g.members, g.players = s, g.members[:0], 0
	g.value, g.parties, g.queries, g.regions = 0, 0, false, regions
	g.sizes = sizes{}
	g.lo, g.hi, g.limit, g.even = math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(1)
	clear(g.roles)
}

// add takes a ticket in if it keeps all rules with all members, and reports whether it
// did.
func (g *group) add(i int32) bool {
	c := &g.p.cands[i]
	if !g.reaches(c) || !g.reached(c) || !g.shares(c) || !g.packs(c) ||
		(g.queries || c.e.query != nil) && !(g.wants(c) && g.wanted(c)) ||
		!g.takesRoles(c) {
		return false
	}
	g.join(i, c)
	return true
}

// join takes in a ticket whose roles are counted.
func (g *group) join(i int32, c *cand) {
	g.lo, g.hi, g.limit, g.even = min(g.lo, c.lo), max(g.hi, c.hi), min(g.limit, c.window), min(g.even, c.even)
	g.regions &= c.regions
	g.members = append(g.members, i)
	g.players += int(c.size)
	g.value += c.value
	g.queries = g.queries || c.e.query != nil
	if c.size > 1 {
		g.parties++
		if int(c.size) < len(g.sizes)+2 {
			g.sizes[c.size-2]++
		}
	}
}

// full reports whether all slots are taken.
func (g *group) full() bool { return g.players == g.shape.players() }

// packsParty reports whether a party finds a place in a team beside the
// parties that are there.
func (g *group) packsParty(e *entry) bool {
	if e.size > g.shape.size {
		return false
	}
	if g.shape.teams == 1 || g.parties == 0 {
		return true
	}
	key := packing{g.sizes, g.shape}
	if g.shape.remembered() {
		key.sizes[e.size-2]++
		if ok, known := g.p.packings[key]; known {
			return ok
		}
	}
	// Roles are not asked for here.
	items := []*entry{{t: e.t, size: e.size}}
	for _, j := range g.members {
		if o := g.p.cands[j].e; o.size > 1 {
			items = append(items, &entry{t: o.t, size: o.size})
		}
	}
	ok := newSplit(g.p.m, g.shape, items).possible()
	if g.shape.remembered() {
		g.p.packings[key] = ok
	}
	return ok
}

// packing is a question: do these parties fit into teams of this shape?
type packing struct {
	sizes sizes
	shape shape
}

// bestRegion returns the region where the worst latency is least, and that. Of a group
// whose tickets name no region it is -1.
func (g *group) bestRegion() (region int, worst float64) {
	region = -1
	named := func(i int32) bool { return len(g.p.cands[i].e.near) > 0 }
	if !slices.ContainsFunc(g.members, named) && len(g.p.m.mode.Latency.Regions) == 0 {
		return -1, 0
	}
	for r := range g.p.m.regions {
		if g.regions>>r&1 == 0 {
			continue
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
