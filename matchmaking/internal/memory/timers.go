package memory

import (
	"container/heap"
	"time"
)

// timer calls end when its time has come. The zero value with an end is one that is not
// set.
type timer struct {
	at  time.Time
	end func()
	pos int // where in timers it is, from 1; 0: it is not set
}

// timers are those that are set, the next one first (heap.Interface).
type timers []*timer

// set sets a timer, or sets it anew.
func (h *timers) set(t *timer, at time.Time) {
	t.at = at
	if t.pos == 0 {
		heap.Push(h, t)
	} else {
		heap.Fix(h, t.pos-1)
	}
}

// stop has a timer not end any more.
func (h *timers) stop(t *timer) {
	if t.pos > 0 {
		heap.Remove(h, t.pos-1)
	}
}

// run ends the timers whose time has come.
func (h *timers) run(now time.Time) {
	for len(*h) > 0 && !now.Before((*h)[0].at) {
		heap.Pop(h).(*timer).end()
	}
}

func (h timers) Len() int           { return len(h) }
func (h timers) Less(i, j int) bool { return h[i].at.Before(h[j].at) }

func (h timers) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].pos, h[j].pos = i+1, j+1
}

func (h *timers) Push(t any) {
	*h = append(*h, t.(*timer))
	t.(*timer).pos = len(*h)
}

func (h *timers) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last], t.pos = nil, 0
	*h = (*h)[:last]
	return t
}
