package limits

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/tickroom/tickroom/server/config"
)

func proxies(t testing.TB, header string, trusted ...string) *Proxies {
	t.Helper()
	p, err := NewProxies(trusted, header)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestSpoofing holds what clients write into headers to be somebody else.
func TestSpoofing(t *testing.T) {
	t.Parallel()
	x := proxies(t, config.XForwardedFor, "10.0.0.0/8", "2001:db8:ffff::/48", "192.0.2.1")
	f := proxies(t, config.Forwarded, "10.0.0.0/8", "2001:db8:ffff::/48", "192.0.2.1")
	none := proxies(t, config.XForwardedFor)
	hidden := "" // refused
	for name, c := range map[string]struct {
		p      *Proxies
		remote string
		lines  []string // of the header
		want   string
	}{
		"no proxy":                            {none, "203.0.113.9:1", nil, "203.0.113.9"},
		"no proxy, header":                    {none, "203.0.113.9:1", []string{"127.0.0.1"}, "203.0.113.9"},
		"not the proxy, header":               {x, "203.0.113.9:1", []string{"127.0.0.1"}, "203.0.113.9"},
		"not the proxy, says it is":           {x, "203.0.113.9:1", []string{"10.0.0.1"}, "203.0.113.9"},
		"IPv6":                                {none, "[2001:db8::1]:1", nil, "2001:db8::1"},
		"IPv6 with a zone":                    {none, "[fe80::1%eth0]:1", nil, "fe80::1"},
		"IPv4 in IPv6":                        {none, "[::ffff:203.0.113.9]:1", nil, "203.0.113.9"},
		"proxy":                               {x, "10.0.0.1:1", []string{"203.0.113.9"}, "203.0.113.9"},
		"proxy, IPv4 in IPv6":                 {x, "[::ffff:10.0.0.1]:1", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		"proxy, nothing said":                 {x, "10.0.0.1:1", nil, ""},
		"proxy, empty":                        {x, "10.0.0.1:1", []string{"", " , ,"}, ""},
		"two proxies":                         {x, "10.0.0.1:1", []string{"203.0.113.9, 10.0.0.2"}, "203.0.113.9"},
		"two proxies, two lines":              {x, "10.0.0.1:1", []string{"203.0.113.9", "10.0.0.2"}, "203.0.113.9"},
		"three proxies":                       {x, "192.0.2.1:1", []string{"203.0.113.9,2001:db8:ffff::7,10.0.0.2"}, "203.0.113.9"},
		"only proxies":                        {x, "10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"spoofed":                             {x, "10.0.0.1:1", []string{"198.51.100.66, 203.0.113.9"}, "203.0.113.9"},
		"spoofed loopback":                    {x, "10.0.0.1:1", []string{"127.0.0.1, 203.0.113.9"}, "203.0.113.9"},
		"spoofed with a trusted address":      {x, "10.0.0.1:1", []string{"198.51.100.66, 10.0.0.9, 203.0.113.9"}, "203.0.113.9"},
		"spoofed in a line of its own":        {x, "10.0.0.1:1", []string{"198.51.100.66", "203.0.113.9"}, "203.0.113.9"},
		"spoofed with rubbish":                {x, "10.0.0.1:1", []string{"\x00\xff'\"; drop table, 203.0.113.9"}, "203.0.113.9"},
		"spoofed with many":                   {x, "10.0.0.1:1", []string{strings.Repeat("1.1.1.1,", 1000) + "203.0.113.9"}, "203.0.113.9"},
		"with a port":                         {x, "10.0.0.1:1", []string{"203.0.113.9:4711"}, "203.0.113.9"},
		"IPv6 with a port":                    {x, "10.0.0.1:1", []string{"[2001:db8::1]:4711"}, "2001:db8::1"},
		"IPv6 in brackets":                    {x, "10.0.0.1:1", []string{"[2001:db8::1]"}, "2001:db8::1"},
		"IPv4 in brackets":                    {x, "10.0.0.1:1", []string{"[203.0.113.9]"}, hidden},
		"unknown":                             {x, "10.0.0.1:1", []string{"203.0.113.9, unknown"}, hidden},
		"octal":                               {x, "10.0.0.1:1", []string{"0300.0.2.1"}, hidden},
		"a number":                            {x, "10.0.0.1:1", []string{"3405803785"}, hidden},
		"endless proxies":                     {x, "10.0.0.1:1", []string{strings.Repeat("10.0.0.2,", 1000)}, hidden},
		"no address":                          {x, "pipe", nil, hidden},
		"Forwarded: proxy":                    {f, "10.0.0.1:1", []string{"for=203.0.113.9"}, "203.0.113.9"},
		"Forwarded: all there is":             {f, "10.0.0.1:1", []string{`For="203.0.113.9:80";proto=https;by=10.0.0.1;host="a.example"`}, "203.0.113.9"},
		"Forwarded: IPv6":                     {f, "10.0.0.1:1", []string{`for="[2001:db8::1]:4711"`}, "2001:db8::1"},
		"Forwarded: two proxies":              {f, "10.0.0.1:1", []string{`for=203.0.113.9, for="[2001:db8:ffff::7]"`}, "203.0.113.9"},
		"Forwarded: spoofed":                  {f, "10.0.0.1:1", []string{"for=127.0.0.1, for=203.0.113.9"}, "203.0.113.9"},
		"Forwarded: open quote":               {f, "10.0.0.1:1", []string{`for="127.0.0.1, for=203.0.113.9`}, "203.0.113.9"},
		"Forwarded: open quote, another line": {f, "10.0.0.1:1", []string{`for="127.0.0.1`, `for=203.0.113.9`}, "203.0.113.9"},
		"Forwarded: backslash":                {f, "10.0.0.1:1", []string{`for="127.0.0.1\`, `for=203.0.113.9`}, "203.0.113.9"},
		"Forwarded: twice for":                {f, "10.0.0.1:1", []string{"for=203.0.113.9;for=127.0.0.1"}, hidden},
		"Forwarded: no for":                   {f, "10.0.0.1:1", []string{"for=203.0.113.9, by=10.0.0.1"}, hidden},
		"Forwarded: hidden":                   {f, "10.0.0.1:1", []string{"for=_secret"}, hidden},
		"Forwarded: unknown":                  {f, "10.0.0.1:1", []string{"for=unknown"}, hidden},
		"Forwarded: no name":                  {f, "10.0.0.1:1", []string{"203.0.113.9"}, hidden},
		"Forwarded: empty":                    {f, "10.0.0.1:1", []string{`for=""`}, hidden},
		"Forwarded: one quote":                {f, "10.0.0.1:1", []string{`for="`}, hidden},
		"Forwarded: escaped":                  {f, "10.0.0.1:1", []string{`for="203.0\.113.9"`}, hidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{}
			h[c.p.header] = c.lines
			// The other header is the client's word.
			other := map[string]string{"Forwarded": "X-Forwarded-For", "X-Forwarded-For": "Forwarded"}[c.p.header]
			h[other] = []string{"for=198.51.100.99", "198.51.100.99"}
			h["X-Real-Ip"] = []string{"198.51.100.99"}
			a, err := c.p.Client(c.remote, h)
			if c.want == "" {
				if err == nil || c.remote != "pipe" && !errors.Is(err, ErrForwarded) {
					t.Errorf("%v, %v; want it refused", a, err)
				}
				return
			}
			if err != nil || a != netip.MustParseAddr(c.want) {
				t.Errorf("%v, %v; want %s", a, err, c.want)
			}
		})
	}
	if none.Any() || !x.Any() || x.header != "X-Forwarded-For" {
		t.Error("who is trusted is not told right")
	}
}

// FuzzClient lets a client write what it likes: the address that the proxy adds
// is what counts.
func FuzzClient(f *testing.F) {
	f.Add("127.0.0.1", "10.0.0.1")
	f.Add(`for="127.0.0.1, `, `for="`)
	f.Add(",,,", "\\\"")
	x, w := proxies(f, config.XForwardedFor, "10.0.0.0/8"), proxies(f, config.Forwarded, "10.0.0.0/8")
	truth := netip.MustParseAddr("203.0.113.9")
	f.Fuzz(func(t *testing.T, first, second string) {
		for _, c := range []struct {
			p   *Proxies
			add string
		}{{x, "203.0.113.9"}, {w, `for="203.0.113.9:80";proto=http`}} {
			for _, lines := range [][]string{{first, second + ", " + c.add}, {first, second, c.add}, {first + "," + second + "," + c.add}} {
				a, err := c.p.Client("10.0.0.1:1", http.Header{c.p.header: lines})
				if err != nil || a != truth {
					t.Fatalf("%q: %v, %v", lines, a, err)
				}
			}
			// And what a proxy says may be anything: it is an address or refused.
			a, err := c.p.Client("10.0.0.1:1", http.Header{c.p.header: {first, second}})
			if (err == nil) != a.IsValid() || a.Zone() != "" || a.Is4In6() {
				t.Fatalf("%q %q: %v, %v", first, second, a, err)
			}
		}
	})
}

func BenchmarkClient(b *testing.B) {
	x, w := proxies(b, config.XForwardedFor, "10.0.0.0/8"), proxies(b, config.Forwarded, "10.0.0.0/8")
	for name, c := range map[string]struct {
		p    *Proxies
		line string
	}{
		"x-forwarded-for": {x, "198.51.100.66, 203.0.113.9, 10.0.0.2"},
		"forwarded":       {w, `for=198.51.100.66, for=203.0.113.9;proto=https, for=10.0.0.2`},
		"long":            {x, fmt.Sprint(strings.Repeat("198.51.100.66, ", 500), "203.0.113.9")},
	} {
		h := http.Header{c.p.header: {c.line}}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.p.Client("10.0.0.1:1", h); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
