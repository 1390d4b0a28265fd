package server

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/socket"
)

// sweepEvery is how often memory of addresses and players is given back that is not
// needed any more.
const sweepEvery = time.Minute

// maxBans bounds the bans.
const maxBans = 100_000

type leaseKey struct{}

// admit asks the guard about a handshake. What it counts is given back when the
// connection is over.
func (s *Server) admit(r *http.Request) (*http.Request, func(), error) {
	lease, err := s.guard.Request(r)
	if err != nil {
		e := &socket.LimitError{Text: err.Error()}
		var d *limits.Denied
		if errors.As(err, &d) {
			e.RetryAfter = d.RetryAfter
			e.Forbidden = d.Reason == limits.BannedAddress || d.Reason == limits.NoAddress
		}
		return nil, nil, e
	}
	return r.WithContext(context.WithValue(r.Context(), leaseKey{}, lease)), lease.Release, nil
}

// sweep gives memory back now and then.
func (s *Server) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.guard.Sweep()
			if s.matches != nil {
				s.matches.calls.Sweep()
			}
		case <-ctx.Done():
			return
		}
	}
}
