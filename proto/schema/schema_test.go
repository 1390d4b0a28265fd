package schema_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	testschemav1 "github.com/tickroom/tickroom/proto/internal/testschema/gen"
	"github.com/tickroom/tickroom/proto/schema"
)

func TestProtoOfSchema(t *testing.T) {
	t.Parallel()
	for _, s := range []*schema.Schema{walkersv1.Schema, testschemav1.Schema} {
		p := s.Proto()
		back, err := schema.FromProto(p)
		if err != nil {
			t.Fatal(err)
		}
		if !proto.Equal(back.Proto(), p) {
			t.Errorf("%s: %v came back as %v", s.Package, p, back.Proto())
		}
		if err := s.Compatible(back); err != nil {
			t.Error(err)
		}
		if err := back.Compatible(s); err != nil {
			t.Error(err)
		}
		for _, c := range s.Components {
			b := back.Component(c.ID)
			if b.Nums != c.Nums || b.Blobs != c.Blobs || b.Plain != c.Plain || b.Mask != c.Mask {
				t.Errorf("component %s is laid out otherwise", c.Name)
			}
		}
	}
}

func TestFromProtoErrors(t *testing.T) {
	t.Parallel()
	comp := func(fields ...*tickroomv1.ComponentField) []*tickroomv1.Component {
		return []*tickroomv1.Component{{Id: 1, Name: "C", Fields: fields}}
	}
	for _, tt := range []struct {
		comps []*tickroomv1.Component
		want  string
	}{
		{comp(&tickroomv1.ComponentField{Number: 0, Name: "f", Kind: 1}), "number 0 is not ascending"},
		{comp(&tickroomv1.ComponentField{Number: 65, Name: "f", Kind: 1}), "number 65 is not ascending"},
		{comp(&tickroomv1.ComponentField{Number: 2, Kind: 1}, &tickroomv1.ComponentField{Number: 2, Kind: 1}), "number 2 is not ascending"},
		{comp(&tickroomv1.ComponentField{Number: 1, Name: "f"}), "unknown kind 0"},
		{comp(&tickroomv1.ComponentField{Number: 1, Name: "f", Kind: 12}), "unknown kind 12"},
		{comp(&tickroomv1.ComponentField{Number: 1, Name: "f", Kind: 1, Smooth: 3}), "unknown smoothing 3"},
		{append(comp(), comp()...), "two components with id 1"},
		{make([]*tickroomv1.Component, schema.MaxComponents+1), "65 components"},
	} {
		if _, err := schema.FromProto(&tickroomv1.Schema{Components: tt.comps}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %q", err, tt.want)
		}
	}
}

// base returns a schema to change things in.
func base() *schema.Schema {
	return &schema.Schema{
		Components: []*schema.Component{
			schema.NewComponent(1, "A",
				schema.Field{Number: 1, Name: "x", Kind: schema.Quantised, Step: 0.5, Min: -1, Max: 1},
				schema.Field{Number: 2, Name: "n", Kind: schema.Uint}),
			schema.NewComponent(2, "B"),
		},
		Events:   []schema.EventInfo{{ID: 1, Name: "E"}},
		Commands: []schema.CommandInfo{{ID: 1, Name: "Q", Reply: "R"}},
		Input:    "I",
	}
}

func TestCompatibleAndFingerprint(t *testing.T) {
	t.Parallel()
	x := func(f schema.Field) func(*schema.Schema) {
		return func(s *schema.Schema) {
			s.Components[0] = schema.NewComponent(1, "A", f, s.Components[0].Fields[1])
		}
	}
	was := base().Fingerprint()
	if was != base().Fingerprint() {
		t.Fatal("the same schema has two fingerprints")
	}
	for _, tt := range []struct {
		name   string
		change func(*schema.Schema) // of the server's schema
		want   string               // "" for compatible
	}{
		{"a new field", func(s *schema.Schema) {
			s.Components[1] = schema.NewComponent(2, "B", schema.Field{Number: 1, Name: "new", Kind: schema.Bool})
		}, ""},
		{"a new component", func(s *schema.Schema) { s.Components = append(s.Components, schema.NewComponent(3, "C")) }, ""},
		{"a new name", x(schema.Field{Number: 1, Name: "y", Kind: schema.Quantised, Step: 0.5, Min: -1, Max: 1}), ""},
		{"smoothing", x(schema.Field{Number: 1, Name: "x", Kind: schema.Quantised, Step: 0.5, Min: -1, Max: 1, Smooth: schema.SmoothLinear}), ""},
		{"an event", func(s *schema.Schema) { s.Events[0].Reliable = true }, ""},
		{"a command", func(s *schema.Schema) { s.Commands[0].Reply = "" }, ""},
		{"the input", func(s *schema.Schema) { s.Input = "J" }, ""},
		{"a component less", func(s *schema.Schema) { s.Components = s.Components[:1] }, "the server has no component 2 (B)"},
		{"a field less", func(s *schema.Schema) { s.Components[0] = schema.NewComponent(1, "A", s.Components[0].Fields[1]) }, "component A: the server has no field 1 (x)"},
		{"another step", x(schema.Field{Number: 1, Name: "x", Kind: schema.Quantised, Step: 0.25, Min: -1, Max: 1}), "component A: field x: its step is 0.5 here, 0.25 on the server"},
		{"another range", x(schema.Field{Number: 1, Name: "x", Kind: schema.Quantised, Step: 0.5, Min: -1, Max: 2}), "component A: field x: its max is 1 here, 2 on the server"},
		{"a wrap", x(schema.Field{Number: 1, Name: "x", Kind: schema.Quantised, Step: 0.5, WrapSteps: 4}), "component A: field x"},
		{"another kind", x(schema.Field{Number: 1, Name: "x", Kind: schema.Float}), "component A: field x: kind"},
		{"repeated", x(schema.Field{Number: 1, Name: "x", Kind: schema.Quantised, Repeated: true, Step: 0.5, Min: -1, Max: 1}), "component A: field x: kind"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := base()
			tt.change(s)
			if s.Fingerprint() == was {
				t.Error("the fingerprint is what it was")
			}
			err := s.Compatible(base())
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	s := testschemav1.Schema
	if s.Component(4).Name != "Wide" || s.Component(77) != nil || s.Event(3).Name != "Bang" || s.Event(2) != nil || s.Command(7).Name != "Poke" || s.Command(3) != nil {
		t.Error("lookup by id")
	}
	c := s.Component(4)
	if c.Field(64).Name != "f64" || c.Field(0) != nil || c.Field(65) != nil || c.FieldByName("f7").Number != 7 || c.FieldByName("g") != nil {
		t.Error("lookup of fields")
	}
}

func TestNewComponentPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("numbers out of order were taken")
		}
	}()
	schema.NewComponent(1, "C", schema.Field{Number: 2, Kind: schema.Uint}, schema.Field{Number: 1, Kind: schema.Uint})
}

// TestFrozen: a schema in use keeps its fingerprint, or clients that have it
// are taken for others.
func TestFrozen(t *testing.T) {
	t.Parallel()
	const want = 0x31b665ed5aa4b7f6
	if got := walkersv1.Schema.Fingerprint(); got != want {
		t.Errorf("the fingerprint of walkers is %#x, was %#x: if the schema has changed, so must this test", got, uint64(want))
	}
}
