package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
)

// knock makes a handshake and gives the connection, or the HTTP answer.
func knock(t *testing.T, srv *server.Server, header http.Header) (*websocket.Conn, *http.Response) {
	t.Helper()
	ws, resp, err := websocket.Dial(t.Context(), fmt.Sprintf("ws://%s%s", srv.Addr(), server.Path),
		&websocket.DialOptions{Subprotocols: []string{server.Subprotocol}, HTTPHeader: header})
	if err == nil {
		t.Cleanup(func() { _ = ws.CloseNow() })
		return ws, nil
	}
	if resp == nil {
		t.Fatal(err)
	}
	return nil, resp
}

func TestAnAddressTakesNoMoreThanItsShare(t *testing.T) {
	t.Parallel()
	srv := start(t, func(c *config.Config) {
		c.Access.Exempt, c.Access.ConnectionsPerAddress, c.Access.Handshakes = nil, 3, 0
	})
	players := []*player{join(t, srv, nil), join(t, srv, nil)}
	silent, _ := knock(t, srv, nil) // one that says nothing counts as well
	ws, resp := knock(t, srv, nil)
	if ws != nil || resp.StatusCode != http.StatusTooManyRequests {
		t.Fatalf("a fourth connection: %v, %v", ws, resp)
	}
	_ = silent.CloseNow()
	players[0].cut()
	for range 2 {
		until(t, "there is a place again", func() bool {
			ws, _ := knock(t, srv, nil)
			return ws != nil
		})
	}
}

func TestAnAddressThatHammersIsToldToWait(t *testing.T) {
	t.Parallel()
	srv := start(t, func(c *config.Config) {
		c.Access.Exempt, c.Access.Handshakes, c.Access.HandshakeBurst = nil, 0.01, 5
	})
	for range 5 {
		if ws, resp := knock(t, srv, nil); ws == nil {
			t.Fatal(resp.Status)
		}
	}
	ws, resp := knock(t, srv, nil)
	if ws != nil || resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") == "" {
		t.Fatalf("a sixth handshake: %v, %v", ws, resp)
	}
}

func TestOnlyTrustedProxiesTellAddresses(t *testing.T) {
	t.Parallel()
	limit := func(c *config.Config) {
		c.Access.Exempt, c.Access.ConnectionsPerAddress, c.Access.Handshakes = nil, 1, 0
	}
	from := func(addr string) http.Header { return http.Header{"X-Forwarded-For": {addr}} }

	// Nobody is trusted: whatever the header says, it is one address.
	plain := start(t, limit)
	if ws, resp := knock(t, plain, from("192.0.2.1")); ws == nil {
		t.Fatal(resp.Status)
	}
	if ws, _ := knock(t, plain, from("192.0.2.2")); ws != nil {
		t.Error("an address of the client's own making was believed")
	}

	// This machine is a proxy: its word counts, and what stands before it does not.
	behind := start(t, func(c *config.Config) {
		limit(c)
		c.Access.TrustedProxies, c.Identity.Guests = []string{"127.0.0.1"}, "on"
	})
	for _, addr := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.1, 192.0.2.3"} {
		if ws, resp := knock(t, behind, from(addr)); ws == nil {
			t.Errorf("from %s: %s", addr, resp.Status)
		}
	}
	if ws, _ := knock(t, behind, from("192.0.2.77, 192.0.2.1")); ws != nil {
		t.Error("a second connection of an address behind the proxy")
	}
	if ws, resp := knock(t, behind, from("nonsense")); ws != nil || resp.StatusCode != http.StatusForbidden {
		t.Error("a proxy that does not say whose request it is")
	}
}

func TestManyLocalClientsAreNobodysAttack(t *testing.T) {
	t.Parallel()
	srv := start(t, func(c *config.Config) { c.Access.ConnectionsPerAddress, c.Access.Handshakes = 1, 0.01 })
	for range 5 {
		if ws, resp := knock(t, srv, nil); ws == nil {
			t.Fatal(resp.Status)
		}
	}
}

// TestABannedAddressIsWhatCountsAsOne bans addresses at the admin address of a server that
// counts IPv6 ones by their /56.
func TestABannedAddressIsWhatCountsAsOne(t *testing.T) {
	t.Parallel()
	srv := start(t, func(c *config.Config) { c.Access.IPv6Prefix = 56 })
	for _, c := range []struct{ method, address, says string }{
		{"POST", "2001:db8:0:42::7", `"subject": "2001:db8::/56"`},
		{"DELETE", "2001:db8:0:42::7", `"ended": "2001:db8::/56"`},
		{"POST", "2001:db8:0:42::7/128", `"subject": "2001:db8:0:42::7/128"`},
		{"POST", "::ffff:192.0.2.7", `"subject": "192.0.2.7/32"`},
		{"DELETE", "192.0.2.7", `"ended": "192.0.2.7/32"`},
	} {
		if code, body := post(t, srv, c.method, "/bans?address="+c.address); code != http.StatusOK || !strings.Contains(body, c.says) {
			t.Errorf("%s %s: %d %s", c.method, c.address, code, body)
		}
	}
}
