package gen_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/pluginpb"

	"github.com/tickroom/tickroom/proto/internal/gen"
	"github.com/tickroom/tickroom/proto/internal/protosrc"
)

const (
	root     = "../../.."                     // the repository from here
	protoDir = "../.."                        // its directory of .proto files
	module   = "github.com/tickroom/tickroom" // paths of generated files are relative to it
)

// sources returns the .proto files of the repository: those of the protocol, for
// protoc-gen-go, and those of games.
func sources(t *testing.T) (protocol, games []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(protoDir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".proto") {
			if filepath.Dir(path) == "tickroom/v1" {
				protocol = append(protocol, path)
			} else {
				games = append(games, path)
			}
		}
		return err
	})
	if err != nil || len(protocol) == 0 || len(games) == 0 {
		t.Fatal("no sources", err)
	}
	return protocol, games
}

func request(t *testing.T, names []string, opt string) *pluginpb.CodeGeneratorRequest {
	t.Helper()
	files, err := protosrc.Compile(t.Context(), names, os.DirFS(protoDir))
	if err != nil {
		t.Fatal(err)
	}
	req, err := protosrc.Request(opt, files)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// compare holds a plugin's answer against the committed files, and sees that
// there are no others.
func compare(t *testing.T, resp *pluginpb.CodeGeneratorResponse, suffix string, normalise func(string) string) {
	t.Helper()
	if resp.Error != nil {
		t.Fatal(resp.GetError())
	}
	stale := func(format string, args ...any) {
		t.Errorf(format+"\nrun: make generate", args...)
	}
	generated := map[string]bool{}
	for _, f := range resp.File {
		generated[f.GetName()] = true
		committed, err := os.ReadFile(filepath.Join(root, f.GetName()))
		if err != nil {
			stale("%s is missing: %v", f.GetName(), err)
			continue
		}
		if diff := cmp.Diff(normalise(string(committed)), normalise(f.GetContent())); diff != "" {
			stale("%s is stale (- committed, + generated):\n%s", f.GetName(), diff)
		}
	}
	err := fs.WalkDir(os.DirFS(protoDir), ".", func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, suffix) && !generated["proto/"+path] {
			stale("%s has no .proto file that it comes from; remove it", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestGamesAreFresh(t *testing.T) {
	t.Parallel()
	_, games := sources(t)
	p, err := protogen.Options{}.New(request(t, games, "module="+module))
	if err != nil {
		t.Fatal(err)
	}
	if err := gen.Generate(p); err != nil {
		t.Fatal(err)
	}
	compare(t, p.Response(), ".tickroom.go", func(s string) string { return s })
}

func TestProtocolIsFresh(t *testing.T) {
	t.Parallel()
	protocol, _ := sources(t)
	in, err := proto.Marshal(request(t, protocol, "module="+module))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "run", "google.golang.org/protobuf/cmd/protoc-gen-go")
	cmd.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	resp := new(pluginpb.CodeGeneratorResponse)
	if err := proto.Unmarshal(out, resp); err != nil {
		t.Fatal(err)
	}
	compare(t, resp, ".pb.go", func(s string) string {
		// The compiler's version stands in a comment, and differs.
		lines := strings.Split(s, "\n")
		for i, l := range lines {
			if f := strings.Fields(l); len(f) > 1 && f[0] == "//" && (f[1] == "protoc" || f[1] == "protoc-gen-go") {
				lines[i] = ""
			}
		}
		return strings.Join(lines, "\n")
	})
}
