package server

import (
	"net/netip"
	"time"

	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/room"
)

// WithBans makes the server keep bans in bans instead of in its own memory.
func WithBans(bans limits.Bans) Option { return func(o *options) { o.bans = bans } }

// Bans gives the bans that the server goes by.
func (s *Server) Bans() limits.Bans { return s.bans }

// banned tells whether a player or an address is banned, and what to tell it.
func (s *Server) banned(player string, addr netip.Addr) (reason string, banned bool) {
	b, banned := s.bans.Check(player, addr, time.Now())
	if !banned {
		return "", false
	}
	return (&limits.Denied{Reason: limits.BannedPlayer, Ban: b}).Error(), true
}

// expel puts those out who are banned by now: each room asks about each of its players,
// with its next tick. A joiner is asked about once more when it is let in, so that none
// slips through.
func (s *Server) expel(b limits.Ban) {
	s.metrics.Banned()
	s.log.Info("banned", "who", b.Subject(), "until", b.Until, "reason", b.Reason, "by", b.By)
	for _, l := range s.rooms.loops() {
		l.Expel()
	}
	if b.Player != "" {
		s.rooms.reporter.Banned(b.Player)
	}
}

// loops gives the rooms that run.
func (rs *rooms) loops() []*room.Loop {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	out := make([]*room.Loop, 0, len(rs.running))
	for _, l := range rs.running {
		out = append(out, l)
	}
	return out
}
