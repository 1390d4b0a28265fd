package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tickroom/tickroom/proto/gen/tickroom/v1/tickroomv1connect"
	"github.com/tickroom/tickroom/server/config"
)

// TestPagesMayConnectByAllDoorsOrNone asks a running server as browsers do, for pages of a
// bare host, an address with its scheme's own port, and the web views of apps: by the
// WebSocket handshake, and by the matchmaking service with its preflight.
func TestPagesMayConnectByAllDoorsOrNone(t *testing.T) {
	t.Parallel()
	srv, log := startLogged(t, func(c *config.Config) {
		c.Origins = []string{"play.example.com", "https://host.example:443", "capacitor://localhost", "tauri://localhost"}
	})
	call := "http://" + srv.Addr().String() + tickroomv1connect.MatchmakingServiceQuickJoinProcedure
	ask := func(method, origin string, more ...string) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), method, call, strings.NewReader(`{"kind":"walkers"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", origin)
		for i := 0; i < len(more); i += 2 {
			req.Header.Set(more[i], more[i+1])
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp
	}
	for origin, allowed := range map[string]bool{
		"https://play.example.com": true, "http://play.example.com": true, "https://host.example": true, "capacitor://localhost": true,
		"tauri://localhost": true, "https://evil.example": false, "http://localhost": false, "http://host.example": false, "null": false,
	} {
		ws, _ := knock(t, srv, http.Header{"Origin": {origin}})
		preflight := ask(http.MethodOptions, origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type")
		post := ask(http.MethodPost, origin, "Content-Type", "application/json")
		got := [3]bool{ws != nil, preflight.Header.Get("Access-Control-Allow-Origin") == origin, post.Header.Get("Access-Control-Allow-Origin") == origin}
		if got != [3]bool{allowed, allowed, allowed} {
			t.Errorf("%s: handshake, preflight, call: %v; want %v", origin, got, allowed)
		}
		if !allowed {
			log.wants(t, "level=INFO", "msg=refused", "stage=handshake", "why=origin", origin)
			log.wants(t, "level=INFO", "msg=refused", "stage=call", "why=origin", origin)
		}
	}
}
