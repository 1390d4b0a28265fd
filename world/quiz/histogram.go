package quiz

import (
	"cmp"
	"slices"

	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
)

// standing is by what contestants are ranked: a higher score comes first, and of equal scores the
// lower time.
type standing struct {
	score uint32
	time  uint32 // hundredths of a second
}

// compareStandings orders standings, the best one first.
func compareStandings(a, b standing) int {
	return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.time, b.time))
}

// histogram counts standings, and tells for each how many are better: exactly, for millions, without
// ever sorting them. Scores are bounded integers, counted in a Fenwick tree; the times of each score
// are runs of their own, put in order when they are first asked for. Histograms add up: that of a show
// is the sum of those of its houses.
//
// Fenwick, P.M.: A new data structure for cumulative frequency tables. Software: Practice and
// Experience 24 (1994), 327-336.
type histogram struct {
	tree  []uint32 // by score, from 1
	runs  []*run   // by score
	total uint32
}

// run is how many have each time, of those with one score.
type run struct {
	times []timeCount
	mixed bool // times are not in order, and below is not right
}

type timeCount struct {
	time  uint32
	count int32
	below uint32 // how many have a lower time
}

// newHistogram returns an empty histogram of scores up to most.
func newHistogram(most uint32) *histogram {
	return &histogram{tree: make([]uint32, most+2), runs: make([]*run, most+1)}
}

// add counts n more of a standing, or fewer if n is negative. Scores above the greatest are taken
// for it.
func (h *histogram) add(s standing, n int32) {
	s.score = min(s.score, uint32(len(h.runs)-1))
	for i := s.score + 1; i < uint32(len(h.tree)); i += i & -i {
		h.tree[i] += uint32(n)
	}
	h.total += uint32(n)
	r := h.runs[s.score]
	if r == nil {
		r = &run{}
		h.runs[s.score] = r
	}
	if last := len(r.times) - 1; !r.mixed && last >= 0 && r.times[last].time == s.time {
		r.times[last].count += n
		return
	}
	r.times = append(r.times, timeCount{time: s.time, count: n})
	r.mixed = true
}

// upTo returns how many have a score of at most that.
func (h *histogram) upTo(score uint32) (n uint32) {
	for i := score + 1; i > 0; i -= i & -i {
		n += h.tree[i]
	}
	return n
}

// better returns how many have a better standing.
func (h *histogram) better(s standing) uint32 {
	s.score = min(s.score, uint32(len(h.runs)-1))
	n := h.total - h.upTo(s.score)
	r := h.runs[s.score]
	if r == nil {
		return n
	}
	r.settle()
	i, there := slices.BinarySearchFunc(r.times, s.time, func(t timeCount, time uint32) int { return cmp.Compare(t.time, time) })
	switch {
	case there:
		return n + r.times[i].below
	case i > 0:
		return n + r.times[i-1].below + uint32(r.times[i-1].count)
	}
	return n
}

// settle puts a run in order and counts it.
func (r *run) settle() {
	if !r.mixed {
		return
	}
	slices.SortFunc(r.times, func(a, b timeCount) int { return cmp.Compare(a.time, b.time) })
	kept := r.times[:0]
	for _, t := range r.times {
		if n := len(kept); n > 0 && kept[n-1].time == t.time {
			kept[n-1].count += t.count
		} else {
			kept = append(kept, t)
		}
	}
	kept = slices.DeleteFunc(kept, func(t timeCount) bool { return t.count == 0 })
	below := uint32(0)
	for i := range kept {
		kept[i].below = below
		below += uint32(kept[i].count)
	}
	r.times, r.mixed = kept, false
}

// equal returns how many have a standing.
func (h *histogram) equal(s standing) uint32 {
	s.score = min(s.score, uint32(len(h.runs)-1))
	r := h.runs[s.score]
	if r == nil {
		return 0
	}
	r.settle()
	if i, there := slices.BinarySearchFunc(r.times, s.time, func(t timeCount, time uint32) int { return cmp.Compare(t.time, time) }); there {
		return uint32(r.times[i].count)
	}
	return 0
}

// ranks returns for each standing of a list how many are better, as differences from the one
// before it.
func (h *histogram) ranks(l *quizv1.Standings) []uint32 {
	if l == nil {
		return nil
	}
	better := make([]uint32, 0, len(l.Scores))
	before := uint32(0)
	eachStanding(l, func(s standing, _ uint32) {
		n := h.better(s)
		better = append(better, n-before)
		before = n
	})
	return better
}
