package danmaku

import (
	"cmp"
	"slices"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
)

// Bounds of merging.
const (
	mergeFor     = 0.4 // seconds for which a candidate with a priority waits for room
	mergeShort   = 0.1 // the same without one
	maxWaiting   = 2000
	maxPersonals = 40 // comments in a report that are for a few only
	collateFor   = 5.0
)

// merge makes one stream of what the houses would like to be shown.
type merge struct {
	budget   budget
	waiting  []waiting
	passed   []*danmakuv1.Candidate // those that a house has shown, for the others
	collator collator
	drops    drops // of what the show itself passes over
	tickRate float64
}

type waiting struct {
	*danmakuv1.Candidate
	since uint32
}

func newMerge(tiers [tierCount]float64, tickRate float64) merge {
	return merge{budget: newBudget(tiers, tickRate), collator: newCollator(), tickRate: tickRate}
}

// add takes a candidate in.
func (m *merge) add(s *show, c *danmakuv1.Candidate) {
	now := s.r.Tick()
	if ms := nowMs(s.r); ms-min(ms, c.Comment.AtMs) > s.maxAge {
		m.drops.add(danmakuv1.Reason_REASON_OLD, 1)
		return
	}
	collate := uint32(collateFor * m.tickRate)
	grace := uint32(2 * mergeFor * m.tickRate)
	if c.Shown {
		m.budget.charge(c.Comment.Tier)
		m.collator.first(c.Key, c.Comment.Id, now, collate, grace)
		m.collator.shown(c.Key, c.Comment.Id, c.Comment.Tier)
		m.passed = append(m.passed, c)
		return
	}
	if first := m.collator.first(c.Key, c.Comment.Id, now, collate, grace); first != nil {
		m.collator.again(first, 1+c.Comment.Same)
		m.drops.add(danmakuv1.Reason_REASON_COLLATED, 1)
		if c.Personal && len(m.passed) < maxWaiting {
			m.passed = append(m.passed, c)
		}
		return
	}
	if len(m.waiting) >= maxWaiting {
		m.drops.add(danmakuv1.Reason_REASON_CROWDED, 1)
		return
	}
	m.waiting = append(m.waiting, waiting{c, now})
}

// again counts what houses have heard again.
func (m *merge) again(t *danmakuv1.KeyCount) {
	if s := m.collator.byKey[t.Key]; s != nil {
		m.collator.again(s, t.Same)
	}
}

// take returns the comments that are to be shown now, and how often others have been said again. Among equals
// the newest come first: when there are more than can be shown, those that are shown have not waited.
func (m *merge) take(now uint32) (out []*danmakuv1.Candidate, tallies []*danmakuv1.Tally) {
	m.budget.refill(now, 1)
	out = m.passed
	m.passed = nil
	slices.SortStableFunc(m.waiting, func(a, b waiting) int {
		return cmp.Or(cmp.Compare(b.Priority, a.Priority), cmp.Compare(b.since, a.since))
	})
	kept := m.waiting[:0]
	personal := 0
	for _, w := range m.waiting {
		tier := m.budget.place()
		switch {
		case tier > 0:
			w.Comment.Tier = tier
			w.Comment.Same = max(w.Comment.Same, m.collator.shown(w.Key, w.Comment.Id, tier))
			m.drops.shown++
			out = append(out, w.Candidate)
		case now-w.since < m.patience(w.Candidate):
			kept = append(kept, w)
		default:
			m.drops.add(danmakuv1.Reason_REASON_CROWDED, 1)
			if w.Personal && personal < maxPersonals {
				personal++
				out = append(out, w.Candidate)
			}
		}
	}
	clear(m.waiting[len(kept):])
	m.waiting = kept
	if now%uint32(max(1, m.tickRate/windowRate)) == 0 {
		for _, t := range m.collator.take(maxTallies) {
			t.news = 0
			if t.tier > 0 {
				tallies = append(tallies, &danmakuv1.Tally{Comment: t.comment, Same: t.same})
			}
		}
	}
	return out, tallies
}

// patience returns for how many ticks a candidate waits for room.
func (m *merge) patience(c *danmakuv1.Candidate) uint32 {
	if c.Priority > ordinary {
		return uint32(mergeFor * m.tickRate)
	}
	return uint32(mergeShort * m.tickRate)
}

// remove forgets comments that are to be shown no more.
func (m *merge) remove(r *danmakuv1.Removed) {
	gone := func(c *danmakuv1.Comment) bool { return c.Id == r.Comment || r.Author != 0 && c.Author == r.Author }
	m.waiting = slices.DeleteFunc(m.waiting, func(w waiting) bool { return gone(w.Comment) })
	m.passed = slices.DeleteFunc(m.passed, func(c *danmakuv1.Candidate) bool { return gone(c.Comment) })
}
