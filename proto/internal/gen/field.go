package gen

import (
	"strconv"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/schema"
)

type field struct {
	*protogen.Field
	goName string
	kind   schema.Kind // of a component's field; 0 for a message

	opt     *tickroomv1.Field  // nil for none
	derived map[string]float64 // options that clients are told and that follow from opt, by name
	cell    int
}

// info returns the field's description, as the generated code has it.
func (f *field) info() *schema.Field {
	d := &schema.Field{Number: int(f.Desc.Number()), Name: string(f.Desc.Name()), Kind: f.kind, Repeated: f.Desc.IsList()}
	for _, o := range schema.FieldOptions() {
		o.Set(d, f.option(o.Name))
	}
	return d
}

// option returns the value of an option that clients are told, by its name in
// ComponentField: what was derived, or the option of the same name in
// (tickroom.v1.field). It is 0 where neither is set.
func (f *field) option(name string) float64 {
	if v, ok := f.derived[name]; ok {
		return v
	}
	m := f.opt.ProtoReflect()
	d := m.Descriptor().Fields().ByName(protoreflect.Name(name))
	if d == nil {
		return 0
	}
	switch v := m.Get(d).Interface().(type) {
	case float64:
		return v
	case uint32:
		return float64(v)
	case protoreflect.EnumNumber:
		return float64(v)
	case bool:
		if v {
			return 1
		}
	}
	return 0
}

var kinds = map[protoreflect.Kind]schema.Kind{
	protoreflect.BoolKind:     schema.Bool,
	protoreflect.EnumKind:     schema.Enum,
	protoreflect.Int32Kind:    schema.Int,
	protoreflect.Sint32Kind:   schema.Int,
	protoreflect.Sfixed32Kind: schema.Int,
	protoreflect.Uint32Kind:   schema.Uint,
	protoreflect.Fixed32Kind:  schema.Uint,
	protoreflect.Int64Kind:    schema.Int64,
	protoreflect.Sint64Kind:   schema.Int64,
	protoreflect.Sfixed64Kind: schema.Int64,
	protoreflect.Uint64Kind:   schema.Uint64,
	protoreflect.Fixed64Kind:  schema.Uint64,
	protoreflect.FloatKind:    schema.Float,
	protoreflect.DoubleKind:   schema.Double,
	protoreflect.StringKind:   schema.String,
	protoreflect.BytesKind:    schema.Bytes,
}

var kindNames = map[schema.Kind]string{
	schema.Uint: "Uint", schema.Int: "Int", schema.Bool: "Bool", schema.Enum: "Enum",
	schema.Quantised: "Quantised", schema.Int64: "Int64", schema.Uint64: "Uint64",
	schema.Float: "Float", schema.Double: "Double", schema.String: "String", schema.Bytes: "Bytes",
}

func (f *field) inBlob() bool {
	return f.Desc.IsList() || f.kind == schema.String || f.kind == schema.Bytes
}

// typeName returns the field's type as the .proto file has it.
func (f *field) typeName() string {
	s := f.Desc.Kind().String()
	if f.Desc.IsList() {
		s = "repeated " + s
	}
	return s
}

// elemType returns the Go type of one value.
func (f *field) elemType(g *protogen.GeneratedFile) string {
	switch f.Desc.Kind() {
	case protoreflect.BoolKind:
		return "bool"
	case protoreflect.EnumKind:
		return g.QualifiedGoIdent(f.Enum.GoIdent)
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return "int32"
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return "uint32"
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return "int64"
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return "uint64"
	case protoreflect.FloatKind:
		return "float32"
	case protoreflect.DoubleKind:
		return "float64"
	case protoreflect.StringKind:
		return "string"
	case protoreflect.BytesKind:
		return "[]byte"
	}
	return "*" + g.QualifiedGoIdent(f.Message.GoIdent)
}

func (f *field) goType(g *protogen.GeneratedFile) string {
	if f.Desc.IsList() {
		return "[]" + f.elemType(g)
	}
	return f.elemType(g)
}

// wireType returns the wire type of one value that is not packed.
func (f *field) wireType() protowire.Type {
	switch f.Desc.Kind() {
	case protoreflect.FloatKind, protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind:
		return protowire.Fixed32Type
	case protoreflect.DoubleKind, protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind:
		return protowire.Fixed64Type
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind:
		return protowire.BytesType
	}
	return protowire.VarintType
}

// tag returns the number that stands before a value of a wire type.
func (f *field) tag(t protowire.Type) uint64 { return protowire.EncodeTag(f.Desc.Number(), t) }

// tagBytes returns the tag as the last arguments of an append.
func (f *field) tagBytes(t protowire.Type) string {
	var s []string
	for _, c := range protowire.AppendVarint(nil, f.tag(t)) {
		s = append(s, "0x"+strconv.FormatUint(uint64(c), 16))
	}
	return strings.Join(s, ", ")
}

// number writes a float constant.
func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// optionNumber writes the value of an option that clients are told.
func optionNumber(o schema.FieldOption, v float64) string {
	if o.Integer {
		return strconv.FormatUint(uint64(v), 10)
	}
	return number(v)
}
