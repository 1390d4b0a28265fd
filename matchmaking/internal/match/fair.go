package match

import (
	"container/heap"
	"slices"
	"sort"
	"time"
)

// later is how much later somebody must have come to lose a seat to one who came
// before.
const later = time.Second

// fairReach is how many matches are looked at for a ticket that is left, those nearest
// in rating.
const fairReach = 64

// fair sees that nobody is left waiting while one who came later sits where it could
// sit: the oldest of those left takes the seats of the youngest ticket, of the same
// size, that it can replace in one of the matches around it, which is then among those
// left, and may be in another match with them. Each exchange lets somebody older in,
// so that there is an end.
func (p *pass) fair(s shape) {
	for range maxFair {
		if len(p.made) == 0 || !p.exchange() {
			return
		}
		p.seek(s)
	}
}

// maxFair bounds how often all who are left are looked at.
const maxFair = 16

// exchange lets each of those left try once, and tells whether anybody found a seat.
func (p *pass) exchange() bool {
	// Matches by rating; they move little by an exchange.
	order := make([]int, len(p.made))
	lows := make([]float64, len(p.made))
	for k := range order {
		order[k] = k
	}
	low := func(k int) float64 { return p.cands[p.made[k].members[0]].lo }
	slices.SortFunc(order, func(a, b int) int {
		return p.cands[p.made[a].members[0]].e.below(p.cands[p.made[b].members[0]].e)
	})
	for k, d := range order {
		lows[k] = low(d)
	}
	q := &queue{p: p}
	youngest := int64(0)
	for _, d := range p.made {
		for _, i := range d.members {
			youngest = max(youngest, p.cands[i].e.since)
		}
	}
	for i := range p.cands {
		if c := &p.cands[i]; !c.taken && youngest-c.e.since >= int64(later) {
			q.left = append(q.left, int32(i))
		}
	}
	heap.Init(q)
	found := false
	for q.Len() > 0 {
		i := heap.Pop(q).(int32)
		if out, ok := p.replace(i, order, lows); ok {
			heap.Push(q, out)
			found = true
		}
	}
	return found
}

// replace finds a seat for a ticket and gives the one that sat there.
func (p *pass) replace(i int32, order []int, lows []float64) (int32, bool) {
	c := &p.cands[i]
	at := sort.SearchFloat64s(lows, c.lo)
	type swap struct{ made, member int }
	best, bestSince := swap{-1, 0}, c.e.since+int64(later)-1
	g := &p.group
	var members []int32
	try := func(k int) {
		d := p.made[order[k]]
		// If it can't meet one of them, only that one can make room for it.
		only := -1
		for n, j := range d.members {
			if c.meets(&p.cands[j]) {
				continue
			}
			if only >= 0 {
				return
			}
			only = n
		}
		for n, j := range d.members {
			o := &p.cands[j]
			if only >= 0 && n != only || o.size != c.size || o.e.since <= bestSince {
				continue
			}
			members = append(members[:0], d.members...)
			members[n] = i
			if !p.regroup(g, members, d.shape, everywhere) || !p.splits(g) {
				continue
			}
			best, bestSince = swap{order[k], n}, o.e.since
		}
	}
	// Outward from where the ticket would be. One at the edge of a match may be out of
	// reach and the others not.
	down, up := at-1, at
	for range fairReach {
		canDown := down >= 0 && c.lo-lows[down] <= 2*c.window
		canUp := up < len(lows) && lows[up]-c.lo <= 2*c.window
		switch {
		case canDown && (!canUp || c.lo-lows[down] <= lows[up]-c.lo):
			try(down)
			down--
		case canUp:
			try(up)
			up++
		default:
			canDown = false
		}
		if !canDown && !canUp {
			break
		}
	}
	if best.made < 0 {
		return 0, false
	}
	d := p.made[best.made]
	out := d.members[best.member]
	d.members[best.member] = i
	p.cands[i].taken, p.cands[out].taken = true, false
	return out, true
}

// meets tells whether ratings, regions and queries allow two tickets in one match.
func (c *cand) meets(o *cand) bool {
	return max(c.hi, o.hi)-min(c.lo, o.lo) <= min(c.window, o.window) && c.regions&o.regions != 0 &&
		c.e.t.Query.Match(&c.e.subject, &o.e.subject) && o.e.t.Query.Match(&o.e.subject, &c.e.subject)
}

// queue are the tickets left, the oldest first.
type queue struct {
	p    *pass
	left []int32
}

func (q *queue) Len() int { return len(q.left) }
func (q *queue) Less(a, b int) bool {
	return q.p.cands[q.left[a]].e.before(q.p.cands[q.left[b]].e) < 0
}
func (q *queue) Swap(a, b int) { q.left[a], q.left[b] = q.left[b], q.left[a] }
func (q *queue) Push(x any)    { q.left = append(q.left, x.(int32)) }
func (q *queue) Pop() any {
	x := q.left[len(q.left)-1]
	q.left = q.left[:len(q.left)-1]
	return x
}
