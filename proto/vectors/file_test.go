// Package vectors holds the test vectors of the frame protocol, frames.txt, and those of
// frames in parts, parts.txt, and the tests that make them and hold every decoder here
// against them.
//
// go test ./proto/vectors -update writes the files anew.
package vectors

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tickroom/tickroom/proto/schema"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

const (
	fileName  = "frames.txt"
	partsFile = "parts.txt"
)

// sequence is a schema and the frames that a client with it is sent.
type sequence struct {
	name   string
	schema *tickroomv1.Schema
	about  string
	frames []*frame
}

// frame is one message and what a client must make of it.
type frame struct {
	name   string // sequence/number
	about  string
	bytes  []byte
	client bool // from a client

	refused string   // why it must be refused; the client's state stays as it was before
	want    []string // the lines that say what is so after it
}

// write returns a sequence as it stands in the file.
func (s *sequence) write(b *strings.Builder) {
	fmt.Fprintf(b, "sequence: %s\n", s.name)
	about(b, s.about)
	for _, c := range s.schema.GetComponents() {
		fmt.Fprintf(b, "component: %d %s\n", c.GetId(), c.GetName())
		for _, f := range c.GetFields() {
			fmt.Fprintf(b, "field: %s\n", fieldText(f))
		}
	}
	for _, f := range s.frames {
		b.WriteString("\n")
		b.WriteString(f.text())
	}
	b.WriteString("\n\n")
}

func (f *frame) text() string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "frame: %s\n", f.name)
	about(b, f.about)
	for _, l := range annotate(f.bytes, f.client) {
		fmt.Fprintf(b, "hex: %s\n", l)
	}
	if f.refused != "" {
		fmt.Fprintf(b, "refused: %s\n", f.refused)
	}
	for _, l := range f.want {
		fmt.Fprintln(b, l)
	}
	return b.String()
}

// about writes text in lines of a width that reads well.
func about(b *strings.Builder, text string) {
	line := "about:"
	for _, w := range strings.Fields(text) {
		if len(line)+1+len(w) > 100 {
			fmt.Fprintln(b, line)
			line = "about:"
		}
		line += " " + w
	}
	if line != "about:" {
		fmt.Fprintln(b, line)
	}
}

func fieldText(f *tickroomv1.ComponentField) string {
	s := fmt.Sprintf("%d %s %s", f.GetNumber(), f.GetName(), kindName(f.GetKind()))
	if f.GetRepeated() {
		s += " repeated"
	}
	m := f.ProtoReflect()
	for _, o := range schema.FieldOptions() {
		d := m.Descriptor().Fields().ByName(protoreflect.Name(o.Name))
		if v := m.Get(d); m.Has(d) && o.Integer {
			s += fmt.Sprintf(" %s=%d", o.Name, v.Uint())
		} else if m.Has(d) {
			s += " " + o.Name + "=" + strconv.FormatFloat(v.Float(), 'f', -1, 64)
		}
	}
	return s
}

func kindName(k tickroomv1.Kind) string {
	return strings.ToLower(strings.TrimPrefix(k.String(), "KIND_"))
}

// parse reads the file as any client's tests would.
func parse(text string) ([]*sequence, error) {
	var all []*sequence
	var s *sequence
	var f *frame
	sc := bufio.NewScanner(strings.NewReader(text))
	sc.Buffer(nil, 1<<20)
	for n := 1; sc.Scan(); n++ {
		line := sc.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, _ := strings.Cut(line, ": ")
		if s == nil && key != "sequence" || f == nil && (key == "hex" || key == "refused") {
			return nil, fmt.Errorf("line %d: %q is out of place", n, key)
		}
		switch key {
		case "sequence":
			s, f = &sequence{name: value, schema: &tickroomv1.Schema{}}, nil
			all = append(all, s)
		case "about":
			if f == nil {
				s.about = strings.TrimSpace(s.about + " " + value)
			} else {
				f.about = strings.TrimSpace(f.about + " " + value)
			}
		case "component":
			id, name, _ := strings.Cut(value, " ")
			v, err := strconv.ParseUint(id, 10, 32)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			s.schema.Components = append(s.schema.Components, &tickroomv1.Component{Id: uint32(v), Name: name})
		case "field":
			field, err := parseField(value)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			c := s.schema.GetComponents()[len(s.schema.GetComponents())-1]
			c.Fields = append(c.Fields, field)
		case "frame":
			f = &frame{name: value}
			s.frames = append(s.frames, f)
		case "hex":
			digits, _, _ := strings.Cut(value, "#")
			b, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			f.bytes = append(f.bytes, b...)
		case "refused":
			f.refused = value
		default:
			f.client = f.client || key == "client"
			f.want = append(f.want, line)
		}
	}
	return all, sc.Err()
}

func parseField(s string) (*tickroomv1.ComponentField, error) {
	w := strings.Fields(s)
	if len(w) < 3 {
		return nil, fmt.Errorf("field %q: want number, name and kind", s)
	}
	n, err := strconv.ParseUint(w[0], 10, 32)
	if err != nil {
		return nil, err
	}
	f := &tickroomv1.ComponentField{Number: uint32(n), Name: w[1], Kind: tickroomv1.Kind(tickroomv1.Kind_value["KIND_"+strings.ToUpper(w[2])])}
	for _, o := range w[3:] {
		name, value, _ := strings.Cut(o, "=")
		if name == "repeated" {
			f.Repeated = true
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(schema.FieldOptions(), func(o schema.FieldOption) bool { return o.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("field %q: unknown option %q", s, name)
		}
		m := f.ProtoReflect()
		d := m.Descriptor().Fields().ByName(protoreflect.Name(name))
		if schema.FieldOptions()[i].Integer {
			m.Set(d, protoreflect.ValueOfUint32(uint32(v)))
		} else {
			m.Set(d, protoreflect.ValueOfFloat64(v))
		}
	}
	return f, nil
}

// readFile returns the text of both files.
func readFile() (string, error) {
	b, err := os.ReadFile(fileName)
	if err != nil {
		return "", err
	}
	p, err := os.ReadFile(partsFile)
	return string(b) + "\n\n" + string(p), err
}
