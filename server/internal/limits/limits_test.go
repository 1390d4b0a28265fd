package limits

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/tickroom/tickroom/server/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func buckets[K comparable](t testing.TB, perSecond float64, burst, keys int) *Buckets[K] {
	t.Helper()
	b, err := NewBuckets[K](perSecond, burst, keys, noon)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBucket(t *testing.T) {
	t.Parallel()
	b := buckets[string](t, 10, 3, 1000)
	now := noon
	for i, c := range []struct {
		pass time.Duration
		key  string
		wait time.Duration
	}{
		{0, "a", 0}, {0, "a", 0}, {0, "a", 0}, {0, "a", 100 * time.Millisecond}, {0, "b", 0},
		{60 * time.Millisecond, "a", 40 * time.Millisecond}, {40 * time.Millisecond, "a", 0}, {0, "a", 100 * time.Millisecond},
		{time.Hour, "a", 0}, {0, "a", 0}, {0, "a", 0}, {0, "a", 100 * time.Millisecond},
		{-time.Second, "a", 1100 * time.Millisecond}, // a clock that goes back gives nothing away
	} {
		now = now.Add(c.pass)
		if wait := b.Take(c.key, now); wait != c.wait {
			t.Errorf("%d: %v; want %v", i, wait, c.wait)
		}
	}
	for _, c := range []struct {
		rate        float64
		burst, keys int
	}{{0, 1, 1}, {-1, 1, 1}, {1, 0, 1}, {1, 1, 0}, {1e-6, 1e9, 1}, {1e10, 1, 1}} {
		if _, err := NewBuckets[string](c.rate, c.burst, c.keys, noon); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}

// TestBucketsAreTokenBuckets compares them with the plain kind, under random calls.
func TestBucketsAreTokenBuckets(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		perSecond := rapid.SampledFrom([]float64{0.1, 1, 3, 10, 1000}).Draw(t, "rate")
		burst := rapid.IntRange(1, 20).Draw(t, "burst")
		b, err := NewBuckets[int](perSecond, burst, 1<<20, noon)
		if err != nil {
			t.Fatal(err)
		}
		// A token is so many ns; a bucket holds them, and gains one each ns.
		token := b.interval
		type plain struct {
			level int64
			at    time.Time
		}
		model := map[int]*plain{}
		now := noon
		for range rapid.IntRange(1, 300).Draw(t, "calls") {
			now = now.Add(time.Duration(rapid.Int64Range(0, 3*token).Draw(t, "pause") / 4))
			k := rapid.IntRange(0, 200).Draw(t, "key")
			p := model[k]
			if p == nil {
				p = &plain{token * int64(burst), now}
				model[k] = p
			}
			p.level = min(token*int64(burst), p.level+now.Sub(p.at).Nanoseconds())
			p.at = now
			want := time.Duration(0)
			if p.level >= token {
				p.level -= token
			} else {
				want = time.Duration(token - p.level)
			}
			if got := b.Take(k, now); got != want {
				t.Fatalf("key %d after %v: %v; want %v", k, now.Sub(noon), got, want)
			}
			if rapid.IntRange(0, 20).Draw(t, "sweep") == 0 {
				b.Sweep(now)
			}
		}
	})
}

// TestAFloodOfAddresses comes from a million networks.
func TestAFloodOfAddresses(t *testing.T) {
	t.Parallel()
	const keys = 64_000
	b := buckets[AddrKey](t, 1, 5, keys)
	masks := Masks{32, 64}
	brute := masks.Key(netip.MustParseAddr("192.0.2.1"))
	known := masks.Key(netip.MustParseAddr("192.0.2.2"))
	for range 5 {
		b.Take(brute, noon)
	}
	b.Take(known, noon)
	passed := 0
	for i := range 1_000_000 {
		now := noon.Add(time.Duration(i) * time.Microsecond)
		if b.Take(AddrKey{hi: uint64(i+1) << 16}, now) == 0 {
			passed++
		}
		if i == 500_000 {
			if b.Take(known, now) > 0 {
				t.Error("one who was there before has to wait")
			}
			if b.Take(brute, now) == 0 {
				t.Error("the flood made us forget whom to slow down")
			}
		}
	}
	if n := b.Len(); n > keys {
		t.Errorf("%d keys are remembered, of at most %d", n, keys)
	}
	// Each newcomer may begin once, while there is place; all others share the rest.
	if passed < keys*9/10 || passed > keys+keys/5+shards*7 {
		t.Errorf("%d passed", passed)
	}
	if b.Overflows() < 900_000 {
		t.Errorf("%d found no place", b.Overflows())
	}
	// It is over.
	now := noon.Add(10 * time.Second)
	for i := range 1000 {
		if b.Take(AddrKey{lo: uint64(i)}, now) > 0 {
			t.Fatal("a newcomer has to wait after the flood")
		}
	}
	b.Sweep(now)
	if n := b.Len(); n != 1000 {
		t.Errorf("%d keys are remembered", n)
	}
}

// TestMemoryFollowsUse: addresses that come and go leave nothing behind.
func TestMemoryFollowsUse(t *testing.T) {
	t.Parallel()
	b := buckets[int](t, 1, 5, 1_000_000)
	for i := range 300_000 {
		b.Take(i, noon.Add(time.Duration(i)*time.Millisecond)) // a thousand a second, each forgotten after a second
	}
	if n := b.Len(); n > 20_000 {
		t.Errorf("%d keys are remembered; about 1,000 matter", n)
	}
	c := NewCounts[int]()
	for i := range 100_000 {
		c.Acquire(i, 1)
	}
	for i := range 100_000 {
		c.Release(i)
	}
	if c.Len() != 0 {
		t.Errorf("%d keys hold nothing and are remembered", c.Len())
	}
}

func TestCounts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, model := NewCounts[int](), map[int]int{}
		for range rapid.IntRange(0, 200).Draw(t, "calls") {
			k := rapid.IntRange(0, 5).Draw(t, "key")
			if rapid.Bool().Draw(t, "acquire") {
				limit := rapid.IntRange(0, 4).Draw(t, "limit")
				if got := c.Acquire(k, limit); got != (model[k] < limit) {
					t.Fatalf("acquired: %v, with %d of %d", got, model[k], limit)
				} else if got {
					model[k]++
				}
			} else if model[k] > 0 {
				c.Release(k)
				model[k]--
			}
			if c.Holds(k) != model[k] {
				t.Fatalf("holds %d; want %d", c.Holds(k), model[k])
			}
		}
	})
	defer func() {
		if recover() == nil {
			t.Error("what was not acquired could be released")
		}
	}()
	NewCounts[int]().Release(1)
}

func TestAtOnce(t *testing.T) {
	t.Parallel()
	b, c := buckets[int](t, 1e-3, 10, 1000), NewCounts[int]()
	var took, held atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 1000 {
				if b.Take(i%7, noon) == 0 {
					took.Add(1)
				}
				if c.Acquire(i%7, 10) {
					held.Add(1)
				}
			}
			b.Sweep(noon)
			b.Len()
		})
	}
	wg.Wait()
	if took.Load() != 70 || held.Load() != 70 {
		t.Errorf("%d took, %d hold; want 70", took.Load(), held.Load())
	}
}

func TestAddrKeys(t *testing.T) {
	t.Parallel()
	key := func(m Masks, s string) AddrKey { return m.Key(netip.MustParseAddr(s)) }
	usual := Masks{32, 64}
	for _, c := range []struct {
		m    Masks
		a, b string
		same bool
	}{
		{usual, "192.0.2.1", "192.0.2.1", true}, {usual, "192.0.2.1", "192.0.2.2", false}, {usual, "192.0.2.1", "::ffff:192.0.2.1", true},
		{usual, "2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true}, {usual, "2001:db8::1", "2001:db8:0:1::1", false},
		{usual, "fe80::1%eth0", "fe80::1%eth1", true}, {usual, "::1", "192.0.2.1", false}, {usual, "::", "0.0.0.0", false},
		{Masks{24, 48}, "192.0.2.1", "192.0.2.255", true}, {Masks{24, 48}, "192.0.2.1", "192.0.3.1", false},
		{Masks{24, 48}, "2001:db8:0:1::", "2001:db8::", true}, {Masks{24, 48}, "2001:db8:1::", "2001:db8::", false},
		{Masks{32, 128}, "2001:db8::1", "2001:db8::2", false}, {Masks{32, 128}, "::1:2:3", "0.1.0.2", false},
	} {
		if same := key(c.m, c.a) == key(c.m, c.b); same != c.same {
			t.Errorf("%+v: the same: %v", c, same)
		}
	}
	// Against the library's own masks.
	rapid.Check(t, func(t *rapid.T) {
		m := Masks{rapid.IntRange(8, 32).Draw(t, "four"), rapid.IntRange(16, 128).Draw(t, "six")}
		draw := func(name string) netip.Addr {
			b := [16]byte(rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 128, 255}), 16, 16).Draw(t, name))
			if rapid.Bool().Draw(t, name+" is IPv4") {
				return netip.AddrFrom4([4]byte(b[:4]))
			}
			return netip.AddrFrom16(b).Unmap()
		}
		net := func(a netip.Addr) netip.Prefix {
			bits := m.IPv6
			if a.Is4() {
				bits = m.IPv4
			}
			p, err := a.Prefix(bits)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		a, b := draw("a"), draw("b")
		// Only IPv4 space within IPv6, which nobody has addresses in, may fall together
		// with IPv4 when the masks are shorter than its prefix.
		if (m.Key(a) == m.Key(b)) != (net(a) == net(b)) && a.Is4() == b.Is4() {
			t.Fatalf("%v and %v with %+v: %v and %v", a, b, m, m.Key(a), m.Key(b))
		}
	})
}

func guard(t testing.TB, o Options, change func(*config.Access)) *Guard {
	t.Helper()
	cfg := config.Default().Access
	cfg.ConnectionsPerAddress, cfg.ConnectionsPerPlayer, cfg.Handshakes, cfg.HandshakeBurst, cfg.RoomsPerPlayer = 3, 2, 1, 10, 2
	if change != nil {
		change(&cfg)
	}
	if o.Now == nil {
		o.Now = func() time.Time { return noon }
	}
	g, err := NewGuard(cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func refusal(t *testing.T, err error, want Reason) *Denied {
	t.Helper()
	d, ok := err.(*Denied) //nolint:errorlint // it is documented to be one
	if !ok || d.Reason != want {
		t.Errorf("%v (%T); want %v", err, err, want)
		return &Denied{}
	}
	if n := len(d.Error()); n == 0 || n > 123 {
		t.Errorf("a reason of %d bytes: %s", n, d)
	}
	return d
}

func denied(t *testing.T, err error, want Reason) {
	t.Helper()
	_ = refusal(t, err, want)
}

// watched returns a guard, with the reasons for which it has kept somebody out.
func watched(t *testing.T, bans Bans) (*Guard, *[]Reason) {
	t.Helper()
	var reasons []Reason
	return guard(t, Options{Bans: bans, OnDenied: func(r Reason) { reasons = append(reasons, r) }}, nil), &reasons
}

func TestGuardOfConnections(t *testing.T) {
	t.Parallel()
	g, reasons := watched(t, nil)
	a, b := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2:2")
	var leases []*Lease
	for range 3 {
		l, err := g.Connect(a)
		if err != nil {
			t.Fatal(err)
		}
		leases = append(leases, l)
	}
	_, err := g.Connect(b) // the same /64
	denied(t, err, AddressConnections)
	leases[0].Release()
	leases[0].Release()
	l, err := g.Connect(b)
	if err != nil || l.Addr() != b {
		t.Fatal(err)
	}
	_, err = g.Connect(a)
	denied(t, err, AddressConnections)
	for range 4 {
		_, err = g.Connect(a)
	}
	denied(t, err, AddressConnections)
	_, err = g.Connect(a)
	if d := refusal(t, err, HandshakeRate); d.RetryAfter != time.Second {
		t.Errorf("again after %v", d.RetryAfter)
	}
	if _, err := g.Connect(netip.MustParseAddr("2001:db8:0:1::")); err != nil {
		t.Errorf("another network: %v", err)
	}

	for i, l := range leases[1:] {
		for range 2 { // said twice, it counts once
			if err := l.Identify("ann"); err != nil {
				t.Error(i, err)
			}
		}
	}
	denied(t, l.Identify("ann"), PlayerConnections)
	if err := l.Identify("bob"); err != nil {
		t.Error(err)
	}
	leases[1].Release()
	if err := l.Identify("ann"); err != nil {
		t.Error(err)
	}
	if s := g.Stats(); s.Players != 1 || s.Addresses != 2 || s.Tracked != 2 || s.Denied[AddressConnections] != 6 || s.Denied[PlayerConnections] != 1 {
		t.Errorf("%+v", s)
	}
	if len(*reasons) != 8 {
		t.Errorf("%d refusals were told: %v", len(*reasons), *reasons)
	}
	g.Sweep()
}

func TestGuardOfRooms(t *testing.T) {
	t.Parallel()
	g, reasons := watched(t, nil)
	one, err := g.OpenRoom("ann", netip.Addr{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.OpenRoom("ann", netip.Addr{}); err != nil {
		t.Fatal(err)
	}
	_, err = g.OpenRoom("ann", netip.Addr{})
	denied(t, err, PlayerRooms)
	one()
	one()
	if _, err := g.OpenRoom("ann", netip.Addr{}); err != nil {
		t.Error(err)
	}
	_, err = g.OpenRoom("ann", netip.Addr{})
	denied(t, err, PlayerRooms)
	if len(*reasons) != 2 {
		t.Errorf("%d refusals were told: %v", len(*reasons), *reasons)
	}
}

// TestGuardOfWhatIsHeld has the players of an address hold rooms and sessions, each with an account of
// its own.
func TestGuardOfWhatIsHeld(t *testing.T) {
	t.Parallel()
	g := guard(t, Options{}, func(c *config.Access) {
		c.RoomsPerAddress, c.HeldPerAddress, c.HeldPerPlayer, c.Exempt = 3, 2, 1, []string{"203.0.113.0/24"}
	})
	home, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.1")
	var rooms []func()
	for _, name := range []string{"ann", "bob", "cleo"} {
		release, err := g.OpenRoom(name, home)
		if err != nil {
			t.Fatal(err)
		}
		rooms = append(rooms, release)
	}
	_, err := g.OpenRoom("dora", home)
	denied(t, err, AddressRooms)
	_, err = g.OpenRoom("", home)
	denied(t, err, AddressRooms)
	if _, err := g.OpenRoom("dora", other); err != nil {
		t.Error(err)
	}
	rooms[0]()
	if _, err := g.OpenRoom("dora", home); err != nil {
		t.Error(err)
	}
	for i := range 10 {
		if _, err := g.OpenRoom(fmt.Sprint(i), netip.MustParseAddr("203.0.113.7")); err != nil {
			t.Error("exempt, and", err)
		}
	}

	one, err := g.Hold("ann", home)
	if err != nil {
		t.Fatal(err)
	}
	_, err = g.Hold("ann", home)
	denied(t, err, PlayerHeld)
	if _, err := g.Hold("bob", home); err != nil {
		t.Error("what was refused is counted:", err)
	}
	_, err = g.Hold("cleo", home)
	denied(t, err, AddressHeld)
	one()
	one()
	if _, err := g.Hold("cleo", home); err != nil {
		t.Error(err)
	}
}

func TestGuardOfShows(t *testing.T) {
	t.Parallel()
	g := guard(t, Options{}, func(c *config.Access) { c.ShowsPerAddress = 2 })
	one, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	open := func(a netip.Addr) func() {
		t.Helper()
		release, err := g.OpenShow(a)
		if err != nil {
			t.Fatal(err)
		}
		return release
	}
	release := open(one)
	open(one)
	_, err := g.OpenShow(one)
	denied(t, err, AddressShows)
	open(other)
	for range 5 {
		open(netip.Addr{}) // the server's own
		open(netip.MustParseAddr("127.0.0.1"))
	}
	release()
	release()
	open(one)
	_, err = g.OpenShow(one)
	denied(t, err, AddressShows)
}

func TestGuardOfTheBanned(t *testing.T) {
	t.Parallel()
	bans := NewMemoryBans(100, func() time.Time { return noon })
	g, reasons := watched(t, bans)
	for _, ban := range []Ban{
		{Player: "eve", Reason: strings.Repeat("r", MaxReason), Until: noon.Add(time.Hour)},
		{Prefix: netip.MustParsePrefix("192.0.2.0/24"), Reason: "spam"},
	} {
		if err := bans.Add(t.Context(), ban); err != nil {
			t.Fatal(err)
		}
	}
	l, err := g.Connect(netip.MustParseAddr("198.51.100.1"))
	if err != nil {
		t.Fatal(err)
	}
	if d := refusal(t, l.Identify("eve"), BannedPlayer); d.RetryAfter != time.Hour || !strings.HasPrefix(d.Error(), "banned until 2026-06-01 13:00: rrr") {
		t.Errorf("%+v", d)
	}
	_, err = g.Connect(netip.MustParseAddr("192.0.2.9"))
	if d := refusal(t, err, BannedAddress); d.RetryAfter != 0 || d.Error() != "banned: spam" {
		t.Errorf("%+v", d)
	}
	if err := bans.Add(t.Context(), Ban{Prefix: netip.MustParsePrefix("198.51.100.1/32")}); err != nil {
		t.Fatal(err)
	}
	denied(t, l.Identify("ann"), BannedAddress)
	if len(*reasons) != 3 {
		t.Errorf("%d refusals were told: %v", len(*reasons), *reasons)
	}
}

func TestExempt(t *testing.T) {
	t.Parallel()
	bans := NewMemoryBans(100, nil)
	g := guard(t, Options{Bans: bans}, nil)
	for _, s := range []string{"127.0.0.1", "::1", "::ffff:127.9.9.9"} {
		for range 100 {
			if _, err := g.Connect(netip.MustParseAddr(s)); err != nil {
				t.Fatal(s, err)
			}
		}
	}
	if err := bans.Add(t.Context(), Ban{Prefix: netip.MustParsePrefix("127.0.0.1/32")}); err != nil {
		t.Fatal(err)
	}
	_, err := g.Connect(netip.MustParseAddr("127.0.0.1"))
	denied(t, err, BannedAddress)

	// A trusted proxy that says nothing lets nobody in, exempt or not.
	g = guard(t, Options{}, func(c *config.Access) { c.TrustedProxies = []string{"127.0.0.1"} })
	_, err = g.Request(&http.Request{RemoteAddr: "127.0.0.1:5", Header: http.Header{}})
	denied(t, err, NoAddress)
	_, err = g.Request(&http.Request{RemoteAddr: "@", Header: http.Header{}})
	denied(t, err, NoAddress)
}

func TestNoLimits(t *testing.T) {
	t.Parallel()
	g := guard(t, Options{}, func(c *config.Access) {
		c.ConnectionsPerAddress, c.ConnectionsPerPlayer, c.Handshakes, c.RoomsPerPlayer = 0, 0, 0, 0
	})
	for range 1000 {
		l, err := g.Connect(netip.MustParseAddr("192.0.2.1"))
		if err != nil || l.Identify("ann") != nil {
			t.Fatal(err)
		}
		if _, err := g.OpenRoom("ann", netip.Addr{}); err != nil {
			t.Fatal(err)
		}
		defer l.Release()
	}
	if s := g.Stats(); s.Tracked+s.Players+s.Addresses+s.Owners != 0 {
		t.Errorf("%+v", s)
	}
	g.Sweep()
}

func TestReasonsHaveNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range Reasons() {
		if s := r.String(); seen[s] || strings.HasPrefix(s, "reason_") {
			t.Errorf("%d: %q", r, s)
		} else {
			seen[s] = true
		}
	}
	if len(seen) != int(lastReason) {
		t.Errorf("%d of %d are listed", len(seen), lastReason)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*config.Access){
		`"x-real-ip" is no header to`: func(c *config.Access) { c.ForwardedHeader = "x-real-ip" },
		`limits: "everybody"`:         func(c *config.Access) { c.Exempt = []string{"everybody"} },
		`limits: "10/8`:               func(c *config.Access) { c.TrustedProxies = []string{"10/8"} },
		"everybody could claim":       func(c *config.Access) { c.TrustedProxies = []string{"10.0.0.0/8", "0.0.0.0/0"} },
		"partly IPv4":                 func(c *config.Access) { c.TrustedProxies = []string{"::ffff:0.0.0.0/90"} },
	} {
		cfg := config.Default().Access
		change(&cfg)
		if _, err := NewGuard(cfg, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
	if _, err := NewGuard(config.Default().Access, Options{}); err != nil {
		t.Error(err)
	}
}

func BenchmarkTake(b *testing.B) {
	b.Run("known", func(b *testing.B) {
		x := buckets[AddrKey](b, 1e6, 1e6, 200_000)
		keys := make([]AddrKey, 10_000)
		for i := range keys {
			keys[i] = AddrKey{hi: rand.Uint64()}
			x.Take(keys[i], noon)
		}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			x.Take(keys[i%len(keys)], noon)
		}
	})
	b.Run("flood", func(b *testing.B) {
		x := buckets[AddrKey](b, 20, 100, 200_000)
		now := noon
		b.ReportAllocs()
		for i := uint64(0); b.Loop(); i++ {
			now = now.Add(time.Microsecond)
			x.Take(AddrKey{hi: i}, now)
		}
	})
	b.Run("refused", func(b *testing.B) {
		x := buckets[AddrKey](b, 1, 1, 200_000)
		x.Take(AddrKey{}, noon)
		b.ReportAllocs()
		for b.Loop() {
			x.Take(AddrKey{}, noon)
		}
	})
	b.Run("parallel", func(b *testing.B) {
		x := buckets[AddrKey](b, 1e6, 1e6, 200_000)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for i := rand.Uint64N(10_000); pb.Next(); i++ {
				x.Take(AddrKey{hi: i % 10_000}, noon)
			}
		})
	})
}

func BenchmarkConnect(b *testing.B) {
	bans := NewMemoryBans(100_000, nil)
	for i := range 10_000 {
		a := netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, uint32(i*7919))))
		p := netip.PrefixFrom(a, []int{16, 24, 32}[i%3])
		if err := bans.Add(b.Context(), Ban{Prefix: p, Player: ""}); err != nil {
			b.Fatal(err)
		}
	}
	g := guard(b, Options{Bans: bans}, func(c *config.Access) { c.Handshakes, c.HandshakeBurst = 1e6, 1e6 })
	a := netip.MustParseAddr("203.0.113.9")
	b.ReportAllocs()
	for b.Loop() {
		l, err := g.Connect(a)
		if err != nil {
			b.Fatal(err)
		}
		l.Release()
	}
}

func ExampleProxies() {
	p, err := NewProxies([]string{"10.0.0.0/8"}, config.XForwardedFor)
	if err != nil {
		panic(err)
	}
	// A client at 203.0.113.9 pretends to be somebody else; the proxy adds the truth.
	h := http.Header{"X-Forwarded-For": {"192.0.2.66, 203.0.113.9"}}
	fmt.Println(p.Client("10.0.0.1:4711", h))
	// Output: 203.0.113.9 <nil>
}
