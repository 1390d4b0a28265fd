package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tickroom/tickroom/proto/codegen"
)

// TestGeneratingWithProtoc does what docs/schema.md says of protoc, with the schema that it
// begins with, and compares with what tickroom generates by itself.
func TestGeneratingWithProtoc(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	all := blocks(t, "schema.md")
	dir := t.TempDir()
	for name, text := range map[string]string{
		"proto/mygame/v1/mygame.proto": all[0].text,
		"go.mod":                       "module example.com/mygame\n\ngo 1.26\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	script := "go mod edit -require github.com/tickroom/tickroom@v0.0.0 -replace github.com/tickroom/tickroom=" + root + "\n" +
		"go mod edit -tool github.com/tickroom/tickroom/proto/protoc-gen-tickroom\ngo mod tidy\n"
	for _, b := range all {
		if b.info == "run" {
			script += b.text
		}
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-e", "-c", script)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS="+raceFlag(), "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	own := t.TempDir()
	files, err := codegen.Generate(t.Context(), codegen.Config{
		Proto: filepath.Join(dir, "proto"), Go: filepath.Join(own, "proto"), TypeScript: filepath.Join(own, "web", "src", "gen"),
	})
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(file, own)
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != string(want) {
			t.Errorf("%s: %v; protoc and tickroom write other code", name, err)
		}
	}
}
