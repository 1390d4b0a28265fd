package bots

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/gobwas/ws"
)

// maxMessage is the most bytes of a message that a bot takes.
const maxMessage = 8 << 20

var errFrame = errors.New("bots: malformed WebSocket frame")

// frameHead is the head of a frame from a server.
type frameHead struct {
	op   ws.OpCode
	fin  bool
	size int // of the payload
	len  int // of the head itself
}

// parseHead reads the head of a frame from a server, which does not mask. len is
// 0 if there are too few bytes yet.
func parseHead(b []byte) (h frameHead, err error) {
	if len(b) < 2 {
		return h, nil
	}
	h.op, h.fin = ws.OpCode(b[0]&0xf), b[0]&0x80 != 0
	if b[0]&0x70 != 0 || b[1]&0x80 != 0 {
		return h, fmt.Errorf("%w: head %#x %#x", errFrame, b[0], b[1])
	}
	size, n := uint64(b[1]), 2
	switch size {
	case 126:
		if len(b) < 4 {
			return h, nil
		}
		size, n = uint64(binary.BigEndian.Uint16(b[2:])), 4
	case 127:
		if len(b) < 10 {
			return h, nil
		}
		size, n = binary.BigEndian.Uint64(b[2:]), 10
	}
	if size > maxMessage {
		return h, fmt.Errorf("%w: a payload of %d bytes", errFrame, size)
	}
	if h.op.IsControl() && (size > 125 || !h.fin) {
		return h, fmt.Errorf("%w: control frame of %d bytes", errFrame, size)
	}
	h.size, h.len = int(size), n
	return h, nil
}

// appendFrame appends a frame from a client, masked, around what fill appends.
func appendFrame(b []byte, op ws.OpCode, mask uint32, fill func([]byte) []byte) []byte {
	const longest = 14
	at := len(b)
	var room [longest]byte
	b = fill(append(b, room[:]...))
	n := len(b) - at - longest
	b[at] = 0x80 | byte(op)
	k := 2
	switch {
	case n > 0xffff:
		b[at+1] = 0x80 | 127
		binary.BigEndian.PutUint64(b[at+2:], uint64(n))
		k = 10
	case n > 125:
		b[at+1] = 0x80 | 126
		binary.BigEndian.PutUint16(b[at+2:], uint16(n))
		k = 4
	default:
		b[at+1] = 0x80 | byte(n)
	}
	var key [4]byte
	binary.LittleEndian.PutUint32(key[:], mask)
	copy(b[at+k:], key[:])
	k += 4
	ws.Cipher(b[at+longest:], key, 0)
	return append(b[:at+k], b[at+longest:]...)
}
