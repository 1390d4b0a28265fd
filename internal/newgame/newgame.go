// Package newgame writes a new game: a module with a schema, rules, a server and a page,
// from the template in its folder. The command "tickroom new" is it.
package newgame

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/tickroom/tickroom/proto/codegen"
)

// Options say what to write, and where.
type Options struct {
	// Dir is the directory for it, which is made, or is empty.
	Dir string
	// Name is what the kind of room and the packages are called: a letter from a to z and
	// then letters or digits. Empty: made of Dir's.
	Name string
	// Module is the path of the Go module. Empty: example.com/ and the name.
	Module string
	// Checkout is a checkout of tickroom to take the libraries from. Empty: the one that
	// this program is run in or was built from, or for a released program none.
	Checkout string
	// Version is the program's.
	Version string
}

// game is what a new game has of its own.
type game struct {
	dir                 string
	name, title, module string
	source              *source
}

// Write writes a new game, and returns its name. Nothing is written if an error is found
// before.
func Write(ctx context.Context, o Options) (name string, err error) {
	g := &game{dir: o.Dir, name: o.Name, module: o.Module}
	if g.name == "" {
		g.name, err = nameOf(o.Dir)
	} else if err = checkName(g.name); err != nil {
		err = fmt.Errorf("--name: %w", err)
	}
	if err != nil {
		return "", err
	}
	g.title = titleOf(o.Dir, g.name)
	if g.module == "" {
		g.module = "example.com/" + g.name
	} else if !modules.MatchString(g.module) {
		return "", fmt.Errorf("--module: %q is no path of a module, such as example.com/%s", g.module, g.name)
	}
	if err := checkEmpty(o.Dir); err != nil {
		return "", err
	}
	if err := checkNode(ctx); err != nil {
		return "", err
	}
	if g.source, err = findSource(o); err != nil {
		return "", err
	}
	return g.name, g.write(ctx)
}

// checkEmpty returns what is wrong with a directory for a new game.
func checkEmpty(dir string) error {
	there, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the folder for the game can't be read: %w", err)
	}
	for _, e := range there {
		if e.Name() != ".git" {
			return fmt.Errorf("%s is not empty: it has %s, and maybe more. A new game needs a folder of its own; name one that is empty, or not there yet", dir, e.Name())
		}
	}
	return nil
}

// The oldest Node.js that Vite runs on.
const nodeMajor, nodeMinor = 20, 19

// checkNode returns what is wrong with the Node.js of this machine.
func checkNode(ctx context.Context) error {
	needed := fmt.Sprintf("the page of a game needs Node.js %d.%d or newer", nodeMajor, nodeMinor)
	out, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err != nil {
		return fmt.Errorf("%s, and node --version fails: %w", needed, err)
	}
	version := strings.TrimSpace(string(out))
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(parts) == 3 {
		major, err1 := strconv.Atoi(parts[0])
		minor, err2 := strconv.Atoi(parts[1])
		if err1 == nil && err2 == nil && (major > nodeMajor || major == nodeMajor && minor >= nodeMinor) {
			return nil
		}
	}
	return fmt.Errorf("%s, and this is %s", needed, version)
}

// write writes all files.
func (g *game) write(ctx context.Context) error {
	client, err := g.source.pack(ctx) // may take a while, and fail
	if err != nil {
		return err
	}
	files, err := g.files()
	if err != nil {
		return err
	}
	if client != nil {
		files[clientFile] = client
	}
	if err := g.source.goFiles(g.module, files); err != nil {
		return err
	}
	for name, text := range files {
		path := filepath.Join(g.dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o666); err != nil {
			return err
		}
	}
	schemas := filepath.Join(g.dir, "proto")
	if _, err := codegen.Generate(ctx, codegen.Config{Proto: schemas, Go: schemas, TypeScript: filepath.Join(g.dir, "page", "src", "gen")}); err != nil {
		return err
	}
	return g.source.finish(ctx, g.dir)
}
