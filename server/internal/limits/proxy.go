package limits

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/networks"
)

// maxHops bounds how many trusted proxies a request may have come through.
const maxHops = 16

// ErrForwarded is what a request is refused for that a trusted proxy sent without
// saying whose it is.
var ErrForwarded = errors.New("the proxy does not say whose request this is")

// Proxies finds out a client's address from its request. A client can write anything
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
// reads this header, config.XForwardedFor or config.Forwarded.
func NewProxies(trusted []string, header string) (*Proxies, error) {
	p := &Proxies{header: http.CanonicalHeaderKey(header)}
	if h := strings.ToLower(header); h != config.XForwardedFor && h != config.Forwarded {
		return nil, fmt.Errorf("limits: %q is no header to read addresses from; use %s or %s", header, config.XForwardedFor, config.Forwarded)
	}
	var err error
	if p.trusted, err = networks.ParseTrusted(trusted); err != nil {
		return nil, fmt.Errorf("limits: %w", err)
	}
	return p, nil
}

// Any reports whether any proxy is trusted.
func (p *Proxies) Any() bool { return len(p.trusted) > 0 }

// Trusts reports whether an address is a trusted proxy's.
func (p *Proxies) Trusts(a netip.Addr) bool { return networks.Contain(p.trusted, networks.Plain(a)) }

// Client returns the client's address: of a connection from remote, which is an
// http.Request's RemoteAddr, and with these headers. The error is ErrForwarded, also if a
// trusted proxy says nothing at all, or tells that remote is no address.
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
	if hops == 0 {
		return netip.Addr{}, ErrForwarded
	}
	return a, nil // a trusted proxy's own request, by another one
}

// parseHop reads an address, with or without brackets and a port.
func parseHop(s string) (netip.Addr, error) {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return networks.Plain(ap.Addr()), nil
	}
	if n := len(s); n > 2 && s[0] == '[' && s[n-1] == ']' {
		a, err := netip.ParseAddr(s[1 : n-1])
		if err != nil || a.Is4() {
			return netip.Addr{}, ErrForwarded
		}
		return networks.Plain(a), nil
	}
	a, err := netip.ParseAddr(s)
	return networks.Plain(a), err
}

// forwardedFor returns the node of the parameter "for" of an element (RFC 7239,
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
