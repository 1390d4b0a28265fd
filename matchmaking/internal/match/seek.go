package match

import (
	"cmp"
	"math"
	"slices"
)

// What seek may try, in tickets looked at: for one ticket, and in a pass. Beyond, it
// gives up, until the next pass, at which others may be the oldest.
const (
	seekOne  = 1000
	seekPass = 5000
)

// seek tries harder for those that pack has left: for each, the oldest first, it goes
// through the groups of those who could meet it, one pair at a time, also when
// queries, roles, parties and narrow windows among them go against each other. It is
// a search with a bound.
func (p *pass) seek(s shape) {
	need, steps := s.players(), seekPass
	var near []int32
	var left []int
	for _, i := range p.byAge(nil) {
		if steps <= 0 {
			return
		}
		c := &p.cands[i]
		for _, r := range p.byName() {
			if c.taken || c.regions>>r&1 == 0 {
				continue
			}
			near = p.partners(near[:0], i, s, 1<<r, &steps)
			// left are the players from a place on.
			left = append(left[:0], make([]int, len(near)+1)...)
			for k := len(near) - 1; k >= 0; k-- {
				left[k] = left[k+1] + int(p.cands[near[k]].size)
			}
			if int(c.size)+left[0] < need || !p.group.begin(i, s, 1<<r) {
				continue
			}
			one := min(seekOne, steps)
			before := one
			found := p.try(&p.group, near, left, &one)
			steps -= before - one
			if found {
				p.keep(&p.group, 0)
			}
		}
	}
}

// partners lists those that can meet a ticket in a region, the nearest in rating
// first.
func (p *pass) partners(out []int32, i int32, s shape, region uint64, steps *int) []int32 {
	c, g := &p.cands[i], &p.group
	for at := range p.nearest(i) {
		*steps--
		if j := int32(at); !p.cands[j].taken && g.begin(i, s, region) && g.add(j) {
			out = append(out, j)
		}
	}
	slices.SortFunc(out, func(a, b int32) int {
		x, y := math.Abs(p.cands[a].lo-c.lo), math.Abs(p.cands[b].lo-c.lo)
		if d := cmp.Compare(x, y); d != 0 {
			return d
		}
		return cmp.Compare(a, b)
	})
	return out
}

// try fills the group from those in near, or leaves it as it was.
func (p *pass) try(g *group, near []int32, left []int, steps *int) bool {
	if g.full() {
		return p.splits(g)
	}
	for k, j := range near {
		if g.players+left[k] < g.shape.players() {
			return false
		}
		if *steps--; *steps < 0 {
			return false
		}
		was := *g
		if !g.add(j) {
			continue
		}
		if p.try(g, near[k+1:], left[k+1:], steps) {
			return true
		}
		g.leave(was)
	}
	return false
}

// leave undoes the last addition.
func (g *group) leave(was group) {
	c := &g.p.cands[g.members[len(g.members)-1]]
	g.roles.add(c.e.masks, -1, g.p.m.quota, g.shape.teams)
	*g = was
}
