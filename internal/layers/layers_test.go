// Package layers holds no code, only the test of which folder may import which.
package layers

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/tickroom/tickroom"

// A layer is a folder with everything in it. The most specific one counts.
type layer struct {
	folder string
	// Folders of ours that it may import, besides packages of the same layer.
	may []string
	// Packages that it must not import, with all below them.
	not []string
}

// What would bring clocks, sockets or files into a simulation. "sync" is
// allowed: what a tick has left behind may be read by several goroutines.
var outside = []string{"time", "net", "os", "syscall", "golang.org/x/sys", "golang.org/x/net", "golang.org/x/time"}

// All that a program may use.
var everything = []string{"proto", "world", "text", "matchmaking", "netcode", "server", "bots", "cli", "gametest", "web", "internal"}

// The table of the design, lowest layer first.
var layers = []layer{
	{folder: "proto"},
	{folder: "internal/redisclient", may: []string{"internal/secret"}},
	{folder: "internal/secret"},
	{folder: "internal/strictyaml"},
	{folder: "text", not: outside},
	{folder: "internal/identity", may: []string{"text", "internal/secret"}},
	{folder: "internal/link"},
	{folder: "internal/origin"},
	{folder: "internal/origintest"},
	{folder: "internal/redistest"},
	{folder: "internal/redisdata"},
	{folder: "internal/reportpage"},
	{folder: "world/danmaku", may: []string{"proto", "world", "text"}, not: outside}, // what games outside may be made of, and so is public
	{folder: "world/quiz", may: []string{"proto", "world", "text", "internal/strictyaml"}, not: outside},
	{folder: "world", may: []string{"proto"}, not: outside},
	{folder: "internal/newgame/template", may: []string{"cli", "world", "proto", "text"}}, // as a game outside may
	{folder: "internal/newgame", may: []string{"proto"}},
	{folder: "internal/dev", may: []string{"proto"}},
	{folder: "internal/kinds/kinds.go", may: []string{"world", "bots", "internal/kinds", "internal/pilots", "internal/audience", "internal/reviewer"}}, // the list of them
	{folder: "internal/kinds", may: []string{"proto", "world", "text"}, not: outside},
	{folder: "matchmaking", may: []string{"proto", "text", "internal/reportpage", "internal/origin", "internal/strictyaml", "internal/redisdata"}},
	{folder: "netcode", may: []string{"proto", "world"}},
	{folder: "internal/journal", may: []string{"proto", "world"}, not: outside},
	{folder: "internal/replay", may: []string{"proto", "world", "internal/journal"}, not: outside},
	{folder: "internal/playback", may: []string{"proto", "world", "netcode", "internal/journal", "internal/replay"}},
	{folder: "internal/determinism"},
	{folder: "internal/sinktest", may: []string{"proto", "world", "internal/journal", "internal/replay", "internal/kinds/walkers"}},
	{folder: "gametest", may: []string{"proto", "world", "netcode", "internal/journal", "internal/replay"}, not: []string{"time", "net", "os"}},
	{folder: "bots", may: []string{"proto", "netcode", "internal/reportpage"}},
	{folder: "server/internal/seat"},
	{folder: "server/internal/workqueue"},
	{folder: "server/internal/socket", may: []string{"internal/origin", "proto/gen/closecode"}},
	{folder: "server/internal/limits", may: []string{"server/config", "server/internal/networks"}},
	{folder: "server/internal/door", may: []string{"server/internal/limits", "server/internal/networks"}},
	{folder: "server/internal/costs"},
	{folder: "server/internal/pressure"},
	{folder: "server/internal/refusal", may: []string{"server/internal/costs", "proto", "server/internal/socket", "server/internal/limits"}},
	{folder: "server/internal/bustest", may: []string{"world", "server/internal/bus"}},
	{folder: "server/internal/bus", may: []string{"world"}},
	{folder: "server/internal/async", may: []string{"world"}},
	{folder: "server/internal/blackbox", may: []string{"server/internal/workqueue"}},
	{folder: "server/internal/journalfile", may: []string{"internal/journal"}},
	{folder: "server/internal/registry", may: []string{"proto", "world", "matchmaking", "netcode", "server/config", "internal/identity", "internal/journal", "server/internal"}},
	{folder: "server/internal/room", may: []string{"proto", "world", "netcode", "internal/identity", "server/internal/socket", "server/internal/seat", "server/internal/metrics", "server/internal/bus", "server/internal/async", "internal/journal"}},
	{folder: "server/internal/reporter", may: []string{"proto", "world", "matchmaking"}},
	{folder: "server/internal", may: []string{"proto", "world", "matchmaking", "netcode", "server/config", "internal/redisclient", "internal/redisdata", "internal/identity"}}, // not what puts them together
	{folder: "server", may: []string{"proto", "world", "matchmaking", "netcode", "internal/redisclient", "internal/redisdata", "internal/secret", "internal/identity", "internal/origin", "internal/strictyaml", "internal/journal"}},
	{folder: "web"},
	{folder: "cli", may: []string{"proto", "world", "matchmaking", "netcode", "server", "bots", "internal/identity", "internal/holdings", "internal/journal", "internal/replay", "internal/playback", "internal/link"}},
	{folder: "internal/holdings", may: []string{"server/config"}},
	{folder: "internal/servertest", may: []string{"server"}},
	{folder: "internal", may: []string{"proto", "netcode", "bots"}}, // load, bench
	{folder: "docs", may: everything},
	{folder: "cmd", may: everything},
}

func TestImports(t *testing.T) {
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata") {
				return filepath.SkipDir
			}
			if path == filepath.Join(root, "bin") || path == filepath.Join(root, "out") {
				return filepath.SkipDir // what is built or tried out, not of the repository
			}
			if path != root {
				// A module of its own follows rules of its own.
				if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil {
					return filepath.SkipDir
				}
			}
			return nil
		}
		// Tests may import more than what they test.
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		// Reading the files, not asking the build, covers every platform and tag.
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if why := refuse(rel, imported); why != "" {
				t.Errorf("%s imports %s: %s", rel, imported, why)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// refuse returns why the file must not import the package, or "" if it may.
func refuse(file, imported string) string {
	i := slices.IndexFunc(layers, func(l layer) bool { return within(file, l.folder) })
	if i < 0 {
		return "its folder is in no layer; add it to the table in internal/layers"
	}
	l := layers[i]
	if (imported == "text/template" || imported == "html/template") && !within(file, "proto/internal") {
		return "it calls methods by their names, so that the linker would keep all methods of all types in the program, a third of its size"
	}
	for _, not := range l.not {
		if within(imported, not) {
			return l.folder + " has no clock and no I/O"
		}
	}
	if !within(imported, module) {
		return ""
	}
	folder := strings.TrimPrefix(strings.TrimPrefix(imported, module), "/")
	if within(folder, l.folder) {
		return ""
	}
	for _, may := range l.may {
		if within(folder, may) {
			return ""
		}
	}
	if len(l.may) == 0 {
		return l.folder + " may import nothing else of ours"
	}
	return l.folder + " may import only " + strings.Join(l.may, ", ")
}

// within reports whether the path is the folder or below it.
func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}

// TestArchitecture holds the table in docs/architecture.md to the one here. What is
// internal may be named there in passing.
func TestArchitecture(t *testing.T) {
	layout, parts := architecture(t)
	for _, name := range partsOfServer(t) {
		if !strings.Contains(parts, "`"+name+"`") {
			t.Errorf("docs/architecture.md does not tell what server/internal/%s does", name)
		}
	}
	code := regexp.MustCompile("`([^`]+)`")
	told := map[string][]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|.*\\|(.*)\\|$").FindAllStringSubmatch(layout, -1) {
		may := []string{}
		for _, m := range code.FindAllStringSubmatch(row[2], -1) {
			may = append(may, m[1])
		}
		slices.Sort(may)
		told[row[1]] = may
	}
	for _, l := range layers {
		may := slices.DeleteFunc(slices.Clone(l.may), func(f string) bool { return strings.HasPrefix(f, "internal/") })
		slices.Sort(may)
		own, ok := told[l.folder]
		switch {
		case l.folder == "docs" || strings.HasSuffix(l.folder, "test") || strings.HasSuffix(l.folder, ".go") || l.folder == "internal" || within(l.folder, "server/internal"):
		case l.folder == "cmd":
			if !ok {
				t.Error("docs/architecture.md does not tell of cmd")
			}
		case ok && !slices.Equal(own, may):
			t.Errorf("docs/architecture.md lets %s import %v, and the table here %v", l.folder, own, may)
		case !ok && !(strings.HasPrefix(l.folder, "internal/") && strings.Contains(layout, "`"+l.folder+"`")):
			t.Errorf("docs/architecture.md does not tell of %s", l.folder)
		}
		delete(told, l.folder)
	}
	for folder := range told {
		t.Errorf("docs/architecture.md tells of %s, which is in no layer", folder)
	}
}

// architecture returns what the page says of the layers, and of the parts of a server.
func architecture(t *testing.T) (layout, parts string) {
	t.Helper()
	page, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	layout, rest, ok := strings.Cut(string(page), "### The parts of a server")
	parts, _, more := strings.Cut(rest, "\n## ")
	if !ok || !more {
		t.Fatal("docs/architecture.md has no section on the parts of a server")
	}
	return layout, parts
}

// partsOfServer returns the packages below server/internal, but those for tests.
func partsOfServer(t *testing.T) (names []string) {
	t.Helper()
	dir, err := os.ReadDir("../../server/internal")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dir {
		if d.IsDir() && !strings.HasSuffix(d.Name(), "test") && d.Name() != "wsecho" {
			names = append(names, d.Name())
		}
	}
	return names
}

func TestRefuse(t *testing.T) {
	for _, c := range []struct {
		file, imported string
		ok             bool
	}{
		{"proto/schema/schema.go", "math", true},
		{"proto/schema/schema.go", module + "/proto/tickroom/v1", true},
		{"proto/schema/schema.go", module + "/world", false},
		{"world/world.go", module + "/proto/schema", true},
		{"world/world.go", "sync", true},
		{"world/world.go", "time", false},
		{"world/world.go", "net/http", false},
		{"internal/kinds/arena/arena.go", module + "/world", true},
		{"internal/kinds/arena/arena.go", "os", false},
		{"internal/kinds/arena/arena.go", module + "/netcode", false},
		{"internal/kinds/walkers/walkers.go", module + "/server", false},
		{"internal/kinds/walkers/walkers.go", module + "/bots", false},
		{"internal/kinds/kinds.go", module + "/bots", true},
		{"internal/kinds/kinds.go", module + "/server", false},
		{"matchmaking/queue.go", module + "/world", false},
		{"netcode/client.go", module + "/world", true},
		{"netcode/client.go", module + "/server", false},
		{"server/server.go", module + "/server/internal/registry", true},
		{"server/internal/registry/registry.go", module + "/server/config", true},
		{"server/internal/registry/registry.go", module + "/server", false},
		{"server/internal/room/loop.go", module + "/server/internal/registry", false},
		{"server/internal/refusal/journal.go", module + "/server/internal/room", false},
		{"server/room.go", module + "/matchmaking", true},
		{"server/room.go", module + "/bots", false},
		{"internal/load/load.go", module + "/netcode", true},
		{"internal/load/load.go", module + "/server", false},
		{"cmd/tickroom/main.go", module + "/server/config", true},
		{"worldly/world.go", "fmt", false},
		{"main.go", "fmt", false},
	} {
		if why := refuse(c.file, c.imported); (why == "") != c.ok {
			t.Errorf("%s imports %s: allowed %v, want %v (%s)", c.file, c.imported, why == "", c.ok, why)
		}
	}
}
