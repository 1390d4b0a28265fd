// Package service is tickroom.v1.MatchmakingService: what players call to get a seat
// in a room, with Connect, gRPC, gRPC-Web, or JSON over HTTP.
//
// It decides little by itself. It knows who calls (Identity), keeps anybody from
// asking too much (Limits), checks what was asked, and then reads and writes what the
// stores keep (package store): tickets, ratings, nodes, rooms. Matches are made
// elsewhere, by package queue, on the server that has the lease of the queue. So any
// number of servers may run the service over the same stores, and a client may ask another
// one each time.
//
// A seat is a signed promise (Seats). Rooms of matches are not there yet when their
// first seat is given: the node that the seat names makes the room when a player comes
// with it.
//
// # Errors
//
// Every call of a store has a second. A store that fails or does not answer is
// unavailable to the client, with a Retry-After; what went wrong is logged, and not
// told.
package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"connectrpc.com/connect"

	"golang.org/x/time/rate"

	"github.com/tickroom/tickroom/internal/origin"
	"github.com/tickroom/tickroom/matchmaking/internal/place"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// Kind is what the service has to know of a kind of rooms.
type Kind struct {
	// Capacity is how many players a room has at most; Modes is the same for rooms of
	// modes, by their names, where it is another number.
	Capacity int
	Modes    map[string]int
	// MaxSpectators is how many spectators a room has at most; 0: it can't be watched.
	MaxSpectators int
	// Spread rooms are filled evenly; see store.Listing.
	Spread bool
	// Show returns the name of the show that a room is a house of which is made with some
	// options; empty: none. nil: none is.
	Show func(options map[string]string) string
	// Secret are the names of options that are shown to nobody.
	Secret []string
	// Asked returns the options of a room that a client asks for, without those that are
	// as they would be anyway. The error is told to the client. nil: clients choose none.
	Asked func(options map[string]string) (map[string]string, error)
	// Opens returns why a client may not have a room made with some options, in which it has some roles,
	// or nil. The error is told to the client, unless it is a *connect.Error: that is as it is. nil: every client may.
	Opens func(ctx context.Context, roles func(show string) []string, options map[string]string) error
}

// capacity returns how many players a room of a mode, or of none, has.
func (k *Kind) capacity(mode string) int {
	if n, ok := k.Modes[mode]; ok {
		return n
	}
	return k.Capacity
}

// show returns the name of the show that a room is a house of; empty: none.
func (k *Kind) show(options map[string]string) string {
	if k.Show == nil {
		return ""
	}
	return k.Show(options)
}

// Options of a Service. Those without a default have to be set.
type Options struct {
	// What is known. They may be shared with other servers.
	Tickets   store.Tickets
	Ratings   store.Ratings
	Nodes     store.Nodes
	Directory store.Directory

	// Modes are those that players can ask for, Kinds the kinds of rooms, by name.
	// Every mode's kind is one of them.
	Modes []mode.Mode
	Kinds map[string]Kind

	Identity Identity
	Seats    Seats
	Limits   Limits
	Placer   *place.Placer
	// Explainer answers Explain; nil: it is not implemented.
	Explainer Explainer

	// Busy reports whether this server can take nothing new for now: no ticket, no seat, no
	// room. Default: it never is.
	Busy func() bool

	// Origins are the origins of the pages that may call, as package origin has them.
	// Default: the server's own.
	Origins []string
	// Watches bounds the watched tickets in all, WatchesEach those of one player, and both
	// the watched lists of rooms likewise. Default 20,000 and 4.
	Watches, WatchesEach int
	// Reserved is how long a place in an open room is kept for a player who has a seat for
	// it and has not come yet. Default 30 s.
	Reserved time.Duration
	// Refused is called with each call that is refused, but for those that Identity and
	// Limits refuse, who know that themselves. player is its caller, what the procedure's
	// name. It must not block. Default: nobody is told.
	Refused func(player, what string, err *connect.Error)
	// Logger hears of what clients are not told. Default slog.Default().
	Logger *slog.Logger
}

// Service implements tickroomv1connect.MatchmakingServiceHandler. Its methods may be
// called from any goroutine.
type Service struct {
	o       Options
	modes   map[string]*mode.Mode
	origins origin.Set

	nodes func(context.Context) ([]store.Node, error)    // as they were within the last half second
	rooms func(context.Context) ([]store.Listing, error) // likewise, by id
	// As they are, for who has not found what it looks for in rooms.
	newestRooms func(context.Context) ([]store.Listing, error)

	making  map[string]chan struct{} // by kind; held by who makes an open room of it
	watches watches                  // of tickets
	lobby   lobby
	warn    rate.Sometimes // that a store fails

	closed   chan struct{}
	closeOne sync.Once
}

// New makes a service. It owns no goroutine before Run is called.
func New(o Options) (*Service, error) {
	var errs []error
	for _, f := range []struct {
		name    string
		missing bool
	}{
		{"Tickets", o.Tickets == nil}, {"Ratings", o.Ratings == nil}, {"Nodes", o.Nodes == nil}, {"Directory", o.Directory == nil},
		{"Identity", o.Identity == nil}, {"Seats", o.Seats == nil}, {"Limits", o.Limits == nil}, {"Placer", o.Placer == nil},
	} {
		if f.missing {
			errs = append(errs, fmt.Errorf("service: %s must be set", f.name))
		}
	}
	o.Watches, o.WatchesEach = cmp.Or(o.Watches, 20_000), cmp.Or(o.WatchesEach, 4)
	if o.Refused == nil {
		o.Refused = func(string, string, *connect.Error) {}
	}
	o.Reserved, o.Logger = cmp.Or(o.Reserved, 30*time.Second), cmp.Or(o.Logger, slog.Default())
	s := &Service{
		o: o, modes: map[string]*mode.Mode{}, closed: make(chan struct{}), making: map[string]chan struct{}{},
		watches: newWatches("tickets", &o), lobby: lobby{watches: newWatches("lists of rooms", &o), views: map[viewKey]*view{}},
		warn:  rate.Sometimes{Interval: warnEvery},
		nodes: recent(recentTTL, func(ctx context.Context) ([]store.Node, error) { return o.Nodes.Nodes(ctx) }),
	}
	list := func(ctx context.Context) ([]store.Listing, error) { return o.Directory.Rooms(ctx, "", "") }
	s.rooms, s.newestRooms = recent(recentTTL, list), recent(newestTTL, list)
	for name := range o.Kinds {
		s.making[name] = make(chan struct{}, 1)
	}
	s.o.Modes = slices.Clone(o.Modes)
	for i := range s.o.Modes {
		m := &s.o.Modes[i]
		for _, p := range m.Validate() {
			errs = append(errs, fmt.Errorf("service: mode %s: %w", m.Name, p))
		}
		if _, ok := o.Kinds[m.Room.Kind]; !ok {
			errs = append(errs, fmt.Errorf("service: mode %s: room.kind: there is no kind %q; the kinds are %s", m.Name, m.Room.Kind, names(o.Kinds)))
		}
		if s.modes[m.Name] != nil {
			errs = append(errs, fmt.Errorf("service: there are two modes %s", m.Name))
		}
		s.modes[m.Name] = m
	}
	if o.Reserved < 0 || o.Watches < 0 || o.WatchesEach < 0 {
		errs = append(errs, fmt.Errorf("service: Reserved is %v, Watches %d, WatchesEach %d; none can be less than 0", o.Reserved, o.Watches, o.WatchesEach))
	}
	var err error
	if s.origins, err = origin.Parse(o.Origins); err != nil {
		errs = append(errs, fmt.Errorf("service: Options.Origins: %w", err))
	}
	return s, errors.Join(errs...)
}

// Close ends all streams, and those that are begun from now on. It may be called
// again.
func (s *Service) Close() { s.closeOne.Do(func() { close(s.closed) }) }
