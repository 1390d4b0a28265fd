package gen

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/schema"
)

// Numbers in a descriptor that lead to the place of an option in the source.
const (
	messageOptions = 7 // DescriptorProto.options
	fieldOptions   = 8 // FieldDescriptorProto.options

	optComponent = 50700
	optInput     = 50701
	optEvent     = 50702
	optCommand   = 50703
	optMessage   = 50704
	optField     = 50710
)

// checker gathers what is wrong with the request's files.
type checker struct {
	errs []error
}

func (c *checker) add(err error) { c.errs = append(c.errs, err) }

// at adds an error about a declaration, at one of its options if the path to one
// is given and the source has it.
func (c *checker) at(d protoreflect.Descriptor, option int32, format string, args ...any) {
	locs := d.ParentFile().SourceLocations()
	loc := locs.ByDescriptor(d)
	kind := "message"
	holder := int32(messageOptions)
	switch d.(type) {
	case protoreflect.FieldDescriptor:
		kind, holder = "field", fieldOptions
	case protoreflect.EnumDescriptor:
		kind = "enum"
	case protoreflect.OneofDescriptor:
		kind = "oneof"
	}
	if option != 0 && loc.Path != nil {
		for _, l := range source(locs) {
			if within(l.Path, loc.Path, holder, option) {
				loc = l
				break
			}
		}
	}
	name := strings.TrimPrefix(string(d.FullName()), string(d.ParentFile().Package())+".")
	c.add(fmt.Errorf("%s: %s %s: %s", position(d.ParentFile(), loc), kind, name, fmt.Sprintf(format, args...)))
}

// source returns the locations of a file in the order of its lines.
func source(locs protoreflect.SourceLocations) []protoreflect.SourceLocation {
	var all []protoreflect.SourceLocation
	for i := range locs.Len() {
		all = append(all, locs.Get(i))
	}
	slices.SortStableFunc(all, func(a, b protoreflect.SourceLocation) int {
		return cmp.Or(cmp.Compare(a.StartLine, b.StartLine), cmp.Compare(a.StartColumn, b.StartColumn))
	})
	return all
}

func within(path, parent protoreflect.SourcePath, holder, option int32) bool {
	n := len(parent)
	return len(path) >= n+2 && path[:n].Equal(parent) && path[n] == holder && path[n+1] == option
}

func position(f protoreflect.FileDescriptor, loc protoreflect.SourceLocation) string {
	if loc.Path == nil {
		return f.Path() // the request came without source positions
	}
	return fmt.Sprintf("%s:%d:%d", f.Path(), loc.StartLine+1, loc.StartColumn+1)
}

// syntax refuses what is not proto3.
func (c *checker) syntax(f *protogen.File) bool {
	if f.Desc.Syntax() == protoreflect.Proto3 {
		return true
	}
	loc := f.Desc.SourceLocations().ByPath(protoreflect.SourcePath{12})
	if loc.Path == nil {
		loc = f.Desc.SourceLocations().ByPath(protoreflect.SourcePath{14})
	}
	at := position(f.Desc, loc)
	if loc.Path == nil {
		at += ":1:1" // without a syntax, a file is proto2
	}
	c.add(fmt.Errorf("%s: the file's syntax is %s: schemas are written in proto3, begin it with syntax = \"proto3\";", at, f.Desc.Syntax()))
	return false
}

// message reads and checks what can be told from one message alone.
func (c *checker) message(pm *protogen.Message) *message {
	m := &message{
		Message: pm,
		name:    strings.TrimPrefix(string(pm.Desc.FullName()), string(pm.Desc.ParentFile().Package())+"."),
	}
	c.role(m)
	for _, oneof := range pm.Oneofs {
		if !oneof.Desc.IsSynthetic() {
			c.at(oneof.Desc, 0, "oneofs are not supported; use an enum that says which field counts")
		}
	}
	taken := map[string]bool{
		"AppendProto": true, "UnmarshalProto": true, "ComponentInfo": true, "SameAs": true,
		"StoreCells": true, "LoadCells": true, "EventID": true, "CommandID": true, "MessageID": true,
	}
	for _, pf := range pm.Fields {
		f := c.field(m, pf)
		for taken[f.goName] {
			f.goName += "_"
		}
		taken[f.goName] = true
		m.fields = append(m.fields, f)
	}
	if m.role == component {
		m.layOut()
	}
	return m
}

// layOut numbers the cells of a component's fields.
func (m *message) layOut() {
	nums, blobs := 0, 0
	for _, f := range m.byNumber() {
		if f.inBlob() {
			f.cell = blobs
			blobs++
		} else {
			f.cell = nums
			nums++
		}
	}
}

// role reads the options that make a message part of a schema.
func (c *checker) role(m *message) {
	pm, o := m.Message, m.Desc.Options()
	is := func(r role, option int32, id uint32) {
		if m.role != plain {
			c.at(pm.Desc, option, "it is the schema's %s already: a message has one role, so split it in two", m.role)
			return
		}
		m.role, m.id = r, id
		if id == 0 {
			c.at(pm.Desc, option, "its id is 0: %ss are numbered from 1", r)
		}
	}
	if proto.HasExtension(o, tickroomv1.E_Component) {
		is(component, optComponent, proto.GetExtension(o, tickroomv1.E_Component).(uint32))
	}
	if proto.GetExtension(o, tickroomv1.E_Input).(bool) {
		is(input, optInput, 1)
	}
	if proto.HasExtension(o, tickroomv1.E_Event) {
		e := proto.GetExtension(o, tickroomv1.E_Event).(*tickroomv1.Event)
		is(event, optEvent, e.GetId())
		m.reliable = e.GetReliable()
	}
	if proto.HasExtension(o, tickroomv1.E_Command) {
		cmd := proto.GetExtension(o, tickroomv1.E_Command).(*tickroomv1.Command)
		is(command, optCommand, cmd.GetId())
		m.replyName = cmd.GetReply()
	}
	if proto.HasExtension(o, tickroomv1.E_Message) {
		is(posted, optMessage, proto.GetExtension(o, tickroomv1.E_Message).(*tickroomv1.Message).GetId())
	}
}

// field reads and checks one field.
func (c *checker) field(m *message, pf *protogen.Field) *field {
	f := &field{Field: pf, goName: pf.GoName, kind: kinds[pf.Desc.Kind()]}
	d := pf.Desc
	switch {
	case d.IsMap():
		c.at(d, 0, "maps are not supported; use a repeated message with a key and a value")
		return f
	case d.HasOptionalKeyword():
		c.at(d, 0, "optional is not supported; leave the word out, or add a bool that says whether the value counts")
		return f
	case d.Kind() == protoreflect.GroupKind:
		c.at(d, 0, "groups are not supported; use a message")
		return f
	case d.Kind() == protoreflect.MessageKind && m.role == component:
		c.at(d, 0, "a component can't hold messages; put their fields into the component, or make them a component of their own")
		return f
	case d.Kind() == protoreflect.MessageKind && pf.Message.GoIdent.GoImportPath != pf.Parent.GoIdent.GoImportPath:
		c.at(d, 0, "%s is of another Go package; declare a message in this one", pf.Message.Desc.FullName())
		return f
	}
	if m.role == component && d.Number() > schema.MaxFieldNumber {
		c.at(d, 0, "its number is %d: a component's fields are numbered from 1 to %d", d.Number(), schema.MaxFieldNumber)
	}
	if !proto.HasExtension(d.Options(), tickroomv1.E_Field) {
		return f
	}
	if m.role != component {
		c.at(d, optField, "(tickroom.v1.field) is for fields of components, and %s is none; leave it out", m.name)
		return f
	}
	f.opt = proto.GetExtension(d.Options(), tickroomv1.E_Field).(*tickroomv1.Field)
	c.options(f)
	return f
}

// options checks a field's (tickroom.v1.field).
func (c *checker) options(f *field) {
	bad := func(format string, args ...any) { c.at(f.Desc, optField, format, args...) }
	if !f.numbers(bad) {
		return
	}
	f.quantisation(bad)
	f.smoothing(bad)
	if f.opt.GetStep() > 0 && f.isFloat() {
		f.kind = schema.Quantised
	}
}

func (f *field) isFloat() bool { return f.kind == schema.Float || f.kind == schema.Double }

// numbers reports whether the options that are numbers are finite, and set for floats
// alone.
func (f *field) numbers(bad func(format string, args ...any)) bool {
	for _, v := range []struct {
		name  string
		value float64
	}{{"step", f.opt.GetStep()}, {"min", f.opt.GetMin()}, {"max", f.opt.GetMax()}, {"wrap", f.opt.GetWrap()}} {
		if math.IsNaN(v.value) || math.IsInf(v.value, 0) {
			bad("%s is %g; use a finite number", v.name, v.value)
			return false
		}
		if v.value != 0 && !f.isFloat() {
			bad("%s is for float and double, and this is %s; leave it out, or make the field a float", v.name, f.typeName())
			return false
		}
	}
	return true
}

// quantisation checks step, min, max and wrap, and finds the number of steps round.
func (f *field) quantisation(bad func(format string, args ...any)) {
	step, lo, hi, wrap := f.opt.GetStep(), f.opt.GetMin(), f.opt.GetMax(), f.opt.GetWrap()
	switch {
	case step < 0:
		bad("step is %g; it must be positive", step)
	case step > 0 && math.IsInf(1/step, 0):
		bad("step is %g, which is too small", step)
	case wrap < 0:
		bad("wrap is %g; it must be positive", wrap)
	case wrap > 0 && step == 0:
		bad("wrap needs a step: say, step: %g for 256 steps round", wrap/256)
	case wrap > 0 && (lo != 0 || hi != 0):
		bad("wrap and a range exclude each other; leave min and max out")
	case wrap > 0:
		steps := math.Round(wrap / step)
		switch {
		case steps > 1<<31:
			bad("wrap is %g steps, more than 1<<31; use a larger step", steps)
		case steps < 2 || math.Abs(steps*step-wrap) > 1e-9*wrap:
			bad("step %v does not divide wrap %v into a whole number of steps, two or more: that is %v of them; try step: %v",
				step, wrap, wrap/step, wrap/max(steps, 2))
		default:
			f.derived = map[string]float64{"wrap_steps": steps}
		}
	case (lo != 0 || hi != 0) && step == 0:
		bad("min and max need a step")
	case lo > hi:
		bad("min %g is above max %g", lo, hi)
	case lo == hi && lo != 0:
		bad("min and max are both %g; a range needs max above min", lo)
	case hi > lo && !(math.Floor((hi-lo)*(1/step)+0.5) <= math.MaxUint32):
		bad("the range is %g steps, which do not fit 32 bits; use a larger step or a smaller range", (hi-lo)/step)
	}
}

// smoothing checks smooth.
func (f *field) smoothing(bad func(format string, args ...any)) {
	wrap := f.opt.GetWrap()
	switch s := f.opt.GetSmooth(); s {
	case tickroomv1.Smooth_SMOOTH_UNSPECIFIED:
	case tickroomv1.Smooth_SMOOTH_LINEAR, tickroomv1.Smooth_SMOOTH_ANGLE:
		switch {
		case f.Desc.IsList() || !f.isFloat():
			bad("smooth is for a single float or double, and this is %s; leave it out", f.typeName())
		case s == tickroomv1.Smooth_SMOOTH_ANGLE && wrap == 0:
			bad("SMOOTH_ANGLE needs a wrap; set one, or use SMOOTH_LINEAR")
		case s == tickroomv1.Smooth_SMOOTH_LINEAR && wrap != 0:
			bad("SMOOTH_LINEAR would go the long way round the wrap; use SMOOTH_ANGLE")
		}
	default:
		bad("smooth is %d, which this version does not know", s)
	}
}

// game checks what concerns several messages.
func (c *checker) game(g *game) {
	unique := func(ms []*message, option int32) {
		slices.SortStableFunc(ms, func(a, b *message) int { return cmp.Compare(a.id, b.id) })
		for i := 1; i < len(ms); i++ {
			if ms[i].id == ms[i-1].id && ms[i].id != 0 {
				c.at(ms[i].Desc, option, "%s %s has the id %d already; take another, and none that was ever used", ms[i].role, ms[i-1].name, ms[i].id)
			}
		}
	}
	unique(g.components, optComponent)
	unique(g.events, optEvent)
	unique(g.commands, optCommand)
	unique(g.posted, optMessage)
	for _, m := range g.commands {
		c.reply(g, m)
	}
	if !g.hasSchema() {
		return
	}
	pkg := g.files[0].Desc.Package()
	for _, f := range g.files {
		if f.Desc.Package() != pkg {
			c.add(fmt.Errorf("%s: package %s shares its Go package with package %s of %s; give each a go_package of its own", f.Desc.Path(), f.Desc.Package(), pkg, g.files[0].Desc.Path()))
		}
		for _, m := range f.messages {
			if m.GoIdent.GoName == "Schema" {
				c.at(m.Desc, 0, "the generated code has a variable Schema; use another name")
			}
		}
		for _, e := range f.enums {
			if e.GoIdent.GoName == "Schema" {
				c.at(e.Desc, 0, "the generated code has a variable Schema; use another name")
			}
		}
	}
}

// reply finds a command's reply: by its full name, or by the name it has seen
// from the command, like the type of a field.
func (c *checker) reply(g *game, m *message) {
	if m.replyName == "" {
		return
	}
	find := func(name protoreflect.FullName) *message {
		for pm, r := range g.messages {
			if pm.Desc.FullName() == name {
				return r
			}
		}
		return nil
	}
	if full, ok := strings.CutPrefix(m.replyName, "."); ok {
		m.reply = find(protoreflect.FullName(full))
	} else {
		for scope := m.Desc.FullName(); m.reply == nil; scope = scope.Parent() {
			if scope == "" {
				m.reply = find(protoreflect.FullName(m.replyName))
				break
			}
			m.reply = find(scope + "." + protoreflect.FullName(m.replyName))
		}
	}
	if m.reply == nil {
		c.at(m.Desc, optCommand, "there is no message %s in the package to reply with; declare it, or leave reply out", m.replyName)
	}
}

func (g *game) hasSchema() bool {
	return g.input != nil || len(g.components)+len(g.events)+len(g.commands)+len(g.posted) > 0
}
