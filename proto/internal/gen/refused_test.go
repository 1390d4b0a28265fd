package gen_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"google.golang.org/protobuf/compiler/protogen"

	"github.com/tickroom/tickroom/proto/internal/gen"
	"github.com/tickroom/tickroom/proto/internal/protosrc"
)

var update = flag.Bool("update", false, "write what the generator says today into testdata")

// generate runs the generator on the .proto files of an archive, all but those
// whose name begins with "imported", and gives the files it wrote by name.
func generate(t *testing.T, files []txtar.File) (map[string]string, error) {
	t.Helper()
	return generateBy(t, gen.Generate, files)
}

// generateBy is generate for any generator.
func generateBy(t *testing.T, by func(*protogen.Plugin) error, files []txtar.File) (map[string]string, error) {
	t.Helper()
	root := fstest.MapFS{}
	var names []string
	for _, f := range files {
		if strings.HasSuffix(f.Name, ".proto") {
			root[f.Name] = &fstest.MapFile{Data: f.Data}
			if !strings.HasPrefix(f.Name, "imported") {
				names = append(names, f.Name)
			}
		}
	}
	linked, err := protosrc.Compile(t.Context(), names, root, os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	req, err := protosrc.Request("paths=source_relative", linked)
	if err != nil {
		t.Fatal(err)
	}
	p, err := protogen.Options{}.New(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := by(p); err != nil {
		return nil, err
	}
	resp := p.Response()
	if resp.Error != nil {
		t.Fatal(resp.GetError())
	}
	out := map[string]string{}
	for _, f := range resp.File {
		out[f.GetName()] = f.GetContent()
	}
	return out, nil
}

// TestRefused has a file for each thing that the generator can't take; the last
// part of each is what it says.
func TestRefused(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob("testdata/refused/*.txt")
	if err != nil || len(cases) == 0 {
		t.Fatal("no cases", err)
	}
	for _, name := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			t.Parallel()
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			_, err = generate(t, ar.Files)
			if err == nil {
				t.Fatal("the schema was not refused")
			}
			last := &ar.Files[len(ar.Files)-1]
			if last.Name != "errors" {
				ar.Files = append(ar.Files, txtar.File{Name: "errors"})
				last = &ar.Files[len(ar.Files)-1]
			}
			got := err.Error() + "\n"
			if *update {
				last.Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(last.Data), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
