package redishooks_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/internal/redisdata"
	"github.com/tickroom/tickroom/internal/redisfault"
	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/server/internal/hooks"
	"github.com/tickroom/tickroom/server/internal/redishooks"
)

// TestHarm loses, repeats, delays and cuts calls and answers while letters are put in, and put in again
// after each error: each is there once, in its order, also in the stream.
func TestHarm(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	p, err := redisfault.Start("unix", srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	c := redis.NewClient(&redis.Options{Addr: p.Addr(), MaxRetries: -1, ContextTimeoutEnabled: true})
	t.Cleanup(func() { _ = c.Close() })
	s := redishooks.New(c, redishooks.Options{Prefix: "p:", Bounds: hooks.Bounds{Waiting: 1000, Dead: 10}, StreamLength: 1000})
	p.Harm(redisfault.Odds{LoseAnswer: 0.2, CutCall: 0.1, CutAnswer: 0.2, Repeat: 0.2, Late: 20 * time.Millisecond}.Plan(1, nil))
	const letters = 60
	failures := 0
	for n := uint64(1); n <= letters; n++ {
		l := hooks.Letter{ID: fmt.Sprint(n), Life: "l", Time: time.Now(), Body: []byte("{}"), To: []string{"shop"}}
		for {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			err := s.Append(ctx, "w", n, []hooks.Letter{l})
			cancel()
			if err == nil {
				break
			}
			failures++
		}
	}
	p.Heal()
	if failures == 0 {
		t.Error("nothing was harmed")
	}
	got, err := s.Waiting(t.Context(), "shop", "", 1000)
	if err != nil || len(got) != letters {
		t.Fatal(len(got), err)
	}
	for i := range got {
		if got[i].ID != fmt.Sprint(i+1) {
			t.Fatalf("place %d has %s", i, got[i].ID)
		}
	}
	if n, err := srv.Client().XLen(t.Context(), redisdata.Hooks.Key("p:", "events")).Result(); err != nil || n != letters {
		t.Errorf("the stream has %d, %v", n, err)
	}
}
