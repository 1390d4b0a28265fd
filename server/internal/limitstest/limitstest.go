// Package limitstest holds the tests that every limits.Bans must pass.
package limitstest

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickroom/tickroom/server/internal/limits"
)

// Open returns two Bans that share everything, as two programs would; they may be the
// same one. They hold nothing, and have place for a thousand. settle returns when
// both know of all that was done before it.
type Open func(t *testing.T) (first, second limits.Bans, settle func())

// Bans tests what open makes.
func Bans(t *testing.T, open Open) {
	for name, test := range map[string]func(t *testing.T, a, b limits.Bans, settle func()){
		"check": testCheck, "replace and remove": testReplaceAndRemove, "refuse": testRefuse, "watch": testWatch, "at once": testAtOnce,
	} {
		t.Run(name, func(t *testing.T) {
			a, b, settle := open(t)
			test(t, a, b, settle)
		})
	}
}

var network = netip.MustParsePrefix

func add(t *testing.T, b limits.Bans, ban limits.Ban) {
	t.Helper()
	if err := b.Add(t.Context(), ban); err != nil {
		t.Fatal(err)
	}
}

// reason returns the reason of the ban that holds, "-" if none does. addr may be empty.
func reason(b limits.Bans, player, addr string, at time.Time) string {
	var a netip.Addr
	if addr != "" {
		a = netip.MustParseAddr(addr)
	}
	ban, banned := b.Check(player, a, at)
	if !banned {
		return "-"
	}
	return ban.Reason
}

func testCheck(t *testing.T, a, b limits.Bans, settle func()) {
	now := time.Now()
	add(t, a, limits.Ban{Player: "ann", Reason: "player"})
	add(t, b, limits.Ban{Prefix: network("192.0.2.0/24"), Reason: "four", Until: now.Add(time.Hour)})
	add(t, a, limits.Ban{Prefix: network("192.0.2.7/32"), Reason: "one", Until: now.Add(2 * time.Hour)})
	add(t, a, limits.Ban{Prefix: network("2001:db8:1::/48"), Reason: "six"})
	add(t, a, limits.Ban{Prefix: network("::ffff:198.51.100.9/128"), Reason: "mapped"})
	add(t, a, limits.Ban{Prefix: network("203.0.113.200/25"), Reason: "half"})
	settle()
	for i, c := range []struct {
		player, addr string
		after        time.Duration
		want         string
	}{
		{"ann", "", 0, "player"}, {"ann", "8.8.8.8", 1e6 * time.Hour, "player"}, {"Ann", "", 0, "-"}, {"", "", 0, "-"}, {"player:ann", "", 0, "-"},
		{"bob", "192.0.2.255", 0, "four"}, {"", "192.0.2.255", 59 * time.Minute, "four"}, {"", "192.0.2.255", time.Hour, "-"},
		{"", "192.0.3.0", 0, "-"}, {"", "::ffff:192.0.2.1", 0, "four"}, {"", "192.0.2.7", 0, "one"}, {"", "192.0.2.7", 90 * time.Minute, "one"},
		{"", "2001:db8:1:ffff::1", 0, "six"}, {"", "2001:db8:1::1%eth0", 0, "six"}, {"", "2001:db8:2::", 0, "-"}, {"", "::192.0.2.7", 0, "-"},
		{"", "198.51.100.9", 0, "mapped"}, {"", "203.0.113.128", 0, "half"}, {"", "203.0.113.127", 0, "-"},
		{"ann", "192.0.2.7", 0, "player"}, // of several the one that ends last
	} {
		for _, x := range []limits.Bans{a, b} {
			if got := reason(x, c.player, c.addr, now.Add(c.after)); got != c.want {
				t.Errorf("%d: %q %s after %v: %s; want %s", i, c.player, c.addr, c.after, got, c.want)
			}
		}
	}
}

func testReplaceAndRemove(t *testing.T, a, b limits.Bans, settle func()) {
	now := time.Now()
	add(t, a, limits.Ban{Player: "ann", Reason: "first", By: "op", Since: now})
	add(t, a, limits.Ban{Player: "ann", Reason: "second", Until: now.Add(time.Hour)})
	add(t, a, limits.Ban{Prefix: network("192.0.2.99/24"), Reason: "net"})
	add(t, a, limits.Ban{Player: "old", Until: now.Add(-time.Second)})
	settle()
	for _, x := range []limits.Bans{a, b} {
		list, err := x.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var subjects []string
		for _, ban := range list {
			subjects = append(subjects, ban.Subject()+"="+ban.Reason)
			if ban.Since.IsZero() {
				t.Errorf("%s began at no time", ban.Subject())
			}
		}
		if want := []string{"192.0.2.0/24=net", "player:ann=second"}; !slices.Equal(subjects, want) {
			t.Errorf("%q; want %q", subjects, want)
		}
	}
	for _, c := range []struct {
		subject string
		found   bool
	}{{"player:bob", false}, {"player:old", false}, {"player:ann", true}, {"player:ann", false}, {"192.0.2.0/25", false}, {"192.0.2.0/24", true}, {"192.0.2.0/24", false}} {
		if found, err := b.Remove(t.Context(), c.subject); err != nil || found != c.found {
			t.Errorf("%s: %v, %v", c.subject, found, err)
		}
		settle()
	}
	if got := reason(a, "ann", "192.0.2.1", now); got != "-" {
		t.Errorf("banned for %s, which was taken back", got)
	}
	for _, s := range []string{"", "ann", "player:", "10.0.0.0/7", "::/0"} {
		if _, err := a.Remove(t.Context(), s); err == nil {
			t.Errorf("%q is taken for somebody", s)
		}
	}
}

func testRefuse(t *testing.T, a, _ limits.Bans, settle func()) {
	for name, ban := range map[string]limits.Ban{
		"nobody":      {Reason: "x"},
		"two":         {Player: "ann", Prefix: network("192.0.2.0/24")},
		"everybody":   {Prefix: network("0.0.0.0/0")},
		"half of six": {Prefix: network("8000::/1")},
		"long player": {Player: strings.Repeat("p", 129)},
		"long reason": {Player: "ann", Reason: strings.Repeat("r", 91)},
		"bell":        {Player: "ann", Reason: "a\a"},
		"long by":     {Player: "ann", By: strings.Repeat("b", 129)},
	} {
		if err := a.Add(t.Context(), ban); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	settle()
	if list, err := a.List(t.Context()); err != nil || len(list) > 0 {
		t.Errorf("%v, %v", list, err)
	}
}

func testWatch(t *testing.T, a, b limits.Bans, settle func()) {
	now := time.Now()
	var mu sync.Mutex
	var heard []string
	stop := a.Watch(func(ban limits.Ban) {
		_, known := a.Check(ban.Player, netip.Addr{}, now)
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, fmt.Sprint(ban.Subject(), known))
	})
	add(t, a, limits.Ban{Player: "ann"})
	settle()
	add(t, b, limits.Ban{Player: "bob"})
	settle()
	stop()
	add(t, b, limits.Ban{Player: "cid"})
	settle()
	stop()
	mu.Lock()
	defer mu.Unlock()
	if want := []string{"player:anntrue", "player:bobtrue"}; !slices.Equal(heard, want) {
		t.Errorf("%q; want %q", heard, want)
	}
}

// testAtOnce has eight add bans to both at the same time, and take half of them back.
func testAtOnce(t *testing.T, a, b limits.Bans, settle func()) {
	var wg sync.WaitGroup
	for i := range 8 {
		x := a
		if i%2 == 1 {
			x = b
		}
		wg.Go(func() {
			for j := range 20 {
				who := fmt.Sprint(i, "-", j)
				if err := x.Add(t.Context(), limits.Ban{Player: who}); err != nil {
					t.Error(err)
				}
				x.Check(who, netip.Addr{}, time.Now())
				if j%2 == 0 {
					if found, err := x.Remove(t.Context(), "player:"+who); !found || err != nil {
						t.Errorf("%s: %v, %v", who, found, err)
					}
				}
			}
		})
	}
	wg.Wait()
	settle()
	if list, err := b.List(t.Context()); err != nil || len(list) != 80 {
		t.Errorf("%d bans, %v", len(list), err)
	}
}
