package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"time"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/matchmaking"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/auth"
	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/refusal"
	"github.com/tickroom/tickroom/server/internal/seat"
)

// kinds returns the kinds as the service needs them, and checks that those of the modes
// are there and understand the modes' options.
func (n *Node) kinds() (map[string]matchmaking.Kind, error) {
	cfg, rooms := n.o.Config, n.o.Registry
	out := map[string]matchmaking.Kind{}
	for _, name := range rooms.Public() {
		k := rooms.Kind(name)
		capacity, spectators, err := rooms.Probe(k, cfg.Options(name))
		if err != nil {
			return nil, fmt.Errorf("server: %w", err)
		}
		out[name] = matchmaking.Kind{Capacity: capacity, Modes: map[string]int{}, MaxSpectators: spectators, Spread: k.Spread, Secret: k.SecretOptions(), Show: func(options map[string]string) string {
			all := maps.Clone(cfg.Options(name))
			maps.Copy(all, options)
			return k.ShowName(all)
		}, Asked: func(options map[string]string) (map[string]string, error) {
			return k.Asked(options, cfg.Options(name))
		}, Opens: rooms.Opens(name)}
	}
	var errs []error
	for i := range cfg.Modes {
		md := &cfg.Modes[i]
		k := rooms.Kind(md.Room.Kind)
		if k == nil || k.Backstage {
			continue // the service refuses it
		}
		options := maps.Clone(cfg.Options(k.Name))
		maps.Copy(options, md.Room.Options)
		capacity, _, err := rooms.Probe(k, options)
		if err != nil {
			errs = append(errs, fmt.Errorf("server: modes.%s.room: %w", md.Name, err))
		} else if players := md.Format.Players(); capacity < players {
			errs = append(errs, fmt.Errorf("server: modes.%s.room: its rooms take %d players, and a match has %d; set the option of the kind that says how many it takes", md.Name, capacity, players))
		}
		out[k.Name].Modes[md.Name] = capacity
	}
	return out, errors.Join(errs...)
}

// callGuest is the kind of calls by which somebody becomes a new guest, after those of
// the service.
const callGuest = int(matchmaking.WorkRoom) + 1

var (
	// codeRate is how often an address or a player may try the code of a room.
	codeRate = limits.Rate{PerSecond: 0.5, Burst: 10}
	// guestRate is how often new guests may come from an address: many share one.
	guestRate = limits.Rate{PerSecond: 2, Burst: 60}
)

// newCalls returns the bounds of the calls, by the service's kinds of work and callGuest.
func newCalls(g *limits.Guard, cfg config.Matchmaking) (*limits.Calls, error) {
	rate := limits.Rate{PerSecond: cfg.Calls, Burst: cfg.CallBurst}
	return limits.NewCalls(g, rate, rate, codeRate, limits.Rate{PerSecond: cfg.Rooms, Burst: cfg.RoomBurst}, guestRate)
}

// callLimits bounds the calls of the service.
type callLimits struct{ n *Node }

// Address implements the service's Limits.
func (l callLimits) Address(peer string, h http.Header, w matchmaking.Work) (time.Duration, error) {
	wait, err := l.n.calls.Address(peer, h, int(w))
	return wait, l.n.limited(wait, err, func() refusal.Subject { return l.n.from(peer, h) })
}

// Player implements the service's Limits.
func (l callLimits) Player(player string, w matchmaking.Work) (time.Duration, error) {
	wait, err := l.n.calls.Player(player, int(w))
	return wait, l.n.limited(wait, err, func() refusal.Subject { return refusal.Subject{Player: player} })
}

// limited records that a call is refused, if it has to wait or there is an error, and
// returns the error as the caller is told it.
func (n *Node) limited(wait time.Duration, err error, who func() refusal.Subject) error {
	switch {
	case err != nil:
		r := refusal.Denied(err)
		r.Code = 0 // it is answered by HTTP
		n.o.Refusals.Record(refusal.Call, r, who())
		return connect.NewError(connect.CodePermissionDenied, err)
	case wait > 0:
		r := &refusal.Refusal{Why: limits.CallRate.String(), Reason: "too many calls in a short time"}
		n.o.Refusals.Record(refusal.Call, r, who())
	}
	return nil
}

// refused records that the service refuses a call.
func (n *Node) refused(player, what string, err *connect.Error) {
	r := &refusal.Refusal{Why: err.Code().String(), Reason: what + ": " + err.Message()}
	n.o.Refusals.Record(refusal.Call, r, refusal.Subject{Player: player})
}

// from returns where a call comes from, as the log names it.
func (n *Node) from(peer string, h http.Header) refusal.Subject {
	addr, _ := n.o.Guard.Proxies().Client(peer, h) // it may be that nobody can tell
	return refusal.Subject{Client: addr}
}

// callers returns what identifies who calls.
func (n *Node) callers() *auth.Callers {
	return &auth.Callers{
		Authenticator: n.o.Authenticator,
		NewGuest: func(peer string, h http.Header) (time.Duration, error) {
			wait, err := n.calls.Address(peer, h, callGuest)
			return wait, n.limited(0, err, func() refusal.Subject { return n.from(peer, h) })
		},
		Refused: func(r *refusal.Refusal, peer string, h http.Header) {
			n.o.Refusals.Record(refusal.Call, r, n.from(peer, h))
		},
	}
}

// seats signs the seats that the service gives.
type seats struct{ issuer *seat.Issuer }

// Issue implements the service's Seats.
func (s seats) Issue(_ context.Context, f matchmaking.SeatFor) (string, time.Time, error) {
	if f.Team < 0 || f.Team > 255 {
		return "", time.Time{}, fmt.Errorf("server: a seat in team %d", f.Team)
	}
	token, made, err := s.issuer.Issue(seat.Seat{
		Player: f.Player, Room: f.Room, Node: f.Node, Mode: f.Mode, Team: uint8(f.Team), Role: f.Role, Name: f.Name, AnyRoom: f.AnyRoom,
	})
	return string(token), made.Expires, err
}

// short reports whether the server is short of memory, and records that a call is refused.
func (n *Node) short() bool {
	if !n.o.Short() {
		return false
	}
	n.o.Refusals.Record(refusal.Call, &refusal.Refusal{Why: "memory", Reason: "the server is short of memory"}, refusal.Subject{})
	return true
}
