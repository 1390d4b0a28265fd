// Package fleet lets a server ask another one of its fleet to do something with a room that runs
// there.
//
// A call is a question with an answer, good for a few seconds: it is not kept for a server that is
// away, so that nothing is done later of which nobody thinks any more. That is why it does not go by
// the bus, which keeps what is posted. Calls may be repeated on the way; whoever handles one does it
// once, since it remembers for a while what it has answered.
package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"connectrpc.com/connect"
)

// Timeout is how long a call may take.
const Timeout = 3 * time.Second

// Errors of Call.
var (
	// ErrNobody means that the server is not there, or does not answer: whether it has done
	// something is not known.
	ErrNobody = errors.New("the server of the room does not answer")
)

// Handler does what another server, or this one, asks for. The error, if it is a *connect.Error, is
// passed on with its code and message; any other is one of the server's.
type Handler func(ctx context.Context, method string, body json.RawMessage) (any, error)

// Line leads to the other servers. Package redisfleet has one by Redis.
type Line interface {
	// Ask sends a call to a server and returns its answer. The error is, or wraps, ErrNobody or that
	// of ctx.
	Ask(ctx context.Context, node string, call Call) (Answer, error)
}

// Call is what a server is asked.
type Call struct {
	Method string          `json:"method"`
	Body   json.RawMessage `json:"body,omitempty"`
}

// Answer is what it answers.
type Answer struct {
	Body json.RawMessage `json:"body,omitempty"`
	// Code and Message are those of an error; 0: there is none.
	Code    uint32 `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

// Fleet calls the servers of a fleet.
type Fleet struct {
	node   string
	handle Handler
	line   Line
}

// New returns the fleet as a server of that name sees it. line is nil for a server on its own.
func New(node string, handle Handler, line Line) *Fleet { return &Fleet{node, handle, line} }

// Node returns the name of this server.
func (f *Fleet) Node() string { return f.node }

// Call has a server, which may be this one, do something, and reads its answer into out. The error
// is a *connect.Error of the handler, or is or wraps ErrNobody or that of ctx.
func (f *Fleet) Call(ctx context.Context, node, method string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("fleet: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	var a Answer
	switch {
	case node == f.node:
		a = Do(ctx, f.handle, Call{method, body})
	case f.line == nil:
		return fmt.Errorf("%w: %s and this server share no Redis", ErrNobody, node)
	default:
		if a, err = f.line.Ask(ctx, node, Call{method, body}); err != nil {
			return err
		}
	}
	if a.Code != 0 {
		return connect.NewError(connect.Code(a.Code), errors.New(a.Message))
	}
	if out == nil || len(a.Body) == 0 {
		return nil
	}
	if err := json.Unmarshal(a.Body, out); err != nil {
		return fmt.Errorf("fleet: the answer of %s can't be read: %w", node, err)
	}
	return nil
}

// Do has a handler do a call, and returns its answer.
func Do(ctx context.Context, handle Handler, c Call) Answer {
	out, err := handle(ctx, c.Method, c.Body)
	if err == nil {
		var body json.RawMessage
		if body, err = json.Marshal(out); err == nil {
			return Answer{Body: body}
		}
	}
	var told *connect.Error
	if !errors.As(err, &told) {
		code := connect.CodeInternal
		if errors.Is(err, context.DeadlineExceeded) {
			code = connect.CodeUnavailable
		}
		return Answer{Code: uint32(code), Message: err.Error()}
	}
	return Answer{Code: uint32(told.Code()), Message: told.Message()}
}
