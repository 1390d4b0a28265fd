package docs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/kinds/arena"
	"github.com/tickroom/tickroom/internal/servertest"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
)

// matchmakingServer runs the server that docs/matchmaking-api.md speaks of, and returns
// its address.
func matchmakingServer(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("examples/modes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	cfg := config.Default()
	cfg.Listen, cfg.Admin, cfg.ShutdownGrace = "127.0.0.1:0", "", time.Second
	if cfg.Modes, err = mode.Parse("examples/modes.yaml", text, "simulation"); err != nil {
		t.Fatal(err)
	}
	srv, err := server.New(cfg, server.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Register(arena.Kind()); err != nil {
		t.Fatal(err)
	}
	servertest.Run(t, srv)
	return srv.Addr().String()
}

// TestMatchmakingAPI runs the commands of docs/matchmaking-api.md, one after another in
// one shell, and compares their answers with those that the page shows.
func TestMatchmakingAPI(t *testing.T) {
	t.Parallel()
	const end = "-- end of block --"
	var script strings.Builder
	script.WriteString("set -euo pipefail\n")
	shown := map[int]string{} // by the number of the command block before it
	commands := 0
	for _, b := range blocks(t, "matchmaking-api.md") {
		switch text := strings.TrimSpace(b.text); {
		case strings.HasPrefix(text, "{"):
			shown[commands] = text
		default:
			commands++
			fmt.Fprintf(&script, "%s\necho; echo '%s'\n", text, end)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", strings.ReplaceAll(script.String(), "127.0.0.1:7777", matchmakingServer(t)))
	cmd.Dir = t.TempDir()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v (make setup installs what it needs)\n%s%s", err, out, stderr.String())
	}
	answers := strings.Split(string(out), end+"\n")
	if len(answers) != commands+1 || len(shown) < 8 {
		t.Fatalf("%d answers to %d commands, %d of which are shown", len(answers)-1, commands, len(shown))
	}
	for n, want := range shown {
		got := answers[n-1]
		if strings.Contains(want, "TICKET_STATE_MATCHED") {
			sameStream(t, got, want)
			continue
		}
		var g, w any
		if err := json.Unmarshal([]byte(want), &w); err != nil {
			t.Fatalf("the page shows %s: %v", want, err)
		}
		if err := json.Unmarshal([]byte(got), &g); err != nil {
			t.Fatalf("the answer is %s: %v", got, err)
		}
		same(t, fmt.Sprintf("answer %d", n), g, w)
	}
}

// sameStream compares the states that a stream goes through. The first one may be over
// before the stream begins.
func sameStream(t *testing.T, got, want string) {
	t.Helper()
	states := func(s string) []string {
		var out []string
		for _, part := range strings.Split(s, "TICKET_STATE_")[1:] {
			name, _, _ := strings.Cut(part, `"`)
			out = append(out, name)
		}
		return out
	}
	if g, w := states(got), states(want); !slices.Equal(g, w) && !slices.Equal(g, w[1:]) {
		t.Errorf("the stream says %v, the page shows %v\n%s", g, w, got)
	}
}

// same compares an answer with what the page shows: the same fields and types; texts
// that are cut with … begin as they are shown, up to what changes each time, and words
// in capitals or small letters alone are the same.
func same(t *testing.T, where string, got, want any) {
	t.Helper()
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || !slices.Equal(slices.Sorted(maps.Keys(g)), slices.Sorted(maps.Keys(w))) {
			t.Errorf("%s: the answer is %v, the page shows %v", where, got, want)
			return
		}
		for k := range w {
			same(t, where+"."+k, g[k], w[k])
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) == 0 {
			t.Errorf("%s: the answer is %v, the page shows %v", where, got, want)
			return
		}
		same(t, where+".0", g[0], w[0])
	case string:
		g, ok := got.(string)
		fixed := strings.Trim(w, "abcdefghijklmnopqrstuvwxyz_") == "" || strings.HasPrefix(w, "TICKET_STATE_")
		shown, cut := strings.CutSuffix(w, "…")
		text := cut && strings.Contains(shown, " ") && !strings.Contains(shown, "…")
		if !ok || fixed && g != w || text && !strings.HasPrefix(g, shown) {
			t.Errorf("%s: the answer is %q, the page shows %q", where, got, want)
		}
	default:
		if fmt.Sprintf("%T", got) != fmt.Sprintf("%T", want) {
			t.Errorf("%s: the answer is %v, the page shows %v", where, got, want)
		}
	}
}
