package room

import (
	"net/netip"
	"testing"
)

// TestNetwork looks which addresses are of one network for games.
func TestNetwork(t *testing.T) {
	t.Parallel()
	of := func(s string) uint64 { return networkOf(netip.MustParseAddr(s)) }
	for _, same := range [][2]string{{"192.0.2.7", "::ffff:192.0.2.7"}, {"2001:db8::1", "2001:db8::ffff:2"}, {"fe80::1%a", "fe80::2%b"}} {
		if of(same[0]) != of(same[1]) {
			t.Errorf("%s and %s are of different networks", same[0], same[1])
		}
	}
	for _, other := range [][2]string{{"192.0.2.7", "192.0.2.8"}, {"2001:db8::1", "2001:db8:0:1::1"}} {
		if of(other[0]) == of(other[1]) {
			t.Errorf("%s and %s are of one network", other[0], other[1])
		}
	}
	if networkOf(netip.Addr{}) != 0 || of("192.0.2.7") == 0 {
		t.Error("0 stands for an address that is not known, and for no other")
	}
}
