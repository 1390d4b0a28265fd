package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMatchsim(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	wider := "modes: {ranked: {teams: {size: 5}, rating: {window: 300}}}\n"
	if err := os.WriteFile(file("wider.yaml"), []byte(wider), 0o600); err != nil {
		t.Fatal(err)
	}
	const config = "../docs/examples/modes.yaml"
	var stdout, stderr bytes.Buffer
	if code := run([]string{
		"matchsim", "--config", config, "--mode", "ranked", "--hours", "0.2", "--tickets", "600", "--baseline",
		"--compare", file("wider.yaml"), "--json", file("r.json"), "--html", file("r.html"), "--save-trace", file("trace.jsonl"),
	}, &stdout, &stderr); code != ExitOK || stderr.Len() > 0 {
		t.Fatalf("%d: %s", code, &stderr)
	}
	for _, want := range []string{"modes", "modes, first-come", "wider", "rating spread"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("no %q in:\n%s", want, &stdout)
		}
	}
	b, err := os.ReadFile(file("r.json"))
	if err != nil {
		t.Fatal(err)
	}
	var reports []struct{ Tickets int }
	if err := json.Unmarshal(b, &reports); err != nil || len(reports) != 3 || reports[0].Tickets != 600 {
		t.Errorf("%v: %d reports", err, len(reports))
	}
	if b, err := os.ReadFile(file("r.html")); err != nil || !bytes.Contains(b, []byte(`"plots":`)) {
		t.Errorf("%v: %.100s", err, b)
	}
	// The trace gives the same report again.
	first := stdout.String()
	stdout.Reset()
	if code := run([]string{
		"matchsim", "--config", config, "--mode", "ranked", "--trace", file("trace.jsonl"), "--baseline", "--compare", file("wider.yaml"),
	}, &stdout, &stderr); code != ExitOK || stdout.String() != first {
		t.Errorf("%d: %s\n%s\nwas\n%s", code, &stderr, &stdout, first)
	}
}

func TestMatchsimErrors(t *testing.T) {
	t.Parallel()
	const config = "../docs/examples/modes.yaml"
	for _, tt := range []struct{ args, want string }{
		{"", "matchsim needs --config"},
		{"--config /nowhere.yaml", "the configuration file can't be read"},
		{"--config " + config, "has several modes; choose one with --mode: ranked, roles, royale, duel"},
		{"--config " + config + " --mode chess", `has no mode "chess"; it has: ranked, roles, royale, duel`},
		{"--config " + config + " --mode duel --matcher best-ever", "it must be best or first-come"},
		{"--config " + config + " --mode duel --hours 0", "--hours 0 is not allowed"},
		{"--config " + config + " --mode duel --tickets 0", "--tickets 0 is not allowed"},
		{"--config matchsim_test.go", "matchsim_test.go"},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(append([]string{"matchsim"}, strings.Fields(tt.args)...), &stdout, &stderr); code != ExitUsage || !strings.Contains(stderr.String(), tt.want) {
			t.Errorf("%s: %d %s, want %s", tt.args, code, &stderr, tt.want)
		}
	}
}
