package store

import (
	"context"
	"fmt"
)

// Rated is what is known of a player's strength in a mode.
type Rated struct {
	Player    string
	Mu, Sigma float64
	// Matches counts the matches that it comes from. At 0 the player is new, and Mu and
	// Sigma are 0.
	Matches int
}

// Ratings keeps how strong players are, for each mode. Implementations may be used
// from many goroutines and programs at once; each call is atomic.
type Ratings interface {
	// Ratings returns the ratings of players, in their order.
	Ratings(ctx context.Context, mode string, players []string) ([]Rated, error)
	// Rate calls fn with the ratings of players, and keeps what fn returns: the same players,
	// each with one more match or unchanged. If the match was rated before, within RatedKept, it
	// returns the ratings as they are, and done is false. fn may be called more than once, when
	// others change the ratings meanwhile; its argument is its own.
	Rate(ctx context.Context, mode, match string, players []string, fn func([]Rated) ([]Rated, error)) (now []Rated, done bool, err error)
}

// CheckRated returns an error unless now is what Ratings.Rate may keep in the place of was.
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
