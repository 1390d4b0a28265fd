// Package watch wakes those who wait for something to change, whatever keeps it.
package watch

import "sync"

// Hub wakes the watchers of ids. The zero value is ready; it may be used from any
// goroutine.
type Hub struct {
	mu       sync.Mutex
	watchers map[string]map[chan struct{}]struct{} // by id
}

// Add returns a channel that holds at most one value, and receives one at each Wake of the
// id until stop is called. stop may be called more than once.
func (h *Hub) Add(id string) (changed <-chan struct{}, stop func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := make(chan struct{}, 1)
	if h.watchers == nil {
		h.watchers = map[string]map[chan struct{}]struct{}{}
	}
	if h.watchers[id] == nil {
		h.watchers[id] = map[chan struct{}]struct{}{}
	}
	h.watchers[id][c] = struct{}{}
	return c, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.watchers[id], c)
		if len(h.watchers[id]) == 0 {
			delete(h.watchers, id)
		}
	}
}

// Wake wakes the watchers of some ids. It does not block.
func (h *Hub) Wake(ids ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range ids {
		h.wake(id)
	}
}

// WakeAll wakes all watchers.
func (h *Hub) WakeAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id := range h.watchers {
		h.wake(id)
	}
}

func (h *Hub) wake(id string) {
	for c := range h.watchers[id] {
		select {
		case c <- struct{}{}:
		default: // a value lies in it
		}
	}
}
