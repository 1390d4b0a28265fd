package socket

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

// Headroom is how many free bytes a frame passed to Send starts with, so that the
// WebSocket header is written in front of the payload without copying it.
const Headroom = 10

// Conn is a seated client's connection as a room's tick sees it.
//
// One caller at a time: the worker that owns the client's chunk in this tick.
// Close alone may be called from anywhere. Nothing blocks. The callbacks of Poll may
// call every method but Poll.
type Conn interface {
	// Poll takes what has arrived and calls fn for every complete binary message,
	// in order; msg is valid only during the call. Pings are answered and close
	// handshakes completed on the way. scratch is the worker's read buffer, 4 to
	// 64 KB and never empty: one Poll reads at most that much, the rest waits in
	// the kernel and slows the sender down.
	//
	// It returns nil, or the *CloseError that ended the connection. An error from
	// fn ends it: with its code if it is a *CloseError, else with 1011.
	Poll(scratch []byte, fn func(msg []byte) error) error

	// Send hands one binary message to the kernel. frame is Headroom free bytes,
	// which are overwritten, followed by the payload; it may be reused when Send
	// returns. What the kernel does not take is kept in the outbox.
	//
	// If the outbox holds something already nothing is sent, and Send returns
	// ErrBacklog: the caller skips its snapshot. A *CloseError means that the
	// connection is over.
	Send(frame []byte) error

	// SendReliable is Send for what must not be skipped: it is appended to a busy
	// outbox as long as Options.MaxOutbox allows, else nothing is sent and it
	// returns ErrOverflow. Into an empty outbox a message of any size goes.
	SendReliable(frame []byte) error

	// SendMessages is SendReliable for binary messages that belong together, each behind its
	// header, as AppendHeader makes it. Nothing comes between them.
	SendMessages(messages []byte) error

	// Flush offers the outbox to the kernel once more and returns the bytes still
	// pending. Call it once a tick for as long as it returns more than 0.
	Flush() (pending int, err error)

	// Close sends a close frame as far as the kernel takes it and ends the
	// connection. The first call counts, later ones do nothing. Code 1005 sends a
	// frame without a code and 1006 none at all: it cuts the connection. A reason is
	// cut to the 123 bytes that fit, and what is no UTF-8 in it is replaced.
	Close(code int, reason string)

	// RTT returns the kernel's smoothed round-trip time, 0 if it is unknown.
	RTT() time.Duration

	// RemoteAddr returns the peer's address.
	RemoteAddr() net.Addr

	// Stats returns what was counted since the connection was seated.
	Stats() Stats

	// Raw reports whether the tick drives the descriptor itself.
	Raw() bool
}

// TextConn is what both kinds of connection can do when Options.AllowText is set.
// Games have no use for it; conformance programs do.
type TextConn interface {
	Conn

	// PollAny is Poll for binary and text messages. Text is valid UTF-8.
	PollAny(scratch []byte, fn func(text bool, msg []byte) error) error

	// SendAny is SendReliable for binary or text messages.
	SendAny(text bool, frame []byte) error
}

// Stats of one connection. Bytes include WebSocket headers, not those of TCP. BytesOut of one with TLS that ticks
// drive includes TLS's, since that is what the kernel takes.
type Stats struct {
	BytesIn, BytesOut       uint64
	MessagesIn, MessagesOut uint64

	// Pending is the size of the outbox in bytes.
	Pending int

	// Progress is when the kernel last took a byte of the outbox, or when the
	// outbox began to fill; zero while it is empty.
	Progress time.Time
}

var (
	// ErrBacklog is returned by Send when earlier bytes are still in the outbox.
	ErrBacklog = errors.New("socket: outbox is not empty, message not sent")

	// ErrOverflow is returned by SendReliable when the outbox has no room for the message.
	ErrOverflow = errors.New("socket: outbox is full, message not sent")

	// ErrDead is the cause of the end of a connection whose peer has taken nothing
	// for Options.DeadAfter.
	ErrDead = errors.New("socket: peer takes no bytes")
)

// CloseError is how a connection ended.
type CloseError struct {
	// Code is the close code: the peer's if Remote, else the one sent to the peer.
	Code int

	// Reason is the text that went with it, at most 123 bytes.
	Reason string

	// Remote reports whether the peer ended the connection, or the connection broke.
	Remote bool

	// Err is the cause, if there is one. It is not sent to the peer.
	Err error
}

func (e *CloseError) Error() string {
	who := "closed by the server"
	if e.Remote {
		who = "closed by the client"
	}
	s := fmt.Sprintf("socket: %s with code %d", who, e.Code)
	if e.Reason != "" {
		s += fmt.Sprintf(" (%q)", e.Reason)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *CloseError) Unwrap() error { return e.Err }

// violation returns the end of a connection whose peer has broken a rule.
func violation(code int, reason string) *CloseError {
	return &CloseError{Code: code, Reason: reason}
}

// closing returns the end of a connection whose callback has returned an error. What went
// wrong in the server is not told to the peer.
func closing(err error) *CloseError {
	var ce *CloseError
	if errors.As(err, &ce) {
		return ce
	}
	return &CloseError{Code: closecode.ServerFault, Reason: "internal error", Err: err}
}
