package limits

import (
	"hash/maphash"
	"sync"
)

// Counts counts what keys hold at once. It remembers a key only while it holds
// something. It may be used from any goroutine.
type Counts[K comparable] struct {
	seed  maphash.Seed
	shard [shards]countShard[K]
}

type countShard[K comparable] struct {
	mu   sync.Mutex
	n    map[K]int
	most int      // keys since n was made
	_    [64]byte // a cache line of its own
}

// NewCounts makes an empty one.
func NewCounts[K comparable]() *Counts[K] {
	c := &Counts[K]{seed: maphash.MakeSeed()}
	for i := range c.shard {
		c.shard[i].n = map[K]int{}
	}
	return c
}

func (c *Counts[K]) of(k K) *countShard[K] { return &c.shard[maphash.Comparable(c.seed, k)%shards] }

// Acquire lets a key hold one more, unless it holds limit already.
func (c *Counts[K]) Acquire(k K, limit int) bool {
	s := c.of(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.n[k]
	if n >= limit {
		return false
	}
	s.n[k] = n + 1
	s.most = max(s.most, len(s.n))
	return true
}

// Release gives back what Acquire got. Giving back more is a broken invariant.
func (c *Counts[K]) Release(k K) {
	s := c.of(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch n := s.n[k]; {
	case n == 0:
		panic("limits: released what was not acquired")
	case n > 1:
		s.n[k] = n - 1
		return
	}
	delete(s.n, k)
	if len(s.n) == 0 && s.most > sweepLeast {
		s.n, s.most = map[K]int{}, 0 // a map never gives its memory back
	}
}

// Holds returns how many a key holds.
func (c *Counts[K]) Holds(k K) int {
	s := c.of(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n[k]
}

// Len returns how many keys hold something.
func (c *Counts[K]) Len() int {
	n := 0
	for i := range c.shard {
		s := &c.shard[i]
		s.mu.Lock()
		n += len(s.n)
		s.mu.Unlock()
	}
	return n
}
