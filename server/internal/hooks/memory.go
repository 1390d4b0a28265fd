package hooks

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Memory is a Store in memory, for a server on its own. A restart loses what is in it.
type Memory struct {
	bounds Bounds

	mu    sync.Mutex
	last  uint64            // place
	lists map[string]*lists // by webhook
}

type lists struct {
	waiting []Waiting
	dead    []Dead
	lost    uint64
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory(b Bounds) *Memory { return &Memory{bounds: b, lists: map[string]*lists{}} }

func (m *Memory) of(to string) *lists {
	l := m.lists[to]
	if l == nil {
		l = &lists{}
		m.lists[to] = l
	}
	return l
}

func (m *Memory) place() Place {
	m.last++
	return Place(fmt.Sprintf("%016x", m.last))
}

// Append implements Store. No answer is lost in memory, so that nothing is repeated.
func (m *Memory) Append(_ context.Context, _ string, _ uint64, letters []Letter) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range letters {
		for _, to := range l.To {
			of := m.of(to)
			of.waiting = append(of.waiting, Waiting{m.place(), l})
			m.trim(of)
		}
	}
	return nil
}

// trim keeps the bound of those that wait.
func (m *Memory) trim(l *lists) {
	for len(l.waiting) > m.bounds.Waiting {
		m.bury(l, 0, Overflow, time.Now())
	}
}

func (m *Memory) bury(l *lists, i int, why string, at time.Time) {
	l.dead = append(l.dead, Dead{m.place(), l.waiting[i].Letter, why, at})
	if i == 0 {
		l.waiting[0] = Waiting{}
		l.waiting = l.waiting[1:]
	} else {
		l.waiting = slices.Delete(l.waiting, i, i+1)
	}
	if len(l.dead) > m.bounds.Dead {
		l.dead[0] = Dead{}
		l.dead = l.dead[1:]
		l.lost++
	}
}

// Waiting implements Store.
func (m *Memory) Waiting(_ context.Context, to string, after Place, n int) ([]Waiting, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return behind(m.of(to).waiting, placeOf, after, n), nil
}

// Dead implements Store.
func (m *Memory) Dead(_ context.Context, to string, after Place, n int) ([]Dead, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return behind(m.of(to).dead, func(d Dead) Place { return d.Place }, after, n), nil
}

// behind returns a copy of up to n items behind a place.
func behind[T any](all []T, place func(T) Place, after Place, n int) []T {
	i, found := find(all, place, after)
	if found {
		i++
	}
	return slices.Clone(all[i:min(len(all), i+n)])
}

func find[T any](all []T, place func(T) Place, p Place) (int, bool) {
	return slices.BinarySearchFunc(all, p, func(t T, p Place) int { return cmp.Compare(place(t), p) })
}

func placeOf(w Waiting) Place { return w.Place }

func set(places []Place) map[Place]bool {
	m := make(map[Place]bool, len(places))
	for _, p := range places {
		m[p] = true
	}
	return m
}

// Done implements Store.
func (m *Memory) Done(_ context.Context, to string, places []Place) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, is := m.of(to), set(places)
	l.waiting = slices.DeleteFunc(l.waiting, func(w Waiting) bool { return is[w.Place] })
	return nil
}

// Bury implements Store.
func (m *Memory) Bury(_ context.Context, to string, place Place, why string, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.of(to)
	if i, found := find(l.waiting, placeOf, place); found {
		m.bury(l, i, why, at)
	}
	return nil
}

// Retry implements Store.
func (m *Memory) Retry(_ context.Context, to string, places []Place) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.of(to)
	taken := m.take(l, places)
	for _, d := range taken {
		l.waiting = append(l.waiting, Waiting{m.place(), d.Letter})
		m.trim(l)
	}
	return len(taken), nil
}

// Forget implements Store.
func (m *Memory) Forget(_ context.Context, to string, places []Place) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.take(m.of(to), places)), nil
}

// take takes dead letters out of the list.
func (m *Memory) take(l *lists, places []Place) (taken []Dead) {
	is := set(places)
	l.dead = slices.DeleteFunc(l.dead, func(d Dead) bool {
		if is[d.Place] {
			taken = append(taken, d)
		}
		return is[d.Place]
	})
	return taken
}

// Counts implements Store.
func (m *Memory) Counts(_ context.Context, to string) (Counts, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.of(to)
	return Counts{len(l.waiting), len(l.dead), l.lost}, nil
}
