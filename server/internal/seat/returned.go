package seat

import (
	"sync"
	"time"
)

// maxReturned bounds the seats that are given back at a time. Further ones stay used up.
const maxReturned = 10_000

// returned holds seats that were used up, and whose players were turned away all the same.
// A seat is good at one node alone, so that node's memory is enough: the store has them as
// used, and whoever takes one out of here is the one who may use it. What is lost with the
// process is used up. The zero value is empty.
type returned struct {
	mu    sync.Mutex
	until map[ID]time.Time // when they are of no use any more
}

// put notes that a seat is good again.
func (r *returned) put(id ID, until, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.until) >= maxReturned {
		for old, end := range r.until {
			if !now.Before(end) {
				delete(r.until, old)
			}
		}
	}
	switch {
	case len(r.until) >= maxReturned || !now.Before(until):
		return
	case r.until == nil:
		r.until = map[ID]time.Time{}
	}
	r.until[id] = until
}

// take reports whether a seat was given back, to one caller.
func (r *returned) take(id ID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.until[id]
	delete(r.until, id)
	return ok
}
