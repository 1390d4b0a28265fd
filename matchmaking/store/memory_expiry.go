package store

import "time"

// expiry is what is to be forgotten, in the order in which it is due: all of it is
// kept for the same time. What is to be kept for longer is added again, and whoever
// forgets it looks whether it is really due.
type expiry[T any] struct {
	keep time.Duration
	due  []due[T]
	head int // those before it are gone
}

type due[T any] struct {
	what T
	at   time.Time
}

// add puts something in that is kept from now on.
func (e *expiry[T]) add(what T, now time.Time) {
	e.due = append(e.due, due[T]{what, now.Add(e.keep)})
}

// sweep calls end for each thing that is due.
func (e *expiry[T]) sweep(now time.Time, end func(T)) {
	for e.head < len(e.due) && !now.Before(e.due[e.head].at) {
		d := e.due[e.head]
		e.due[e.head] = due[T]{}
		e.head++
		end(d.what)
	}
	// What is gone takes at most as much place as what is there.
	if e.head > 64 && e.head*2 > len(e.due) {
		n := copy(e.due, e.due[e.head:])
		clear(e.due[n:])
		e.due, e.head = e.due[:n], 0
	}
}
