package limits_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/limitstest"
)

func TestMemoryBans(t *testing.T) {
	t.Parallel()
	limitstest.Bans(t, func(*testing.T) (limits.Bans, limits.Bans, func()) {
		m := limits.NewMemoryBans(1000, nil)
		return m, m, func() {}
	})
}

func TestBansAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Now()
	m := limits.NewMemoryBans(3, func() time.Time { return now })
	add := func(b limits.Ban) error { return m.Add(t.Context(), b) }
	for i, b := range []limits.Ban{{Player: "a", Until: now.Add(time.Minute)}, {Player: "b"}, {Prefix: netip.MustParsePrefix("192.0.2.0/24")}, {Player: "b", Reason: "again"}} {
		if err := add(b); err != nil {
			t.Error(i, err)
		}
	}
	if err := add(limits.Ban{Player: "c"}); !errors.Is(err, limits.ErrTooManyBans) {
		t.Error(err)
	}
	now = now.Add(time.Minute)
	if err := add(limits.Ban{Player: "c"}); err != nil {
		t.Errorf("one has ended: %v", err)
	}
}

// TestBansAgainstAList compares them with a plain list, under random calls.
func TestBansAgainstAList(t *testing.T) {
	t.Parallel()
	start := time.Now()
	rapid.Check(t, func(t *rapid.T) {
		now := start
		m := limits.NewMemoryBans(1000, func() time.Time { return now })
		model := map[string]limits.Ban{}
		addr := rapid.Custom(func(t *rapid.T) netip.Addr {
			b := rapid.SliceOfN(rapid.SampledFrom([]byte{0x20, 1, 255}), 16, 16).Draw(t, "bytes")
			if rapid.Bool().Draw(t, "four") {
				return netip.AddrFrom4([4]byte(b))
			}
			return netip.AddrFrom16([16]byte(b))
		})
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "pause")) * time.Second)
			b := limits.Ban{Player: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "player")}
			a := addr.Draw(t, "address")
			if rapid.Bool().Draw(t, "network") {
				p, err := a.Prefix(rapid.IntRange(16, a.BitLen()).Draw(t, "bits"))
				if err != nil {
					t.Fatal(err)
				}
				b = limits.Ban{Prefix: p}
			}
			switch rapid.IntRange(0, 3).Draw(t, "do") {
			case 0, 1:
				if s := rapid.IntRange(0, 60).Draw(t, "for"); s > 0 {
					b.Until = now.Add(time.Duration(s) * time.Second)
				}
				if err := m.Add(context.Background(), b); err != nil {
					t.Fatal(err)
				}
				model[b.Subject()] = b
			case 2:
				found, err := m.Remove(context.Background(), b.Subject())
				old, known := model[b.Subject()]
				if err != nil || found != (known && old.Active(now)) {
					t.Fatalf("%s: %v, %v", b.Subject(), found, err)
				}
				delete(model, b.Subject())
			case 3:
				if _, err := m.List(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			var want *limits.Ban
			for _, x := range model {
				if x.Active(now) && (x.Player == "a" || x.Prefix.Contains(a)) && (want == nil || x.Until.IsZero() || !want.Until.IsZero() && x.Until.After(want.Until)) {
					want = &x
				}
			}
			got, banned := m.Check("a", a, now)
			if banned != (want != nil) || banned && !got.Until.Equal(want.Until) {
				t.Fatalf("%v: %+v, %v; want %+v", a, got, banned, want)
			}
		}
	})
}

func TestSubjects(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"player:ann": "player:ann", "player:a:b": "player:a:b", "192.0.2.7": "192.0.2.7/32", "192.0.2.7/24": "192.0.2.0/24",
		"::ffff:192.0.2.7": "192.0.2.7/32", "2001:db8::1": "2001:db8::1/128", "2001:db8::1/64": "2001:db8::/64", "fe80::1%eth0": "fe80::1/128",
	} {
		b, err := limits.ParseSubject(s)
		if err != nil || b.Subject() != want {
			t.Errorf("%s: %s, %v", s, b.Subject(), err)
		}
	}
	for _, s := range []string{"", "ann", "player:", "player:\n", "1.2.3", "1.2.3.4/33", "0.0.0.0/0", "::/3", "::ffff:0.0.0.0/95"} {
		if b, err := limits.ParseSubject(s); err == nil {
			t.Errorf("%q is %+v", s, b)
		}
	}
}

func FuzzParseSubject(f *testing.F) {
	f.Add("player:ann")
	f.Add("192.0.2.7/24")
	f.Add("2001:db8::1%x/64")
	f.Fuzz(func(t *testing.T, s string) {
		b, err := limits.ParseSubject(s)
		if err != nil {
			return
		}
		if again, err := limits.ParseSubject(b.Subject()); err != nil || again != b {
			t.Errorf("%q is %+v, which reads as %+v, %v", s, b, again, err)
		}
	})
}

func BenchmarkBans(b *testing.B) {
	for _, n := range []int{0, 100, 100_000} {
		m := limits.NewMemoryBans(1<<20, nil)
		for i := range n {
			ban := limits.Ban{Player: fmt.Sprint("p", i)}
			if i%2 == 0 {
				a := netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, uint32(i)*42_949)))
				ban = limits.Ban{Prefix: netip.PrefixFrom(a, []int{16, 24, 32}[i%3])}
			}
			if err := m.Add(b.Context(), ban); err != nil {
				b.Fatal(err)
			}
		}
		a, now := netip.MustParseAddr("255.0.113.9"), time.Now()
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.Check("ann", a, now)
			}
		})
	}
}
