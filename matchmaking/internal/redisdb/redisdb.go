// Package redisdb keeps what matchmaking knows in Redis, for servers of many nodes. What
// must be atomic is a function of a Lua script. The names of keys and the encoding of what is
// stored are those of package redisdata.
//
// What Redis has answered is kept as well as Redis keeps it: appendfsync always keeps it
// through a crash, WithReplicas through a fail-over. With less, what came last may be
// forgotten; but no ticket is in two matches even then, as far as Redis knows, and matchers
// notice and begin anew.
//
// Every call takes at most store.CallTimeout, and returns store.ErrUnavailable if Redis has
// not answered by then; nothing has to be done for it to work again when Redis is back.
// Time is told by the clock of Redis.
package redisdb

import (
	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// Open returns the stores whose keys begin with a prefix, such as "tickroom:". Stores with the
// same prefix on the same Redis are one. The options are for tickets and ratings; what else
// there is comes again by itself. The client must end calls with their contexts
// (ContextTimeoutEnabled). stop is to be called at the end, before the client is closed.
func Open(c redis.UniversalClient, prefix string, opts ...Option) (_ store.Stores, stop func()) {
	t := NewTickets(c, prefix, opts...)
	return store.Stores{
		Tickets: t, Queues: t, Matches: t,
		Ratings: NewRatings(c, prefix, opts...), Nodes: NewNodes(c, prefix), Directory: NewDirectory(c, prefix),
	}, t.Close
}

// list adds texts to the arguments of a call.
func list(args []any, texts []string) []any {
	for _, t := range texts {
		args = append(args, t)
	}
	return args
}
