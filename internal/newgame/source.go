package newgame

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

const tickroom = "github.com/tickroom/tickroom"

// goVersion is the version of Go that tickroom's go.mod asks for, and so a game's.
const goVersion = "1.26.0"

// source is where a new game has tickroom from: a checkout, or a release.
type source struct {
	checkout string // empty: a release
	version  string // of the Go module
	client   string // how package.json names the client library
	docs     string // where its documentation is
	note     string // for the README
}

// release matches the version of a released program.
var release = regexp.MustCompile(`^v\d+\.\d+\.\d+`)

// findSource finds out where the game gets tickroom from.
func findSource(o Options) (*source, error) {
	dir := o.Checkout
	if dir == "" {
		dir = findCheckout()
	} else if !isCheckout(dir) {
		return nil, fmt.Errorf("--checkout: %s is no checkout of tickroom: it has no go.mod of %s with web/sdk beside it", dir, tickroom)
	}
	if dir == "" {
		if !release.MatchString(o.Version) {
			return nil, errors.New("there is no release of tickroom yet, so a new game takes it from a checkout, and none was found: give --checkout, the folder with tickroom's go.mod")
		}
		return &source{
			version: o.Version, client: "^" + strings.TrimPrefix(o.Version, "v"), docs: "https://" + tickroom,
		}, nil
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	return &source{
		checkout: dir, version: "v0.0.0", client: "file:" + strings.TrimPrefix(clientFile, "page/"), docs: dir,
		note: `
## Where tickroom is from

There is no release of tickroom yet. So ` + "`go.mod`" + ` has a ` + "`replace`" + ` that leads to a checkout on this machine, and the page has the client
library as it was packed there, ` + "`" + clientFile + "`" + `. After an update of the checkout:

` + "```sh\ngo mod tidy\nnpm --prefix page install " + filepath.ToSlash(dir) + "/web/sdk\n```\n",
	}, nil
}

// findCheckout returns the checkout that the program is run in, lies in, or was built from;
// empty if there is none.
func findCheckout() string {
	var from []string
	if dir, err := os.Getwd(); err == nil {
		from = append(from, dir)
	}
	if exe, err := os.Executable(); err == nil {
		if exe, err = filepath.EvalSymlinks(exe); err == nil {
			from = append(from, filepath.Dir(exe))
		}
	}
	// Where the source was when it was compiled, unless paths were trimmed.
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		from = append(from, filepath.Dir(file))
	}
	for _, dir := range from {
		for ; ; dir = filepath.Dir(dir) {
			if isCheckout(dir) {
				return dir
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return ""
}

// isCheckout reports whether the directory is tickroom's.
func isCheckout(dir string) bool {
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil || !slices.Contains(strings.Split(strings.ReplaceAll(string(mod), "\r", ""), "\n"), "module "+tickroom) {
		return false
	}
	_, err = os.Stat(filepath.Join(dir, "web", "sdk", "package.json"))
	return err == nil
}

// goFiles adds go.mod and go.sum. With a checkout they have all that tickroom needs, so
// that the first build asks nobody which versions there are.
func (s *source) goFiles(module string, files map[string][]byte) error {
	var mod bytes.Buffer
	fmt.Fprintf(&mod, "module %s\n\ngo %s\n\n", module, goVersion)
	fmt.Fprintf(&mod, "// go tool tickroom\ntool %s/cmd/tickroom\n\nrequire %s %s\n", tickroom, tickroom, s.version)
	if s.checkout == "" {
		files["go.mod"] = mod.Bytes()
		return nil
	}
	fmt.Fprintf(&mod, "\n// Until there is a release.\nreplace %s => %s\n", tickroom, quotePath(s.checkout))
	theirs, err := os.ReadFile(filepath.Join(s.checkout, "go.mod"))
	if err != nil {
		return err
	}
	sum, err := os.ReadFile(filepath.Join(s.checkout, "go.sum"))
	if err != nil {
		return err
	}
	fmt.Fprintf(&mod, "\nrequire (\n")
	for _, r := range requirements(theirs) {
		fmt.Fprintf(&mod, "\t%s // indirect\n", r)
	}
	fmt.Fprintf(&mod, ")\n")
	files["go.mod"], files["go.sum"] = mod.Bytes(), sum
	return nil
}

// requirements returns the modules and versions that a go.mod requires.
func requirements(mod []byte) (all []string) {
	within := false
	for sc := bufio.NewScanner(bytes.NewReader(mod)); sc.Scan(); {
		line, _, _ := strings.Cut(sc.Text(), "//")
		line = strings.TrimSpace(line)
		one, single := strings.CutPrefix(line, "require ")
		switch {
		case line == "require (":
			within = true
		case line == ")":
			within = false
		case single:
			all = append(all, one)
		case within && line != "":
			all = append(all, line)
		}
	}
	slices.Sort(all)
	return all
}

// quotePath returns a path as go.mod has it.
func quotePath(path string) string {
	if strings.ContainsAny(path, " \t\"'`(),[]{}") {
		return fmt.Sprintf("%q", path)
	}
	return path
}

// finish does what is left when all files are there: of a release the go command knows
// best what it needs.
func (s *source) finish(ctx context.Context, dir string) error {
	if s.checkout != "" {
		return nil
	}
	cmd := exec.CommandContext(ctx, "go", "mod", "tidy")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go mod tidy in %s: %w\n%s", dir, err, out)
	}
	return nil
}
