package redisdb_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/internal/redisclient"
	"github.com/tickroom/tickroom/internal/redisdata"
	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/internal/secret"
	"github.com/tickroom/tickroom/matchmaking/internal/redisdb"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// connected connects as servers do.
func connected(t testing.TB, at redisclient.Config) redis.UniversalClient {
	at.DialTimeout, at.ReadTimeout = 400*time.Millisecond, 600*time.Millisecond
	c, err := redisclient.New(at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func on(srv *redistest.Server) redisclient.Config {
	return redisclient.Config{URL: secret.Text("unix://" + srv.Addr())}
}

// made counts the stores, to give each keys of its own.
var made atomic.Int64

func prefix() string { return fmt.Sprintf("test%d:", made.Add(1)) }

// tickets opens a store until the test ends.
func tickets(t testing.TB, c redis.UniversalClient, prefix string) *redisdb.Tickets {
	s := redisdb.NewTickets(c, prefix)
	t.Cleanup(s.Close)
	return s
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func one(k string) store.Ticket {
	return store.Ticket{ID: k, Queue: "q", Members: []store.Member{{Player: "p-" + k, Ready: true}}}
}

// calls are all methods of a store, which are to return an error.
func calls(s *redisdb.Tickets, l store.Lease) map[string]func(ctx context.Context) error {
	return map[string]func(ctx context.Context) error{
		"Add": func(ctx context.Context) error { return s.Add(ctx, one("x")) },
		"Ready": func(ctx context.Context) error {
			_, err := s.Ready(ctx, "a", store.Member{Player: "p-a"}, time.Now())
			return err
		},
		"Cancel": func(ctx context.Context) error { _, err := s.Cancel(ctx, "a", "p-a"); return err },
		"Ticket": func(ctx context.Context) error { _, err := s.Ticket(ctx, "a"); return err },
		"Of":     func(ctx context.Context) error { _, err := s.Of(ctx, "p-a"); return err },
		"Lease": func(ctx context.Context) error {
			_, err := s.Lease(ctx, "q", "m", time.Minute)
			return err
		},
		"Release": func(ctx context.Context) error { return s.Release(ctx, l) },
		"Changes": func(ctx context.Context) error { _, err := s.Changes(ctx, "q", 0); return err },
		"Commit": func(ctx context.Context) error {
			_, err := s.Commit(ctx, l, store.Outcome{Match: store.Match{ID: "m"}, Tickets: []string{"a"}})
			return err
		},
		"GiveUp":      func(ctx context.Context) error { return s.GiveUp(ctx, l, []string{"a"}) },
		"AskBackfill": func(ctx context.Context) error { return s.AskBackfill(ctx, store.Backfill{ID: "b", Queue: "q"}) },
		"EndBackfill": func(ctx context.Context) error { _, err := s.EndBackfill(ctx, "b"); return err },
		"Keep":        func(ctx context.Context) error { return s.Keep(ctx, store.Match{ID: "k"}) },
		"Match":       func(ctx context.Context) error { _, err := s.Match(ctx, "k", ""); return err },
		"Touch":       func(ctx context.Context) error { return s.Touch(ctx, "k") },
		"Forget":      func(ctx context.Context) error { return s.Forget(ctx, "k") },
		"Playing":     func(ctx context.Context) error { _, err := s.Playing(ctx, "p-a"); return err },
		"Joined":      func(ctx context.Context) error { return s.Joined(ctx, "p-a", "k") },
		"Left":        func(ctx context.Context) error { return s.Left(ctx, "p-a", "k") },
	}
}

func TestRedisAwayFailsSoonAndComesBack(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]struct{ away, back func(*redistest.Server) }{
		"killed": {(*redistest.Server).Kill, (*redistest.Server).Run},
		"frozen": {(*redistest.Server).Freeze, (*redistest.Server).Thaw},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := redistest.Start(t)
			c := connected(t, on(srv))
			p := prefix()
			s := tickets(t, c, p)
			ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
			defer cancel()
			must(t, s.Add(ctx, one("a")))
			l, err := s.Lease(ctx, "q", "m", time.Minute)
			must(t, err)
			changed, stop, err := s.Watch(ctx, "a")
			must(t, err)
			defer stop()

			fault.away(srv)
			all := calls(s, l)
			all["Ratings"] = func(ctx context.Context) error {
				_, err := redisdb.NewRatings(c, p).Ratings(ctx, "m", []string{"x"})
				return err
			}
			all["Beat"] = func(ctx context.Context) error {
				return redisdb.NewNodes(c, p).Beat(ctx, store.Node{ID: "n"}, time.Minute)
			}
			failAll(ctx, t, all)
			// One that its caller gives up ends at once, and its error is that.
			given, giveUp := context.WithCancel(ctx)
			giveUp()
			if _, err := s.Ticket(given, "a"); !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrUnavailable) {
				t.Errorf("given up: %v", err)
			}

			fault.back(srv)
			for {
				st, err := s.Ticket(ctx, "a")
				if err == nil && (st.State == store.Waiting || name == "frozen") {
					break
				}
				if !errors.Is(err, store.ErrUnavailable) {
					t.Fatalf("when it is back: %+v, %v", st, err)
				}
			}
			// A watcher is woken, if by nothing else, since it is back.
			if name == "killed" {
				for len(changed) > 0 {
					<-changed
				}
				_, err := s.Commit(ctx, l, store.Outcome{Match: store.Match{ID: "m2"}, Tickets: []string{"a"}})
				must(t, err)
			}
			select {
			case <-changed:
			case <-ctx.Done():
				t.Fatal("the watcher was not woken")
			}
		})
	}
}

// failAll makes calls at once, all of which are to find the store unavailable.
func failAll(ctx context.Context, t *testing.T, all map[string]func(context.Context) error) {
	t.Helper()
	begun := time.Now()
	var wg sync.WaitGroup
	for name, call := range all {
		wg.Go(func() {
			if err := call(ctx); !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("%s: %v; want ErrUnavailable", name, err)
			}
		})
	}
	wg.Wait()
	t.Logf("%d calls failed within %v", len(all), time.Since(begun))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// everything puts something of each kind into a store, and returns the keys that it has
// then, each with how long it is kept; 0: for good.
func everything(t *testing.T, s *redisdb.Tickets) map[string]time.Duration {
	t.Helper()
	ctx := t.Context()
	gathers, readied := one("gathers"), one("readied")
	gathers.Members[0].Ready, readied.Members[0].Ready = false, false
	for _, k := range []store.Ticket{gathers, readied, one("waits"), one("matched"), one("ends")} {
		must(t, s.Add(ctx, k))
	}
	_, err := s.Ready(ctx, "readied", store.Member{Player: "p-readied"}, time.Now())
	must(t, err)
	_, err = s.Cancel(ctx, "ends", "p-ends")
	must(t, err)
	l, err := s.Lease(ctx, "q", "m", time.Minute)
	must(t, err)
	_, err = s.Commit(ctx, l, store.Outcome{Match: store.Match{ID: "room", Code: "code"}, Tickets: []string{"matched"}})
	must(t, err)
	must(t, s.AskBackfill(ctx, store.Backfill{ID: "b1", Room: "room", Queue: "q"}))
	_, err = s.Commit(ctx, l, store.Outcome{Match: store.Match{ID: "room", Code: "code"}, Tickets: []string{"waits"}, Backfill: "b1"})
	must(t, err)
	must(t, s.AskBackfill(ctx, store.Backfill{ID: "b2", Room: "room", Queue: "q"}))
	must(t, s.Add(ctx, one("waits2")))
	return map[string]time.Duration{
		"t:gathers": store.GatheringKept,
		"t:readied": store.WaitingKept, "p:p-readied": store.WaitingKept,
		"t:waits2": store.WaitingKept, "p:p-waits2": store.WaitingKept,
		"t:ends": store.EndedKept, "t:matched": store.EndedKept, "t:waits": store.EndedKept,
		"m:room": store.MatchKept, "mp:room": store.MatchKept, "c:code": store.MatchKept,
		"g:p-matched": store.MatchKept, "g:p-waits": store.MatchKept,
		"y:b1": store.MatchKept, "f:b2": store.MatchKept, "r:room": store.MatchKept,
		"h:q": 0, "w:q": 0, "a:q": 0, "x:q": 0,
	}
}

// checkKeys fails unless the keys that begin with tag are those that are wanted, each kept
// for as long.
func checkKeys(t *testing.T, c redis.UniversalClient, tag string, want map[string]time.Duration) {
	t.Helper()
	found, err := c.Keys(t.Context(), "*").Result()
	must(t, err)
	for _, k := range found {
		end, ok := want[strings.TrimPrefix(k, tag)]
		if !ok {
			t.Errorf("there is %s", k)
			continue
		}
		left, err := c.PTTL(t.Context(), k).Result()
		must(t, err)
		if end == 0 && left >= 0 || end > 0 && (left <= end-time.Minute || left > end) {
			t.Errorf("%s ends after %v; want %v", k, left, end)
		}
	}
	if len(found) != len(want) {
		t.Errorf("%d keys; want %d: %v", len(found), len(want), found)
	}
}

func TestEverythingThatIsNotAQueueHasAnEnd(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	c := srv.Client()
	p := prefix()
	s := tickets(t, c, p)
	ctx := t.Context()
	tag := redisdata.Tickets.Prefix(p)
	want := everything(t, s)
	_, err := redisdb.NewRatings(c, p).Ratings(ctx, "m", []string{"x"}) // leaves nothing
	must(t, err)
	checkKeys(t, c, tag, want)

	// Touch keeps what belongs to a room.
	touched := []string{"m:room", "mp:room", "c:code", "g:p-matched", "g:p-waits", "f:b2", "r:room"}
	for _, k := range touched {
		must(t, c.PExpire(ctx, tag+k, time.Second).Err())
	}
	must(t, s.Touch(ctx, "room"))
	checkKeys(t, c, tag, want)

	// What expires is gone for matchers too.
	changes, err := s.Changes(ctx, "q", 0)
	must(t, err)
	if len(changes.Tickets) != 2 || len(changes.Backfills) != 1 {
		t.Fatalf("%+v; want readied, waits2 and b2", changes)
	}
	must(t, c.Del(ctx, tag+"f:b2", tag+"r:room", tag+"t:waits2").Err())
	changes, err = s.Changes(ctx, "q", 0)
	must(t, err)
	if len(changes.Tickets) != 1 || changes.Tickets[0].ID != "readied" || len(changes.Backfills) != 0 {
		t.Errorf("%+v; want that readied waits", changes)
	}
	if st, err := s.Ticket(ctx, "readied"); err != nil || st.Waiting != 1 {
		t.Errorf("%d wait, %v; want 1", st.Waiting, err)
	}

	// Forget leaves nothing of a room.
	must(t, s.Forget(ctx, "room"))
	for _, k := range append(touched, "t:waits2", "a:q") {
		delete(want, k)
	}
	checkKeys(t, c, tag, want)
}

// TestALostTailOfChangesIsNoticed has a replica take over that has not got the last change.
func TestALostTailOfChangesIsNoticed(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	c := srv.Client()
	p := prefix()
	s := tickets(t, c, p)
	ctx := t.Context()
	var after uint64
	read := func(want ...string) {
		t.Helper()
		changes, err := s.Changes(ctx, "q", after)
		if err != nil {
			t.Fatal(err)
		}
		after = changes.Next
		var got []string
		for _, k := range changes.Tickets {
			got = append(got, k.ID)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%q wait; want %q", got, want)
		}
	}
	queue := redisdata.Tickets.Key(p, "queue", "q")
	add := func(id string) {
		t.Helper()
		if err := s.Add(ctx, one(id)); err != nil {
			t.Fatal(err)
		}
	}
	add("a")
	read("a")
	before := c.HGet(ctx, queue, "n").Val()
	add("b")
	read("b")
	lost := func() {
		t.Helper()
		if err := errors.Join(c.HSet(ctx, queue, "n", before).Err(), c.ZRem(ctx, redisdata.Tickets.Key(p, "waits", "q"), "b", "c").Err()); err != nil {
			t.Fatal(err)
		}
	}
	lost()
	add("c") // its number is none that b may have had
	read("c")
	lost()
	read("a") // anew
}
