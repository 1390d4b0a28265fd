// Package schema is what a game's generated code and the rest of tickroom agree
// on: how a component's fields are laid out in cells, how cells travel in the
// tables of the frame protocol, and how they are hashed.
//
// A row is kept twice. The game's own struct, with floats and strings, is what
// game code reads and writes. Its cells, integers and byte strings, are what is
// compared, sent, hashed and applied by a client: quantised once, in StoreCells,
// so that no two parties ever round differently.
//
// The package does not know worlds, rooms or connections.
package schema

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"strings"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// Kind is how a field's values travel; see the Kind enum of the frame protocol,
// whose numbers it shares.
type Kind uint8

// The kinds of field values.
const (
	Uint      = Kind(tickroomv1.Kind_KIND_UINT)
	Int       = Kind(tickroomv1.Kind_KIND_INT)
	Bool      = Kind(tickroomv1.Kind_KIND_BOOL)
	Enum      = Kind(tickroomv1.Kind_KIND_ENUM)
	Quantised = Kind(tickroomv1.Kind_KIND_QUANTISED)
	Int64     = Kind(tickroomv1.Kind_KIND_INT64)
	Uint64    = Kind(tickroomv1.Kind_KIND_UINT64)
	Float     = Kind(tickroomv1.Kind_KIND_FLOAT)
	Double    = Kind(tickroomv1.Kind_KIND_DOUBLE)
	String    = Kind(tickroomv1.Kind_KIND_STRING)
	Bytes     = Kind(tickroomv1.Kind_KIND_BYTES)
)

// Smooth is how a client shows a field between two snapshots.
type Smooth uint8

// The ways to smooth a field.
const (
	SmoothNone   = Smooth(tickroomv1.Smooth_SMOOTH_UNSPECIFIED)
	SmoothLinear = Smooth(tickroomv1.Smooth_SMOOTH_LINEAR)
	SmoothAngle  = Smooth(tickroomv1.Smooth_SMOOTH_ANGLE)
)

// MaxFieldNumber is the highest field number that a component may use, since a
// row's mask has a bit for each.
const MaxFieldNumber = 64

// Field describes one field of a component.
type Field struct {
	Number   int    // 1 to MaxFieldNumber
	Name     string // as in the schema
	Kind     Kind
	Repeated bool
	Smooth   Smooth `option:"shown only"`

	// Step, Min and Max quantise a float, as in the options of the schema. Max
	// not above Min means no range.
	Step, Min, Max float64
	// WrapSteps is the number of steps in a full turn, 0 for a field that does
	// not wrap.
	WrapSteps uint32

	// Cell is the field's index among the component's Nums, or among its Blobs
	// if InBlob says so. NewComponent sets it.
	Cell int
}

// InBlob reports whether the field's cell is a byte string: strings, bytes and
// everything repeated.
func (f *Field) InBlob() bool { return f.Repeated || f.Kind == String || f.Kind == Bytes }

// Signed reports whether an absolute value travels as a zigzag number.
func (f *Field) Signed() bool {
	switch f.Kind {
	case Int, Enum:
		return true
	case Quantised:
		return f.WrapSteps == 0 && f.Max <= f.Min
	}
	return false
}

// Value returns the number that a cell of the field stands for: the float of a
// quantised field, else the integer itself. Not for kinds Float and Double,
// whose cells hold bits.
func (f *Field) Value(cell int64) float64 {
	if f.Kind == Quantised {
		return Dequantise(cell, f.Step, f.Min)
	}
	return float64(cell)
}

// Component describes one component.
type Component struct {
	ID     uint32
	Name   string
	Fields []Field // by number

	Nums  int // numeric cells per row
	Blobs int // byte string cells per row
	// Plain is true if all values of a row are in the stream of rows.
	Plain bool
	// Mask has the bits of all fields.
	Mask uint64

	byNumber [MaxFieldNumber + 1]int8 // index into Fields plus one
	plans    [MaxFieldNumber]plan     // by number minus one
}

// plan is what the encoding of a number needs to know of its field, small enough
// for those of a component to stay in the cache.
type plan struct {
	wrap   uint32 // WrapSteps
	cell   uint8
	signed bool // as Field.Signed
	asIs   bool // a bool, which never travels as a difference
}

// NewComponent lays out the cells of a component. It panics on what the
// generator refuses: numbers out of range or not ascending.
func NewComponent(id uint32, name string, fields ...Field) *Component {
	c := &Component{ID: id, Name: name, Fields: fields, Plain: true}
	last := 0
	for i := range fields {
		f := &fields[i]
		if f.Number <= last || f.Number > MaxFieldNumber {
			panic(fmt.Sprintf("schema: component %s: field %s: number %d is not ascending within 1 to %d", name, f.Name, f.Number, MaxFieldNumber))
		}
		last = f.Number
		if f.InBlob() {
			f.Cell = c.Blobs
			c.Blobs++
		} else {
			f.Cell = c.Nums
			c.Nums++
		}
		switch f.Kind {
		case Int64, Uint64, Float, Double, String, Bytes:
			c.Plain = false
		}
		c.Mask |= 1 << (f.Number - 1)
		c.byNumber[f.Number] = int8(i + 1)
		c.plans[f.Number-1] = plan{wrap: f.WrapSteps, cell: uint8(f.Cell), signed: f.Signed(), asIs: f.Kind == Bool}
	}
	return c
}

// Field returns the field with a number, or nil.
func (c *Component) Field(number int) *Field {
	if number < 1 || number > MaxFieldNumber || c.byNumber[number] == 0 {
		return nil
	}
	return &c.Fields[c.byNumber[number]-1]
}

// FieldByName returns the field with a name, or nil.
func (c *Component) FieldByName(name string) *Field {
	for i := range c.Fields {
		if c.Fields[i].Name == name {
			return &c.Fields[i]
		}
	}
	return nil
}

// NewCells makes the cells of one row.
func (c *Component) NewCells() Cells {
	return Cells{Nums: make([]int64, c.Nums), Blobs: make([][]byte, c.Blobs)}
}

// Message is what generated structs have in common: the standard protobuf
// encoding, written and read without reflection.
type Message interface {
	// AppendProto appends the message's encoding.
	AppendProto(b []byte) []byte
	// UnmarshalProto sets the message to what b encodes. Unknown fields are
	// passed over.
	UnmarshalProto(b []byte) error
}

// Row is what the generator adds to a component's struct T.
type Row[T any] interface {
	*T
	Message
	// ComponentInfo returns the component's description.
	ComponentInfo() *Component
	// SameAs compares field by field, exactly: a NaN differs from itself.
	SameAs(*T) bool
	// StoreCells writes the row's quantised values. Blobs' memory is used again.
	StoreCells(Cells)
	// LoadCells sets the row from its cells. Strings and slices are copied.
	LoadCells(Cells)
}

// Event is what the generator adds to an event's struct.
type Event interface {
	Message
	// EventID returns the event's id in the schema, and whether it is reliable.
	EventID() (id uint32, reliable bool)
}

// Command is what the generator adds to a command's struct.
type Command interface {
	Message
	// CommandID returns the command's id in the schema.
	CommandID() uint32
}

// Posted is what the generator adds to the struct of a message that rooms and backends send each
// other.
type Posted interface {
	Message
	// MessageID returns the message's id in the schema.
	MessageID() uint32
}

// EventInfo describes an event.
type EventInfo struct {
	ID       uint32
	Name     string
	Reliable bool
	New      func() Event
}

// CommandInfo describes a command.
type CommandInfo struct {
	ID       uint32
	Name     string
	Reply    string         // name of the reply's message, "" for none
	New      func() Command // a new, empty command
	NewReply func() Message // a new, empty reply; nil for none
}

// MessageInfo describes a message that rooms and backends send each other.
type MessageInfo struct {
	ID   uint32
	Name string        // in full, with the package's
	New  func() Posted // a new, empty message
}

// Schema describes a game: one package of messages.
type Schema struct {
	Package    string
	Components []*Component // by id
	Events     []EventInfo
	Commands   []CommandInfo
	Input      string         // name of the input message, "" for none
	NewInput   func() Message // a new, empty input; nil for none

	// Messages are those that rooms and backends send each other, by id. Clients know nothing
	// of them, so that the fingerprint has none of them.
	Messages []MessageInfo
	// Descriptor returns the game's files as an encoded google.protobuf.FileDescriptorSet, by
	// which servers turn JSON into messages and messages into JSON. nil if there are no Messages.
	Descriptor func() []byte
}

// Component returns the component with an id, or nil.
func (s *Schema) Component(id uint32) *Component {
	for _, c := range s.Components {
		if c.ID == id {
			return c
		}
	}
	return nil
}

// Event returns the event with an id, or nil.
func (s *Schema) Event(id uint32) *EventInfo {
	for i := range s.Events {
		if s.Events[i].ID == id {
			return &s.Events[i]
		}
	}
	return nil
}

// Command returns the command with an id, or nil.
func (s *Schema) Command(id uint32) *CommandInfo {
	for i := range s.Commands {
		if s.Commands[i].ID == id {
			return &s.Commands[i]
		}
	}
	return nil
}

// Message returns the message with an id that rooms and backends send each other, or nil.
func (s *Schema) Message(id uint32) *MessageInfo {
	for i := range s.Messages {
		if s.Messages[i].ID == id {
			return &s.Messages[i]
		}
	}
	return nil
}

// Fingerprint returns a number that changes whenever something of the schema does
// that both sides must agree on. It is the 64-bit FNV-1a hash of FingerprintText.
func (s *Schema) Fingerprint() uint64 {
	h := fnv.New64a()
	s.describe(h)
	return h.Sum64()
}

// FingerprintText returns the description of the schema whose hash Fingerprint is, line
// by line, as docs/protocol.md has it. It is for those who look for the line that differs.
func (s *Schema) FingerprintText() string {
	var b strings.Builder
	s.describe(&b)
	return b.String()
}

func (s *Schema) describe(h io.Writer) {
	for _, c := range s.Components {
		_, _ = fmt.Fprintf(h, "c %d %s\n", c.ID, c.Name)
		for i := range c.Fields {
			f := &c.Fields[i]
			_, _ = fmt.Fprintf(h, "f %d %s %d %t", f.Number, f.Name, f.Kind, f.Repeated)
			for _, o := range fieldOptions {
				o.print(h, f)
			}
			_, _ = fmt.Fprintln(h)
		}
	}
	for _, e := range s.Events {
		_, _ = fmt.Fprintf(h, "e %d %s %t\n", e.ID, e.Name, e.Reliable)
	}
	for _, c := range s.Commands {
		_, _ = fmt.Fprintf(h, "q %d %s %s\n", c.ID, c.Name, c.Reply)
	}
	_, _ = fmt.Fprintf(h, "i %s\n", s.Input)
}

// Proto returns the schema's components as a welcome carries them.
func (s *Schema) Proto() *tickroomv1.Schema {
	p := &tickroomv1.Schema{}
	for _, c := range s.Components {
		pc := &tickroomv1.Component{Id: c.ID, Name: c.Name}
		for i := range c.Fields {
			f := &c.Fields[i]
			pf := &tickroomv1.ComponentField{Number: uint32(f.Number), Name: f.Name, Kind: tickroomv1.Kind(f.Kind), Repeated: f.Repeated}
			for _, o := range fieldOptions {
				o.toProto(f, pf)
			}
			pc.Fields = append(pc.Fields, pf)
		}
		p.Components = append(p.Components, pc)
	}
	return p
}

// MaxComponents is how many components a schema may have whose rows travel.
const MaxComponents = 64

// FromProto reads a schema's components as a welcome carries them. It returns an
// error that names what is wrong with a description that can't be used.
func FromProto(p *tickroomv1.Schema) (*Schema, error) {
	s := &Schema{}
	if n := len(p.GetComponents()); n > MaxComponents {
		return nil, fmt.Errorf("schema: the server describes %d components; there are at most %d", n, MaxComponents)
	}
	for _, pc := range p.GetComponents() {
		var fields []Field
		last := uint32(0)
		for _, f := range pc.GetFields() {
			if f.GetNumber() <= last || f.GetNumber() > MaxFieldNumber {
				return nil, fmt.Errorf("schema: component %s: field %s: number %d is not ascending within 1 to %d", pc.GetName(), f.GetName(), f.GetNumber(), MaxFieldNumber)
			}
			last = f.GetNumber()
			if f.GetKind() < tickroomv1.Kind_KIND_UINT || f.GetKind() > tickroomv1.Kind_KIND_BYTES {
				return nil, fmt.Errorf("schema: component %s: field %s: unknown kind %d; this client is too old", pc.GetName(), f.GetName(), f.GetKind())
			}
			if f.GetSmooth() > uint32(SmoothAngle) {
				return nil, fmt.Errorf("schema: component %s: field %s: unknown smoothing %d; this client is too old", pc.GetName(), f.GetName(), f.GetSmooth())
			}
			field := Field{Number: int(f.GetNumber()), Name: f.GetName(), Kind: Kind(f.GetKind()), Repeated: f.GetRepeated()}
			for _, o := range fieldOptions {
				o.fromProto(&field, f)
			}
			fields = append(fields, field)
		}
		if s.Component(pc.GetId()) != nil {
			return nil, fmt.Errorf("schema: two components with id %d", pc.GetId())
		}
		s.Components = append(s.Components, NewComponent(pc.GetId(), pc.GetName(), fields...))
	}
	return s, nil
}

// Compatible reports whether a client built with schema old can play on a server
// with schema s: every component and field that old knows must be there and
// travel in the same way; s may have more. The error names the first difference.
func (s *Schema) Compatible(old *Schema) error {
	for _, oc := range old.Components {
		c := s.Component(oc.ID)
		if c == nil {
			return fmt.Errorf("schema: the server has no component %d (%s)", oc.ID, oc.Name)
		}
		for i := range oc.Fields {
			of := &oc.Fields[i]
			f := c.Field(of.Number)
			switch {
			case f == nil:
				return fmt.Errorf("schema: component %s: the server has no field %d (%s)", oc.Name, of.Number, of.Name)
			case f.Kind != of.Kind || f.Repeated != of.Repeated:
				return fmt.Errorf("schema: component %s: field %s: kind %d (repeated %t) here, %d (%t) on the server", oc.Name, of.Name, of.Kind, of.Repeated, f.Kind, f.Repeated)
			}
			for _, o := range fieldOptions {
				if a, b := o.Value(of), o.Value(f); a != b && !o.ShownOnly {
					return fmt.Errorf("schema: component %s: field %s: its %s is %g here, %g on the server", oc.Name, of.Name, o.Name, a, b)
				}
			}
		}
	}
	return nil
}

// Cells are the values of a row as they travel: one number per numeric field
// (integers, quantised floats; the bits of floats and doubles), one byte string
// per string, bytes or repeated field. A repeated field's byte string is made
// with AppendNum or AppendItem, value after value.
type Cells struct {
	Nums  []int64
	Blobs [][]byte
}

// AppendNum appends one number of a repeated field to its cell.
func AppendNum(cell []byte, v int64) []byte {
	return binary.LittleEndian.AppendUint64(cell, uint64(v))
}

// NumAt returns number i of a repeated field's cell.
func NumAt(cell []byte, i int) int64 { return int64(binary.LittleEndian.Uint64(cell[i*8:])) }

// NumLen returns the count of numbers in a repeated field's cell.
func NumLen(cell []byte) int { return len(cell) / 8 }

// AppendItem appends one string or byte string of a repeated field to its cell.
func AppendItem[S ~string | ~[]byte](cell []byte, s S) []byte {
	cell = binary.AppendUvarint(cell, uint64(len(s)))
	return append(cell, s...)
}

// NextItem splits the first item off a cell made with AppendItem.
func NextItem(cell []byte) (item, rest []byte) {
	n, k := binary.Uvarint(cell)
	if k <= 0 || uint64(len(cell)-k) < n {
		return nil, nil
	}
	return cell[k : k+int(n)], cell[k+int(n):]
}
