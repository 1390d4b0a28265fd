package schema_test

import (
	"errors"
	"math/bits"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	testschemav1 "github.com/tickroom/tickroom/proto/internal/testschema/gen"
	"github.com/tickroom/tickroom/proto/schema"
)

// components are all components of the test schemas.
var components = slices.Concat(walkersv1.Schema.Components, testschemav1.Schema.Components)

// row is one row as a sender has it and as its receiver is to have it.
type row struct {
	entity    uint32
	mask      uint64
	prev, cur schema.Cells
}

// drawNum draws a cell of a field, with values at the ends of its range.
func drawNum(t *rapid.T, f *schema.Field) int64 {
	v := drawInt(t)
	switch {
	case f.WrapSteps != 0:
		n := int64(f.WrapSteps)
		return rapid.OneOf(rapid.SampledFrom([]int64{0, 1 % n, n / 2, n/2 + 1, n - 1}), rapid.Int64Range(0, n-1)).Draw(t, "turn") % n
	case f.Kind == schema.Bool:
		return v & 1
	case f.Kind == schema.Int64, f.Kind == schema.Uint64, f.Kind == schema.Double:
		return v
	case f.Signed():
		return int64(int32(v))
	}
	return int64(uint32(v)) // unsigned, or the bits of a float
}

func drawCells(t *rapid.T, c *schema.Component) schema.Cells {
	cells := c.NewCells()
	for i := range c.Fields {
		f := &c.Fields[i]
		if !f.InBlob() {
			cells.Nums[f.Cell] = drawNum(t, f)
			continue
		}
		n := rapid.IntRange(0, 4).Draw(t, "count")
		for range n {
			switch {
			case f.Kind == schema.String && f.Repeated:
				cells.Blobs[f.Cell] = schema.AppendItem(cells.Blobs[f.Cell], rapid.StringMatching(`[aé]{0,200}`).Draw(t, "item"))
			case f.Kind == schema.Bytes && f.Repeated:
				cells.Blobs[f.Cell] = schema.AppendItem(cells.Blobs[f.Cell], rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "item"))
			case !f.Repeated:
				cells.Blobs[f.Cell] = append(cells.Blobs[f.Cell], "xé"...)
			default:
				cells.Blobs[f.Cell] = schema.AppendNum(cells.Blobs[f.Cell], drawNum(t, f))
			}
		}
	}
	return cells
}

func clone(c schema.Cells) schema.Cells {
	n := schema.Cells{Nums: append([]int64(nil), c.Nums...)}
	for _, b := range c.Blobs {
		n.Blobs = append(n.Blobs, append([]byte(nil), b...))
	}
	return n
}

// table encodes rows as a Table: those with the same mask as the first in rows,
// the others in mixed as far as their masks allow. It returns the rows in the order
// of the table.
func table(c *schema.Component, rows []row, delta bool) (enc []byte, order []row) {
	var plain, mixed schema.Streams
	mask := rows[0].mask
	prevOf := func(r row) []int64 {
		if delta {
			return r.prev.Nums
		}
		return nil
	}
	// The streams besides rows are in the order of the rows, so those of mixed
	// come after.
	for _, r := range rows {
		if r.mask == mask {
			plain.Rows = schema.AppendUvarint(plain.Rows, uint64(r.entity))
			c.AppendFields(&plain, r.mask, r.cur, prevOf(r))
			order = append(order, r)
		}
	}
	mixed = plain
	mixed.Rows = nil
	for _, r := range rows {
		if r.mask != mask && r.mask <= 0xffffffff {
			mixed.Rows = schema.AppendUvarint(mixed.Rows, r.mask)
			mixed.Rows = schema.AppendUvarint(mixed.Rows, uint64(r.entity))
			c.AppendFields(&mixed, r.mask, r.cur, prevOf(r))
			order = append(order, r)
		}
	}
	num := func(n protowire.Number, v uint64) {
		enc = protowire.AppendVarint(protowire.AppendTag(enc, n, protowire.VarintType), v)
	}
	packed := func(n protowire.Number, b []byte) {
		enc = protowire.AppendBytes(protowire.AppendTag(enc, n, protowire.BytesType), b)
	}
	num(1, uint64(c.ID))
	num(2, mask&0xffffffff)
	num(3, mask>>32)
	packed(4, plain.Rows)
	packed(5, mixed.Rows)
	packed(6, mixed.Wide)
	packed(7, mixed.Floats)
	packed(8, mixed.Doubles)
	enc = append(enc, mixed.Strings...)
	enc = append(enc, mixed.Blobs...)
	return enc, order
}

// want returns what the receiver holds after a row's fields in mask.
func want(c *schema.Component, r row) schema.Cells {
	w := clone(r.prev)
	for m := r.mask; m != 0; m &= m - 1 {
		f := c.Field(bits.TrailingZeros64(m) + 1)
		if f.InBlob() {
			w.Blobs[f.Cell] = r.cur.Blobs[f.Cell]
		} else {
			w.Nums[f.Cell] = r.cur.Nums[f.Cell]
		}
	}
	return w
}

// read reads a table into the cells that rows had before.
func read(t testing.TB, rd *schema.Reader, c *schema.Component, enc []byte, rows []row, delta bool) {
	t.Helper()
	if err := rd.Reset(enc); err != nil {
		t.Fatal(err)
	}
	if rd.Component != c.ID {
		t.Fatalf("component %d, want %d", rd.Component, c.ID)
	}
	for _, r := range rows {
		entity, mask, ok, err := rd.Next()
		if err != nil || !ok || entity != r.entity || mask != r.mask {
			t.Fatalf("row %d %#x %t %v, want %d %#x", entity, mask, ok, err, r.entity, r.mask)
		}
		got := clone(r.prev)
		if err := rd.ReadFields(c, mask, got, delta); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want(c, r), got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("component %s, mask %#x, delta %t: - sent, + read:\n%s", c.Name, mask, delta, diff)
		}
	}
	if _, _, ok, err := rd.Next(); ok || err != nil {
		t.Fatalf("after the last row: %t, %v", ok, err)
	}
}

// fatal lets read be used within rapid.
type fatal struct {
	testing.TB
	t *rapid.T
}

func (f fatal) Helper()                   { f.t.Helper() }
func (f fatal) Fatal(args ...any)         { f.t.Fatal(args...) }
func (f fatal) Fatalf(s string, a ...any) { f.t.Fatalf(s, a...) }

// TestTableRoundTrip sends random rows of every component, absolute and as
// differences, in both forms, and as the stock runtime writes the table again.
func TestTableRoundTrip(t *testing.T) {
	t.Parallel()
	for _, c := range components {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			var rd schema.Reader
			rapid.Check(t, func(t *rapid.T) {
				delta := rapid.Bool().Draw(t, "delta")
				masks := []uint64{c.Mask & rapid.Uint64().Draw(t, "mask"), c.Mask & rapid.Uint64().Draw(t, "mask"), c.Mask}
				var rows []row
				for range rapid.IntRange(1, 4).Draw(t, "rows") {
					rows = append(rows, row{
						entity: rapid.Uint32().Draw(t, "entity"), mask: rapid.SampledFrom(masks).Draw(t, "mask"),
						prev: drawCells(t, c), cur: drawCells(t, c),
					})
				}
				enc, order := table(c, rows, delta)
				read(fatal{t: t}, &rd, c, enc, order, delta)

				stock := new(tickroomv1.Table)
				if err := proto.Unmarshal(enc, stock); err != nil {
					t.Fatal(err)
				}
				if uint64(stock.Mask)|uint64(stock.MaskHigh)<<32 != order[0].mask || len(stock.ProtoReflect().GetUnknown()) > 0 {
					t.Fatalf("stock reads %v", stock)
				}
				again, err := proto.Marshal(stock)
				if err != nil {
					t.Fatal(err)
				}
				read(fatal{t: t}, &rd, c, again, order, delta)
			})
		})
	}
}

// TestStockValues has one row of every kind of value as the stock runtime sees
// it, which is how a client in another language does.
func TestStockValues(t *testing.T) {
	t.Parallel()
	c := (*testschemav1.Scalars)(nil).ComponentInfo()
	prev, cur := c.NewCells(), c.NewCells()
	(&testschemav1.Scalars{I32: 5, U32: 4294967295, I64: 10, U64: 1, RawFloat: 1, Mood: 2}).StoreCells(prev)
	(&testschemav1.Scalars{
		Flag: true, I32: 3, S32: -1, Sf32: 2, U32: 0, F32: 300, I64: -1, S64: 2, Sf64: -3, U64: 1<<64 - 1, F64: 7,
		RawFloat: 0.5, RawDouble: -0.25, Mood: 1, Gear: -1, Text: "hé", Data: []byte{0, 255},
	}).StoreCells(cur)
	for _, tt := range []struct {
		delta bool
		want  *tickroomv1.Table
	}{
		{false, &tickroomv1.Table{
			Component: 1, Mask: 0x1ffff, Rows: []uint32{7, 1, 6, 1, 4, 0, 300, 2, 1},
			Wide: []int64{-1, 2, -3, -1, 7}, Floats: []float32{0.5}, Doubles: []float64{-0.25}, Strings: []string{"hé"}, Blobs: [][]byte{{0, 255}},
		}},
		{true, &tickroomv1.Table{
			Component: 1, Mask: 0x1ffff, Rows: []uint32{7, 1, 3, 1, 4, 2, 600, 1, 1},
			Wide: []int64{-11, 2, -3, -2, 7}, Floats: []float32{0.5}, Doubles: []float64{-0.25}, Strings: []string{"hé"}, Blobs: [][]byte{{0, 255}},
		}},
	} {
		enc, _ := table(c, []row{{entity: 7, mask: c.Mask, prev: prev, cur: cur}}, tt.delta)
		got := new(tickroomv1.Table)
		if err := proto.Unmarshal(enc, got); err != nil || !proto.Equal(got, tt.want) {
			t.Errorf("delta %t: %v\ngot  %v\nwant %v", tt.delta, err, got, tt.want)
		}
	}
}

// TestReaderJoins reads a table whose packed fields are cut into parts, each
// byte a part of its own.
func TestReaderJoins(t *testing.T) {
	t.Parallel()
	c := (*testschemav1.Lists)(nil).ComponentInfo()
	l := testschemav1.Lists{
		Flags: []bool{true, false, true}, I32S: []int32{1, -300, 70000}, I64S: []int64{-1 << 40, 1 << 50},
		Floats: []float32{1, 2.5}, Doubles: []float64{3, 4.25}, Texts: []string{"a", ""}, Blobs: [][]byte{{1}, nil},
	}
	cur := c.NewCells()
	l.StoreCells(cur)
	r := row{entity: 300, mask: c.NonZero(cur), prev: c.NewCells(), cur: cur}
	enc, _ := table(c, []row{r}, false)
	var cut []byte
	for len(enc) > 0 {
		num, typ, n := protowire.ConsumeTag(enc)
		k := protowire.ConsumeFieldValue(num, typ, enc[n:])
		if typ == protowire.BytesType && num != 9 && num != 10 {
			p, _ := protowire.ConsumeBytes(enc[n:])
			for _, b := range p {
				cut = protowire.AppendBytes(protowire.AppendTag(cut, num, typ), []byte{b})
				cut = protowire.AppendBytes(protowire.AppendTag(cut, num, typ), nil)
			}
		} else {
			cut = append(cut, enc[:n+k]...)
		}
		enc = enc[n+k:]
	}
	cut = append(cut, 11<<3|2, 3, 5, 0xac, 0x02, 99<<3&0x7f|0x80, 6, 1) // two removed rows, and an unknown field
	var rd schema.Reader
	for range 2 { // a reader is used again
		read(t, &rd, c, cut, []row{r}, false)
		for _, want := range []uint32{5, 300} {
			if e, ok, err := rd.NextRemoved(); e != want || !ok || err != nil {
				t.Errorf("removed %d %t %v, want %d", e, ok, err, want)
			}
		}
		if _, ok, err := rd.NextRemoved(); ok || err != nil {
			t.Error("one more removed", err)
		}
	}
	var back testschemav1.Lists
	back.LoadCells(cur)
	if diff := cmp.Diff(l, back, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

func TestReaderErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		enc  []byte
	}{
		{"tag cut short", []byte{0x80}},
		{"number cut short", []byte{1 << 3, 0x80}},
		{"rows cut short", []byte{4<<3 | 2, 5, 1}},
		{"rows not packed", []byte{4 << 3, 1}},
		{"floats not packed", []byte{7<<3 | 5, 1, 2, 3, 4}},
		{"doubles not packed", []byte{8<<3 | 1, 1, 2, 3, 4, 5, 6, 7, 8}},
		{"string not UTF-8", []byte{9<<3 | 2, 1, 0xff}},
		{"entity above 32 bits", []byte{4<<3 | 2, 5, 0xff, 0xff, 0xff, 0xff, 0x7f}},
		{"entity of six bytes", []byte{4<<3 | 2, 6, 0xff, 0xff, 0xff, 0xff, 0xff, 1}},
		{"value missing", []byte{2 << 3, 1, 4<<3 | 2, 1, 7}},
		{"unknown field", []byte{2 << 3, 0x80, 0x80, 0x80, 0x80, 8, 4<<3 | 2, 2, 7, 1}},
		{"wide missing", []byte{2 << 3, 0x40, 4<<3 | 2, 1, 7}},
		{"float missing", []byte{2 << 3, 0x80, 0x10, 4<<3 | 2, 1, 7, 7<<3 | 2, 3, 1, 2, 3}},
		{"double missing", []byte{2 << 3, 0x80, 0x20, 4<<3 | 2, 1, 7}},
		{"string missing", []byte{2 << 3, 0x80, 0x80, 2, 4<<3 | 2, 1, 7}},
		{"mixed without entity", []byte{5<<3 | 2, 1, 1}},
		{"mixed cut short", []byte{5<<3 | 2, 1, 0x80}},
		{"left over float", []byte{7<<3 | 2, 4, 1, 2, 3, 4}},
		{"left over string", []byte{9<<3 | 2, 1, 'a'}},
		{"left over blob", []byte{10<<3 | 2, 0}},
		{"removed cut short", []byte{11<<3 | 2, 1, 0x80}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var rd schema.Reader
			if err := readAll(&rd, (*testschemav1.Scalars)(nil).ComponentInfo(), tt.enc, false, nil); !errors.Is(err, schema.ErrTable) {
				t.Errorf("%v does not wrap ErrTable", err)
			}
		})
	}
}

// readAll reads whatever is in a table and calls each with every row's cells.
func readAll(rd *schema.Reader, c *schema.Component, enc []byte, delta bool, each func(cells schema.Cells)) error {
	if err := rd.Reset(enc); err != nil {
		return err
	}
	for {
		if _, ok, err := rd.NextRemoved(); err != nil {
			return err
		} else if !ok {
			break
		}
	}
	cells := c.NewCells()
	for {
		_, mask, ok, err := rd.Next()
		if err != nil || !ok {
			return err
		}
		if err := rd.ReadFields(c, mask, cells, delta); err != nil {
			return err
		}
		if each != nil {
			each(cells)
		}
	}
}

// FuzzReader reads arbitrary tables: no panic, errors of one kind, and memory
// bounded by the table's size, whatever counts it gives.
func FuzzReader(f *testing.F) {
	l := testschemav1.Lists{Flags: []bool{true}, I32S: []int32{-1}, I64S: []int64{5}, Floats: []float32{1}, Texts: []string{"a"}, Blobs: [][]byte{{1}}}
	c := l.ComponentInfo()
	cells := c.NewCells()
	l.StoreCells(cells)
	enc, _ := table(c, []row{{entity: 1, mask: c.Mask, cur: cells}, {entity: 2, mask: 1, cur: cells}}, false)
	f.Add(enc, uint8(3), false)
	f.Add([]byte{2 << 3, 1, 4<<3 | 2, 6, 1, 0xff, 0xff, 0xff, 0xff, 0x0f}, uint8(3), false)
	f.Add([]byte{2 << 3, 0x80, 0x40, 4<<3 | 2, 6, 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 9<<3 | 2, 0, 9<<3 | 2, 0}, uint8(3), true)
	f.Fuzz(func(t *testing.T, enc []byte, which uint8, delta bool) {
		c := components[int(which)%len(components)]
		var rd schema.Reader
		err := readAll(&rd, c, enc, delta, func(cells schema.Cells) {
			total := 0
			for _, b := range cells.Blobs {
				total += len(b)
			}
			// Cells of blobs stay from row to row, and each is at most eight times
			// the bytes it was read from.
			if total > 8*len(enc)*max(1, c.Blobs) {
				t.Fatalf("%d bytes in cells of a table of %d", total, len(enc))
			}
			for i := range c.Fields {
				if fl := &c.Fields[i]; fl.Kind == schema.Quantised && !fl.InBlob() && !fl.Signed() && cells.Nums[fl.Cell] < 0 {
					t.Fatalf("field %s is %d", fl.Name, cells.Nums[fl.Cell])
				}
			}
			c.RowHash(1, cells)
			var s schema.Streams
			c.AppendFields(&s, c.Mask, cells, nil)
		})
		if err != nil && !errors.Is(err, schema.ErrTable) {
			t.Errorf("%v does not wrap ErrTable", err)
		}
	})
}

func TestNoAllocations(t *testing.T) {
	// Not parallel: others' allocations would be counted.
	before, after := crowd(2)
	c := after[0].ComponentInfo()
	prev, cur := c.NewCells(), c.NewCells()
	var s schema.Streams
	in := walkersv1.WalkerInput{Direction: 1, Stop: true}
	enc := in.AppendProto(nil)
	text := testschemav1.Scalars{Text: "some text", Data: []byte("some bytes")}
	texts := testschemav1.Lists{Texts: []string{"a", "b"}, I32S: []int32{1, 2, 3}}
	textCells, textsCells := text.ComponentInfo().NewCells(), texts.ComponentInfo().NewCells()
	run := func() {
		s.Reset()
		before[0].StoreCells(prev)
		after[0].StoreCells(cur)
		c.AppendFields(&s, c.Mask, cur, prev.Nums)
		enc = in.AppendProto(enc[:0])
		if err := in.UnmarshalProto(enc); err != nil {
			t.Fatal(err)
		}
		text.StoreCells(textCells)
		text.LoadCells(schema.Cells{Nums: textCells.Nums, Blobs: [][]byte{textCells.Blobs[0], nil}})
		texts.StoreCells(textsCells)
		texts.ComponentInfo().AppendFields(&s, texts.ComponentInfo().Mask, textsCells, nil)
	}
	run()
	if n := testing.AllocsPerRun(100, run); n != 0 {
		t.Errorf("%g allocations, want none", n)
	}
}
