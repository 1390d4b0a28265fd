package socket

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// origins are the sites whose pages may connect. A browser sends the page's origin and
// lets any page open a WebSocket to anywhere; so it is the server that must look.
type origins struct {
	any   bool
	full  map[string]bool // "https://example.com:8443"
	hosts map[string]bool // "example.com:8443", any scheme
}

func parseOrigins(list []string) (origins, error) {
	o := origins{full: map[string]bool{}, hosts: map[string]bool{}}
	for _, s := range list {
		switch {
		case s == "*":
			o.any = true
		case strings.Contains(s, "://"):
			scheme, host, ok := splitOrigin(s)
			if !ok {
				return o, fmt.Errorf("socket: origin %q: want scheme://host or scheme://host:port, without a path", s)
			}
			o.full[scheme+"://"+host] = true
		case s == "" || strings.ContainsAny(s, "/*?#@ "):
			return o, fmt.Errorf("socket: origin %q: want a host, host:port, an origin such as https://example.com, or *", s)
		default:
			o.hosts[strings.ToLower(s)] = true
		}
	}
	return o, nil
}

// Allowed tells whether the page that a browser sends a request for, if it is one,
// may connect.
func (g *Gateway) Allowed(r *http.Request) bool { return g.origins.allow(r) }

// allow judges a request's Origin.
func (o origins) allow(r *http.Request) bool {
	lines := r.Header["Origin"]
	if o.any || len(lines) == 0 {
		return true
	}
	if len(lines) > 1 {
		return false
	}
	scheme, host, ok := splitOrigin(lines[0])
	if !ok {
		return false // "null", for one: sandboxed frames and files
	}
	if len(o.full) == 0 && len(o.hosts) == 0 {
		return host == bareHost(scheme, strings.ToLower(r.Host))
	}
	return o.full[scheme+"://"+host] || o.hosts[host]
}

// splitOrigin takes an origin apart, in lower case and without the scheme's own port.
func splitOrigin(s string) (scheme, host string, ok bool) {
	u, err := url.Parse(strings.ToLower(s))
	if err != nil || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", "", false
	}
	return u.Scheme, bareHost(u.Scheme, u.Host), true
}

func bareHost(scheme, host string) string {
	switch scheme {
	case "http":
		return strings.TrimSuffix(host, ":80")
	case "https":
		return strings.TrimSuffix(host, ":443")
	}
	return host
}
