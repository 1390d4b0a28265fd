// Package dev runs a game while somebody works on it: its server, which is built and
// started again when Go files change, its page by Vite, and the code of its schema. The
// command "tickroom dev" is it.
package dev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/tickroom/tickroom/proto/codegen"
)

// every is how often files are looked at: soon enough to seem at once.
const every = 250 * time.Millisecond

// Config says what is run, and where.
type Config struct {
	// Dir is the game's directory, with go.mod, proto and page.
	Dir string
	// Listen is the server's address for players, Page that of the page.
	Listen, Page string
	// Serve are more arguments for the server.
	Serve []string
	// Out is told what happens.
	Out io.Writer
}

// runner is what runs.
type runner struct {
	Config
	bin    string // file of the server's program
	tmp    string // folder of it
	server *process
	page   *process
}

// Run runs the game until ctx is done, or its page ends.
func Run(ctx context.Context, cfg Config) (err error) {
	if _, err := os.Stat(filepath.Join(cfg.Dir, "go.mod")); err != nil {
		return fmt.Errorf("there is no go.mod in %s, so it is no game's folder; tickroom new makes one", cfg.Dir)
	}
	r := &runner{Config: cfg}
	if r.tmp, err = os.MkdirTemp("", "tickroom-dev-"); err != nil {
		return err
	}
	defer os.RemoveAll(r.tmp)
	name, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return err
	}
	r.bin = filepath.Join(r.tmp, filepath.Base(name)) // as it calls itself
	if runtime.GOOS == "windows" {
		r.bin += ".exe"
	}
	defer r.stop()
	seen := look(cfg.Dir)
	r.generate(ctx)
	if err := r.install(ctx); err != nil {
		return err
	}
	r.restart(ctx)
	if err := r.startPage(); err != nil {
		return err
	}
	return r.watch(ctx, seen)
}

func (r *runner) say(format string, args ...any) {
	fmt.Fprintf(r.Out, "dev: "+format+"\n", args...)
}

// watch looks at the files again and again, and does what their changes ask for.
func (r *runner) watch(ctx context.Context, seen files) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		var serverEnded <-chan struct{}
		if r.server != nil {
			serverEnded = r.server.ended
		}
		select {
		case <-ctx.Done():
			return nil
		case <-r.page.ended:
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("the page's server has ended: %w", r.page.why())
		case <-serverEnded:
			if ctx.Err() == nil {
				r.say("the server has ended (%v); it is started again after the next change of a Go file", r.server.err)
			}
			r.server = nil
		case <-ticker.C:
			now := look(r.Dir)
			if now.differ(seen, ".proto") {
				r.generate(ctx)
				now = look(r.Dir)
			}
			if now.differ(seen, ".go", "go.mod", "go.sum") {
				r.restart(ctx)
			}
			seen = now
		}
	}
}

// generate generates the code of the schema, or says what is wrong with that.
func (r *runner) generate(ctx context.Context) {
	schemas := filepath.Join(r.Dir, "proto")
	cfg := codegen.Config{Proto: schemas, Go: schemas}
	if r.hasPage() {
		cfg.TypeScript = filepath.Join(r.Dir, "page", "src", "gen")
	}
	changed, err := codegen.Generate(ctx, cfg)
	if err != nil {
		r.say("the schema is not right:\n%v", err)
	} else if len(changed) > 0 {
		r.say("generated the code of the schema")
	}
}

func (r *runner) hasPage() bool {
	_, err := os.Stat(filepath.Join(r.Dir, "page", "package.json"))
	return err == nil
}

// restart builds the server, and starts it in the place of the one that runs. If it can't
// be built that goes on.
func (r *runner) restart(ctx context.Context) {
	begun := time.Now()
	if r.server == nil {
		r.say("building the server")
	}
	built := r.bin + ".new"
	cmd := exec.CommandContext(ctx, "go", "build", "-o", built, ".")
	cmd.Dir = r.Dir
	if out, err := cmd.CombinedOutput(); err != nil {
		if ctx.Err() == nil {
			r.say("the server can't be built: %v\n%s", err, strings.TrimRight(string(out), "\n"))
		}
		return
	}
	r.server.stop()
	if err := os.Rename(built, r.bin); err != nil {
		r.say("%v", err)
		return
	}
	// Few connections, so that any machine's limit of open files is enough.
	// The rooms go on in what was built; what can't be played again by that begins anew, as the log says.
	args := append([]string{
		"serve", "--listen", r.Listen, "--max-connections", "500", "--max-pending", "500", "--journal-rooms", filepath.Join(r.tmp, "rooms"), "--journal-try-builds",
	}, r.Serve...)
	server, err := start(r.Dir, r.Out, nil, r.bin, args...)
	if err != nil {
		r.say("the server can't be started: %v", err)
		return
	}
	r.server = server
	r.say("the server runs on %s, built in %.1f s", r.Listen, time.Since(begun).Seconds())
}

// install installs the packages of the page, if they are not there or package.json is
// newer.
func (r *runner) install(ctx context.Context) error {
	if !r.hasPage() {
		return errors.New("there is no page/package.json; a game without a page needs no more than: go run . serve")
	}
	page := filepath.Join(r.Dir, "page")
	wanted, err := os.Stat(filepath.Join(page, "package.json"))
	if err != nil {
		return err
	}
	if done, err := os.Stat(filepath.Join(page, "node_modules", ".package-lock.json")); err == nil && done.ModTime().After(wanted.ModTime()) {
		return nil
	}
	r.say("installing the packages of the page")
	npm, err := exec.LookPath("npm") // npm.cmd on Windows
	if err != nil {
		return fmt.Errorf("npm, which comes with Node.js, is needed for the page: %w", err)
	}
	cmd := exec.CommandContext(ctx, npm, "install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir = page
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm install in %s: %w\n%s", page, err, out)
	}
	return nil
}

// startPage starts Vite, by itself rather than by npm, so that it is one process.
func (r *runner) startPage() (err error) {
	host, port, err := net.SplitHostPort(r.Page)
	if err != nil {
		return fmt.Errorf("--page: %w", err)
	}
	vite := filepath.Join("node_modules", "vite", "bin", "vite.js")
	env := []string{"GAME_SERVER=http://" + r.Listen}
	r.page, err = start(filepath.Join(r.Dir, "page"), r.Out, env, "node", vite, "--host", host, "--port", port, "--strictPort", "--clearScreen", "false")
	if err == nil {
		r.say("the page is on http://%s — open it in two windows. Ctrl-C ends all", r.Page)
	}
	return err
}

// stop ends what runs.
func (r *runner) stop() {
	r.page.stop()
	r.server.stop()
}
