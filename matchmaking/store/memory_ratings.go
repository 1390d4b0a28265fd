package store

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// MemoryRatings is a Ratings in memory. It lasts as long as the process.
type MemoryRatings struct {
	now func() time.Time

	mu    sync.Mutex
	modes map[string]map[string]Rated // by mode and player
	rated map[ratedMatch]struct{}
	due   expiry[ratedMatch]
}

type ratedMatch struct{ mode, match string }

// NewMemoryRatings makes an empty MemoryRatings. now may be nil.
func NewMemoryRatings(now func() time.Time) *MemoryRatings {
	if now == nil {
		now = time.Now
	}
	return &MemoryRatings{
		now: now, modes: map[string]map[string]Rated{}, rated: map[ratedMatch]struct{}{},
		due: expiry[ratedMatch]{keep: RatedKept},
	}
}

var _ Ratings = (*MemoryRatings)(nil)

// Ratings implements the interface.
func (m *MemoryRatings) Ratings(_ context.Context, mode string, players []string) ([]Rated, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.read(mode, players), nil
}

func (m *MemoryRatings) read(mode string, players []string) []Rated {
	out := make([]Rated, len(players))
	for i, p := range players {
		out[i] = m.modes[mode][p]
		out[i].Player = p
	}
	return out
}

// Rate implements Ratings.
func (m *MemoryRatings) Rate(ctx context.Context, mode, match string, players []string, fn func([]Rated) ([]Rated, error)) ([]Rated, bool, error) {
	for {
		was, done := m.unrated(mode, match, players)
		if done {
			return was, false, nil
		}
		now, err := fn(append([]Rated(nil), was...))
		if err != nil {
			return nil, false, err
		}
		if err := CheckRated(was, now); err != nil {
			return nil, false, err
		}
		if m.swap(mode, match, players, was, now) {
			return now, true, nil
		}
		// Whoever was faster has got ahead, so this ends.
		if err := ctx.Err(); err != nil {
			return nil, false, err
		}
	}
}

// unrated gives the ratings, and tells whether the match has been rated.
func (m *MemoryRatings) unrated(mode, match string, players []string) ([]Rated, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.due.sweep(m.now(), func(r ratedMatch) { delete(m.rated, r) })
	_, done := m.rated[ratedMatch{mode, match}]
	return m.read(mode, players), done
}

// swap keeps ratings, unless they have changed since they were read.
func (m *MemoryRatings) swap(mode, match string, players []string, was, now []Rated) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := ratedMatch{mode, match}
	if _, done := m.rated[key]; done {
		return false
	}
	for i, r := range m.read(mode, players) {
		if r != was[i] {
			return false
		}
	}
	of := m.modes[mode]
	if of == nil {
		of = map[string]Rated{}
		m.modes[mode] = of
	}
	for _, r := range now {
		if r.Matches > 0 {
			of[r.Player] = r
		}
	}
	m.rated[key] = struct{}{}
	m.due.add(key, m.now())
	return true
}

// CheckRated tells whether now is what Ratings.Rate may keep in the place of was.
func CheckRated(was, now []Rated) error {
	if len(now) != len(was) {
		return fmt.Errorf("matchmaking: %d ratings were to be changed, and there are %d now", len(was), len(now))
	}
	for i := range now {
		if now[i].Player != was[i].Player {
			return fmt.Errorf("matchmaking: the rating of player %s has become that of %s", was[i].Player, now[i].Player)
		}
		if now[i] != was[i] && now[i].Matches != was[i].Matches+1 {
			return fmt.Errorf("matchmaking: the rating of player %s comes from %d matches, and from %d after one more", now[i].Player, was[i].Matches, now[i].Matches)
		}
	}
	return nil
}
