package match

import (
	"iter"
	"slices"
	"sort"
	"time"
)

// later is how much later somebody must have come to lose a slot to one who came
// before.
const later = time.Second

// fairReach is how many matches are looked at for a ticket that is left, those nearest
// in rating.
const fairReach = 64

// fair sees that nobody is left waiting while one who came later sits where it could
// sit: the oldest of those left takes the slots of the youngest ticket, of the same
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

// exchange lets each of those left try once, and reports whether anybody found a slot.
func (p *pass) exchange() bool {
	// Matches by rating; they move little by an exchange.
	order, first := slices.Clone(p.made), func(d *made) *cand { return &p.cands[d.members[0]] }
	slices.SortFunc(order, func(a, b *made) int { return first(a).e.below(first(b).e) })
	lows := make([]float64, len(order))
	youngest := int64(0)
	for k, d := range order {
		lows[k] = first(d).lo
		for _, i := range d.members {
			youngest = max(youngest, p.cands[i].e.since)
		}
	}
	left := p.byAge(func(c *cand) bool { return youngest-c.e.since >= int64(later) })
	found := false
	for len(left) > 0 {
		i := left[0]
		left = left[1:]
		if out, ok := p.replace(i, order, lows); ok {
			at, _ := slices.BinarySearchFunc(left, out, p.older)
			left = slices.Insert(left, at, out)
			found = true
		}
	}
	return found
}

// replace finds a slot for a ticket and returns the one that had it.
func (p *pass) replace(i int32, order []*made, lows []float64) (out int32, ok bool) {
	c := &p.cands[i]
	var from *made
	at, since := 0, c.e.since+int64(later)-1
	// Outward from where the ticket would be. One at the edge of a match may be out of
	// reach and the others not.
	where, tries := sort.SearchFloat64s(lows, c.lo), 0
	for k := range outward(where-1, where, lows, c.lo, 2*c.window) {
		if n := p.replaceable(c, i, order[k], since); n >= 0 {
			from, at, since = order[k], n, p.cands[order[k].members[n]].e.since
		}
		if tries++; tries == fairReach {
			break
		}
	}
	if from == nil {
		return 0, false
	}
	out = from.members[at]
	from.members[at] = i
	p.cands[i].taken, p.cands[out].taken = true, false
	return out, true
}

// replaceable returns which of the tickets of a match that came after since, the youngest,
// could make room for another one; -1 if none.
func (p *pass) replaceable(c *cand, i int32, d *made, since int64) int {
	// If it can't meet one of them, only that one can make room for it.
	only := -1
	for n, j := range d.members {
		if c.meets(&p.cands[j]) {
			continue
		}
		if only >= 0 {
			return -1
		}
		only = n
	}
	best := -1
	for n, j := range d.members {
		o := &p.cands[j]
		if only >= 0 && n != only || o.size != c.size || o.e.since <= since {
			continue
		}
		p.members = append(p.members[:0], d.members...)
		p.members[n] = i
		if p.regroup(&p.group, p.members, d.shape, everywhere) && p.splits(&p.group) {
			best, since = n, o.e.since
		}
	}
	return best
}

// meets reports whether ratings, regions and queries allow two tickets in one match.
func (c *cand) meets(o *cand) bool {
	return max(c.hi, o.hi)-min(c.lo, o.lo) <= min(c.window, o.window) && c.regions&o.regions != 0 && c.wants(o) && o.wants(c)
}

// nearest yields the other tickets whose rating is within a ticket's window, the nearest
// first.
func (p *pass) nearest(i int32) iter.Seq[int] {
	return outward(int(i)-1, int(i)+1, p.lo, p.lo[i], p.cands[i].window)
}

// outward yields the places of xs, which rise, from down and from up on: the nearest to
// x first, up to a distance.
func outward(down, up int, xs []float64, x, reach float64) iter.Seq[int] {
	return func(yield func(int) bool) {
		for {
			canDown := down >= 0 && x-xs[down] <= reach
			canUp := up < len(xs) && xs[up]-x <= reach
			at := up
			switch {
			case canDown && (!canUp || x-xs[down] <= xs[up]-x):
				at = down
				down--
			case canUp:
				up++
			default:
				return
			}
			if !yield(at) {
				return
			}
		}
	}
}
