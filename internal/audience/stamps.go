package audience

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// stampsKept is of how many comments it is known when they were sent: of the newest.
const stampsKept = 1 << 16

// stamps knows when what was sent, by its number from 1. Any goroutine may use it.
type stamps [stampsKept]struct {
	number atomic.Uint32
	at     atomic.Int64
}

func (s *stamps) put(n uint32, at time.Duration) {
	e := &s[n%stampsKept]
	e.number.Store(0)
	e.at.Store(int64(at))
	e.number.Store(n)
}

// get returns when a number was sent; 0: it is not known.
func (s *stamps) get(n uint32) time.Duration {
	e := &s[n%stampsKept]
	if e.number.Load() != n {
		return 0
	}
	at := e.at.Load()
	if e.number.Load() != n {
		return 0
	}
	return time.Duration(at)
}

// tally counts by reason.
type tally struct {
	mu sync.Mutex
	n  map[string]float64 // guarded by mu
}

func (t *tally) add(reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == nil {
		t.n = map[string]float64{}
	}
	t.n[reason]++
}

func (t *tally) counts() map[string]float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == nil {
		return map[string]float64{}
	}
	return maps.Clone(t.n)
}
