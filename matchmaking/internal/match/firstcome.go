package match

// firstCome makes full matches without choosing: the oldest ticket and, in the order
// in which they came, those that may play with it.
func (p *pass) firstCome(s shape) {
	order := p.byAge(nil)
	for k, i := range order {
		for nth, r := range p.byName() {
			c := &p.cands[i]
			if c.taken {
				break
			}
			// Its regions, the nearest first.
			if len(c.e.near) > 0 {
				if nth >= len(c.e.near) {
					break
				}
				r = c.e.near[nth].region
			}
			g := &p.group
			if c.regions>>r&1 == 0 || !g.begin(i, s, 1<<r) {
				continue
			}
			for _, j := range order[k+1:] {
				if g.full() {
					break
				}
				p.gather(g, j)
			}
			if g.full() && p.splits(g) {
				p.keep(g, 0)
			}
		}
	}
}
