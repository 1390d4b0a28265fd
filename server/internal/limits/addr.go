package limits

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// AddrKey is what addresses count by: a network, of the size that Masks has.
type AddrKey struct{ hi, lo uint64 }

// String returns the key in hexadecimal digits.
func (k AddrKey) String() string { return fmt.Sprintf("%016x%016x", k.hi, k.lo) }

// Masks holds how many bits of an address count.
type Masks struct{ IPv4, IPv6 int }

// Key returns an address's key. An IPv4 address that is written as an IPv6 one is the
// same address; a zone does not count.
func (m Masks) Key(a netip.Addr) AddrKey {
	b := a.As16()
	bits := m.IPv6
	if a.Is4() || a.Is4In6() {
		bits = 96 + m.IPv4
	}
	k := AddrKey{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
	if bits <= 64 {
		return AddrKey{hi: k.hi &^ (^uint64(0) >> bits)}
	}
	k.lo &^= ^uint64(0) >> (bits - 64)
	return k
}
