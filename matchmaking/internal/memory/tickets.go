package memory

import (
	"context"
	"sync"
	"time"

	"github.com/tickroom/tickroom/matchmaking/internal/watch"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// Tickets is a store.Tickets, store.Queues and store.Matches.
type Tickets struct {
	now   func() time.Time
	watch watch.Hub

	mu       sync.Mutex
	timers   timers
	tickets  map[string]*ticket
	byPlayer map[string]*ticket // in which the player is ready and that have not ended
	queues   map[string]*queue
	requests map[string]*request // for players, by ID
	byRoom   map[string]*request
	granted  map[string]bool // requests that were, for a while
	matches  map[string]*match
	codes    map[string]*match
	playing  map[string]*match // by player
}

var (
	_ store.Tickets = (*Tickets)(nil)
	_ store.Queues  = (*Tickets)(nil)
	_ store.Matches = (*Tickets)(nil)
)

// NewTickets returns an empty store that goes by the clock now.
func NewTickets(now func() time.Time) *Tickets {
	return &Tickets{
		now: now, tickets: map[string]*ticket{}, byPlayer: map[string]*ticket{}, queues: map[string]*queue{},
		requests: map[string]*request{}, byRoom: map[string]*request{}, granted: map[string]bool{},
		matches: map[string]*match{}, codes: map[string]*match{}, playing: map[string]*match{},
	}
}

// ticket is a ticket and what has become of it. Its Ticket is replaced, never changed, since
// callers have it too.
type ticket struct {
	store.Status
	place uint64 // its number in its queue, while it waits
	timer timer  // forgets it
}

// lock begins a call: it forgets what is due, and returns the time.
func (s *Tickets) lock() time.Time {
	s.mu.Lock()
	now := s.now()
	s.timers.run(now)
	return now
}

// begin has a ticket wait.
func (s *Tickets) begin(t *ticket, now time.Time) {
	t.State = store.Waiting
	q := s.queue(t.Ticket.Queue)
	t.place = q.put(entry{ticket: t})
	q.tickets++
	s.timers.set(&t.timer, now.Add(store.WaitingKept))
	s.watch.Wake(t.Ticket.ID)
}

// leave has a ticket wait no more, if it does.
func (s *Tickets) leave(t *ticket) {
	if t.State == store.Waiting {
		q := s.queue(t.Ticket.Queue)
		q.remove(t.place)
		q.tickets--
	}
}

// free lets the players of a ticket have another one.
func (s *Tickets) free(t *ticket) {
	for i := range t.Ticket.Members {
		if p := t.Ticket.Members[i].Player; s.byPlayer[p] == t {
			delete(s.byPlayer, p)
		}
	}
}

// end gives a ticket its final state.
func (s *Tickets) end(t *ticket, state store.State, now time.Time) {
	s.leave(t)
	s.free(t)
	t.State = state
	// What it was sought by, and may be long, nobody asks for any more.
	t.Ticket.Query, t.Ticket.Attributes = "", nil
	s.timers.set(&t.timer, now.Add(store.EndedKept))
	s.watch.Wake(t.Ticket.ID)
}

// forget drops a ticket, whatever its state.
func (s *Tickets) forget(t *ticket) {
	if t.State == store.Waiting {
		s.queue(t.Ticket.Queue).went(t.Ticket.ID)
	}
	s.leave(t)
	s.free(t)
	delete(s.tickets, t.Ticket.ID)
	s.watch.Wake(t.Ticket.ID)
}

func (s *Tickets) status(t *ticket) store.Status {
	out := t.Status
	out.Waiting = s.queue(t.Ticket.Queue).tickets
	return out
}

// queued returns an error if a player is in another ticket than t.
func (s *Tickets) queued(player string, t *ticket) error {
	if other := s.byPlayer[player]; other != nil && other != t {
		return &store.QueuedError{Player: player, Ticket: other.Ticket.ID}
	}
	return nil
}

// Add implements store.Tickets.
func (s *Tickets) Add(_ context.Context, add store.Ticket) error {
	now := s.lock()
	defer s.mu.Unlock()
	if s.tickets[add.ID] != nil {
		return nil
	}
	for _, m := range add.Members {
		if err := s.queued(m.Player, nil); err != nil && m.Ready {
			return err
		}
	}
	t := &ticket{Status: store.Status{Ticket: add, State: store.Gathering}}
	t.timer.end = func() { s.forget(t) }
	s.tickets[add.ID] = t
	for _, m := range add.Members {
		if m.Ready {
			s.byPlayer[m.Player] = t
		}
	}
	if add.AllReady() {
		s.begin(t, now)
	} else {
		s.timers.set(&t.timer, now.Add(store.GatheringKept))
	}
	return nil
}

// Ready implements store.Tickets.
func (s *Tickets) Ready(_ context.Context, id string, member store.Member, since time.Time) (store.Status, error) {
	now := s.lock()
	defer s.mu.Unlock()
	t := s.tickets[id]
	switch {
	case t == nil || !t.Ticket.Has(member.Player):
		return store.Status{}, store.ErrNoTicket
	case t.State.Ended():
		return s.status(t), store.ErrEnded
	case t.State == store.Waiting:
		return s.status(t), nil
	}
	if err := s.queued(member.Player, t); err != nil {
		return store.Status{}, err
	}
	s.byPlayer[member.Player] = t
	t.Ticket = t.Ticket.WithReady(member, since)
	if t.Ticket.AllReady() {
		s.begin(t, now)
	} else {
		s.watch.Wake(id)
	}
	return s.status(t), nil
}

// Cancel implements store.Tickets.
func (s *Tickets) Cancel(_ context.Context, id, player string) (store.Status, error) {
	now := s.lock()
	defer s.mu.Unlock()
	t := s.tickets[id]
	if t == nil || !t.Ticket.Has(player) {
		return store.Status{}, store.ErrNoTicket
	}
	if t.State == store.Waiting {
		s.queue(t.Ticket.Queue).went(id)
	}
	if !t.State.Ended() {
		s.end(t, store.Cancelled, now)
	}
	return s.status(t), nil
}

// Ticket implements store.Tickets.
func (s *Tickets) Ticket(_ context.Context, id string) (store.Status, error) {
	s.lock()
	defer s.mu.Unlock()
	if t := s.tickets[id]; t != nil {
		return s.status(t), nil
	}
	return store.Status{}, store.ErrNoTicket
}

// Of implements store.Matches.
func (s *Tickets) Of(_ context.Context, player string) (string, error) {
	s.lock()
	defer s.mu.Unlock()
	if t := s.byPlayer[player]; t != nil {
		return t.Ticket.ID, nil
	}
	return "", store.ErrNoTicket
}

// Watch implements store.Tickets.
func (s *Tickets) Watch(_ context.Context, id string) (<-chan struct{}, func(), error) {
	changed, stop := s.watch.Add(id)
	return changed, stop, nil
}
