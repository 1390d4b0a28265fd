// Package networks reads lists of addresses and networks, as people write them into
// settings.
package networks

import (
	"fmt"
	"net/netip"
)

// Parse reads addresses, such as 192.0.2.7, and networks, such as 10.0.0.0/8. Those of
// IPv4 written as IPv6 become IPv4.
func Parse(list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range list {
		p, err := ParseOne(s)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// ParseTrusted reads networks of proxies. One that has everybody in it is an error.
func ParseTrusted(list []string) ([]netip.Prefix, error) {
	out, err := Parse(list)
	for i, p := range out {
		if p.Bits() == 0 {
			return nil, fmt.Errorf("with %s trusted, everybody could claim any address; name the proxies' networks", list[i])
		}
	}
	return out, err
}

// Plain returns an address without its zone, and as IPv4 if it is one.
func Plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// Contain reports whether one of the networks has the address, which is plain.
func Contain(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// ParseOne reads an address or a network.
func ParseOne(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		a = Plain(a)
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%.60q is no network; write it as 10.0.0.0/8, 2001:db8::/32 or 192.0.2.7", s)
	}
	return Normal(p)
}

// Normal returns a network with its other bits zero, as IPv4 if it is one.
func Normal(p netip.Prefix) (netip.Prefix, error) {
	a, bits := p.Addr(), p.Bits()
	if a.Is4In6() {
		if bits < 96 {
			return netip.Prefix{}, fmt.Errorf("%v is partly IPv4; write it as an IPv4 network", p)
		}
		a, bits = a.Unmap(), bits-96
	}
	return netip.PrefixFrom(a, bits).Masked(), nil
}
