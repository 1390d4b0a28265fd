package memory

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// Ratings is a store.Ratings.
type Ratings struct {
	now func() time.Time

	mu      sync.Mutex
	timers  timers
	ratings map[rated]store.Rated // by mode and player
	rated   map[rated]bool        // matches that were, by mode
}

// rated is a player or a match of a mode.
type rated struct{ mode, id string }

var _ store.Ratings = (*Ratings)(nil)

// NewRatings returns an empty store that goes by the clock now.
func NewRatings(now func() time.Time) *Ratings {
	return &Ratings{now: now, ratings: map[rated]store.Rated{}, rated: map[rated]bool{}}
}

// Ratings implements the interface.
func (s *Ratings) Ratings(_ context.Context, mode string, players []string) ([]store.Rated, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read(mode, players), nil
}

func (s *Ratings) read(mode string, players []string) []store.Rated {
	out := make([]store.Rated, len(players))
	for i, p := range players {
		out[i] = s.ratings[rated{mode, p}]
		out[i].Player = p
	}
	return out
}

// Rate implements store.Ratings. fn must not call the store.
func (s *Ratings) Rate(_ context.Context, mode, match string, players []string, fn func([]store.Rated) ([]store.Rated, error)) ([]store.Rated, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.now()
	s.timers.run(at)
	was := s.read(mode, players)
	key := rated{mode, match}
	if s.rated[key] {
		return was, false, nil
	}
	now, err := fn(slices.Clone(was))
	if err != nil {
		return nil, false, err
	}
	if err := store.CheckRated(was, now); err != nil {
		return nil, false, err
	}
	for _, r := range now {
		if r.Matches > 0 {
			s.ratings[rated{mode, r.Player}] = r
		}
	}
	s.rated[key] = true
	s.timers.set(&timer{end: func() { delete(s.rated, key) }}, at.Add(store.RatedKept))
	return now, true, nil
}
