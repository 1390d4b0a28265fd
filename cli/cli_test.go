package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/internal/kinds"
	"github.com/tickroom/tickroom/internal/kinds/walkers"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/web"
	"github.com/tickroom/tickroom/world"
)

// asProgram in the environment makes the test binary be the program.
const asProgram = "RUN_AS_TICKROOM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		builtin().Main()
	}
	// Importing ants starts its default pool, for good.
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent())
}

// builtin is a program with kinds and a page.
func builtin() Program {
	p := Program{Name: "tickroom", Bots: kinds.Bots(), Pages: web.Handler()}
	for _, k := range kinds.All() {
		p.Kinds = append(p.Kinds, k.Kind)
	}
	return p
}

// run runs a command line of it.
func run(args []string, stdout, stderr io.Writer) int {
	return builtin().Run(context.Background(), args, strings.NewReader(""), stdout, stderr)
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args   string
		code   int
		stdout string // part of it
		stderr string // part of it, "" for nothing
	}{
		{"", ExitOK, "tickroom serve", ""},
		{"--help", ExitOK, "tickroom serve", ""},
		{"serve --help", ExitOK, "--kind-option", ""},
		{"bots --help", ExitOK, "--churn", ""},
		{"version", ExitOK, "tickroom ", ""},
		{"kinds", ExitOK, "walkers.players=10", ""},
		{"kinds", ExitOK, "arena.teams=0", ""},
		{"kinds", ExitOK, fmt.Sprintf("  schema %016x\n", walkers.Kind().Schema.Fingerprint()), ""},
		{"config --max-rooms 7", ExitOK, "\nmax_rooms: 7\n", ""},
		{"config --kind-option arena.teams=2", ExitOK, "kinds:\n  arena:\n    teams: \"2\"\n", ""},
		{"srve", ExitUsage, "", `tickroom: tickroom does not know what to do with "srve"; did you mean "serve"? see tickroom --help`},
		{"serve now", ExitUsage, "", `tickroom: tickroom serve does not know what to do with "now"; see tickroom serve --help`},
		{"serve --listn x", ExitUsage, "", "tickroom: unknown flag: --listn; see tickroom serve --help"},
		{"serve --max-rooms many", ExitUsage, "", "see tickroom serve --help"},
		{"serve --max-rooms 0", ExitUsage, "", `invalid argument "0" for "--max-rooms" flag: 0 is not allowed; it must be from 1 to 1000000; see tickroom serve --help`},
		{"serve --config /nowhere.yaml", ExitUsage, "", "tickroom: the configuration file can't be read: open /nowhere.yaml"},
		{"serve --log-level error --listen 192.0.2.1:1 --identity-guests on --admin=", ExitFailed, "", "set --listen to another"},
		{"serve --log-level error --listen 127.0.0.1:0 --admin= --kind-option walkers.plyers=3", ExitFailed, "", `kind walkers has no option "plyers"; it has: players`},
		{"serve --log-level error --listen 127.0.0.1:0 --admin= --kind-option chess.x=3", ExitFailed, "", "the kinds are: arena, "},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			code := run(strings.Fields(tt.args), &stdout, &stderr)
			if code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if !strings.Contains(stdout.String(), tt.stdout) {
				t.Errorf("no %q in: %s", tt.stdout, &stdout)
			}
			if tt.stderr == "" && stderr.Len() > 0 || !strings.Contains(stderr.String(), tt.stderr) {
				t.Errorf("no %q in the errors: %s", tt.stderr, &stderr)
			}
			if n := strings.Count(stderr.String(), "\n"); n > 1 {
				t.Errorf("%d lines of errors: %s", n, &stderr)
			}
		})
	}
}

// TestServe runs the real server and asks for its pages.
func TestServe(t *testing.T) {
	t.Parallel()
	cfg := config.Default()
	cfg.Listen, cfg.Admin, cfg.Log.Level = "127.0.0.1:0", "127.0.0.1:0", "error"
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	srv, err := builtin().newServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	wg.Go(func() {
		if err := srv.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	defer wg.Wait()
	defer cancel()
	select {
	case <-srv.Ready():
	case <-time.After(10 * time.Second):
		t.Fatal("the server does not listen")
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for url, want := range map[string]string{
		pageURL("http", srv.Addr()):                  "<title>tickroom",
		pageURL("http", srv.Addr()) + "arena":        "<title>",
		pageURL("http", srv.AdminAddr()):             "tickroom",
		pageURL("http", srv.AdminAddr()) + "metrics": "tickroom_build_info",
		pageURL("http", srv.AdminAddr()) + "readyz":  "ready",
		pageURL("http", srv.AdminAddr()) + "rooms":   `"count": 0`,
		pageURL("http", srv.AdminAddr()) + "version": `"go": "go`,
	} {
		resp, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != 200 || !strings.Contains(string(b), want) {
			t.Errorf("%s: %d %v: %.200s", url, resp.StatusCode, err, b)
		}
	}
}

// TestSignals runs the program itself, and signals it to end.
func TestSignals(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "serve", "--listen=127.0.0.1:0", "--admin=", "--log-format=json")
			cmd.Env = append(os.Environ(), asProgram+"=1")
			stderr, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var said []string
			var begun time.Time
			for sc := bufio.NewScanner(stderr); sc.Scan(); {
				said = append(said, sc.Text())
				if strings.Contains(sc.Text(), `"msg":"listening"`) {
					begun = time.Now()
					if err := cmd.Process.Signal(sig); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("%v: %q", err, said)
			}
			if d := time.Since(begun); d > 5*time.Second {
				t.Errorf("it took %v to end", d)
			}
			if len(said) == 0 || !strings.Contains(said[len(said)-1], `"msg":"gone"`) {
				t.Errorf("its last words are not that it is gone: %q", said)
			}
		})
	}
}

func TestGreeting(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	cfg := config.Default()
	builtin().greet(&b, cfg, &net.TCPAddr{IP: net.IPv6zero, Port: 7777}, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 7778}, "")
	for _, want := range []string{"http://localhost:7777/", "http://127.0.0.1:7778/"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in: %s", want, &b)
		}
	}
	b.Reset()
	cfg.TLS = config.TLS{Cert: "c", Key: "k"}
	builtin().greet(&b, cfg, &net.TCPAddr{IP: net.IPv6loopback, Port: 443}, nil, "")
	if !strings.Contains(b.String(), "https://[::1]:443/") || strings.Contains(b.String(), "admin") {
		t.Errorf("%s", &b)
	}
}

// TestHostPages looks at who is given the token for hosts' pages, and whether it is good.
func TestHostPages(t *testing.T) {
	t.Parallel()
	p := Program{Name: "x", HostPages: []string{"/quiz/host", "/live/host"}}
	for name, tt := range map[string]struct {
		change func(c *config.Config)
		given  bool
	}{
		"a developer's own machine": {func(*config.Config) {}, true},
		"other machines":            {func(c *config.Config) { c.Listen = ":7777" }, false},
		"guests from everywhere":    {func(c *config.Config) { c.Identity.Guests = "on" }, false},
		"keys are configured":       {func(c *config.Config) { c.Identity.KeyFiles = []string{"account.pub"} }, false},
		"behind a proxy":            {func(c *config.Config) { c.Access.TrustedProxies = []string{"127.0.0.1"} }, false},
	} {
		cfg := config.Default()
		tt.change(cfg)
		token, err := p.hostToken(cfg)
		if err != nil || (token != "") != tt.given || cfg.Identity.Secret != "" != tt.given {
			t.Errorf("%s: a token: %t, a secret: %t: %v", name, token != "", cfg.Identity.Secret != "", err)
		}
		if token == "" {
			continue
		}
		is := cfg.Identity
		v, err := identity.NewVerifier(t.Context(), identity.Config{
			Secret: is.Secret, RolesClaim: is.RolesClaim, NameClaim: is.NameClaim, MaxToken: is.MaxToken, Leeway: is.Leeway,
			Refresh: is.Refresh, Refetch: is.Refetch,
		}, identity.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		if id, err := v.Verify(t.Context(), identity.Token(token)); err != nil || !id.Roles.Has(identity.Host|identity.Moderator) || id.Roles.Has(identity.Admin) {
			t.Errorf("%+v: %v", id, err)
		}
		var b bytes.Buffer
		p.greet(&b, cfg, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 7777}, nil, token)
		if want := "http://127.0.0.1:7777/live/host#token=" + token + "\n"; !strings.Contains(b.String(), want) {
			t.Errorf("no %q in: %s", want, &b)
		}
	}
	if token, _ := (Program{Name: "x"}).hostToken(config.Default()); token != "" {
		t.Error("a token for no page")
	}
}

// TestConfigReadsItself feeds the printed configuration back.
func TestConfigReadsItself(t *testing.T) {
	t.Parallel()
	var first, second, stderr bytes.Buffer
	if run([]string{"config", "--seed", "7", "--kind-option", "walkers.npcs=3"}, &first, &stderr) != ExitOK {
		t.Fatal(&stderr)
	}
	path := filepath.Join(t.TempDir(), "tickroom.yaml")
	if err := os.WriteFile(path, first.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if run([]string{"config", "--config", path}, &second, &stderr) != ExitOK {
		t.Fatal(&stderr)
	}
	if first.String() != second.String() {
		t.Errorf("%s\nbecame\n%s", &first, &second)
	}
}

// TestOwnProgram looks at the command line of a program with a kind of its own, under its
// own name.
func TestOwnProgram(t *testing.T) {
	t.Parallel()
	p := Program{Name: "dodge", Kinds: []world.Kind{{Name: "dodge", Doc: "balls fly", Schema: walkers.Kind().Schema}}}
	for _, tt := range []struct {
		args string
		code int
		want string
	}{
		{"--help", ExitOK, "  dodge serve                              # then clients connect to ws://"},
		{"kinds", ExitOK, "dodge: balls fly\n  schema "},
		{"token --help", ExitOK, "  dodge token --new-key dev.key"},
		{"token", ExitUsage, "dodge: a key to sign with is missing: give --key-file FILE, or make one with --new-key FILE; see dodge token --help"},
		{"serv", ExitUsage, `dodge: dodge does not know what to do with "serv"; did you mean "serve"? see dodge --help`},
		{"bots --help", ExitOK, "kind of room to join: dodge"},
		{"more", ExitUsage, "dodge: more of what?"},
	} {
		var out bytes.Buffer
		p.Commands = []*cobra.Command{{Use: "more", RunE: func(*cobra.Command, []string) error { return UsageError(errors.New("more of what?")) }}}
		code := p.Run(t.Context(), strings.Fields(tt.args), strings.NewReader(""), &out, &out)
		if said := out.String(); code != tt.code || !strings.Contains(said, tt.want) || strings.Contains(said, "tickroom serve") {
			t.Errorf("%s: code %d:\n%s", tt.args, code, said)
		}
	}
	var b bytes.Buffer
	p.greet(&b, config.Default(), &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 7777}, nil, "")
	if want := "dodge is running.\n\n    games  ws://127.0.0.1:7777/ws\n"; !strings.Contains(b.String(), want) {
		t.Errorf("no %q in: %s", want, &b)
	}
}
