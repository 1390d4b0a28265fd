package redisclaim_test

import (
	"context"
	"fmt"
	"sync"
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

// TestFailOver has the master of Redis killed while servers compete for a claim and renew theirs. At no
// time do two have the same epoch, and afterwards claims are renewed and taken as before.
func TestFailOver(t *testing.T) {
	t.Parallel()
	f := redistest.StartFailover(t)
	client := func() redis.UniversalClient {
		c, err := redisclient.New(redisclient.Config{Addresses: []string{f.Sentinel}, Master: f.Name, DialTimeout: 400 * time.Millisecond, ReadTimeout: 600 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	mine, err := redisclaim.New(client(), "p:").Want(ctx, "long", time.Hour, []claim.Wanted{{Name: "kept", Take: true}})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	owners := map[uint64]string{} // of the claim that all want, by its epoch
	over := make(chan struct{})
	var wg sync.WaitGroup
	for _, owner := range []string{"a", "b"} {
		s := redisclaim.New(client(), "p:")
		wg.Go(func() {
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			for after := 0; after < 20 && ctx.Err() == nil; {
				<-tick.C
				got, err := s.Want(ctx, owner, 20*time.Millisecond, []claim.Wanted{{Name: "x", Take: true}})
				if err != nil {
					continue
				}
				mu.Lock()
				if had := owners[got[0].Epoch]; got[0].Owner != "" && had != "" && had != got[0].Owner {
					t.Errorf("%s and %s have the epoch %d", had, got[0].Owner, got[0].Epoch)
				}
				owners[got[0].Epoch] = got[0].Owner
				mu.Unlock()
				select {
				case <-over:
					after++
				default:
				}
			}
		})
	}
	f.Switch(ctx)
	close(over)
	wg.Wait()
	s := redisclaim.New(client(), "p:")
	mine[0].Note = "here"
	got, err := s.Renew(ctx, time.Hour, mine)
	if err != nil || got[0].Owner != "long" || got[0].Epoch != mine[0].Epoch || got[0].Note != "here" {
		t.Errorf("what was held before is %+v, %v; want %+v", got, err, mine)
	}
	if len(owners) < 3 {
		t.Errorf("%d epochs were seen", len(owners))
	}
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
