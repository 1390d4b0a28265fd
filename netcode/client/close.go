package client

import (
	"fmt"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// Close codes of RFC 6455 that matter here.
const (
	CloseNormal     = 1000 // done
	CloseGoingAway  = 1001 // the server goes down
	CloseProtocol   = 1002
	CloseBadData    = 1003
	CloseNotUTF8    = 1007
	CloseTooBig     = 1009
	CloseServerFail = 1011
	// CloseLost stands for a connection that ended without a close frame. It
	// never travels.
	CloseLost = 1006
)

// Advice says whether a client should come back after its connection has ended.
type Advice uint8

// The kinds of advice.
const (
	// ComeBack: at once, or after a moment if that fails.
	ComeBack Advice = iota
	// ComeBackLater: after a while; the server asked for less load.
	ComeBackLater
	// JoinAnother: with a new session, to any room.
	JoinAnother
	// RenewToken: with another token, or a new one in the place of one that has
	// expired; the seat is kept meanwhile.
	RenewToken
	// AskForSeat: with another seat from the matchmaker.
	AskForSeat
	// StayAway: not before something has been changed: the client was at fault,
	// was removed by the game, or was done itself.
	StayAway
)

// String names the advice.
func (a Advice) String() string {
	return [...]string{
		"come back", "come back after a while", "join anew", "come back with another token", "ask the matchmaker for another seat",
		"do not come back unchanged",
	}[a]
}

// AdviceFor gives the advice that goes with a close code; see CloseCode in
// frame.proto.
func AdviceFor(code uint16) Advice {
	switch tickroomv1.CloseCode(code) {
	case tickroomv1.CloseCode_CLOSE_CODE_HELLO_TIMEOUT, tickroomv1.CloseCode_CLOSE_CODE_OVERFLOW, tickroomv1.CloseCode_CLOSE_CODE_IDLE:
		return ComeBack
	case tickroomv1.CloseCode_CLOSE_CODE_ROOM_FULL, tickroomv1.CloseCode_CLOSE_CODE_RATE_LIMITED, tickroomv1.CloseCode_CLOSE_CODE_SERVER_FULL,
		tickroomv1.CloseCode_CLOSE_CODE_TOO_MANY:
		return ComeBackLater
	case tickroomv1.CloseCode_CLOSE_CODE_ROOM_CLOSED, tickroomv1.CloseCode_CLOSE_CODE_ROOM_FAILED, tickroomv1.CloseCode_CLOSE_CODE_SESSION_GONE:
		return JoinAnother
	case tickroomv1.CloseCode_CLOSE_CODE_UNAUTHENTICATED, tickroomv1.CloseCode_CLOSE_CODE_TOKEN_EXPIRED:
		return RenewToken
	case tickroomv1.CloseCode_CLOSE_CODE_SEAT_REFUSED:
		return AskForSeat
	}
	switch code {
	case CloseGoingAway, CloseServerFail, CloseLost:
		return ComeBack
	case 1013: // try again later
		return ComeBackLater
	}
	return StayAway
}

// CloseError says how a connection ended.
type CloseError struct {
	Code   uint16 // of the close frame; CloseLost if there was none
	Reason string
	// ByUs tells that this side closed.
	ByUs bool
	// Err is what this side closed for, or how the connection was lost; nil if
	// there is nothing beyond code and reason.
	Err error
}

// Advice says whether to come back.
func (e *CloseError) Advice() Advice { return AdviceFor(e.Code) }

// Unwrap gives Err.
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
	if name, ok := tickroomv1.CloseCode_name[int32(code)]; ok {
		return fmt.Sprintf("%d %s", code, name)
	}
	return fmt.Sprint(code)
}
