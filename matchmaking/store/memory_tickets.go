package store

import (
	"context"
	"sync"
	"time"
)

// MemoryTickets is a Tickets in memory, for a server on its own.
type MemoryTickets struct {
	now func() time.Time

	mu       sync.Mutex
	tickets  map[string]*memoryTicket
	byPlayer map[string]*memoryTicket // those that have not ended
	queues   map[string]*memoryQueue
	watchers map[string]map[chan struct{}]struct{} // by ticket
	matches  memoryMatches

	// Tickets to forget, by the state in which they were put here.
	gathering, waiting, ended expiry[*memoryTicket]
}

// memoryTicket is a ticket and what has become of it. The Ticket is replaced, never
// changed, since callers have it too.
type memoryTicket struct {
	Ticket
	state State
	match string
	// seq says when it began to wait, among all that happened in its queue.
	seq uint64
}

// NewMemoryTickets makes an empty MemoryTickets. now may be nil.
func NewMemoryTickets(now func() time.Time) *MemoryTickets {
	if now == nil {
		now = time.Now
	}
	return &MemoryTickets{
		now: now, tickets: map[string]*memoryTicket{}, byPlayer: map[string]*memoryTicket{},
		queues: map[string]*memoryQueue{}, watchers: map[string]map[chan struct{}]struct{}{},
		matches:   newMemoryMatches(),
		gathering: expiry[*memoryTicket]{keep: GatheringKept},
		waiting:   expiry[*memoryTicket]{keep: WaitingKept},
		ended:     expiry[*memoryTicket]{keep: EndedKept},
	}
}

var (
	_ Tickets = (*MemoryTickets)(nil)
	_ Queues  = (*MemoryTickets)(nil)
	_ Matches = (*MemoryTickets)(nil)
)

// lock begins a call: it forgets what is due, and tells the time.
func (m *MemoryTickets) lock() time.Time {
	m.mu.Lock()
	now := m.now()
	m.gathering.sweep(now, func(t *memoryTicket) {
		if t.state == Gathering {
			m.forget(t)
		}
	})
	m.waiting.sweep(now, func(t *memoryTicket) {
		if t.state == Waiting {
			m.forget(t)
		}
	})
	m.ended.sweep(now, m.forget)
	m.matches.sweep(now, m.endBackfillOf)
	return now
}

// forget drops a ticket, whatever its state.
func (m *MemoryTickets) forget(t *memoryTicket) {
	q := m.queue(t.Queue)
	if q.leave(t) {
		q.log(memoryChange{gone: t.ID})
	}
	m.free(t)
	delete(m.tickets, t.ID)
	m.wake(t.ID)
}

// free lets the players of a ticket have another one.
func (m *MemoryTickets) free(t *memoryTicket) {
	for i := range t.Members {
		if p := t.Members[i].Player; m.byPlayer[p] == t {
			delete(m.byPlayer, p)
		}
	}
}

// end gives a ticket its last state.
func (m *MemoryTickets) end(t *memoryTicket, s State, now time.Time) {
	m.queue(t.Queue).leave(t)
	t.state = s
	m.free(t)
	m.ended.add(t, now)
	m.wake(t.ID)
}

// begin has a ticket wait.
func (m *MemoryTickets) begin(t *memoryTicket, now time.Time) {
	t.state = Waiting
	q := m.queue(t.Queue)
	q.join(t)
	m.waiting.add(t, now)
	m.wake(t.ID)
}

func (m *MemoryTickets) status(t *memoryTicket) Status {
	return Status{Ticket: t.Ticket, State: t.state, Match: t.match, Waiting: m.queue(t.Queue).waiting}
}

// Add implements Tickets.
func (m *MemoryTickets) Add(_ context.Context, t Ticket) error {
	now := m.lock()
	defer m.mu.Unlock()
	if m.tickets[t.ID] != nil {
		return nil
	}
	for i := range t.Members {
		if other := m.byPlayer[t.Members[i].Player]; other != nil && t.Members[i].Ready {
			return &QueuedError{Player: t.Members[i].Player, Ticket: other.ID}
		}
	}
	e := &memoryTicket{Ticket: t, state: Gathering}
	m.tickets[t.ID] = e
	for i := range t.Members {
		if t.Members[i].Ready {
			m.byPlayer[t.Members[i].Player] = e
		}
	}
	if t.AllReady() {
		m.begin(e, now)
	} else {
		m.gathering.add(e, now)
	}
	return nil
}

// Ready implements Tickets.
func (m *MemoryTickets) Ready(_ context.Context, id string, member Member, now time.Time) (Status, error) {
	clock := m.lock()
	defer m.mu.Unlock()
	t := m.tickets[id]
	switch {
	case t == nil || !t.Has(member.Player):
		return Status{}, ErrNoTicket
	case t.state.Ended():
		return m.status(t), ErrEnded
	case t.state == Waiting:
		return m.status(t), nil
	}
	if other := m.byPlayer[member.Player]; other != nil && other != t {
		return Status{}, &QueuedError{Player: member.Player, Ticket: other.ID}
	}
	m.byPlayer[member.Player] = t
	t.Ticket = t.WithReady(member, now)
	if t.AllReady() {
		m.begin(t, clock)
	} else {
		m.wake(id)
	}
	return m.status(t), nil
}

// Cancel implements Tickets.
func (m *MemoryTickets) Cancel(_ context.Context, id, player string) (Status, error) {
	now := m.lock()
	defer m.mu.Unlock()
	t := m.tickets[id]
	if t == nil || !t.Has(player) {
		return Status{}, ErrNoTicket
	}
	if !t.state.Ended() {
		waited := t.state == Waiting
		m.end(t, Cancelled, now)
		if waited {
			m.queue(t.Queue).log(memoryChange{gone: id})
		}
	}
	return m.status(t), nil
}

// Ticket implements Tickets.
func (m *MemoryTickets) Ticket(_ context.Context, id string) (Status, error) {
	m.lock()
	defer m.mu.Unlock()
	if t := m.tickets[id]; t != nil {
		return m.status(t), nil
	}
	return Status{}, ErrNoTicket
}

// Of implements Tickets.
func (m *MemoryTickets) Of(_ context.Context, player string) (string, error) {
	m.lock()
	defer m.mu.Unlock()
	if t := m.byPlayer[player]; t != nil {
		return t.ID, nil
	}
	return "", ErrNoTicket
}

// Watch implements Tickets.
func (m *MemoryTickets) Watch(_ context.Context, id string) (<-chan struct{}, func(), error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := make(chan struct{}, 1)
	if m.watchers[id] == nil {
		m.watchers[id] = map[chan struct{}]struct{}{}
	}
	m.watchers[id][c] = struct{}{}
	return c, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.watchers[id], c)
		if len(m.watchers[id]) == 0 {
			delete(m.watchers, id)
		}
	}, nil
}

// wake tells those who watch a ticket.
func (m *MemoryTickets) wake(id string) {
	for c := range m.watchers[id] {
		select {
		case c <- struct{}{}:
		default: // a value lies in it
		}
	}
}
