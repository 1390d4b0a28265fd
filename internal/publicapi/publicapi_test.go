// Package publicapi holds no code, only the test of what users of the module may
// import: which packages, and what is in them.
//
// What each exports is kept in docs/api, one file a package, so that a change of it
// shows in a diff. After a change that is meant:
//
//	go test ./internal/publicapi -update
package publicapi

import (
	"bytes"
	"flag"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write docs/api anew")

const module = "github.com/tickroom/tickroom/"

// public are the packages that are made to be imported. Any other is internal, a
// program, or generated.
var public = []string{
	"bots",
	"cli",
	"gametest",
	"matchmaking",
	"matchmaking/mode",
	"matchmaking/store",
	"netcode",
	"netcode/client",
	"netcode/matchmaker",
	"netcode/predict",
	"netcode/replica",
	"netcode/roomservice",
	"netcode/webhook",
	"proto/codegen",
	"proto/schema",
	"server",
	"server/config",
	"text",
	"web",
	"world",
	"world/danmaku",
	"world/quiz",
}

// generated is the folder of generated packages. What they export follows from the
// .proto files, which have a check of their own: make breaking.
const generated = "proto/gen/"

// shown is the folder of examples that the documentation shows: nobody imports them.
const shown = "docs/examples/"

const apiDir = "../../docs/api"

func TestPublicPackages(t *testing.T) {
	t.Parallel()
	var found []string
	for line := range strings.Lines(goList(t, "-f", `{{if .GoFiles}}{{.Name}} {{.ImportPath}}{{end}}`, "./...")) {
		name, path, _ := strings.Cut(strings.TrimSpace(line), " ")
		rel := strings.TrimPrefix(path, module)
		if name != "main" && name != "" && !isInternal(path) && !strings.HasPrefix(rel, generated) && !strings.HasPrefix(rel, shown) {
			found = append(found, rel)
		}
	}
	slices.Sort(found)
	if d := cmp.Diff(public, found); d != "" {
		t.Errorf("what can be imported is not what is meant to be. A package for users goes into the list in this test;\n"+
			"any other below a folder internal (-meant, +there):\n%s", d)
	}
}

func TestAPI(t *testing.T) {
	t.Parallel()
	want := map[string]bool{}
	for _, pkg := range load(t) {
		name := strings.ReplaceAll(strings.TrimPrefix(pkg.Path(), module), "/", "-") + ".txt"
		want[name] = true
		file, got := filepath.Join(apiDir, name), listing(pkg)
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		kept, err := os.ReadFile(file)
		if err != nil {
			t.Errorf("%v; go test ./internal/publicapi -update writes it", err)
		} else if d := cmp.Diff(strings.Split(string(kept), "\n"), strings.Split(got, "\n")); d != "" {
			t.Errorf("%s exports something else than docs/api/%s says (-kept, +exported):\n%s\n"+
				"If that is meant: go test ./internal/publicapi -update, and a line in CHANGELOG.md.", pkg.Path(), name, d)
		}
	}
	files, err := filepath.Glob(apiDir + "/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !want[filepath.Base(file)] {
			if *update {
				err = os.Remove(file)
			}
			if !*update || err != nil {
				t.Errorf("%s is of no public package; remove it (%v)", file, err)
			}
		}
	}
}

func TestNoInternalTypes(t *testing.T) {
	t.Parallel()
	var found []string
	pkgs := load(t)
	for _, pkg := range pkgs {
		for _, l := range leaksOf(pkg, published(pkgs)) {
			found = append(found, strings.TrimPrefix(l, module))
		}
	}
	for _, l := range found {
		t.Errorf("the public API names what users can't import: %s", l)
	}
}

// goList runs go list in the module's root.
func goList(t *testing.T, args ...string) string {
	t.Helper()
	readAll(t)
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	cmd.Dir = "../.."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	return string(out)
}

// readAll opens the module's Go files, for the go command to see that the test depends on
// them: what another process reads it does not know, and would take a result that it
// remembers for today's.
func readAll(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git"):
			return filepath.SkipDir
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			return f.Close()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// load returns the types of the public packages, from what the compiler has written
// of them.
func load(t *testing.T) []*types.Package {
	t.Helper()
	args := []string{"-export", "-deps", "-f", `{{if .Export}}{{.ImportPath}} {{.Export}}{{end}}`}
	for _, p := range public {
		args = append(args, "./"+p)
	}
	exports := map[string]string{}
	for line := range strings.Lines(goList(t, args...)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		exports[path] = file
	}
	imp := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	var all []*types.Package
	for _, p := range public {
		pkg, err := imp.Import(module + p)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, pkg)
	}
	return all
}
