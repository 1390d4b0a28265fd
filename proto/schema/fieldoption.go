package schema

import (
	"fmt"
	"io"
	"math"
	"reflect"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// FieldOption is an option of a component's field that the welcome describes. It is
// declared twice: as a field of the message ComponentField of the frame protocol,
// which carries it, and as the field of the same name of Field, which holds it and
// whose tag `option:"shown only"` makes it ShownOnly. All else follows from these: descriptions, fingerprints, compatibility, generated code.
type FieldOption struct {
	// Name is that of the field of ComponentField, such as "wrap_steps".
	Name string
	// GoName is the same name in Go, such as "WrapSteps", which Field has too.
	GoName string
	// Number is the field's number in ComponentField.
	Number int
	// Integer is true for a whole number and false for a double.
	Integer bool
	// ShownOnly is true if the option only changes what a client shows: clients that
	// were built with another value can play on.
	ShownOnly bool

	desc  protoreflect.FieldDescriptor
	index []int // in Field
}

// firstOption is the number of the first field of ComponentField that is an option.
// Those before are what a field is: its number, name, kind, and whether it is repeated.
const firstOption = 5

var fieldOptions = readFieldOptions()

// FieldOptions returns the options of fields in the order of their numbers.
func FieldOptions() []FieldOption { return fieldOptions }

func readFieldOptions() []FieldOption {
	var out []FieldOption
	fields := (&tickroomv1.ComponentField{}).ProtoReflect().Descriptor().Fields()
	for n := protoreflect.FieldNumber(firstOption); ; n++ {
		d := fields.ByNumber(n)
		if d == nil {
			break
		}
		o := FieldOption{
			Name: string(d.Name()), Number: int(n), desc: d,
			Integer: d.Kind() == protoreflect.Uint32Kind,
		}
		for _, word := range strings.Split(o.Name, "_") {
			o.GoName += strings.ToUpper(word[:1]) + word[1:]
		}
		if !o.Integer && d.Kind() != protoreflect.DoubleKind {
			panic(fmt.Sprintf("schema: option %s is a %s: an option is a double or a uint32", o.Name, d.Kind()))
		}
		f, ok := reflect.TypeFor[Field]().FieldByName(o.GoName)
		if !ok {
			panic(fmt.Sprintf("schema: Field has no field %s for the option %s of ComponentField", o.GoName, o.Name))
		}
		o.index, o.ShownOnly = f.Index, f.Tag.Get("option") == "shown only"
		out = append(out, o)
	}
	if len(out)+firstOption-1 != fields.Len() {
		panic("schema: the numbers of ComponentField have a gap")
	}
	return out
}

// Value returns the option's value in f, 0 where it is not set.
func (o FieldOption) Value(f *Field) float64 {
	v := reflect.ValueOf(f).Elem().FieldByIndex(o.index)
	if v.CanUint() {
		return float64(v.Uint())
	}
	return v.Float()
}

// Set sets the option in f. A value that the field's Go type can't hold is cut off as by
// a conversion.
func (o FieldOption) Set(f *Field, value float64) {
	v := reflect.ValueOf(f).Elem().FieldByIndex(o.index)
	if v.CanUint() {
		v.SetUint(uint64(value))
		return
	}
	v.SetFloat(value)
}

// toProto sets the option in p as it is in f.
func (o FieldOption) toProto(f *Field, p *tickroomv1.ComponentField) {
	v := o.Value(f)
	if v == 0 {
		return
	}
	if o.Integer {
		p.ProtoReflect().Set(o.desc, protoreflect.ValueOfUint32(uint32(v)))
		return
	}
	p.ProtoReflect().Set(o.desc, protoreflect.ValueOfFloat64(v))
}

// fromProto sets the option in f as it is in p.
func (o FieldOption) fromProto(f *Field, p *tickroomv1.ComponentField) {
	v := p.ProtoReflect().Get(o.desc)
	if o.Integer {
		o.Set(f, float64(v.Uint()))
		return
	}
	o.Set(f, v.Float())
}

// lastBare is the number of the last option that is in the fingerprint of every schema,
// set or not. Later ones are in it with their names, and only where they are set, so that
// schemas without them keep their fingerprints.
const lastBare = 9

// print writes the option into a fingerprint.
func (o FieldOption) print(w io.Writer, f *Field) {
	v := o.Value(f)
	if o.Number > lastBare {
		if v == 0 {
			return
		}
		_, _ = fmt.Fprintf(w, " %s", o.Name)
	}
	if o.Integer {
		_, _ = fmt.Fprintf(w, " %d", uint64(v))
		return
	}
	_, _ = fmt.Fprintf(w, " %016x", math.Float64bits(v))
}
