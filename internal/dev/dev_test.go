package dev

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestFiles sees which changes are noticed, and which are nobody's business.
func TestFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("game/game.go", "a")
	for _, c := range []struct {
		name         string
		schema, code bool
	}{
		{"game/game.go", false, true},
		{"game/other.go", false, true},
		{"game/game_test.go", false, false},
		{"go.sum", false, true},
		{"proto/a/v1/a.proto", true, false},
		{"page/src/main.ts", false, false},
		{"page/node_modules/x/x.go", false, false},
		{".git/x.go", false, false},
	} {
		before := look(dir)
		write(c.name, strings.Repeat("longer", 10))
		now := look(dir)
		if schema, code := now.differ(before, ".proto"), now.differ(before, ".go", "go.mod", "go.sum"); schema != c.schema || code != c.code {
			t.Errorf("%s: schema %v, code %v", c.name, schema, code)
		}
	}
	before := look(dir)
	if err := os.Remove(filepath.Join(dir, "game", "other.go")); err != nil {
		t.Fatal(err)
	}
	if !look(dir).differ(before, ".go") {
		t.Error("a file that is gone is not missed")
	}
}

// TestProcess starts one that ends by itself, and one that is told to.
func TestProcess(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p, err := start(t.TempDir(), &out, []string{"GREETING=hello"}, "sh", "-c", "echo $GREETING; exit 3")
	if err != nil {
		t.Fatal(err)
	}
	<-p.ended
	if out.String() != "hello\n" || p.why().Error() != "exit status 3" {
		t.Errorf("%q, %v", out.String(), p.why())
	}
	p.stop() // again has no effect
	if p, err = start(t.TempDir(), &out, nil, "sleep", "1000"); err != nil {
		t.Fatal(err)
	}
	p.stop()
	<-p.ended
	(*process)(nil).stop()
	if _, err := start(t.TempDir(), &out, nil, "there-is-no-such-program"); err == nil {
		t.Error("it was started")
	}
}

func TestNoGame(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := Run(t.Context(), Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), "there is no go.mod in "+dir) {
		t.Error(err)
	}
}
