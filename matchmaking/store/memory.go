package store

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// Memory is a Directory in memory, for a server on its own.
type Memory struct {
	now func() time.Time

	mu     sync.Mutex
	byID   map[string]*listed
	byKind map[string][]*listed // in the order they were added
}

// listed is a room with its reservations.
type listed struct {
	Listing
	held map[string]time.Time // reservation: until
	due  time.Time            // the first of held ends then; zero: there is none
}

// NewMemory makes an empty Memory.
func NewMemory() *Memory { return NewMemoryAt(time.Now) }

// NewMemoryAt makes an empty Memory with a clock of its own.
func NewMemoryAt(now func() time.Time) *Memory {
	return &Memory{now: now, byID: map[string]*listed{}, byKind: map[string][]*listed{}}
}

var _ Directory = (*Memory)(nil)

// expire frees the seats whose reservations have ended.
func (l *listed) expire(now time.Time) {
	if l.due.IsZero() || now.Before(l.due) {
		return
	}
	for name, until := range l.held {
		if !now.Before(until) {
			delete(l.held, name)
			l.Taken--
		}
	}
	l.rest()
}

// rest finds out when the first of the reservations ends.
func (l *listed) rest() {
	l.due = time.Time{}
	for _, until := range l.held {
		if l.due.IsZero() || until.Before(l.due) {
			l.due = until
		}
	}
}

// take takes a free seat.
func (l *listed) take(w *Want) {
	l.Taken++
	if w.Reservation == "" {
		return
	}
	if l.held == nil {
		l.held = map[string]time.Time{}
	}
	l.held[w.Reservation] = w.Until
	l.rest()
}

// get gives a room, with its seats as they are now, or nil.
func (m *Memory) get(id string) *listed {
	l := m.byID[id]
	if l != nil {
		l.expire(m.now())
	}
	return l
}

// Reserve implements Directory.
func (m *Memory) Reserve(_ context.Context, w Want) (Listing, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.get(w.ID)
	if w.ID == "" {
		l = m.search(&w)
	}
	if l == nil || !w.fits(&l.Listing) {
		return Listing{}, ErrNoRoom
	}
	if _, again := l.held[w.Reservation]; again {
		return l.Listing, nil
	}
	switch {
	case l.Closed:
		return Listing{}, ErrNoRoom
	case l.Taken >= l.Capacity:
		return Listing{}, ErrFull
	}
	l.take(&w)
	return l.Listing, nil
}

// search finds the fullest open room that fits, or nil.
func (m *Memory) search(w *Want) *listed {
	var best *listed
	now := m.now()
	for _, l := range m.byKind[w.Kind] {
		l.expire(now)
		if w.fits(&l.Listing) && !l.Closed && !l.Private && l.Taken < l.Capacity && (best == nil || l.Taken > best.Taken) {
			best = l
		}
	}
	return best
}

// Confirm implements Directory.
func (m *Memory) Confirm(_ context.Context, room, reservation string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.end(room, reservation, 0), nil
}

// Cancel implements Directory.
func (m *Memory) Cancel(_ context.Context, room, reservation string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.end(room, reservation, 1)
	return nil
}

// end ends a reservation, frees so many seats, and tells whether there was one.
func (m *Memory) end(room, reservation string, free int) bool {
	l := m.get(room)
	if l == nil {
		return false
	}
	if _, ok := l.held[reservation]; !ok {
		return false
	}
	delete(l.held, reservation)
	l.Taken -= free
	l.rest()
	return true
}

// Release implements Directory.
func (m *Memory) Release(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.get(id); l != nil && l.Taken > len(l.held) {
		l.Taken--
	}
	return nil
}

// Add implements Directory.
func (m *Memory) Add(_ context.Context, r Listing) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byID[r.ID] != nil {
		return ErrExists
	}
	l := &listed{Listing: r.normal()}
	m.byID[r.ID] = l
	m.byKind[r.Kind] = append(m.byKind[r.Kind], l)
	return nil
}

// Close implements Directory.
func (m *Memory) Close(_ context.Context, id string, taken int) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.get(id)
	if l == nil {
		return true, nil
	}
	if l.Taken > taken {
		return false, nil
	}
	l.Closed = true
	return true, nil
}

// Remove implements Directory.
func (m *Memory) Remove(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remove(id)
	return nil
}

func (m *Memory) remove(id string) {
	l := m.byID[id]
	if l == nil {
		return
	}
	delete(m.byID, id)
	of := m.byKind[l.Kind]
	if i := slices.Index(of, l); i >= 0 {
		m.byKind[l.Kind] = slices.Delete(of, i, i+1)
	}
	if len(m.byKind[l.Kind]) == 0 {
		delete(m.byKind, l.Kind)
	}
}

// RemoveNode implements Directory.
func (m *Memory) RemoveNode(_ context.Context, node string) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for id, l := range m.byID {
		if l.Node == node {
			m.remove(id)
			n++
		}
	}
	return n, nil
}

// Owners implements Directory.
func (m *Memory) Owners(context.Context) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var nodes []string
	for _, l := range m.byID {
		nodes = append(nodes, l.Node)
	}
	slices.Sort(nodes)
	return slices.Compact(nodes), nil
}

// Rooms implements Directory.
func (m *Memory) Rooms(_ context.Context, kind string) ([]Listing, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	var rooms []Listing
	for _, l := range m.byID {
		if kind == "" || l.Kind == kind {
			l.expire(now)
			rooms = append(rooms, l.Listing)
		}
	}
	slices.SortFunc(rooms, func(a, b Listing) int { return strings.Compare(a.ID, b.ID) })
	return rooms, nil
}
