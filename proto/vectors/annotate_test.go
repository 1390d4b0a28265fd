package vectors

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// annotate returns a message's bytes in hex, a field to a line, with what they
// mean behind a #.
func annotate(b []byte, client bool) []string {
	md := (*tickroomv1.ServerFrame)(nil).ProtoReflect().Descriptor()
	if client {
		md = (*tickroomv1.ClientFrame)(nil).ProtoReflect().Descriptor()
	}
	a := annotator{}
	a.message(b, md, 0)
	if len(a.lines) == 0 {
		return []string{"# nothing"}
	}
	return a.lines
}

type annotator struct{ lines []string }

const perLine = 20 // bytes

func (a *annotator) add(depth int, b []byte, what string) {
	for first := true; first || len(b) > 0; first = false {
		part := b[:min(perLine, len(b))]
		b = b[len(part):]
		line := strings.Repeat("  ", depth) + fmt.Sprintf("% x", part)
		if first {
			line = fmt.Sprintf("%-30s # %s", line, what)
		}
		a.lines = append(a.lines, line)
	}
}

func (a *annotator) message(b []byte, md protoreflect.MessageDescriptor, depth int) {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		k := -1
		if n > 0 {
			k = protowire.ConsumeFieldValue(num, typ, b[n:])
		}
		if k < 0 {
			a.add(depth, b, "not protobuf")
			return
		}
		all, value := b[:n+k], b[n:n+k]
		b = b[n+k:]
		fd := md.Fields().ByNumber(num)
		if fd == nil {
			a.add(depth, all, fmt.Sprintf("field %d, unknown", num))
			continue
		}
		name := string(fd.Name())
		switch typ {
		case protowire.VarintType:
			a.add(depth, all, name+": "+scalar(fd, value))
		case protowire.Fixed64Type:
			text := fmt.Sprintf("%016x", binary.LittleEndian.Uint64(value))
			if fd.Kind() == protoreflect.DoubleKind {
				text = scalar(fd, value)
			}
			a.add(depth, all, name+": "+text)
		case protowire.BytesType:
			p, _ := protowire.ConsumeBytes(value)
			switch {
			case fd.Message() != nil:
				a.add(depth, all[:len(all)-len(p)], fmt.Sprintf("%s, %d bytes", name, len(p)))
				a.message(p, fd.Message(), depth+1)
			case fd.Kind() == protoreflect.StringKind:
				a.add(depth, all, fmt.Sprintf("%s: %q", name, p))
			case fd.Kind() == protoreflect.BytesKind:
				a.add(depth, all, fmt.Sprintf("%s: %d bytes", name, len(p)))
			default:
				a.add(depth, all, name+": "+list(fd, p))
			}
		default:
			a.add(depth, all, name)
		}
	}
}

func list(fd protoreflect.FieldDescriptor, p []byte) string {
	var s []string
	for len(p) > 0 {
		var n int
		switch fd.Kind() {
		case protoreflect.FloatKind:
			n = 4
		case protoreflect.DoubleKind:
			n = 8
		default:
			_, n = protowire.ConsumeVarint(p)
		}
		if n <= 0 || n > len(p) {
			return strings.Join(append(s, "cut short"), " ")
		}
		s = append(s, scalar(fd, p[:n]))
		p = p[n:]
	}
	if len(s) == 0 {
		return "none"
	}
	return strings.Join(s, " ")
}

func scalar(fd protoreflect.FieldDescriptor, p []byte) string {
	switch fd.Kind() {
	case protoreflect.FloatKind:
		return fmt.Sprint(math.Float32frombits(binary.LittleEndian.Uint32(p)))
	case protoreflect.DoubleKind:
		return fmt.Sprint(math.Float64frombits(binary.LittleEndian.Uint64(p)))
	}
	v, _ := protowire.ConsumeVarint(p)
	switch fd.Kind() {
	case protoreflect.Sint64Kind, protoreflect.Sint32Kind:
		return fmt.Sprint(protowire.DecodeZigZag(v))
	case protoreflect.Int64Kind:
		return fmt.Sprint(int64(v))
	case protoreflect.BoolKind:
		return fmt.Sprint(v != 0)
	case protoreflect.EnumKind:
		if e := fd.Enum().Values().ByNumber(protoreflect.EnumNumber(v)); e != nil {
			return string(e.Name())
		}
	case protoreflect.Uint32Kind:
		if fd.Name() == "mask" || fd.Name() == "mask_high" {
			return fmt.Sprintf("%b in binary", v)
		}
	}
	return fmt.Sprint(v)
}
