package world

import (
	"cmp"
	"container/heap"
	"math"
)

// Timer calls a function in a later tick. Room.After and Room.Every make one.
//
// The functions are called after the tick's inputs and commands have been handled and before the
// game's Tick, those that are due in the same tick in the order in which the timers were made. A
// timer is no part of a saved world: a game that is restored makes its timers anew, from what it
// keeps in its state, such as the tick in which a round ends.
type Timer struct {
	all   *timers
	fn    func()
	every uint32 // ticks; 0: once
	due   uint32 // tick
	made  uint64 // counts the room's timers
	index int    // in timers.heap; -1: not there
}

// After calls fn once, so many ticks after the one that is being simulated (World.Tick). 0 is
// taken as 1: what is called is called in a later tick. Ticks returns the ticks of so many
// seconds.
func (r *Room) After(ticks uint32, fn func()) *Timer { return r.timers.add(r.Tick(), ticks, 0, fn) }

// Every calls fn again and again, first as After does, and then each so many ticks.
func (r *Room) Every(ticks uint32, fn func()) *Timer {
	ticks = max(ticks, 1)
	return r.timers.add(r.Tick(), ticks, ticks, fn)
}

// Ticks returns the ticks of a time in seconds, rounded to the nearest whole number; at least 1.
// Room.TickRate must have its value.
func (r *Room) Ticks(seconds float64) uint32 {
	n := math.Round(seconds * r.TickRate)
	switch {
	case !(n > 1): // a NaN, too
		return 1
	case n >= math.MaxUint32:
		return math.MaxUint32
	}
	return uint32(n)
}

// Stop makes the timer call its function no more, and reports whether it would have. It may be
// called by that function.
func (t *Timer) Stop() bool {
	if t.index < 0 {
		return false
	}
	heap.Remove(&t.all.heap, t.index)
	return true
}

// Due returns the tick in which the function is called next; 0: it is not called any more.
func (t *Timer) Due() uint32 {
	if t.index < 0 {
		return 0
	}
	return t.due
}

// timers are those of a room that will call their functions. They are as many as the game has
// made and not stopped.
type timers struct {
	heap timerHeap
	made uint64
}

func (ts *timers) add(now, ticks, every uint32, fn func()) *Timer {
	ts.made++
	t := &Timer{all: ts, fn: fn, every: every, due: later(now, ticks), made: ts.made}
	heap.Push(&ts.heap, t)
	return t
}

// later returns the tick that is so many after another one; one that never comes if there is
// none.
func later(tick, ticks uint32) uint32 { return tick + min(max(ticks, 1), math.MaxUint32-tick) }

// run calls what is due in a tick.
func (ts *timers) run(now uint32) {
	for len(ts.heap) > 0 && ts.heap[0].due <= now {
		t := ts.heap[0]
		if t.every == 0 {
			heap.Pop(&ts.heap)
		} else {
			t.due = later(now, t.every)
			heap.Fix(&ts.heap, 0)
		}
		t.fn()
	}
}

// timerHeap is a heap.Interface: the timer that is due first is the first one.
type timerHeap []*Timer

func (h timerHeap) Len() int { return len(h) }

func (h timerHeap) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[i].due, h[j].due), cmp.Compare(h[i].made, h[j].made)) < 0
}

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *timerHeap) Push(x any) {
	t := x.(*Timer)
	t.index = len(*h)
	*h = append(*h, t)
}

func (h *timerHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	t.index = -1
	(*h)[last] = nil
	*h = (*h)[:last]
	return t
}
