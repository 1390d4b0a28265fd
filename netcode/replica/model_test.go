package replica

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// unitComponent is as a plain component of a game would be.
var unitComponent = schema.NewComponent(1, "Unit",
	schema.Field{Number: 1, Name: "x", Kind: schema.Quantised, Step: 0.125},
	schema.Field{Number: 2, Name: "y", Kind: schema.Quantised, Step: 0.125},
	schema.Field{Number: 3, Name: "heading", Kind: schema.Quantised, Step: 1, WrapSteps: 256},
	schema.Field{Number: 4, Name: "health", Kind: schema.Uint},
	schema.Field{Number: 5, Name: "last_input", Kind: schema.Uint},
)

// manyComponent has a field of each kind, single and repeated, and numbers above
// 32.
var manyComponent = func() *schema.Component {
	var fields []schema.Field
	for k := schema.Uint; k <= schema.Bytes; k++ {
		for i, rep := range []bool{false, true} {
			f := schema.Field{Number: 3*int(k) + 30*i, Name: fmt.Sprintf("f%d%t", k, rep), Kind: k, Repeated: rep}
			if k == schema.Quantised {
				f.Step = 0.5
			}
			fields = append(fields, f)
		}
	}
	byNumber := map[int]schema.Field{}
	for _, f := range fields {
		for byNumber[f.Number].Number != 0 {
			f.Number++
		}
		byNumber[f.Number] = f
	}
	fields = fields[:0]
	for n := 1; n <= 64; n++ {
		if f, ok := byNumber[n]; ok {
			fields = append(fields, f)
		}
	}
	return schema.NewComponent(70, "Many", fields...)
}()

var testSchema = &schema.Schema{Package: "test", Components: []*schema.Component{unitComponent, manyComponent}}

// unit is what the generator would make of unitComponent, with fewer fields.
type unit struct {
	X      float64
	Health uint32
}

var ownUnit = schema.NewComponent(1, "Unit",
	schema.Field{Number: 1, Name: "x", Kind: schema.Quantised, Step: 0.125},
	schema.Field{Number: 4, Name: "health", Kind: schema.Uint},
)

func (u *unit) ComponentInfo() *schema.Component { return ownUnit }
func (u *unit) AppendProto(b []byte) []byte      { return b }
func (u *unit) UnmarshalProto([]byte) error      { return nil }
func (u *unit) SameAs(o *unit) bool              { return *u == *o }
func (u *unit) StoreCells(schema.Cells)          {}
func (u *unit) LoadCells(c schema.Cells) {
	u.X, u.Health = schema.Dequantise(c.Nums[0], 0.125, 0), uint32(c.Nums[1])
}

type key struct{ component, entity uint32 }

// naive is a replica written the obvious way over the standard protobuf runtime:
// what is compared with.
type naive struct {
	tick uint32
	rows map[key]map[int]any // by field number; zero values are left out
}

func newNaive() *naive { return &naive{rows: map[key]map[int]any{}} }

func (n *naive) apply(f *tickroomv1.ServerFrame) error {
	if f.Tick == 0 {
		return nil
	}
	if f.Full {
		n.rows = map[key]map[int]any{}
	} else if f.Skip >= f.Tick || f.Tick-1-f.Skip != n.tick {
		return fmt.Errorf("gap")
	}
	for _, e := range f.Removed {
		for k := range n.rows {
			if k.entity == e {
				delete(n.rows, k)
			}
		}
	}
	for _, t := range f.Set {
		if testSchema.Component(t.Component) == nil {
			return fmt.Errorf("component %d", t.Component)
		}
		for _, e := range t.Removed {
			delete(n.rows, key{t.Component, e})
		}
	}
	for _, t := range f.Set {
		if err := n.table(t, false); err != nil {
			return err
		}
	}
	for _, t := range f.Delta {
		if err := n.table(t, true); err != nil {
			return err
		}
	}
	n.tick = f.Tick
	return nil
}

// tableReader takes the values of a table off its lists, one after another.
type tableReader struct {
	*tickroomv1.Table
	c     *schema.Component
	delta bool
	short bool // a list had no more
}

// pop takes the first value off a list.
func pop[T any](t *tableReader, list *[]T) (v T) {
	if len(*list) == 0 {
		t.short = true
		return v
	}
	v = (*list)[0]
	*list = (*list)[1:]
	return v
}

// value takes a value of a field: off rows, which is where small numbers are, or off the
// list of its kind. old is what a difference is from.
func (t *tableReader) value(f *schema.Field, rows *[]uint32, old any, delta bool) any {
	was, _ := old.(int64)
	switch f.Kind {
	case schema.String:
		return pop(t, &t.Strings)
	case schema.Bytes:
		return string(pop(t, &t.Blobs))
	case schema.Float:
		return int64(math.Float32bits(pop(t, &t.Floats)))
	case schema.Double:
		return int64(math.Float64bits(pop(t, &t.Doubles)))
	case schema.Int64, schema.Uint64:
		v := pop(t, &t.Wide)
		if delta {
			v += was
		}
		return v
	}
	u := pop(t, rows)
	if f.Kind == schema.Bool || !delta && !f.Signed() {
		return int64(u)
	}
	d := int32(protowire.DecodeZigZag(uint64(u)))
	switch {
	case !delta:
		return int64(d)
	case f.WrapSteps != 0:
		m := int64(f.WrapSteps)
		return ((was+int64(d))%m + m) % m
	case f.Signed():
		return int64(int32(was) + d)
	}
	return int64(uint32(was) + uint32(d))
}

// list takes a repeated field; nil if it is empty.
func (t *tableReader) list(f *schema.Field, rows *[]uint32) any {
	items := []any{}
	for range pop(t, rows) {
		items = append(items, t.value(f, rows, nil, false))
		if t.short {
			break
		}
	}
	if len(items) == 0 {
		return nil
	}
	return items
}

// row takes the row of an entity.
func (n *naive) row(t *tableReader, rows *[]uint32, mask uint64, e uint32) error {
	k := key{t.Component, e}
	r := n.rows[k]
	if r == nil {
		if t.delta {
			return fmt.Errorf("unknown row")
		}
		r = map[int]any{}
		n.rows[k] = r
	}
	if mask&^t.c.Mask != 0 {
		return fmt.Errorf("unknown fields")
	}
	for m := mask; m != 0; m &= m - 1 {
		f := t.c.Field(bits.TrailingZeros64(m) + 1)
		var v any
		if f.Repeated {
			v = t.list(f, rows)
		} else {
			v = t.value(f, rows, r[f.Number], t.delta)
		}
		if v == nil || v == int64(0) || v == "" {
			delete(r, f.Number)
		} else {
			r[f.Number] = v
		}
		if t.short {
			return fmt.Errorf("too short")
		}
	}
	return nil
}

func (n *naive) table(in *tickroomv1.Table, delta bool) error {
	t := &tableReader{Table: in, c: testSchema.Component(in.Component), delta: delta}
	if t.c == nil {
		return fmt.Errorf("component %d", t.Component)
	}
	for len(t.Rows) > 0 {
		if err := n.row(t, &t.Rows, uint64(t.Mask)|uint64(t.MaskHigh)<<32, pop(t, &t.Rows)); err != nil {
			return err
		}
	}
	for len(t.Mixed) > 0 {
		mask := pop(t, &t.Mixed)
		e := pop(t, &t.Mixed)
		if t.short {
			return fmt.Errorf("too short")
		}
		if err := n.row(t, &t.Mixed, uint64(mask), e); err != nil {
			return err
		}
	}
	if len(t.Wide)+len(t.Floats)+len(t.Doubles)+len(t.Strings)+len(t.Blobs) > 0 {
		return fmt.Errorf("left over")
	}
	return nil
}

// content returns a replica's rows as naive has them.
func content(r *Replica) map[key]map[int]any {
	out := map[key]map[int]any{}
	for _, t := range r.tables {
		for e, c := range t.All() {
			out[key{t.comp.ID, e}] = values(t.comp, c)
		}
	}
	return out
}

func values(c *schema.Component, cells schema.Cells) map[int]any {
	row := map[int]any{}
	for i := range c.Fields {
		f := &c.Fields[i]
		if !f.InBlob() {
			if v := cells.Nums[f.Cell]; v != 0 {
				row[f.Number] = v
			}
			continue
		}
		cell := cells.Blobs[f.Cell]
		switch {
		case len(cell) == 0:
		case !f.Repeated:
			row[f.Number] = string(cell)
		case f.Kind == schema.String || f.Kind == schema.Bytes:
			var items []any
			for len(cell) > 0 {
				var it []byte
				it, cell = schema.NextItem(cell)
				items = append(items, string(it))
			}
			row[f.Number] = items
		default:
			var items []any
			for i := range schema.NumLen(cell) {
				items = append(items, schema.NumAt(cell, i))
			}
			row[f.Number] = items
		}
	}
	return row
}

// truth is a world made up by a test, and the frames that tell of it.
type truth struct {
	tick uint32
	rows map[key]schema.Cells
}

func component(id uint32) *schema.Component { return testSchema.Component(id) }

func drawCells(t *rapid.T, c *schema.Component, cells schema.Cells, mask uint64) {
	for m := mask; m != 0; m &= m - 1 {
		f := c.Field(bits.TrailingZeros64(m) + 1)
		num := func() int64 {
			switch f.Kind {
			case schema.Bool:
				return int64(rapid.IntRange(0, 1).Draw(t, "bool"))
			case schema.Int64, schema.Uint64:
				return rapid.Int64().Draw(t, "wide")
			case schema.Float:
				return schema.FloatCell(rapid.Float32().Draw(t, "float"))
			case schema.Double:
				return schema.DoubleCell(rapid.Float64().Draw(t, "double"))
			}
			switch {
			case f.WrapSteps != 0:
				return rapid.Int64Range(0, int64(f.WrapSteps)-1).Draw(t, "angle")
			case f.Signed():
				return int64(rapid.Int32().Draw(t, "signed"))
			}
			return int64(rapid.Uint32().Draw(t, "unsigned"))
		}
		str := func() string { return rapid.StringN(0, 5, -1).Draw(t, "string") }
		if !f.InBlob() {
			cells.Nums[f.Cell] = num()
			continue
		}
		var cell []byte
		n := 1
		if f.Repeated {
			n = rapid.IntRange(0, 3).Draw(t, "count")
		}
		for range n {
			switch {
			case !f.Repeated:
				cell = append(cell, str()...)
			case f.Kind == schema.String || f.Kind == schema.Bytes:
				cell = schema.AppendItem(cell, str())
			default:
				cell = schema.AppendNum(cell, num())
			}
		}
		cells.Blobs[f.Cell] = cell
	}
}

// appendRow adds a row to a table.
func appendRow(t *tickroomv1.Table, c *schema.Component, e uint32, mask uint64, cells schema.Cells, prev []int64, mixed bool) {
	var s schema.Streams
	c.AppendFields(&s, mask, cells, prev)
	list := &t.Rows
	if mixed {
		list = &t.Mixed
		*list = append(*list, uint32(mask))
	} else {
		t.Mask, t.MaskHigh = uint32(mask), uint32(mask>>32)
	}
	*list = append(*list, e)
	for b := s.Rows; len(b) > 0; {
		v, n := binary.Uvarint(b)
		*list = append(*list, uint32(v))
		b = b[n:]
	}
	for b := s.Wide; len(b) > 0; {
		v, n := binary.Uvarint(b)
		t.Wide = append(t.Wide, protowire.DecodeZigZag(v))
		b = b[n:]
	}
	for b := s.Floats; len(b) > 0; b = b[4:] {
		t.Floats = append(t.Floats, math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	for b := s.Doubles; len(b) > 0; b = b[8:] {
		t.Doubles = append(t.Doubles, math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}
	for b := s.Strings; len(b) > 0; {
		v, n := protowire.ConsumeBytes(b[1:])
		t.Strings = append(t.Strings, string(v))
		b = b[1+n:]
	}
	for b := s.Blobs; len(b) > 0; {
		v, n := protowire.ConsumeBytes(b[1:])
		t.Blobs = append(t.Blobs, v)
		b = b[1+n:]
	}
}

// step changes the world at random and gives the frame that says so.
func (w *truth) step(t *rapid.T) *tickroomv1.ServerFrame {
	f := &tickroomv1.ServerFrame{InputAck: rapid.Uint32().Draw(t, "input ack")}
	base := w.tick
	if f.Skip = uint32(rapid.IntRange(0, 2).Draw(t, "skip")); rapid.IntRange(0, 9).Draw(t, "full") == 0 {
		f.Full = true
		w.rows = map[key]schema.Cells{}
	}
	f.Tick = base + 1 + f.Skip
	w.tick = f.Tick
	entity := rapid.SampledFrom([]uint32{0, 1, 2, 3, 17, 300, math.MaxUint32})
	for range rapid.IntRange(0, 2).Draw(t, "entities removed") {
		e := entity.Draw(t, "removed")
		f.Removed = append(f.Removed, e)
		for _, c := range testSchema.Components {
			delete(w.rows, key{c.ID, e})
		}
	}
	for _, c := range testSchema.Components {
		if rapid.IntRange(0, 4).Draw(t, "rows removed") == 0 {
			e := entity.Draw(t, "row removed")
			delete(w.rows, key{c.ID, e})
			f.Set = append(f.Set, &tickroomv1.Table{Component: c.ID, Removed: []uint32{e}})
		}
	}
	done := map[key]bool{}
	for range rapid.IntRange(0, 8).Draw(t, "rows") {
		c := rapid.SampledFrom(testSchema.Components).Draw(t, "component")
		k := key{c.ID, entity.Draw(t, "entity")}
		if done[k] {
			continue
		}
		done[k] = true
		cells, there := w.rows[k]
		next := c.NewCells()
		copy(next.Nums, cells.Nums)
		copy(next.Blobs, cells.Blobs)
		mask := rapid.Uint64().Draw(t, "mask") & c.Mask
		drawCells(t, c, next, mask)
		delta := there && rapid.Bool().Draw(t, "delta")
		if !there {
			mask = c.NonZero(next)
		}
		w.rows[k] = next
		mixed := mask>>32 == 0 && rapid.Bool().Draw(t, "mixed")
		list, prev := &f.Set, []int64(nil)
		if delta {
			list, prev = &f.Delta, cells.Nums
			if prev == nil {
				prev = []int64{}
			}
		}
		var table *tickroomv1.Table
		if n := len(*list); n > 0 && rapid.Bool().Draw(t, "same table") {
			last := (*list)[n-1]
			// Values of rows come before those of mixed, and all of rows share a mask.
			if last.Component == c.ID && (mixed || len(last.Mixed) == 0 &&
				(len(last.Rows) == 0 || uint64(last.Mask)|uint64(last.MaskHigh)<<32 == mask)) {
				table = last
			}
		}
		if table == nil {
			table = &tickroomv1.Table{Component: c.ID}
			*list = append(*list, table)
		}
		appendRow(table, c, k.entity, mask, next, prev, mixed)
	}
	for range rapid.IntRange(0, 2).Draw(t, "events") {
		f.Events = append(f.Events, &tickroomv1.EventData{Event: rapid.Uint32().Draw(t, "event"), Data: []byte("x"), Age: 1})
	}
	if rapid.Bool().Draw(t, "rest") {
		f.Hash = proto.Uint64(rapid.Uint64().Draw(t, "hash"))
		f.Welcome = &tickroomv1.Welcome{Session: "s", Schema: testSchema.Proto()}
		f.Replies = append(f.Replies, &tickroomv1.Reply{Id: 7, Code: 3, Error: "no", Data: []byte{1}})
		f.Pongs = append(f.Pongs, &tickroomv1.Pong{ClientTimeUs: 1 << 40, ServerTimeUs: 1 << 50, Tick: 9})
		f.Auth = &tickroomv1.Auth{ExpiresUs: 1 << 50, Error: "no", Renew: true}
		f.EntityHashes = append(f.EntityHashes, &tickroomv1.EntityHash{Entity: 4, Group: 2, Hash: 1 << 63})
	}
	return f
}

// scramble encodes a message as another sender might: fields in another order,
// packed fields in several pieces, unknown fields in between.
func scramble(t *rapid.T, b []byte, tables bool) []byte {
	type part struct {
		num protowire.Number
		b   []byte
	}
	var parts []part
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		size := n + protowire.ConsumeFieldValue(num, typ, b[n:])
		field := b[:size:size]
		b = b[size:]
		body := func() []byte { v, _ := protowire.ConsumeBytes(field[n:]); return v }
		again := func(v []byte) part {
			return part{num, protowire.AppendBytes(protowire.AppendTag(nil, num, typ), v)}
		}
		switch {
		case tables && (num == 6 || num == 7):
			parts = append(parts, again(scramble(t, body(), false)))
		case tables && num == 5, !tables && (num == 4 || num == 5 || num == 6 || num == 11):
			for v := body(); len(v) > 0; {
				n := 0
				for n == 0 || n < len(v) && (v[n-1] >= 0x80 || rapid.Bool().Draw(t, "longer")) {
					n++
				}
				parts = append(parts, again(v[:n]))
				v = v[n:]
			}
		default:
			parts = append(parts, part{num, field})
		}
	}
	perm := rapid.Permutation(parts).Draw(t, "order")
	// Fields with the same number keep their order.
	byNum := map[protowire.Number][][]byte{}
	for _, p := range parts {
		byNum[p.num] = append(byNum[p.num], p.b)
	}
	var out []byte
	for _, p := range perm {
		out = append(out, byNum[p.num][0]...)
		byNum[p.num] = byNum[p.num][1:]
		if rapid.IntRange(0, 9).Draw(t, "unknown") == 0 {
			out = protowire.AppendBytes(protowire.AppendTag(out, 1000, protowire.BytesType), []byte("new"))
		}
	}
	return out
}

func marshal(t testing.TB, f *tickroomv1.ServerFrame) []byte {
	t.Helper()
	b, err := proto.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
