// Package origin has the setting "origins": which web pages may use a server. A browser
// sends the origin of the page that makes a request, and lets any page open a WebSocket
// to anywhere; so it is the server that must look. All doors of a server, the WebSocket
// handshake, the matchmaking service and the status page, ask the same Set, and the
// configuration is checked by the same Parse.
//
// An entry of the setting is one of these:
//
//   - every page, those without an origin of their own too
//     https://play.example.com     that origin
//     http://localhost:5173        that origin; a scheme's own port may be left out
//     https://*.example.com        the names below example.com, at any depth, but not itself
//     play.example.com             http://play.example.com and https://play.example.com
//     play.example.com:8443        the same with the port; *.example.com works, too
//     capacitor://localhost        the web view of an app, with a scheme of its own
//
// Names are compared without regard to case, and written as browsers send them: ASCII,
// so that bücher.example is xn--bcher-kva.example. If there are no entries, a page may use
// the server that it came from: its origin's host and port are those of the request's Host.
// With entries, the server's own pages need one as well.
//
// Requests without an Origin come from programs that are no browsers, and are let
// through: to keep those out is what tokens are for.
package origin

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Set holds the origins that are allowed. The zero value allows those of the server's own
// host. It does not change, so it may be used from any goroutine.
type Set struct {
	any   bool
	some  bool // there are entries
	exact map[origin]bool
	below map[origin]bool // wildcards, by the host that follows "*."
}

// origin is an origin taken apart, in lower case. port is empty if it is the scheme's own.
type origin struct{ scheme, host, port string }

// Parse returns the set that the entries of the setting make. An error names the entry that
// is wrong, and what is wrong with it.
func Parse(entries []string) (Set, error) {
	s := Set{some: len(entries) > 0, exact: map[origin]bool{}, below: map[origin]bool{}}
	for _, e := range entries {
		if e == "*" {
			s.any = true
			continue
		}
		origins, err := parseEntry(e)
		if err != nil {
			return Set{}, err
		}
		for _, o := range origins {
			if host, wild := strings.CutPrefix(o.host, "*."); wild {
				o.host = host
				s.below[o] = true
			} else {
				s.exact[o] = true
			}
		}
	}
	return s, nil
}

// Any reports whether all pages are allowed, whatever they say.
func (s Set) Any() bool { return s.any }

// Check returns nil if the page that a browser sends the request for may use the server, or
// if it is no browser that sends it. Otherwise it returns a *Refused.
func (s Set) Check(r *http.Request) error {
	sent := r.Header["Origin"]
	if s.any || len(sent) == 0 || len(sent) == 1 && s.allows(sent[0], r.Host) {
		return nil
	}
	return &Refused{strings.Join(sent, ", ")}
}

// Allows reports whether Check returns nil.
func (s Set) Allows(r *http.Request) bool { return s.Check(r) == nil }

// allows judges the origin of a request for a host.
func (s Set) allows(sent, host string) bool {
	o, err := parse(strings.ToLower(sent))
	if err != nil {
		return false // "null", for one: sandboxed frames and files
	}
	if !s.some {
		own, err := parse(o.scheme + "://" + strings.ToLower(host))
		return err == nil && o == own
	}
	if s.exact[o] {
		return true
	}
	if len(s.below) == 0 {
		return false
	}
	for {
		_, parent, ok := strings.Cut(o.host, ".")
		if !ok {
			return false
		}
		if o.host = parent; s.below[o] {
			return true
		}
	}
}

// Refused is the error for a page that may not use the server.
type Refused struct {
	// Origin is what the browser sent, which anybody can make up. If it sent several,
	// which none does, they stand one after another with commas.
	Origin string
}

// Error returns what the one who reads the answer is told.
func (r *Refused) Error() string { return fmt.Sprintf("Origin %q may not connect here.", r.Origin) }

// parseEntry returns the origins that an entry other than "*" stands for. One with a
// wildcard has it in the host.
func parseEntry(entry string) ([]origin, error) {
	lower := strings.ToLower(entry)
	if lower == "null" {
		return nil, fmt.Errorf(`%q is not an origin: files and sandboxed frames send it, whoever made them; to allow them, and everybody else, write "*"`, entry)
	}
	schemes := []string{""}
	if !strings.Contains(lower, "://") {
		schemes = []string{"http://", "https://"}
	}
	var out []origin
	for _, scheme := range schemes {
		o, err := parse(scheme + lower)
		if err == nil && strings.Contains(strings.TrimPrefix(o.host, "*."), "*") {
			err = fmt.Errorf("a * stands for whole names, in front of a domain, as in https://*.example.com")
		}
		if err != nil {
			return nil, fmt.Errorf(`%q is not an origin: %w; write it as https://game.example.com, game.example.com, https://*.example.com, or "*" for all`, entry, err)
		}
		out = append(out, o)
	}
	return out, nil
}

// parse takes an origin in lower case apart.
func parse(s string) (o origin, err error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return o, fmt.Errorf("it can't be read")
	case u.User != nil:
		return o, fmt.Errorf("it has a user")
	case u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(s, "#"):
		return o, fmt.Errorf("it has more than scheme, host and port")
	case u.Scheme == "" || u.Opaque != "":
		return o, fmt.Errorf("it has no scheme and host")
	case u.Scheme == "ws" || u.Scheme == "wss":
		return o, fmt.Errorf("it is the address of a WebSocket, not of a page")
	}
	o = origin{u.Scheme, u.Hostname(), u.Port()}
	if !validHost(o.host) {
		return o, fmt.Errorf("%q is no host name in ASCII", o.host)
	}
	if strings.HasSuffix(u.Host, ":") {
		return o, fmt.Errorf("the port is missing")
	}
	if o.port != "" {
		n, err := strconv.ParseUint(o.port, 10, 16)
		if err != nil || n == 0 {
			return o, fmt.Errorf("%s is no port", o.port)
		}
		o.port = strconv.FormatUint(n, 10)
	}
	if o.port == ports[o.scheme] {
		o.port = ""
	}
	return o, nil
}

// ports holds the schemes' own ports, which browsers leave out.
var ports = map[string]string{"http": "80", "https": "443"}

// validHost reports whether s is an address, or labels of letters, digits, "-" and "_" with
// dots between them. A label may be "*".
func validHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(s, "."), ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_*") != "" {
			return false
		}
	}
	return true
}
