package matchmaking

import (
	"context"
	"slices"
	"strings"
	"sync"
)

// Memory is a Directory in memory, for a server on its own.
type Memory struct {
	mu     sync.Mutex
	byID   map[string]*Room
	byKind map[string][]*Room // in the order they were added
}

// NewMemory makes an empty Memory.
func NewMemory() *Memory {
	return &Memory{byID: map[string]*Room{}, byKind: map[string][]*Room{}}
}

var _ Directory = (*Memory)(nil)

// Reserve implements Directory.
func (m *Memory) Reserve(_ context.Context, kind, id string) (Room, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if id != "" {
		r := m.byID[id]
		switch {
		case r == nil || r.Closed || kind != "" && r.Kind != kind:
			return Room{}, ErrNoRoom
		case r.Taken >= r.Capacity:
			return Room{}, ErrFull
		}
		r.Taken++
		return *r, nil
	}
	var best *Room
	for _, r := range m.byKind[kind] {
		if !r.Closed && r.Taken < r.Capacity && (best == nil || r.Taken > best.Taken) {
			best = r
		}
	}
	if best == nil {
		return Room{}, ErrNoRoom
	}
	best.Taken++
	return *best, nil
}

// Release implements Directory.
func (m *Memory) Release(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.byID[id]; r != nil && r.Taken > 0 {
		r.Taken--
	}
	return nil
}

// Add implements Directory.
func (m *Memory) Add(_ context.Context, r Room) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byID[r.ID] != nil {
		return ErrExists
	}
	m.byID[r.ID] = &r
	m.byKind[r.Kind] = append(m.byKind[r.Kind], &r)
	return nil
}

// Close implements Directory.
func (m *Memory) Close(_ context.Context, id string, taken int) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.byID[id]
	if r == nil {
		return true, nil
	}
	if r.Taken > taken {
		return false, nil
	}
	r.Closed = true
	return true, nil
}

// Remove implements Directory.
func (m *Memory) Remove(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.byID[id]
	if r == nil {
		return nil
	}
	delete(m.byID, id)
	of := m.byKind[r.Kind]
	if i := slices.Index(of, r); i >= 0 {
		m.byKind[r.Kind] = slices.Delete(of, i, i+1)
	}
	if len(m.byKind[r.Kind]) == 0 {
		delete(m.byKind, r.Kind)
	}
	return nil
}

// Rooms implements Directory.
func (m *Memory) Rooms(_ context.Context, kind string) ([]Room, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var rooms []Room
	for _, r := range m.byID {
		if kind == "" || r.Kind == kind {
			rooms = append(rooms, *r)
		}
	}
	slices.SortFunc(rooms, func(a, b Room) int { return strings.Compare(a.ID, b.ID) })
	return rooms, nil
}
