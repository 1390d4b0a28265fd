// Package protosrc compiles .proto files in process: to descriptors, and to the requests
// that protoc and buf send to plugins.
package protosrc

import (
	"context"
	"io"
	"io/fs"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"github.com/bufbuild/protocompile/protoutil"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// Compile compiles files by their names in the first of several roots that has
// them, with source positions. The options of schemas need not be in one.
func Compile(ctx context.Context, names []string, roots ...fs.FS) (linker.Files, error) {
	c := protocompile.Compiler{
		Resolver: protocompile.WithStandardImports(protocompile.CompositeResolver{&protocompile.SourceResolver{
			Accessor: func(name string) (f io.ReadCloser, err error) {
				for _, root := range roots {
					if f, err = root.Open(name); err == nil {
						break
					}
				}
				return f, err
			},
		}, protocompile.ResolverFunc(linkedIn)}),
		SourceInfoMode: protocompile.SourceInfoStandard,
	}
	return c.Compile(ctx, names...)
}

// linkedIn finds the options of schemas in this program.
func linkedIn(name string) (protocompile.SearchResult, error) {
	if options := tickroomv1.File_tickroom_v1_options_proto; name == options.Path() {
		return protocompile.SearchResult{Desc: options}, nil
	}
	return protocompile.SearchResult{}, protoregistry.NotFound
}

// Request returns what a compiler sends to a plugin that is to generate files.
func Request(parameter string, files linker.Files) (*pluginpb.CodeGeneratorRequest, error) {
	req := &pluginpb.CodeGeneratorRequest{Parameter: &parameter}
	seen := map[string]bool{}
	var add func(f protoreflect.FileDescriptor) error
	add = func(f protoreflect.FileDescriptor) error {
		if seen[f.Path()] {
			return nil
		}
		seen[f.Path()] = true
		imports := f.Imports()
		for i := range imports.Len() {
			if err := add(imports.Get(i).FileDescriptor); err != nil {
				return err
			}
		}
		// Once through bytes, so that options come out as the types that are
		// linked into this program, as they do in a plugin.
		b, err := proto.Marshal(protoutil.ProtoFromFileDescriptor(f))
		if err != nil {
			return err
		}
		fd := new(descriptorpb.FileDescriptorProto)
		if err := proto.Unmarshal(b, fd); err != nil {
			return err
		}
		req.ProtoFile = append(req.ProtoFile, fd)
		return nil
	}
	for _, f := range files {
		req.FileToGenerate = append(req.FileToGenerate, f.Path())
		if err := add(f); err != nil {
			return nil, err
		}
	}
	return req, nil
}
