package server

import (
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/tickroom/tickroom/server/internal/admin"
	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/operator"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/server/internal/status"
)

// adminServer returns the HTTP server of the operators' address.
func (s *Server) adminServer() *http.Server {
	var webhooks admin.Hooks
	if s.backends.hooks != nil {
		webhooks = operator.Hooks{Hooks: s.backends.hooks}
	}
	var boxes admin.Boxes
	if s.boxes != nil {
		boxes = operator.Boxes{Registry: s.registry, Store: s.boxes}
	}
	return admin.Server(admin.Handler(admin.Config{
		Hooks:    webhooks,
		Boxes:    boxes,
		Ready:    s.welcoming,
		Rooms:    operator.Rooms{Registry: s.registry},
		Players:  operator.Players{Registry: s.registry, Bans: s.backend.Bans, Shared: s.cfg.Redis.Enabled()},
		Bans:     s.backend.Bans,
		Masks:    limits.Masks{IPv4: s.cfg.Access.IPv4Prefix, IPv6: s.cfg.Access.IPv6Prefix},
		Costs:    s.costs,
		Registry: &gatherer{s: s, failed: map[string]uint64{}},
		Hosts:    s.cfg.AdminNames(),
		Version:  admin.Version{Version: BuildVersion(), Revision: buildRevision()},
		Logger:   s.log,
	}), s.log)
}

// welcoming returns nil while new clients are welcome, else why they are not.
func (s *Server) welcoming() error {
	if s.goingAway.Load() {
		return errors.New("the server is going away")
	}
	if s.pressure.Under() {
		m := s.pressure.Memory()
		return fmt.Errorf("the server is short of memory: %d of %d MB are used", m.Used>>20, m.Limit>>20)
	}
	if n := s.registry.Clients(); n >= s.cfg.MaxConnections {
		return fmt.Errorf("the server is full: %d clients", n)
	}
	return nil
}

// gatherer is the metrics, with those brought up to date that are read off other parts.
type gatherer struct {
	s *Server

	mu     sync.Mutex
	failed map[string]uint64 // handshakes, by reason, that the metrics know of
	shook  socket.HandshakeStats
}

var _ prometheus.Gatherer = (*gatherer)(nil)

// Gather implements prometheus.Gatherer.
func (g *gatherer) Gather() ([]*dto.MetricFamily, error) {
	g.mu.Lock()
	m, st := g.s.metrics, g.s.gateway.Stats()
	m.Connections("raw", st.Raw)
	m.Connections("gws", st.Carried)
	m.Pending(st.Pending)
	h := g.s.turns.Stats()
	m.TLSHandshakes(h.Waiting, h.Turns-g.shook.Turns, h.Late-g.shook.Late)
	g.shook = h
	m.Open(g.s.door.Open(), g.s.door.Max())
	for reason, n := range st.Failed {
		for ; g.failed[reason] < n; g.failed[reason]++ {
			m.Rejected(reason)
		}
	}
	m.Keys(g.s.auth.Keys())
	if h := g.s.backends.hooks; h != nil {
		m.Hooks().Buffered(h.Buffered())
	}
	memory := g.s.pressure.Memory()
	m.Memory(memory.Limit, memory.Used, g.s.pressure.Under())
	m.Tracked(g.s.guard.Stats().Tracked)
	g.mu.Unlock()
	return m.Registry().Gather()
}

// statusSource returns what the public page is about.
func (s *Server) statusSource() status.Source {
	return status.Source{
		Version: BuildVersion(), MaxConnections: s.cfg.MaxConnections,
		Rooms: s.registry.List, Private: s.registry.Private, Allowed: s.gateway.Allowed,
		Kinds: func() []status.Counted {
			var out []status.Counted
			for _, name := range s.registry.Public() {
				k, m := s.registry.Kind(name), s.metrics.Kind(name)
				out = append(out, status.Counted{Name: name, Doc: k.Doc, Watchable: k.Spectators, Clients: m.Clients(), Totals: m.Totals()})
			}
			return out
		},
	}
}
