package seat

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrFull is returned by a Used store that has no place for another seat.
var ErrFull = errors.New("seat: too many seats were used at once")

// Used remembers which seats were used. Package seattest holds the tests that every
// store must pass.
type Used interface {
	// Take marks a seat as used. Of all calls with one id, by any goroutine of any
	// program that shares the store, exactly one returns nil; the others return ErrUsed.
	// The store may forget the id after until; from then on it returns ErrExpired or
	// ErrUsed for it. Any other error, such as ErrFull, says that the seat could not be
	// marked or that nobody knows whether it was; it must not be let in then.
	Take(ctx context.Context, id ID, until time.Time) error
}

// Memory is a Used store within one process. It holds at most as many seats as it
// was made for, and then refuses rather than forget.
type Memory struct {
	size int
	now  func() time.Time

	mu   sync.Mutex
	used map[ID]struct{}
	ends map[int64][]ID // by the second after which they are forgotten
	// The newest time seen, in seconds. It never goes back, so that a clock that does
	// makes no forgotten seat good again.
	clock int64
}

// NewMemory makes a store for at most size seats. now may be nil.
func NewMemory(size int, now func() time.Time) (*Memory, error) {
	if size < 1 {
		return nil, fmt.Errorf("seat: a store for %d seats would refuse all", size)
	}
	if now == nil {
		now = time.Now
	}
	return &Memory{size: size, now: now, used: map[ID]struct{}{}, ends: map[int64][]ID{}}, nil
}

// Take marks a seat as used; see Used.
func (m *Memory) Take(_ context.Context, id ID, until time.Time) error {
	end := until.Unix() + 1 // the whole second counts
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep(m.now().Unix())
	if _, ok := m.used[id]; ok {
		return ErrUsed
	}
	if end <= m.clock {
		return ErrExpired
	}
	if len(m.used) >= m.size {
		return ErrFull
	}
	m.used[id] = struct{}{}
	m.ends[end] = append(m.ends[end], id)
	return nil
}

// Len returns how many seats are remembered.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.used)
}

// sweep forgets the seats that have expired, once a second. There are few ends: as
// many as a seat is good for seconds.
func (m *Memory) sweep(now int64) {
	if now <= m.clock {
		return
	}
	m.clock = now
	for end, ids := range m.ends {
		if end > now {
			continue
		}
		for _, id := range ids {
			delete(m.used, id)
		}
		delete(m.ends, end)
	}
	if len(m.used) == 0 {
		m.used = map[ID]struct{}{} // a map never gives its memory back
	}
}
