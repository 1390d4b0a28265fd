package client

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/tickroom/tickroom/netcode/replica"
)

// Options says how a client joins, and what it is to tell.
type Options struct {
	Config

	// Setup is called before anything is received, to set event handlers. May be
	// nil.
	Setup func(s *Session)
	// OnWelcome is called when there is a replica that is still empty, to set change
	// callbacks: after the first welcome, and when the client has joined anew. May be
	// nil.
	OnWelcome func(r *replica.Replica)
	// Dialer makes the TCP connection. Nil: a net.Dialer.
	Dialer Dialer
	// TLS is for wss addresses. Nil: the defaults.
	TLS *tls.Config
	// Header is added to the handshake's request.
	Header http.Header
	// Logger is told what goes wrong. Nil: nobody is.
	Logger *slog.Logger

	// TokenSource fetches a fresh token of the player: before the first hello if there
	// is no Token, before the one in use expires, and when the server has refused or
	// closed for one. It is called once at a time; its context ends with the client.
	// Nil: Session.SetToken is the way to replace a token.
	TokenSource func(ctx context.Context) (string, error)
	// OnTokenError is called when the server has refused a token within the session, when
	// none could be fetched, and, without a TokenSource, when the server asks for a
	// new one. The session goes on meanwhile. The error wraps ErrToken. It must not
	// call Close. May be nil.
	OnTokenError func(error)

	// JoinFor is how long Dial goes on trying to join, as a client does that has lost its
	// connection: with pauses, and for as long as there is use in it. 0: it tries once.
	// Less: for as long as its context lasts.
	JoinFor time.Duration
	// NoReconnect makes the loss of the connection the end of the client. Else it
	// connects again, and resumes the session or joins anew, for as long as the close
	// codes say that there is use in it.
	NoReconnect bool
	// OnState is called when the connection is lost, with why, and when the client is
	// in a room again, with nil. It must not block, or call Close. May be nil.
	OnState func(s State, why *CloseError)

	beat time.Duration // between pings, in tests; 0: pingEvery
}

// Dialer makes connections; a *net.Dialer is one.
type Dialer interface {
	DialContext(ctx context.Context, network, addr string) (net.Conn, error)
}

// State is how a client's connection is.
type State uint8

// The states of a client.
const (
	// Live: the session goes on.
	Live State = iota
	// Reconnecting: the connection is lost; the client tries to come back.
	Reconnecting
	// Closed: the end.
	Closed
)

// String returns the state's name.
func (s State) String() string { return [...]string{"live", "reconnecting", "closed"}[s] }
