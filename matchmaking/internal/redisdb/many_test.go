package redisdb_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/internal/redisclient"
	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/matchmaking/internal/redisdb"
	"github.com/tickroom/tickroom/matchmaking/internal/storetest"
	"github.com/tickroom/tickroom/matchmaking/store"
)

func TestOnACluster(t *testing.T) {
	t.Parallel()
	addrs := redistest.StartCluster(t, 3)
	c := func() redis.UniversalClient { return connected(t, redisclient.Config{Addresses: addrs, Cluster: true}) }
	suite(t, c)
	// Nothing has a replica here: what is tested is that the acknowledgement is asked
	// of the node with the keys.
	t.Run("replicas", func(t *testing.T) {
		t.Parallel()
		c := c()
		for range 10 { // tags on all the nodes
			p := prefix()
			s := tickets(t, c, p, redisdb.WithReplicas(1, 5*time.Millisecond))
			for range 2 {
				wantUnavailable(t, s.Add(t.Context(), one("a")))
			}
			plain := tickets(t, c, p)
			if st, err := plain.Ticket(t.Context(), "a"); err != nil || st.State != store.Waiting {
				t.Fatalf("what was not acknowledged may be there, and is here: %+v, %v", st, err)
			}
		}
	})
}

func TestWithReplicas(t *testing.T) {
	t.Parallel()
	f := redistest.StartFailover(t)
	t.Run("suite", func(t *testing.T) {
		suite(t, func() redis.UniversalClient {
			return connected(t, redisclient.Config{Addresses: []string{f.Sentinel}, Master: f.Name})
		}, redisdb.WithReplicas(1, 500*time.Millisecond))
	})
	t.Run("a fail-over loses no ticket and matches none twice", func(t *testing.T) {
		p := prefix()
		var views []storetest.Store
		for range 2 {
			views = append(views, tickets(t, connected(t, redisclient.Config{Addresses: []string{f.Sentinel}, Master: f.Name}), p, redisdb.WithReplicas(1, 300*time.Millisecond)))
		}
		storetest.Account(t, storetest.Load{Stores: views, Tickets: 300, Disturb: func(ctx context.Context) {
			wait(ctx, 200*time.Millisecond)
			asking, stop := context.WithCancel(ctx)
			gap := make(chan time.Duration)
			go func() { gap <- silence(asking, views[0]) }()
			took := f.Switch(ctx)
			wait(ctx, 500*time.Millisecond)
			stop()
			t.Logf("there was no master for %v, and no answer for %v", took, <-gap)
		}})
	})
}

// silence asks something until ctx ends, and gives the longest time without an answer.
func silence(ctx context.Context, s storetest.Store) (longest time.Duration) {
	last := time.Now()
	for ctx.Err() == nil {
		if _, err := s.Of(ctx, "nobody"); errors.Is(err, store.ErrNoTicket) {
			longest, last = max(longest, time.Since(last)), time.Now()
		}
		wait(ctx, time.Millisecond)
	}
	return longest
}
