package gen

import (
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// perLine is how many bytes of a descriptor stand on one line of code.
const perLine = 64

// descriptor writes the descriptors of the game's files, by which servers read and write its
// messages as JSON.
func (w *writer) descriptor() {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(w.game.fileSet())
	if err != nil {
		panic(fmt.Sprintf("gen: a descriptor that was read can't be written: %v", err))
	}
	w.P("// schemaDescriptor is a google.protobuf.FileDescriptorSet of the game's files, without comments and options.")
	w.P(`const schemaDescriptor = "" +`)
	for len(b) > perLine {
		w.P(fmt.Sprintf("%q", b[:perLine]), " +")
		b = b[perLine:]
	}
	w.P(fmt.Sprintf("%q", b))
	w.P()
}

// fileSet returns the game's files and those that they need, each after those that it needs.
func (g *game) fileSet() *descriptorpb.FileDescriptorSet {
	set := &descriptorpb.FileDescriptorSet{}
	seen := map[string]bool{}
	var add func(f protoreflect.FileDescriptor)
	add = func(f protoreflect.FileDescriptor) {
		if seen[f.Path()] {
			return
		}
		seen[f.Path()] = true
		p := protodesc.ToFileDescriptorProto(f)
		p.Dependency, p.PublicDependency, p.WeakDependency = nil, nil, nil
		p.Options, p.SourceCodeInfo, p.Extension, p.Service = nil, nil, nil, nil
		for i := range f.Imports().Len() {
			// What only declares options is not needed: they are left out.
			if imp := f.Imports().Get(i); declares(imp) {
				add(imp)
				p.Dependency = append(p.Dependency, imp.Path())
			}
		}
		bare(p.MessageType, p.EnumType)
		set.File = append(set.File, p)
	}
	for _, f := range g.files {
		add(f.Desc)
	}
	return set
}

// declares reports whether a file has types that messages of games may use.
func declares(f protoreflect.FileDescriptor) bool {
	return f.Extensions().Len() == 0 && f.Package() != "google.protobuf"
}

// bare takes the options off messages and enums, but for those that say how bytes are laid out.
func bare(messages []*descriptorpb.DescriptorProto, enums []*descriptorpb.EnumDescriptorProto) {
	for _, e := range enums {
		if e.Options != nil {
			e.Options = &descriptorpb.EnumOptions{AllowAlias: e.Options.AllowAlias}
		}
		for _, v := range e.Value {
			v.Options = nil
		}
	}
	for _, m := range messages {
		m.Options = nil
		for _, f := range m.Field {
			if f.Options = nilUnlessPacked(f.Options); f.GetJsonName() == "" {
				f.JsonName = nil
			}
		}
		bare(m.NestedType, m.EnumType)
	}
}

func nilUnlessPacked(o *descriptorpb.FieldOptions) *descriptorpb.FieldOptions {
	if o == nil || o.Packed == nil {
		return nil
	}
	return &descriptorpb.FieldOptions{Packed: o.Packed}
}
