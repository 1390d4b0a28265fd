// Package refusal has the one type of what clients and requests are turned away with, and
// the one place where that is logged and counted: a Journal.
//
// A Refusal is made where the decision is, and carries what is known there. It is given to
// the journal where it takes effect, by whoever closes the connection or answers the call.
// So "why did this player get 4003?" is a search of the log for the player, and what can
// be refused with 4003 a search of the code for closecode.RoomFull.
package refusal

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/internal/socket"
)

// Refusal is a client or a request turned away. It is an error.
type Refusal struct {
	// Code is the WebSocket close code that the client is told. 0: it is answered by HTTP.
	Code int
	// Why is the reason for the operator: one word of a fixed set, in snake case, fit for a
	// metric's label. Several may go with one code.
	Why string
	// Reason is the reason for the player: at most 123 bytes, of which a client of the
	// game may show some.
	Reason string
	// Cause is what is known beyond that, for the operator alone; nil: nothing.
	Cause error
	// Level is how loudly it is logged. What clients lack is for slog.LevelInfo, the zero
	// value; what the server lacks is louder.
	Level slog.Level
}

// New returns a refusal with a close code, whose Why is the code's name.
func New(code int, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Why: name(code), Reason: fmt.Sprintf(format, args...)}
}

// Because returns the refusal with another reason for the operator.
func (r *Refusal) Because(why string) *Refusal {
	out := *r
	out.Why = why
	return &out
}

// CausedBy returns the refusal with a cause.
func (r *Refusal) CausedBy(cause error) *Refusal {
	out := *r
	out.Cause = cause
	return &out
}

// At returns the refusal with a level.
func (r *Refusal) At(level slog.Level) *Refusal {
	out := *r
	out.Level = level
	return &out
}

// Error returns what the player is told, and the cause.
func (r *Refusal) Error() string {
	s := r.Why + ": " + r.Reason
	if r.Cause != nil {
		s += ": " + r.Cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Cause }

// Close returns the refusal as the end of a connection.
func (r *Refusal) Close() *socket.CloseError {
	return &socket.CloseError{Code: r.Code, Reason: r.Reason, Err: r.Cause}
}

// Of returns the refusal that an error is or wraps. A *socket.CloseError becomes one with
// its code and reason. Any other error is a failure of the server, of which the client is
// told no more than that.
func Of(err error) *Refusal {
	var r *Refusal
	if errors.As(err, &r) {
		return r
	}
	var ce *socket.CloseError
	if errors.As(err, &ce) {
		return &Refusal{Code: ce.Code, Why: name(ce.Code), Reason: ce.Reason, Cause: ce.Err}
	}
	return New(closecode.ServerFault, "internal error").CausedBy(err).At(slog.LevelError)
}

// GoingAway returns the refusal of a server that ends.
func GoingAway() *Refusal { return New(closecode.GoingAway, "the server is going away") }

// TryLater returns the refusal of a server that lacks something for a moment.
func TryLater(cause error, reason string) *Refusal {
	return New(closecode.TryLater, "%s", reason).CausedBy(cause).At(slog.LevelWarn)
}

// name returns the name of a close code, in snake case.
func name(code int) string {
	if n := closecode.Name(code); n != "" {
		return strings.ToLower(n)
	}
	return "other"
}
