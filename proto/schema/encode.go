package schema

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Streams holds the values of rows as the fields of a Table carry them.
type Streams struct {
	Rows    []byte // varints
	Wide    []byte // zigzag varints
	Floats  []byte // 4 bytes each
	Doubles []byte // 8 bytes each
	Strings []byte // whole fields, with tag and length
	Blobs   []byte // whole fields, with tag and length
}

// Reset empties the streams and keeps their memory.
func (s *Streams) Reset() {
	s.Rows, s.Wide, s.Floats = s.Rows[:0], s.Wide[:0], s.Floats[:0]
	s.Doubles, s.Strings, s.Blobs = s.Doubles[:0], s.Strings[:0], s.Blobs[:0]
}

// Field tags of the streams in a Table.
const (
	TagStrings = 9<<3 | 2
	TagBlobs   = 10<<3 | 2
)

// AppendUvarint appends a varint; it is the loop that most bytes of a snapshot
// come out of.
func AppendUvarint(b []byte, v uint64) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

// Zigzag maps signed to unsigned 32-bit numbers, small to small.
func Zigzag(v int32) uint32 { return uint32(v<<1) ^ uint32(v>>31) }

// Unzigzag undoes Zigzag.
func Unzigzag(u uint32) int32 { return int32(u>>1) ^ -int32(u&1) }

// WrapDiff returns the difference a-b the short way round a turn of steps; of two
// equally short ways the positive one.
func WrapDiff(a, b int64, steps uint32) int32 {
	n := int64(steps)
	d := a - b
	if d <= -n || d >= n { // not of cells, which lie within one turn
		d %= n
	}
	if d < 0 {
		d += n
	}
	if d > n/2 {
		d -= n
	}
	return int32(d)
}

// AppendFields appends the values of the fields in mask, in the order of their
// numbers, without entity or mask. prev are the numbers that the receiver has;
// nil makes all values absolute.
func (c *Component) AppendFields(s *Streams, mask uint64, cur Cells, prev []int64) {
	if c.Plain && c.Blobs == 0 {
		s.Rows = c.appendPlain(s.Rows, mask, cur.Nums, prev)
		return
	}
	for m := mask; m != 0; m &= m - 1 {
		f := &c.Fields[c.byNumber[bits.TrailingZeros64(m)+1]-1]
		if f.InBlob() {
			f.appendBlob(s, cur.Blobs[f.Cell])
			continue
		}
		v := cur.Nums[f.Cell]
		if prev == nil {
			f.appendNum(s, v)
			continue
		}
		switch f.Kind {
		case Bool, Float, Double:
			f.appendNum(s, v)
		case Int64, Uint64:
			s.Wide = AppendUvarint(s.Wide, protowire.EncodeZigZag(v-prev[f.Cell]))
		default:
			s.Rows = AppendUvarint(s.Rows, uint64(f.diff(v, prev[f.Cell])))
		}
	}
}

// appendPlain is AppendFields for components whose values are all in rows: the
// loop that most of a server's encoding is spent in. It knows a field by its
// plan, and makes room once for all the values of a row.
func (c *Component) appendPlain(b []byte, mask uint64, cur, prev []int64) []byte {
	b = slices.Grow(b, bits.OnesCount64(mask)*binary.MaxVarintLen32)
	p := b[len(b):cap(b)]
	n := 0
	for m := mask; m != 0; m &= m - 1 {
		f := &c.plans[bits.TrailingZeros64(m)]
		u := uint32(cur[f.cell])
		switch {
		case prev == nil:
			if f.signed {
				u = Zigzag(int32(u))
			}
		case f.wrap != 0:
			u = Zigzag(WrapDiff(cur[f.cell], prev[f.cell], f.wrap))
		case !f.asIs:
			u = Zigzag(int32(u - uint32(prev[f.cell])))
		}
		for u >= 0x80 {
			p[n] = byte(u) | 0x80
			n++
			u >>= 7
		}
		p[n] = byte(u)
		n++
	}
	return b[:len(b)+n]
}

// diff returns the zigzag difference of a 32-bit field.
func (f *Field) diff(v, prev int64) uint32 {
	if f.WrapSteps != 0 {
		return Zigzag(WrapDiff(v, prev, f.WrapSteps))
	}
	return Zigzag(int32(v) - int32(prev))
}

// appendNum appends one absolute value.
func (f *Field) appendNum(s *Streams, v int64) {
	switch f.Kind {
	case Int64, Uint64:
		s.Wide = AppendUvarint(s.Wide, protowire.EncodeZigZag(v))
	case Float:
		s.Floats = binary.LittleEndian.AppendUint32(s.Floats, uint32(v))
	case Double:
		s.Doubles = binary.LittleEndian.AppendUint64(s.Doubles, uint64(v))
	default:
		if f.Signed() {
			s.Rows = AppendUvarint(s.Rows, uint64(Zigzag(int32(v))))
		} else {
			s.Rows = AppendUvarint(s.Rows, uint64(uint32(v)))
		}
	}
}

// appendBlob appends a string, a byte string or a repeated field: its count in
// rows, then its values where values of its kind go.
func (f *Field) appendBlob(s *Streams, cell []byte) {
	switch {
	case !f.Repeated:
		f.appendItem(s, cell)
	case f.Kind == String || f.Kind == Bytes:
		n := 0
		for rest := cell; len(rest) > 0; n++ {
			_, rest = NextItem(rest)
		}
		s.Rows = AppendUvarint(s.Rows, uint64(n))
		for rest := cell; len(rest) > 0; {
			var item []byte
			item, rest = NextItem(rest)
			f.appendItem(s, item)
		}
	default:
		n := NumLen(cell)
		s.Rows = AppendUvarint(s.Rows, uint64(n))
		for i := range n {
			f.appendNum(s, NumAt(cell, i))
		}
	}
}

func (f *Field) appendItem(s *Streams, item []byte) {
	if f.Kind == String {
		s.Strings = append(AppendUvarint(append(s.Strings, TagStrings), uint64(len(item))), item...)
	} else {
		s.Blobs = append(AppendUvarint(append(s.Blobs, TagBlobs), uint64(len(item))), item...)
	}
}

// NonZero returns the mask of the fields that are not at their zero value, which
// is what a whole row brings.
func (c *Component) NonZero(cells Cells) uint64 {
	var m uint64
	for i := range c.Fields {
		f := &c.Fields[i]
		if f.InBlob() {
			if len(cells.Blobs[f.Cell]) > 0 {
				m |= 1 << (f.Number - 1)
			}
		} else if cells.Nums[f.Cell] != 0 {
			m |= 1 << (f.Number - 1)
		}
	}
	return m
}
