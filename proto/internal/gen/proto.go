package gen

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// appendProto writes the method that encodes a message.
func (w *writer) appendProto(m *message) {
	w.P("// AppendProto appends the message's protobuf encoding.")
	w.P("func (m *", m.GoIdent.GoName, ") AppendProto(b []byte) []byte {")
	if m.role != component {
		w.P("if m == nil { return b }")
	}
	for _, f := range m.byNumber() {
		v := "m." + f.goName
		switch {
		case f.Desc.IsPacked():
			w.P("if len(", v, ") > 0 {")
			if size, fixed := map[protowire.Type]int{protowire.Fixed32Type: 4, protowire.Fixed64Type: 8}[f.wireType()]; fixed {
				w.P("b = ", w.pb("AppendVarint"), "(append(b, ", f.tagBytes(protowire.BytesType), "), uint64(len(", v, "))*", size, ")")
				w.P("for _, v := range ", v, " {")
				w.appendValue(f, "v")
				w.P("}")
			} else {
				w.P("b = append(b, ", f.tagBytes(protowire.BytesType), ", 0)")
				w.P("at := len(b) - 1")
				w.P("for _, v := range ", v, " {")
				w.appendValue(f, "v")
				w.P("}")
				w.P("b = ", w.s("EndLength"), "(b, at)")
			}
		case f.Desc.IsList():
			w.P("for _, v := range ", v, " {")
			w.tagAndValue(f, "v")
		default:
			w.P("if ", w.present(f, v), " {")
			w.tagAndValue(f, v)
		}
		w.P("}")
	}
	w.P("return b")
	w.P("}")
	w.P()
}

// present returns the condition under which a single value is encoded.
func (w *writer) present(f *field, v string) string {
	switch f.Desc.Kind() {
	case protoreflect.BoolKind:
		return v
	case protoreflect.FloatKind: // a negative zero is not the zero value
		return w.std("math", "Float32bits") + "(" + v + ") != 0"
	case protoreflect.DoubleKind:
		return w.std("math", "Float64bits") + "(" + v + ") != 0"
	case protoreflect.StringKind:
		return v + ` != ""`
	case protoreflect.BytesKind:
		return "len(" + v + ") > 0"
	case protoreflect.MessageKind:
		return v + " != nil"
	}
	return v + " != 0"
}

func (w *writer) tagAndValue(f *field, v string) {
	if f.Desc.Kind() == protoreflect.MessageKind {
		w.P("b = append(b, ", f.tagBytes(protowire.BytesType), ", 0)")
		w.P("at := len(b) - 1")
		w.P("b = ", w.s("EndLength"), "(", v, ".AppendProto(b), at)")
		return
	}
	w.P("b = append(b, ", f.tagBytes(f.wireType()), ")")
	w.appendValue(f, v)
}

// appendValue appends one value without its tag.
func (w *writer) appendValue(f *field, v string) {
	var call string
	switch f.Desc.Kind() {
	case protoreflect.BoolKind:
		call = w.pb("AppendVarint") + "(b, uint64(" + w.s("BoolCell") + "(" + v + ")))"
	case protoreflect.EnumKind, protoreflect.Int32Kind, protoreflect.Int64Kind, protoreflect.Uint32Kind:
		call = w.pb("AppendVarint") + "(b, uint64(" + v + "))"
	case protoreflect.Uint64Kind:
		call = w.pb("AppendVarint") + "(b, " + v + ")"
	case protoreflect.Sint32Kind:
		call = w.pb("AppendVarint") + "(b, " + w.pb("EncodeZigZag") + "(int64(" + v + ")))"
	case protoreflect.Sint64Kind:
		call = w.pb("AppendVarint") + "(b, " + w.pb("EncodeZigZag") + "(" + v + "))"
	case protoreflect.FloatKind:
		call = w.pb("AppendFixed32") + "(b, " + w.std("math", "Float32bits") + "(" + v + "))"
	case protoreflect.DoubleKind:
		call = w.pb("AppendFixed64") + "(b, " + w.std("math", "Float64bits") + "(" + v + "))"
	case protoreflect.Fixed32Kind:
		call = w.pb("AppendFixed32") + "(b, " + v + ")"
	case protoreflect.Sfixed32Kind:
		call = w.pb("AppendFixed32") + "(b, uint32(" + v + "))"
	case protoreflect.Fixed64Kind:
		call = w.pb("AppendFixed64") + "(b, " + v + ")"
	case protoreflect.Sfixed64Kind:
		call = w.pb("AppendFixed64") + "(b, uint64(" + v + "))"
	case protoreflect.StringKind:
		call = w.pb("AppendString") + "(b, " + w.s("ValidText") + "(" + v + "))"
	case protoreflect.BytesKind:
		call = w.pb("AppendBytes") + "(b, " + v + ")"
	default:
		panic(fmt.Sprintf("gen: no encoding for a field of kind %v", f.Desc.Kind()))
	}
	w.P("b = ", call)
}

// unmarshalProto writes the methods that decode a message.
func (w *writer) unmarshalProto(m *message) {
	name := m.GoIdent.GoName
	w.P("// UnmarshalProto sets the message to what b encodes. Unknown fields are passed")
	w.P("// over. After an error, which wraps schema.ErrMessage, the message holds the")
	w.P("// fields up to the place of it.")
	w.P("func (m *", name, ") UnmarshalProto(b []byte) error {")
	w.P("*m = ", name, "{}")
	w.P("return m.mergeProto(", w.s("NewDecoder"), "(", fmt.Sprintf("%q", m.Desc.FullName()), ", b))")
	w.P("}")
	w.P()
	w.P("func (m *", name, ") mergeProto(d ", w.s("Decoder"), ") error {")
	w.P("for d.Next() {")
	w.P("switch d.Tag {")
	for _, f := range m.byNumber() {
		v := "m." + f.goName
		w.P("case ", f.Desc.Number(), "<<3 | ", int(f.wireType()), ":")
		switch {
		case f.Desc.Kind() == protoreflect.MessageKind && f.Desc.IsList():
			w.P("v := new(", f.Message.GoIdent, ")")
			w.P("d.Check(v.mergeProto(d.Nested(", fmt.Sprintf("%q", f.Message.Desc.FullName()), ")))")
			w.P(v, " = append(", v, ", v)")
		case f.Desc.Kind() == protoreflect.MessageKind:
			w.P("if ", v, " == nil { ", v, " = new(", f.Message.GoIdent, ") }")
			w.P("d.Check(", v, ".mergeProto(d.Nested(", fmt.Sprintf("%q", f.Message.Desc.FullName()), ")))")
		case f.Desc.IsList():
			w.P(v, " = append(", v, ", ", w.take(f, "d"), ")")
		default:
			w.P(v, " = ", w.take(f, "d"))
		}
		if f.Desc.IsList() && f.wireType() != protowire.BytesType {
			w.P("case ", f.Desc.Number(), "<<3 | ", int(protowire.BytesType), ":")
			w.P("p := d.Packed()")
			w.P("for p.More() { ", v, " = append(", v, ", ", w.take(f, "p"), ") }")
			w.P("d.Check(p.Err())")
		}
	}
	w.P("default:")
	w.P("d.Skip()")
	w.P("}")
	w.P("}")
	w.P("return d.Err()")
	w.P("}")
	w.P()
}

// take returns the expression that takes one value of a field off decoder d.
func (w *writer) take(f *field, d string) string {
	switch f.Desc.Kind() {
	case protoreflect.BoolKind:
		return d + ".Varint() != 0"
	case protoreflect.Sint32Kind:
		return d + ".Sint32()"
	case protoreflect.Sint64Kind:
		return d + ".Sint64()"
	case protoreflect.FloatKind:
		return d + ".Float()"
	case protoreflect.DoubleKind:
		return d + ".Double()"
	case protoreflect.Fixed32Kind:
		return d + ".Fixed32()"
	case protoreflect.Sfixed32Kind:
		return "int32(" + d + ".Fixed32())"
	case protoreflect.Fixed64Kind:
		return d + ".Fixed64()"
	case protoreflect.Sfixed64Kind:
		return "int64(" + d + ".Fixed64())"
	case protoreflect.StringKind:
		return d + ".Text()"
	case protoreflect.BytesKind:
		return d + ".Bytes()"
	case protoreflect.Uint64Kind:
		return d + ".Varint()"
	}
	return f.elemType(w.GeneratedFile) + "(" + d + ".Varint())"
}
