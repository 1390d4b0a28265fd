package gen

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tickroom/tickroom/proto/schema"
)

// infoVar returns the name of the variable with a component's description. It
// can't clash with the name of a message, which begins with a capital.
func (m *message) infoVar() string { return "component" + m.GoIdent.GoName }

// row writes what makes a message's struct a schema.Row.
func (w *writer) row(m *message) {
	name := m.GoIdent.GoName
	nums := 0
	w.P("var ", m.infoVar(), " = ", w.s("NewComponent"), "(", m.id, ", ", fmt.Sprintf("%q", m.name), ",")
	for _, f := range m.byNumber() {
		if !f.inBlob() {
			nums++
		}
		w.P(w.describe(f), ",")
	}
	w.P(")")
	w.P()
	w.P("// ComponentInfo gives the component's description.")
	w.P("func (*", name, ") ComponentInfo() *", w.s("Component"), " { return ", m.infoVar(), " }")
	w.P()

	w.P("// SameAs compares field by field, exactly: a NaN differs from itself.")
	w.P("func (m *", name, ") SameAs(o *", name, ") bool {")
	var same []string
	for _, f := range m.byNumber() {
		same = append(same, w.sameField(f))
	}
	if len(same) == 0 {
		same = []string{"true"}
	}
	w.P("return ", strings.Join(same, " &&\n"))
	w.P("}")
	w.P()

	w.P("// StoreCells writes the row's quantised values. Blobs' memory is used again.")
	w.P("func (m *", name, ") StoreCells(c ", w.s("Cells"), ") {")
	if nums > 0 {
		w.P("n := (*[", nums, "]int64)(c.Nums)")
	}
	for _, f := range m.byNumber() {
		w.storeField(f)
	}
	w.P("}")
	w.P()

	w.P("// LoadCells sets the row from its cells. Strings and slices are copied.")
	w.P("func (m *", name, ") LoadCells(c ", w.s("Cells"), ") {")
	if nums > 0 {
		w.P("n := (*[", nums, "]int64)(c.Nums)")
	}
	for _, f := range m.byNumber() {
		w.loadField(f)
	}
	w.P("}")
	w.P()
}

// describe returns the literal of a field's description.
func (w *writer) describe(f *field) string {
	s := fmt.Sprintf("%s{Number: %d, Name: %q, Kind: %s", w.s("Field"), f.Desc.Number(), f.Desc.Name(), w.s(kindNames[f.kind]))
	if f.Desc.IsList() {
		s += ", Repeated: true"
	}
	for _, o := range schema.FieldOptions() {
		if v := f.option(o.Name); v != 0 {
			s += ", " + o.GoName + ": " + optionNumber(o, v)
		}
	}
	return s + "}"
}

func (w *writer) sameField(f *field) string {
	a, b := "m."+f.goName, "o."+f.goName
	switch {
	case f.Desc.IsList() && f.kind == schema.Bytes:
		return w.std("slices", "EqualFunc") + "(" + a + ", " + b + ", " + w.std("bytes", "Equal") + ")"
	case f.Desc.IsList():
		return w.std("slices", "Equal") + "(" + a + ", " + b + ")"
	case f.kind == schema.Bytes:
		return w.std("bytes", "Equal") + "(" + a + ", " + b + ")"
	}
	return a + " == " + b
}

func (w *writer) storeField(f *field) {
	v := "m." + f.goName
	blob := fmt.Sprintf("c.Blobs[%d]", f.cell)
	switch {
	case !f.inBlob():
		w.P("n[", f.cell, "] = ", w.toCell(f, v))
	case !f.Desc.IsList() && f.kind == schema.String:
		w.P(blob, " = append(", blob, "[:0], ", w.s("ValidText"), "(", v, ")...)")
	case !f.Desc.IsList():
		w.P(blob, " = append(", blob, "[:0], ", v, "...)")
	default:
		w.P("{")
		w.P("cell := ", blob, "[:0]")
		w.P("for _, v := range ", v, " {")
		switch f.kind {
		case schema.String:
			w.P("cell = ", w.s("AppendItem"), "(cell, ", w.s("ValidText"), "(v))")
		case schema.Bytes:
			w.P("cell = ", w.s("AppendItem"), "(cell, v)")
		default:
			w.P("cell = ", w.s("AppendNum"), "(cell, ", w.toCell(f, "v"), ")")
		}
		w.P("}")
		w.P(blob, " = cell")
		w.P("}")
	}
}

// toCell returns the expression of a value's cell.
func (w *writer) toCell(f *field, v string) string {
	switch f.kind {
	case schema.Quantised:
		if f.Desc.Kind() == protoreflect.FloatKind {
			v = "float64(" + v + ")"
		}
		o := f.info()
		perStep := number(1 / o.Step)
		if o.WrapSteps != 0 {
			return fmt.Sprintf("%s(%s, %s, %d)", w.s("QuantiseWrap"), v, perStep, o.WrapSteps)
		}
		return fmt.Sprintf("%s(%s, %s, %s, %s)", w.s("Quantise"), v, perStep, number(o.Min), number(o.Max))
	case schema.Bool:
		return w.s("BoolCell") + "(" + v + ")"
	case schema.Float:
		return w.s("FloatCell") + "(" + v + ")"
	case schema.Double:
		return w.s("DoubleCell") + "(" + v + ")"
	case schema.Int64:
		return v
	}
	return "int64(" + v + ")"
}

func (w *writer) loadField(f *field) {
	v := "m." + f.goName
	blob := fmt.Sprintf("c.Blobs[%d]", f.cell)
	elem := f.elemType(w.GeneratedFile)
	switch {
	case !f.inBlob():
		w.P(v, " = ", w.fromCell(f, fmt.Sprintf("n[%d]", f.cell)))
	case !f.Desc.IsList() && f.kind == schema.String:
		w.P("if ", v, " != string(", blob, ") { // the comparison copies nothing")
		w.P(v, " = string(", blob, ")")
		w.P("}")
	case !f.Desc.IsList():
		w.P(v, " = append([]byte(nil), ", blob, "...)")
	case f.kind == schema.String || f.kind == schema.Bytes:
		w.P(v, " = nil")
		w.P("for rest := ", blob, "; len(rest) > 0; {")
		w.P("var item []byte")
		w.P("item, rest = ", w.s("NextItem"), "(rest)")
		if f.kind == schema.String {
			w.P(v, " = append(", v, ", string(item))")
		} else {
			w.P(v, " = append(", v, ", append([]byte(nil), item...))")
		}
		w.P("}")
	default:
		w.P(v, " = nil")
		w.P("if k := ", w.s("NumLen"), "(", blob, "); k > 0 {")
		w.P(v, " = make([]", elem, ", k)")
		w.P("for i := range ", v, " {")
		w.P(v, "[i] = ", w.fromCell(f, w.s("NumAt")+"("+blob+", i)"))
		w.P("}")
		w.P("}")
	}
}

// fromCell returns the expression of the value that a cell stands for.
func (w *writer) fromCell(f *field, cell string) string {
	switch f.kind {
	case schema.Quantised:
		o, lo := f.info(), 0.0
		if o.Max > o.Min {
			lo = o.Min
		}
		s := fmt.Sprintf("%s(%s, %s, %s)", w.s("Dequantise"), cell, number(o.Step), number(lo))
		if f.Desc.Kind() == protoreflect.FloatKind {
			return "float32(" + s + ")"
		}
		return s
	case schema.Bool:
		return cell + " != 0"
	case schema.Float:
		return w.s("CellFloat") + "(" + cell + ")"
	case schema.Double:
		return w.s("CellDouble") + "(" + cell + ")"
	case schema.Int64:
		return cell
	}
	return f.elemType(w.GeneratedFile) + "(" + cell + ")"
}
