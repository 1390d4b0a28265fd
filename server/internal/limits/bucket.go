package limits

import (
	"fmt"
	"hash/maphash"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

const (
	shards = 64 // a power of two
	// A shard below this many keys is not worth sweeping.
	sweepLeast = 64
	// A full shard is swept at most this often.
	sweepPause = 50 * time.Millisecond
)

// Buckets are token buckets, one for each key. It may be used from any goroutine.
//
// A bucket is one number: the time at which it will be full again (the generic cell
// rate algorithm of ITU-T I.371, where it is the theoretical arrival time). A bucket
// that is full is the same as none.
type Buckets[K comparable] struct {
	seed     maphash.Seed // random, so that nobody can aim at a shard
	interval int64        // ns for one token
	depth    int64        // ns to fill an empty bucket
	size     int          // most keys of a shard
	base     time.Time
	shard    [shards]bucketShard[K]

	overflows atomic.Uint64
}

type bucketShard[K comparable] struct {
	mu     sync.Mutex
	full   map[K]int64 // when the bucket is full again, ns since base
	shared int64       // the same, of the bucket for keys without a place
	atSize int         // sweep when there are so many keys,
	after  int64       // but not before this time if that is size
	_      [64]byte    // a cache line of its own
}

// NewBuckets makes buckets that each gain perSecond tokens and hold burst, for at
// most keys keys.
func NewBuckets[K comparable](perSecond float64, burst, keys int, now time.Time) (*Buckets[K], error) {
	if !(perSecond >= 1e-6 && perSecond <= 1e9) || burst < 1 || keys < 1 {
		return nil, fmt.Errorf("limits: %v a second, %d at once, %d keys: each must be more than nothing", perSecond, burst, keys)
	}
	interval := int64(math.Ceil(1e9 / perSecond))
	if float64(interval)*float64(burst) > 1e18 {
		return nil, fmt.Errorf("limits: %d at once at %v a second would take %.0f years to come back", burst, perSecond, float64(interval)*float64(burst)/1e9/86400/365)
	}
	b := &Buckets[K]{seed: maphash.MakeSeed(), interval: interval, depth: interval * int64(burst), size: max(1, keys/shards), base: now}
	for i := range b.shard {
		b.shard[i].full = map[K]int64{}
		b.shard[i].atSize = min(sweepLeast, b.size)
	}
	return b, nil
}

// Take takes a token of the key's bucket. If there is none it returns the time until
// there will be one, else 0.
func (b *Buckets[K]) Take(k K, now time.Time) (wait time.Duration) {
	t := now.Sub(b.base).Nanoseconds()
	s := &b.shard[maphash.Comparable(b.seed, k)%shards]
	s.mu.Lock()
	full, known := s.full[k]
	if !known && len(s.full) >= s.atSize {
		b.sweep(s, t)
	}
	if !known && len(s.full) >= b.size {
		s.shared, wait = b.take(s.shared, t)
		s.mu.Unlock()
		b.overflows.Add(1)
		return wait
	}
	if full, wait = b.take(full, t); wait == 0 {
		s.full[k] = full
	}
	s.mu.Unlock()
	return wait
}

// take takes a token of a bucket that is full at full, unless it is empty.
func (b *Buckets[K]) take(full, now int64) (int64, time.Duration) {
	next := max(full, now) + b.interval
	if wait := next - now - b.depth; wait > 0 {
		return full, time.Duration(wait)
	}
	return next, 0
}

// sweep forgets the full buckets of a shard. Each time it waits until there are
// twice as many as were left, so that a key costs it a constant time.
func (b *Buckets[K]) sweep(s *bucketShard[K], now int64) {
	if len(s.full) >= b.size && now < s.after {
		return
	}
	had := len(s.full)
	first := int64(math.MaxInt64)
	for k, full := range s.full {
		if full <= now {
			delete(s.full, k)
		} else {
			first = min(first, full)
		}
	}
	if left := len(s.full); had > 4*sweepLeast && left < had/4 {
		// A map never gives its memory back.
		small := make(map[K]int64, left)
		for k, full := range s.full {
			small[k] = full
		}
		s.full = small
	}
	s.atSize = min(b.size, max(sweepLeast, 2*len(s.full)))
	s.after = max(now+sweepPause.Nanoseconds(), first)
	if len(s.full) == 0 {
		s.after = now
	}
}

// Sweep forgets all full buckets. It is not needed for the bound to hold, but gives
// memory back some time after an attack.
func (b *Buckets[K]) Sweep(now time.Time) {
	t := now.Sub(b.base).Nanoseconds()
	for i := range b.shard {
		s := &b.shard[i]
		s.mu.Lock()
		s.after = math.MinInt64
		b.sweep(s, t)
		s.mu.Unlock()
	}
}

// Len returns how many keys are remembered.
func (b *Buckets[K]) Len() int {
	n := 0
	for i := range b.shard {
		s := &b.shard[i]
		s.mu.Lock()
		n += len(s.full)
		s.mu.Unlock()
	}
	return n
}

// Overflows counts the calls of Take that found no place for their key.
func (b *Buckets[K]) Overflows() uint64 { return b.overflows.Load() }
