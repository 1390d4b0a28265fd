package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/node"
	"github.com/tickroom/tickroom/server/internal/refusal"
)

// Run serves until ctx is done, then tells the clients why and ends. A server
// runs once. It returns nil after an orderly end.
func (s *Server) Run(ctx context.Context) (err error) {
	if s.ran.Swap(true) {
		return errors.New("server: it has run already")
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.registry.Check(); err != nil {
		return err
	}
	if err := errors.Join(s.openMatchmaking(), s.startBackends()); err != nil {
		return err
	}
	front, back, err := s.listen()
	if err != nil {
		return err
	}
	inside, err := s.listenBackends()
	if err != nil {
		return errors.Join(err, back.close(), front.close())
	}
	defer s.backend.Bans.Watch(s.expel)()
	defer s.refusals.Flush()

	var all sync.WaitGroup
	defer all.Wait()
	failed := make(chan error, 3)
	back.serve(&all, failed)
	// What the rooms' ends are told to goes on until the rooms have ended.
	after, stopAfter := context.WithCancel(context.WithoutCancel(ctx))
	defer stopAfter()
	all.Go(func() { s.registry.Run(after) })
	all.Go(func() { s.backend.Bus.Run(after) })
	if s.backends.hooks != nil {
		all.Go(func() { s.backends.hooks.Run(after) })
	}
	if s.boxes != nil {
		all.Go(func() { s.boxes.Run(after) })
	}
	all.Go(func() { s.press.Run(after) })
	if s.journals != nil {
		all.Go(func() { s.journals.Run(after) })
	}
	if s.matchmaking != nil {
		all.Go(func() { s.matchmaking.Reporter.Run(after, s.cfg.Matchmaking.Beat) })
		stop, err := s.matchmaking.Start(ctx)
		if err != nil {
			return errors.Join(err, back.close(), front.close(), inside.close())
		}
		defer stop()
	}
	if err := s.registry.Restore(ctx); err != nil {
		return errors.Join(err, back.close(), front.close(), inside.close())
	}
	front.serve(&all, failed)
	inside.serve(&all, failed)
	during, stop := context.WithCancel(ctx)
	defer stop()
	for _, run := range append(s.backendRuns(), s.auth.Run, s.renewals.Run, s.sweep, s.door.Run, s.pressure.Run) {
		all.Go(func() { run(during) })
	}
	if s.status != nil {
		all.Go(func() { s.status.Run(during) })
	}
	s.awaitFleet(during)
	s.announce()
	close(s.ready)

	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	return errors.Join(err, s.shutdown(front, back, inside))
}

// openMatchmaking makes the server a node, now that all kinds of rooms are registered.
func (s *Server) openMatchmaking() (err error) {
	if !s.cfg.Matchmaking.Enabled {
		return nil
	}
	s.matchmaking, err = node.New(node.Options{
		Config: s.cfg, ID: s.node, Stores: s.backend.Stores, Registry: s.registry, Authenticator: s.auth, SeatKeys: s.seatKeys,
		Guard: s.guard, GoingAway: s.goingAway.Load, Short: s.pressure.Under, Metrics: s.metrics, Refusals: s.refusals, Logger: s.log,
	})
	if err != nil {
		return err
	}
	s.registry.ReportTo(s.matchmaking.Reporter)
	s.registry.PlaceBy(s.matchmaking.Open)
	s.mux.Handle(s.matchmaking.Path, s.recordOrigins(s.accountCalls(s.matchmaking)))
	return nil
}

// recordOrigins records the calls of pages that may not make them: the browser is told so by
// what the answer lacks, and its owner finds out why in the log.
func (s *Server) recordOrigins(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.gateway.CheckOrigin(r); err != nil {
			from, _ := s.guard.Proxies().Client(r.RemoteAddr, r.Header) // it may be that nobody can tell
			s.refusals.Record(refusal.Call, &refusal.Refusal{Why: "origin", Reason: err.Error()}, refusal.Subject{Client: from})
		}
		next.ServeHTTP(w, r)
	})
}

// address is an address at which the server listens; nil: none.
type address struct {
	what string
	http *http.Server
	ln   net.Listener
}

// serve begins to serve. An end that nobody has asked for goes into failed.
func (a *address) serve(all *sync.WaitGroup, failed chan<- error) {
	if a == nil {
		return
	}
	all.Go(func() {
		if err := a.http.Serve(a.ln); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("server: %s: %w", a.what, err)
		}
	})
}

// close stops at once, whether it has served or not.
func (a *address) close() error {
	if a == nil {
		return nil
	}
	err := a.http.Close()
	if closed := a.ln.Close(); !errors.Is(closed, net.ErrClosed) {
		err = errors.Join(err, closed)
	}
	return err
}

// shutdown stops when all requests are answered, or ctx is done.
func (a *address) shutdown(ctx context.Context) error {
	if a == nil || a.http.Shutdown(ctx) == nil {
		return nil
	}
	return a.http.Close()
}

func (s *Server) announce() {
	adminAddr := "off"
	if s.adminAddr != nil {
		adminAddr = s.adminAddr.String()
	}
	s.log.Info("listening", "clients", s.addr.String(), "admin", adminAddr, "kinds", strings.Join(s.registry.Kinds(), ","))
}

// expel puts those out who are banned by now, and ends the wait for those who wait to be
// matched with them.
func (s *Server) expel(b limits.Ban) {
	s.metrics.Banned()
	s.log.Info("banned", "subject", b.Subject(), "until", b.Until, "reason", b.Reason, "by", b.By)
	s.registry.Expel()
	if b.Player != "" && s.matchmaking != nil {
		s.matchmaking.Reporter.Banned(b.Player)
	}
}

// sweepEvery is how often memory of addresses and players is given back that is not
// needed any more.
const sweepEvery = time.Minute

// sweep gives memory back now and then, until ctx is done, and has the log told what was
// left out of it.
func (s *Server) sweep(ctx context.Context) {
	sweepers := []func(){s.guard.Sweep, s.refusals.Flush, s.costs.Fade}
	if s.matchmaking != nil {
		sweepers = append(sweepers, s.matchmaking.Sweep)
	}
	if s.backends.service != nil {
		sweepers = append(sweepers, s.backends.service.Sweep)
	}
	each(ctx, sweepEvery, sweepers)
}

// each calls all of fns each interval until ctx is done.
func each(ctx context.Context, interval time.Duration, fns []func()) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			for _, fn := range fns {
				fn()
			}
		case <-ctx.Done():
			return
		}
	}
}

// shutdown takes the server apart in the reverse order of its making.
func (s *Server) shutdown(front, back, inside *address) error {
	s.goingAway.Store(true)
	s.log.Info("going away", "grace", s.cfg.ShutdownGrace.String())
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.ShutdownGrace+2*time.Second)
	defer cancel()
	// No new connections, then no new players, then the rooms.
	httpCtx, httpCancel := context.WithTimeout(ctx, s.cfg.ShutdownGrace/2+100*time.Millisecond)
	defer httpCancel()
	done := make(chan error, 1)
	go func() { done <- s.gateway.Close(ctx) }()
	err := errors.Join(s.registry.Close(ctx), <-done, front.shutdown(httpCtx), back.shutdown(httpCtx), inside.shutdown(httpCtx))
	err = errors.Join(err, s.async.Wait(ctx))
	if err == nil {
		s.log.Info("gone")
	}
	return err
}
