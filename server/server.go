package server

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/async"
	"github.com/tickroom/tickroom/server/internal/auth"
	"github.com/tickroom/tickroom/server/internal/backend"
	"github.com/tickroom/tickroom/server/internal/blackbox"
	"github.com/tickroom/tickroom/server/internal/costs"
	"github.com/tickroom/tickroom/server/internal/door"
	"github.com/tickroom/tickroom/server/internal/join"
	"github.com/tickroom/tickroom/server/internal/journalfile"
	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/node"
	"github.com/tickroom/tickroom/server/internal/pressure"
	"github.com/tickroom/tickroom/server/internal/refusal"
	"github.com/tickroom/tickroom/server/internal/registry"
	"github.com/tickroom/tickroom/server/internal/room"
	"github.com/tickroom/tickroom/server/internal/seat"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/server/internal/status"
	"github.com/tickroom/tickroom/server/internal/workqueue"
	"github.com/tickroom/tickroom/world"
)

const (
	// Path is where clients open their WebSocket.
	Path = "/ws"
	// Subprotocol is what they must offer.
	Subprotocol = "tickroom.v1"
	// Version is the protocol's version, which a hello must name.
	Version = join.Version
	// StatusPath is where the clients' address tells everybody how the server is doing, if
	// the configuration has it so.
	StatusPath = status.Path
)

// Server is a tickroom server. Make one with New, Register the kinds of rooms,
// and Run it.
type Server struct {
	// What it was told.
	cfg  *config.Config
	log  *slog.Logger
	node string // its name

	// Its parts, in the order in which New makes them.
	metrics  *metrics.Metrics
	refusals *refusal.Journal
	backend  *backend.Backend
	seatKeys *seat.Keys
	auth     *auth.Authenticator
	renewals *auth.Renewals
	pool     *room.Pool
	guard    *limits.Guard
	pressure *pressure.Gauge
	costs    *costs.Ledger
	async    *async.Runner
	backends backends
	boxes    *blackbox.Store    // nil: no black boxes are kept
	journals *journalfile.Store // nil: rooms end with the server
	press    *workqueue.Queue[func()]
	registry *registry.Registry
	gateway  *socket.Gateway
	turns    *socket.Handshakes
	status   *status.Page // nil: not shown
	mux      *http.ServeMux

	// What Run adds.
	matchmaking *node.Node // nil: the service is off
	ran         atomic.Bool
	goingAway   atomic.Bool
	ready       chan struct{} // closed when the addresses are known
	addr        net.Addr
	door        *door.Door // of the clients' address
	adminAddr   net.Addr   // nil: there is none
	serviceAddr net.Addr   // of the API for backends; nil: it is off
}

// New makes a server. The error says which part of the configuration is wrong.
func New(cfg *config.Config, opts ...Option) (_ *Server, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	o := options{}
	for _, opt := range opts {
		opt(&o)
	}
	if o.log == nil {
		o.log = newLogger(cfg)
	}
	s := &Server{
		cfg: cfg, log: o.log, node: cmp.Or(cfg.Node.ID, randomNode()),
		metrics: metrics.New(BuildVersion()), mux: http.NewServeMux(), ready: make(chan struct{}),
	}
	s.openPressure(o.memory)
	s.costs = costs.New(s.network)
	s.refusals = refusal.NewJournal(s.log, s.metrics, s.costs)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.backend, err = backend.Open(cfg, o.given, s.metrics, s.log); err != nil {
		return nil, err
	}
	if err = s.openAuth(); err != nil {
		return nil, err
	}
	if s.pool, err = room.NewPool(cfg.PoolSize(), cfg.Transport != socket.TransportAuto, s.log); err != nil {
		return nil, err
	}
	s.guard, err = limits.NewGuard(cfg.Access, limits.Options{
		Bans: s.backend.Bans, OnDenied: func(r limits.Reason) { s.metrics.Denied(r.String()) },
	})
	if err != nil {
		return nil, err
	}
	s.async = async.New(cfg.Async.AtOnce, s.metrics, s.log)
	if err = s.openBackends(); err != nil {
		return nil, err
	}
	if err = errors.Join(s.openBlackBoxes(), s.openJournals(&o)); err != nil {
		return nil, err
	}
	s.openRooms(&o)
	s.turns = socket.NewHandshakes(cfg.TLS.Handshakes)
	if s.gateway, err = socket.New(s.socketOptions()); err != nil {
		return nil, err
	}
	s.mux.Handle(Path, s.gateway)
	if cfg.Status {
		s.status = status.New(s.statusSource())
		s.mux.Handle(StatusPath, s.status)
	}
	return s, nil
}

// randomNode returns a name for a server that was given none.
func randomNode() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "tickroom"
	}
	return host[:min(len(host), 64)] + "-" + strings.ToLower(rand.Text()[:10])
}

// openAuth reads the secrets and keys that clients' tokens and seats are checked with.
func (s *Server) openAuth() error {
	secrets, err := seat.Secrets(s.cfg.Seats.SecretFiles)
	if err != nil {
		return fmt.Errorf("server: seats.secret_files: %w", err)
	}
	if len(s.cfg.Seats.SecretFiles) == 0 && s.cfg.Journal.Rooms != "" {
		secret, err := keptSecret(s.cfg.Journal.Rooms)
		if err != nil {
			return fmt.Errorf("server: journal.rooms: %w", err)
		}
		secrets = [][]byte{secret}
	}
	if s.seatKeys, err = seat.NewKeys(secrets...); err != nil {
		return fmt.Errorf("server: seats.secret_files: %w", err)
	}
	if s.auth, err = auth.New(s.cfg, secrets, s.metrics, s.log); err != nil {
		return err
	}
	s.renewals = auth.NewRenewals(s.auth)
	return nil
}

// openRooms makes the registry. Matches of the options are those whose rooms are opened here; nil: the
// stores'.
func (s *Server) openRooms(o *options) {
	matches := o.matches
	if matches == nil {
		matches = s.backend.Stores.Matches
	}
	s.registry = registry.New(registry.Options{
		Config: s.cfg, Node: s.node, Directory: s.backend.Stores.Directory, Matches: matches, Pool: s.pool, Metrics: s.metrics,
		Guard: s.guard, Short: s.pressure.Under, Bans: s.backend.Bans, Claims: s.backend.Claims, Renew: s.renewals.Renew, Refusals: s.refusals, Bus: s.backend.Bus, Async: s.async, Hooks: s.backends.hooks, BlackBox: s.blackBox(),
		Journals: s.journals, Build: s.build(o.build), Press: s.press.Add, Logger: s.log,
	})
}

// socketOptions returns what the gateway needs. A client comes to the desk with its
// handshake and its hello.
func (s *Server) socketOptions() socket.Options {
	desk := join.New(join.Options{
		Guard: s.guard, Authenticator: s.auth, Registry: s.registry, GoingAway: s.goingAway.Load, Short: s.pressure.Under, Refusals: s.refusals, Costs: s.costs, Metrics: s.metrics,
		Gate: seat.NewGate(s.node, s.seatKeys, s.backend.Used, s.cfg.Seats.Leeway, nil),
	})
	return socket.Options{
		Subprotocol: Subprotocol, MaxMessage: s.cfg.MaxMessage, MaxOutbox: s.cfg.MaxOutbox,
		SendBuffer: s.cfg.SendBuffer, NotSentLowat: s.cfg.NotSentLowat,
		HandshakeTimeout: s.cfg.HandshakeTimeout, HelloTimeout: s.cfg.HelloTimeout,
		MaxPending: s.cfg.MaxPending, Origins: s.cfg.Origins, Transport: s.cfg.Transport, DeadAfter: s.cfg.DeadAfter,
		HelloTimeoutCode: closecode.HelloTimeout,
		OnHandshake:      desk.Handshake, Holder: desk.Holder, OnRefused: desk.Refused, OnHello: desk.Hello, Logger: s.log,
	}
}

// close lets go of what New has opened, in the reverse order. It may be called twice.
func (s *Server) close() (err error) {
	if s.pool != nil {
		err = s.pool.Close(time.Second)
	}
	if s.auth != nil {
		s.auth.Close()
	}
	if s.journals != nil {
		err = errors.Join(err, s.journals.Close())
	}
	err = errors.Join(err, s.closeBackends())
	if s.backend != nil {
		err = errors.Join(err, s.backend.Close())
	}
	return err
}

// Register adds a kind of rooms. All are registered before Run.
func (s *Server) Register(k world.Kind) error { return s.registry.Register(k) }

// Handle serves other paths of the clients' address, such as a game's page. The
// pattern is that of http.ServeMux.
func (s *Server) Handle(pattern string, h http.Handler) { s.mux.Handle(pattern, h) }

// Ready returns a channel that is closed once the server listens.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// Addr returns where clients connect, once the server is Ready.
func (s *Server) Addr() net.Addr { return s.addr }

// ServiceAddr returns where backends call RoomService, once the server is Ready: the clients'
// address, or one of its own; nil: the API is off.
func (s *Server) ServiceAddr() net.Addr { return s.serviceAddr }

// AdminAddr returns where operators look, once the server is Ready; nil: nowhere.
func (s *Server) AdminAddr() net.Addr { return s.adminAddr }
