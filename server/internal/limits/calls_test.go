package limits

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/tickroom/tickroom/server/config"
)

func TestCalls(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	clock := func() time.Time { return now }
	bans := NewMemoryBans(10, clock)
	denied := map[Reason]int{}
	cfg := config.Default().Access
	cfg.TrustedProxies = []string{"192.0.2.1"}
	g, err := NewGuard(cfg, Options{Bans: bans, Now: clock, OnDenied: func(r Reason) { denied[r]++ }})
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewCalls(g, Rate{2, 3}, Rate{1, 1})
	if err != nil {
		t.Fatal(err)
	}
	call := func(remote string, h http.Header, kind int) time.Duration {
		t.Helper()
		wait, err := c.Address(remote, h, kind)
		if err != nil {
			t.Fatal(err)
		}
		return wait
	}
	for i := range 3 {
		if w := call("198.51.100.7:1", nil, 0); w != 0 {
			t.Fatalf("call %d waits %v", i, w)
		}
	}
	if w := call("198.51.100.7:2", nil, 0); w != 500*time.Millisecond {
		t.Errorf("the fourth waits %v", w)
	}
	// Kinds and addresses have buckets of their own, also behind a proxy; who lies about
	// its address gains nothing.
	if w := call("198.51.100.7:2", nil, 1); w != 0 {
		t.Errorf("another kind waits %v", w)
	}
	if w := call("198.51.100.7:2", http.Header{"X-Forwarded-For": {"203.0.113.9"}}, 0); w == 0 {
		t.Error("a header that nobody vouches for is believed")
	}
	if w := call("192.0.2.1:3", http.Header{"X-Forwarded-For": {"203.0.113.9"}}, 0); w != 0 {
		t.Errorf("another client behind the proxy waits %v", w)
	}
	for range 10 {
		if w := call("127.0.0.1:3", nil, 0); w != 0 {
			t.Fatalf("an exempt address waits %v", w)
		}
	}
	now = now.Add(500 * time.Millisecond)
	if w := call("198.51.100.7:2", nil, 0); w != 0 {
		t.Errorf("after the wait: %v", w)
	}

	if w, err := c.Player("ann", 1); w != 0 || err != nil {
		t.Error(w, err)
	}
	if w, err := c.Player("ann", 1); w != time.Second || err != nil {
		t.Error(w, err)
	}
	if err := bans.Add(t.Context(), Ban{Player: "bob"}); err != nil {
		t.Fatal(err)
	}
	var d *Denied
	if _, err := c.Player("bob", 0); !errors.As(err, &d) || d.Reason != BannedPlayer {
		t.Errorf("a banned player: %v", err)
	}
	if denied[CallRate] != 3 || denied[BannedPlayer] != 1 {
		t.Errorf("counted: %v", denied)
	}
	now = now.Add(time.Hour)
	c.Sweep()
	if n := c.addresses[0].Len() + c.players[1].Len(); n != 0 {
		t.Errorf("%d are remembered", n)
	}
	if _, err := NewCalls(g, Rate{0, 1}); err == nil {
		t.Error("a rate of nothing is taken")
	}
}
