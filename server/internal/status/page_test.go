package status

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/room"
)

// counters is a server as the status sees it, without the server.
type counters struct {
	kinds []Counted
	rooms []room.Info
	asked int // how often the rooms were listed
}

func (c *counters) page() *Page {
	return New(Source{
		Version: "v1", MaxConnections: 1000,
		Kinds: func() []Counted { return c.kinds },
		Rooms: func() []room.Info { c.asked++; return c.rooms },
		Allowed: func(r *http.Request) bool {
			return r.Header.Get("Origin") == "" || r.Header.Get("Origin") == "https://game.example"
		},
	})
}

func ask(t *testing.T, st *Page) Status {
	t.Helper()
	w := httptest.NewRecorder()
	st.ServeHTTP(w, httptest.NewRequest(http.MethodGet, Path, nil))
	var s Status
	if err := json.Unmarshal(w.Body.Bytes(), &s); err != nil || w.Code != http.StatusOK {
		t.Fatal(w.Code, err, w.Body)
	}
	return s
}

func TestStatus(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	c := &counters{
		kinds: []Counted{
			{Name: "arena", Doc: "a shooter", Watchable: true, Clients: 5, Totals: metrics.Totals{MessagesIn: 1000, Ticks: 50, TickSeconds: 1}},
			{Name: "walkers", Doc: "a load"},
		},
		rooms: []room.Info{
			{ID: "arena-a", Kind: "arena", Clients: 1, Places: room.Places{Players: 1, MaxPlayers: 4}, Tick: 9, TickRate: 20, Entities: 7, TickTime: 1500 * time.Microsecond, Created: now.Add(-90 * time.Second)},
			{ID: "arena-b", Kind: "arena", Clients: 3, Held: 1, Places: room.Places{Players: 4, MaxPlayers: 4}, TickRate: 20, Entities: 8, Created: now},
			{ID: "arena-c", Kind: "arena", Clients: 3, Spectators: 1, Held: 1, Places: room.Places{Players: 3, Spectators: 1, MaxPlayers: 5}, TickRate: 20, Entities: 9, Created: now},
		},
	}
	st := c.page()
	st.read(now)
	if s := ask(t, st); s.Rates != (Rates{}) || len(s.History.Clients) != 0 || s.Players != 6 {
		t.Errorf("at the start: %+v", s)
	}

	// Two seconds later.
	c.kinds[0].Clients = 6
	c.kinds[0].Totals = metrics.Totals{MessagesIn: 1500, MessagesOut: 200, BytesIn: 1, BytesOut: 4096, Snapshots: 100, Ticks: 90, TickSeconds: 1.06}
	c.kinds[1].Totals = metrics.Totals{MessagesIn: 10, Ticks: 40}
	st.read(now.Add(2 * time.Second))
	got := ask(t, st)
	arena := Rates{MessagesIn: 250, MessagesOut: 100, BytesIn: 0.5, BytesOut: 2048, Snapshots: 50, Ticks: 20, TickMillis: 1.5}
	want := Status{
		Version: "v1", Uptime: 2, Rooms: 3, Players: 6, Spectators: 1, Away: 2, MaxConnections: 1000,
		Rates: Rates{MessagesIn: 255, MessagesOut: 100, BytesIn: 0.5, BytesOut: 2048, Snapshots: 50, Ticks: 40, TickMillis: 0.75},
		Kinds: []KindStatus{
			{Kind: "arena", Doc: "a shooter", Watchable: true, Rooms: 3, Players: 6, Spectators: 1, Away: 2, Capacity: 13, Entities: 24, Rates: arena},
			{Kind: "walkers", Doc: "a load", Rates: Rates{MessagesIn: 5, Ticks: 20}},
		},
		Open: []RoomStatus{
			{ID: "arena-c", Kind: "arena", Players: 2, Spectators: 1, Away: 1, Capacity: 5, Entities: 9, TickRate: 20, Age: 2},
			{ID: "arena-a", Kind: "arena", Players: 1, Capacity: 4, Entities: 7, TickRate: 20, TickMillis: 1.5, Age: 92},
		},
		History: Series{Clients: []int{6}, MessagesIn: []float64{255}, MessagesOut: []float64{100}, BytesOut: []float64{2048}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestStatusIsPutTogetherOnceASecond(t *testing.T) {
	t.Parallel()
	c := &counters{kinds: []Counted{{Name: "arena"}}}
	st := c.page()
	now := time.Unix(1, 0)
	st.read(now)
	for range 100 {
		ask(t, st)
	}
	if c.asked != 1 {
		t.Errorf("the rooms were listed %d times for 100 requests", c.asked)
	}
	// And not at all when nobody asks.
	for i := range 100 {
		st.read(now.Add(time.Duration(i+1) * time.Second))
	}
	if c.asked != 1 {
		t.Errorf("the rooms were listed %d times though nobody asked", c.asked-1)
	}
	if n := len(ask(t, st).History.MessagesOut); n != historySize {
		t.Errorf("the history has %d values", n)
	}
}

func TestStatusListsSomeRooms(t *testing.T) {
	t.Parallel()
	c := &counters{kinds: []Counted{{Name: "arena"}}}
	for i := range 500 {
		c.rooms = append(c.rooms, room.Info{ID: fmt.Sprintf("arena-%03d", i), Kind: "arena", Clients: i % 10, Places: room.Places{Players: i % 10, MaxPlayers: 10}})
	}
	st := c.page()
	st.read(time.Unix(1, 0))
	s := ask(t, st)
	if s.Rooms != 500 || len(s.Open) != maxRooms || s.Open[0].ID != "arena-009" || s.Open[0].Players != 9 {
		t.Errorf("%d rooms, %d listed, first %+v", s.Rooms, len(s.Open), s.Open[0])
	}
}

func TestStatusRequests(t *testing.T) {
	t.Parallel()
	st := (&counters{kinds: []Counted{{Name: "arena"}}}).page()
	st.read(time.Unix(1, 0))
	for _, tt := range []struct {
		method, origin string
		code           int
		allow          string
	}{
		{"GET", "", 200, ""},
		{"GET", "https://game.example", 200, "https://game.example"},
		{"GET", "https://evil.example", 200, ""},
		{"GET", "null", 200, ""},
		{"HEAD", "", 200, ""},
		{"POST", "https://game.example", 405, ""},
		{"OPTIONS", "https://evil.example", 405, ""},
	} {
		r := httptest.NewRequest(tt.method, Path, nil)
		if tt.origin != "" {
			r.Header.Set("Origin", tt.origin)
		}
		w := httptest.NewRecorder()
		st.ServeHTTP(w, r)
		h := w.Header()
		if w.Code != tt.code || h.Get("Access-Control-Allow-Origin") != tt.allow || h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s from %q: %d %v", tt.method, tt.origin, w.Code, h)
		}
		if w.Code == 200 && (h.Get("Vary") != "Origin" || h.Get("Content-Type") != "application/json" || h.Get("Cache-Control") != "public, max-age=1") {
			t.Errorf("%s from %q: %v", tt.method, tt.origin, h)
		}
		if tt.method == "HEAD" && w.Body.Len() > 0 {
			t.Error("HEAD has a body")
		}
	}
}
