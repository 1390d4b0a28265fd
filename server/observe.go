package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/admin"
	"github.com/tickroom/tickroom/server/internal/room"
	"github.com/tickroom/tickroom/server/internal/status"
)

// BuildVersion gives the version of this program, as the Go toolchain recorded it.
func BuildVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "devel"
}

func buildRevision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}

func (s *Server) adminServer() *http.Server {
	return admin.Server(admin.Handler(admin.Config{
		Ready: func() error {
			if s.draining.Load() {
				return errors.New("the server is going away")
			}
			if n := s.clients.Load(); n >= int64(s.cfg.MaxConnections) {
				return fmt.Errorf("the server is full: %d clients", n)
			}
			return nil
		},
		Rooms:    operated{s.rooms},
		Players:  crowd{s},
		Bans:     s.bans,
		Registry: prometheus.GathererFunc(s.gather),
		Hosts:    s.cfg.AdminNames(),
		Version:  admin.Version{Version: BuildVersion(), Revision: buildRevision()},
		Logger:   s.log,
	}), s.log)
}

// operated is the registry of rooms as an operator sees it.
type operated struct{ rs *rooms }

func (o operated) Rooms() []admin.RoomInfo {
	var out []admin.RoomInfo
	for _, i := range o.rs.list() {
		out = append(out, roomInfo(i))
	}
	return out
}

func (o operated) Room(id string) (admin.RoomInfo, error) {
	l := o.rs.find(id)
	if l == nil {
		return admin.RoomInfo{}, admin.ErrNoRoom
	}
	return roomInfo(l.Info()), nil
}

func (o operated) CloseRoom(_ context.Context, id, reason string) error {
	l := o.rs.find(id)
	if l == nil {
		return admin.ErrNoRoom
	}
	l.Stop(int(tickroomv1.CloseCode_CLOSE_CODE_ROOM_CLOSED), reason)
	return nil
}

func roomInfo(i room.Info) admin.RoomInfo {
	return admin.RoomInfo{
		ID: i.ID, Kind: i.Kind, Players: i.Clients, MaxPlayers: i.Capacity, Tick: i.Tick, TickRate: i.TickRate,
		TickMillis: float64(i.TickTime) / float64(time.Millisecond), Entities: i.Entities, Created: i.Created,
	}
}

// StatusPath is where the clients' address tells how the server is doing.
const StatusPath = status.Path

func (s *Server) statusSource() status.Source {
	return status.Source{
		Version: BuildVersion(), MaxConnections: s.cfg.MaxConnections, Rooms: s.rooms.list, Private: s.rooms.closedTo, Allowed: s.gateway.Allowed,
		Kinds: func() []status.Counted {
			var out []status.Counted
			for _, name := range s.rooms.names() {
				k := s.rooms.kinds[name]
				m := s.metrics.Kind(name)
				out = append(out, status.Counted{Name: name, Doc: k.Doc, Watchable: k.Spectators, Clients: m.Clients(), Totals: m.Totals()})
			}
			return out
		},
	}
}

// gather brings the metrics that are read off the gateway up to date, then gives
// them all.
func (s *Server) gather() ([]*dto.MetricFamily, error) {
	s.gatherMu.Lock()
	st := s.gateway.Stats()
	s.metrics.Connections("raw", st.Raw)
	s.metrics.Connections("gws", st.Carried)
	s.metrics.Pending(st.Pending)
	for reason, n := range st.Failed {
		for ; s.failed[reason] < n; s.failed[reason]++ {
			s.metrics.Rejected(reason)
		}
	}
	keys := s.who.verifier.KeyStats()
	age := time.Duration(0) // of a secret that is given, and not read again
	if c := s.cfg.Identity; len(c.SecretFiles)+len(c.KeyFiles) > 0 || c.JWKS != "" {
		if age = time.Since(keys.Oldest); keys.Oldest.IsZero() {
			age = -time.Second
		}
	}
	s.metrics.Keys(keys.Keys, age)
	s.metrics.Tracked(s.guard.Stats().Tracked)
	s.gatherMu.Unlock()
	return s.metrics.Registry().Gather()
}
