package hooks

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

// lanes decide which letter of one webhook is sent when: of each room one at a time, in their
// order, and one that has failed before those behind it, after a pause. They are a passive object.
type lanes struct {
	// Fixed.
	limit      int           // under way at once
	retryFor   time.Duration // after the event
	maxBackoff time.Duration
	jitter     func() float64 // from 0 to 1

	rooms map[string]*lane // by life
	due   dueHeap          // the lanes whose first letter is not under way
	turns uint64
	held  int // letters, those under way included
	away  int // under way
	// misses counts the attempts since the last success. While there are some there is one at a
	// time, and with a few there are pauses between them, whichever room they are of, so that a
	// receiver that is in trouble is not made to be in more.
	misses int
	pause  time.Time // until when nothing is sent
}

// patience is how many attempts may fail in a row before there are pauses for all rooms.
const patience = 3

// lane is the letters of one room.
type lane struct {
	room    string
	letters []Waiting
	tries   int       // of the first one
	at      time.Time // when that may be sent
	turn    uint64    // when it came into the heap: those that wait for nothing take turns
}

const firstBackoff = 500 * time.Millisecond

func newLanes(limit int, retryFor, maxBackoff time.Duration) *lanes {
	return &lanes{limit: limit, retryFor: retryFor, maxBackoff: maxBackoff, jitter: rand.Float64, rooms: map[string]*lane{}}
}

// add takes in a letter, behind those of its room.
func (l *lanes) add(w Waiting) {
	l.held++
	r := l.rooms[w.Life]
	if r == nil {
		r = &lane{room: w.Life}
		l.rooms[w.Life] = r
		r.letters = append(r.letters, w)
		l.push(r)
		return
	}
	r.letters = append(r.letters, w)
}

func (l *lanes) push(r *lane) {
	l.turns++
	r.turn = l.turns
	heap.Push(&l.due, r)
}

// next returns a letter to send now, which is under way from then on; else nil, and how long it
// takes until there may be one: less than 0 if something else must happen before.
func (l *lanes) next(now time.Time) (*lane, time.Duration) {
	limit := l.limit
	if l.misses > 0 {
		limit = 1
	}
	if l.away >= limit || len(l.due) == 0 {
		return nil, -1
	}
	r := l.due[0]
	if wait := max(r.at.Sub(now), l.pause.Sub(now)); wait > 0 {
		return nil, wait
	}
	heap.Pop(&l.due)
	r.tries++
	l.away++
	return r, 0
}

// first returns the letter that a lane is about.
func (r *lane) first() *Waiting { return &r.letters[0] }

// sent notes that the first letter of a lane has arrived, or was given up.
func (l *lanes) sent(r *lane, succeeded bool) {
	l.away--
	l.held--
	if succeeded {
		l.misses, l.pause = 0, time.Time{}
	}
	r.letters[0] = Waiting{}
	r.letters, r.tries, r.at = r.letters[1:], 0, time.Time{}
	if len(r.letters) == 0 {
		delete(l.rooms, r.room)
		return
	}
	l.push(r)
}

// failed notes that an attempt has failed, and reports whether the letter is to be given up, which it
// is at once if it was refused; if so it is still under way. Otherwise it is sent again, after least
// at the earliest.
func (l *lanes) failed(r *lane, now time.Time, least time.Duration, refused bool) (giveUp bool) {
	if l.misses++; l.misses >= patience {
		l.pause = now.Add(l.backoff(l.misses - patience + 1))
	}
	if refused || now.Sub(r.first().Time) > l.retryFor {
		return true
	}
	l.again(r, now.Add(min(max(l.backoff(r.tries), least), l.maxBackoff)))
	return false
}

// again has the first letter of a lane, which was under way, sent at a time.
func (l *lanes) again(r *lane, at time.Time) {
	l.away--
	r.at = at
	l.push(r)
}

// backoff returns the pause after a number of attempts: twice as long each time, less up to half
// of it at random, so that many do not come at once.
func (l *lanes) backoff(tries int) time.Duration {
	d := l.maxBackoff
	if shift := tries - 1; shift < 30 {
		d = min(d, firstBackoff<<shift)
	}
	return d - time.Duration(l.jitter()*float64(d)/2)
}

// dueHeap orders lanes by when their first letter may be sent, and else by its place.
type dueHeap []*lane

func (h dueHeap) Len() int { return len(h) }
func (h dueHeap) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].turn < h[j].turn
}
func (h dueHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *dueHeap) Push(x any) { *h = append(*h, x.(*lane)) }

// Pop implements heap.Interface.
func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	r := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return r
}
