package main

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

// exclude takes extensions of options, by their full names, out of a request: where they are
// set, and the files that declare them.
func exclude(req *pluginpb.CodeGeneratorRequest, names []string) error {
	numbers := map[protowire.Number]bool{}
	declares := map[string]bool{} // files
	for _, f := range req.ProtoFile {
		for _, x := range f.Extension {
			if name := f.GetPackage() + "." + x.GetName(); slices.Contains(names, name) {
				numbers[protowire.Number(x.GetNumber())] = true
				declares[f.GetName()] = true
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	if len(numbers) != len(names) {
		return fmt.Errorf("of exclude_types %v only %d are there", names, len(numbers))
	}
	var kept []*descriptorpb.FileDescriptorProto
	for _, f := range req.ProtoFile {
		if declares[f.GetName()] && !slices.Contains(req.FileToGenerate, f.GetName()) {
			continue
		}
		f.Dependency = slices.DeleteFunc(f.Dependency, func(d string) bool { return declares[d] })
		strip(f.MessageType, numbers)
		kept = append(kept, f)
	}
	req.ProtoFile = kept
	return nil
}

// strip takes options with some numbers off messages and their fields.
func strip(messages []*descriptorpb.DescriptorProto, numbers map[protowire.Number]bool) {
	for _, m := range messages {
		if m.Options != nil && without(m.Options, numbers) {
			m.Options = nil
		}
		for _, f := range m.Field {
			if f.Options != nil && without(f.Options, numbers) {
				f.Options = nil
			}
		}
		strip(m.NestedType, numbers)
	}
}

// without takes extensions off a message, be they linked into this program or not, and
// reports whether nothing is left of it.
func without(m proto.Message, numbers map[protowire.Number]bool) (empty bool) {
	m.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		if f.IsExtension() && numbers[f.Number()] {
			m.ProtoReflect().Clear(f)
		}
		return true
	})
	var rest []byte
	for b := m.ProtoReflect().GetUnknown(); len(b) > 0; {
		num, _, n := protowire.ConsumeField(b)
		if n < 0 {
			break // it has been decoded before, and is whole
		}
		if !numbers[num] {
			rest = append(rest, b[:n]...)
		}
		b = b[n:]
	}
	m.ProtoReflect().SetUnknown(rest)
	return proto.Size(m) == 0
}
