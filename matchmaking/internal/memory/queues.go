package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

const (
	// page is how many entries one answer of Changes goes through.
	page = 1000
	// goneKept is how many that have ended a queue remembers at least.
	goneKept = 10_000
)

// queue is what waits for a mode. Whatever happens in it has a number of its own, in order.
type queue struct {
	number uint64  // of what has happened last
	waits  []entry // tickets and requests, by number; those that have left are empty
	left   int     // how many of waits have
	gone   []entry // ids of those that have ended, by number
	lease  store.Lease
	// tickets counts those that wait.
	tickets int
}

// entry is one of ticket, request and gone, or empty.
type entry struct {
	number  uint64
	ticket  *ticket
	request *request
	gone    string
}

func (s *Tickets) queue(name string) *queue {
	q := s.queues[name]
	if q == nil {
		q = &queue{}
		s.queues[name] = q
	}
	return q
}

// put adds what waits from now on, and returns its number.
func (q *queue) put(e entry) uint64 {
	q.number++
	e.number = q.number
	q.waits = append(q.waits, e)
	return e.number
}

// remove has what has a number wait no more.
func (q *queue) remove(number uint64) {
	q.waits[search(q.waits, number)] = entry{number: number}
	if q.left++; q.left > 64 && q.left*2 > len(q.waits) {
		q.waits = slices.DeleteFunc(q.waits, func(e entry) bool { return e.ticket == nil && e.request == nil })
		q.left = 0
	}
}

// went notes that a ticket or a request has ended.
func (q *queue) went(id string) {
	q.number++
	if len(q.gone) == 2*goneKept {
		q.gone = append(q.gone[:0], q.gone[goneKept:]...)
	}
	q.gone = append(q.gone, entry{number: q.number, gone: id})
}

// search returns the index of the first entry with at least a number.
func search(entries []entry, number uint64) int {
	i, _ := slices.BinarySearchFunc(entries, number, func(e entry, n uint64) int { return cmp.Compare(e.number, n) })
	return i
}

// Changes implements store.Queues.
func (s *Tickets) Changes(_ context.Context, name string, after uint64) (store.Changes, error) {
	s.lock()
	defer s.mu.Unlock()
	q := s.queue(name)
	out := store.Changes{Anew: after == 0 || after > q.number, Next: q.number}
	if out.Anew {
		after = 0
	}
	news := q.waits[search(q.waits, after+1):]
	if len(news) > page {
		news = news[:page]
		out.Next, out.More = news[page-1].number, true
	}
	out.Tickets = make([]store.Ticket, 0, len(news))
	for _, e := range news {
		switch {
		case e.ticket != nil:
			out.Tickets = append(out.Tickets, e.ticket.Ticket)
		case e.request != nil:
			out.Backfills = append(out.Backfills, e.request.Backfill)
		}
	}
	if !out.Anew {
		for _, e := range q.gone[search(q.gone, after+1):search(q.gone, out.Next+1)] {
			out.Gone = append(out.Gone, e.gone)
		}
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
