// Package admin is what an operator sees of a server over HTTP: whether it is
// well, its metrics, its rooms, profiles. It is meant for an address of its own
// that only the operator reaches, and it has no password.
//
//	GET  /                  what there is, as a page
//	GET  /healthz           200 while the process works
//	GET  /readyz            200 while new clients are welcome, else 503 and why not
//	GET  /metrics           for Prometheus
//	GET  /rooms             the rooms, as JSON
//	GET  /rooms/{id}        one room, as JSON
//	POST /rooms/{id}/close  ends a room; its clients are told
//	GET  /rooms/{id}/players the players in a room, as JSON
//	GET  /players           all players (?room=ID, ?limit=N), as JSON
//	GET  /players/{id}      where a player is
//	POST /players/{id}/kick ends a player's sessions (?reason=TEXT)
//	GET  /bans              the bans, as JSON
//	POST /bans              bans player=ID or address=NETWORK, for=24h, reason=TEXT, by=WHO
//	DELETE /bans            ends the ban of player=ID or address=NETWORK
//	GET  /top               the addresses and players that cost most (?limit=N), as JSON
//	GET  /hooks             the webhooks, as JSON
//	GET  /hooks/{name}/dead its dead letters (?after=PLACE, ?limit=N), as JSON
//	POST /hooks/{name}/retry  sends dead letters again (place=PLACE, several; or all=true)
//	POST /hooks/{name}/forget forgets dead letters, in the same way
//	POST /rooms/{id}/blackbox writes the newest part of a room's journal to a file (?reason=TEXT)
//	GET  /blackboxes        those files, as JSON
//	GET  /blackboxes/{name} one of them
//	GET  /version           what runs, as JSON
//	GET  /debug/pprof/      profiles of the process
//
// Browsers are the danger of a loopback address: any page that the operator opens
// can send requests to it. So the Host header must be a loopback name or an
// allowed one (against DNS rebinding), and what changes something must not come
// from a page of another origin.
package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tickroom/tickroom/server/internal/costs"
	"github.com/tickroom/tickroom/server/internal/limits"
)

// ErrNoRoom is the error of Rooms for an id that no room has.
var ErrNoRoom = errors.New("there is no such room")

// Rooms lists the rooms and ends them. Its methods may be called at any time
// from any goroutine.
type Rooms interface {
	// Rooms lists the rooms, in any order.
	Rooms() []RoomInfo
	// Room returns one. The error is, or wraps, ErrNoRoom if there is none.
	Room(id string) (RoomInfo, error)
	// CloseRoom ends a room as if its game had ended, telling its clients the
	// reason. It returns when the room is told, or an error that is, or wraps,
	// ErrNoRoom.
	CloseRoom(ctx context.Context, id, reason string) error
}

// RoomInfo is how a room is doing.
type RoomInfo struct {
	ID         string    `json:"id"`
	Kind       string    `json:"kind"`
	Players    int       `json:"players"` // with a connection; likewise Spectators
	MaxPlayers int       `json:"max_players"`
	Spectators int       `json:"spectators"`
	Locked     bool      `json:"locked"`           // no new players are sent to it
	Asleep     bool      `json:"asleep,omitempty"` // nobody is connected, and its world stands still
	Tick       uint32    `json:"tick"`
	TickRate   float64   `json:"tick_rate"`
	TickMillis float64   `json:"tick_ms"` // how long a tick takes, a mean of the last ones
	Entities   int       `json:"entities"`
	Created    time.Time `json:"created"`
	// Durable says how it goes on after the end of the server: "replay", "checkpoint" or "no". Epoch is
	// how often it has, and 1.
	Durable string `json:"durable"`
	Epoch   uint64 `json:"epoch"`
	// Labels are what the game says of it, Options what clients chose it to be like.
	Labels  map[string]any    `json:"labels,omitempty"`
	Options map[string]string `json:"options,omitempty"`
	// Show is which show it is, or is a house of; nil: neither.
	Show *ShowInfo `json:"show,omitempty"`
}

// ShowInfo is a show, as this server knows it.
type ShowInfo struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	// House is true if the room is a house of the show, and not the show.
	House bool `json:"house"`
	// Epoch is the newest that is known, Owner the server that has it; 0 and empty: nobody.
	Epoch uint64 `json:"epoch,omitempty"`
	Owner string `json:"owner,omitempty"`
	// Room is the id of the show's room; empty: it is not there now.
	Room string `json:"room,omitempty"`
	// Houses is how many houses of it run on this server.
	Houses int `json:"houses"`
}

// text says what the room is of the show, for people.
func (s *ShowInfo) text() string {
	switch {
	case s == nil:
		return ""
	case !s.House:
		return fmt.Sprintf("show %s, epoch %d; houses here: %d", s.Name, s.Epoch, s.Houses)
	case s.Room == "":
		return fmt.Sprintf("house of %s, which is away", s.Name)
	}
	return fmt.Sprintf("house of %s", s.Name)
}

// Version is what runs.
type Version struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
}

// Config is what a Handler needs. Ready and Rooms may be nil: then the server is
// always ready, and there are no rooms.
type Config struct {
	// Ready returns nil while new clients are welcome, else why they are not. It
	// must be quick.
	Ready func() error
	// Rooms are the server's.
	Rooms Rooms
	// Players are those in the rooms. nil: nobody.
	Players Players
	// Bans are the server's. nil: none.
	Bans limits.Bans
	// Hooks are the server's webhooks. nil: none.
	Hooks Hooks
	// Costs is the account of what addresses and players cost. nil: there is none.
	Costs *costs.Ledger
	// Boxes are the server's black boxes. nil: none are kept.
	Boxes Boxes
	// Masks say what an address stands for that is banned. The zero value: IPv4 ones for
	// themselves, IPv6 ones for their /64.
	Masks limits.Masks
	// Registry is what /metrics shows. nil: nothing.
	Registry prometheus.Gatherer
	// Hosts are the host names, besides loopback ones, that the address may be
	// asked under.
	Hosts []string
	// Version is what runs.
	Version Version
	// Logger hears what operators change. nil: slog.Default().
	Logger *slog.Logger
}

type handler struct {
	cfg   Config
	start time.Time
}

// Handler serves the admin address.
func Handler(cfg Config) http.Handler {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Version.Go == "" {
		cfg.Version.Go = runtime.Version()
	}
	if cfg.Masks == (limits.Masks{}) {
		cfg.Masks = limits.Masks{IPv4: 32, IPv6: 64}
	}
	h := &handler{cfg: cfg, start: time.Now()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", h.index)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", h.ready)
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, cfg.Version) })
	mux.HandleFunc("GET /rooms", h.rooms)
	mux.HandleFunc("GET /rooms/{id}", h.room)
	mux.HandleFunc("POST /rooms/{id}/close", h.closeRoom)
	mux.HandleFunc("GET /top", h.top)
	h.handlePlayers(mux)
	h.handleHooks(mux)
	h.handleBoxes(mux)
	if cfg.Registry != nil {
		mux.Handle("GET /metrics", promhttp.HandlerFor(cfg.Registry, promhttp.HandlerOpts{
			ErrorLog: slog.NewLogLogger(cfg.Logger.Handler(), slog.LevelError), ErrorHandling: promhttp.ContinueOnError,
		}))
	}
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return h.guard(mux)
}

// Server returns an HTTP server with time limits that fit an admin address: short
// for requests, long enough for a profile of a minute.
func Server(h http.Handler, log *slog.Logger) *http.Server {
	if log == nil {
		log = slog.Default()
	}
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// guard turns away what a page of another origin can make a browser send.
func (h *handler) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("X-Frame-Options", "DENY")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("Cross-Origin-Resource-Policy", "same-origin")
		head.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		head.Set("Cache-Control", "no-store")
		if !h.allowed(r.Host) {
			say(w, http.StatusMisdirectedRequest, fmt.Sprintf(
				"the host %q is not one that this address may be asked under; use 127.0.0.1 or localhost, or add it to admin_hosts", r.Host))
			return
		}
		if foreign(r) && !follows(r) {
			say(w, http.StatusForbidden, "this request comes from a page of another origin; only this address's own pages, and tools that are no browsers, are answered, and who follows a link to the first page")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// allowed reports whether a Host header names this address as only somebody who
// means it does.
func (h *handler) allowed(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		// A literal address can't be rebound: no name was looked up. 0.0.0.0 is none
		// that people use, but one that pages have used to get past browsers.
		return !ip.IsUnspecified()
	}
	host = strings.TrimSuffix(host, ".")
	return strings.EqualFold(host, "localhost") ||
		slices.ContainsFunc(h.cfg.Hosts, func(s string) bool { return strings.EqualFold(strings.TrimSuffix(s, "."), host) })
}

// foreign reports whether a browser sends a request on behalf of another origin.
func foreign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
	default:
		return true
	}
	origin, sent := r.Header["Origin"]
	if !sent {
		return false
	}
	u, err := url.Parse(origin[0])
	return err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host)
}

// follows reports whether somebody has followed a link to the first page, which costs little and
// changes nothing.
func follows(r *http.Request) bool {
	return r.Method == http.MethodGet && r.URL.Path == "/" && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

func (h *handler) ready(w http.ResponseWriter, _ *http.Request) {
	if h.cfg.Ready != nil {
		if err := h.cfg.Ready(); err != nil {
			w.Header().Set("Retry-After", "1")
			say(w, http.StatusServiceUnavailable, err.Error())
			return
		}
	}
	say(w, http.StatusOK, "ready")
}

func (h *handler) list() []RoomInfo {
	if h.cfg.Rooms == nil {
		return nil
	}
	rooms := h.cfg.Rooms.Rooms()
	slices.SortFunc(rooms, func(a, b RoomInfo) int {
		if c := strings.Compare(a.Kind, b.Kind); c != 0 {
			return c
		}
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return rooms
}

func (h *handler) rooms(w http.ResponseWriter, _ *http.Request) {
	rooms := h.list()
	players := 0
	for i := range rooms {
		players += rooms[i].Players
	}
	if rooms == nil {
		rooms = []RoomInfo{}
	}
	writeJSON(w, http.StatusOK, struct {
		Count   int        `json:"count"`
		Players int        `json:"players"`
		Rooms   []RoomInfo `json:"rooms"`
	}{len(rooms), players, rooms})
}

func (h *handler) room(w http.ResponseWriter, r *http.Request) {
	if h.cfg.Rooms == nil {
		fail(w, r, ErrNoRoom)
		return
	}
	info, err := h.cfg.Rooms.Room(r.PathValue("id"))
	if err != nil {
		fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, info)
}

func (h *handler) closeRoom(w http.ResponseWriter, r *http.Request) {
	if !form(w, r) {
		return
	}
	id, reason := r.PathValue("id"), r.Form.Get("reason")
	if reason == "" {
		reason = "closed by the operator"
	}
	if err := checkReason(reason); err != nil {
		bad(w, "%v", err)
		return
	}
	if h.cfg.Rooms == nil {
		fail(w, r, ErrNoRoom)
		return
	}
	if err := h.cfg.Rooms.CloseRoom(r.Context(), id, reason); err != nil {
		fail(w, r, err)
		return
	}
	h.cfg.Logger.Info("a room is closed by the operator", "room", id, "reason", reason)
	writeJSON(w, http.StatusOK, struct {
		Closed string `json:"closed"`
	}{id})
}

type problem struct {
	Error string `json:"error"`
}

func fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, ErrNoRoom) {
		writeJSON(w, http.StatusNotFound, problem{fmt.Sprintf("there is no room %q; GET /rooms lists them", r.PathValue("id"))})
		return
	}
	writeJSON(w, http.StatusInternalServerError, problem{err.Error()})
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, text) // the other side may be gone
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v) // the other side may be gone
}
