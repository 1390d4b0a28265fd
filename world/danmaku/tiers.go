package danmaku

// tierCount is how many tiers there are.
const tierCount = 3

// budget says how many comments each tier has room for. The tiers' rates are without those of the tiers
// within.
type budget struct {
	rates   [tierCount]float64 // comments a second
	buckets [tierCount]bucket
	perTick float64 // seconds
}

// newBudget makes a budget of sums: comments a second of tier 1, of tiers 1 and 2, of all.
func newBudget(sums [tierCount]float64, tickRate float64) budget {
	b := budget{perTick: 1 / tickRate}
	last := 0.0
	for i, s := range sums {
		b.rates[i], last = s-last, s
	}
	return b
}

// refill brings the budget to a tick, with a share of the whole, 0 to 1. What is not used is kept
// for half a second, or until there is enough for one comment.
func (b *budget) refill(now uint32, share float64) {
	for i := range b.buckets {
		rate := b.rates[i] * share
		b.buckets[i].fill(now, rate*b.perTick, max(1, rate/2))
	}
}

// place returns the tier in which a comment may be shown, the lowest that has room; 0: there is none.
func (b *budget) place() uint32 {
	for i := range b.buckets {
		if b.buckets[i].take() {
			return uint32(i + 1)
		}
	}
	return 0
}

// charge takes off what somebody else has placed in a tier.
func (b *budget) charge(tier uint32) {
	if tier >= 1 && tier <= tierCount {
		bk := &b.buckets[tier-1]
		bk.tokens = max(bk.tokens-1, -b.rates[tier-1]/2)
	}
}

// ceiling holds what a house's viewers are shown to what their tiers have, whoever has chosen it. While
// houses come and go, or the show does, those who fill a tier may together have more room for a time than
// it has: each goes by the share that it was told last.
type ceiling struct {
	rates   [tierCount]float64 // comments a tick
	most    [tierCount]float64
	buckets [tierCount]bucket
}

// newCeiling makes a ceiling for the sums of a budget. In any stretch of time there is as much as
// the tiers have in it, and in a second beside.
func newCeiling(sums [tierCount]float64, tickRate float64) (c ceiling) {
	for i, rate := range newBudget(sums, tickRate).rates {
		c.rates[i], c.most[i] = rate/tickRate, max(1, rate)
	}
	return c
}

// take reports whether there is room for a comment in a tier, and takes it.
func (c *ceiling) take(tier, now uint32) bool {
	b := &c.buckets[tier-1]
	b.fill(now, c.rates[tier-1], c.most[tier-1])
	return b.take()
}

// shares returns which part of the tiers each of some houses may fill by itself, in thousandths, by
// what they have to show. A house that is alone has all. Several get three quarters of it, so that
// comments are shown to those in the same house at once, and the rest goes to the best of all;
// of many houses each would have too little for that, and the show chooses all.
func shares(demand []float64) []uint32 {
	const several = 8
	all := make([]uint32, len(demand))
	sum := 0.0
	for _, d := range demand {
		sum += d
	}
	for i, d := range demand {
		switch {
		case len(demand) == 1:
			all[i] = 1000
		case len(demand) > several:
		case sum == 0:
			all[i] = uint32(750 / len(demand))
		default:
			all[i] = uint32(750 * d / sum)
		}
	}
	return all
}

// limitOf returns how many candidates each of some houses may send in a window: all of them together
// some hundred, however many they are.
func limitOf(houses, most int) uint32 {
	return uint32(min(most, max(2, (240+houses-1)/max(1, houses))))
}
