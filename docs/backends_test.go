package docs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/internal/servertest"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/world/danmaku"
)

// backendServer runs the server that docs/backends.md speaks of, and returns its address and a
// service's token.
func backendServer(t *testing.T) (addr, token string) {
	t.Helper()
	key, err := identity.NewSigningKey(identity.EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.Write(filepath.Join(t.TempDir(), "service.key"))
	if err != nil {
		t.Fatal(err)
	}
	cfg := config.Default()
	cfg.Listen, cfg.Admin, cfg.ShutdownGrace, cfg.Service.KeyFiles = "127.0.0.1:0", "", time.Second, []string{public}
	srv, err := server.New(cfg, server.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Register(danmaku.Kind(danmaku.Outside{})); err != nil {
		t.Fatal(err)
	}
	if err := srv.Register(danmaku.ShowKind()); err != nil {
		t.Fatal(err)
	}
	servertest.Run(t, srv)
	made, err := key.MintService(identity.ServiceGrant{Service: "shop", Scopes: identity.Scopes(), Audience: cfg.Service.Audience, TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return srv.Addr().String(), string(made)
}

// TestBackends runs the calls of docs/backends.md, one after another in one shell, and compares their
// answers with those that the page shows.
func TestBackends(t *testing.T) {
	t.Parallel()
	const end = "-- end of block --"
	var script strings.Builder
	script.WriteString("set -euo pipefail\n")
	shown := map[int]string{} // by the number of the command block before it
	commands := 0
	for _, b := range blocks(t, "backends.md") {
		text := strings.TrimSpace(b.text)
		switch {
		case b.info != "" || strings.HasPrefix(text, "hooks:"):
		case strings.HasPrefix(text, "{"):
			shown[commands] = text
		default:
			commands++
			fmt.Fprintf(&script, "%s\necho; echo '%s'\n", text, end)
		}
	}
	addr, token := backendServer(t)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", strings.ReplaceAll(script.String(), "127.0.0.1:7777", addr))
	cmd.Dir, cmd.Env = t.TempDir(), append(cmd.Environ(), "TOKEN="+token)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v (make setup installs what it needs)\n%s%s", err, out, stderr.String())
	}
	answers := strings.Split(string(out), end+"\n")
	if len(answers) != commands+1 || len(shown) != 3 {
		t.Fatalf("%d answers to %d commands, %d of which are shown", len(answers)-1, commands, len(shown))
	}
	for n, want := range shown {
		var g, w any
		if err := json.Unmarshal([]byte(want), &w); err != nil {
			t.Fatalf("the page shows %s: %v", want, err)
		}
		if err := json.Unmarshal([]byte(answers[n-1]), &g); err != nil {
			t.Fatalf("the answer is %s: %v", answers[n-1], err)
		}
		same(t, fmt.Sprintf("answer %d", n), g, w)
	}
	for _, want := range []string{`"room":"danmaku-tonight"`, `"rate":`, "player mallory is not in any room"} {
		if !strings.Contains(strings.ReplaceAll(string(out), `": `, `":`), want) {
			t.Errorf("no answer has %s:\n%s", want, out)
		}
	}
}
