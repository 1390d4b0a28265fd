package store

import (
	"context"
	"reflect"
	"time"
)

// memoryMatches are the matches that are remembered, and who plays in them.
type memoryMatches struct {
	byID    map[string]*memoryMatch
	byCode  map[string]*memoryMatch
	playing map[string]*memoryMatch // by player
	due     expiry[*memoryMatch]
	// asks are rooms with a backfill request.
	asks    map[string]*memoryAsk
	asksDue expiry[*memoryAsk]
}

type memoryMatch struct {
	Match
	until   time.Time
	players map[string]struct{} // whose entries in playing it is
}

// memoryAsk is a backfill request, which must not outlive its room.
type memoryAsk struct {
	room, queue string
	until       time.Time
}

func newMemoryMatches() memoryMatches {
	return memoryMatches{
		byID: map[string]*memoryMatch{}, byCode: map[string]*memoryMatch{}, playing: map[string]*memoryMatch{},
		due:  expiry[*memoryMatch]{keep: MatchKept},
		asks: map[string]*memoryAsk{}, asksDue: expiry[*memoryAsk]{keep: MatchKept},
	}
}

// sweep forgets what is due. It calls noBackfill for rooms whose request ends so.
func (m *memoryMatches) sweep(now time.Time, noBackfill func(room, queue string)) {
	m.due.sweep(now, func(e *memoryMatch) {
		if m.byID[e.ID] == e && !now.Before(e.until) {
			m.forget(e)
		}
	})
	m.asksDue.sweep(now, func(a *memoryAsk) {
		if m.asks[a.room] == a && !now.Before(a.until) {
			delete(m.asks, a.room)
			noBackfill(a.room, a.queue)
		}
	})
}

// touch keeps a match from now on.
func (m *memoryMatches) touch(e *memoryMatch, now time.Time) {
	e.until = now.Add(MatchKept)
	m.due.add(e, now)
}

// asked tells that a room asks for players now.
func (m *memoryMatches) asked(room, queue string, now time.Time) {
	a := &memoryAsk{room: room, queue: queue, until: now.Add(MatchKept)}
	m.asks[room] = a
	m.asksDue.add(a, now)
}

// keep adds a match, and tells whether its id and its code were free.
func (m *memoryMatches) keep(match Match, now time.Time) bool {
	if m.byID[match.ID] != nil || match.Code != "" && m.byCode[match.Code] != nil {
		return false
	}
	e := &memoryMatch{Match: match, players: map[string]struct{}{}}
	m.byID[match.ID] = e
	if match.Code != "" {
		m.byCode[match.Code] = e
	}
	m.touch(e, now)
	return true
}

func (m *memoryMatches) forget(e *memoryMatch) {
	for p := range e.players {
		delete(m.playing, p)
	}
	delete(m.byID, e.ID)
	if e.Code != "" {
		delete(m.byCode, e.Code)
	}
}

// join puts a player into a match that is there.
func (m *memoryMatches) join(player, match string) {
	if old := m.playing[player]; old != nil {
		delete(old.players, player)
	}
	e := m.byID[match]
	m.playing[player] = e
	e.players[player] = struct{}{}
}

// Keep implements Tickets.
func (m *MemoryTickets) Keep(_ context.Context, match Match) error {
	now := m.lock()
	defer m.mu.Unlock()
	if e := m.matches.byID[match.ID]; e != nil && reflect.DeepEqual(e.Match, match) {
		return nil
	}
	if !m.matches.keep(match, now) {
		return ErrExists
	}
	for i := range match.Teams {
		for _, s := range match.Teams[i].Slots {
			if s.Player != "" {
				m.matches.join(s.Player, match.ID)
			}
		}
	}
	return nil
}

// Match implements Tickets.
func (m *MemoryTickets) Match(_ context.Context, id, code string) (Match, error) {
	m.lock()
	defer m.mu.Unlock()
	e := m.matches.byID[id]
	if id == "" && code != "" {
		e = m.matches.byCode[code]
	}
	if e == nil {
		return Match{}, ErrNoRoom
	}
	return e.Match, nil
}

// Touch implements Tickets.
func (m *MemoryTickets) Touch(_ context.Context, id string) error {
	now := m.lock()
	defer m.mu.Unlock()
	if a := m.matches.asks[id]; a != nil {
		a.until = now.Add(MatchKept)
		m.matches.asksDue.add(a, now)
	}
	e := m.matches.byID[id]
	if e == nil {
		return ErrNoRoom
	}
	m.matches.touch(e, now)
	return nil
}

// Forget implements Tickets.
func (m *MemoryTickets) Forget(_ context.Context, id string) error {
	m.lock()
	defer m.mu.Unlock()
	if e := m.matches.byID[id]; e != nil {
		m.matches.forget(e)
	}
	if a := m.matches.asks[id]; a != nil {
		delete(m.matches.asks, id)
		m.endBackfillOf(a.room, a.queue)
	}
	return nil
}

// Playing implements Tickets.
func (m *MemoryTickets) Playing(_ context.Context, player string) (Match, error) {
	m.lock()
	defer m.mu.Unlock()
	if e := m.matches.playing[player]; e != nil {
		return e.Match, nil
	}
	return Match{}, ErrNoRoom
}

// Joined implements Tickets.
func (m *MemoryTickets) Joined(_ context.Context, player, match string) error {
	m.lock()
	defer m.mu.Unlock()
	if m.matches.byID[match] == nil {
		return ErrNoRoom
	}
	m.matches.join(player, match)
	return nil
}

// Left implements Tickets.
func (m *MemoryTickets) Left(_ context.Context, player, match string) error {
	m.lock()
	defer m.mu.Unlock()
	if e := m.matches.playing[player]; e != nil && e.ID == match {
		delete(m.matches.playing, player)
		delete(e.players, player)
	}
	return nil
}
