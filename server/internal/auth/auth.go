// Package auth knows who clients are: an Authenticator turns a token into an identity,
// for the hello of a connection, for a token that comes within a session (Renewals), and
// for calls of the matchmaking service (Callers), all in the same way.
//
// The tokens themselves are the business of package identity. Here is what a server makes
// of them: where its keys come from, whether it takes guests, and what those are told
// whose token is refused.
package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/refusal"
)

// keysTimeout bounds the reading of keys at the start.
const keysTimeout = 15 * time.Second

// Counter counts what becomes of tokens. The metrics do.
type Counter interface {
	// TokenRefused counts a token that was refused or missing, by why.
	TokenRefused(why string)
	// TokenRenewed counts one that was sent within a session, by result: "renewed", or why
	// not.
	TokenRenewed(result string)
}

// Authenticator checks who clients are. It may be used from any goroutine.
type Authenticator struct {
	cfg      config.Tokens
	count    Counter
	verifier *identity.Verifier
	guests   *identity.Guests
	allowed  bool // guests may play
}

// New reads the keys. secrets are what guests' tokens are made and checked with; servers
// among which guests move share them. It fails if the configuration lets nobody play. The
// caller calls Close.
func New(cfg *config.Config, secrets [][]byte, count Counter, log *slog.Logger) (*Authenticator, error) {
	addr, err := config.ParseAddr(cfg.Listen)
	if err != nil {
		return nil, err
	}
	a := &Authenticator{cfg: cfg.Identity.Tokens, count: count, allowed: cfg.Identity.AllowGuests(addr.Loopback(), len(cfg.Access.TrustedProxies) > 0)}
	if !a.allowed && !cfg.Identity.HasKeys() {
		return nil, nobody(cfg, addr.Loopback())
	}
	if a.guests, err = identity.NewGuests(nil, secrets...); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), keysTimeout)
	defer cancel()
	if a.verifier, err = identity.NewVerifier(ctx, identity.Config(cfg.Identity.Tokens), identity.Options{Logger: log}); err != nil {
		return nil, err
	}
	return a, nil
}

// nobody returns the error of a server on which nobody could play.
func nobody(cfg *config.Config, loopback bool) error {
	why := fmt.Sprintf("%q can be reached from other machines", cfg.Listen)
	if loopback {
		why = "a proxy is trusted, so that others can connect"
	}
	if cfg.Identity.Guests == config.GuestsOff {
		why = "identity.guests is off"
	}
	return fmt.Errorf("server: nobody could play: %s, and there are no keys to check players' tokens with; "+
		"set identity.key_files, secret_files or jwks (`tickroom token --new-key FILE` makes a key), "+
		"or identity.guests: on to let everybody in without a token", why)
}

// Run reads the keys again now and then, until ctx is done.
func (a *Authenticator) Run(ctx context.Context) { a.verifier.Run(ctx) }

// Close ends what is under way, and waits for it. It may be called twice.
func (a *Authenticator) Close() { a.verifier.Close() }

// GuestsPlay reports whether clients without a token may play.
func (a *Authenticator) GuestsPlay() bool { return a.allowed }

// Identify returns who sends a token, or a new guest for somebody who sends none, where
// guests may play. name is what the client wants to be called, and counts for guests
// alone. The error is an *identity.Error; see Refused.
func (a *Authenticator) Identify(ctx context.Context, token identity.Token, name string) (identity.Identity, error) {
	id, err := a.identify(ctx, token, name)
	if err != nil {
		a.count.TokenRefused(identity.ClassOf(err).String())
	}
	return id, err
}

func (a *Authenticator) identify(ctx context.Context, token identity.Token, name string) (identity.Identity, error) {
	if token != "" && !identity.IsGuestToken(token) {
		return a.verifier.Verify(ctx, token)
	}
	switch {
	case !a.allowed:
		return identity.Identity{}, &identity.Error{Class: identity.Missing, Reason: "a token is needed: guests may not play here"}
	case token == "":
		return identity.NewGuest(name)
	}
	return a.guests.Verify(token, name)
}

// GuestToken returns the token with which a guest stays the same guest, and when it expires.
func (a *Authenticator) GuestToken(guest identity.Identity) (identity.Token, time.Time, error) {
	return a.guests.Token(guest)
}

// Keys returns how many keys there are to check tokens with, and the time since they were
// last read, of the source for which that is longest: -1 s if one was never read, 0 if
// they are given and not read.
func (a *Authenticator) Keys() (n int, age time.Duration) {
	st := a.verifier.KeyStats()
	switch {
	case len(a.cfg.SecretFiles)+len(a.cfg.KeyFiles) == 0 && a.cfg.JWKS == "":
		return st.Keys, 0
	case st.Oldest.IsZero():
		return st.Keys, -time.Second
	}
	return st.Keys, time.Since(st.Oldest)
}

// Refused returns the refusal for an error of Identify.
func Refused(err error) *refusal.Refusal {
	var e *identity.Error
	if !errors.As(err, &e) {
		return refusal.Of(err)
	}
	code := closecode.Unauthenticated
	switch e.Class {
	case identity.Expired:
		code = closecode.TokenExpired
	case identity.KeysUnavailable:
		code = closecode.TryLater
	}
	return refusal.New(code, "%s", e.Reason).Because("token_" + e.Class.String()).CausedBy(e.Cause)
}
