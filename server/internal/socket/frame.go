package socket

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"unicode/utf8"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

// Opcodes, RFC 6455 section 5.2.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA

	bitFin     = 0x80
	bitsRsv    = 0x70
	bitMask    = 0x80
	maxHeader  = 14 // two bytes, eight of length, four of mask
	length16   = 126
	length64   = 127
	bitControl = 0x8

	maxControlLength = 125 // bytes of a control frame's payload
	maxReason        = 123 // of a close frame's, without the code
)

// header is one frame's header as a client sent it.
type header struct {
	op     byte
	fin    bool
	length int
	key    uint32 // the mask, its first byte in the lowest bits
}

func (h header) control() bool { return h.op&bitControl != 0 }

// mask XORs b with key and returns the key for the byte that follows.
func mask(b []byte, key uint32) uint32 {
	if key == 0 {
		return 0
	}
	wide := uint64(key)<<32 | uint64(key)
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^wide)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= byte(key)
		key = bits.RotateLeft32(key, -8)
	}
	return key
}

// seal writes the header of an unmasked final frame into the Headroom in front of the
// payload and returns the bytes to send.
func seal(op byte, frame []byte) []byte {
	n := len(frame) - Headroom
	switch {
	case n < length16:
		frame[8], frame[9] = bitFin|op, byte(n)
		return frame[8:]
	case n <= 0xFFFF:
		frame[6], frame[7] = bitFin|op, length16
		binary.BigEndian.PutUint16(frame[8:], uint16(n))
		return frame[6:]
	default:
		frame[0], frame[1] = bitFin|op, length64
		binary.BigEndian.PutUint64(frame[2:], uint64(n))
		return frame
	}
}

// AppendHeader appends the header of a binary message of n bytes, which are to follow. See
// Conn.SendMessages.
func AppendHeader(b []byte, n int) []byte {
	switch {
	case n < length16:
		return append(b, bitFin|opBinary, byte(n))
	case n <= 0xFFFF:
		return binary.BigEndian.AppendUint16(append(b, bitFin|opBinary, length16), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, bitFin|opBinary, length64), uint64(n))
	}
}

// appendControl appends a control frame. The payload must fit in 125 bytes.
func appendControl(b []byte, op byte, payload []byte) []byte {
	b = append(b, bitFin|op, byte(len(payload)))
	return append(b, payload...)
}

// appendClose appends the close frame for e, or nothing if its code
// must not be sent.
func appendClose(b []byte, e *CloseError) []byte {
	switch {
	case e.Code == closecode.NoStatus:
		return append(b, bitFin|opClose, 0)
	case !validCode(e.Code):
		return b
	}
	reason := clip(e.Reason)
	b = append(b, bitFin|opClose, byte(2+len(reason)), byte(e.Code>>8), byte(e.Code))
	return append(b, reason...)
}

// clip returns a reason as a close frame may carry it: UTF-8, and as much of it as fits, cut
// between two runes. Reasons come from games and operators, and clients end a connection
// whose close frame is wrong with 1006, which has them come back.
func clip(reason string) string {
	reason = strings.ToValidUTF8(reason, string(utf8.RuneError))
	if len(reason) <= maxReason {
		return reason
	}
	n := maxReason
	for n > 0 && !utf8.RuneStart(reason[n]) {
		n--
	}
	return reason[:n]
}

// parseClose reads the payload of a peer's close frame: the peer's code and reason, or
// the violation that the frame is.
func parseClose(payload []byte) *CloseError {
	if len(payload) == 0 {
		return &CloseError{Code: closecode.NoStatus, Remote: true}
	}
	if len(payload) == 1 {
		return violation(closecode.ProtocolError, "close frame of one byte")
	}
	code := int(binary.BigEndian.Uint16(payload))
	if !validCode(code) {
		return violation(closecode.ProtocolError, "close code that must not be sent")
	}
	if !utf8.Valid(payload[2:]) {
		return violation(closecode.InvalidData, "close reason is not UTF-8")
	}
	return &CloseError{Code: code, Reason: string(payload[2:]), Remote: true}
}

// validCode reports whether a close frame may carry the code: those of RFC 6455 and the
// IANA registry, and 3000 to 4999.
func validCode(code int) bool {
	switch {
	case code >= 1000 && code <= 1003, code >= 1007 && code <= 1014, code >= 3000 && code <= 4999:
		return true
	}
	return false
}
