package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeRooms is a Rooms made of a map.
type fakeRooms struct {
	rooms  map[string]RoomInfo
	closed []string
	err    error
}

func (f *fakeRooms) Rooms() []RoomInfo {
	var all []RoomInfo
	for _, r := range f.rooms {
		all = append(all, r)
	}
	return all
}

func (f *fakeRooms) Room(id string) (RoomInfo, error) {
	r, ok := f.rooms[id]
	if !ok {
		return r, fmt.Errorf("%w: %s", ErrNoRoom, id)
	}
	return r, nil
}

func (f *fakeRooms) CloseRoom(_ context.Context, id, reason string) error {
	if _, err := f.Room(id); err != nil {
		return err
	}
	f.closed = append(f.closed, id+": "+reason)
	return f.err
}

func twoRooms() *fakeRooms {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return &fakeRooms{rooms: map[string]RoomInfo{
		"b": {ID: "b", Kind: "arena", Players: 3, MaxPlayers: 100, Tick: 40, TickRate: 20, TickMillis: 1.25, Entities: 7, Created: at,
			Labels: map[string]any{"map": "<dust>", "level": 3.0}, Options: map[string]string{"show": "one"},
			Show: &ShowInfo{Kind: "s", Name: "one", House: true, Epoch: 7, Owner: "n1/x", Room: "s-1", Houses: 2}},
		"a": {ID: "a", Kind: "walkers", Players: 10, MaxPlayers: 10, Tick: 400, TickRate: 20, Created: at},
	}}
}

// ask sends a request to a handler and gives the answer.
func ask(h http.Handler, method, path string, headers ...string) (int, string) {
	r := httptest.NewRequest(method, path, nil)
	r.Host = "127.0.0.1:7778"
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestHealthAndReadiness(t *testing.T) {
	t.Parallel()
	why := errors.New("starting")
	h := Handler(Config{Ready: func() error { return why }})
	if code, body := ask(h, "GET", "/healthz"); code != 200 || body != "ok\n" {
		t.Errorf("healthz: %d %q", code, body)
	}
	if code, body := ask(h, "GET", "/readyz"); code != 503 || body != "starting\n" {
		t.Errorf("readyz while starting: %d %q", code, body)
	}
	why = nil
	if code, body := ask(h, "GET", "/readyz"); code != 200 || body != "ready\n" {
		t.Errorf("readyz: %d %q", code, body)
	}
}

func TestRooms(t *testing.T) {
	t.Parallel()
	rooms := twoRooms()
	h := Handler(Config{Rooms: rooms, Logger: slog.New(slog.DiscardHandler)})
	code, body := ask(h, "GET", "/rooms")
	var list struct {
		Count, Players int
		Rooms          []RoomInfo
	}
	if err := json.Unmarshal([]byte(body), &list); err != nil || code != 200 {
		t.Fatalf("%d %v: %s", code, err, body)
	}
	if list.Count != 2 || list.Players != 13 || !reflect.DeepEqual(list.Rooms, []RoomInfo{rooms.rooms["b"], rooms.rooms["a"]}) {
		t.Errorf("%s", body)
	}
	for _, tt := range []struct {
		method, path string
		code         int
		body         string
	}{
		{"GET", "/rooms/b", 200, `"tick_ms": 1.25`},
		{"GET", "/rooms/c", 404, `there is no room \"c\"; GET /rooms lists them`},
		{"POST", "/rooms/c/close", 404, `there is no room \"c\"`},
		{"GET", "/rooms/b/close", 405, ""},
		{"POST", "/rooms/b/close?reason=" + strings.Repeat("x", 124), 400, "at most 123"},
		{"POST", "/rooms/b/close?reason=caf%e9", 400, "not UTF-8"},
		{"POST", "/rooms/b/close?reason=%zz", 400, "can't be read"},
		{"POST", "/rooms/b/close", 200, `"closed": "b"`},
		{"POST", "/rooms/a/close?reason=maintenance", 200, `"closed": "a"`},
		{"GET", "/nothing", 404, ""},
	} {
		if code, body := ask(h, tt.method, tt.path); code != tt.code || !strings.Contains(body, tt.body) {
			t.Errorf("%s %s: %d %s", tt.method, tt.path, code, body)
		}
	}
	if got := strings.Join(rooms.closed, ", "); got != "b: closed by the operator, a: maintenance" {
		t.Errorf("closed: %s", got)
	}
	rooms.err = errors.New("the room is stuck")
	if code, body := ask(h, "POST", "/rooms/a/close"); code != 500 || !strings.Contains(body, "stuck") {
		t.Errorf("%d %s", code, body)
	}
	if code, body := ask(Handler(Config{}), "GET", "/rooms"); code != 200 || !strings.Contains(body, `"rooms": []`) {
		t.Errorf("no rooms: %d %s", code, body)
	}
}

func TestOtherPages(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: "things_total", Help: "Things."})
	reg.MustRegister(c)
	c.Add(3)
	rooms := twoRooms()
	rooms.rooms["<script>"] = RoomInfo{ID: "<script>", Kind: "arena"}
	h := Handler(Config{Registry: reg, Rooms: rooms, Version: Version{Version: "v9", Revision: "abc"}, Ready: func() error { return errors.New("draining") }})
	for path, want := range map[string]string{
		"/metrics": "things_total 3", "/version": `"version": "v9"`, "/debug/pprof/": "goroutine", "/debug/pprof/goroutine?debug=1": "goroutine profile",
		"/debug/pprof/cmdline": "admin.test", "/": "draining",
	} {
		if code, body := ask(h, "GET", path); code != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	_, page := ask(h, "GET", "/")
	if strings.Contains(page, "<script>") || !strings.Contains(page, "1.25 ms") || !strings.Contains(page, "house of one<td>show=one, level: 3, map: &lt;dust&gt;") {
		t.Errorf("%s", page)
	}
	if code, _ := ask(Handler(Config{}), "GET", "/metrics"); code != 404 {
		t.Errorf("metrics without a registry: %d", code)
	}
	if code, body := ask(Handler(Config{}), "GET", "/"); code != 200 || !strings.Contains(body, "None yet") {
		t.Errorf("page without rooms: %d %s", code, body)
	}
}

// TestBrowsersOfOthers sends what pages of other origins can make a browser send.
func TestBrowsersOfOthers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, method, path string
		headers            []string
		code               int
	}{
		{"loopback", "GET", "/rooms", nil, 200},
		{"localhost", "GET", "/rooms", []string{"Host", "localhost:7778"}, 200},
		{"localhost with a dot", "GET", "/rooms", []string{"Host", "LOCALHOST."}, 200},
		{"IPv6", "GET", "/rooms", []string{"Host", "[::1]:7778"}, 200},
		{"IPv6 without port", "GET", "/rooms", []string{"Host", "[::1]"}, 200},
		{"allowed name", "GET", "/rooms", []string{"Host", "Ops.example:80"}, 200},
		{"address of the machine", "GET", "/rooms", []string{"Host", "10.1.2.3:7778"}, 200},
		{"rebound name", "GET", "/rooms", []string{"Host", "evil.example:7778"}, 421},
		{"rebound name that looks local", "GET", "/rooms", []string{"Host", "localhost.evil.example"}, 421},
		{"rebound name, profile", "GET", "/debug/pprof/heap", []string{"Host", "evil.example"}, 421},
		{"any address", "GET", "/rooms", []string{"Host", "0.0.0.0:7778"}, 421},
		{"no host", "GET", "/rooms", []string{"Host", ""}, 421},
		{"tool", "POST", "/rooms/a/close", nil, 200},
		{"own page", "POST", "/rooms/a/close", []string{"Origin", "http://127.0.0.1:7778", "Sec-Fetch-Site", "same-origin"}, 200},
		{"other page", "POST", "/rooms/a/close", []string{"Origin", "https://evil.example"}, 403},
		{"other port", "POST", "/rooms/a/close", []string{"Origin", "http://127.0.0.1:7777", "Sec-Fetch-Site", "same-site"}, 403},
		{"sandboxed page", "POST", "/rooms/a/close", []string{"Origin", "null"}, 403},
		{"page that hides", "POST", "/rooms/a/close", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"page that looks", "GET", "/debug/pprof/profile", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, 403},
		{"page that looks for a neighbour", "GET", "/rooms", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"a link to a profile", "GET", "/debug/pprof/heap", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 403},
		{"a link", "GET", "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 200},
		{"a frame", "GET", "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rooms := twoRooms()
			h := Handler(Config{Rooms: rooms, Hosts: []string{"ops.example"}, Logger: slog.New(slog.DiscardHandler)})
			code, body := ask(h, tt.method, tt.path, tt.headers...)
			if code != tt.code {
				t.Errorf("%d, want %d: %s", code, tt.code, body)
			}
			if code != 200 && len(rooms.closed) > 0 {
				t.Error("the room was closed all the same")
			}
		})
	}
}

func TestServer(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(nil)
	s.Config = Server(Handler(Config{}), nil)
	s.Start()
	defer s.Close()
	if s.Config.ReadHeaderTimeout == 0 || s.Config.IdleTimeout == 0 || s.Config.WriteTimeout < time.Minute {
		t.Error("a time limit is missing")
	}
	resp, err := s.Client().Get(s.URL + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
}
