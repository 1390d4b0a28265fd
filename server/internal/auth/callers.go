package auth

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/matchmaking"
	"github.com/tickroom/tickroom/server/internal/refusal"
)

// Callers identifies who calls the matchmaking service: the same players, by the same
// tokens, as come with a hello. It implements the service's Identity.
type Callers struct {
	Authenticator *Authenticator
	// NewGuest counts a request without a token from an address, as http.Request has it,
	// and returns the time until somebody may become a new guest from there; 0: now. Each
	// new guest may have a place reserved for a while, and costs its maker nothing. The
	// error is for those who are kept out, and is told to them as it is.
	NewGuest func(peer string, h http.Header) (wait time.Duration, err error)
	// Refused is told of those who are refused here, with where they are.
	Refused func(r *refusal.Refusal, peer string, h http.Header)
}

// Authenticate returns who sends a request. Where guests may play, one without a token is
// that of a new guest, who is given a token. The error is a *connect.Error, or internal.
func (c *Callers) Authenticate(ctx context.Context, h http.Header, peer string) (matchmaking.Caller, error) {
	token, err := bearer(h)
	if err != nil {
		return matchmaking.Caller{}, c.refuse(&refusal.Refusal{Why: "token_malformed", Reason: err.Error()}, connect.CodeUnauthenticated, 0, peer, h)
	}
	if token == "" && c.Authenticator.allowed {
		wait, err := c.NewGuest(peer, h)
		if err != nil {
			return matchmaking.Caller{}, err
		}
		if wait > 0 {
			const reason = "too many new guests from this address; send the token of a guest that you are already"
			return matchmaking.Caller{}, c.refuse(&refusal.Refusal{Why: "guest_rate", Reason: reason}, connect.CodeResourceExhausted, wait, peer, h)
		}
	}
	id, err := c.Authenticator.Identify(ctx, token, "")
	if err != nil {
		return matchmaking.Caller{}, c.refuseToken(err, peer, h)
	}
	everywhere := id.RolesIn("")
	out := matchmaking.Caller{
		Player: id.Player, Name: id.Name, Guest: id.Guest,
		Roles:       func(show string) []string { return id.RolesIn(show).Names() },
		CanPlay:     id.Roles&^identity.Spectator != 0,
		CanSpectate: true,
		CanExplain:  everywhere&(identity.Host|identity.Moderator|identity.Admin) != 0,
		CanReport:   everywhere.Has(identity.Admin),
	}
	if id.Guest && token == "" {
		t, expires, err := c.Authenticator.GuestToken(id)
		if err != nil {
			return matchmaking.Caller{}, err
		}
		out.GuestToken, out.GuestExpires = string(t), expires
	}
	return out, nil
}

// bearer returns the token of a request; "" if there is none.
func bearer(h http.Header) (identity.Token, error) {
	text := h.Get("Authorization")
	if text == "" {
		return "", nil
	}
	scheme, token, ok := strings.Cut(text, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(token) == "" {
		return "", errors.New("the header Authorization must be: Bearer TOKEN")
	}
	return identity.Token(strings.TrimSpace(token)), nil
}

// keysRetry is when a caller whose token can't be checked now may try again.
const keysRetry = 2 * time.Second

// refuseToken refuses a caller for an error of Identify.
func (c *Callers) refuseToken(err error, peer string, h http.Header) error {
	var e *identity.Error
	if !errors.As(err, &e) {
		return err
	}
	code, wait := connect.CodeUnauthenticated, time.Duration(0)
	if e.Class.Advice() == identity.Later {
		code, wait = connect.CodeUnavailable, keysRetry
	}
	r := Refused(err)
	r.Code = 0 // it is answered by HTTP
	return c.refuse(r, code, wait, peer, h)
}

// refuse tells of a refusal, and returns the error that the caller is told. wait is when it
// may try again; 0: nobody knows.
func (c *Callers) refuse(r *refusal.Refusal, code connect.Code, wait time.Duration, peer string, h http.Header) error {
	c.Refused(r, peer, h)
	e := connect.NewError(code, errors.New(r.Reason))
	if wait > 0 {
		e.Meta().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
	return e
}
