// Package queue runs the queues of matchmaking: one for each mode. Many servers do it
// at once; each queue belongs to one of them at a time, by a lease, and to another one
// within seconds when that dies.
//
// What happens is apart from when it happens:
//
//   - A Queue knows what waits, has match.Matcher decide, and remembers what is decided
//     until it is known to have come true. It has neither store, clock nor goroutine.
//   - A turn is what is done while the lease is held: what is new is read from the
//     store, decided upon, and committed. It is a function that is told the time.
//   - The Runner has the goroutines and the clock: it competes for the leases, renews
//     them, and takes turns.
//
// # Why no ticket is lost or matched twice
//
// The store is what counts; a Queue is only a copy of it, and can be thrown away at any
// time. A Commit is atomic, names all of its tickets, and is refused as a whole if one of
// them does not wait any more, so two matches can't have the same ticket, whatever a
// matcher believes; the fencing token keeps one that has lost its lease without knowing
// from deciding anything more. A matcher that dies has committed a decision or not; the
// next one reads what waits. One that does not hear whether it was committed asks again
// with the same match, and until it knows, decides nothing else about those tickets.
// After errors, and now and then, a Queue begins anew from what the store has, so that a
// store which comes back with less than it had confirmed loses no ticket either.
package queue

import (
	"time"

	"github.com/tickroom/tickroom/matchmaking/internal/match"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// Queue is what waits for one mode, and what was decided about it. It is for one goroutine
// at a time.
type Queue struct {
	mode     mode.Mode
	interval time.Duration

	m       *match.Matcher
	items   map[string]*item // what waits, also what is in a decision, by its id
	tickets int              // of the items
	players int              // of the tickets that are in no decision
	open    []*Decision      // not known to have come true, the oldest first
	refused []*Decision      // about what the matcher does not take, not given out yet

	// When to make a pass.
	news bool      // something has come since the last one
	last time.Time // when it ended
	took time.Duration
}

// item is a ticket that waits, or a room's request for players.
type item struct {
	ticket   *store.Ticket
	backfill *store.Backfill

	in   *Decision // that has it; nil: the matcher has it
	gone bool      // it ended while a decision had it
}

// New returns a queue in which nothing waits, for passes every interval.
func New(md mode.Mode, interval time.Duration) (*Queue, error) {
	m, err := match.New(md)
	if err != nil {
		return nil, err
	}
	return &Queue{mode: md, interval: interval, m: m, items: map[string]*item{}}, nil
}

// Anew forgets what waits, to be told of it again from the beginning. What is decided
// and open stays so.
func (q *Queue) Anew() {
	for id, i := range q.items {
		if i.in == nil {
			q.forget(id)
		}
	}
}

// Apply takes in what has happened. What is known already changes nothing.
func (q *Queue) Apply(c *store.Changes) {
	if c.Anew {
		q.Anew()
	}
	// Copies, since one that waits for long would keep all that came with it in memory.
	for _, t := range c.Tickets {
		q.come(t.ID, &item{ticket: &t})
	}
	for _, b := range c.Backfills {
		q.come(b.ID, &item{backfill: &b})
	}
	for _, id := range c.Gone {
		if i := q.items[id]; i != nil && i.in != nil {
			i.gone = true // the store will tell when the decision is committed
		} else if i != nil {
			q.forget(id)
		}
	}
}

func (q *Queue) come(id string, i *item) {
	if q.items[id] != nil {
		return
	}
	q.items[id] = i
	if i.ticket != nil {
		q.tickets++
	}
	if q.wait(i); i.in == nil {
		q.news = true
	}
}

// wait has the matcher take an item, or ends it.
func (q *Queue) wait(i *item) {
	var err error
	if i.ticket != nil {
		err = q.m.Add(i.ticket)
	} else {
		err = q.m.AddBackfill(i.backfill)
	}
	switch {
	case err != nil:
		q.end(i, err)
	case i.ticket != nil:
		q.players += len(i.ticket.Members)
	}
}

// end decides to end an item that nothing can come of.
func (q *Queue) end(i *item, why error) {
	if i.ticket != nil {
		i.in = &Decision{Kind: GiveUp, Tickets: []string{i.ticket.ID}, Why: why}
	} else {
		i.in = &Decision{Kind: End, Request: i.backfill.ID, Why: why}
	}
	q.refused = append(q.refused, i.in)
}

// forget forgets an item, which the matcher may have.
func (q *Queue) forget(id string) {
	i := q.items[id]
	delete(q.items, id)
	if i.ticket == nil {
		q.m.RemoveBackfill(id)
		return
	}
	q.tickets--
	if q.m.Remove(id) {
		q.players -= len(i.ticket.Members)
	}
}

// Due reports whether it is time for a pass.
//
// That is so once every interval, or less often if passes take longer than half of it.
// It is so at once when something has come and there are few who wait: where many do,
// those who come next are worth waiting for, since they may go better together; where
// few do, nobody better to choose from comes within the interval.
func (q *Queue) Due(now time.Time) bool {
	if q.last.IsZero() {
		return true
	}
	since := now.Sub(q.last)
	if since >= max(q.interval-q.took, q.took) || since < 0 {
		return true
	}
	return q.news && q.players < few*q.mode.Format.Players() && since >= 10*q.took
}

// few is how many matches could be made of few players.
const few = 4

// Next returns how long after now to look again for what is new.
func (q *Queue) Next(now time.Time) time.Duration {
	wait := q.interval
	if len(q.items) > q.tickets || q.players > 0 {
		wait /= 5 // who comes next may be the one who is missing
	}
	for _, d := range q.open {
		if !d.settled {
			wait = min(wait, d.again.Sub(now))
		}
	}
	return max(wait, time.Millisecond)
}

// undecided counts the tickets in decisions that are open.
func (q *Queue) undecided() int {
	n := 0
	for _, d := range q.open {
		if !d.settled {
			n += len(d.Tickets)
		}
	}
	return n
}
