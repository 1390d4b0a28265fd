package limits

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/tickroom/tickroom/server/config"
)

// callers is a Calls with a clock that is set by hand: of kind 0 two calls a second are
// allowed, three at once, of kind 1 one.
type callers struct {
	*Calls
	t      *testing.T
	now    time.Time
	bans   *MemoryBans
	denied map[Reason]int
}

func newCallers(t *testing.T) *callers {
	t.Helper()
	x := &callers{t: t, now: time.Unix(1_800_000_000, 0), denied: map[Reason]int{}}
	clock := func() time.Time { return x.now }
	x.bans = NewMemoryBans(10, clock)
	cfg := config.Default().Access
	cfg.TrustedProxies = []string{"192.0.2.1"}
	g, err := NewGuard(cfg, Options{Bans: x.bans, Now: clock, OnDenied: func(r Reason) { x.denied[r]++ }})
	if err != nil {
		t.Fatal(err)
	}
	if x.Calls, err = NewCalls(g, Rate{2, 3}, Rate{1, 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := NewCalls(g, Rate{0, 1}); err == nil {
		t.Error("a rate of nothing is taken")
	}
	return x
}

// wants calls from an address, which may have to wait.
func (x *callers) wants(wait time.Duration, remote string, h http.Header, kind int) {
	x.t.Helper()
	if w, err := x.Address(remote, h, kind); w != wait || err != nil {
		x.t.Errorf("a call of kind %d from %s waits %v, %v; want %v", kind, remote, w, err, wait)
	}
}

func TestCallsOfAddresses(t *testing.T) {
	t.Parallel()
	x := newCallers(t)
	for range 3 {
		x.wants(0, "198.51.100.7:1", nil, 0)
	}
	const wait = 500 * time.Millisecond
	x.wants(wait, "198.51.100.7:2", nil, 0)
	// Kinds and addresses have buckets of their own, also behind a proxy; who lies about
	// its address gains nothing.
	x.wants(0, "198.51.100.7:2", nil, 1)
	x.wants(wait, "198.51.100.7:2", http.Header{"X-Forwarded-For": {"203.0.113.9"}}, 0)
	x.wants(0, "192.0.2.1:3", http.Header{"X-Forwarded-For": {"203.0.113.9"}}, 0)
	for range 10 {
		x.wants(0, "127.0.0.1:3", nil, 0) // exempt
	}
	if x.denied[CallRate] != 2 {
		t.Errorf("counted: %v", x.denied)
	}
	x.now = x.now.Add(wait)
	x.wants(0, "198.51.100.7:2", nil, 0)
	x.now = x.now.Add(time.Hour)
	x.Sweep()
	if n := x.Len(); n != 0 {
		t.Errorf("%d are remembered", n)
	}
}

func TestCallsOfPlayers(t *testing.T) {
	t.Parallel()
	x := newCallers(t)
	for i, wait := range []time.Duration{0, time.Second} {
		if w, err := x.Player("ann", 1); w != wait || err != nil {
			t.Errorf("call %d: %v, %v", i, w, err)
		}
	}
	if err := x.bans.Add(t.Context(), Ban{Player: "bob"}); err != nil {
		t.Fatal(err)
	}
	var d *Denied
	if _, err := x.Player("bob", 0); !errors.As(err, &d) || d.Reason != BannedPlayer {
		t.Errorf("a banned player: %v", err)
	}
	if x.denied[CallRate] != 1 || x.denied[BannedPlayer] != 1 {
		t.Errorf("counted: %v", x.denied)
	}
	x.now = x.now.Add(time.Hour)
	x.Sweep()
	if n := x.Len(); n != 0 {
		t.Errorf("%d are remembered", n)
	}
}
