package codegen

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const head = `syntax = "proto3";
package a;
import "tickroom/v1/options.proto";
import "google/protobuf/timestamp.proto";
option go_package = "example.com/a";
`

// writeAll writes files into a new directory.
func writeAll(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestUnchanged generates twice: what watches files must not see the second time.
func TestUnchanged(t *testing.T) {
	t.Parallel()
	dir := writeAll(t, map[string]string{"a.proto": head + "message M { option (tickroom.v1.component) = 1; }\n"})
	cfg := Config{Proto: dir, Go: dir, TypeScript: filepath.Join(dir, "ts"), Runtime: "./x.js"}
	for _, want := range []int{2, 0} {
		changed, err := Generate(t.Context(), cfg)
		if err != nil || len(changed) != want {
			t.Fatalf("%v, %v; want %d", changed, err, want)
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "ts", "a.tickroom.ts"))
	if err != nil || !strings.Contains(string(b), "from './x.js'") {
		t.Errorf("%v: %s", err, b)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"no file":     {nil, []string{"there is no .proto file in "}},
		"no syntax":   {map[string]string{"a.proto": head + "message M {\n  flat x = 1;\n}\n"}, []string{"a.proto:7:3: "}},
		"two refused": {map[string]string{"a.proto": head + "message M {\n  map<string, string> m = 1;\n  optional string o = 2;\n}\n"}, []string{"a.proto:7:3: ", "maps are not", "a.proto:8:3: ", "optional is not"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := writeAll(t, c.files)
			_, err := Generate(t.Context(), Config{Proto: dir, Go: dir})
			if err == nil {
				t.Fatal("it is taken")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in: %v", want, err)
				}
			}
		})
	}
	if _, err := Generate(t.Context(), Config{Proto: filepath.Join(t.TempDir(), "nowhere"), Go: "x"}); err == nil || !strings.Contains(err.Error(), "no .proto file in") {
		t.Error(err)
	}
}
