package limits

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// Headers that a proxy may tell the client's address in.
const (
	XForwardedFor = "x-forwarded-for" // addresses with commas between them
	Forwarded     = "forwarded"       // RFC 7239
)

// maxHops bounds how many trusted proxies a request may have come through.
const maxHops = 16

// ErrForwarded is what a request is refused for that a trusted proxy sent without
// saying whose it is.
var ErrForwarded = errors.New("the proxy does not say whose request this is")

// Proxies tells the client's address from a request. A client can write anything
// into a header, and each proxy adds, at the end, the address of who asked it. So
// the header is read from its end: the connection's own address if that is no
// trusted proxy, else the last one in the header if that is no trusted proxy, and
// so on. What stands before that is the client's word, and is not even parsed.
//
// One header alone is read. Proxies set one of them, and pass on the other as the
// client wrote it.
type Proxies struct {
	trusted []netip.Prefix
	header  string
}

// NewProxies makes one that trusts proxies with these addresses or networks, and
// reads this header, XForwardedFor or Forwarded.
func NewProxies(trusted []string, header string) (*Proxies, error) {
	p := &Proxies{header: http.CanonicalHeaderKey(header)}
	if h := strings.ToLower(header); h != XForwardedFor && h != Forwarded {
		return nil, fmt.Errorf("limits: %q is no header to read addresses from; use %s or %s", header, XForwardedFor, Forwarded)
	}
	var err error
	if p.trusted, err = parseTrusted(trusted); err != nil {
		return nil, err
	}
	return p, nil
}

// Any tells whether any proxy is trusted.
func (p *Proxies) Any() bool { return len(p.trusted) > 0 }

// Trusts tells whether an address is a trusted proxy's.
func (p *Proxies) Trusts(a netip.Addr) bool { return within(p.trusted, plain(a)) }

// Client gives the client's address: of a connection from remote, which is an
// http.Request's RemoteAddr, and with these headers. The error is ErrForwarded, or
// says that remote is no address.
func (p *Proxies) Client(remote string, h http.Header) (netip.Addr, error) {
	a, err := parseHop(remote)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("limits: %q is no address to connect from", remote)
	}
	if !p.Trusts(a) {
		return a, nil
	}
	hops := 0
	lines := h[p.header]
	for i := len(lines) - 1; i >= 0; i-- {
		for line, more := lines[i], true; more; {
			var hop string
			// A comma in quotes divides too. Then the piece can't be parsed, which is
			// refused; but a client's open quote swallows nothing that a proxy added.
			if at := strings.LastIndexByte(line, ','); at >= 0 {
				line, hop = line[:at], line[at+1:]
			} else {
				hop, more = line, false
			}
			if hop = strings.Trim(hop, " \t"); hop == "" {
				continue // an empty element means nothing (RFC 9110, section 5.6.1)
			}
			if hops++; hops > maxHops {
				return netip.Addr{}, ErrForwarded
			}
			if p.header == "Forwarded" {
				if hop, err = forwardedFor(hop); err != nil {
					return netip.Addr{}, err
				}
			}
			if a, err = parseHop(hop); err != nil {
				return netip.Addr{}, ErrForwarded
			}
			if !p.Trusts(a) {
				return a, nil
			}
		}
	}
	return a, nil // a trusted proxy's own request, a health check for one
}

// parseHop reads an address, with or without brackets and a port.
func parseHop(s string) (netip.Addr, error) {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return plain(ap.Addr()), nil
	}
	if n := len(s); n > 2 && s[0] == '[' && s[n-1] == ']' {
		a, err := netip.ParseAddr(s[1 : n-1])
		if err != nil || a.Is4() {
			return netip.Addr{}, ErrForwarded
		}
		return plain(a), nil
	}
	a, err := netip.ParseAddr(s)
	return plain(a), err
}

// forwardedFor gives the node of the parameter "for" of an element (RFC 7239,
// section 4).
func forwardedFor(element string) (node string, err error) {
	found := false
	for pair := range strings.SplitSeq(element, ";") {
		name, value, ok := strings.Cut(strings.Trim(pair, " \t"), "=")
		if !ok {
			return "", ErrForwarded
		}
		if !strings.EqualFold(name, "for") {
			continue
		}
		if found {
			return "", ErrForwarded
		}
		found = true
		if node, err = unquote(value); err != nil {
			return "", err
		}
	}
	if !found {
		return "", ErrForwarded
	}
	return node, nil
}

// unquote reads a token or a quoted string. Addresses need no escapes.
func unquote(s string) (string, error) {
	if n := len(s); n >= 2 && s[0] == '"' && s[n-1] == '"' {
		s = s[1 : n-1]
	}
	if s == "" || strings.ContainsAny(s, `"\`) {
		return "", ErrForwarded
	}
	return s, nil
}

// parsePrefixes reads networks and addresses.
func parsePrefixes(list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range list {
		p, err := parsePrefix(s)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// parseTrusted reads networks of proxies.
func parseTrusted(list []string) ([]netip.Prefix, error) {
	out, err := parsePrefixes(list)
	for i, p := range out {
		if p.Bits() == 0 {
			return nil, fmt.Errorf("limits: with %s trusted, everybody could claim any address; name the proxies' networks", list[i])
		}
	}
	return out, err
}

// parsePrefix reads a network, such as 10.0.0.0/8, or an address.
func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		a = plain(a)
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("limits: %.60q is no network; write it as 10.0.0.0/8, 2001:db8::/32 or 192.0.2.7", s)
	}
	return normal(p)
}

// normal gives a network with its other bits zero, as IPv4 if it is one.
func normal(p netip.Prefix) (netip.Prefix, error) {
	a, bits := p.Addr(), p.Bits()
	if a.Is4In6() {
		if bits < 96 {
			return netip.Prefix{}, fmt.Errorf("limits: %v is partly IPv4; write it as an IPv4 network", p)
		}
		a, bits = a.Unmap(), bits-96
	}
	return netip.PrefixFrom(a, bits).Masked(), nil
}

// within tells whether one of the networks has the address, which is plain.
func within(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
