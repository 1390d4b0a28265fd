package redisdb

import (
	"context"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/internal/redisdata"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// Ratings is a store.Ratings. The keys of each mode have a hash tag of their own.
type Ratings struct {
	c      redis.UniversalClient
	prefix string
	opts   []Option
}

var _ store.Ratings = (*Ratings)(nil)

// NewRatings returns the store of ratings; see Open.
func NewRatings(c redis.UniversalClient, prefix string, opts ...Option) *Ratings {
	return &Ratings{c: c, prefix: prefix, opts: opts}
}

func (r *Ratings) mode(name string) *db {
	d := newDB(r.c, ratingScript, redisdata.Ratings(name).Prefix(r.prefix), r.opts)
	return &d
}

// get reads ratings, as they are stored too, and reports whether a match was rated.
func (r *Ratings) get(ctx context.Context, mode, match string, players []string) (out []store.Rated, stored []string, done bool, err error) {
	a, err := r.mode(mode).read(ctx, "ratings", list([]any{match}, players)...)
	if err != nil {
		return nil, nil, false, err
	}
	for i, p := range players {
		rated := store.Rated{Player: p}
		blob := a.text(i + 1)
		if blob != "" {
			if err := redisdata.Decode(blob, &rated); err != nil {
				return nil, nil, false, fmt.Errorf("matchmaking: the rating of player %s: %w", p, err)
			}
		}
		out, stored = append(out, rated), append(stored, blob)
	}
	return out, stored, a.int(0) == 1, nil
}

// Ratings implements the interface.
func (r *Ratings) Ratings(ctx context.Context, mode string, players []string) ([]store.Rated, error) {
	out, _, _, err := r.get(ctx, mode, "", players)
	return out, err
}

// rateAttempts is how often Rate tries, when others change the ratings meanwhile.
const rateAttempts = 100

// Rate implements store.Ratings. It returns store.ErrUnavailable if the ratings change all
// the time. After a lost answer it may find its own work, and return done = false.
func (r *Ratings) Rate(ctx context.Context, mode, match string, players []string, fn func([]store.Rated) ([]store.Rated, error)) ([]store.Rated, bool, error) {
	for range rateAttempts {
		was, stored, done, err := r.get(ctx, mode, match, players)
		if err != nil || done {
			return was, false, err
		}
		now, err := fn(slices.Clone(was))
		if err == nil {
			err = store.CheckRated(was, now)
		}
		if err != nil {
			return nil, false, err
		}
		args := []any{match, store.RatedKept.Milliseconds()}
		for i := range now {
			blob := ""
			if now[i].Matches > 0 {
				if blob, err = redisdata.Encode(now[i]); err != nil {
					return nil, false, err
				}
			}
			args = append(args, players[i], stored[i], blob)
		}
		a, err := r.mode(mode).write(ctx, "rate", args...)
		if err != nil {
			return nil, false, err
		}
		if a.int(0) == 1 {
			return now, true, nil
		}
	}
	return nil, false, fmt.Errorf("%w: the ratings of match %s change all the time", store.ErrUnavailable, match)
}
