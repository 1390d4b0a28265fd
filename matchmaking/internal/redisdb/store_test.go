package redisdb_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/matchmaking/internal/redisdb"
	"github.com/tickroom/tickroom/matchmaking/internal/storetest"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// made counts the stores, to give each keys of its own.
var made atomic.Int64

func prefix() string { return fmt.Sprintf("test%d:", made.Add(1)) }

// tickets makes a store until the test ends.
func tickets(t testing.TB, c redis.UniversalClient, prefix string, opts ...redisdb.Option) *redisdb.Tickets {
	s := redisdb.NewTickets(c, prefix, opts...)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// suite runs all suites on what client connects to.
func suite(t *testing.T, client func() redis.UniversalClient, opts ...redisdb.Option) {
	a, b := client(), client()
	t.Run("tickets", func(t *testing.T) {
		t.Parallel()
		storetest.Tickets(t, func(t *testing.T) (_, _ storetest.Store) {
			p := prefix()
			return tickets(t, a, p, opts...), tickets(t, b, p, opts...)
		})
	})
	t.Run("ratings", func(t *testing.T) {
		t.Parallel()
		storetest.Ratings(t, func(*testing.T) (_, _ store.Ratings) {
			p := prefix()
			return redisdb.NewRatings(a, p, opts...), redisdb.NewRatings(b, p, opts...)
		})
	})
	t.Run("nodes", func(t *testing.T) {
		t.Parallel()
		storetest.Nodes(t, func(*testing.T) (_, _ store.Nodes) {
			p := prefix()
			return redisdb.NewNodes(a, p, opts...), redisdb.NewNodes(b, p, opts...)
		})
	})
}

func TestStores(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	suite(t, func() redis.UniversalClient { return srv.Client() })
}
