package netcode

import (
	"github.com/tickroom/tickroom/proto/schema"
)

// A client sees messages, not bytes: one whose first state takes half a minute to arrive
// can't tell that from a connection that is dead. So a long ServerFrame is sent in parts
// to those who ask for that in their hello.
const (
	// MaxWhole is the length of the longest message that is sent whole, in bytes.
	MaxWhole = 16 << 10
	// PartSize is the length of the piece of a message that a part brings, in bytes, but for
	// the last part.
	PartSize = 8 << 10
	// MaxFrame is the length of the longest ServerFrame, in bytes: clients refuse a longer one
	// in parts, and none is sent. It is the same as that of package replica.
	MaxFrame = 16 << 20
)

// Tags of Part, and of it in a ServerFrame.
const (
	tagPart     = 15<<3 | 2
	tagPartLeft = 1 << 3
	tagPartData = 2<<3 | 2
)

// PartLen returns the length of the message that AppendPart appends for a piece of n bytes.
func PartLen(n, left int) int {
	in := partLen(n, left)
	return 1 + varintLen(uint64(in)) + in
}

// partLen returns the length of the Part alone.
func partLen(n, left int) int {
	in := 1 + varintLen(uint64(n)) + n
	if left > 0 {
		in += 1 + varintLen(uint64(left))
	}
	return in
}

// AppendPart appends a ServerFrame that is a part: the piece of a longer one, of which left
// bytes come after it.
func AppendPart(b, piece []byte, left int) []byte {
	b = append(b, tagPart)
	b = schema.AppendUvarint(b, uint64(partLen(len(piece), left)))
	if left > 0 {
		b = append(b, tagPartLeft)
		b = schema.AppendUvarint(b, uint64(left))
	}
	b = append(b, tagPartData)
	b = schema.AppendUvarint(b, uint64(len(piece)))
	return append(b, piece...)
}
