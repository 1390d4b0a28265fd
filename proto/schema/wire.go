package schema

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrMessage is wrapped by every error about a message that can't be read.
var ErrMessage = errors.New("schema: malformed message")

// MaxDepth is how deep messages may nest in a message that is read.
const MaxDepth = 100

// Decoder takes a message's fields out of its encoding, for generated code: Next
// moves to the next field and sets Tag, then one call takes its value, or Skip.
// The first error ends the reading; the values after it are zero.
type Decoder struct {
	// Tag is the field's number times 8 plus its wire type.
	Tag uint64

	b     []byte
	name  string
	err   error
	depth int // messages that may still nest
}

// NewDecoder reads b, the encoding of the message with a name that errors give.
func NewDecoder(name string, b []byte) Decoder {
	return Decoder{b: b, name: name, depth: MaxDepth}
}

// Err returns the first error. It wraps ErrMessage.
func (d *Decoder) Err() error { return d.err }

// More reports whether there is a further value in a packed field.
func (d *Decoder) More() bool { return len(d.b) > 0 }

// Check takes over the error of what was read by another decoder.
func (d *Decoder) Check(err error) {
	if err != nil && d.err == nil {
		d.b, d.err = nil, err
	}
}

func (d *Decoder) fail(what string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s: field %d: %s", ErrMessage, d.name, d.Tag>>3, what)
	}
	d.b = nil
}

// Next moves to the next field. It returns false at the end and after an error.
func (d *Decoder) Next() bool {
	if len(d.b) == 0 {
		return false
	}
	if c := d.b[0]; c < 0x80 && c >= 8 {
		d.Tag = uint64(c)
		d.b = d.b[1:]
		return true
	}
	num, typ, n := protowire.ConsumeTag(d.b)
	if n < 0 {
		d.failWire(n)
		return false
	}
	d.Tag = uint64(num)<<3 | uint64(typ)
	if num > protowire.MaxValidNumber {
		d.fail("its number is too high")
		return false
	}
	d.b = d.b[n:]
	return true
}

// Skip passes over the field's value.
func (d *Decoder) Skip() {
	n := protowire.ConsumeFieldValue(protowire.Number(d.Tag>>3), protowire.Type(d.Tag&7), d.b)
	if n < 0 {
		d.failWire(n)
		return
	}
	d.b = d.b[n:]
}

// Varint takes a number.
func (d *Decoder) Varint() uint64 {
	if len(d.b) > 0 && d.b[0] < 0x80 {
		v := uint64(d.b[0])
		d.b = d.b[1:]
		return v
	}
	v, n := protowire.ConsumeVarint(d.b)
	if n < 0 {
		d.failWire(n)
		return 0
	}
	d.b = d.b[n:]
	return v
}

// Sint32 takes a zigzag number of 32 bits.
func (d *Decoder) Sint32() int32 { return int32(protowire.DecodeZigZag(d.Varint() & 0xffffffff)) }

// Sint64 takes a zigzag number.
func (d *Decoder) Sint64() int64 { return protowire.DecodeZigZag(d.Varint()) }

// Fixed32 takes four bytes.
func (d *Decoder) Fixed32() uint32 {
	if len(d.b) < 4 {
		d.fail("it is cut short")
		return 0
	}
	v := binary.LittleEndian.Uint32(d.b)
	d.b = d.b[4:]
	return v
}

// Fixed64 takes eight bytes.
func (d *Decoder) Fixed64() uint64 {
	if len(d.b) < 8 {
		d.fail("it is cut short")
		return 0
	}
	v := binary.LittleEndian.Uint64(d.b)
	d.b = d.b[8:]
	return v
}

// Float takes a float.
func (d *Decoder) Float() float32 { return math.Float32frombits(d.Fixed32()) }

// Double takes a double.
func (d *Decoder) Double() float64 { return math.Float64frombits(d.Fixed64()) }

// raw takes a length and so many bytes, which are those of the input.
func (d *Decoder) raw() []byte {
	p, n := protowire.ConsumeBytes(d.b)
	if n < 0 {
		d.failWire(n)
		return nil
	}
	d.b = d.b[n:]
	return p
}

// Bytes takes a copy of a byte string; nil for an empty one.
func (d *Decoder) Bytes() []byte { return append([]byte(nil), d.raw()...) }

// Text takes a string. It is an error if it isn't UTF-8.
func (d *Decoder) Text() string {
	p := d.raw()
	if !utf8.Valid(p) {
		d.fail("the string is not UTF-8")
		return ""
	}
	return string(p)
}

// Packed returns a decoder of the values of a packed field; its error must be
// handed to Check.
func (d *Decoder) Packed() Decoder {
	p := d.raw()
	return Decoder{Tag: d.Tag, b: p, name: d.name, err: d.err}
}

// Nested returns a decoder of the fields of a message within this one; its error
// must be handed to Check.
func (d *Decoder) Nested(name string) Decoder {
	if d.depth <= 1 {
		d.fail(fmt.Sprintf("messages nest deeper than %d", MaxDepth))
		return Decoder{err: d.err}
	}
	p := d.raw()
	return Decoder{b: p, name: name, err: d.err, depth: d.depth - 1}
}

func (d *Decoder) failWire(n int) { d.fail(protowire.ParseError(n).Error()) }

// EndLength makes b[at], a byte kept free for a length, the length of what
// follows it, moving that on if one byte is too small for it.
func EndLength(b []byte, at int) []byte {
	n := len(b) - at - 1
	if n < 0x80 {
		b[at] = byte(n)
		return b
	}
	var head [binary.MaxVarintLen64]byte
	k := binary.PutUvarint(head[:], uint64(n))
	b = append(b, head[1:k]...)
	copy(b[at+k:], b[at+1:at+1+n])
	copy(b[at:], head[:k])
	return b
}

// ValidText returns s with what is not UTF-8 replaced by U+FFFD, since protobuf
// runtimes refuse a whole frame for one bad string.
func ValidText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// FloatCell returns the cell of a float without quantisation: its bits. -0 counts as
// +0, and what is not a number as the quiet NaN 0x7fc00000, since runtimes of
// other languages change the bits of other NaNs.
func FloatCell(v float32) int64 {
	switch {
	case v == 0:
		return 0
	case v != v:
		return 0x7fc00000
	}
	return int64(math.Float32bits(v))
}

// DoubleCell is FloatCell for a double.
func DoubleCell(v float64) int64 {
	switch {
	case v == 0:
		return 0
	case v != v:
		return 0x7ff8000000000000
	}
	return int64(math.Float64bits(v))
}

// CellFloat returns the float of a cell that FloatCell made.
func CellFloat(c int64) float32 { return math.Float32frombits(uint32(c)) }

// CellDouble returns the double of a cell that DoubleCell made.
func CellDouble(c int64) float64 { return math.Float64frombits(uint64(c)) }

// BoolCell returns the cell of a bool, 0 or 1.
func BoolCell(v bool) int64 {
	if v {
		return 1
	}
	return 0
}
