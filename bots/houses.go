package bots

import "sync"

// houses counts the bots in each room.
type houses struct {
	mu sync.Mutex
	// Guarded by mu.
	in   map[string]int // now, by room
	most map[string]int // at a time
}

func (h *houses) enter(room string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.in == nil {
		h.in, h.most = map[string]int{}, map[string]int{}
	}
	h.in[room]++
	h.most[room] = max(h.most[room], h.in[room])
}

func (h *houses) leave(room string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.in[room]--
}

// seen returns the most bots that were in each room at a time.
func (h *houses) seen() map[string]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.most
}
