package redisclaim_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/internal/redisclient"
	"github.com/tickroom/tickroom/internal/redisdata"
	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/server/internal/claim"
	"github.com/tickroom/tickroom/server/internal/claimtest"
	"github.com/tickroom/tickroom/server/internal/redisclaim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var made atomic.Int64

// past waits until so much time has gone by: claims in Redis end by its clock.
func past(d time.Duration) { <-time.After(d) }

func suite(t *testing.T, client func() redis.UniversalClient) {
	one, two := client(), client()
	claimtest.Suite(t, func(t *testing.T) claimtest.Store {
		p := fmt.Sprintf("test%d:", made.Add(1))
		return claimtest.Store{A: redisclaim.New(one, p), B: redisclaim.New(two, p), Past: past, Lose: func() {
			if err := one.Del(t.Context(), redisdata.Claims.Key(p, "claim", "x")).Err(); err != nil {
				t.Fatal(err)
			}
		}}
	})
}

func TestRedis(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	suite(t, func() redis.UniversalClient { return srv.Client() })
}

func TestCluster(t *testing.T) {
	t.Parallel()
	addrs := redistest.StartCluster(t, 3)
	suite(t, func() redis.UniversalClient {
		c, err := redisclient.New(redisclient.Config{Addresses: addrs, Cluster: true, DialTimeout: 400 * time.Millisecond, ReadTimeout: 600 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	})
}

// TestForgotten sees that Redis forgets claims by itself.
func TestForgotten(t *testing.T) {
	t.Parallel()
	c := redistest.Start(t).Client()
	s := redisclaim.New(c, "p:")
	if _, err := s.Want(t.Context(), "a", time.Minute, []claim.Wanted{{Name: "x", Take: true}, {Name: "y"}}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"x", "y"} {
		ttl, err := c.PTTL(t.Context(), redisdata.Claims.Key("p:", "claim", name)).Result()
		if err != nil || ttl < claim.Forgotten-time.Minute || ttl > claim.Forgotten+2*time.Minute {
			t.Errorf("%s is kept for %v, %v", name, ttl, err)
		}
	}
}

// TestAway sees that calls end soon while Redis does not answer.
func TestAway(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	s := redisclaim.New(srv.Client(), "p:")
	srv.Freeze()
	defer srv.Thaw()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Want(ctx, "a", time.Minute, []claim.Wanted{{Name: "x", Take: true}}); err == nil {
		t.Error("a Redis that does not answer has answered")
	}
}
