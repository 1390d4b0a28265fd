package server

import (
	"context"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/server/internal/journalfile"
	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/pressure"
	"github.com/tickroom/tickroom/server/internal/registry"
	"github.com/tickroom/tickroom/server/internal/seat"
)

// What tests of a whole server reach of its inside.

// WithBans makes the server go by bans.
func WithBans(bans limits.Bans) Option { return func(o *options) { o.given.Bans = bans } }

// WithMatches makes the server open the rooms of these matches, and not of those in its
// stores.
func WithMatches(m registry.Matches) Option { return func(o *options) { o.matches = m } }

// WithUsedSeats makes the server remember used seats in used.
func WithUsedSeats(used seat.Used) Option { return func(o *options) { o.given.Used = used } }

// WithMemory makes the server have as much memory as read says: limit and usage in bytes.
func WithMemory(read func() (limit, used uint64)) Option {
	return func(o *options) {
		o.memory = func() (pressure.Memory, error) {
			limit, used := read()
			return pressure.Memory{Limit: limit, Used: used}, nil
		}
	}
}

// WithBuild makes the server take itself for a build of the program, as far as journals go.
func WithBuild(build string) Option { return func(o *options) { o.build = build } }

// WithJournalFiles makes the server open the files of rooms' journals so.
func WithJournalFiles(create func(path string) (journalfile.Writable, error)) Option {
	return func(o *options) { o.create = create }
}

// NodeID returns the name of the server, which seats in its rooms are for.
func (s *Server) NodeID() string { return s.node }

// SeatKeys returns the keys that seats are made and checked with.
func (s *Server) SeatKeys() *seat.Keys { return s.seatKeys }

// Identify returns who sends a token, as a hello with it would.
func (s *Server) Identify(ctx context.Context, token identity.Token, name string) (identity.Identity, error) {
	return s.auth.Identify(ctx, token, name)
}

// GuestToken returns the token with which a guest stays the same guest.
func (s *Server) GuestToken(guest identity.Identity) (identity.Token, error) {
	t, _, err := s.auth.GuestToken(guest)
	return t, err
}

// NewTextHandler is what a server logs with whose log.format is text.
var NewTextHandler = newTextHandler

// Driven returns how many connections ticks drive, and how many gws carries.
func (s *Server) Driven() (byTicks, byGWS int) {
	st := s.gateway.Stats()
	return st.Raw, st.Carried
}
