package danmaku

import (
	"cmp"
	"slices"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
)

// The priorities of comments. What is above ordinary has places of its own in a window.
const (
	ordinary uint32 = iota
	longSilent
	followed
	paying
	giver
	moderator
	host
)

// window collects the candidates of one stretch of time, of which a few are taken. It holds all that
// comes, which is bounded by what the room takes in.
type window struct {
	waiting []*danmakuv1.Candidate
	seen    map[uint64]int // by author: how many of its have been picked
}

// add puts a candidate in.
func (w *window) add(c *danmakuv1.Candidate) { w.waiting = append(w.waiting, c) }

// take empties the window. It returns up to places candidates, those with the highest priority
// first, and how many it passed over. Half of the places are for those with a priority, and half
// for the others, as far as there are so many of either; the rest is for whom there is. Among
// equals chance decides, and of one author a second one comes in when all others have one.
func (w *window) take(places int) (picked []*danmakuv1.Candidate, over int) {
	if len(w.waiting) == 0 {
		return nil, 0
	}
	all := w.waiting
	if len(all) > places {
		all = w.choose(places)
	}
	over = len(w.waiting) - len(all)
	picked = slices.Clone(all)
	slices.SortFunc(picked, before)
	clear(w.waiting)
	w.waiting = w.waiting[:0]
	return picked, over
}

// before orders candidates by who goes first. Those of one tick come in the order of their viewers: without chance
// the same viewers would go first each time.
func before(a, b *danmakuv1.Candidate) int {
	return cmp.Or(cmp.Compare(b.Priority, a.Priority), cmp.Compare(chance(a.Comment.Id), chance(b.Comment.Id)))
}

// chance returns a number that looks like any other, the finalizer of MurmurHash3.
func chance(id uint64) uint64 {
	id = (id ^ id>>33) * 0xff51afd7ed558ccd
	id = (id ^ id>>33) * 0xc4ceb9fe1a85ec53
	return id ^ id>>33
}

// choose orders what waits so that the ones to take are the first places.
func (w *window) choose(places int) []*danmakuv1.Candidate {
	if w.seen == nil {
		w.seen = map[uint64]int{}
	}
	clear(w.seen)
	type ranked struct {
		c     *danmakuv1.Candidate
		turn  int // which one of its author's it is
		urges bool
	}
	order := make([]ranked, len(w.waiting))
	urgent := 0
	for i, c := range w.waiting {
		order[i] = ranked{c, w.seen[c.Comment.Author], c.Priority > ordinary}
		w.seen[c.Comment.Author]++
		if order[i].urges {
			urgent++
		}
	}
	slices.SortStableFunc(order, func(a, b ranked) int {
		switch {
		case a.urges != b.urges:
			if a.urges {
				return -1
			}
			return 1
		case a.turn != b.turn:
			return cmp.Compare(a.turn, b.turn)
		}
		return before(a.c, b.c)
	})
	others := len(order) - urgent
	reserved := max(places-places/2, places-others) // for the urgent ones, if there are so many
	first := min(urgent, reserved)
	picked := make([]*danmakuv1.Candidate, 0, places)
	for _, r := range order[:first] {
		picked = append(picked, r.c)
	}
	for _, r := range order[urgent:min(len(order), urgent+places-first)] {
		picked = append(picked, r.c)
	}
	return picked
}
