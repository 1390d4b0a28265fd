package client

import (
	"errors"
	"fmt"
	"time"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// MaxToken is the most bytes that a token may have; a server may take fewer.
const MaxToken = 64 << 10

// ErrToken is wrapped by errors about tokens: one that was refused, or could not be
// fetched.
var ErrToken = errors.New("client: token")

// Auth is what a server has told of the player's token.
type Auth struct {
	// Expires is when the token does, by the server's wall clock. Zero: never.
	Expires time.Time
	// Refused says why the token that was sent last was refused; empty if it was not.
	// What held before holds on.
	Refused string
	// Renew reports that the connection will be closed a moment after Expires unless a new
	// token comes.
	Renew bool
}

// auth is what a session knows of who its player is. It is guarded as the session.
type auth struct {
	token   string // the newest
	unsent  bool   // it waits to be sent
	expires int64  // microseconds since 1970, by the server's clock; 0: never
}

func (a *auth) welcomed(w *tickroomv1.Welcome) { a.expires = w.GetExpiresUs() }

func tokenTooLong(token string) error {
	return fmt.Errorf("a token of %d bytes; servers take at most %d", len(token), MaxToken)
}

// SetToken replaces the token: the next hello has it, and if the session is live it
// is sent, in the place of the one that is about to expire. OnAuth hears what the
// server makes of it.
func (s *Session) SetToken(token string) error {
	switch {
	case token == "":
		return fmt.Errorf("%w: it is empty", ErrToken)
	case len(token) > MaxToken:
		return fmt.Errorf("%w: %w", ErrToken, tokenTooLong(token))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.auth.token = token
	s.auth.unsent = s.greeted
	return nil
}

// token returns the newest token.
func (s *Session) token() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.auth.token
}

// OnAuth has fn called when the server says how long it knows the player, after the
// welcome. It must be set before the first Receive.
func (s *Session) OnAuth(fn func(Auth)) { s.onAuth = fn }

// PlayerID returns the player's id, the same in all rooms, as of the welcome; a guest's
// is new in each session. Empty before the welcome.
func (s *Session) PlayerID() string { return s.Welcome().GetPlayerId() }

// Expires returns when the token expires, by the server's wall clock; false if it does
// not.
func (s *Session) Expires() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.UnixMicro(s.auth.expires), s.auth.expires != 0
}

// takeAuth takes over what the server says of the token.
func (s *Session) takeAuth(a *tickroomv1.Auth) {
	s.mu.Lock()
	s.auth.expires = a.GetExpiresUs()
	s.mu.Unlock()
	if s.onAuth == nil {
		return
	}
	told := Auth{Refused: a.GetError(), Renew: a.GetRenew()}
	if us := a.GetExpiresUs(); us != 0 {
		told.Expires = time.UnixMicro(us)
	}
	s.onAuth(told)
}
