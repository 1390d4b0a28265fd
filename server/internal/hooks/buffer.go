package hooks

import (
	"sync"
)

// buffer holds events of rooms until they are moved to the store. It is bounded: an event for
// which there is no place is lost, and its type counted. Joins and leaves have three quarters of
// the places, since they come in crowds, when what else there is must not get lost.
type buffer struct {
	size int
	lost func(typ string)
	wake chan struct{} // holds one

	mu     sync.Mutex
	events []event
}

func newBuffer(size int, lost func(typ string)) *buffer {
	return &buffer{size: size, lost: lost, wake: make(chan struct{}, 1)}
}

// add puts an event into the buffer. It does not block.
func (b *buffer) add(e event) {
	limit := b.size
	if e.crowd {
		limit -= limit / 4
	}
	b.mu.Lock()
	ok := len(b.events) < limit
	if ok {
		b.events = append(b.events, e)
	}
	b.mu.Unlock()
	if !ok {
		b.lost(e.typ)
		return
	}
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// peek returns up to n of the oldest events, which stay in the buffer until drop.
func (b *buffer) peek(n int) []event {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]event(nil), b.events[:min(n, len(b.events))]...)
}

// drop takes the n oldest events out of the buffer.
func (b *buffer) drop(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	rest := copy(b.events, b.events[n:])
	clear(b.events[rest:])
	b.events = b.events[:rest]
	if rest == 0 && cap(b.events) > 1024 {
		b.events = nil
	}
}

func (b *buffer) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.events)
}
