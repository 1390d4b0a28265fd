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
// store which comes back with less than it had said loses no ticket either.
package queue

import (
	"time"

	"github.com/tickroom/tickroom/matchmaking/internal/match"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// Queue is the tickets of one mode that wait, and what was decided about them. It is
// for one goroutine at a time.
type Queue struct {
	mode     mode.Mode
	interval time.Duration

	m       *match.Matcher
	tickets map[string]*waiter // those that wait, also those in a decision
	asks    map[string]*asker  // the rooms that ask for players, by request
	players int                // of the tickets that are in no decision
	open    []*Decision        // not known to have come true, the oldest first
	refused []*Decision        // about what the matcher does not take, not given out yet

	// When to make a pass.
	news bool      // something has come since the last one
	last time.Time // when it ended
	took time.Duration
}

// waiter is a ticket that waits.
type waiter struct {
	t    *store.Ticket
	in   *Decision // that has it; nil: the matcher has it
	gone bool      // it ended while a decision had it
}

// asker is a room that asks for players.
type asker struct {
	b    *store.Backfill
	in   *Decision
	gone bool
}

// New gives a queue in which nothing waits, for passes every interval.
func New(md mode.Mode, interval time.Duration) (*Queue, error) {
	m, err := match.New(md)
	if err != nil {
		return nil, err
	}
	return &Queue{
		mode: md, interval: interval, m: m,
		tickets: map[string]*waiter{}, asks: map[string]*asker{},
	}, nil
}

// Mode gives the mode.
func (q *Queue) Mode() *mode.Mode { return &q.mode }

// Anew forgets what waits, to be told of it again from the beginning. What is decided
// and open stays so.
func (q *Queue) Anew() {
	m, err := match.New(q.mode)
	if err != nil {
		panic("queue: a mode that was good is not any more: " + err.Error())
	}
	q.m, q.players = m, 0
	for id, w := range q.tickets {
		if w.in == nil {
			delete(q.tickets, id)
		}
	}
	for id, a := range q.asks {
		if a.in == nil {
			delete(q.asks, id)
		}
	}
}

// Apply takes in what has happened. What is known already changes nothing.
func (q *Queue) Apply(c *store.Changes) {
	if c.Anew {
		q.Anew()
	}
	for i := range c.Tickets {
		q.come(&c.Tickets[i])
	}
	for i := range c.Backfills {
		q.ask(&c.Backfills[i])
	}
	for _, id := range c.Gone {
		q.leave(id)
		q.noAsk(id)
	}
}

func (q *Queue) come(t *store.Ticket) {
	if q.tickets[t.ID] != nil {
		return
	}
	w := &waiter{t: t}
	q.tickets[t.ID] = w
	if q.wait(w); w.in == nil {
		q.news = true
	}
}

// wait has the matcher take a ticket, or gives it up.
func (q *Queue) wait(w *waiter) {
	if err := q.m.Add(w.t); err != nil {
		w.in = &Decision{Kind: GiveUp, Tickets: []string{w.t.ID}, Why: err}
		q.refused = append(q.refused, w.in)
		return
	}
	q.players += len(w.t.Members)
}

func (q *Queue) leave(id string) {
	w := q.tickets[id]
	switch {
	case w == nil:
	case w.in != nil:
		w.gone = true // the store will say so when the decision is committed
	default:
		q.m.Remove(id)
		q.players -= len(w.t.Members)
		delete(q.tickets, id)
	}
}

func (q *Queue) ask(b *store.Backfill) {
	if q.asks[b.ID] != nil {
		return
	}
	a := &asker{b: b}
	q.asks[b.ID] = a
	if q.request(a); a.in == nil {
		q.news = true
	}
}

// request has the matcher look for players for a room, or ends the request.
func (q *Queue) request(a *asker) {
	if err := q.m.AddBackfill(a.b); err != nil {
		q.endRequest(a, err)
	}
}

// endRequest ends a request that nothing can come of.
func (q *Queue) endRequest(a *asker, why error) {
	a.in = &Decision{Kind: End, Request: a.b.ID, Why: why}
	q.refused = append(q.refused, a.in)
}

func (q *Queue) noAsk(id string) {
	a := q.asks[id]
	switch {
	case a == nil:
	case a.in != nil:
		a.gone = true
	default:
		q.m.RemoveBackfill(id)
		delete(q.asks, id)
	}
}

// Due tells whether it is time for a pass.
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

// Next gives how long after now to look again for what is new.
func (q *Queue) Next(now time.Time) time.Duration {
	wait := q.interval
	if len(q.asks) > 0 || q.players > 0 {
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
