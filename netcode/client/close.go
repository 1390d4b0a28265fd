package client

import (
	"errors"
	"fmt"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

// Close codes that a client closes with, or makes up. Package closecode has all, and what
// a client does about each.
const (
	// CloseNormal says that the client is done: the session is over.
	CloseNormal = closecode.Normal
	// CloseLost stands for a connection that ended without a close frame. It never
	// travels.
	CloseLost = closecode.Lost
)

// CloseError is how a connection ended.
type CloseError struct {
	Code   uint16 // of the close frame; CloseLost if there was none
	Reason string
	// ByUs reports whether this side closed.
	ByUs bool
	// Err is what this side closed for, or how the connection was lost; nil if
	// there is nothing beyond code and reason.
	Err error
}

// Advice returns what a client does after its connection has ended so.
func (e *CloseError) Advice() closecode.Advice { return closecode.For(int(e.Code)).Advice }

// Unwrap returns Err.
func (e *CloseError) Unwrap() error { return e.Err }

// Error says who closed, with what code and reason, and what to do.
func (e *CloseError) Error() string {
	who := "the server closed"
	switch {
	case e.ByUs:
		who = "closed by this side"
	case e.Code == CloseLost:
		who = "the connection was lost"
	}
	s := "client: " + who
	if e.Code != CloseLost {
		s += fmt.Sprintf(" with %s", codeName(e.Code))
	}
	if e.Reason != "" {
		s += fmt.Sprintf(": %s", e.Reason)
	}
	if e.Err != nil && e.Err.Error() != e.Reason {
		s += fmt.Sprintf(": %v", e.Err)
	}
	if e.Code != CloseNormal {
		s += " (" + e.Advice().String() + ")"
	}
	return s
}

func codeName(code uint16) string {
	if name := closecode.Name(int(code)); name != "" {
		return fmt.Sprintf("%d %s", code, name)
	}
	return fmt.Sprint(code)
}

// CloseCodeFor returns the close code that tells the server of an error of
// Receive.
func CloseCodeFor(err error) uint16 {
	switch {
	case err == nil:
		return CloseNormal
	case errors.Is(err, ErrSchema):
		return closecode.Schema
	}
	return closecode.BadMessage
}

// atFault reports whether this side closed for what the server sent, which another
// session may be free of.
func (e *CloseError) atFault() bool {
	var desync *Desync
	return e.ByUs && (errors.Is(e.Err, ErrProtocol) || errors.As(e.Err, &desync))
}
