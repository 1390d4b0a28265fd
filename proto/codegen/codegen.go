// Package codegen generates the code of game schemas from .proto files: the Go code of a
// server, and the TypeScript of a page. It compiles the files itself, so that it needs
// neither protoc nor buf. The command "tickroom generate" is it; who has protoc or buf
// runs the plugin protoc-gen-tickroom instead, which writes the same.
package codegen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bufbuild/protocompile/linker"
	"google.golang.org/protobuf/compiler/protogen"

	"github.com/tickroom/tickroom/proto/internal/gen"
	"github.com/tickroom/tickroom/proto/internal/protosrc"
)

// Config says what is generated from, and where it goes.
type Config struct {
	// Proto is the directory of the .proto files, from which imports are seen. All files in
	// it and below are taken. tickroom/v1/options.proto and what is in google/protobuf need
	// not be there.
	Proto string
	// Go is the directory for Go code, where each file gets the place that its source has
	// below Proto. Empty: no Go.
	Go string
	// TypeScript is the directory for TypeScript, likewise. Empty: none.
	TypeScript string
	// Runtime is the module that TypeScript imports. Empty: @tickroom/client.
	Runtime string
}

// Generate writes the code, and returns the names of the files that are new or other than
// they were. An error has a line for each thing that is wrong, with file, line and column
// where it is in a schema; then nothing has been written.
func Generate(ctx context.Context, cfg Config) (changed []string, err error) {
	names, err := sources(cfg.Proto)
	if err != nil {
		return nil, err
	}
	linked, err := protosrc.Compile(ctx, names, os.DirFS(cfg.Proto))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cfg.Proto, err)
	}
	files := map[string][]byte{}
	for _, o := range []struct {
		dir      string
		generate func(*protogen.Plugin) error
	}{
		{cfg.Go, gen.Generate},
		{cfg.TypeScript, gen.TypeScript{Runtime: cfg.Runtime}.Generate},
	} {
		if o.dir == "" {
			continue
		}
		if err := generate(files, o.dir, linked, o.generate); err != nil {
			return nil, err
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("the .proto files in %s have no message that is a component, an input, an event, a command or a message, so there is nothing to generate", cfg.Proto)
	}
	return write(files)
}

// sources returns the names of the .proto files in a directory and below.
func sources(dir string) (names []string, err error) {
	err = fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || path != "." && strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case !d.IsDir() && filepath.Ext(path) == ".proto":
			names = append(names, path)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(names) == 0 {
		return nil, fmt.Errorf("there is no .proto file in %s: that is where schemas are looked for", dir)
	}
	return names, err
}

// generate adds what a generator writes to files, by their names.
func generate(files map[string][]byte, dir string, linked linker.Files, run func(*protogen.Plugin) error) error {
	req, err := protosrc.Request("paths=source_relative", linked)
	if err != nil {
		return err
	}
	p, err := protogen.Options{}.New(req)
	if err != nil {
		return err
	}
	if err := run(p); err != nil {
		return err
	}
	res := p.Response()
	if res.Error != nil {
		return errors.New(res.GetError())
	}
	for _, f := range res.File {
		files[filepath.Join(dir, filepath.FromSlash(f.GetName()))] = []byte(f.GetContent())
	}
	return nil
}

// write writes the files that are not there as they should be, and returns their names.
func write(files map[string][]byte) (changed []string, err error) {
	for name, text := range files {
		if old, err := os.ReadFile(name); err == nil && bytes.Equal(old, text) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return changed, err
		}
		if err := os.WriteFile(name, text, 0o666); err != nil {
			return changed, err
		}
		changed = append(changed, name)
	}
	slices.Sort(changed)
	return changed, nil
}
