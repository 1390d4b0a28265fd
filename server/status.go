package server

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/room"
)

// StatusPath is where the clients' address says how the server is doing.
const StatusPath = "/status.json"

const (
	// statusEvery is how often the server's counters are read.
	statusEvery = time.Second
	// statusHistory is how many of those readings are told.
	statusHistory = 60
	// statusRooms is how many rooms are listed by name.
	statusRooms = 50
)

// status tells the public how the server is doing: what pages and players like to
// know, and nothing of who plays. Its counters are read once a second by run, so
// that there are rates and a history at the first request. The answer is put
// together at most once a second, however many ask.
type status struct {
	version string
	max     int                 // connections
	kinds   func() []statusKind // in order of their names
	rooms   func() []room.Info
	private func(id string) bool     // whether a room is closed to those who have no seat; may be nil
	allowed func(*http.Request) bool // whether pages of the request's origin may connect

	mu      sync.Mutex
	start   time.Time
	at      time.Time
	last    map[string]metrics.Totals // by kind
	rates   map[string]statusRates    // by kind
	history statusSeries
	answer  []byte // of the last reading; nil: not put together yet
}

// statusKind is a kind of room, as far as the status needs it.
type statusKind struct {
	name, doc string
	watchable bool
	clients   int
	totals    metrics.Totals
}

// Status is what the clients' address answers at StatusPath.
type Status struct {
	Version        string       `json:"version"`
	Uptime         float64      `json:"uptime_seconds"`
	Rooms          int          `json:"rooms"`
	Players        int          `json:"players"`
	Spectators     int          `json:"spectators"`
	Away           int          `json:"away"` // whose connection is lost and whose seat is kept
	MaxConnections int          `json:"max_connections"`
	Rates          statusRates  `json:"rates"`
	Kinds          []StatusKind `json:"kinds"`
	Open           []StatusRoom `json:"open_rooms"` // rooms with a free seat, the fullest first, no more than 50
	History        statusSeries `json:"history"`
}

// statusRates are per second, over the last second or so.
type statusRates struct {
	MessagesIn  float64 `json:"messages_in"`
	MessagesOut float64 `json:"messages_out"`
	BytesIn     float64 `json:"bytes_in"`
	BytesOut    float64 `json:"bytes_out"`
	Snapshots   float64 `json:"snapshots"`
	Ticks       float64 `json:"ticks"`
	TickMillis  float64 `json:"tick_ms"` // how long a tick took, the mean
}

// statusSeries has a value for each second of the last minute, the oldest first.
type statusSeries struct {
	Clients     []int     `json:"clients"` // players and spectators
	MessagesIn  []float64 `json:"messages_in"`
	MessagesOut []float64 `json:"messages_out"`
	BytesOut    []float64 `json:"bytes_out"`
}

// StatusKind sums up the rooms of a kind.
type StatusKind struct {
	Kind       string      `json:"kind"`
	Doc        string      `json:"doc"`
	Watchable  bool        `json:"watchable"` // whether one can join to watch
	Rooms      int         `json:"rooms"`
	Players    int         `json:"players"`
	Spectators int         `json:"spectators"`
	Away       int         `json:"away"`
	Capacity   int         `json:"capacity"`
	Entities   int         `json:"entities"`
	Rates      statusRates `json:"rates"`
}

// StatusRoom is a room that can be joined.
type StatusRoom struct {
	ID         string  `json:"id"`
	Kind       string  `json:"kind"`
	Players    int     `json:"players"`
	Spectators int     `json:"spectators"`
	Away       int     `json:"away"`
	Capacity   int     `json:"capacity"`
	Entities   int     `json:"entities"`
	TickRate   float64 `json:"tick_rate"`
	TickMillis float64 `json:"tick_ms"`
	Age        float64 `json:"age_seconds"`
}

func (s *Server) newStatus() *status {
	return &status{
		version: BuildVersion(), max: s.cfg.MaxConnections, rooms: s.rooms.list, private: s.rooms.closedTo, allowed: s.gateway.Allowed,
		kinds: func() []statusKind {
			var out []statusKind
			for _, name := range s.rooms.names() {
				k := s.rooms.kinds[name]
				m := s.metrics.Kind(name)
				out = append(out, statusKind{name, k.Doc, k.Spectators, m.Clients(), m.Totals()})
			}
			return out
		},
		last: map[string]metrics.Totals{}, rates: map[string]statusRates{},
	}
}

// run reads the counters until ctx is done.
func (st *status) run(ctx context.Context) {
	tick := time.NewTicker(statusEvery)
	defer tick.Stop()
	for {
		st.read(time.Now())
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// read reads the counters at a time.
func (st *status) read(now time.Time) {
	kinds, clients := st.kinds(), 0
	st.mu.Lock()
	defer st.mu.Unlock()
	first := st.at.IsZero()
	if first {
		st.start = now
	}
	var all metrics.Totals
	over := now.Sub(st.at).Seconds()
	for _, k := range kinds {
		clients += k.clients
		if !first && over > 0 {
			d := k.totals.Sub(st.last[k.name])
			st.rates[k.name] = ratesOf(d, over)
			all = all.Add(d)
		}
		st.last[k.name] = k.totals
	}
	if !first && over > 0 {
		r := ratesOf(all, over)
		st.rates[""] = r
		h := &st.history
		push(&h.Clients, clients)
		push(&h.MessagesIn, r.MessagesIn)
		push(&h.MessagesOut, r.MessagesOut)
		push(&h.BytesOut, r.BytesOut)
	}
	st.at = now
	st.answer = nil
}

func push[T any](list *[]T, v T) {
	if len(*list) == statusHistory {
		copy(*list, (*list)[1:])
		*list = (*list)[:statusHistory-1]
	}
	*list = append(*list, v)
}

func ratesOf(d metrics.Totals, seconds float64) statusRates {
	per := func(n float64) float64 { return rounded(n/seconds, 10) }
	r := statusRates{
		MessagesIn: per(d.MessagesIn), MessagesOut: per(d.MessagesOut), BytesIn: per(d.BytesIn), BytesOut: per(d.BytesOut),
		Snapshots: per(d.Snapshots), Ticks: per(d.Ticks),
	}
	if d.Ticks > 0 {
		r.TickMillis = rounded(d.TickSeconds/d.Ticks*1000, 1000)
	}
	return r
}

// rounded keeps noise out of the answer; parts says how many a unit has.
func rounded(v, parts float64) float64 { return math.Round(v*parts) / parts }

// json gives the answer as of the last reading.
func (st *status) json() ([]byte, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.answer != nil {
		return st.answer, nil
	}
	infos := st.rooms()
	out := Status{
		Version: st.version, Uptime: rounded(st.at.Sub(st.start).Seconds(), 10), MaxConnections: st.max, Rooms: len(infos),
		Rates: st.rates[""], Kinds: []StatusKind{}, Open: []StatusRoom{}, History: st.history.whole(),
	}
	at := map[string]int{}
	for i, k := range st.kinds() {
		at[k.name] = i
		out.Kinds = append(out.Kinds, StatusKind{Kind: k.name, Doc: k.doc, Watchable: k.watchable, Rates: st.rates[k.name]})
	}
	for _, i := range infos {
		k := &out.Kinds[at[i.Kind]]
		k.Rooms++
		k.Players += i.Clients - i.Spectators
		k.Spectators += i.Spectators
		k.Away += i.Held
		k.Capacity += i.Capacity
		k.Entities += i.Entities
		out.Players += i.Clients - i.Spectators
		out.Spectators += i.Spectators
		out.Away += i.Held
		if i.Clients+i.Held < i.Capacity && (st.private == nil || !st.private(i.ID)) {
			out.Open = append(out.Open, StatusRoom{
				ID: i.ID, Kind: i.Kind, Players: i.Clients - i.Spectators, Spectators: i.Spectators, Away: i.Held, Capacity: i.Capacity, Entities: i.Entities, TickRate: i.TickRate,
				TickMillis: rounded(float64(i.TickTime)/float64(time.Millisecond), 1000),
				Age:        rounded(max(0, st.at.Sub(i.Created).Seconds()), 1),
			})
		}
	}
	slices.SortFunc(out.Open, func(a, b StatusRoom) int {
		return cmp.Or(cmp.Compare(b.Players, a.Players), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
	})
	out.Open = out.Open[:min(len(out.Open), statusRooms)]
	b, err := json.Marshal(out)
	if err == nil {
		st.answer = b
	}
	return b, err
}

// whole gives the series with lists where there is nothing yet.
func (s statusSeries) whole() statusSeries {
	if s.Clients == nil {
		return statusSeries{[]int{}, []float64{}, []float64{}, []float64{}}
	}
	return s
}

// ServeHTTP answers with the status. Pages of other origins may read it if they
// may connect.
func (st *status) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		h.Set("Cache-Control", "no-store")
		http.Error(w, "the status can only be read", http.StatusMethodNotAllowed)
		return
	}
	h.Set("Vary", "Origin")
	if from := r.Header.Get("Origin"); from != "" && st.allowed(r) {
		h.Set("Access-Control-Allow-Origin", from)
	}
	b, err := st.json()
	if err != nil {
		http.Error(w, "the status could not be put together", http.StatusInternalServerError)
		return
	}
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=1")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(b) // the other side may be gone
	}
}
