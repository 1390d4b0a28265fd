// Generate runs plugins of protoc over this repository's .proto files, as templates say:
//
//	go run ./proto/internal/generate proto/generate/*.yaml
//
// A template has the form of those of buf, with what is needed of it here. So nothing has to
// be built or installed to generate code but the plugins.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/pluginpb"

	"github.com/tickroom/tickroom/proto/internal/protosrc"
)

// template is what to generate.
type template struct {
	Version string   `yaml:"version"`
	Plugins []plugin `yaml:"plugins"`
	Inputs  []input  `yaml:"inputs"`
}

// plugin is a program that generates files.
type plugin struct {
	Local []string `yaml:"local"` // the command
	Out   string   `yaml:"out"`   // the directory for the files
	Opt   options  `yaml:"opt"`
	// ExcludeTypes are extensions of options that the plugin is not to see.
	ExcludeTypes []string `yaml:"exclude_types"`
}

// options are a plugin's parameters, one or several.
type options []string

// UnmarshalYAML reads a text or a list.
func (o *options) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*o = options{n.Value}
		return nil
	}
	return n.Decode((*[]string)(o))
}

// input is a directory of .proto files, of which paths are taken, if there are any, and
// ExcludePaths are not.
type input struct {
	Directory    string   `yaml:"directory"`
	Paths        []string `yaml:"paths"`
	ExcludePaths []string `yaml:"exclude_paths"`
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "generate: name templates, such as proto/generate/games.yaml")
		os.Exit(2)
	}
	for _, name := range os.Args[1:] {
		fmt.Println("generate", name)
		if err := run(context.Background(), name); err != nil {
			fmt.Fprintf(os.Stderr, "generate: %s: %v\n", name, err)
			os.Exit(1)
		}
	}
}

func run(ctx context.Context, name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var t template
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&t); err != nil {
		return err
	}
	for _, in := range t.Inputs {
		files, err := in.files()
		if err != nil {
			return err
		}
		for _, p := range t.Plugins {
			if err := p.run(ctx, in.Directory, files); err != nil {
				return fmt.Errorf("%s: %w", strings.Join(p.Local, " "), err)
			}
		}
	}
	return nil
}

// files returns the names of the input's .proto files, as they are seen from its directory.
func (in *input) files() ([]string, error) {
	var names []string
	err := filepath.WalkDir(in.Directory, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".proto" {
			return err
		}
		path = filepath.ToSlash(path)
		below := func(dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }
		if (len(in.Paths) == 0 || slices.ContainsFunc(in.Paths, below)) && !slices.ContainsFunc(in.ExcludePaths, below) {
			names = append(names, strings.TrimPrefix(path, in.Directory+"/"))
		}
		return nil
	})
	if err == nil && len(names) == 0 {
		err = errors.New("there are no .proto files to generate from")
	}
	return names, err
}

// run runs the plugin over files below a directory, and writes what it generates.
func (p *plugin) run(ctx context.Context, dir string, files []string) error {
	linked, err := protosrc.Compile(ctx, files, os.DirFS(dir))
	if err != nil {
		return err
	}
	req, err := protosrc.Request(strings.Join(p.Opt, ","), linked)
	if err != nil {
		return err
	}
	if err := exclude(req, p.ExcludeTypes); err != nil {
		return err
	}
	in, err := proto.Marshal(req)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, p.Local[0], p.Local[1:]...)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return err
	}
	res := new(pluginpb.CodeGeneratorResponse)
	if err := proto.Unmarshal(out, res); err != nil {
		return err
	}
	if res.Error != nil {
		return errors.New(res.GetError())
	}
	for _, f := range res.File {
		name := filepath.Join(p.Out, filepath.FromSlash(f.GetName()))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(name, []byte(f.GetContent()), 0o666); err != nil {
			return err
		}
	}
	return nil
}
