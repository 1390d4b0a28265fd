package server

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/matchmaking"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/seat"
)

// callers tells the matchmaking service who calls: the same players, by the same
// tokens, as come with a hello.
type callers struct {
	who     *who
	calls   *limits.Calls
	metrics *metrics.Metrics
}

// Authenticate implements service.Identity.
func (c callers) Authenticate(ctx context.Context, h http.Header, peer string) (matchmaking.Caller, error) {
	token, err := bearer(h)
	if err != nil {
		return matchmaking.Caller{}, err
	}
	if token == "" && c.who.allowed {
		// Each new guest may hold a seat for a while, and costs its maker nothing.
		wait, err := c.calls.Address(peer, h, callGuest)
		if err != nil {
			return matchmaking.Caller{}, callDenied(err)
		}
		if wait > 0 {
			e := connect.NewError(connect.CodeResourceExhausted, errors.New("too many new guests from this address; send the token of a guest that you are already"))
			e.Meta().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
			return matchmaking.Caller{}, e
		}
	}
	id, err := c.who.Verify(ctx, token, "")
	if err != nil {
		c.metrics.TokenRefused(identity.ClassOf(err).String())
		return matchmaking.Caller{}, callError(err)
	}
	out := matchmaking.Caller{
		Player: id.Player, Name: id.Name, Guest: id.Guest,
		CanPlay:     id.Roles&^identity.Spectator != 0,
		CanSpectate: true,
		CanExplain:  id.Roles&(identity.Host|identity.Moderator|identity.Admin) != 0,
		CanReport:   id.Roles.Has(identity.Admin),
	}
	if id.Guest && token == "" {
		t, err := c.who.guests.Token(id)
		if err != nil {
			return matchmaking.Caller{}, err
		}
		out.GuestToken = string(t)
	}
	return out, nil
}

// bearer gives the token of a request; "" if there is none.
func bearer(h http.Header) (identity.Token, error) {
	text := h.Get("Authorization")
	if text == "" {
		return "", nil
	}
	scheme, token, ok := strings.Cut(text, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(token) == "" {
		return "", connect.NewError(connect.CodeUnauthenticated, errors.New("the header Authorization must be: Bearer TOKEN"))
	}
	return identity.Token(strings.TrimSpace(token)), nil
}

// callError gives the error for a token that was refused.
func callError(err error) error {
	var e *identity.Error
	if !errors.As(err, &e) {
		return err
	}
	code := connect.CodeUnauthenticated
	if e.Class.Advice() == identity.Later {
		code = connect.CodeUnavailable
	}
	out := connect.NewError(code, errors.New(e.Reason))
	if code == connect.CodeUnavailable {
		out.Meta().Set("Retry-After", "2")
	}
	return out
}

// callLimits bounds the calls of the service.
type callLimits struct{ *limits.Calls }

// callGuest is the kind of calls by which somebody becomes a new guest, after those of
// the service.
const callGuest = int(matchmaking.WorkCode) + 1

var (
	// codeRate is how often an address or a player may try the code of a room.
	codeRate = limits.Rate{PerSecond: 0.5, Burst: 10}
	// guestRate is how often new guests may come from an address: many share one.
	guestRate = limits.Rate{PerSecond: 2, Burst: 60}
)

// Address implements service.Limits.
func (c callLimits) Address(peer string, h http.Header, w matchmaking.Work) (time.Duration, error) {
	wait, err := c.Calls.Address(peer, h, int(w))
	return wait, callDenied(err)
}

// Player implements service.Limits.
func (c callLimits) Player(player string, w matchmaking.Work) (time.Duration, error) {
	wait, err := c.Calls.Player(player, int(w))
	return wait, callDenied(err)
}

func callDenied(err error) error {
	if err == nil {
		return nil
	}
	return connect.NewError(connect.CodePermissionDenied, err)
}

// seats signs the seats that the service gives.
type seats struct{ issuer *seat.Issuer }

// Issue implements service.Seats.
func (s seats) Issue(_ context.Context, f matchmaking.SeatFor) (string, time.Time, error) {
	if f.Team < 0 || f.Team > 255 {
		return "", time.Time{}, fmt.Errorf("server: a seat in team %d", f.Team)
	}
	token, made, err := s.issuer.Issue(seat.Seat{
		Player: f.Player, Room: f.Room, Node: f.Node, Mode: f.Mode, Team: uint8(f.Team), Role: f.Role,
	})
	return string(token), made.Expires, err
}

// explainer finds the mode of a ticket that is to be explained.
type explainer struct {
	tickets   store.Tickets
	explainer *matchmaking.Explainer
	mode      func(name string) *mode.Mode
}

// Explain implements service.Explainer.
func (e explainer) Explain(ctx context.Context, ticket string) (matchmaking.Explanation, error) {
	st, err := e.tickets.Ticket(ctx, ticket)
	if err != nil {
		return matchmaking.Explanation{}, err
	}
	md := e.mode(st.Ticket.Queue)
	if md == nil {
		return matchmaking.Explanation{}, fmt.Errorf("%w: this server has no mode %s", store.ErrNoTicket, st.Ticket.Queue)
	}
	return e.explainer.Explain(ctx, *md, ticket, time.Now())
}
