package server

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/tickroom/tickroom/matchmaking"
	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/reporter"
	"github.com/tickroom/tickroom/server/internal/seat"
	"github.com/tickroom/tickroom/world"
)

const (
	// beatsMissed is how many beats a node may miss before it counts as gone.
	beatsMissed = 3
	// relistBeats is how many beats pass from one look at the directory to the next.
	relistBeats = 8
	// callTimeout bounds a call of a store.
	callTimeout = time.Second
)

// WithStores makes the server keep what matchmaking knows in stores, which may be
// shared with other servers.
func WithStores(st store.Stores) Option { return func(o *options) { o.stores = &st } }

// matchmaker is the server's part in matchmaking: it is a node that rooms are placed
// on, it may make the matches of queues, and it serves players who look for one.
type matchmaker struct {
	s        *Server
	service  *matchmaking.Service
	reporter *reporter.Reporter
	calls    *limits.Calls
	placer   *matchmaking.Placer
	metrics  *metrics.Queues
	path     string
	handler  http.Handler
}

// newMatchmaker makes it once all kinds of rooms are registered.
func newMatchmaker(s *Server) (*matchmaker, error) {
	cfg, st := s.cfg, s.stores
	issuer, err := seat.NewIssuer(s.seatKeys, cfg.Seats.TTL, nil)
	if err != nil {
		return nil, err
	}
	rate := limits.Rate{PerSecond: cfg.Matchmaking.Calls, Burst: cfg.Matchmaking.CallBurst}
	m := &matchmaker{s: s, placer: matchmaking.NewPlacer(st.Nodes), metrics: s.metrics.Queues()}
	if m.calls, err = limits.NewCalls(s.guard, rate, rate, codeRate, guestRate); err != nil {
		return nil, err
	}
	kinds, err := s.rooms.serviceKinds()
	if err != nil {
		return nil, err
	}
	m.service, err = matchmaking.NewService(matchmaking.ServiceOptions{
		Tickets: st.Tickets, Ratings: st.Ratings, Nodes: st.Nodes, Directory: st.Directory,
		Modes: cfg.Modes, Kinds: kinds,
		Identity: callers{s.who, m.calls, s.metrics}, Seats: seats{issuer}, Limits: callLimits{m.calls}, Placer: m.placer,
		Explainer: explainer{st.Tickets, matchmaking.NewExplainer(st.Tickets, st.Queues), cfg.Mode},
		Origins:   cfg.Origins, SeatTime: cfg.Seats.Reserved(), Logger: s.log,
	})
	if err != nil {
		return nil, fmt.Errorf("server: matchmaking: %w", err)
	}
	m.reporter = reporter.New(reporter.Options{
		Matches: st.Matches, Results: m.service, Mode: cfg.Mode, ComeWithin: cfg.Seats.Reserved(), Logger: s.log,
	})
	m.path, m.handler = m.service.Handler()
	return m, nil
}

// serviceKinds tells the service of the kinds, and checks that those of the modes are
// there and understand the modes' options.
func (rs *rooms) serviceKinds() (map[string]matchmaking.Kind, error) {
	out := map[string]matchmaking.Kind{}
	for name, k := range rs.kinds {
		probe, err := rs.probe(k, rs.cfg.Options(name))
		if err != nil {
			return nil, fmt.Errorf("server: %w", err)
		}
		out[name] = matchmaking.Kind{Capacity: probe, Modes: map[string]int{}, Spectators: k.Spectators}
	}
	var errs []error
	for i := range rs.cfg.Modes {
		md := &rs.cfg.Modes[i]
		k := rs.kinds[md.Room.Kind]
		if k == nil {
			continue // the service says so
		}
		capacity, err := rs.probe(k, over(rs.cfg.Options(md.Room.Kind), md.Room.Options))
		if err != nil {
			errs = append(errs, fmt.Errorf("server: modes.%s.room: %w", md.Name, err))
		} else if n := md.Format.Players(); capacity < n {
			errs = append(errs, fmt.Errorf("server: modes.%s.room: its rooms take %d players, and a match has %d; set the option of the kind that says how many it takes", md.Name, capacity, n))
		}
		out[md.Room.Kind].Modes[md.Name] = capacity
	}
	return out, errors.Join(errs...)
}

// probe makes and drops a room of a kind, and tells how many it takes.
func (rs *rooms) probe(k *kind, options map[string]string) (capacity int, err error) {
	r, _, err := world.NewRoom(k.Kind, 1, options, rs.log)
	if err != nil {
		return 0, err
	}
	return r.MaxPlayers, nil
}

// ServeHTTP serves the matchmaking service. Streams go on for longer than a request's
// header and body may take.
func (m *matchmaker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor == 1 {
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	}
	m.handler.ServeHTTP(w, r)
}

// start begins to take part, until stop is called, which waits.
func (m *matchmaker) start(ctx context.Context) (stop func(), err error) {
	cfg := m.s.cfg
	// Before anybody can call: a room can only be placed on a server that is known.
	if err := m.report(ctx); err != nil {
		m.s.log.Warn("this server can't tell the matchmaker that it is there; it tries on", "error", err)
	}
	var runner *matchmaking.Runner
	if cfg.Matchmaking.Matcher && len(cfg.Modes) > 0 {
		runner, err = matchmaking.StartQueues(matchmaking.QueueConfig{
			Queues: m.s.stores.Queues, Placer: m.placer, Modes: cfg.Modes,
			Interval: cfg.Matchmaking.Interval, TTL: cfg.Matchmaking.Lease, Metrics: m.metrics, Log: m.s.log,
		})
		if err != nil {
			return nil, fmt.Errorf("server: matchmaking: %w", err)
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { m.service.Run(ctx) })
	wg.Go(func() { m.beat(ctx) })
	wg.Go(func() { m.reap(ctx) })
	wg.Go(func() { m.relist(ctx) })
	return func() {
		cancel()
		if runner != nil {
			runner.Stop()
		}
		wg.Wait()
	}, nil
}

// node tells how this server is doing, as one that rooms are placed on.
func (m *matchmaker) node() store.Node {
	s := m.s
	list := s.rooms.list()
	return store.Node{
		ID: s.node, URL: s.cfg.Matchmaking.URL, Region: s.cfg.Matchmaking.Region, Kinds: s.rooms.names(),
		Spare: spare(processors(), list), Rooms: len(list), Clients: int(s.clients.Load()),
		MaxRooms: s.cfg.MaxRooms, MaxClients: s.cfg.MaxConnections, Draining: s.draining.Load(),
	}
}

// beat reports how this server is doing, again and again, and at the end that it is
// gone.
func (m *matchmaker) beat(ctx context.Context) {
	every := m.s.cfg.Matchmaking.Beat
	tick := time.NewTicker(every)
	defer tick.Stop()
	failing := false
	for {
		err := m.report(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			m.s.log.Warn("this server can't tell the matchmaker that it is there", "error", err)
		} else if err == nil && failing {
			m.s.log.Info("the matchmaker hears of this server again")
		}
		failing = err != nil
		select {
		case <-tick.C:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
			defer cancel()
			if err := m.s.stores.Nodes.Leave(last, m.s.node); err != nil {
				m.s.log.Warn("this server could not take its leave of the matchmaker", "error", err)
			}
			return
		}
	}
}

// report tells the matchmaker once that this server is there.
func (m *matchmaker) report(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return m.s.stores.Nodes.Beat(ctx, m.node(), beatsMissed*m.s.cfg.Matchmaking.Beat)
}

// relist looks now and then whether the directory knows the rooms that run here.
func (m *matchmaker) relist(ctx context.Context) {
	tick := time.NewTicker(relistBeats * m.s.cfg.Matchmaking.Beat)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		for _, l := range m.s.rooms.loops() {
			call, cancel := context.WithTimeout(ctx, callTimeout)
			_, err := m.s.rooms.relist(call, l)
			cancel()
			if err != nil {
				break // the directory is away
			}
		}
	}
}

// reap takes the rooms of servers that have died off the directory.
func (m *matchmaker) reap(ctx context.Context) {
	ttl := beatsMissed * m.s.cfg.Matchmaking.Beat
	r := &matchmaking.Reaper{Directory: m.s.stores.Directory, Nodes: m.s.stores.Nodes, Grace: 2 * ttl}
	tick := time.NewTicker(ttl)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		removed, err := r.Pass(ctx)
		for node, n := range removed {
			m.s.log.Warn("a server has died; its rooms are off the list", "node", node, "rooms", n)
		}
		if err != nil && ctx.Err() == nil {
			m.s.log.Debug("servers that have died could not be looked for", "error", err)
		}
	}
}

// over gives options with others over them.
func over(options, others map[string]string) map[string]string {
	out := maps.Clone(options)
	maps.Copy(out, others)
	return out
}
