package hooks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickroom/tickroom/netcode/webhook"
	"github.com/tickroom/tickroom/server/internal/claim"
	"github.com/tickroom/tickroom/world"
)

// counted are metrics of a test.
type counted struct {
	mu   sync.Mutex
	lost map[string]int
}

func (*counted) Event(string)                    {}
func (*counted) Delivered(string, time.Duration) {}
func (*counted) Failed(string)                   {}
func (*counted) Buried(string)                   {}
func (*counted) Sender(string, bool)             {}
func (*counted) Waiting(string, int, int, uint64) {
}

func (c *counted) Lost(typ string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lost[typ]++
}

func options(t *testing.T, url string) Options {
	t.Helper()
	secret, err := webhook.ParseSecret("correct horse battery staple, hooks")
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Store: NewMemory(Bounds{Waiting: 1000, Dead: 1000}), Claims: claim.NewMemory(time.Now), Owner: "me", Node: "me", Version: "test",
		Receivers: []Receiver{{Name: "shop", URL: url, Secrets: []webhook.Secret{secret}}},
		Message: func(string, uint32, []byte) (string, json.RawMessage, error) {
			return "7", nil, errors.New("there is none")
		},
		AllowPrivate: true, Timeout: 5 * time.Second, RetryFor: time.Hour, MaxBackoff: 20 * time.Millisecond, Concurrency: 4, Buffer: 64,
		Poll: 10 * time.Millisecond, Metrics: &counted{lost: map[string]int{}}, Logger: slog.New(slog.DiscardHandler),
	}
}

// run runs hooks until the test ends.
func run(t *testing.T, o Options) *Hooks {
	t.Helper()
	h := New(o)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { h.Run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	return h
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(60 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("not in time: %s", what)
		}
	}
}

func (h *Hooks) counts(t *testing.T) Counts {
	t.Helper()
	c, err := h.Counts(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// why returns why the first dead letter is one.
func (h *Hooks) why(t *testing.T) string {
	t.Helper()
	until(t, "a letter is dead", func() bool { return h.counts(t).Dead > 0 })
	dead, err := h.Dead(t.Context(), "shop", "", 1)
	if err != nil || len(dead) != 1 {
		t.Fatal(dead, err)
	}
	return dead[0].Why
}

// TestOrder has many rooms tell many things to a receiver that fails half of the time: those of each
// room come in their order.
func TestOrder(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	last, seen := map[string]uint64{}, 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var e webhook.Event
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		switch {
		case rand.IntN(2) == 0:
			w.WriteHeader(http.StatusServiceUnavailable)
		case e.Number == last[e.Room]: // the answer was lost
		case e.Number != last[e.Room]+1:
			t.Errorf("room %s: %d behind %d", e.Room, e.Number, last[e.Room])
		default:
			last[e.Room]++
			seen++
		}
	}))
	defer srv.Close()
	o := options(t, srv.URL)
	o.Buffer = 10_000
	o.MaxBackoff = time.Millisecond
	h := run(t, o)
	const rooms, events = 10, 20
	for r := range rooms {
		room := h.Room(fmt.Sprint("room-", r), "k")
		for range events {
			room.Told(7, []byte("x"))
		}
	}
	until(t, "all have come", func() bool { mu.Lock(); defer mu.Unlock(); return seen == rooms*events })
	until(t, "none waits", func() bool { return h.counts(t) == Counts{} })
}

// TestNowhere has webhooks that must not go where they lead.
func TestNowhere(t *testing.T) {
	t.Parallel()
	var asked sync.Map
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.URL.Path, true)
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "/here", http.StatusTemporaryRedirect)
		}
	}))
	t.Cleanup(srv.Close)
	local := strings.Replace(srv.URL, "127.0.0.1", "localhost", 1)
	for name, c := range map[string]struct {
		url     string
		private bool
		why     string
	}{
		"a redirect":      {srv.URL + "/away", true, "leads elsewhere"},
		"a private name":  {local + "/private", false, "not public"},
		"a private one":   {srv.URL + "/private", false, "not public"},
		"nobody is there": {"http://127.0.0.1:1/", true, "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(t, c.url)
			o.AllowPrivate, o.RetryFor = c.private, 0
			h := run(t, o)
			h.Room("r", "k").Ended("x")
			if why := h.why(t); !strings.Contains(why, c.why) {
				t.Errorf("%s; want %s", why, c.why)
			}
		})
	}
	t.Cleanup(func() {
		for _, path := range []string{"/here", "/private"} {
			if _, was := asked.Load(path); was {
				t.Errorf("%s was asked", path)
			}
		}
	})
}

// TestHangs has a receiver that does not answer.
func TestHangs(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-r.Context().Done():
		case <-end:
		}
	}))
	defer srv.Close()
	defer close(end)
	o := options(t, srv.URL)
	o.Timeout, o.RetryFor = 50*time.Millisecond, 0
	h := run(t, o)
	h.Room("r", "k").Ended("x")
	if why := h.why(t); !strings.Contains(why, "no answer within") {
		t.Error(why)
	}
}

// TestGone has a receiver that says that it is gone for good.
func TestGone(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }))
	defer srv.Close()
	h := run(t, options(t, srv.URL))
	h.Room("r", "k").Ended("x")
	if why := h.why(t); !strings.Contains(why, "410") {
		t.Error(why)
	}
}

// TestBuffer fills the memory while what keeps events is away.
func TestBuffer(t *testing.T) {
	t.Parallel()
	o := options(t, "http://127.0.0.1:1/")
	c := &counted{lost: map[string]int{}}
	o.Metrics = c
	h := New(o) // which does not run
	r := h.Room("r", "k")
	for range 60 {
		r.Joined(&world.Player{})
	}
	for range 20 {
		r.Told(1, nil)
	}
	if n := h.Buffered(); n != 64 || c.lost[webhook.PlayerJoined] != 12 || c.lost[webhook.RoomMessage] != 4 {
		t.Errorf("%d in memory, lost %v", n, c.lost)
	}
	var none *Hooks
	none.Room("r", "k").Ended("nobody is told")
}

// TestLanes steps through failures by hand.
func TestLanes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	l := newLanes(2, time.Minute, 4*time.Second)
	l.jitter = func() float64 { return 0 }
	for i, life := range []string{"a", "a", "b", "c"} {
		l.add(Waiting{Place(fmt.Sprint(i)), Letter{Life: life, Time: now}})
	}
	a, _ := l.next(now)
	b, _ := l.next(now)
	if c, wait := l.next(now); a.room != "a" || b.room != "b" || c != nil || wait >= 0 {
		t.Fatal("two are under way at once, of different rooms")
	}
	var pauses []time.Duration
	l.sent(b, true)
	for range 6 {
		if l.failed(a, now, 0, false) {
			t.Fatal("it is given up")
		}
		var wait time.Duration
		for r, w := l.next(now); ; r, w = l.next(now) {
			if r == a {
				break
			}
			if r != nil { // another room's goes meanwhile, and says nothing of a
				l.sent(r, false)
				continue
			}
			wait += w
			now = now.Add(w)
		}
		pauses = append(pauses, wait)
	}
	if want := []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 4 * time.Second, 4 * time.Second}; !slices.Equal(pauses, want) {
		t.Errorf("pauses %v; want %v", pauses, want)
	}
	if !l.failed(a, now.Add(time.Hour), 0, false) {
		t.Error("it is tried for ever")
	}
	l.sent(a, false)
	if r, _ := l.next(now.Add(2 * time.Hour)); r != a || r.first().Place != "1" {
		t.Error("the next one of the room follows")
	}
}
