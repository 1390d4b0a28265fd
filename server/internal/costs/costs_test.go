package costs

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"pgregory.net/rapid"
)

// TestSketchIsAsGoodAsItSays compares with counting all: no key is told less than it has, nor
// more by more than it says, and one with more than its share of all is there.
func TestSketchIsAsGoodAsItSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 8).Draw(t, "size")
		s, all, total := newSketch[int](size), map[int]float64{}, 0.0
		for range rapid.IntRange(0, 300).Draw(t, "adds") {
			k, w := rapid.IntRange(0, 20).Draw(t, "key"), float64(rapid.IntRange(1, 9).Draw(t, "weight"))
			if rapid.IntRange(0, 40).Draw(t, "fade") == 0 {
				s.fade(0)
				total /= 2
				for k := range all {
					all[k] /= 2
				}
			}
			s.add(k, w)
			all[k] += w
			total += w
		}
		told := map[int]Count[int]{}
		for i, c := range s.top(size) {
			told[c.Key] = c
			if c.Weight < all[c.Key]-1e-9 || c.Weight-c.Over > all[c.Key]+1e-9 {
				t.Fatalf("%+v; it has %v", c, all[c.Key])
			}
			if i > 0 && c.Weight > s.top(size)[i-1].Weight {
				t.Fatal("the most are not first")
			}
		}
		if len(told) > size {
			t.Fatalf("%d keys in place of %d", len(told), size)
		}
		for k, w := range all {
			if _, there := told[k]; !there && w > total/float64(size)+1e-9 {
				t.Fatalf("%d has %v of %v and is not told", k, w, total)
			}
		}
	})
}

func TestWhoCostsMostIsSeenAmongManyOthers(t *testing.T) {
	t.Parallel()
	l := New(nil)
	bad := netip.MustParseAddr("192.0.2.7")
	for i := range 50_000 {
		l.Add(Refusals, 1, netip.AddrFrom4([4]byte{10, byte(rand.Uint32()), byte(rand.Uint32()), byte(rand.Uint32())}), fmt.Sprint("p", i))
		if i%20 == 0 {
			l.Add(Refusals, 1, bad, "eve")
		}
	}
	l.Add(Bytes, 0, bad, "nothing")
	(*Ledger)(nil).Add(Bytes, 1, bad, "nobody")
	most := l.Top(3)
	if m := most[Refusals]; m.Cost != "refusals" || len(m.Addresses) != 3 || m.Addresses[0].Key != "192.0.2.7" || m.Players[0].Key != "eve" || m.Players[0].Weight < 2500 {
		t.Errorf("%+v", m)
	}
	if len(most[Bytes].Addresses) != 0 {
		t.Errorf("what costs nothing is told: %+v", most[Bytes])
	}
	for range 30 {
		l.Fade()
	}
	if m := l.Top(3)[Refusals]; len(m.Addresses)+len(m.Players) > 0 {
		t.Errorf("long after it is told: %+v", m)
	}
}

func BenchmarkAdd(b *testing.B) {
	l := New(nil)
	var i uint32
	for b.Loop() {
		i++
		l.Add(Calls, 1, netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), "")
	}
}
