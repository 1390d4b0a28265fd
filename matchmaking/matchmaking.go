// Package matchmaking brings players together: it keeps the tickets of those who look for a
// match, makes the matches, finds a server for each, rates how they end, and knows the rooms
// that anybody may join.
//
// A server opens its stores, with OpenMemory or OpenRedis, and runs a Matchmaker. Servers whose
// stores are the same share the work. A Simulation tries the rules of a mode in virtual time.
//
// Package store has the model and the interfaces of what is kept, package mode the rules of a
// match. All else is internal.
package matchmaking

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"connectrpc.com/connect"
	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/matchmaking/internal/memory"
	"github.com/tickroom/tickroom/matchmaking/internal/place"
	"github.com/tickroom/tickroom/matchmaking/internal/queue"
	"github.com/tickroom/tickroom/matchmaking/internal/redisdb"
	"github.com/tickroom/tickroom/matchmaking/internal/service"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// OpenMemory returns empty stores in memory, for a server on its own.
func OpenMemory() store.Stores { return memory.Open() }

// OpenRedis returns stores in Redis, for several servers. Their keys begin with prefix, such
// as "tickroom:": servers with the same prefix on the same Redis play together. The client
// must end calls with their contexts (ContextTimeoutEnabled). stop is to be called at the end,
// before the client is closed.
//
// If replicas is not 0, every change of tickets, matches and ratings waits for so many replicas
// to have it, for at most wait, which must be less than store.CallTimeout and than the client's
// timeout for an answer. If they have not, the call returns store.ErrUnavailable.
func OpenRedis(c redis.UniversalClient, prefix string, replicas int, wait time.Duration) (_ store.Stores, stop func()) {
	return redisdb.Open(c, prefix, redisdb.WithReplicas(replicas, wait))
}

// What a Matchmaker needs of its server.
type (
	// Caller is a client that calls the service, and what it may do.
	Caller = service.Caller
	// Identity authenticates callers.
	Identity = service.Identity
	// SeatFor is what a seat is to be for.
	SeatFor = service.SeatFor
	// Seats signs seats.
	Seats = service.Seats
	// Work is what a call costs.
	Work = service.Work
	// Limits bounds how often an address or a player may call.
	Limits = service.Limits
	// Kind is what has to be known of a kind of rooms.
	Kind = service.Kind
	// Metrics counts what the queues do.
	Metrics = queue.Metrics
)

// WorkCode is the work of trying the code of a room, WorkRoom that of having one made. WorkRoom is the
// greatest Work.
const (
	WorkCode = service.Code
	WorkRoom = service.Room
)

// RoomFilter returns whether rooms are as a query wants them, in the language of tickets, for those
// who know all rooms: beside what players ask for there are private, closed and node. The error says
// what is wrong with the query, and where.
func RoomFilter(query string) (func(r *store.Listing) bool, error) { return service.Filter(query) }

// RoomInfo returns what everybody may know of a room.
func RoomInfo(r *store.Listing) *tickroomv1.RoomInfo { return service.Info(r) }

// NewCode returns a code for a private room, which nobody can foresee.
func NewCode() string { return service.NewCode() }

// Options are those of a Matchmaker. Those without a default have to be set.
type Options struct {
	// Stores may be shared with other servers.
	Stores store.Stores
	// Modes are those that players can ask for; Kinds are the kinds of rooms, by name. Every
	// mode's kind is one of them.
	Modes []mode.Mode
	Kinds map[string]Kind

	Identity Identity
	Seats    Seats
	Limits   Limits
	// Origins are the origins of the pages that may call. Default: the server's own.
	Origins []string
	// Reserved is how long a place in an open room is reserved for a player: as long as seats
	// are good. Default 30 s.
	Reserved time.Duration

	// Matcher has this server compete for the queues, to make the matches of those that it
	// gets. Interval is the time between two passes of a queue, by default 500 ms; Lease is how
	// long a queue stays with a server that has died, by default 5 s.
	Matcher         bool
	Interval, Lease time.Duration
	// NodeTTL is how long nodes are known without a beat, as those who call store.Nodes.Beat
	// have it. The rooms of those that are missing for longer than twice that are removed.
	NodeTTL time.Duration

	// Busy reports whether this server can take nothing new for now, no ticket, seat or room;
	// then such calls are answered unavailable. It may be nil.
	Busy func() bool

	// Refused is called with each call of the service that is refused, but for those that
	// Identity and Limits refuse. player is its caller, what the procedure's name, such as
	// "QuickJoin". It must not block; it may be nil.
	Refused func(player, what string, err *connect.Error)
	// Metrics may be nil. Logger is slog.Default() by default.
	Metrics Metrics
	Logger  *slog.Logger
}

// Matchmaker is a server's part in matchmaking: it serves the players who look for a match
// or a room, competes for the queues, and removes the rooms of servers that have died.
type Matchmaker struct {
	o       Options
	placer  *place.Placer
	service *service.Service
}

// New returns a Matchmaker that does nothing before Start. The error lists what is wrong with
// the options, such as a mode of a kind that is not there.
func New(o Options) (*Matchmaker, error) {
	if o.NodeTTL <= 0 {
		return nil, fmt.Errorf("matchmaking: NodeTTL is %v; it must be more than 0", o.NodeTTL)
	}
	o.Logger = cmp.Or(o.Logger, slog.Default())
	if o.Metrics == nil {
		o.Metrics = unmeasured{}
	}
	m := &Matchmaker{o: o, placer: place.New(o.Stores.Nodes)}
	var err error
	m.service, err = service.New(service.Options{
		Tickets: o.Stores.Tickets, Ratings: o.Stores.Ratings, Nodes: o.Stores.Nodes, Directory: o.Stores.Directory,
		Modes: o.Modes, Kinds: o.Kinds, Identity: o.Identity, Seats: o.Seats, Limits: o.Limits, Placer: m.placer,
		Explainer: queue.NewExplainer(o.Stores.Tickets, o.Stores.Queues, o.Modes),
		Origins:   o.Origins, Reserved: o.Reserved, Busy: o.Busy, Refused: o.Refused, Logger: o.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("matchmaking: %w", err)
	}
	return m, nil
}

// Handler returns the service as an HTTP handler, and the path below which it is served, which
// ends in a slash.
func (m *Matchmaker) Handler() (path string, h http.Handler) { return m.service.Handler() }

// Report rates a match that has ended, once, however often it is called. The error is a
// *connect.Error.
func (m *Matchmaker) Report(ctx context.Context, r *tickroomv1.ReportResultRequest) (*tickroomv1.ReportResultResponse, error) {
	return m.service.Report(ctx, r)
}

// Open opens a room of a kind for whoever comes, before anybody has: on a server in a region, or
// anywhere if that is "", that has the most spare tick time. options are what clients chose it to be
// like.
func (m *Matchmaker) Open(ctx context.Context, kind string, options map[string]string, region string) error {
	return m.service.Open(ctx, kind, options, region)
}

// Place returns the node on which a room of a kind is to be made, with places for so many players:
// the one with the most to spare, in the region if one there can take it; empty: anywhere. The error
// is, or wraps, ErrNoNode if there is none.
func (m *Matchmaker) Place(ctx context.Context, kind, region string, players int) (store.Node, error) {
	return m.placer.Place(ctx, time.Now(), kind, region, players)
}

// ErrNoNode means that no node can take a room now.
var ErrNoNode = place.ErrNoNode

// Start begins to take part, until stop is called, which waits until queues are given back and
// all has ended. It must be called even if ctx is done before.
func (m *Matchmaker) Start(ctx context.Context) (stop func(), err error) {
	giveBack := func() {}
	if m.o.Matcher && len(m.o.Modes) > 0 {
		r, err := queue.Start(queue.Config{
			Queues: m.o.Stores.Queues, Placer: m.placer, Modes: m.o.Modes,
			Interval: m.o.Interval, TTL: m.o.Lease, Metrics: m.o.Metrics, Log: m.o.Logger,
		})
		if err != nil {
			return nil, fmt.Errorf("matchmaking: %w", err)
		}
		giveBack = r.Stop
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	context.AfterFunc(ctx, m.service.Close)
	wg.Go(func() { m.reap(ctx) })
	return func() {
		cancel()
		giveBack()
		wg.Wait()
	}, nil
}

// unmeasured discards what it is told.
type unmeasured struct{}

func (unmeasured) Held(string, bool)                                {}
func (unmeasured) Waiting(string, int, int)                         {}
func (unmeasured) Pass(string, time.Duration)                       {}
func (unmeasured) Match(string, int, int, float64, []time.Duration) {}
func (unmeasured) Fill(string, int, []time.Duration)                {}
func (unmeasured) TimedOut(string, int)                             {}
func (unmeasured) NoNode(string, string)                            {}
func (unmeasured) Error(string)                                     {}
