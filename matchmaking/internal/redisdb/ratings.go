package redisdb

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// Ratings is a store.Ratings in Redis. The keys of a mode have one hash tag: a
// hash with what is known of each player, "mu sigma matches", and one key for each
// match that was rated, which is forgotten after store.RatedKept.
type Ratings struct {
	c      redis.UniversalClient
	prefix string
	opts   []Option
}

var _ store.Ratings = (*Ratings)(nil)

// NewRatings makes a store whose keys begin with a prefix; see NewTickets.
func NewRatings(c redis.UniversalClient, prefix string, opts ...Option) *Ratings {
	return &Ratings{c: c, prefix: prefix, opts: opts}
}

var (
	// match or nothing, players
	getRatings = redis.NewScript(`
local out = {redis.call('EXISTS', ARGV[1] .. 'rated:' .. ARGV[2])}
for i = 3, #ARGV do out[#out + 1] = redis.call('HGET', ARGV[1] .. 'players', ARGV[i]) or '' end
return out
`)
	// match, how long it is remembered (ms); player, what was read, what is to be, ...
	setRatings = redis.NewScript(`
local rated, players = ARGV[1] .. 'rated:' .. ARGV[2], ARGV[1] .. 'players'
if redis.call('EXISTS', rated) == 1 then return 'changed' end
for i = 4, #ARGV, 3 do
  if (redis.call('HGET', players, ARGV[i]) or '') ~= ARGV[i + 1] then return 'changed' end
end
for i = 4, #ARGV, 3 do
  if ARGV[i + 2] ~= '' then redis.call('HSET', players, ARGV[i], ARGV[i + 2]) end
end
redis.call('SET', rated, '1', 'PX', ARGV[3])
return 'done'
`)
)

func (r *Ratings) mode(name string) *db {
	d := newDB(r.c, r.prefix+"ratings:"+name, r.opts)
	return &d
}

// get reads ratings, as they are stored too, and tells whether a match was rated.
func (r *Ratings) get(ctx context.Context, mode, match string, players []string) (out []store.Rated, stored []string, done bool, err error) {
	args := make([]any, 0, len(players)+1)
	args = append(args, match)
	for _, p := range players {
		args = append(args, p)
	}
	v, err := r.mode(mode).read(ctx, getRatings, args...)
	if err != nil {
		return nil, nil, false, err
	}
	l, err := parts(v, 1+len(players))
	if err != nil {
		return nil, nil, false, err
	}
	for i, p := range players {
		s := text(l[i+1])
		rated, err := parseRated(p, s)
		if err != nil {
			return nil, nil, false, err
		}
		out, stored = append(out, rated), append(stored, s)
	}
	return out, stored, l[0] == int64(1), nil
}

func parseRated(player, s string) (store.Rated, error) {
	r := store.Rated{Player: player}
	if s == "" {
		return r, nil
	}
	f := strings.Fields(s)
	if len(f) == 3 {
		var err1, err2, err3 error
		r.Mu, err1 = strconv.ParseFloat(f[0], 64)
		r.Sigma, err2 = strconv.ParseFloat(f[1], 64)
		r.Matches, err3 = strconv.Atoi(f[2])
		if err1 == nil && err2 == nil && err3 == nil {
			return r, nil
		}
	}
	return r, fmt.Errorf("matchmaking: redis: the rating of player %s is %.50q; want \"mu sigma matches\"", player, s)
}

func formatRated(r store.Rated) string {
	if r.Matches == 0 {
		return ""
	}
	f := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	return f(r.Mu) + " " + f(r.Sigma) + " " + strconv.Itoa(r.Matches)
}

// Ratings implements the interface.
func (r *Ratings) Ratings(ctx context.Context, mode string, players []string) ([]store.Rated, error) {
	out, _, _, err := r.get(ctx, mode, "", players)
	return out, err
}

// rateAttempts is how often Rate tries, when others change the ratings meanwhile.
const rateAttempts = 100

// Rate implements store.Ratings. It gives store.ErrUnavailable if the
// ratings change all the time. After a lost answer it may find its own work, and give
// done = false.
func (r *Ratings) Rate(ctx context.Context, mode, match string, players []string, fn func([]store.Rated) ([]store.Rated, error)) ([]store.Rated, bool, error) {
	for range rateAttempts {
		was, stored, done, err := r.get(ctx, mode, match, players)
		if err != nil {
			return nil, false, err
		}
		if done {
			return was, false, nil
		}
		now, err := fn(append([]store.Rated(nil), was...))
		if err != nil {
			return nil, false, err
		}
		if err := store.CheckRated(was, now); err != nil {
			return nil, false, err
		}
		args := []any{match, store.RatedKept.Milliseconds()}
		for i := range now {
			args = append(args, players[i], stored[i], formatRated(now[i]))
		}
		v, err := r.mode(mode).write(ctx, setRatings, args...)
		if err != nil {
			return nil, false, err
		}
		if v == "done" {
			return now, true, nil
		}
	}
	return nil, false, fmt.Errorf("%w: the ratings of match %s change all the time", store.ErrUnavailable, match)
}
