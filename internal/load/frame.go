package load

import (
	"encoding/binary"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Opcodes of RFC 6455.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa
)

// mask is the key of all frames to the server. It is not zero, so that the server
// has to unmask.
var mask = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// A frame is what the reader reports of a WebSocket frame once all of it has come.
type frame struct {
	opcode byte
	// Bytes on the wire, header included, and those of the payload alone.
	wire, payload int
	// The tick that a ServerFrame begins with. 0: it brings no snapshot.
	tick uint32
	// Payload of a control frame. Valid until the reader goes on.
	control []byte
}

// reader finds frames in a stream that comes in pieces of any size. It looks at
// the headers, at the tick that a snapshot begins with, and at control frames,
// and passes over everything else.
type reader struct {
	head  [10]byte
	nhead int
	need  int // bytes that the header has; 0 until that is known
	left  int // bytes of the payload that have not come yet
	size  int

	start  [6]byte // first bytes of a data frame's payload
	nstart int
	newest uint32 // the last tick that was found

	control []byte
}

// next consumes bytes of p, up to the end of a frame at most. It returns how
// many, and whether they complete f.
func (r *reader) next(p []byte) (n int, f frame, done bool, err error) {
	for r.need == 0 || r.nhead < r.need {
		if n == len(p) {
			return n, f, false, nil
		}
		r.head[r.nhead] = p[n]
		r.nhead++
		n++
		if r.nhead == 2 {
			switch r.head[1] {
			case 126:
				r.need = 4
			case 127:
				r.need = 10
			default:
				if r.head[1] > 127 {
					return n, f, false, fmt.Errorf("a frame from the server is masked")
				}
				r.need = 2
			}
		}
		if r.nhead == r.need {
			var size uint64
			switch r.need {
			case 2:
				size = uint64(r.head[1])
			case 4:
				size = uint64(binary.BigEndian.Uint16(r.head[2:]))
			case 10:
				size = binary.BigEndian.Uint64(r.head[2:])
			}
			if size > math.MaxInt32 {
				return n, f, false, fmt.Errorf("a frame from the server claims %d bytes", size)
			}
			r.size, r.left = int(size), int(size)
		}
	}

	take := min(r.left, len(p)-n)
	if r.head[0]&0x8 != 0 {
		r.control = append(r.control, p[n:n+take]...)
	} else if r.nstart < len(r.start) {
		r.nstart += copy(r.start[r.nstart:], p[n:n+take])
	}
	n += take
	r.left -= take
	if r.left > 0 {
		return n, f, false, nil
	}

	f = frame{opcode: r.head[0] & 0xf, wire: r.need + r.size, payload: r.size, control: r.control}
	if f.opcode == opBinary && r.nstart > 1 && r.start[0] == 1<<3 {
		if tick, k := protowire.ConsumeVarint(r.start[1:r.nstart]); k > 0 {
			f.tick = uint32(tick)
			r.newest = f.tick
		}
	}
	r.nhead, r.need, r.nstart, r.control = 0, 0, 0, r.control[:0]
	return n, f, true, nil
}

// appendFrame appends a masked frame whose payload is appended by body and must
// stay below 126 bytes.
func appendFrame(dst []byte, opcode byte, body func([]byte) []byte) []byte {
	at := len(dst)
	dst = append(dst, 0x80|opcode, 0, mask[0], mask[1], mask[2], mask[3])
	dst = body(dst)
	payload := dst[at+6:]
	dst[at+1] = 0x80 | byte(len(payload))
	for i := range payload {
		payload[i] ^= mask[i&3]
	}
	return dst
}

// appendInput appends the payload of a ClientFrame that acknowledges a tick and
// brings one input.
func appendInput(dst []byte, ack, seq uint32, data []byte) []byte {
	dst = appendAck(dst, ack)
	dst = protowire.AppendTag(dst, 2, protowire.BytesType)
	dst = append(dst, 0)
	at := len(dst)
	dst = protowire.AppendTag(dst, 1, protowire.VarintType)
	dst = protowire.AppendVarint(dst, uint64(seq))
	dst = protowire.AppendTag(dst, 3, protowire.BytesType)
	dst = protowire.AppendBytes(dst, data)
	dst[at-1] = byte(len(dst) - at)
	return dst
}

// appendAck appends the payload of a ClientFrame that acknowledges a tick.
func appendAck(dst []byte, ack uint32) []byte {
	if ack == 0 {
		return dst
	}
	dst = protowire.AppendTag(dst, 1, protowire.VarintType)
	return protowire.AppendVarint(dst, uint64(ack))
}

// appendSay appends a command that writes a comment, each one another: tickroom.danmaku.v1.Say.
func appendSay(dst []byte, seq uint32, client int) []byte {
	text := fmt.Sprintf("comment %d of viewer %d, about as long as they are", seq, client)
	dst = protowire.AppendTag(dst, 3, protowire.BytesType)
	dst = append(dst, 0)
	at := len(dst)
	dst = protowire.AppendTag(dst, 1, protowire.VarintType)
	dst = protowire.AppendVarint(dst, uint64(seq))
	dst = protowire.AppendTag(dst, 2, protowire.VarintType)
	dst = protowire.AppendVarint(dst, 1)
	dst = protowire.AppendTag(dst, 3, protowire.BytesType)
	dst = append(dst, byte(2+len(text)))
	dst = protowire.AppendTag(dst, 1, protowire.BytesType)
	dst = protowire.AppendString(dst, text)
	dst[at-1] = byte(len(dst) - at)
	return dst
}

// appendWalk appends a WalkerInput that walks a slow curve, each client another one.
func appendWalk(dst []byte, client int, seq uint32) []byte {
	direction := math.Mod(float64(client)*2.399963+float64(seq)*0.05, 2*math.Pi)
	dst = protowire.AppendTag(dst, 1, protowire.Fixed32Type)
	return protowire.AppendFixed32(dst, math.Float32bits(float32(direction)))
}
