package service_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/origintest"
	"github.com/tickroom/tickroom/matchmaking/internal/service"
	"github.com/tickroom/tickroom/matchmaking/mode"
)

// TestJSON sees that plain HTTP with JSON does, as curl sends it.
func TestJSON(t *testing.T) {
	t.Parallel()
	h := start(t)
	status, _, out := h.post("", "QuickJoin", `{"kind": "arena", "self": {"name": "Ann"}}`)
	a, _ := out["assignment"].(map[string]any)
	if status != http.StatusOK || !strings.HasPrefix(out["guestToken"].(string), "guest:") || a["kind"] != "arena" || a["seat"] == "" {
		t.Errorf("QuickJoin: %d %v", status, out)
	}
	status, _, out = h.post("ann", "Enqueue", `{"mode": "duel", "attributes": {"level": {"number": 7}, "tags": {"set": {"items": ["casual"]}}}, "query": "level in 5..9"}`)
	if id, _ := out["ticket"].(string); status != http.StatusOK || id == "" {
		t.Errorf("Enqueue: %d %v", status, out)
	}
	status, _, out = h.post("ann", "Enqueue", `{"mode": "duel"}`)
	if d, _ := out["details"].([]any); status != http.StatusConflict || out["code"] != "already_exists" || len(d) != 1 {
		t.Errorf("Enqueue again: %d %v", status, out)
	}
	status, _, out = h.post("ann", "Enqueue", `{"mod": "duel"}`)
	if status != http.StatusBadRequest || out["code"] != "invalid_argument" {
		t.Errorf("a field that there is not: %d %v", status, out)
	}
	h.stores.fail(errRedis, "", false)
	status, header, out := h.post("ann", "Enqueue", `{"mode": "duel"}`)
	if status != http.StatusServiceUnavailable || out["code"] != "unavailable" || header.Get("Retry-After") != "2" {
		t.Errorf("without stores: %d %v %v", status, header, out)
	}
	if status, header, _ = h.post("expired", "GetRating", `{"mode": "duel"}`); status != http.StatusUnauthorized {
		t.Errorf("with an old token: %d %v", status, header)
	}
}

// TestOrigins sees which pages may call, by the table that all doors share, and that none
// may with credentials.
func TestOrigins(t *testing.T) {
	t.Parallel()
	for _, c := range origintest.Cases {
		h := start(t, func(o *service.Options) { o.Origins = c.Origins })
		want := ""
		if c.Allowed {
			want = c.Origin
		}
		if slices.Contains(c.Origins, "*") {
			want = "*"
		}
		for _, method := range []string{http.MethodOptions, http.MethodPost} {
			r, err := http.NewRequestWithContext(t.Context(), method, h.url+"/tickroom.v1.MatchmakingService/ListRooms", strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			c.Set(r)
			r.Header.Set("Content-Type", "application/json")
			if method == http.MethodOptions {
				r.Header.Set("Access-Control-Request-Method", http.MethodPost)
				r.Header.Set("Access-Control-Request-Headers", "authorization,connect-protocol-version,content-type")
			}
			resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if got := resp.Header.Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("%v, %s on %q from %q: %q is allowed, not %q", c.Origins, method, c.Host, c.Origin, got, want)
			}
			if resp.Header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%v, %s from %s: credentials are allowed", c.Origins, method, c.Origin)
			}
			if want == "" {
				continue
			}
			if method == http.MethodOptions && !strings.Contains(strings.ToLower(resp.Header.Get("Access-Control-Allow-Headers")), "authorization") {
				t.Errorf("allowed headers: %v", resp.Header)
			}
			if method == http.MethodPost && !strings.Contains(resp.Header.Get("Access-Control-Expose-Headers"), "Retry-After") {
				t.Errorf("exposed headers: %v", resp.Header)
			}
		}
	}
}

// TestPanic sees that a call that panics takes no other along.
func TestPanic(t *testing.T) {
	t.Parallel()
	h := start(t, func(o *service.Options) { o.Seats = nil0{} })
	if status, _, out := h.post("ann", "QuickJoin", `{"kind": "arena"}`); status != http.StatusInternalServerError || strings.Contains(out["message"].(string), "nil") {
		t.Errorf("it answers %d %v", status, out)
	}
	if !strings.Contains(h.log.String(), "panic") {
		t.Error("it is not logged")
	}
	if status, _, out := h.post("ann", "ListRooms", `{}`); status != http.StatusOK {
		t.Errorf("the next one: %d %v", status, out)
	}
}

type nil0 struct{ service.Seats }

// TestOptions sees that a service that can't work is not made.
func TestOptions(t *testing.T) {
	t.Parallel()
	_, err := service.New(service.Options{})
	for _, w := range []string{"Tickets", "Ratings", "Nodes", "Directory", "Identity", "Seats", "Limits", "Placer"} {
		if err == nil || !strings.Contains(err.Error(), w+" must be set") {
			t.Errorf("without %s: %v", w, err)
		}
	}
	good := start(t).o
	for _, c := range []struct {
		change func(*service.Options)
		says   string
	}{
		{func(o *service.Options) { o.Kinds = map[string]service.Kind{"quiz": {}} }, `mode duel: room.kind: there is no kind "arena"; the kinds are quiz`},
		{func(o *service.Options) { o.Modes = append(o.Modes, o.Modes[0]) }, "two modes"},
		{func(o *service.Options) { o.Modes = []mode.Mode{{Name: "bad", Room: mode.RoomSpec{Kind: "arena"}}} }, "mode bad"},
		{func(o *service.Options) { o.Origins = []string{"https://play.example/page"} }, "page"},
		{func(o *service.Options) { o.Origins = []string{"https://*.*.example"} }, "a * stands for whole names"},
		{func(o *service.Options) { o.Reserved = -time.Second }, "Reserved"},
	} {
		o := good
		c.change(&o)
		if _, err := service.New(o); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("the error is %v, and does not say %q", err, c.says)
		}
	}
}
