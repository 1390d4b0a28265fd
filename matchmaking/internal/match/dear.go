package match

import (
	"slices"
	"time"
)

// A query may ask for much, and is asked of many. Tickets with such queries must not keep the
// others waiting: they share a part of a pass, and those that it is too small for wait.

const (
	// dear is the work of a query (query.Query.Work) above which a ticket's is one of those.
	dear = 24
	// dearPass is the work of all of them in a pass: about a tenth of a second.
	dearPass = 6_000_000
	// turn is the time after which others of those that wait are let in.
	turn = time.Second
)

// admit lets those tickets into the pass whose queries ask for little, and of the others as many
// as there is time for: half of it is for those that have waited longest, the rest goes round
// with the time, so that nobody is left out by others who stay.
func (p *pass) admit() {
	all := 0
	for i := range p.cands {
		if p.cands[i].e.work > dear {
			all += p.work(i)
		}
	}
	if all <= dearPass {
		return
	}
	left := p.byAge(func(c *cand) bool { return c.e.work > dear })
	for _, i := range left {
		p.cands[i].waits, p.cands[i].taken = true, true
	}
	left = p.let(left, dearPass/2)
	if len(left) == 0 {
		return
	}
	// Each turn begins where the last one has ended, if the queries are alike.
	step := max(1, len(left)*(dearPass/2)/all)
	from := int(p.now/int64(turn)%int64(len(left))) * step % len(left)
	p.let(slices.Concat(left[from:], left[:from]), dearPass/2)
}

// let lets tickets in, in their order, for as long as there is work for them, and returns those
// that are left.
func (p *pass) let(waiting []int32, work int) (left []int32) {
	for k, i := range waiting {
		if work -= p.work(int(i)); work < 0 {
			return waiting[k:]
		}
		p.cands[i].waits, p.cands[i].taken = false, false
	}
	return nil
}

// work returns about how much the query of a ticket may have to do in the pass.
func (p *pass) work(i int) int { return p.cands[i].e.work * min(len(p.cands), lookFar) }

// dismiss ends the waiting of those that were not let in, since the pass is over.
func (p *pass) dismiss() {
	for i := range p.cands {
		if c := &p.cands[i]; c.waits {
			c.waits, c.taken = false, false
		}
	}
}
