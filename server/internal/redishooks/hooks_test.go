package redishooks_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
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
	"github.com/tickroom/tickroom/server/internal/hooks"
	"github.com/tickroom/tickroom/server/internal/hookstest"
	"github.com/tickroom/tickroom/server/internal/redishooks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var made atomic.Int64

func suite(t *testing.T, c redis.UniversalClient) {
	hookstest.Suite(t, func(*testing.T) hooks.Store {
		return redishooks.New(c, redishooks.Options{Prefix: fmt.Sprintf("test%d:", made.Add(1)), Bounds: hookstest.Bounds})
	})
}

func TestRedis(t *testing.T) {
	t.Parallel()
	suite(t, redistest.Start(t).Client())
}

func TestCluster(t *testing.T) {
	t.Parallel()
	addrs := redistest.StartCluster(t, 3)
	c, err := redisclient.New(redisclient.Config{Addresses: addrs, Cluster: true, DialTimeout: 400 * time.Millisecond, ReadTimeout: 600 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	suite(t, c)
}

// TestForgotten has a Redis that has forgotten what a writer had put in, as a replica that never had it: that is
// told, and nothing is put in behind a gap.
func TestForgotten(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	s := redishooks.New(srv.Client(), redishooks.Options{Prefix: "p:", Bounds: hookstest.Bounds, StreamLength: 10})
	put := func(first uint64, ids ...string) error {
		var letters []hooks.Letter
		for _, id := range ids {
			letters = append(letters, hooks.Letter{ID: id, Time: time.Now(), To: []string{"shop"}})
		}
		return s.Append(t.Context(), "w", first, letters)
	}
	for first, ids := range [][]string{{}, {"a", "b"}, {}, {"c"}} {
		if err := put([]uint64{1, 1, 3, 3}[first], ids...); err != nil {
			t.Fatal(err)
		}
	}
	if err := srv.Client().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	for _, ids := range [][]string{{}, {"d"}} {
		var e *hooks.ForgottenError
		if err := put(4, ids...); !errors.As(err, &e) || e.Last != 0 {
			t.Errorf("%d letters behind what is forgotten: %v", len(ids), err)
		}
	}
	if c, err := s.Counts(t.Context(), "shop"); err != nil || c.Waiting != 0 {
		t.Error(c, err)
	}
}

// uncounted are metrics that nobody reads.
type uncounted struct{}

func (uncounted) Event(string)                     {}
func (uncounted) Lost(string)                      {}
func (uncounted) Delivered(string, time.Duration)  {}
func (uncounted) Failed(string)                    {}
func (uncounted) Buried(string)                    {}
func (uncounted) Sender(string, bool)              {}
func (uncounted) Waiting(string, int, int, uint64) {}

// TestFailOver kills the master while rooms tell what happens in them: the replica that takes over has all of it in the
// end, in its order.
func TestFailOver(t *testing.T) {
	t.Parallel()
	f := redistest.StartFailover(t)
	c, err := redisclient.New(redisclient.Config{Addresses: []string{f.Sentinel}, Master: f.Name, DialTimeout: 400 * time.Millisecond, ReadTimeout: 600 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	h := hooks.New(hooks.Options{
		Store:  redishooks.New(c, redishooks.Options{Prefix: "p:", Bounds: hookstest.Bounds, StreamLength: 100_000}),
		Claims: claim.NewMemory(time.Now), Owner: "me", Node: "me", Stream: true, Buffer: 100_000, Metrics: uncounted{}, Logger: slog.New(slog.DiscardHandler),
		Message: func(string, uint32, []byte) (string, json.RawMessage, error) { return "note", nil, errors.New("none") },
	})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { h.Run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })

	over := make(chan struct{})
	told := 0
	wg.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		r := h.Room("r", "k")
		for after := 0; after < 100; told++ {
			select {
			case <-over:
				after++
			default:
			}
			r.Told(1, nil)
			<-tick.C
		}
		cancel() // Run moves what is in memory
	})
	has := func() (numbers []uint64) {
		entries, err := c.XRange(context.Background(), redisdata.Hooks.Key("p:", "events"), "-", "+").Result()
		if err != nil {
			return nil
		}
		for _, e := range entries {
			var event struct{ Number uint64 }
			if err := json.Unmarshal([]byte(e.Values["event"].(string)), &event); err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(numbers, event.Number) { // one may be there twice, with the same id
				numbers = append(numbers, event.Number)
			}
		}
		return numbers
	}
	wait := time.NewTicker(10 * time.Millisecond)
	defer wait.Stop()
	for len(has()) < 100 {
		<-wait.C
	}
	t.Logf("no master for %v", f.Switch(t.Context()))
	close(over)
	wg.Wait()
	all := has()
	if len(all) != told || !slices.IsSorted(all) {
		t.Errorf("of %d events there are %d: %v", told, len(all), all)
	}
}
