package docs

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/replica"
)

// TestAddingAKindIsShort holds the list to the ten lines that are promised.
func TestAddingAKindIsShort(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("adding-a-kind.md")
	if err != nil {
		t.Fatal(err)
	}
	items := regexp.MustCompile(`(?m)^\d+\. .*$`).FindAll(b, -1)
	if len(items) == 0 || len(items) > 10 {
		t.Errorf("the list has %d lines", len(items))
	}
}

// TestAddingAKind does what docs/adding-a-kind.md says in a copy of the repository,
// and plays the kind that comes out: a client, then bots.
func TestAddingAKind(t *testing.T) {
	t.Parallel()
	tree := copyTree(t)
	var goFiles, tsFiles []string
	for _, b := range blocks(t, "adding-a-kind.md") {
		if name, ok := strings.CutPrefix(b.info, "file="); ok {
			tree.write(name, b.text)
			switch filepath.Ext(name) {
			case ".go":
				goFiles = append(goFiles, name)
			case ".ts":
				tsFiles = append(tsFiles, strings.TrimPrefix(name, "web/"))
			}
		} else if name, ok := strings.CutPrefix(b.info, "edit="); ok {
			tree.edit(name, b.text)
		} else if b.info == "run" {
			tree.run("bash", "-e", "-c", b.text)
		}
	}
	if len(goFiles) != 2 || len(tsFiles) != 3 {
		t.Errorf("the page has the files %v and %v", goFiles, tsFiles)
	}
	if out := tree.run("gofmt", append([]string{"-l", "internal/kinds/kinds.go"}, goFiles...)...); out != "" {
		t.Errorf("not formatted: %s", out)
	}
	tree.run("go", "vet", "./internal/kinds/lamps")
	tree.run("go", "test", "-vet=off", "./internal/layers")
	tree.shared("test", "-vet=off", "./internal/kinds")
	tree.shared("build", "-o", filepath.Join(tree.dir, "bin")+"/", "./cmd/tickroom")
	tree.run("npm", "--prefix", "web", "run", "typecheck", "-w", "sdk", "-w", "demo")
	tree.run("npm", "--prefix", "web", "test", "-w", "demo", "--", "src/i18n.test.ts")
	tree.run("npm", append([]string{"--prefix", "web", "run", "lint", "--", "demo/src/kinds.ts"}, tsFiles...)...)

	addr := startServer(t, exec.Command(filepath.Join(tree.dir, "bin", "tickroom"), "serve", "--listen", "127.0.0.1:0", "--admin", ""))
	switchLamp(t, "ws://"+addr+"/ws")
	tree.run("bin/tickroom", "bots", "--server", "http://"+addr, "--kind", "lamps", "--clients", "5", "--duration", "1s", "--hash-every", "1")
}

// switchLamp joins lamps without its generated code, turns its lamp on and waits until
// it sees that.
func switchLamp(t *testing.T, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, err := client.Dial(ctx, url, client.Options{Config: client.Config{Kind: "lamps", HashEvery: 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(client.CloseNormal, "")
	c.SendRawInput(0, []byte{1 << 3, 1}) // on: true
	for on := false; !on; {
		select {
		case <-ctx.Done():
			t.Fatal("the lamp stays dark")
		case <-c.Done():
			t.Fatalf("the connection ended: %v", c.Err())
		case <-time.After(20 * time.Millisecond):
			c.View(func(r *replica.Replica) {
				if lamps := r.TableByName("Lamp"); lamps != nil {
					for _, cells := range lamps.All() {
						on = on || replica.Value(&lamps.Component().Fields[0], cells) == true
					}
				}
			})
		}
	}
	if st := c.Stats(); st.Desyncs != 0 || st.HashChecks == 0 {
		t.Errorf("%d hashes were compared, %d of them wrong", st.HashChecks, st.Desyncs)
	}
}

// scratch is a copy of the repository.
type scratch struct {
	t   *testing.T
	dir string
}

// copyTree copies the repository as it would be checked out. The tools and npm packages
// that are there already are linked to.
func copyTree(t *testing.T) scratch {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	s := scratch{t, t.TempDir()}
	s.check(os.CopyFS(s.dir, sources{os.DirFS(root)}))
	s.check(os.MkdirAll(filepath.Join(root, "bin", "tools"), 0o755))
	s.check(os.Mkdir(filepath.Join(s.dir, "bin"), 0o755))
	s.check(os.Symlink(filepath.Join(root, "bin", "tools"), filepath.Join(s.dir, "bin", "tools")))
	// Package by package, since that of the library is the copy's.
	modules := filepath.Join(s.dir, "web", "node_modules")
	s.check(os.Mkdir(modules, 0o755))
	packages, err := os.ReadDir(filepath.Join(root, "web", "node_modules"))
	if err != nil {
		t.Fatalf("%v; make web installs it", err)
	}
	for _, p := range packages {
		from, to := filepath.Join(root, "web", "node_modules", p.Name()), filepath.Join(modules, p.Name())
		switch p.Name() {
		case "@tickroom":
			s.check(os.Mkdir(to, 0o755))
			s.check(os.Symlink("../../sdk", filepath.Join(to, "client")))
		case ".package-lock.json":
			// New, so that make doesn't install anything.
			s.check(os.WriteFile(to, nil, 0o644))
		default:
			s.check(os.Symlink(from, to))
		}
	}
	return s
}

// sources are the files of a checkout that are of the repository.
type sources struct{ fs.FS }

func (s sources) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(s.FS, name)
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		switch e.Name() {
		case ".git", "node_modules", "bin", "out", "site", "artifacts": //nolint:misspell // a folder's name
			return true
		}
		return !e.IsDir() && !e.Type().IsRegular()
	}), err
}

func (s scratch) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s scratch) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.dir, filepath.FromSlash(name))
	s.check(os.MkdirAll(filepath.Dir(path), 0o755))
	if _, err := os.Stat(path); err == nil {
		s.t.Fatalf("%s is there already", name)
	}
	s.check(os.WriteFile(path, []byte(text), 0o644))
}

// edit applies a difference without line numbers: what it takes away and what it leaves
// must be in the file once.
func (s scratch) edit(name, diff string) {
	s.t.Helper()
	var before, after string
	for line := range strings.Lines(diff) {
		if line[0] != '+' {
			before += line[1:]
		}
		if line[0] != '-' {
			after += line[1:]
		}
	}
	path := filepath.Join(s.dir, filepath.FromSlash(name))
	text, err := os.ReadFile(path)
	s.check(err)
	if n := strings.Count(string(text), before); n != 1 {
		s.t.Fatalf("this is %d times in %s:\n%s", n, name, before)
	}
	s.check(os.WriteFile(path, []byte(strings.Replace(string(text), before, after, 1)), 0o644))
}

// shared has the go command work on the copy with what is compiled already: the copy's Go files, as far as
// they differ, are laid over those of the repository. In the copy all would be compiled anew.
func (s scratch) shared(command string, args ...string) {
	s.t.Helper()
	root, err := filepath.Abs("..")
	s.check(err)
	replace := map[string]string{}
	s.check(filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		rel, err := filepath.Rel(s.dir, path)
		s.check(err)
		text, err := os.ReadFile(path)
		s.check(err)
		at := filepath.Join(root, rel)
		if kept, err := os.ReadFile(at); err != nil || !bytes.Equal(kept, text) {
			replace[at] = path
		}
		return nil
	}))
	text, err := json.Marshal(map[string]any{"Replace": replace})
	s.check(err)
	name := filepath.Join(s.t.TempDir(), "overlay.json")
	s.check(os.WriteFile(name, text, 0o600))
	s.runIn("..", "go", append([]string{command, "-overlay", name}, args...)...)
}

// run runs a command in the copy and returns what it prints.
func (s scratch) run(name string, args ...string) string {
	s.t.Helper()
	return s.runIn(s.dir, name, args...)
}

func (s scratch) runIn(dir, name string, args ...string) string {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), name, args...)
	cmd.Dir = dir
	if strings.Contains(name, "/") {
		cmd.Path = filepath.Join(dir, name)
	}
	// This may run below make, whose jobs are none of the copy's business.
	cmd.Env = append(os.Environ(), "MAKEFLAGS=", "MFLAGS=", "MAKELEVEL=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}
