package replica

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/schema"
)

func TestApplyAgainstNaive(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r, n, w := New(testSchema), newNaive(), &truth{rows: map[key]schema.Cells{}}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			f := w.step(t)
			b, err := proto.Marshal(f)
			if err != nil {
				t.Fatal(err)
			}
			if rapid.Bool().Draw(t, "scramble") {
				b = scramble(t, b, true)
			}
			if err := r.Apply(b); err != nil {
				t.Fatalf("Apply: %v", err)
			}
			stock := new(tickroomv1.ServerFrame)
			if err := proto.Unmarshal(b, stock); err != nil {
				t.Fatal(err)
			}
			checkFrame(t, r.Frame(), stock)
			if err := n.apply(stock); err != nil {
				t.Fatalf("naive: %v", err)
			}
			want := map[key]map[int]any{}
			var hash uint64
			for k, c := range w.rows {
				want[k] = values(component(k.component), c)
				hash = schema.AddHash(hash, component(k.component).RowHash(k.entity, c))
			}
			if !reflect.DeepEqual(n.rows, want) {
				t.Fatalf("the test itself is wrong: naive has\n%v, want\n%v", n.rows, want)
			}
			if got := content(r); !reflect.DeepEqual(got, want) {
				t.Fatalf("tick %d: have\n%v, want\n%v", f.Tick, got, want)
			}
			if r.Tick() != w.tick || r.Rows() != len(want) || r.Hash() != hash {
				t.Fatalf("tick %d, %d rows, hash %x; want tick %d, %d rows, hash %x", r.Tick(), r.Rows(), r.Hash(), w.tick, len(want), hash)
			}
		}
	})
}

func checkFrame(t *rapid.T, got *Frame, want *tickroomv1.ServerFrame) {
	back := &tickroomv1.ServerFrame{
		Tick: got.Tick, Skip: got.Skip, Full: got.Full, InputAck: got.InputAck, Welcome: got.Welcome, Auth: got.Auth,
	}
	if got.HasHash {
		back.Hash = &got.Hash
	}
	for _, e := range got.Events {
		back.Events = append(back.Events, &tickroomv1.EventData{Event: e.ID, Data: e.Data, Age: e.Age})
	}
	for _, e := range got.EntityHashes {
		back.EntityHashes = append(back.EntityHashes, &tickroomv1.EntityHash{Entity: e.Entity, Group: e.Group, Hash: e.Hash})
	}
	for _, e := range got.Replies {
		back.Replies = append(back.Replies, &tickroomv1.Reply{Id: e.ID, Code: e.Code, Error: e.Error, Data: e.Data})
	}
	for _, e := range got.Pongs {
		back.Pongs = append(back.Pongs, &tickroomv1.Pong{ClientTimeUs: e.ClientTimeUS, ServerTimeUs: e.ServerTimeUS, Tick: e.Tick})
	}
	want = proto.CloneOf(want)
	want.Removed, want.Set, want.Delta = nil, nil, nil
	want.ProtoReflect().SetUnknown(nil)
	if !proto.Equal(back, want) {
		t.Fatalf("frame: have\n%v, want\n%v", back, want)
	}
}

// unitFrame makes a frame of rows of Unit with one value, health.
func unitFrame(tick uint32, set map[uint32]uint32, delta map[uint32]int32) *tickroomv1.ServerFrame {
	f := &tickroomv1.ServerFrame{Tick: tick}
	if len(set) > 0 {
		t := &tickroomv1.Table{Component: 1, Mask: 1 << 3}
		for e, v := range set {
			t.Rows = append(t.Rows, e, v)
		}
		f.Set = append(f.Set, t)
	}
	if len(delta) > 0 {
		t := &tickroomv1.Table{Component: 1, Mask: 1 << 3}
		for e, v := range delta {
			t.Rows = append(t.Rows, e, schema.Zigzag(v))
		}
		f.Delta = append(f.Delta, t)
	}
	return f
}

func TestErrors(t *testing.T) {
	t.Parallel()
	start := unitFrame(10, map[uint32]uint32{1: 100, 2: 50}, nil)
	start.Full = true
	tests := []struct {
		name  string
		frame []byte
		err   error
		text  string
	}{
		{"gap", marshal(t, unitFrame(12, nil, nil)), ErrGap, "snapshot 12 builds on tick 11, the replica is at tick 10"},
		{"a second time", marshal(t, unitFrame(10, nil, nil)), ErrGap, "builds on tick 9"},
		{"skip beyond the start", marshal(t, &tickroomv1.ServerFrame{Tick: 3, Skip: 3}), ErrMalformed, "skips 3"},
		{"unknown row", marshal(t, unitFrame(11, nil, map[uint32]int32{3: 1})), ErrUnknownRow, "component Unit, entity 3"},
		{"row removed in the same frame", marshal(t, &tickroomv1.ServerFrame{
			Tick: 11, Removed: []uint32{1}, Delta: unitFrame(11, nil, map[uint32]int32{1: 1}).Delta,
		}), ErrUnknownRow, "entity 1"},
		{"unknown component", marshal(t, &tickroomv1.ServerFrame{Tick: 11, Set: []*tickroomv1.Table{{Component: 9}}}), ErrUnknownComponent, "id 9"},
		{"unknown field", marshal(t, &tickroomv1.ServerFrame{Tick: 11, Set: []*tickroomv1.Table{{Component: 1, Mask: 1 << 20, Rows: []uint32{1, 1}}}}), ErrMalformed, "unknown fields"},
		{"value missing", marshal(t, &tickroomv1.ServerFrame{Tick: 11, Set: []*tickroomv1.Table{{Component: 1, Mask: 1, Rows: []uint32{1}}}}), ErrMalformed, "entity 1"},
		{"value left over", marshal(t, &tickroomv1.ServerFrame{Tick: 11, Set: []*tickroomv1.Table{{Component: 1, Mask: 1, Floats: []float32{1}}}}), ErrMalformed, "left over"},
		{"cut", marshal(t, unitFrame(11, map[uint32]uint32{3: 1}, nil))[:5], ErrMalformed, "unexpected EOF"},
		{"removed, cut", []byte{1 << 3, 11, 5<<3 | 2, 1, 0x80}, ErrMalformed, "removed"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := New(testSchema)
			if err := r.Apply(marshal(t, start)); err != nil {
				t.Fatal(err)
			}
			told := 0
			OnChange(r, func(uint32, *unit, uint64) { told++ })
			OnRemove(r, func(uint32, *unit) { told++ })
			err := r.Apply(tc.frame)
			if !errors.Is(err, tc.err) || !strings.Contains(err.Error(), tc.text) {
				t.Fatalf("error %v, want %v with %q", err, tc.err, tc.text)
			}
			if told != 0 {
				t.Errorf("%d callbacks were called for a frame that failed", told)
			}
			if again := r.Apply(marshal(t, unitFrame(11, nil, nil))); !errors.Is(again, ErrBroken) || !errors.Is(again, tc.err) {
				t.Errorf("the next Apply: %v, want ErrBroken with the reason", again)
			}
			if r.Err() == nil {
				t.Error("Err is nil")
			}
			r.Reset()
			if err := r.Apply(marshal(t, start)); err != nil || r.Rows() != 2 {
				t.Errorf("after Reset: %v, %d rows", err, r.Rows())
			}
		})
	}
}

func TestFrameWithoutSnapshot(t *testing.T) {
	t.Parallel()
	r := New(testSchema)
	f := unitFrame(0, map[uint32]uint32{1: 1}, nil)
	f.Hash = proto.Uint64(5)
	if err := r.Apply(marshal(t, f)); err != nil || r.Rows() != 0 || r.Tick() != 0 || !r.Frame().HasHash {
		t.Fatalf("%v, %d rows, tick %d", err, r.Rows(), r.Tick())
	}
}

func TestTyped(t *testing.T) {
	t.Parallel()
	r := New(testSchema)
	var log []string
	note := func(s string, e uint32, health uint32) {
		log = append(log, strings.TrimSpace(strings.Join([]string{s, string(rune('0' + e)), string(rune('0' + health))}, " ")))
	}
	OnAdd(r, func(e uint32, u *unit) { note("add", e, u.Health) })
	OnChange(r, func(e uint32, u *unit, mask uint64) {
		if mask != 1<<3 {
			t.Errorf("mask %#x", mask)
		}
		note("change", e, u.Health)
	})
	OnRemove(r, func(e uint32, u *unit) { note("remove", e, u.Health) })
	apply := func(f *tickroomv1.ServerFrame, want ...string) {
		t.Helper()
		log = nil
		if err := r.Apply(marshal(t, f)); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(log, want) {
			t.Fatalf("callbacks %q, want %q", log, want)
		}
	}
	apply(unitFrame(1, map[uint32]uint32{1: 5}, nil), "add 1 5")
	apply(unitFrame(2, map[uint32]uint32{2: 7}, map[uint32]int32{1: -2}), "add 2 7", "change 1 3")
	f := unitFrame(3, map[uint32]uint32{2: 4}, nil)
	f.Removed = []uint32{2, 9}
	apply(f, "remove 2 7", "add 2 4")
	if r.Touched() != 3 {
		t.Errorf("touched %d, want 3", r.Touched())
	}
	f = unitFrame(9, map[uint32]uint32{2: 1}, nil)
	f.Full = true
	apply(f, "remove 1 3", "remove 2 4", "add 2 1")

	f = &tickroomv1.ServerFrame{Tick: 10, Set: []*tickroomv1.Table{{Component: 1, Mask: 1 | 1<<3, Rows: []uint32{3, schema.Zigzag(-12), 8}}}}
	apply(f, "add 3 8")
	if u, ok := Get[unit](r, 3); !ok || u.X != -1.5 || u.Health != 8 {
		t.Errorf("Get: %+v %t", u, ok)
	}
	if _, ok := Get[unit](r, 4); ok || Has[unit](r, 4) || !Has[unit](r, 3) {
		t.Error("a row that is not there was found, or the other way round")
	}
	sum := uint32(0)
	for e, u := range All[unit](r) {
		sum += e*10 + u.Health
	}
	if sum != 20+1+30+8 || Count[unit](r) != 2 {
		t.Errorf("All: %d; Count: %d", sum, Count[unit](r))
	}
	table := r.TableByName("Unit")
	if table != r.Table(1) || r.Table(70) == nil || r.Table(99) != nil || r.TableByName("None") != nil {
		t.Error("tables by id and name differ")
	}
	c, _ := table.Cells(3)
	if v := Value(table.Component().FieldByName("x"), c); v != -1.5 {
		t.Errorf("Value: %v", v)
	}
}

func TestValue(t *testing.T) {
	t.Parallel()
	c := manyComponent.NewCells()
	for i := range manyComponent.Fields {
		f := &manyComponent.Fields[i]
		if f.InBlob() {
			switch {
			case !f.Repeated:
				c.Blobs[f.Cell] = []byte("ab")
			case f.Kind == schema.String || f.Kind == schema.Bytes:
				c.Blobs[f.Cell] = schema.AppendItem(schema.AppendItem(nil, "a"), "")
			default:
				c.Blobs[f.Cell] = schema.AppendNum(nil, 1)
			}
		} else {
			c.Nums[f.Cell] = 1
		}
	}
	want := map[schema.Kind]any{
		schema.Uint: uint64(1), schema.Int: int64(1), schema.Bool: true, schema.Enum: int64(1), schema.Quantised: 0.5,
		schema.Int64: int64(1), schema.Uint64: uint64(1), schema.Float: 1.401298464324817e-45, schema.Double: 5e-324,
		schema.String: "ab", schema.Bytes: []byte("ab"),
	}
	for i := range manyComponent.Fields {
		f := &manyComponent.Fields[i]
		w := want[f.Kind]
		if f.Repeated {
			switch f.Kind {
			case schema.String:
				w = []any{"a", ""}
			case schema.Bytes:
				w = []any{[]byte("a"), []byte{}}
			default:
				w = []any{w}
			}
		}
		if got := Value(f, c); !reflect.DeepEqual(got, w) {
			t.Errorf("%s: %#v, want %#v", f.Name, got, w)
		}
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	r, server := New(testSchema), New(testSchema)
	_ = r.Apply(marshal(t, unitFrame(1, map[uint32]uint32{1: 1, 2: 2, 4: 4}, nil)))
	_ = server.Apply(marshal(t, unitFrame(1, map[uint32]uint32{1: 1, 2: 3, 3: 3}, nil)))
	var want []EntityHash
	for _, e := range []uint32{1, 2, 3} {
		want = append(want, EntityHash{e, 7, server.EntityHash(e)})
	}
	got := r.Compare(want)
	if len(got) != 3 || got[0].Entity != 2 || got[0].Group != 7 || got[1].Entity != 3 || got[1].Got != 0 || got[2].Entity != 4 || got[2].Want != 0 {
		t.Fatalf("%v", got)
	}
	for i, s := range []string{"entity 2: hash", "entity 3 is missing", "entity 4 should not"} {
		if !strings.Contains(got[i].String(), s) {
			t.Errorf("%q lacks %q", got[i], s)
		}
	}
}

// The index is compared with a map.
func TestIndex(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var x index
		m := map[uint32]int{}
		entity := rapid.Uint32Range(0, 60)
		if rapid.Bool().Draw(t, "sparse") {
			entity = rapid.Uint32()
		}
		for range rapid.IntRange(0, 300).Draw(t, "ops") {
			e := entity.Draw(t, "entity")
			if _, ok := m[e]; ok && rapid.Bool().Draw(t, "drop") {
				x.drop(e)
				delete(m, e)
			} else {
				m[e] = len(m)
				x.put(e, m[e])
			}
			for e, slot := range m {
				if x.find(e) != slot {
					t.Fatalf("entity %d: slot %d, want %d", e, x.find(e), slot)
				}
			}
			if x.n != len(m) {
				t.Fatalf("%d entries, want %d", x.n, len(m))
			}
		}
	})
}

// A frame can say that it has very much in it; memory follows what it has.
func TestLyingCounts(t *testing.T) {
	// Not parallel: it reads the allocation counter of the process.
	repeatedBool := manyComponent.FieldByName("f3true")
	if repeatedBool.Number > 32 {
		repeatedBool = manyComponent.FieldByName("f1true")
	}
	mask := uint64(1) << (repeatedBool.Number - 1)
	frames := map[string][]byte{
		"repeated count": marshal(t, &tickroomv1.ServerFrame{Tick: 1, Set: []*tickroomv1.Table{{
			Component: 70, Mask: uint32(mask), MaskHigh: uint32(mask >> 32), Rows: []uint32{1, 1 << 31, 1},
		}}}),
		"length":         {1 << 3, 1, 6<<3 | 2, 0xff, 0xff, 0xff, 0xff, 0x0f, 1},
		"string length":  {1 << 3, 1, 6<<3 | 2, 6, 9<<3 | 2, 0xff, 0xff, 0xff, 0xff, 0x0f},
		"entity numbers": marshal(t, unitFrame(1, map[uint32]uint32{1<<32 - 1: 1, 1 << 31: 1}, nil)),
	}
	for name, b := range frames {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_ = New(testSchema).Apply(b)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 64<<10 {
			t.Errorf("%s: %d bytes were allocated for a frame of %d", name, n, len(b))
		}
	}
	many := &tickroomv1.Table{Component: 1, Rows: make([]uint32, MaxRows+1)}
	for i := range many.Rows {
		many.Rows[i] = uint32(i)
	}
	r := New(testSchema)
	if err := r.Apply(marshal(t, &tickroomv1.ServerFrame{Tick: 1, Set: []*tickroomv1.Table{many}})); !errors.Is(err, ErrTooManyRows) || r.Rows() > MaxRows {
		t.Errorf("%v, %d rows", err, r.Rows())
	}
}

func FuzzApply(f *testing.F) {
	base := &truth{rows: map[key]schema.Cells{}}
	gen := rapid.Custom(func(t *rapid.T) []byte {
		base.tick = 1
		b, err := proto.Marshal(base.step(t))
		if err != nil {
			t.Fatal(err)
		}
		return b
	})
	for i := range 30 {
		f.Add(gen.Example(i))
	}
	start := marshal(f, &tickroomv1.ServerFrame{Tick: 1, Set: []*tickroomv1.Table{
		{Component: 1, Mask: 8, Rows: []uint32{1, 5, 2, 6}}, {Component: 70, Rows: []uint32{1, 3}},
	}})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := New(testSchema)
		OnAdd(r, func(uint32, *unit) {})
		OnRemove(r, func(uint32, *unit) {})
		if err := r.Apply(start); err != nil {
			t.Fatal(err)
		}
		if err := r.Apply(b); err != nil {
			if !errors.Is(r.Apply(nil), ErrBroken) {
				t.Fatal("not broken after an error")
			}
			return
		}
		stock := new(tickroomv1.ServerFrame)
		if proto.Unmarshal(b, stock) != nil {
			return // text that is not UTF-8
		}
		n := newNaive()
		first := new(tickroomv1.ServerFrame)
		_ = proto.Unmarshal(start, first)
		_ = n.apply(first)
		if err := n.apply(stock); err != nil {
			t.Fatalf("applied, but: %v", err)
		}
		if got := content(r); !reflect.DeepEqual(got, n.rows) {
			t.Fatalf("have\n%v, want\n%v", got, n.rows)
		}
	})
}

// walkFrames makes deltas as of a random walk of n units.
func walkFrames(tb testing.TB, n, frames int) (full []byte, deltas [][]byte) {
	rng := rand.New(rand.NewPCG(1, 2))
	set := &tickroomv1.Table{Component: 1, Mask: 0x1f}
	for e := range n {
		set.Rows = append(set.Rows, uint32(e+1), rng.Uint32N(8000), rng.Uint32N(8000), rng.Uint32N(256), 100, 1)
	}
	full = marshal(tb, &tickroomv1.ServerFrame{Tick: 1, Full: true, Set: []*tickroomv1.Table{set}})
	for i := range frames {
		d := &tickroomv1.Table{Component: 1, Mask: 0x17}
		for e := range n {
			d.Rows = append(d.Rows, uint32(e+1), rng.Uint32N(64), rng.Uint32N(64), rng.Uint32N(20), schema.Zigzag(1))
		}
		deltas = append(deltas, marshal(tb, &tickroomv1.ServerFrame{Tick: uint32(i + 2), InputAck: uint32(i), Delta: []*tickroomv1.Table{d}}))
	}
	return full, deltas
}

func TestSteadyStateAllocations(t *testing.T) {
	// Not parallel: testing.AllocsPerRun counts those of the whole process.
	full, deltas := walkFrames(t, 31, 50)
	r := New(testSchema)
	run := func() {
		_ = r.Apply(full)
		for _, b := range deltas {
			if err := r.Apply(b); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := testing.AllocsPerRun(20, run); n != 0 {
		t.Errorf("%g allocations for %d snapshots, want none", n, 1+len(deltas))
	}
}

func BenchmarkApply(b *testing.B) {
	full, deltas := walkFrames(b, 31, 1000)
	r := New(testSchema)
	b.SetBytes(int64(len(deltas[0])))
	b.ReportAllocs()
	i := len(deltas)
	for b.Loop() {
		if i == len(deltas) {
			i = 0
			_ = r.Apply(full)
		}
		if err := r.Apply(deltas[i]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkHash(b *testing.B) {
	full, _ := walkFrames(b, 31, 0)
	r := New(testSchema)
	_ = r.Apply(full)
	b.ReportAllocs()
	for b.Loop() {
		r.summed = false
		r.Hash()
	}
}
