package vectors

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// naive is a client as one writes it from docs/protocol.md with a stock protobuf
// runtime: no code of ours but the generated messages.
type naive struct {
	schema *tickroomv1.Schema
	tick   uint32
	rows   map[rowKey]row

	pieces []byte // of a frame in parts
	left   uint32 // bytes of it that have yet to come
}

type rowKey struct{ component, entity uint32 }

// row holds values by field number; those at zero may be missing. Numbers are
// int64, uint64 for KIND_UINT64, the bits for floats; text is string, bytes
// []byte, a repeated field []any.
type row map[uint32]any

func newNaive(s *tickroomv1.Schema) *naive {
	return &naive{schema: s, rows: map[rowKey]row{}}
}

func (c *naive) clone() *naive {
	d := newNaive(c.schema)
	d.tick, d.pieces, d.left = c.tick, slices.Clone(c.pieces), c.left
	for k, r := range c.rows {
		d.rows[k] = maps.Clone(r)
	}
	return d
}

func (c *naive) component(id uint32) *tickroomv1.Component {
	for _, x := range c.schema.GetComponents() {
		if x.GetId() == id {
			return x
		}
	}
	return nil
}

// whole puts parts together. It returns the frame that a message is, or that it is the last
// part of, or one that holds nothing if there is more to come.
func (c *naive) whole(f *tickroomv1.ServerFrame) (*tickroomv1.ServerFrame, error) {
	p := f.GetPart()
	if p == nil {
		if c.left > 0 {
			return nil, errors.New("another message between the parts of one")
		}
		return f, nil
	}
	n := uint64(len(p.GetData())) + uint64(p.GetLeft())
	if len(p.GetData()) == 0 || c.left == 0 && n > 16<<20 || c.left > 0 && n != uint64(c.left) {
		return nil, errors.New("a part out of place, or too long")
	}
	if c.left == 0 {
		c.pieces = nil
	}
	c.pieces, c.left = append(c.pieces, p.GetData()...), p.GetLeft()
	f = new(tickroomv1.ServerFrame)
	if c.left > 0 {
		return f, nil
	}
	if err := proto.Unmarshal(c.pieces, f); err != nil {
		return nil, err
	}
	if f.GetPart() != nil {
		return nil, errors.New("a part within parts")
	}
	return f, nil
}

func (c *naive) apply(f *tickroomv1.ServerFrame) error {
	if f.GetTick() == 0 {
		return nil
	}
	if f.GetFull() {
		clear(c.rows)
	} else if base := f.GetTick() - 1 - f.GetSkip(); base != c.tick {
		return fmt.Errorf("builds on tick %d, I am at %d", base, c.tick)
	}
	for _, e := range f.GetRemoved() {
		for _, x := range c.schema.GetComponents() {
			delete(c.rows, rowKey{x.GetId(), e})
		}
	}
	for _, t := range f.GetSet() {
		for _, e := range t.GetRemoved() {
			delete(c.rows, rowKey{t.GetComponent(), e})
		}
	}
	for _, t := range f.GetSet() {
		if err := c.table(t, false); err != nil {
			return err
		}
	}
	for _, t := range f.GetDelta() {
		if err := c.table(t, true); err != nil {
			return err
		}
	}
	c.tick = f.GetTick()
	return nil
}

var errShort = errors.New("too few values")

// take returns the next value of a list.
func take[T any](list *[]T) T {
	if len(*list) == 0 {
		panic(errShort)
	}
	v := (*list)[0]
	*list = (*list)[1:]
	return v
}

func (c *naive) table(t *tickroomv1.Table, delta bool) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if p != any(errShort) {
				panic(p)
			}
			err = errShort
		}
	}()
	comp := c.component(t.GetComponent())
	if comp == nil {
		return fmt.Errorf("component %d is unknown", t.GetComponent())
	}
	s := &streams{wide: t.GetWide(), floats: t.GetFloats(), doubles: t.GetDoubles(), strings: t.GetStrings(), blobs: t.GetBlobs()}
	rows, mixed := t.GetRows(), t.GetMixed()
	mask := uint64(t.GetMaskHigh())<<32 | uint64(t.GetMask())
	for len(rows) > 0 {
		e := take(&rows)
		s.rows = &rows
		if err := c.row(comp, e, mask, s, delta); err != nil {
			return err
		}
	}
	for len(mixed) > 0 {
		m := take(&mixed)
		e := take(&mixed)
		s.rows = &mixed
		if err := c.row(comp, e, uint64(m), s, delta); err != nil {
			return err
		}
	}
	if len(s.wide)+len(s.floats)+len(s.doubles)+len(s.strings)+len(s.blobs) > 0 {
		return errors.New("values are left over")
	}
	return nil
}

type streams struct {
	rows    *[]uint32
	wide    []int64
	floats  []float32
	doubles []float64
	strings []string
	blobs   [][]byte
}

func (c *naive) row(comp *tickroomv1.Component, e uint32, mask uint64, s *streams, delta bool) error {
	key := rowKey{comp.GetId(), e}
	r := c.rows[key]
	if r == nil {
		if delta {
			return fmt.Errorf("no row of component %d for entity %d", comp.GetId(), e)
		}
		r = row{}
		c.rows[key] = r
	}
	for _, f := range comp.GetFields() {
		bit := uint64(1) << (f.GetNumber() - 1)
		if mask&bit == 0 {
			continue
		}
		mask &^= bit
		if !f.GetRepeated() {
			r[f.GetNumber()] = s.value(f, r[f.GetNumber()], delta)
			continue
		}
		list := []any{}
		for range take(s.rows) {
			list = append(list, s.value(f, nil, false))
		}
		r[f.GetNumber()] = list
	}
	if mask != 0 {
		return fmt.Errorf("unknown fields %x", mask)
	}
	return nil
}

func unzigzag(u uint32) int32 { return int32(u>>1) ^ -int32(u&1) }

func (s *streams) value(f *tickroomv1.ComponentField, old any, delta bool) any {
	switch f.GetKind() {
	case tickroomv1.Kind_KIND_INT64:
		v := take(&s.wide)
		if o, ok := old.(int64); ok && delta {
			v += o
		}
		return v
	case tickroomv1.Kind_KIND_UINT64:
		v := uint64(take(&s.wide))
		if o, ok := old.(uint64); ok && delta {
			v += o
		}
		return v
	case tickroomv1.Kind_KIND_FLOAT:
		return int64(math.Float32bits(take(&s.floats)))
	case tickroomv1.Kind_KIND_DOUBLE:
		return math.Float64bits(take(&s.doubles))
	case tickroomv1.Kind_KIND_STRING:
		return take(&s.strings)
	case tickroomv1.Kind_KIND_BYTES:
		return take(&s.blobs)
	case tickroomv1.Kind_KIND_BOOL:
		return int64(take(s.rows))
	}
	u := take(s.rows)
	signed := f.GetKind() == tickroomv1.Kind_KIND_INT || f.GetKind() == tickroomv1.Kind_KIND_ENUM ||
		f.GetKind() == tickroomv1.Kind_KIND_QUANTISED && f.GetWrapSteps() == 0 && f.GetMax() <= f.GetMin()
	if !delta {
		if signed {
			return int64(unzigzag(u))
		}
		return int64(u)
	}
	o, _ := old.(int64)
	v := o + int64(unzigzag(u))
	switch {
	case f.GetWrapSteps() != 0:
		n := int64(f.GetWrapSteps())
		return (v%n + n) % n
	case signed:
		return int64(int32(v))
	}
	return int64(uint32(v))
}

// murmur is MurmurHash3_x86_32 over words, as docs/protocol.md writes it down.
func murmur(seed uint32, words []uint32) uint32 {
	rot := func(v uint32, n int) uint32 { return v<<n | v>>(32-n) }
	h := seed
	for _, w := range words {
		h ^= rot(w*0xcc9e2d51, 15) * 0x1b873593
		h = rot(h, 13)*5 + 0xe6546b64
	}
	h ^= uint32(4 * len(words))
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	return h ^ h>>16
}

func textWords(s string) []uint32 {
	w := []uint32{uint32(len(s))}
	for i := 0; i < len(s); i += 4 {
		var word uint32
		for k := i; k < min(i+4, len(s)); k++ {
			word |= uint32(s[k]) << (8 * (k - i))
		}
		w = append(w, word)
	}
	return w
}

func valueWords(f *tickroomv1.ComponentField, v any) []uint32 {
	switch v := v.(type) {
	case string:
		return textWords(v)
	case []byte:
		return textWords(string(v))
	case uint64:
		return []uint32{uint32(v), uint32(v >> 32)}
	case int64:
		if f.GetKind() == tickroomv1.Kind_KIND_INT64 {
			return []uint32{uint32(v), uint32(uint64(v) >> 32)}
		}
		return []uint32{uint32(v)}
	}
	panic(fmt.Sprintf("a value of type %T", v))
}

func zero(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []byte:
		return len(v) == 0
	case uint64:
		return v == 0
	case int64:
		return v == 0
	case []any:
		return len(v) == 0
	}
	panic(fmt.Sprintf("a value of type %T", v))
}

func (c *naive) rowHash(k rowKey) (a, b uint32) {
	words := []uint32{k.component, k.entity}
	for _, f := range c.component(k.component).GetFields() {
		v := c.rows[k][f.GetNumber()]
		if zero(v) {
			continue
		}
		words = append(words, f.GetNumber())
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, x := range list {
			words = append(words, valueWords(f, x)...)
		}
	}
	return murmur(0x9747b28c, words), murmur(0x1b873593, words)
}

func (c *naive) hash() uint64 {
	var low, high uint32
	for k := range c.rows {
		a, b := c.rowHash(k)
		low, high = low+a, high+b
	}
	return uint64(high)<<32 | uint64(low)
}

// lines says what the client holds, as the file does.
func (c *naive) lines() []string {
	out := []string{fmt.Sprintf("tick: %d", c.tick), fmt.Sprintf("state_hash: %016x", c.hash())}
	keys := slices.SortedFunc(maps.Keys(c.rows), func(a, b rowKey) int {
		if a.component != b.component {
			return int(a.component) - int(b.component)
		}
		return int(a.entity) - int(b.entity)
	})
	for _, k := range keys {
		a, b := c.rowHash(k)
		comp := c.component(k.component)
		cells, shown := []string{}, []string{}
		for _, f := range comp.GetFields() {
			v := c.rows[k][f.GetNumber()]
			if zero(v) {
				continue
			}
			cells = append(cells, fmt.Sprintf("%q: %s", f.GetName(), jsonValue(f, v)))
			if q, ok := v.(int64); ok && f.GetKind() == tickroomv1.Kind_KIND_QUANTISED {
				shown = append(shown, fmt.Sprintf("%q: %s", f.GetName(), strconv.FormatFloat(f.GetMin()+float64(float64(q)*f.GetStep()), 'g', -1, 64)))
			}
		}
		out = append(out, fmt.Sprintf("row: %s %d %08x%08x {%s}", comp.GetName(), k.entity, b, a, strings.Join(cells, ", ")))
		if len(shown) > 0 {
			out = append(out, fmt.Sprintf("quantised: %s %d {%s}", comp.GetName(), k.entity, strings.Join(shown, ", ")))
		}
	}
	return out
}

// jsonValue returns a value as JSON: what has 64 bits as a decimal string, floats
// as their bits in hex, bytes in hex.
func jsonValue(f *tickroomv1.ComponentField, v any) string {
	switch v := v.(type) {
	case []any:
		var list []string
		for _, x := range v {
			list = append(list, jsonValue(f, x))
		}
		return "[" + strings.Join(list, ", ") + "]"
	case string:
		b, _ := json.Marshal(v) // a string can't fail
		return string(b)
	case []byte:
		return strconv.Quote(hex.EncodeToString(v))
	case uint64:
		if f.GetKind() == tickroomv1.Kind_KIND_DOUBLE {
			return fmt.Sprintf("\"%016x\"", v)
		}
		return fmt.Sprintf("\"%d\"", v)
	case int64:
		switch f.GetKind() {
		case tickroomv1.Kind_KIND_INT64:
			return fmt.Sprintf("\"%d\"", v)
		case tickroomv1.Kind_KIND_FLOAT:
			return fmt.Sprintf("\"%08x\"", uint32(v))
		}
		return strconv.FormatInt(v, 10)
	}
	panic(fmt.Sprintf("a value of type %T", v))
}
