package match

import (
	"slices"
	"time"
)

// smaller makes what the mode allows for those who have waited long: matches with
// fewer players, and matches with bots. Around each of them, the oldest first, those
// nearest in rating are gathered.
func (p *pass) smaller(full shape) {
	f, b := p.m.mode.Format, p.m.mode.Bots
	few := f.MinSize < f.Size
	if !few && !b.Enabled {
		return
	}
	for _, i := range p.byAge(nil) {
		c := &p.cands[i]
		if c.taken {
			continue
		}
		if p.hurried() {
			return
		}
		wait := time.Duration(c.wait)
		for k := f.Size; few && wait >= f.StartAfter && k >= f.MinSize && !c.taken; {
			s := shape{f.Teams, k}
			n := p.around(i, s)
			if n == s.players() && p.splits(&p.group) {
				p.keep(&p.group, 0)
			}
			// There are not more than that for smaller teams either.
			k = min(k-1, n/f.Teams)
		}
		if b.Enabled && wait >= b.After && !c.taken {
			n := p.around(i, full)
			if bots := full.players() - n; n >= b.MinPlayers && bots <= b.Max && p.splits(&p.group) {
				p.keep(&p.group, bots)
			}
		}
	}
}

// around gathers as many players as it can around a ticket, in the region where that
// is most, and of those where the latency is least. The group is left in p.group.
func (p *pass) around(i int32, s shape) int {
	g := &p.group
	best, bestRegion, bestLatency := 0, uint64(0), 0.0
	gather := func(regions uint64) int {
		if !g.begin(i, s, regions) {
			return 0
		}
		look := lookFar
		for j := range p.nearest(i) {
			if g.full() || look == 0 {
				break
			}
			look--
			p.spent++
			p.gather(g, int32(j))
		}
		if !g.full() && look > 0 {
			p.spent++ // to see that there is nobody else
		}
		return g.players
	}
	for _, r := range p.byName() {
		if p.cands[i].regions>>r&1 == 0 {
			continue
		}
		n := gather(1 << r)
		_, ms := g.bestRegion()
		if n > best || n == best && ms < bestLatency {
			best, bestRegion, bestLatency = n, 1<<r, ms
		}
	}
	if bestRegion != 0 {
		gather(bestRegion)
	}
	return best
}

// gather adds a ticket that is free, unless the teams could not be made then.
func (p *pass) gather(g *group, j int32) {
	if p.cands[j].taken || !g.add(j) {
		return
	}
	if len(g.roles) > 1 && g.shape.teams > 1 && !newSplit(p.m, g.shape, p.entries(g.members)).possible() {
		p.regroup(g, slices.Clone(g.members[:len(g.members)-1]), g.shape, g.regions)
	}
}
