package deploy_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// say connects to nginx, says a request as it stands, and returns the answer; nil: the
// connection was closed without one.
func (s *site) say(secure bool, sni, request string) (*http.Response, string, error) {
	addr := s.plain
	if secure {
		addr = s.addr
	}
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(limit))
	if secure {
		t := tls.Client(c, &tls.Config{ServerName: sni, InsecureSkipVerify: true}) //nolint:gosec // what is shown matters, not to whom
		if err := t.Handshake(); err != nil {
			return nil, "", err
		}
		c = t
	}
	if _, err := io.WriteString(c, request); err != nil {
		return nil, "", err
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return nil, "", nil // closed
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), err
}

// TestOtherNames has requests for names that are not the server's: nothing but the servers'
// own pages is ever shown, and never the pages that came with nginx.
func TestOtherNames(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	get := func(host string) string {
		return "GET /status.json HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n"
	}
	const old = "GET /status.json HTTP/1.0\r\n\r\n"
	for _, c := range []struct {
		what    string
		secure  bool
		sni     string
		request string
		status  int // 0: closed without an answer; -1: no handshake
	}{
		{"the right name", true, hostname, get(hostname), 200},
		{"no Host, the right name in the handshake", true, hostname, old, 421},
		{"another Host", true, hostname, get("other.example"), 421},
		{"an address as Host", true, hostname, get("127.0.0.1"), 421},
		{"another name", true, "other.example", get(hostname), -1},
		{"another name and Host", true, "other.example", get("other.example"), -1},
		{"no name", true, "", get(hostname), -1},
		{"without TLS", false, "", get(hostname), 308},
		{"without TLS, another Host", false, "", get("other.example"), 0},
		{"without TLS, no Host", false, "", old, 0},
	} {
		resp, body, err := s.say(c.secure, c.sni, c.request)
		got := 0
		switch {
		case err != nil:
			got = -1
		case resp != nil:
			got = resp.StatusCode
		}
		if got != c.status {
			t.Errorf("%s: status %d, %v; want %d", c.what, got, err, c.status)
			continue
		}
		if resp == nil {
			continue
		}
		if v := resp.Header.Get("Server"); strings.ContainsAny(v, "0123456789") {
			t.Errorf("%s: the server says which it is: %q", c.what, v)
		}
		if hsts := resp.Header.Get("Strict-Transport-Security"); (hsts != "") != (got == 200) {
			t.Errorf("%s: Strict-Transport-Security is %q", c.what, hsts)
		}
		if to := resp.Header.Get("Location"); got == 308 && to != "https://"+hostname+"/status.json" {
			t.Errorf("%s: led to %q", c.what, to)
		}
		if strings.Contains(body, "Welcome to nginx") {
			t.Errorf("%s: %s", c.what, body)
		}
	}
}
