package schema_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
	"pgregory.net/rapid"

	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/proto/internal/protosrc"
	testschemav1 "github.com/tickroom/tickroom/proto/internal/testschema/gen"
	"github.com/tickroom/tickroom/proto/schema"
)

// kindsOfMessages are the generated messages under test, by full name.
var kindsOfMessages = map[protoreflect.FullName]func() schema.Message{
	"tickroom.walkers.v1.Walker":              func() schema.Message { return new(walkersv1.Walker) },
	"tickroom.walkers.v1.WalkerInput":         func() schema.Message { return new(walkersv1.WalkerInput) },
	"tickroom.walkers.v1.Shout":               func() schema.Message { return new(walkersv1.Shout) },
	"tickroom.walkers.v1.ShoutReply":          func() schema.Message { return new(walkersv1.ShoutReply) },
	"tickroom.walkers.v1.Heard":               func() schema.Message { return new(walkersv1.Heard) },
	"internal.testschema.v1.Scalars":          func() schema.Message { return new(testschemav1.Scalars) },
	"internal.testschema.v1.Quantities":       func() schema.Message { return new(testschemav1.Quantities) },
	"internal.testschema.v1.Lists":            func() schema.Message { return new(testschemav1.Lists) },
	"internal.testschema.v1.Wide":             func() schema.Message { return new(testschemav1.Wide) },
	"internal.testschema.v1.Place":            func() schema.Message { return new(testschemav1.Place) },
	"internal.testschema.v1.Tag":              func() schema.Message { return new(testschemav1.Tag) },
	"internal.testschema.v1.Names":            func() schema.Message { return new(testschemav1.Names) },
	"internal.testschema.v1.Move":             func() schema.Message { return new(testschemav1.Move) },
	"internal.testschema.v1.Vec":              func() schema.Message { return new(testschemav1.Vec) },
	"internal.testschema.v1.Everything":       func() schema.Message { return new(testschemav1.Everything) },
	"internal.testschema.v1.Everything.Inner": func() schema.Message { return new(testschemav1.Everything_Inner) },
	"internal.testschema.v1.Answer":           func() schema.Message { return new(testschemav1.Answer) },
	"internal.testschema.v1.Bang":             func() schema.Message { return new(testschemav1.Bang) },
}

// descriptors are those of all messages of the test's schemas, by full name.
var descriptors = sync.OnceValue(func() map[protoreflect.FullName]protoreflect.MessageDescriptor {
	files, err := protosrc.Compile(context.Background(), []string{
		"internal/testschema/v1/testschema.proto", "internal/testschema/v1/shared.proto", "tickroom/walkers/v1/walkers.proto",
	}, os.DirFS(".."))
	if err != nil {
		panic(err)
	}
	all := map[protoreflect.FullName]protoreflect.MessageDescriptor{}
	var add func(ms protoreflect.MessageDescriptors)
	add = func(ms protoreflect.MessageDescriptors) {
		for i := range ms.Len() {
			all[ms.Get(i).FullName()] = ms.Get(i)
			add(ms.Get(i).Messages())
		}
	}
	for _, f := range files {
		add(f.Messages())
	}
	return all
})

// Values that are apt to go wrong, by kind.
var (
	hardInts   = []int64{0, 1, -1, 63, 64, -64, -65, 127, 128, 8191, 8192, math.MaxInt32, math.MinInt32, math.MaxUint32, math.MaxInt64, math.MinInt64}
	hardFloats = []float64{
		0, math.Copysign(0, -1), 0.0625, -0.0625, 0.49999997, 10, -10, 10.05, math.Pi, -math.Pi, 2 * math.Pi, 6.2709, 1e9, -1e9, 2147483647, -2147483648, 4294967295, 4294967296,
		math.MaxFloat32, -math.MaxFloat32, math.MaxFloat64, math.SmallestNonzeroFloat32, math.SmallestNonzeroFloat64, math.Inf(1), math.Inf(-1), math.NaN(),
	}
)

func drawInt(t *rapid.T) int64 {
	return rapid.OneOf(rapid.SampledFrom(hardInts), rapid.Int64(), rapid.Int64Range(-300, 300)).Draw(t, "int")
}

func drawFloat(t *rapid.T) float64 {
	return rapid.OneOf(rapid.SampledFrom(hardFloats), rapid.Float64(), rapid.Float64Range(-500, 500)).Draw(t, "float")
}

func drawValue(t *rapid.T, fd protoreflect.FieldDescriptor, depth int) protoreflect.Value {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(rapid.Bool().Draw(t, "bool"))
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(drawInt(t)))
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(int32(drawInt(t)))
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(uint32(drawInt(t)))
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return protoreflect.ValueOfInt64(drawInt(t))
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(uint64(drawInt(t)))
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32(float32(drawFloat(t)))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(drawFloat(t))
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(strings.ToValidUTF8(rapid.String().Draw(t, "string"), "?"))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes(rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "bytes"))
	}
	return protoreflect.ValueOfMessage(drawMessage(t, fd.Message(), depth-1))
}

// drawMessage draws any message of a descriptor, nested so deep at most.
func drawMessage(t *rapid.T, md protoreflect.MessageDescriptor, depth int) *dynamicpb.Message {
	m := dynamicpb.NewMessage(md)
	for i := range md.Fields().Len() {
		fd := md.Fields().Get(i)
		if fd.Message() != nil && depth == 0 || !rapid.Bool().Draw(t, "has") {
			continue
		}
		if !fd.IsList() {
			m.Set(fd, drawValue(t, fd, depth))
			continue
		}
		list := m.Mutable(fd).List()
		for range rapid.IntRange(0, 6).Draw(t, "count") {
			list.Append(drawValue(t, fd, depth))
		}
	}
	return m
}

// TestProtoAgrees holds the generated encoding against the stock runtime's, both
// ways, for all messages.
func TestProtoAgrees(t *testing.T) {
	t.Parallel()
	for name, newMessage := range kindsOfMessages {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()
			md := descriptors()[name]
			rapid.Check(t, func(t *rapid.T) {
				want := drawMessage(t, md, 2)
				enc, err := proto.MarshalOptions{Deterministic: true}.Marshal(want)
				if err != nil {
					t.Fatal(err)
				}
				m := newMessage()
				// What was there before has to go.
				if err := m.UnmarshalProto(enc); err != nil {
					t.Fatal(err)
				}
				if err := m.UnmarshalProto(enc); err != nil {
					t.Fatal(err)
				}
				got := m.AppendProto([]byte("before"))
				if diff := cmp.Diff(enc, got[len("before"):]); diff != "" {
					t.Fatalf("- stock, + generated:\n%s", diff)
				}
				back := dynamicpb.NewMessage(md)
				if err := proto.Unmarshal(got[len("before"):], back); err != nil || !proto.Equal(back, want) {
					t.Fatalf("read back by stock: %v, error %v; want %v", back, err, want)
				}
			})
		})
	}
}

// unpack writes an encoded message again with packed fields unpacked and the
// other way about, and unknown fields in between.
func unpack(t *rapid.T, md protoreflect.MessageDescriptor, enc []byte) []byte {
	var out []byte
	for len(enc) > 0 {
		num, typ, n := protowire.ConsumeTag(enc)
		k := protowire.ConsumeFieldValue(num, typ, enc[n:])
		value := enc[n : n+k]
		enc = enc[n+k:]
		switch rapid.IntRange(0, 5).Draw(t, "unknown") {
		case 0:
			out = protowire.AppendVarint(protowire.AppendTag(out, 1500, protowire.VarintType), 1<<40)
		case 1:
			out = protowire.AppendBytes(protowire.AppendTag(out, 1501, protowire.BytesType), []byte("unknown"))
		case 2:
			out = protowire.AppendTag(out, 1502, protowire.StartGroupType)
			out = protowire.AppendFixed32(protowire.AppendTag(out, 1, protowire.Fixed32Type), 7)
			out = protowire.AppendTag(out, 1502, protowire.EndGroupType)
		case 3: // a known number with a type that is not its own is unknown too
			if fd := md.Fields().ByNumber(num); fd.Kind() == protoreflect.StringKind {
				out = protowire.AppendFixed64(protowire.AppendTag(out, num, protowire.Fixed64Type), 7)
			}
		}
		fd := md.Fields().ByNumber(num)
		elem := protowire.VarintType
		switch fd.Kind() {
		case protoreflect.FloatKind, protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind:
			elem = protowire.Fixed32Type
		case protoreflect.DoubleKind, protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind:
			elem = protowire.Fixed64Type
		case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind:
			elem = protowire.BytesType
		}
		if !fd.IsList() || elem == protowire.BytesType {
			out = append(protowire.AppendTag(out, num, typ), value...)
			continue
		}
		values := value
		if typ == protowire.BytesType {
			values, _ = protowire.ConsumeBytes(value)
		}
		for len(values) > 0 {
			k := protowire.ConsumeFieldValue(num, elem, values)
			if rapid.Bool().Draw(t, "packed") {
				out = protowire.AppendBytes(protowire.AppendTag(out, num, protowire.BytesType), values[:k])
			} else {
				out = append(protowire.AppendTag(out, num, elem), values[:k]...)
			}
			values = values[k:]
		}
	}
	return out
}

func TestProtoReadsAllForms(t *testing.T) {
	t.Parallel()
	for _, name := range []protoreflect.FullName{
		"internal.testschema.v1.Lists", "internal.testschema.v1.Quantities", "internal.testschema.v1.Everything", "internal.testschema.v1.Scalars",
	} {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()
			md := descriptors()[name]
			rapid.Check(t, func(t *rapid.T) {
				enc, err := proto.MarshalOptions{Deterministic: true}.Marshal(drawMessage(t, md, 1))
				if err != nil {
					t.Fatal(err)
				}
				m := kindsOfMessages[name]()
				if err := m.UnmarshalProto(unpack(t, md, enc)); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(enc, m.AppendProto(nil), cmpopts.EquateEmpty()); diff != "" {
					t.Fatal(diff)
				}
			})
		})
	}
}

// TestProtoMerges: a message in two parts is one, as protobuf demands.
func TestProtoMerges(t *testing.T) {
	t.Parallel()
	a := testschemav1.Move{To: &testschemav1.Vec{X: 1}, Path: []*testschemav1.Vec{{X: 2}}}
	b := testschemav1.Move{To: &testschemav1.Vec{Y: 3}, Path: []*testschemav1.Vec{nil, {Y: 4}}}
	var m testschemav1.Move
	if err := m.UnmarshalProto(b.AppendProto(a.AppendProto(nil))); err != nil {
		t.Fatal(err)
	}
	want := testschemav1.Move{To: &testschemav1.Vec{X: 1, Y: 3}, Path: []*testschemav1.Vec{{X: 2}, {}, {Y: 4}}}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Error(diff)
	}
}

// nested returns the encoding of so many messages within each other.
func nested(levels int) []byte {
	var b []byte
	for range levels - 1 {
		b = protowire.AppendBytes(protowire.AppendTag(nil, 2000, protowire.BytesType), b)
	}
	return b
}

func TestUnmarshalErrors(t *testing.T) {
	t.Parallel()
	var m testschemav1.Everything
	if err := m.UnmarshalProto(nested(schema.MaxDepth)); err != nil {
		t.Errorf("%d levels: %v", schema.MaxDepth, err)
	}
	const prefix = "schema: malformed message: internal.testschema.v1.Everything: "
	for _, tt := range []struct {
		name string
		enc  []byte
		want string
	}{
		{"depth", nested(schema.MaxDepth + 1), prefix + "field 2000: messages nest deeper than 100"},
		{"depth of thousands", nested(5000), prefix + "field 2000: messages nest deeper than 100"},
		{"not UTF-8", []byte{14<<3 | 2, 2, 0xc3, 0x28}, prefix + "field 14: the string is not UTF-8"},
		{"varint cut short", []byte{5 << 3, 0x80}, prefix + "field 5: unexpected EOF"},
		{"fixed cut short", []byte{6<<3 | 5, 1, 2, 3}, prefix + "field 6: it is cut short"},
		{"double cut short", []byte{13<<3 | 1, 1, 2, 3, 4, 5, 6, 7}, prefix + "field 13: it is cut short"},
		{"string cut short", []byte{14<<3 | 2, 9, 'a'}, prefix + "field 14: unexpected EOF"},
		{"packed cut short", protowire.AppendBytes(protowire.AppendTag(nil, 22, protowire.BytesType), []byte{1, 2, 3}), prefix + "field 22: it is cut short"},
		{"in nested", protowire.AppendBytes(protowire.AppendTag(nil, 17, protowire.BytesType), []byte{1<<3 | 2, 1, 0xff}),
			"schema: malformed message: internal.testschema.v1.Everything.Inner: field 1: the string is not UTF-8"},
		{"field 0", []byte{0, 0}, prefix + "field 0: proto: invalid field number"},
		{"group that only ends", []byte{1<<3 | 4}, prefix + "field 1: proto: mismatching end group marker"},
		{"wire type 7", []byte{1<<3 | 7}, prefix + "field 1: proto: cannot parse reserved wire type"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := new(testschemav1.Everything).UnmarshalProto(tt.enc)
			if !errors.Is(err, schema.ErrMessage) {
				t.Fatalf("%v does not wrap ErrMessage", err)
			}
			// The protobuf module swaps spaces in its texts now and then.
			if got := strings.ReplaceAll(err.Error(), "\u00a0", " "); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestInvalidText: what is not UTF-8 in game code never reaches the wire.
func TestInvalidText(t *testing.T) {
	t.Parallel()
	bad := "caf\xe9\xff!"
	in := testschemav1.Lists{Texts: []string{bad, ""}}
	out := new(testschemav1.Lists)
	if err := out.UnmarshalProto(in.AppendProto(nil)); err != nil || out.Texts[0] != "caf\uFFFD!" {
		t.Errorf("%q, %v", out.Texts, err)
	}
	c := in.ComponentInfo().NewCells()
	in.StoreCells(c)
	out.LoadCells(c)
	if diff := cmp.Diff([]string{"caf\uFFFD!", ""}, out.Texts); diff != "" {
		t.Error(diff)
	}
	one := testschemav1.Scalars{Text: bad}
	c = one.ComponentInfo().NewCells()
	one.StoreCells(c)
	if string(c.Blobs[0]) != "caf\uFFFD!" {
		t.Errorf("%q", c.Blobs[0])
	}
}

// TestEndLength goes over the sizes at which a length takes one byte more.
func TestEndLength(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 127, 128, 129, 16383, 16384, 2097151, 2097152} {
		body := []byte(strings.Repeat("x", n))
		got := schema.EndLength(append([]byte("ab\x00"), body...), 2)
		if want := protowire.AppendBytes([]byte("ab"), body); string(got) != string(want) {
			t.Errorf("%d bytes: %x..., want %x...", n, got[:min(len(got), 9)], want[:min(len(want), 9)])
		}
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	s := testschemav1.Schema
	var got []string
	for _, c := range s.Components {
		got = append(got, fmt.Sprintf("component %d %s", c.ID, c.Name))
	}
	for _, e := range s.Events {
		id, reliable := e.New().EventID()
		got = append(got, fmt.Sprintf("event %d %s %t %T %d %t", e.ID, e.Name, e.Reliable, e.New(), id, reliable))
	}
	for _, c := range s.Commands {
		var reply schema.Message
		if c.NewReply != nil {
			reply = c.NewReply()
		}
		got = append(got, fmt.Sprintf("command %d %s %T %d, reply %s %T", c.ID, c.Name, c.New(), c.New().CommandID(), c.Reply, reply))
	}
	got = append(got, fmt.Sprintf("input %s %T", s.Input, s.NewInput()))
	want := []string{
		"component 1 Scalars", "component 2 Quantities", "component 3 Lists", "component 4 Wide", "component 5 Place", "component 9 Tag", "component 20 Names",
		"event 1 Won true *testschemav1.Won 1 true", "event 3 Bang false *testschemav1.Bang 3 false",
		"command 1 Ask *testschemav1.Ask 1, reply Ask.Answer *testschemav1.Ask_Answer",
		"command 2 AskAgain *testschemav1.AskAgain 2, reply Answer *testschemav1.Answer",
		"command 7 Poke *testschemav1.Poke 7, reply  <nil>",
		"input Move *testschemav1.Move",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := testschemav1.Scalars_GEAR_REVERSE.String() + testschemav1.Mood(77).String(); got != "GEAR_REVERSE77" {
		t.Error(got)
	}
}

// FuzzUnmarshal: the generated decoder takes what the stock one takes, and reads
// the same from it.
func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte{})
	f.Add(nested(5))
	f.Add(nested(schema.MaxDepth + 1))
	e := testschemav1.Everything{I32: -1, Text: "é", Inners: []*testschemav1.Everything_Inner{{Name: "a"}, nil}, Numbers: []int64{1, -1}, Floats: []float32{1}, Last: 9}
	f.Add(e.AppendProto(nil))
	l := testschemav1.Lists{Flags: []bool{true, false}, I32S: []int32{-1}, LooseFixed: []uint64{1}, Doubles: []float64{1}}
	f.Add(l.AppendProto(nil))
	f.Add([]byte{0x0b, 0x0c, 0x0b})
	names := []protoreflect.FullName{"internal.testschema.v1.Everything", "internal.testschema.v1.Lists", "internal.testschema.v1.Scalars", "internal.testschema.v1.Names"}
	f.Fuzz(func(t *testing.T, enc []byte) {
		for _, name := range names {
			m := kindsOfMessages[name]()
			err := m.UnmarshalProto(enc)
			if err != nil && !errors.Is(err, schema.ErrMessage) {
				t.Errorf("%v does not wrap ErrMessage", err)
			}
			want := dynamicpb.NewMessage(descriptors()[name])
			stock := proto.UnmarshalOptions{RecursionLimit: schema.MaxDepth, DiscardUnknown: true}.Unmarshal(enc, want)
			if (err == nil) != (stock == nil) {
				t.Fatalf("%s: generated %v, stock %v", name, err, stock)
			}
			if err != nil {
				continue
			}
			got := dynamicpb.NewMessage(descriptors()[name])
			if err := proto.Unmarshal(m.AppendProto(nil), got); err != nil {
				t.Fatal(err)
			}
			if !proto.Equal(got, want) {
				t.Fatalf("%s: generated %v, stock %v", name, got, want)
			}
		}
	})
}
