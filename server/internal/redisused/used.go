// Package redisused remembers in Redis which seats were used, for nodes that keep
// their name when they start again, and so can't do it in memory.
package redisused

import (
	"context"
	_ "embed"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/internal/redisdata"
	"github.com/tickroom/tickroom/server/internal/seat"
)

// margin is how much longer than a seat is good it is remembered: a replica that
// takes over may have a clock that is so far behind.
const margin = time.Minute

// Used is a seat.Used in Redis. Seats expire by Redis's clock, which is the same for all
// nodes.
//
// While Redis is away, or refuses, nobody knows whether a seat was used: Take returns the
// error of Redis, wrapped, and the seat is not let in (seat.ErrUnavailable). It asks once: if
// it asked again after an answer was lost, a seat would look like a used one. A fail-over that
// loses the last writes forgets the seats in them.
type Used struct {
	c      redis.UniversalClient
	prefix string
}

var _ seat.Used = (*Used)(nil)

// New returns a Used whose keys begin with prefix, such as "tickroom:". Each seat has a key, of
// some hundred bytes, which Redis forgets by itself. c must not repeat calls by itself, as that
// of package redisclient does not.
func New(c redis.UniversalClient, prefix string) *Used { return &Used{c: c, prefix: prefix} }

//go:embed used.lua
var usedLua string

var take = redis.NewScript(usedLua)

// Take marks a seat as used; see seat.Used.
func (u *Used) Take(ctx context.Context, id seat.ID, until time.Time) error {
	v, err := take.Run(ctx, u.c, []string{redisdata.UsedSeat(u.prefix, hex.EncodeToString(id[:]))}, until.UnixMilli(), margin.Milliseconds()).Text()
	switch {
	case err != nil:
		return fmt.Errorf("seat: redis: %w", err)
	case v == "taken":
		return nil
	case v == "used":
		return seat.ErrUsed
	case v == "expired":
		return seat.ErrExpired
	}
	return fmt.Errorf("seat: redis: %.20q is no answer", v)
}
