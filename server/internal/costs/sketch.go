package costs

import (
	"cmp"
	"slices"
)

// sketch finds those keys of a stream that have most of its weight, in a memory of a fixed size: the
// algorithm is Space-Saving (Metwally, Agrawal, El Abbadi, "Efficient Computation of Frequent and
// Top-k Elements in Data Streams", 2005). A key that has more than 1/size of all weight is in it; what
// is told of a key is too much by Count.Over at most, and never too little.
type sketch[K cmp.Ordered] struct {
	size int
	at   map[K]int  // place in all
	all  []Count[K] // a heap, the least first
}

// Count is what a key has.
type Count[K cmp.Ordered] struct {
	Key    K       `json:"key"`
	Weight float64 `json:"weight"`
	// Over is how much of the weight may be that of keys which were forgotten.
	Over float64 `json:"over,omitempty"`
}

func newSketch[K cmp.Ordered](size int) *sketch[K] {
	return &sketch[K]{size: size, at: map[K]int{}}
}

// add adds to a key's weight.
func (s *sketch[K]) add(k K, weight float64) {
	i, known := s.at[k]
	switch {
	case known:
	case len(s.all) < s.size:
		i = len(s.all)
		s.all = append(s.all, Count[K]{Key: k})
		s.at[k] = i
		s.up(i)
		i = s.at[k]
	default:
		// The one with the least makes place, and leaves its weight.
		delete(s.at, s.all[0].Key)
		s.all[0] = Count[K]{Key: k, Weight: s.all[0].Weight, Over: s.all[0].Weight}
		s.at[k], i = 0, 0
	}
	s.all[i].Weight += weight
	s.down(i)
}

func (s *sketch[K]) swap(i, j int) {
	s.all[i], s.all[j] = s.all[j], s.all[i]
	s.at[s.all[i].Key], s.at[s.all[j].Key] = i, j
}

func (s *sketch[K]) up(i int) {
	for i > 0 && s.all[i].Weight < s.all[(i-1)/2].Weight {
		s.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

func (s *sketch[K]) down(i int) {
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(s.all); c++ {
			if s.all[c].Weight < s.all[least].Weight {
				least = c
			}
		}
		if least == i {
			return
		}
		s.swap(i, least)
		i = least
	}
}

// fade halves all weights, and forgets those that are next to nothing.
func (s *sketch[K]) fade(least float64) {
	kept := s.all[:0]
	for _, c := range s.all {
		if c.Weight, c.Over = c.Weight/2, c.Over/2; c.Weight >= least {
			kept = append(kept, c)
		}
	}
	clear(s.all[len(kept):])
	s.all = kept
	slices.SortFunc(s.all, func(a, b Count[K]) int { return cmp.Compare(a.Weight, b.Weight) }) // which is a heap
	clear(s.at)
	for i := range s.all {
		s.at[s.all[i].Key] = i
	}
}

// top returns the n keys with most, those first.
func (s *sketch[K]) top(n int) []Count[K] {
	out := slices.Clone(s.all)
	slices.SortFunc(out, func(a, b Count[K]) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.Key, b.Key))
	})
	return out[:min(n, len(out))]
}
