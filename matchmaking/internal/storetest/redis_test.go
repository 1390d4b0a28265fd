package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/internal/redisclient"
	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/internal/secret"
	"github.com/tickroom/tickroom/matchmaking/internal/redisdb"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// made counts the stores, to give each keys of its own.
var made atomic.Int64

func prefix() string { return fmt.Sprintf("test%d:", made.Add(1)) }

// connected connects as servers do.
func connected(t *testing.T, at redisclient.Config) redis.UniversalClient {
	at.DialTimeout, at.ReadTimeout = 400*time.Millisecond, 600*time.Millisecond
	c, err := redisclient.New(at)
	ok(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func on(srv *redistest.Server) redisclient.Config {
	return redisclient.Config{URL: secret.Text("unix://" + srv.Addr())}
}

// tickets opens a store until the test ends.
func tickets(t *testing.T, c redis.UniversalClient, prefix string, opts ...redisdb.Option) *redisdb.Tickets {
	s := redisdb.NewTickets(c, prefix, opts...)
	t.Cleanup(s.Close)
	return s
}

// redisSuite runs the suite on what two clients connect to.
func redisSuite(t *testing.T, client func() redis.UniversalClient, opts ...redisdb.Option) {
	one, two := client(), client()
	suite(t, func(t *testing.T) (a, b store.Stores) {
		p := prefix()
		a, closeA := redisdb.Open(one, p, opts...)
		b, closeB := redisdb.Open(two, p, opts...)
		t.Cleanup(func() { closeA(); closeB() })
		return a, b
	})
}

func TestRedis(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	redisSuite(t, func() redis.UniversalClient { return srv.Client() })
}

func TestCluster(t *testing.T) {
	t.Parallel()
	addrs := redistest.StartCluster(t, 3)
	c := func() redis.UniversalClient { return connected(t, redisclient.Config{Addresses: addrs, Cluster: true}) }
	redisSuite(t, c)
	// Nothing has a replica here: what is tested is that the acknowledgement is asked of the
	// node with the keys.
	t.Run("replicas", func(t *testing.T) {
		t.Parallel()
		c := c()
		for range 10 { // tags on all the nodes
			p := prefix()
			s := tickets(t, c, p, redisdb.WithReplicas(1, 5*time.Millisecond))
			for range 2 {
				want(t, s.Add(t.Context(), solo("q", "a")), store.ErrUnavailable)
			}
			// What was not acknowledged may be there, and is here.
			state(t, tickets(t, c, p), "a", store.Waiting)
		}
	})
}

func TestReplicas(t *testing.T) {
	t.Parallel()
	f := redistest.StartFailover(t)
	client := func() redis.UniversalClient {
		return connected(t, redisclient.Config{Addresses: []string{f.Sentinel}, Master: f.Name})
	}
	t.Run("suite", func(t *testing.T) { redisSuite(t, client, redisdb.WithReplicas(1, 500*time.Millisecond)) })
	t.Run("a fail-over loses no ticket and matches none twice", func(t *testing.T) {
		p := prefix()
		var views []whole
		for range 2 {
			views = append(views, tickets(t, client(), p, redisdb.WithReplicas(1, 300*time.Millisecond)))
		}
		account(t, load{stores: views, tickets: 300, disturb: func(ctx context.Context) {
			pause(ctx, 200*time.Millisecond)
			asking, stop := context.WithCancel(ctx)
			gap := make(chan time.Duration)
			go func() { gap <- silence(asking, views[0]) }()
			took := f.Switch(ctx)
			pause(ctx, 500*time.Millisecond)
			stop()
			t.Logf("there was no master for %v, and no answer for %v", took, <-gap)
		}})
	})
}

// silence asks something until ctx ends, and returns the longest time without an answer.
func silence(ctx context.Context, s whole) (longest time.Duration) {
	last := time.Now()
	for ctx.Err() == nil {
		if _, err := s.Of(ctx, "nobody"); errors.Is(err, store.ErrNoTicket) {
			longest, last = max(longest, time.Since(last)), time.Now()
		}
		pause(ctx, time.Millisecond)
	}
	return longest
}

func TestKilledRedisLosesNoTicketAndMatchesNoneTwice(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	p := prefix()
	views := []whole{tickets(t, connected(t, on(srv)), p), tickets(t, connected(t, on(srv)), p)}
	account(t, load{stores: views, tickets: 300, patience: 50 * time.Millisecond, disturb: func(ctx context.Context) {
		for range 3 {
			pause(ctx, 150*time.Millisecond)
			srv.Kill()
			pause(ctx, 50*time.Millisecond)
			srv.Run()
		}
		pause(ctx, 100*time.Millisecond)
	}})
}
