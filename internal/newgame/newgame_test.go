package newgame

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tickroom/tickroom/proto/codegen"
)

func TestNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ dir, name, title, err string }{
		{"mygame", "mygame", "Mygame", ""},
		{"games/star-dust", "stardust", "Star dust", ""},
		{"Tag_2", "tag2", "Tag 2", ""},
		{"2048", "", "", `"2048" is not a letter`},
		{"日本", "", "", `the folder's name, "日本", does not make a name`},
		{"tickroom", "", "", `"tickroom" is taken`},
		{strings.Repeat("x", 32), "", "", "at most 31"},
	} {
		name, err := nameOf(c.dir)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) || !strings.Contains(err.Error(), "--name") {
				t.Errorf("%s: %q, %v", c.dir, name, err)
			}
		} else if err != nil || name != c.name || titleOf(c.dir, name) != c.title {
			t.Errorf("%s: %q, %q, %v", c.dir, name, titleOf(c.dir, name), err)
		}
	}
	if title := titleOf(".", "dodge"); title != "Dodge" {
		t.Errorf("%q", title)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(t.TempDir(), "fresh")
	for name, c := range map[string]struct {
		o    Options
		want string
	}{
		"not empty":   {Options{Dir: full, Name: "a"}, "is not empty: it has notes.txt"},
		"a file":      {Options{Dir: filepath.Join(full, "notes.txt"), Name: "a"}, "can't be read"},
		"name":        {Options{Dir: fresh, Name: "My-Game"}, `--name: "My-Game" is not`},
		"module":      {Options{Dir: fresh, Module: "my game"}, `--module: "my game" is no path of a module, such as example.com/fresh`},
		"no checkout": {Options{Dir: fresh, Checkout: full}, "is no checkout of tickroom"},
	} {
		if _, err := Write(t.Context(), c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(fresh); err == nil {
		t.Error("something has been written")
	}
}

// TestEmpty sees what counts as an empty folder: git may have been there.
func TestEmpty(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := checkEmpty(dir); err != nil {
		t.Error(err)
	}
}

// TestReleased looks at what a game gets from a release: no checkout is needed then.
func TestReleased(t *testing.T) {
	t.Parallel()
	g := &game{dir: "x", name: "dodge", title: "Dodge", module: "example.com/dodge", source: &source{version: "v1.2.3", client: "^1.2.3", docs: "https://" + tickroom}}
	files, err := g.files()
	if err != nil {
		t.Fatal(err)
	}
	if err := g.source.goFiles(g.module, files); err != nil {
		t.Fatal(err)
	}
	mod := string(files["go.mod"])
	if !strings.Contains(mod, "require github.com/tickroom/tickroom v1.2.3\n") || strings.Contains(mod, "replace") || files["go.sum"] != nil {
		t.Errorf("%s", mod)
	}
	if page := string(files["page/package.json"]); !strings.Contains(page, `"@tickroom/client": "^1.2.3"`) || !strings.Contains(page, `"name": "dodge-page"`) {
		t.Errorf("%s", page)
	}
	for name, text := range files {
		if s := string(text); strings.Contains(s, "mygame") || strings.Contains(s, "My game") || strings.Contains(s, "newgame") || strings.Contains(s, "NOTE\n") {
			t.Errorf("%s has something of the template left:\n%s", name, s)
		}
	}
	for _, name := range []string{".gitignore", "README.md", "main.go", "game/game.go", "game/game_test.go", "proto/dodge/v1/dodge.proto", "page/src/main.ts"} {
		if files[name] == nil {
			t.Errorf("there is no %s", name)
		}
	}
}

// TestAGameMayBeCalledAsOneOfItsFolders sees that neither what is built nor what git is told to
// pass over hides a file of the game, whatever its name.
func TestAGameMayBeCalledAsOneOfItsFolders(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"game", "page", "proto", "bin"} {
		g := &game{name: name, title: name, module: "example.com/" + name, source: &source{}}
		files, err := g.files()
		if err != nil {
			t.Fatal(err)
		}
		var hidden []string
		for line := range strings.Lines(string(files[".gitignore"])) {
			if strings.HasPrefix(line, "/") {
				hidden = append(hidden, strings.Trim(line, "/\n"))
			}
		}
		built := regexp.MustCompile(`go build -o (\S+)`).FindSubmatch(files["README.md"])
		if built == nil || len(hidden) == 0 {
			t.Fatalf("nothing is built or passed over: %q, %q", built, hidden)
		}
		for file := range files {
			for _, at := range append(hidden, string(built[1])) {
				if file == at || strings.HasPrefix(file, at+"/") {
					t.Errorf("in a game called %s, %s stands where %s is", name, at, file)
				}
			}
		}
	}
}

// TestTheTemplateIsFresh holds the template's generated code against its schema.
func TestTheTemplateIsFresh(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	files, err := codegen.Generate(t.Context(), codegen.Config{Proto: "template/proto", Go: out})
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	name := filepath.Join("template", "proto", strings.TrimPrefix(files[0], out))
	want, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(name); err != nil || string(got) != string(want) {
		t.Errorf("%s is stale (%v); run: make generate", name, err)
	}
}

// TestVersions holds what the page of a new game is built with to what the repository's
// pages are.
func TestVersions(t *testing.T) {
	t.Parallel()
	read := func(name string) (m struct{ DevDependencies map[string]string }) {
		text, err := os.ReadFile(name)
		if err == nil {
			err = json.Unmarshal(text, &m)
		}
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	ours := read("../../web/package.json").DevDependencies
	for name, version := range read("template/page/package.json").DevDependencies {
		if ours[name] != version {
			t.Errorf("%s is %s in the template, and %s here", name, version, ours[name])
		}
	}
	mod, err := os.ReadFile("../../go.mod")
	if err != nil || !strings.Contains(string(mod), "\ngo "+goVersion+"\n") {
		t.Errorf("go.mod does not ask for Go %s (%v)", goVersion, err)
	}
}

func TestRequirements(t *testing.T) {
	t.Parallel()
	got := requirements([]byte("module x\n\nrequire b.c/d v1.0.0\n\nrequire (\n\ta.b/c v0.1.0 // indirect\n\t// a comment\n)\n\ntool x.y/z\n"))
	if len(got) != 2 || got[0] != "a.b/c v0.1.0" || got[1] != "b.c/d v1.0.0" {
		t.Errorf("%q", got)
	}
}
