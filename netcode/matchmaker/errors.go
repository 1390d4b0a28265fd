package matchmaker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"connectrpc.com/connect"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// Error is a call that the service did not do.
type Error struct {
	// What was asked for, such as "quick join".
	What string
	Code connect.Code
	// Text is what was wrong, for people.
	Text string
	// RetryAfter is how long the service asks to wait, at most five minutes; 0: it did not
	// say.
	RetryAfter time.Duration
	err        error
}

// Error is a call that was refused or failed: what was asked for, what was wrong, and what
// to do.
func (e *Error) Error() string {
	s := fmt.Sprintf("matchmaker: %s: %s", e.What, e.Code)
	if e.Text != "" {
		s += ": " + e.Text
	}
	switch {
	case e.RetryAfter > 0:
		s += fmt.Sprintf(" (try again in %v)", e.RetryAfter)
	case e.Code == connect.CodeUnauthenticated:
		s += " (give a token that the server takes)"
	case e.Code == connect.CodeUnimplemented:
		s += " (the server has no matchmaking at this address)"
	}
	return s
}

// Unwrap returns the error of Connect.
func (e *Error) Unwrap() error { return e.err }

// Temporary reports whether the same call may succeed a moment later.
func (e *Error) Temporary() bool {
	return e.Code == connect.CodeUnavailable || e.Code == connect.CodeResourceExhausted || e.Code == connect.CodeAborted
}

// EndedError is a ticket that has ended without a match.
type EndedError struct {
	Ticket string
	// State is why: TICKET_STATE_CANCELLED or TICKET_STATE_TIMED_OUT.
	State tickroomv1.TicketState
}

// Error returns all of it in one sentence.
func (e *EndedError) Error() string {
	if e.State == tickroomv1.TicketState_TICKET_STATE_TIMED_OUT {
		return "matchmaker: no match was found in the mode's time"
	}
	return "matchmaker: the ticket was cancelled"
}

// wrap makes an error of Connect one of this package; the context's own stays so.
func wrap(ctx context.Context, what string, a *asked, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("matchmaker: %s: %w", what, context.Cause(ctx))
	}
	e := &Error{What: what, Code: connect.CodeOf(err), Text: err.Error(), RetryAfter: time.Duration(a.Load()), err: err}
	var ce *connect.Error
	if errors.As(err, &ce) {
		e.Text = ce.Message()
	}
	return e
}
