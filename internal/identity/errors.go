package identity

import (
	"errors"
	"fmt"
)

// Class is why a token was refused. Its String is fit for a metric's label.
type Class uint8

// The classes.
const (
	// Missing: there is no token, and guests are not allowed.
	Missing Class = iota + 1
	// Malformed: it is no token that is understood here, or it lacks what it must have.
	Malformed
	// BadSignature: it was not signed by the key that it should be, or was changed since.
	BadSignature
	// KeyUnknown: it names a key, or an algorithm, that there is no key for.
	KeyUnknown
	// KeysUnavailable: the key may exist, but the keys could not be fetched.
	KeysUnavailable
	// Expired: it was good once.
	Expired
	// NotYetValid: it will be good later.
	NotYetValid
	// WrongIssuer: somebody else made it.
	WrongIssuer
	// WrongAudience: it is for another service.
	WrongAudience
	// Refused: it is genuine, but something in it can't be accepted.
	Refused
	// OtherPlayer: as a renewal it is of another player than the session.
	OtherPlayer
)

// Classes lists all classes.
func Classes() []Class {
	return []Class{Missing, Malformed, BadSignature, KeyUnknown, KeysUnavailable, Expired, NotYetValid,
		WrongIssuer, WrongAudience, Refused, OtherPlayer}
}

// String returns the class in snake case.
func (c Class) String() string {
	switch c {
	case Missing:
		return "missing"
	case Malformed:
		return "malformed"
	case BadSignature:
		return "bad_signature"
	case KeyUnknown:
		return "key_unknown"
	case KeysUnavailable:
		return "keys_unavailable"
	case Expired:
		return "expired"
	case NotYetValid:
		return "not_yet_valid"
	case WrongIssuer:
		return "wrong_issuer"
	case WrongAudience:
		return "wrong_audience"
	case Refused:
		return "refused"
	case OtherPlayer:
		return "other_player"
	}
	return fmt.Sprintf("class_%d", uint8(c))
}

// Advice is what a client should do after a refusal.
type Advice uint8

// The advices.
const (
	// Stop: coming back with a token from the same source will not help.
	Stop Advice = iota
	// NewToken: get a new token, then come back.
	NewToken
	// Later: come back with the same token after a while.
	Later
)

// Advice returns what a client should do about an error of the class.
func (c Class) Advice() Advice {
	switch c {
	case Missing, Expired, KeyUnknown:
		return NewToken
	case KeysUnavailable, NotYetValid:
		return Later
	}
	return Stop
}

// Error is why a token was refused.
type Error struct {
	// Class is what kind of reason it is.
	Class Class
	// Reason is what the client is told. It is at most 120 bytes, so that it fits in a
	// WebSocket close frame, and holds nothing of the token.
	Reason string
	// Cause is what went wrong on our side, for the log; it may be nil.
	Cause error
}

// Error returns the reason.
func (e *Error) Error() string { return e.Reason }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// ClassOf returns the class of an error of this package, 0 for other errors.
func ClassOf(err error) Class {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Class
	}
	return 0
}

func refuse(c Class, format string, args ...any) *Error {
	return &Error{Class: c, Reason: fmt.Sprintf(format, args...)}
}
