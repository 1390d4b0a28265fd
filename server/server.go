package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/netcode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/certificate"
	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/room"
	"github.com/tickroom/tickroom/server/internal/seat"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/server/internal/status"
	"github.com/tickroom/tickroom/world"
)

const (
	// Path is where clients open their WebSocket.
	Path = "/ws"
	// Subprotocol is what they must offer.
	Subprotocol = "tickroom.v1"
	// Version is the protocol's version, which a hello must name.
	Version = 1

	maxNameBytes  = 64
	maxTokenBytes = 256
)

// Server is a tickroom server. Make one with New, Register the kinds of rooms,
// and Run it.
type Server struct {
	cfg       *config.Config
	log       *slog.Logger
	mux       *http.ServeMux
	metrics   *metrics.Metrics
	pool      *room.Pool
	rooms     *rooms
	gateway   *socket.Gateway
	status    *status.Page // nil: not shown
	guard     *limits.Guard
	bans      limits.Bans
	who       *who
	renew     *renewals
	people    *people
	returnees *returnees

	stores  store.Stores
	shared  *shared
	matches *matchmaker // nil: the service is off

	node     string // the name of this server
	seatKeys *seat.Keys
	gate     *seat.Gate

	clients  atomic.Int64 // seated or about to be
	draining atomic.Bool
	ran      atomic.Bool

	gatherMu sync.Mutex
	failed   map[string]uint64 // handshakes, by reason, that the metrics know of

	ready     chan struct{} // closed when listening
	addr      net.Addr
	adminAddr net.Addr
}

// Option changes what New makes.
type Option func(*options)

type options struct {
	log     *slog.Logger
	stores  *store.Stores
	bans    limits.Bans
	used    seat.Used
	matches Matches
}

// WithLogger makes the server log to log instead of standard error.
func WithLogger(log *slog.Logger) Option { return func(o *options) { o.log = log } }

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
		cfg: cfg, log: o.log, mux: http.NewServeMux(), metrics: metrics.New(BuildVersion()), failed: map[string]uint64{}, ready: make(chan struct{}),
		people: newPeople(), node: cmp.Or(cfg.Node.ID, randomNode()),
	}
	var undo []func() error
	defer func() {
		if err != nil {
			for _, f := range slices.Backward(undo) {
				err = errors.Join(err, f())
			}
		}
	}()
	if s.shared, err = share(cfg, &o); err != nil {
		return nil, err
	}
	undo = append(undo, s.shared.close)
	s.stores, s.bans = *o.stores, o.bans
	if o.matches == nil {
		o.matches = s.stores.Matches
	}
	if err = s.identify(o); err != nil {
		return nil, err
	}
	undo = append(undo, func() error { s.who.verifier.Close(); return nil })
	if s.pool, err = room.NewPool(cfg.PoolSize(), cfg.Transport != socket.TransportAuto, s.log); err != nil {
		return nil, err
	}
	undo = append(undo, func() error { return s.pool.Close(time.Second) })
	if s.bans == nil {
		s.bans = limits.NewMemoryBans(maxBans, nil)
	}
	s.guard, err = limits.NewGuard(cfg.Access, limits.Options{Bans: s.bans, OnDenied: func(r limits.Reason) { s.metrics.Denied(r.String()) }})
	if err != nil {
		return nil, err
	}
	s.renew = newRenewals(s.who, s.metrics)
	s.rooms = &rooms{
		cfg: cfg, log: s.log, dir: s.stores.Directory, pool: s.pool, metrics: s.metrics, start: time.Now(), gone: func() { s.clients.Add(-1) },
		node: s.node, guard: s.guard, matches: o.matches, people: s.people, banned: s.banned, renew: s.renew.Renew,
		kinds: map[string]*kind{}, running: map[string]*room.Loop{}, played: map[string]*store.Match{},
		listed: map[string]store.Listing{}, leavers: map[string]map[string]time.Time{},
		returns: newReturns(s.stores.Directory, s.log),
	}
	s.returnees = newReturnees(s.find)
	s.rooms.anew = s.returnees.take
	s.gateway, err = socket.New(socket.Options{
		Subprotocol: Subprotocol, MaxMessage: cfg.MaxMessage, MaxOutbox: cfg.MaxOutbox,
		SendBuffer: cfg.SendBuffer, NotSentLowat: cfg.NotSentLowat,
		HandshakeTimeout: cfg.HandshakeTimeout, HelloTimeout: cfg.HelloTimeout,
		MaxPending: cfg.MaxPending, Origins: cfg.Origins, Transport: cfg.Transport, DeadAfter: cfg.DeadAfter,
		HelloTimeoutCode: int(tickroomv1.CloseCode_CLOSE_CODE_HELLO_TIMEOUT),
		Admit:            s.admit,
		OnHello:          s.hello, Logger: s.log,
	})
	if err != nil {
		return nil, err
	}
	s.mux.Handle(Path, s.gateway)
	if cfg.Status {
		s.status = status.New(s.statusSource())
		s.mux.Handle(StatusPath, s.status)
	}
	return s, nil
}

func newLogger(cfg *config.Config) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.Log.Level)) // validated
	opts := &slog.HandlerOptions{Level: level}
	if cfg.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, opts))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, opts))
}

// Register adds a kind of room. All are registered before Run.
func (s *Server) Register(k world.Kind) error { return s.rooms.register(k) }

// Handle serves other paths of the clients' address, such as a game's page. The
// pattern is that of http.ServeMux.
func (s *Server) Handle(pattern string, h http.Handler) { s.mux.Handle(pattern, h) }

// Ready is closed once the server listens.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// Addr gives where clients connect, once the server is Ready.
func (s *Server) Addr() net.Addr { return s.addr }

// AdminAddr gives where operators look, once the server is Ready; nil: nowhere.
func (s *Server) AdminAddr() net.Addr { return s.adminAddr }

// Run serves until ctx is done, then tells the clients why and ends. A server
// runs once. It returns nil after an orderly end.
func (s *Server) Run(ctx context.Context) (err error) {
	if s.ran.Swap(true) {
		return errors.New("server: it has run already")
	}
	defer s.who.verifier.Close()
	defer func() { err = errors.Join(err, s.pool.Close(time.Second)) }()
	defer func() { err = errors.Join(err, s.shared.close()) }()
	if err := s.rooms.check(); err != nil {
		return err
	}
	if s.cfg.Matchmaking.Enabled {
		if s.matches, err = newMatchmaker(s); err != nil {
			return err
		}
		s.rooms.reporter = s.matches.reporter
		s.mux.Handle(s.matches.path, s.matches)
	}
	ln, err := s.listen()
	if err != nil {
		return err
	}
	s.addr = ln.Addr()
	defer s.bans.Watch(s.expel)()
	front := s.gateway.Server(s.mux)

	var wg sync.WaitGroup
	defer wg.Wait()
	failed := make(chan error, 2)
	serve := func(what string, srv *http.Server, ln net.Listener) {
		wg.Go(func() {
			if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("server: %s: %w", what, err)
			}
		})
	}
	if s.status != nil {
		statusCtx, stop := context.WithCancel(ctx)
		defer stop()
		wg.Go(func() { s.status.Run(statusCtx) })
	}
	var back *http.Server
	if s.cfg.Admin != "" {
		adminLn, err := net.Listen("tcp", s.cfg.Admin)
		if err != nil {
			return errors.Join(fmt.Errorf("server: admin address: %w; set --admin to another, or to nothing", err), ln.Close())
		}
		s.adminAddr = adminLn.Addr()
		back = s.adminServer()
		serve("admin address", back, adminLn)
	}
	// What the rooms' ends are told to goes on until the rooms have ended.
	afterCtx, stopAfter := context.WithCancel(context.WithoutCancel(ctx))
	defer stopAfter()
	wg.Go(func() { s.rooms.returns.run(afterCtx) })
	wg.Go(func() { s.returnees.run(afterCtx) })
	if s.matches != nil {
		wg.Go(func() { s.matches.reporter.Run(afterCtx, s.cfg.Matchmaking.Beat) })
		stop, err := s.matches.start(ctx)
		if err != nil {
			if back != nil {
				err = errors.Join(err, back.Close())
			}
			return errors.Join(err, ln.Close())
		}
		defer stop()
	}
	serve("clients' address", front, ln)
	sweepCtx, stopSweep := context.WithCancel(ctx)
	defer stopSweep()
	wg.Go(func() { s.sweep(sweepCtx) })
	wg.Go(func() { s.who.verifier.Run(sweepCtx) })
	wg.Go(func() { s.renew.run(sweepCtx) })
	adminAddr := "off"
	if s.adminAddr != nil {
		adminAddr = s.adminAddr.String()
	}
	s.log.Info("listening", "clients", s.addr.String(), "admin", adminAddr, "kinds", strings.Join(s.rooms.names(), ","))
	close(s.ready)

	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	return errors.Join(err, s.shutdown(front, back))
}

func (s *Server) listen() (net.Listener, error) {
	ln, err := net.Listen("tcp", s.cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("server: clients' address: %w; set --listen to another", err)
	}
	if !s.cfg.TLS.Enabled() {
		return ln, nil
	}
	cert, err := certificate.Load(s.cfg.TLS.Cert, s.cfg.TLS.Key, s.log)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("server: TLS files: %w", err), ln.Close())
	}
	return tls.NewListener(ln, &tls.Config{GetCertificate: cert.Get, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12}), nil
}

// shutdown takes the server apart in the reverse order of its making.
func (s *Server) shutdown(front, back *http.Server) error {
	s.draining.Store(true)
	s.log.Info("going away", "grace", s.cfg.ShutdownGrace.String())
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.ShutdownGrace+2*time.Second)
	defer cancel()
	var errs []error
	// No new connections, then no new seats, then the rooms.
	httpCtx, httpCancel := context.WithTimeout(ctx, s.cfg.ShutdownGrace/2+100*time.Millisecond)
	defer httpCancel()
	done := make(chan error, 1)
	go func() { done <- s.gateway.Close(ctx) }()
	errs = append(errs, s.rooms.close(ctx), <-done)
	if err := front.Shutdown(httpCtx); err != nil {
		errs = append(errs, front.Close())
	}
	if back != nil {
		if err := back.Shutdown(httpCtx); err != nil {
			errs = append(errs, back.Close())
		}
	}
	err := errors.Join(errs...)
	if err == nil {
		s.log.Info("gone")
	}
	return err
}

// hello decides about a connection by its first message.
func (s *Server) hello(r *http.Request, first []byte) (func(socket.Conn), error) {
	l, j, err := s.place(r, first)
	if err != nil {
		s.rejected(err)
		return nil, err
	}
	return func(c socket.Conn) { l.Seat(c, j) }, nil
}

// place finds the room that a connection goes to.
func (s *Server) place(r *http.Request, first []byte) (*room.Loop, room.Joiner, error) {
	h, err := readHello(first)
	if err == nil && s.draining.Load() {
		err = &socket.CloseError{Code: socket.CodeGoingAway, Reason: "the server is going away"}
	}
	if err != nil {
		return nil, room.Joiner{}, err
	}
	j, err := s.introduce(r, h)
	if err != nil {
		return nil, j, err
	}
	if h.GetResume() != "" {
		l, err := s.rooms.resume(h.GetKind(), h.GetRoom())
		return l, j, err
	}
	if h.GetSeat() != "" {
		if err := s.redeem(r.Context(), &j); err != nil {
			return nil, j, err
		}
	}
	l, err := s.find(r.Context(), &j)
	return l, j, err
}

// find finds the room that somebody goes to who resumes no session. A player who has a
// session where it wants to go comes back into that; others are counted, and a place is
// taken for them.
func (s *Server) find(ctx context.Context, j *room.Joiner) (*room.Loop, error) {
	h := j.Hello
	id := h.GetRoom()
	if j.Seat != nil {
		id = j.Seat.Room
	}
	if l := s.people.room(j.Who.Player, h.GetKind(), id); l != nil {
		j.Back = true
		return l, nil
	}
	if s.cfg.Seats.Required && j.Seat == nil {
		s.metrics.Seat("missing")
		return nil, closeError(tickroomv1.CloseCode_CLOSE_CODE_SEAT_REFUSED, "a seat from the matchmaker is needed")
	}
	if s.clients.Add(1) > int64(s.cfg.MaxConnections) {
		s.clients.Add(-1)
		return nil, closeError(tickroomv1.CloseCode_CLOSE_CODE_SERVER_FULL, "the server is full")
	}
	var l *room.Loop
	var err error
	if j.Seat != nil {
		l, err = s.rooms.seated(ctx, h.GetKind(), j.Seat)
	} else {
		l, err = s.rooms.join(ctx, j.Who.Player, h.GetKind(), id)
	}
	if err != nil {
		s.clients.Add(-1)
	}
	return l, err
}

func (s *Server) rejected(err error) {
	code := socket.CodeInternal
	if ce := (*socket.CloseError)(nil); errors.As(err, &ce) {
		code = ce.Code
	} else {
		s.log.Error("a client could not be seated", "error", err)
	}
	s.metrics.RejectedCode(code)
}

// readHello takes the first message apart and checks it.
func readHello(first []byte) (*tickroomv1.Hello, error) {
	const bad = tickroomv1.CloseCode_CLOSE_CODE_BAD_HELLO
	var f netcode.ClientFrame
	if err := f.Parse(first); err != nil || f.Hello == nil {
		return nil, closeError(bad, "the first message must be a ClientFrame with a hello")
	}
	h := &tickroomv1.Hello{}
	if err := proto.Unmarshal(f.Hello, h); err != nil {
		return nil, closeError(bad, "the hello could not be decoded")
	}
	switch {
	case h.GetVersion() != Version:
		return nil, closeError(bad, "version %d of the protocol; this server speaks %d", h.GetVersion(), Version)
	case len(h.GetName()) > maxNameBytes:
		return nil, closeError(bad, "the name is longer than %d bytes", maxNameBytes)
	case len(h.GetSeat()) > seat.MaxToken:
		return nil, closeError(tickroomv1.CloseCode_CLOSE_CODE_SEAT_REFUSED, "%s", seat.ErrMalformed)
	case len(h.GetResume()) > maxTokenBytes:
		return nil, closeError(bad, "the token of the session to resume is longer than %d bytes", maxTokenBytes)
	case !utf8.ValidString(h.GetName()) || strings.ContainsFunc(h.GetName(), unicode.IsControl):
		return nil, closeError(bad, "the name has characters that can't be shown")
	}
	return h, nil
}
