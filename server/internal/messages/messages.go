// Package messages knows the messages that rooms and backends send each other, of all kinds of
// rooms of a server, and turns them from JSON into what rooms read and back.
package messages

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/world"
)

// Catalogue has the messages of several kinds. It does not change, and may be used from any
// goroutine.
type Catalogue struct {
	names map[string]*Type
	kinds map[string]map[uint32]*Type
}

// Type is a type of messages.
type Type struct {
	// Name is its full name, ID the one in its schema.
	Name string
	ID   uint32
	// Kinds are the kinds of rooms whose schema has it, in order.
	Kinds []string
	// New returns an empty message of the type.
	New func() schema.Posted

	desc protoreflect.MessageDescriptor
}

// New returns the messages of kinds. The error says whose schema can't be read.
func New(kinds []*world.Kind) (*Catalogue, error) {
	c := &Catalogue{names: map[string]*Type{}, kinds: map[string]map[uint32]*Type{}}
	for _, k := range kinds {
		if err := c.add(k); err != nil {
			return nil, fmt.Errorf("messages: kind %s: %w", k.Name, err)
		}
	}
	return c, nil
}

func (c *Catalogue) add(k *world.Kind) error {
	s := k.Schema
	if len(s.Messages) == 0 {
		return nil
	}
	if s.Descriptor == nil {
		return errors.New("its schema has messages and no descriptor; generate its code again")
	}
	set := new(descriptorpb.FileDescriptorSet)
	if err := proto.Unmarshal(s.Descriptor(), set); err != nil {
		return fmt.Errorf("the descriptor of its schema: %w", err)
	}
	files, err := protodesc.NewFiles(set)
	if err != nil {
		return fmt.Errorf("the descriptor of its schema: %w", err)
	}
	of := map[uint32]*Type{}
	for _, m := range s.Messages {
		t := c.names[m.Name]
		if t == nil {
			d, err := files.FindDescriptorByName(protoreflect.FullName(m.Name))
			if err != nil {
				return fmt.Errorf("message %s is not in the descriptor of its schema: %w", m.Name, err)
			}
			desc, ok := d.(protoreflect.MessageDescriptor)
			if !ok {
				return fmt.Errorf("%s is no message in the descriptor of its schema", m.Name)
			}
			t = &Type{Name: m.Name, ID: m.ID, New: m.New, desc: desc}
			c.names[m.Name] = t
		}
		if t.ID != m.ID {
			return fmt.Errorf("message %s has the id %d, and in the schema of kind %s %d", m.Name, m.ID, t.Kinds[0], t.ID)
		}
		t.Kinds = append(t.Kinds, k.Name)
		slices.Sort(t.Kinds)
		of[m.ID] = t
	}
	c.kinds[k.Name] = of
	return nil
}

// Find returns a type by its full name, nil if there is none.
func (c *Catalogue) Find(name string) *Type { return c.names[name] }

// Of returns the type of a kind's messages with an id, nil if there is none.
func (c *Catalogue) Of(kind string, id uint32) *Type { return c.kinds[kind][id] }

// Names returns the names of all types, or of those of a kind, in order.
func (c *Catalogue) Names(kind string) []string {
	if kind == "" {
		return slices.Sorted(maps.Keys(c.names))
	}
	var out []string
	for _, t := range c.kinds[kind] {
		out = append(out, t.Name)
	}
	slices.Sort(out)
	return out
}

// Of reports whether the messages of a kind are of the type, too.
func (t *Type) Of(kind string) bool { return slices.Contains(t.Kinds, kind) }

// FromJSON returns a message that is written in JSON, encoded. The error names the field that is
// wrong, and is fit for whoever wrote it.
func (t *Type) FromJSON(text []byte) ([]byte, error) {
	m := dynamicpb.NewMessage(t.desc)
	if err := protojson.Unmarshal(text, m); err != nil {
		return nil, t.wrong(err)
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(m)
}

// Canonical returns an encoded message in the one encoding that FromJSON has for it, too. The error
// says that it is none.
func (t *Type) Canonical(data []byte) ([]byte, error) {
	m := dynamicpb.NewMessage(t.desc)
	if err := proto.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("it is no %s: it can't be decoded", t.Name)
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(m)
}

// ToJSON returns an encoded message in JSON, with the names that proto3 gives the fields there.
func (t *Type) ToJSON(data []byte) (json.RawMessage, error) {
	m := dynamicpb.NewMessage(t.desc)
	if err := proto.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("it is no %s: %w", t.Name, err)
	}
	b, err := protojson.Marshal(m)
	if err != nil {
		return nil, err
	}
	// Its spaces are meant to differ from program to program.
	var out json.RawMessage
	err = json.Unmarshal(b, &out)
	return compact(out), err
}

func compact(b json.RawMessage) json.RawMessage {
	var v any
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return b
	}
	out, err := json.Marshal(v)
	if err != nil {
		return b
	}
	return out
}

// position is what the errors of protojson begin with; the place is that in a text that nobody has
// written.
var position = regexp.MustCompile(`^proto:\s*(\x{00a0}|\s)*(syntax error )?\(line \d+:\d+\):\s*`)

// wrong returns an error of protojson for people.
func (t *Type) wrong(err error) error {
	text := position.ReplaceAllString(err.Error(), "")
	text = strings.TrimLeft(strings.TrimPrefix(text, "proto:"), " \u00a0")
	if name, ok := strings.CutPrefix(text, "unknown field "); ok {
		return fmt.Errorf("%s has no field %s; its fields are: %s", t.Name, name, t.fields())
	}
	return fmt.Errorf("it is no %s: %s", t.Name, text)
}

// fields lists the fields of the type.
func (t *Type) fields() string {
	var names []string
	for i := range t.desc.Fields().Len() {
		names = append(names, t.desc.Fields().Get(i).JSONName())
	}
	return strings.Join(names, ", ")
}
