// Package node is this server's side of matchmaking: it is a node that rooms are placed
// on and says how it is doing, it makes the matches of queues if nobody else does, and it
// serves the players who look for a match.
//
//	node.go     the Node, put together, started and stopped
//	beat.go     how this server is doing, told again and again
//	service.go  what the matchmaking service needs of a server: kinds, seats, limits
package node

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"github.com/tickroom/tickroom/matchmaking"
	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/auth"
	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/refusal"
	"github.com/tickroom/tickroom/server/internal/registry"
	"github.com/tickroom/tickroom/server/internal/reporter"
	"github.com/tickroom/tickroom/server/internal/seat"
)

// Options of a Node. All are to be set.
type Options struct {
	// Config is what the server was told.
	Config *config.Config
	// ID is the name of this server.
	ID string
	// Stores are what all servers share.
	Stores store.Stores
	// Registry has the rooms, with all kinds registered.
	Registry *registry.Registry
	// Authenticator knows who calls.
	Authenticator *auth.Authenticator
	// SeatKeys sign the seats.
	SeatKeys *seat.Keys
	// Guard bounds the calls.
	Guard *limits.Guard
	// GoingAway reports whether the server ends, so that no rooms are placed on it.
	GoingAway func() bool
	// Short reports whether the server is short of memory: then it takes nothing new, and
	// no rooms are placed on it.
	Short    func() bool
	Metrics  *metrics.Metrics
	Refusals *refusal.Journal
	Logger   *slog.Logger
}

// Node is this server as matchmaking knows it.
type Node struct {
	o          Options
	calls      *limits.Calls
	matchmaker *matchmaking.Matchmaker
	handler    http.Handler

	// Reporter tells the matchmaker about the matches that run here.
	Reporter *reporter.Reporter
	// Path is where the service is served; it ends in a slash.
	Path string
}

// New returns a node that does nothing yet. The error says which mode the kinds of rooms
// can't do.
func New(o Options) (*Node, error) {
	cfg, st := o.Config, o.Stores
	n := &Node{o: o}
	issuer, err := seat.NewIssuer(o.SeatKeys, cfg.Seats.TTL, nil)
	if err != nil {
		return nil, err
	}
	if n.calls, err = newCalls(o.Guard, cfg.Matchmaking); err != nil {
		return nil, err
	}
	kinds, err := n.kinds()
	if err != nil {
		return nil, err
	}
	n.matchmaker, err = matchmaking.New(matchmaking.Options{
		Stores: st, Modes: cfg.Modes, Kinds: kinds,
		Identity: n.callers(), Seats: seats{issuer}, Limits: callLimits{n}, Busy: n.short, Refused: n.refused,
		Origins: cfg.Origins, Reserved: cfg.Seats.Reserved(), NodeTTL: n.ttl(),
		Matcher: cfg.Matchmaking.Matcher, Interval: cfg.Matchmaking.Interval, Lease: cfg.Matchmaking.Lease,
		Metrics: o.Metrics.Queues(), Logger: o.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	n.Reporter = reporter.New(reporter.Options{
		Matches: st.Matches, Results: n.matchmaker, Mode: cfg.Mode, Reserved: cfg.Seats.Reserved(), Logger: o.Logger,
	})
	n.Path, n.handler = n.matchmaker.Handler()
	return n, nil
}

// ServeHTTP serves the matchmaking service.
func (n *Node) ServeHTTP(w http.ResponseWriter, r *http.Request) { n.handler.ServeHTTP(w, r) }

// Start begins to take part, until stop is called, which waits. The reporter is run by the
// caller, since it has more to tell when the node takes no part any more.
func (n *Node) Start(ctx context.Context) (stop func(), err error) {
	// Before anybody can call: a room can only be placed on a server that is known.
	if err := n.report(ctx); err != nil {
		n.o.Logger.Warn("this server can't tell the matchmaker that it is there; it tries on", "error", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	leave, err := n.matchmaker.Start(ctx)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("server: %w", err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { n.beat(ctx) })
	return func() {
		cancel()
		leave()
		wg.Wait()
	}, nil
}

// Open opens a room of a kind in the region of this server, for whoever comes; see
// matchmaking.Matchmaker.
func (n *Node) Open(ctx context.Context, kind string, options map[string]string) error {
	return n.matchmaker.Open(ctx, kind, options, n.o.Config.Matchmaking.Region)
}

// Place returns the node for a room that a backend wants; see matchmaking.Matchmaker.Place.
func (n *Node) Place(ctx context.Context, kind, region string, players int) (store.Node, error) {
	return n.matchmaker.Place(ctx, kind, region, players)
}

// Sweep gives back the memory of callers that is not needed any more. It is to be called
// now and then.
func (n *Node) Sweep() { n.calls.Sweep() }
