package status

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

// Path is where the clients' address has the page.
const Path = "/status.json"

const (
	// readEvery is how often the server's counters are read.
	readEvery = time.Second
	// historySize is how many of those readings are told.
	historySize = 60
	// maxRooms is how many rooms are listed by name.
	maxRooms = 50
)

// Source is what a page is about. Its functions may be called from any goroutine.
type Source struct {
	// Version is the server's, MaxConnections its bound.
	Version        string
	MaxConnections int
	// Kinds returns the kinds of rooms in order of their names, with what they have
	// counted.
	Kinds func() []Counted
	// Rooms returns the rooms that run.
	Rooms func() []room.Info
	// Private reports whether a room is closed to those who have no seat. nil: none is.
	Private func(id string) bool
	// Allowed reports whether pages of the request's origin may connect.
	Allowed func(*http.Request) bool
}

// Counted is a kind of room with what its rooms have counted.
type Counted struct {
	Name, Doc string
	Watchable bool // whether one can join to watch
	Clients   int  // that are connected now
	Totals    metrics.Totals
}

// Page is an http.Handler. Its counters are read once a second by Run, so that there are
// rates and a history at the first request. The answer is put together at most once a
// second, however many ask.
type Page struct {
	src Source

	mu      sync.Mutex
	start   time.Time
	at      time.Time                 // of the last reading
	last    map[string]metrics.Totals // by kind
	rates   map[string]Rates          // by kind, of all under ""
	history Series
	answer  []byte // of the last reading; nil: not put together yet
}

// New returns a page. It says nothing before Run is called.
func New(src Source) *Page {
	return &Page{src: src, last: map[string]metrics.Totals{}, rates: map[string]Rates{}}
}

// Run reads the counters until ctx is done.
func (p *Page) Run(ctx context.Context) {
	tick := time.NewTicker(readEvery)
	defer tick.Stop()
	for {
		p.read(time.Now())
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// read reads the counters at a time.
func (p *Page) read(now time.Time) {
	kinds, clients := p.src.Kinds(), 0
	p.mu.Lock()
	defer p.mu.Unlock()
	first := p.at.IsZero()
	if first {
		p.start = now
	}
	var all metrics.Totals
	over := now.Sub(p.at).Seconds()
	for _, k := range kinds {
		clients += k.Clients
		if !first && over > 0 {
			d := k.Totals.Sub(p.last[k.Name])
			p.rates[k.Name] = ratesOf(d, over)
			all = all.Add(d)
		}
		p.last[k.Name] = k.Totals
	}
	if !first && over > 0 {
		r := ratesOf(all, over)
		p.rates[""] = r
		h := &p.history
		push(&h.Clients, clients)
		push(&h.MessagesIn, r.MessagesIn)
		push(&h.MessagesOut, r.MessagesOut)
		push(&h.BytesOut, r.BytesOut)
	}
	p.at = now
	p.answer = nil
}

func push[T any](list *[]T, v T) {
	if len(*list) == historySize {
		copy(*list, (*list)[1:])
		*list = (*list)[:historySize-1]
	}
	*list = append(*list, v)
}

func ratesOf(d metrics.Totals, seconds float64) Rates {
	per := func(n float64) float64 { return rounded(n/seconds, 10) }
	r := Rates{
		MessagesIn: per(d.MessagesIn), MessagesOut: per(d.MessagesOut), BytesIn: per(d.BytesIn), BytesOut: per(d.BytesOut),
		Snapshots: per(d.Snapshots), Ticks: per(d.Ticks),
	}
	if d.Ticks > 0 {
		r.TickMillis = rounded(d.TickSeconds/d.Ticks*1000, 1000)
	}
	return r
}

// rounded keeps noise out of the answer; parts is how many a unit has.
func rounded(v, parts float64) float64 { return math.Round(v*parts) / parts }

// json returns the answer as of the last reading.
func (p *Page) json() ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.answer != nil {
		return p.answer, nil
	}
	b, err := json.Marshal(p.status())
	if err == nil {
		p.answer = b
	}
	return b, err
}

// status puts the answer together. The caller holds mu.
func (p *Page) status() *Status {
	infos := p.src.Rooms()
	out := &Status{
		Version: p.src.Version, Uptime: rounded(p.at.Sub(p.start).Seconds(), 10), MaxConnections: p.src.MaxConnections, Rooms: len(infos),
		Rates: p.rates[""], Kinds: []KindStatus{}, Open: []RoomStatus{}, History: p.history.whole(),
	}
	at := map[string]int{}
	for i, k := range p.src.Kinds() {
		at[k.Name] = i
		out.Kinds = append(out.Kinds, KindStatus{Kind: k.Name, Doc: k.Doc, Watchable: k.Watchable, Rates: p.rates[k.Name]})
	}
	for i := range infos {
		in := &infos[i]
		out.add(in, &out.Kinds[at[in.Kind]])
		if in.Places.Open() && (p.src.Private == nil || !p.src.Private(in.ID)) {
			out.Open = append(out.Open, p.open(in))
		}
	}
	slices.SortFunc(out.Open, func(a, b RoomStatus) int {
		return cmp.Or(cmp.Compare(b.Players, a.Players), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
	})
	out.Open = out.Open[:min(len(out.Open), maxRooms)]
	return out
}

// add counts a room in.
func (s *Status) add(in *room.Info, k *KindStatus) {
	k.Rooms++
	k.Players += in.Clients - in.Spectators
	k.Spectators += in.Spectators
	k.Away += in.Held
	k.Capacity += in.Places.MaxPlayers
	k.Entities += in.Entities
	s.Players += in.Clients - in.Spectators
	s.Spectators += in.Spectators
	s.Away += in.Held
}

func (p *Page) open(in *room.Info) RoomStatus {
	return RoomStatus{
		ID: in.ID, Kind: in.Kind, Players: in.Clients - in.Spectators, Spectators: in.Spectators, Away: in.Held, Asleep: in.Asleep,
		Capacity: in.Places.MaxPlayers, Entities: in.Entities, TickRate: in.TickRate,
		TickMillis: rounded(float64(in.TickTime)/float64(time.Millisecond), 1000),
		Age:        rounded(max(0, p.at.Sub(in.Created).Seconds()), 1),
	}
}

// whole returns the series with lists where there is nothing yet.
func (s Series) whole() Series {
	if s.Clients == nil {
		return Series{[]int{}, []float64{}, []float64{}, []float64{}}
	}
	return s
}

// ServeHTTP answers with the status. Pages of other origins may read it if they
// may connect.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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
	if from := r.Header.Get("Origin"); from != "" && p.src.Allowed(r) {
		h.Set("Access-Control-Allow-Origin", from)
	}
	b, err := p.json()
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
