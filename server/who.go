package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/tickroom/tickroom/internal/identity"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/room"
	"github.com/tickroom/tickroom/server/internal/seat"
	"github.com/tickroom/tickroom/server/internal/socket"
)

// keysTimeout bounds the reading of keys at the start.
const keysTimeout = 15 * time.Second

// who tells who clients are.
type who struct {
	verifier *identity.Verifier
	guests   *identity.Guests
	allowed  bool // guests may play
}

// newWho reads the keys. The caller closes the verifier.
func newWho(cfg *config.Config, secrets [][]byte, o identity.Options) (*who, error) {
	addr, err := config.ParseAddr(cfg.Listen)
	if err != nil {
		return nil, err
	}
	w := &who{allowed: cfg.Identity.AllowGuests(addr.Loopback(), len(cfg.Access.TrustedProxies) > 0)}
	if !w.allowed && !cfg.Identity.HasKeys() {
		why := fmt.Sprintf("%q can be reached from other machines", cfg.Listen)
		if addr.Loopback() {
			why = "a proxy is trusted, so that others can connect"
		}
		if cfg.Identity.Guests == config.GuestsOff {
			why = "identity.guests is off"
		}
		return nil, fmt.Errorf("server: nobody could play: %s, and there are no keys to check players' tokens with; "+
			"set identity.key_files, secret_files or jwks (`tickroom token --new-key FILE` makes a key), "+
			"or identity.guests: on to let everybody in without a token", why)
	}
	if w.guests, err = identity.NewGuests(o.Now, secrets...); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), keysTimeout)
	defer cancel()
	w.verifier, err = identity.NewVerifier(ctx, identity.Config(cfg.Identity.Tokens), o)
	return w, err
}

// identify makes what tells who players are, and which seats are theirs.
func (s *Server) identify(o options) error {
	secrets, err := seat.Secrets(s.cfg.Seats.SecretFiles)
	if err != nil {
		return fmt.Errorf("server: seats.secret_files: %w", err)
	}
	if s.seatKeys, err = seat.NewKeys(secrets...); err != nil {
		return fmt.Errorf("server: seats.secret_files: %w", err)
	}
	if o.used == nil {
		if o.used, err = seat.NewMemory(s.cfg.Seats.MaxUsed, nil); err != nil {
			return err
		}
	}
	s.gate = seat.NewGate(s.node, s.seatKeys, o.used, s.cfg.Seats.Leeway, nil)
	s.who, err = newWho(s.cfg, secrets, identity.Options{Logger: s.log})
	return err
}

// randomNode makes a name for a server that was given none.
func randomNode() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "tickroom"
	}
	return host[:min(len(host), 64)] + "-" + strings.ToLower(rand.Text()[:10])
}

// Verify tells who sends a token, or makes a new guest for somebody who sends none,
// where guests are allowed. Name is what the client wants to be called. The error is an
// *identity.Error.
func (w *who) Verify(ctx context.Context, token identity.Token, name string) (identity.Identity, error) {
	if token != "" && !identity.IsGuestToken(token) {
		return w.verifier.Verify(ctx, token)
	}
	switch {
	case !w.allowed:
		return identity.Identity{}, &identity.Error{Class: identity.Missing, Reason: "a token is needed: guests may not play here"}
	case token == "":
		return identity.NewGuest(name)
	}
	return w.guests.Verify(token, name)
}

// Renew is identity.Verifier.Renew.
func (w *who) Renew(ctx context.Context, session identity.Identity, token identity.Token) (identity.Identity, error) {
	return w.verifier.Renew(ctx, session, token)
}

// Identify tells who sends a token, as a hello with it would; name is what a guest wants
// to be called. The error is an *identity.Error.
func (s *Server) Identify(ctx context.Context, token identity.Token, name string) (identity.Identity, error) {
	return s.who.Verify(ctx, token, name)
}

// GuestToken makes the token with which a guest stays the same guest.
func (s *Server) GuestToken(guest identity.Identity) (identity.Token, error) {
	return s.who.guests.Token(guest)
}

// introduce finds out who has sent a hello, and whether it may come in at all. The error
// is a *socket.CloseError.
func (s *Server) introduce(r *http.Request, h *tickroomv1.Hello) (room.Joiner, error) {
	lease, _ := r.Context().Value(leaseKey{}).(*limits.Lease)
	j := room.Joiner{Hello: h, Addr: lease.Addr()}
	if h.GetResume() != "" && h.GetToken() == "" && s.who.allowed {
		return j, nil // a guest, who has the session's token alone
	}
	var err error
	if j.Who, err = s.who.Verify(r.Context(), identity.Token(h.GetToken()), h.GetName()); err != nil {
		s.metrics.TokenRefused(identity.ClassOf(err).String())
		s.log.Debug("a token was refused", "reason", err, "cause", errors.Unwrap(err), "client", j.Addr)
		return j, closeIdentity(err)
	}
	if err := lease.Identify(j.Who.Player); err != nil {
		return j, closeDenied(err)
	}
	if h.GetResume() == "" && h.GetSeat() == "" && !h.GetSpectate() && j.Who.Roles&room.Playing == 0 {
		return j, closeError(tickroomv1.CloseCode_CLOSE_CODE_FORBIDDEN, room.WatchOnly)
	}
	return j, nil
}

// closeIdentity gives the close code for a token that was refused.
func closeIdentity(err error) error {
	var e *identity.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Class {
	case identity.Expired:
		return closeError(tickroomv1.CloseCode_CLOSE_CODE_TOKEN_EXPIRED, "%s", e.Reason)
	case identity.KeysUnavailable:
		return &socket.CloseError{Code: socket.CodeTryAgain, Reason: e.Reason}
	}
	return closeError(tickroomv1.CloseCode_CLOSE_CODE_UNAUTHENTICATED, "%s", e.Reason)
}

// closeDenied gives the close code for somebody who is kept out.
func closeDenied(err error) error {
	var d *limits.Denied
	if !errors.As(err, &d) {
		return err
	}
	switch d.Reason {
	case limits.BannedAddress, limits.BannedPlayer:
		return closeError(tickroomv1.CloseCode_CLOSE_CODE_BANNED, "%s", d)
	}
	return closeError(tickroomv1.CloseCode_CLOSE_CODE_TOO_MANY, "%s", d)
}
