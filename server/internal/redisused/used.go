// Package redisused remembers in Redis which seats were used, for nodes that keep
// their name when they start again, and so can't do it in memory.
package redisused

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/server/internal/seat"
)

// margin is how much longer than a seat is good it is remembered: a replica that
// takes over may have a clock that is so far behind.
const margin = time.Minute

// Used is a seat.Used in Redis. When a seat expires is told by Redis's clock, which is
// the same for all nodes.
//
// While Redis is away, or refuses, nobody knows whether a seat was used: Take gives
// what Redis has said, wrapped, and the seat is not let in (seat.ErrUnavailable). It
// asks once: were it to ask again after an answer was lost, a seat would look like a
// used one. A failover that loses the last writes forgets the seats in them.
type Used struct {
	c      redis.UniversalClient
	prefix string
}

var _ seat.Used = (*Used)(nil)

// New makes one whose keys begin with a prefix, such as "tickroom:". There is a key
// for each seat, of some hundred bytes, which Redis forgets by itself. c should not
// retry by itself, as that of package redisclient does not.
func New(c redis.UniversalClient, prefix string) *Used { return &Used{c: c, prefix: prefix + "seat:"} }

// take looks at Redis's clock itself: a seat that Redis has forgotten must not look
// like a new one to a node whose clock is behind.
var take = redis.NewScript(`
local t = redis.call('TIME')
local left = tonumber(ARGV[1]) - (t[1] * 1000 + math.floor(t[2] / 1000))
if left <= 0 then return 'expired' end
if redis.call('SET', KEYS[1], '', 'NX', 'PX', left + ARGV[2]) then return 'taken' end
return 'used'
`)

// Take marks a seat as used; see seat.Used.
func (u *Used) Take(ctx context.Context, id seat.ID, until time.Time) error {
	v, err := take.Run(ctx, u.c, []string{u.prefix + hex.EncodeToString(id[:])}, until.UnixMilli(), margin.Milliseconds()).Text()
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
