package memory

import (
	"container/list"
	"context"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

const (
	// page is how much of what waits one answer of Changes has.
	page = 1000
	// goneKept is how many that have ended a queue remembers.
	goneKept = 10_000
)

// queue is what waits for a mode. Whatever happens in it has a number of its own, in order.
type queue struct {
	number  uint64    // of what has happened last
	waits   list.List // of entry, by number: tickets and requests that wait
	gone    list.List // of entry, by number: ids of those that have ended
	tickets int       // of those that wait
	lease   store.Lease
}

// entry is one of ticket, request and gone.
type entry struct {
	number  uint64
	ticket  *ticket
	request *request
	gone    string
}

// place is where in its queue something waits.
type place = *list.Element

func (s *Tickets) queue(name string) *queue {
	q := s.queues[name]
	if q == nil {
		q = &queue{}
		s.queues[name] = q
	}
	return q
}

// put adds what waits from now on.
func (q *queue) put(e entry) place {
	q.number++
	e.number = q.number
	return q.waits.PushBack(e)
}

// went notes that a ticket or a request has ended.
func (q *queue) went(id string) {
	q.number++
	q.gone.PushBack(entry{number: q.number, gone: id})
	if q.gone.Len() > goneKept {
		q.gone.Remove(q.gone.Front())
	}
}

// after returns the first entry with a number above n, or nil. Those are the last ones.
func after(l *list.List, n uint64) *list.Element {
	e := l.Back()
	if e == nil || e.Value.(entry).number <= n {
		return nil
	}
	for p := e.Prev(); p != nil && p.Value.(entry).number > n; p = p.Prev() {
		e = p
	}
	return e
}

// Changes implements store.Queues.
func (s *Tickets) Changes(_ context.Context, name string, from uint64) (store.Changes, error) {
	s.lock()
	defer s.mu.Unlock()
	q := s.queue(name)
	out := store.Changes{Anew: from == 0 || from > q.number, Next: q.number}
	if out.Anew {
		from = 0
	}
	read := 0
	for e := after(&q.waits, from); e != nil; e = e.Next() {
		x := e.Value.(entry)
		if x.ticket != nil {
			out.Tickets = append(out.Tickets, x.ticket.Ticket)
		} else {
			out.Backfills = append(out.Backfills, x.request.Backfill)
		}
		if read++; read == page && e.Next() != nil {
			out.Next, out.More = x.number, true
			break
		}
	}
	if out.Anew {
		return out, nil
	}
	for e := after(&q.gone, from); e != nil && e.Value.(entry).number <= out.Next; e = e.Next() {
		out.Gone = append(out.Gone, e.Value.(entry).gone)
	}
	return out, nil
}

// Lease implements store.Queues.
func (s *Tickets) Lease(_ context.Context, name, owner string, ttl time.Duration) (store.Lease, error) {
	now := s.lock()
	defer s.mu.Unlock()
	l := &s.queue(name).lease // Until is by the store's clock
	good := now.Before(l.Until)
	if good && l.Owner != owner {
		return store.Lease{}, store.ErrHeld
	}
	if !good {
		l.Token++
	}
	l.Queue, l.Owner, l.Until = name, owner, now.Add(ttl)
	return *l, nil
}

// holds reports whether a lease is the newest.
func (q *queue) holds(l store.Lease) bool {
	return l.Token != 0 && l.Token == q.lease.Token && l.Owner == q.lease.Owner
}

// Release implements store.Queues.
func (s *Tickets) Release(_ context.Context, l store.Lease) error {
	s.lock()
	defer s.mu.Unlock()
	if q := s.queue(l.Queue); q.holds(l) {
		q.lease.Until = time.Time{}
	}
	return nil
}

// Commit implements store.Queues.
func (s *Tickets) Commit(_ context.Context, l store.Lease, o store.Outcome) ([]string, error) {
	now := s.lock()
	defer s.mu.Unlock()
	if !s.queue(l.Queue).holds(l) {
		return nil, store.ErrFenced
	}
	var gone []string
	done := 0
	for _, id := range o.Tickets {
		t := s.waiting(id, l.Queue)
		if t == nil {
			gone = append(gone, id)
		}
		if t := s.tickets[id]; t != nil && t.State == store.Matched && t.Match == o.Match.ID {
			done++
		}
	}
	if done == len(o.Tickets) && done > 0 {
		return nil, nil // it was committed before
	}
	r := s.requests[o.Backfill]
	if o.Backfill != "" && (r == nil || r.Queue != l.Queue) {
		gone = append(gone, o.Backfill)
	}
	if len(gone) > 0 {
		return gone, nil
	}
	if m := s.matches[o.Match.ID]; m != nil && r != nil {
		m.Teams, m.Bots = o.Match.Teams, o.Match.Bots
		s.timers.set(&m.timer, now.Add(store.MatchKept))
	} else if s.keep(o.Match, now) == nil {
		return nil, store.ErrExists
	}
	if r != nil {
		s.grant(r, now)
	}
	for _, id := range o.Tickets {
		t := s.tickets[id]
		t.Match = o.Match.ID
		s.end(t, store.Matched, now)
		for i := range t.Ticket.Members {
			s.join(t.Ticket.Members[i].Player, s.matches[t.Match])
		}
	}
	return nil, nil
}

// waiting returns a ticket that waits in a queue, or nil.
func (s *Tickets) waiting(id, queue string) *ticket {
	if t := s.tickets[id]; t != nil && t.Ticket.Queue == queue && t.State == store.Waiting {
		return t
	}
	return nil
}

// GiveUp implements store.Queues.
func (s *Tickets) GiveUp(_ context.Context, l store.Lease, tickets []string) error {
	now := s.lock()
	defer s.mu.Unlock()
	if !s.queue(l.Queue).holds(l) {
		return store.ErrFenced
	}
	for _, id := range tickets {
		if t := s.waiting(id, l.Queue); t != nil {
			s.end(t, store.TimedOut, now)
		}
	}
	return nil
}
