package schema

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrTable is wrapped by every error about a table that can't be read.
var ErrTable = errors.New("schema: malformed table")

// Reader takes rows out of an encoded Table. The zero value is ready; one Reader
// is used for table after table and allocates nothing once it has grown.
type Reader struct {
	Component uint32 // the component's id
	Mask      uint64 // the fields of each row of rows

	rows, mixed, wide, floats, doubles, removed []byte
	strings, blobs                              [][]byte
	nextString, nextBlob                        int
	inMixed                                     bool   // the last row came from mixed
	joined                                      uint16 // fields, by bit, whose parts join has copied
}

// Reset takes apart an encoded Table, which must stay unchanged while the rows
// are read.
func (r *Reader) Reset(table []byte) error {
	*r = Reader{strings: r.strings[:0], blobs: r.blobs[:0]}
	for len(table) > 0 {
		num, typ, n := protowire.ConsumeTag(table)
		if n < 0 {
			return fmt.Errorf("%w: %w", ErrTable, protowire.ParseError(n))
		}
		if num > protowire.MaxValidNumber {
			return fmt.Errorf("%w: field number %d is too high", ErrTable, num)
		}
		table = table[n:]
		switch typ {
		case protowire.VarintType:
			v, n := protowire.ConsumeVarint(table)
			if n < 0 {
				return fmt.Errorf("%w: %w", ErrTable, protowire.ParseError(n))
			}
			table = table[n:]
			switch num {
			case 1:
				r.Component = uint32(v)
			case 2:
				r.Mask = r.Mask&^0xffffffff | uint64(uint32(v))
			case 3:
				r.Mask = r.Mask&0xffffffff | v<<32
			case 4, 5, 6, 11:
				return fmt.Errorf("%w: field %d is not packed", ErrTable, num)
			}
		case protowire.BytesType:
			p, n := protowire.ConsumeBytes(table)
			if n < 0 {
				return fmt.Errorf("%w: %w", ErrTable, protowire.ParseError(n))
			}
			table = table[n:]
			if err := r.take(num, p); err != nil {
				return err
			}
		default:
			if num == 7 || num == 8 {
				return fmt.Errorf("%w: field %d is not packed", ErrTable, num)
			}
			n := protowire.ConsumeFieldValue(num, typ, table)
			if n < 0 {
				return fmt.Errorf("%w: %w", ErrTable, protowire.ParseError(n))
			}
			table = table[n:]
		}
	}
	return nil
}

// take takes in a field of bytes.
func (r *Reader) take(num protowire.Number, p []byte) error {
	switch num {
	case 4:
		r.rows = r.join(num, r.rows, p)
	case 5:
		r.mixed = r.join(num, r.mixed, p)
	case 6:
		r.wide = r.join(num, r.wide, p)
	case 7:
		r.floats = r.join(num, r.floats, p)
	case 8:
		r.doubles = r.join(num, r.doubles, p)
	case 9:
		if !utf8.Valid(p) {
			return fmt.Errorf("%w: a string is not UTF-8", ErrTable)
		}
		r.strings = append(r.strings, p)
	case 10:
		r.blobs = append(r.blobs, p)
	case 11:
		r.removed = r.join(num, r.removed, p)
	}
	return nil
}

// join returns the second of two parts of a packed field, or both together: a
// sender may split one. The first join of a field copies; the further ones
// append, lest a field in a thousand parts be copied a thousand times.
func (r *Reader) join(field protowire.Number, a, b []byte) []byte {
	if len(a) == 0 {
		return b
	}
	if r.joined&(1<<field) == 0 {
		r.joined |= 1 << field
		a = append(make([]byte, 0, 2*(len(a)+len(b))), a...)
	}
	return append(a, b...)
}

// NextRemoved returns the next entity whose row is gone.
func (r *Reader) NextRemoved() (entity uint32, ok bool, err error) {
	if len(r.removed) == 0 {
		return 0, false, nil
	}
	entity, err = take(&r.removed)
	return entity, err == nil, err
}

// Next returns the entity and the mask of the next row, whose fields must then be
// read with ReadFields.
func (r *Reader) Next() (entity uint32, mask uint64, ok bool, err error) {
	switch {
	case len(r.rows) > 0:
		entity, err = take(&r.rows)
		return entity, r.Mask, err == nil, err
	case len(r.mixed) > 0:
		r.inMixed = true
		m, err := take(&r.mixed)
		if err != nil {
			return 0, 0, false, err
		}
		entity, err = take(&r.mixed)
		return entity, uint64(m), err == nil, err
	}
	return 0, 0, false, r.atEnd()
}

func (r *Reader) atEnd() error {
	if len(r.wide)+len(r.floats)+len(r.doubles)+len(r.strings)-r.nextString+len(r.blobs)-r.nextBlob > 0 {
		return fmt.Errorf("%w: component %d: values are left over", ErrTable, r.Component)
	}
	return nil
}

// ReadFields reads the values of one row into cells: absolute ones, or, if delta
// is set, differences from the numbers that the cells hold.
func (r *Reader) ReadFields(c *Component, mask uint64, cells Cells, delta bool) error {
	src := &r.rows
	if r.inMixed {
		src = &r.mixed
	}
	if mask&^c.Mask != 0 {
		return fmt.Errorf("%w: component %s: mask %#x has unknown fields", ErrTable, c.Name, mask&^c.Mask)
	}
	for m := mask; m != 0; m &= m - 1 {
		f := &c.Fields[c.byNumber[bits.TrailingZeros64(m)+1]-1]
		if f.InBlob() {
			cell, err := r.readBlob(f, src, cells.Blobs[f.Cell][:0])
			if err != nil {
				return err
			}
			cells.Blobs[f.Cell] = cell
			continue
		}
		if !delta {
			v, err := r.readNum(f, src)
			if err != nil {
				return err
			}
			cells.Nums[f.Cell] = v
			continue
		}
		p := &cells.Nums[f.Cell]
		switch f.Kind {
		case Bool, Float, Double:
			v, err := r.readNum(f, src)
			if err != nil {
				return err
			}
			*p = v
		case Int64, Uint64:
			v, err := r.readNum(f, src)
			if err != nil {
				return err
			}
			*p += v
		default:
			u, err := take(src)
			if err != nil {
				return err
			}
			f.addDiff(p, Unzigzag(u))
		}
	}
	return nil
}

// addDiff applies a difference to a 32-bit field.
func (f *Field) addDiff(p *int64, d int32) {
	if f.WrapSteps != 0 {
		n := int64(f.WrapSteps)
		v := (*p + int64(d)) % n
		if v < 0 {
			v += n
		}
		*p = v
		return
	}
	*p = f.widen(uint32(int32(*p) + d))
}

// widen returns a 32-bit value as its cell holds it.
func (f *Field) widen(u uint32) int64 {
	if f.Kind == Uint || !f.Signed() {
		return int64(u)
	}
	return int64(int32(u))
}

func (r *Reader) readNum(f *Field, src *[]byte) (int64, error) {
	switch f.Kind {
	case Int64, Uint64:
		v, n := protowire.ConsumeVarint(r.wide)
		if n < 0 {
			return 0, fmt.Errorf("%w: field %s: too few wide values", ErrTable, f.Name)
		}
		r.wide = r.wide[n:]
		return protowire.DecodeZigZag(v), nil
	case Float:
		if len(r.floats) < 4 {
			return 0, fmt.Errorf("%w: field %s: too few floats", ErrTable, f.Name)
		}
		v := binary.LittleEndian.Uint32(r.floats)
		r.floats = r.floats[4:]
		return int64(v), nil
	case Double:
		if len(r.doubles) < 8 {
			return 0, fmt.Errorf("%w: field %s: too few doubles", ErrTable, f.Name)
		}
		v := binary.LittleEndian.Uint64(r.doubles)
		r.doubles = r.doubles[8:]
		return int64(v), nil
	}
	u, err := take(src)
	if err != nil {
		return 0, err
	}
	if f.Signed() {
		return int64(Unzigzag(u)), nil
	}
	return int64(u), nil
}

func (r *Reader) readBlob(f *Field, src *[]byte, cell []byte) ([]byte, error) {
	if !f.Repeated {
		item, err := r.readItem(f)
		return append(cell, item...), err
	}
	n, err := take(src)
	if err != nil {
		return cell, err
	}
	for range n {
		if f.Kind == String || f.Kind == Bytes {
			item, err := r.readItem(f)
			if err != nil {
				return cell, err
			}
			cell = AppendItem(cell, item)
			continue
		}
		v, err := r.readNum(f, src)
		if err != nil {
			return cell, err
		}
		cell = AppendNum(cell, v)
	}
	return cell, nil
}

func (r *Reader) readItem(f *Field) ([]byte, error) {
	list, next := r.strings, &r.nextString
	if f.Kind == Bytes {
		list, next = r.blobs, &r.nextBlob
	}
	if *next >= len(list) {
		return nil, fmt.Errorf("%w: field %s: too few strings or blobs", ErrTable, f.Name)
	}
	*next++
	return list[*next-1], nil
}

// take splits a varint of at most 32 bits off b.
func take(b *[]byte) (uint32, error) {
	p := *b
	if len(p) > 0 && p[0] < 0x80 {
		*b = p[1:]
		return uint32(p[0]), nil
	}
	v, n := protowire.ConsumeVarint(p)
	if n < 0 || v > 0xffffffff {
		return 0, fmt.Errorf("%w: a number is missing or longer than 32 bits", ErrTable)
	}
	*b = p[n:]
	return uint32(v), nil
}
