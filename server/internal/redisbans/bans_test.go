package redisbans_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/internal/redisclient"
	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/limitstest"
	"github.com/tickroom/tickroom/server/internal/redisbans"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func client(t *testing.T, srv *redistest.Server) redis.UniversalClient {
	t.Helper()
	cfg := config.Default().Redis
	cfg.Addresses = []string{srv.Addr()}
	c, err := redisclient.New(redisclient.Config(cfg))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// open opens bans as a node does.
func open(t *testing.T, c redis.UniversalClient, o redisbans.Options) *redisbans.Bans {
	t.Helper()
	b, err := redisbans.Open(t.Context(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// never is an Every that does not come in a test.
const never = time.Hour

func add(t *testing.T, b limits.Bans, ban limits.Ban) {
	t.Helper()
	if err := b.Add(t.Context(), ban); err != nil {
		t.Fatal(err)
	}
}

func banned(b limits.Bans, player string) bool {
	_, yes := b.Check(player, netip.Addr{}, time.Now())
	return yes
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("it does not come about: %s", what)
		}
	}
}

func TestBans(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	var made atomic.Int64
	limitstest.Bans(t, func(t *testing.T) (limits.Bans, limits.Bans, func()) {
		o := redisbans.Options{Prefix: fmt.Sprintf("t%d:", made.Add(1)), Size: 1000}
		a, b := open(t, client(t, srv), o), open(t, client(t, srv), o)
		return a, b, func() {
			if err := errors.Join(a.Sync(t.Context()), b.Sync(t.Context())); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestHearing: with nothing but the subscription, changes are known elsewhere soon,
// each once; and with nothing but comparing.
func TestHearing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		every time.Duration
		deaf  bool
	}{"by the subscription": {never, false}, "by comparing": {20 * time.Millisecond, true}, "by both": {time.Millisecond, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := redistest.Start(t)
			there := open(t, client(t, srv), redisbans.Options{Every: never})
			add(t, there, limits.Ban{Player: "before"})
			cl := client(t, srv)
			if c.deaf {
				cl = deaf(t, srv)
			}
			here := open(t, cl, redisbans.Options{Every: c.every})
			if !banned(here, "before") {
				t.Fatal("what was there before is not known")
			}
			var mu sync.Mutex
			heard := map[string]int{}
			defer here.Watch(func(b limits.Ban) {
				mu.Lock()
				defer mu.Unlock()
				heard[b.Player]++
			})()
			// The subscription is there once one of these is heard.
			eventually(t, "the first is heard", func() bool { add(t, there, limits.Ban{Player: "first"}); return banned(here, "first") })
			const n = 100
			for i := range n {
				add(t, there, limits.Ban{Player: fmt.Sprint("p", i)})
				if i%2 == 0 {
					if _, err := there.Remove(t.Context(), fmt.Sprint("player:p", i)); err != nil {
						t.Fatal(err)
					}
				}
			}
			if _, err := there.Remove(t.Context(), "player:before"); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the last change is heard", func() bool { return !banned(here, "before") })
			for i := range n {
				if p := fmt.Sprint("p", i); banned(here, p) != (i%2 == 1) {
					t.Errorf("%s: banned %v", p, banned(here, p))
				}
			}
			mu.Lock()
			defer mu.Unlock()
			for i := 1; i < n; i += 2 {
				if p := fmt.Sprint("p", i); heard[p] != 1 {
					t.Errorf("%s was told %d times", p, heard[p])
				}
			}
			if heard["before"] != 0 {
				t.Error("what was there before was told as something new")
			}
		})
	}
}

// deaf gives a client whose subscriptions look healthy and deliver nothing.
func deaf(t *testing.T, srv *redistest.Server) redis.UniversalClient {
	t.Helper()
	c := redis.NewClient(&redis.Options{Network: "unix", Addr: srv.Addr(), MaxRetries: -1, Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
		var d net.Dialer
		conn, err := d.DialContext(ctx, network, addr)
		return &deafConn{Conn: conn}, err
	}})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

type deafConn struct{ net.Conn }

func (c *deafConn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if err != nil || !bytes.Contains(p[:n], []byte("\r\nmessage\r\n")) {
			return n, err
		}
	}
}

// TestRedisAway kills Redis, and starts it again.
func TestRedisAway(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	var log lines
	a := open(t, client(t, srv), redisbans.Options{Every: 20 * time.Millisecond, Log: slog.New(slog.NewTextHandler(&log, nil))})
	b := open(t, client(t, srv), redisbans.Options{Every: 20 * time.Millisecond})
	add(t, a, limits.Ban{Player: "ann"})
	eventually(t, "b hears of ann", func() bool { return banned(b, "ann") })
	if err := a.Err(); err != nil {
		t.Errorf("all is well, and yet: %v", err)
	}

	srv.Kill()
	eventually(t, "a says that Redis is away", func() bool { return a.Err() != nil })
	if err := a.Add(t.Context(), limits.Ban{Player: "bob"}); err == nil {
		t.Error("added with no Redis")
	}
	if _, err := a.Remove(t.Context(), "player:ann"); err == nil {
		t.Error("removed with no Redis")
	}
	if _, err := a.List(t.Context()); err == nil {
		t.Error("listed with no Redis")
	}
	if !banned(a, "ann") || !banned(b, "ann") || banned(a, "bob") {
		t.Error("what was known holds no more, or what failed does")
	}
	if c, err := redisbans.Open(t.Context(), client(t, srv), redisbans.Options{}); err == nil {
		c.Close()
		t.Error("opened with no Redis")
	}

	srv.Run()
	eventually(t, "a says that Redis is back", func() bool { return a.Err() == nil })
	add(t, a, limits.Ban{Player: "cid"})
	eventually(t, "b hears of cid", func() bool { return banned(b, "cid") })
	for _, want := range []string{"Redis is away", "Redis is back"} {
		if n := strings.Count(log.String(), want); n != 1 {
			t.Errorf("%q is %d times in the log:\n%s", want, n, log.String())
		}
	}
}

// TestRedisLosesEverything: it is believed, and the log says so.
func TestRedisLosesEverything(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	var log lines
	c := client(t, srv)
	a := open(t, c, redisbans.Options{Every: never, Log: slog.New(slog.NewTextHandler(&log, nil))})
	for i := range 5 {
		add(t, a, limits.Ban{Player: fmt.Sprint("p", i)})
	}
	if err := c.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	// Another node begins anew, with as many changes.
	b := open(t, client(t, srv), redisbans.Options{Every: never})
	for i := range 5 {
		add(t, b, limits.Ban{Player: fmt.Sprint("q", i)})
	}
	if err := a.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		if p, q := fmt.Sprint("p", i), fmt.Sprint("q", i); banned(a, p) || !banned(a, q) {
			t.Errorf("%s %v, %s %v", p, banned(a, p), q, banned(a, q))
		}
	}
	if n := strings.Count(log.String(), "lost"); n != 1 {
		t.Errorf("the log says it %d times:\n%s", n, log.String())
	}
	add(t, a, limits.Ban{Player: "new"})
	if !banned(a, "new") {
		t.Error("new is not banned")
	}
}

func TestBansAreBounded(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	c := client(t, srv)
	b := open(t, c, redisbans.Options{Size: 3})
	add(t, b, limits.Ban{Player: "a"})
	add(t, b, limits.Ban{Player: "b", Until: time.Now().Add(time.Hour)})
	add(t, b, limits.Ban{Player: "c", Until: time.Now().Add(-time.Second)})
	add(t, b, limits.Ban{Player: "a", Reason: "again"})
	add(t, b, limits.Ban{Player: "d"}) // in the place of c, which has ended
	if err := b.Add(t.Context(), limits.Ban{Player: "e"}); !errors.Is(err, limits.ErrTooManyBans) {
		t.Errorf("a fourth: %v", err)
	}
	add(t, b, limits.Ban{Player: "b"}) // for ever now
	for _, p := range []string{"a", "b", "d"} {
		if found, err := b.Remove(t.Context(), "player:"+p); !found || err != nil {
			t.Errorf("%s: %v, %v", p, found, err)
		}
	}
	if keys, err := c.Keys(t.Context(), "*").Result(); err != nil || len(keys) != 1 {
		t.Errorf("left: %q, %v", keys, err)
	}
}

// TestOneThatCantBeRead does not keep the others from being known.
func TestOneThatCantBeRead(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	c := client(t, srv)
	a := open(t, c, redisbans.Options{Every: 20 * time.Millisecond})
	add(t, a, limits.Ban{Player: "ann"})
	for subject, text := range map[string]string{"player:x": "7 nonsense", "player:y": "nonsense", "player:z": `8 {"network":"1.2"}`} {
		if err := c.HSet(t.Context(), "{bans}:all", subject, text).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{"", "nonsense", "e 1 + x", "e x - y", `e 99 * {}`} {
		if err := c.Publish(t.Context(), "{bans}:changes", text).Err(); err != nil {
			t.Fatal(err)
		}
	}
	b := open(t, client(t, srv), redisbans.Options{})
	if !banned(b, "ann") || banned(b, "x") {
		t.Errorf("ann %v, x %v", banned(b, "ann"), banned(b, "x"))
	}
	add(t, b, limits.Ban{Player: "bob"})
	eventually(t, "a hears of bob", func() bool { return banned(a, "bob") })
}

// TestStorm lets several nodes add and remove the same few bans while Redis's
// subscriptions are cut again and again: in the end all know the same.
func TestStorm(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	var nodes []*redisbans.Bans
	for range 3 {
		nodes = append(nodes, open(t, client(t, srv), redisbans.Options{Every: 10 * time.Millisecond}))
	}
	cut := srv.Client()
	var wg sync.WaitGroup
	for i, n := range nodes {
		wg.Go(func() {
			for j := range 150 {
				who := fmt.Sprint("p", (i+j*j)%7)
				err := n.Add(t.Context(), limits.Ban{Player: who, Reason: fmt.Sprint(i, "-", j)})
				if err == nil && j%3 == 0 {
					_, err = n.Remove(t.Context(), "player:"+who)
				}
				if err == nil && j%50 == 10*i {
					err = cut.ClientKillByFilter(t.Context(), "TYPE", "pubsub").Err()
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	want, err := nodes[0].List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range nodes {
		if err := n.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		for p := range 7 {
			who := fmt.Sprint("p", p)
			got, yes := n.Check(who, netip.Addr{}, time.Now())
			reason := "-"
			for _, b := range want {
				if b.Player == who {
					reason = b.Reason
				}
			}
			if yes != (reason != "-") || yes && got.Reason != reason {
				t.Errorf("node %d, %s: %v %q; want %q", i, who, yes, got.Reason, reason)
			}
		}
	}
}

// lines is a log.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
