package limits

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/tickroom/tickroom/server/config"
)

// TestFirstMessagesCountAgainstTheirAddress has an address that is sent much, and takes nothing of
// it, beside another one.
func TestFirstMessagesCountAgainstTheirAddress(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	cfg := config.Default().Access
	cfg.FirstBytes = 32_000
	g, err := NewGuard(cfg, Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	lease := func(addr string) *Lease {
		l, err := g.Connect(netip.MustParseAddr(addr))
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	wants := func(l *Lease, wait time.Duration) {
		t.Helper()
		var d *Denied
		switch err := l.First(); {
		case wait == 0 && err != nil, wait > 0 && (!errors.As(err, &d) || d.Reason != FirstBytes || d.RetryAfter != wait):
			t.Errorf("%v; want %v", err, wait)
		}
	}
	a, b, other, own := lease("192.0.2.1"), lease("192.0.2.1"), lease("192.0.2.2"), lease("127.0.0.1")
	a.FirstSent(16_001)
	wants(b, time.Second) // it does not take it
	wants(other, 0)
	a.FirstTaken()
	a.FirstTaken()
	wants(b, 0)
	b.FirstSent(17_000)
	wants(a, 2*time.Second) // a second for the 1,001 bytes too many, at 1,000 a second, and one
	b.Release()
	b.Release()
	now = now.Add(2 * time.Second)
	wants(a, 0)
	own.FirstSent(1 << 30)
	wants(own, 0)
	now = now.Add(time.Minute)
	if g.Sweep(); len(g.firsts.tabs) != 0 {
		t.Errorf("%d addresses are remembered", len(g.firsts.tabs))
	}
	a.FirstSent(1)
	if a.Release(); len(g.firsts.tabs) != 1 {
		t.Error("what is owed is forgotten")
	}
}
