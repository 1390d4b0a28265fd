package webhook

import (
	"context"
	"errors"
	"sync"
)

// rememberedEvents is how many events a Verifier remembers. When there are more the oldest are
// forgotten, and handled again if they come again.
const rememberedEvents = 1 << 16

// errBusy is for an event that comes again while it is handled: whether it succeeds is not known
// yet, so that it is to come once more.
var errBusy = errors.New("webhook: the event is being handled")

// memory is a Seen in memory.
type memory struct {
	mu    sync.Mutex
	ring  []string // of those that are done, in the order of their ends
	next  int
	state map[string]bool // by id: done; else it is being handled
}

func newMemory(size int) *memory {
	return &memory{ring: make([]string, size), state: map[string]bool{}}
}

// Begin implements Seen.
func (m *memory) Begin(_ context.Context, id string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	done, known := m.state[id]
	if known && !done {
		return false, errBusy
	}
	if !known {
		m.state[id] = false
	}
	return !known, nil
}

// Done implements Seen.
func (m *memory) Done(_ context.Context, id string, succeeded bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !succeeded {
		delete(m.state, id)
		return
	}
	if old := m.ring[m.next]; old != "" {
		delete(m.state, old)
	}
	m.ring[m.next] = id
	m.next = (m.next + 1) % len(m.ring)
	m.state[id] = true
}
