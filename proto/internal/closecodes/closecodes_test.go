package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const root = "../../.."

func TestAllIsFresh(t *testing.T) {
	t.Parallel()
	files, err := outputs(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		have, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(string(have), string(want)); diff != "" {
			t.Errorf("%s is stale (- committed, + generated); run: make generate\n%s", name, diff)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile(filepath.Join(root, "proto", source))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new, want string }{
		{"no rule", "CLOSE_CODE_UNSPECIFIED = 0;", "CLOSE_CODE_UNSPECIFIED = 0;\n// New.\nCLOSE_CODE_NEW = 4900;", "NEW has no advice"},
		{"no text", `text: "You are banned."`, "", "BANNED has no text"},
		{"no comment", "  // The server is full.\n", "", "SERVER_FULL has no comment"},
		{"long wait", "wait_ms: 4000", "wait_ms: 90000", "TOO_MANY has clients wait for 90000 ms"},
		{"no ranges", "option (unlisted)", "// ", "close.proto"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(string(good), c.old, c.new, 1)
			if text == string(good) {
				t.Fatalf("there is no %q", c.old)
			}
			_, err := read(t.Context(), fstest.MapFS{source: {Data: []byte(text)}})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q in it", err, c.want)
			}
		})
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	tab, err := read(t.Context(), os.DirFS(filepath.Join(root, "proto")))
	if err != nil {
		t.Fatal(err)
	}
	page, err := tab.fill([]byte("a\n<!-- close codes: advice, made by make generate -->\nold\n<!-- end of close codes -->\nb\n"))
	if err != nil || !strings.HasPrefix(string(page), "a\n<!-- close codes: advice, made by make generate -->\n\n| what to do | |\n") ||
		strings.Contains(string(page), "old") || !strings.HasSuffix(string(page), "|\n\n<!-- end of close codes -->\nb\n") {
		t.Errorf("%v\n%s", err, page)
	}
	for _, bad := range []string{"nothing", "<!-- close codes: all -->\n", "<!-- close codes: none, -->\n<!-- end of close codes -->"} {
		if _, err := tab.fill([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
