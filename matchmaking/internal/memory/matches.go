package memory

import (
	"context"
	"reflect"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// match is a match that is remembered.
type match struct {
	store.Match
	players map[string]bool // whose entry in playing it is
	timer   timer           // forgets it
}

// request is a backfill request that has not ended.
type request struct {
	store.Backfill
	place uint64 // its number in its queue
	timer timer  // ends it
}

// keep adds a match, or returns nil if its id or its code is taken.
func (s *Tickets) keep(add store.Match, now time.Time) *match {
	if s.matches[add.ID] != nil || add.Code != "" && s.codes[add.Code] != nil {
		return nil
	}
	m := &match{Match: add, players: map[string]bool{}}
	m.timer.end = func() { s.drop(m) }
	s.matches[m.ID] = m
	if m.Code != "" {
		s.codes[m.Code] = m
	}
	s.timers.set(&m.timer, now.Add(store.MatchKept))
	return m
}

// drop forgets a match and who plays in it.
func (s *Tickets) drop(m *match) {
	s.timers.stop(&m.timer)
	for p := range m.players {
		delete(s.playing, p)
	}
	delete(s.matches, m.ID)
	if m.Code != "" {
		delete(s.codes, m.Code)
	}
}

// join puts a player into a match.
func (s *Tickets) join(player string, m *match) {
	s.part(player)
	s.playing[player] = m
	m.players[player] = true
}

// part takes a player out of its match, if it is in one.
func (s *Tickets) part(player string) {
	if m := s.playing[player]; m != nil {
		delete(m.players, player)
		delete(s.playing, player)
	}
}

// Keep implements store.Matches.
func (s *Tickets) Keep(_ context.Context, keep store.Match) error {
	now := s.lock()
	defer s.mu.Unlock()
	if m := s.matches[keep.ID]; m != nil && reflect.DeepEqual(m.Match, keep) {
		return nil
	}
	m := s.keep(keep, now)
	if m == nil {
		return store.ErrExists
	}
	for i := range m.Teams {
		for _, slot := range m.Teams[i].Slots {
			if slot.Player != "" {
				s.join(slot.Player, m)
			}
		}
	}
	return nil
}

// Match implements store.Matches.
func (s *Tickets) Match(_ context.Context, id, code string) (store.Match, error) {
	s.lock()
	defer s.mu.Unlock()
	if id != "" {
		return found(s.matches[id])
	}
	return found(s.codes[code])
}

// Playing implements store.Tickets.
func (s *Tickets) Playing(_ context.Context, player string) (store.Match, error) {
	s.lock()
	defer s.mu.Unlock()
	return found(s.playing[player])
}

func found(m *match) (store.Match, error) {
	if m == nil {
		return store.Match{}, store.ErrNoRoom
	}
	return m.Match, nil
}

// Touch implements store.Matches.
func (s *Tickets) Touch(_ context.Context, id string) error {
	now := s.lock()
	defer s.mu.Unlock()
	if r := s.byRoom[id]; r != nil {
		s.timers.set(&r.timer, now.Add(store.MatchKept))
	}
	m := s.matches[id]
	if m == nil {
		return store.ErrNoRoom
	}
	s.timers.set(&m.timer, now.Add(store.MatchKept))
	return nil
}

// Forget implements store.Matches.
func (s *Tickets) Forget(_ context.Context, id string) error {
	s.lock()
	defer s.mu.Unlock()
	if m := s.matches[id]; m != nil {
		s.drop(m)
	}
	s.withdraw(s.byRoom[id])
	return nil
}

// Joined implements store.Matches.
func (s *Tickets) Joined(_ context.Context, player, id string) error {
	s.lock()
	defer s.mu.Unlock()
	m := s.matches[id]
	if m == nil {
		return store.ErrNoRoom
	}
	s.join(player, m)
	return nil
}

// Left implements store.Matches.
func (s *Tickets) Left(_ context.Context, player, id string) error {
	s.lock()
	defer s.mu.Unlock()
	if m := s.playing[player]; m != nil && m.ID == id {
		s.part(player)
	}
	return nil
}

// AskBackfill implements store.Matches.
func (s *Tickets) AskBackfill(_ context.Context, b store.Backfill) error {
	now := s.lock()
	defer s.mu.Unlock()
	if s.requests[b.ID] != nil || s.granted[b.ID] {
		return nil
	}
	s.withdraw(s.byRoom[b.Room])
	r := &request{Backfill: b}
	r.timer.end = func() { s.withdraw(r) }
	s.requests[b.ID], s.byRoom[b.Room] = r, r
	r.place = s.queue(b.Queue).put(entry{request: r})
	s.timers.set(&r.timer, now.Add(store.MatchKept))
	return nil
}

// EndBackfill implements store.Matches.
func (s *Tickets) EndBackfill(_ context.Context, id string) (bool, error) {
	s.lock()
	defer s.mu.Unlock()
	s.withdraw(s.requests[id])
	return !s.granted[id], nil
}

// withdraw ends a request, if it is not nil, and has the matcher hear of it.
func (s *Tickets) withdraw(r *request) {
	if r != nil {
		s.close(r)
		s.queue(r.Queue).went(r.ID)
	}
}

// grant ends a request whose players are on their way.
func (s *Tickets) grant(r *request, now time.Time) {
	s.close(r)
	s.granted[r.ID] = true
	s.timers.set(&timer{end: func() { delete(s.granted, r.ID) }}, now.Add(store.MatchKept))
}

func (s *Tickets) close(r *request) {
	s.timers.stop(&r.timer)
	delete(s.requests, r.ID)
	delete(s.byRoom, r.Room)
	s.queue(r.Queue).remove(r.place)
}
