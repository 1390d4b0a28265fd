package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tickroom/tickroom/cli"
)

func run(stdin string, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = program().Run(context.Background(), args, strings.NewReader(stdin), &out, &err)
	return code, out.String(), err.String()
}

func TestCommands(t *testing.T) {
	t.Parallel()
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		stdin, args string
		code        int
		want        string
	}{
		{"", "--help", cli.ExitOK, "Write a new game with its page"},
		{"", "kinds", cli.ExitOK, "arena: "},
		{"", "new --help", cli.ExitOK, "tickroom new mygame && cd mygame && go tool tickroom dev"},
		{"", "dev --help", cli.ExitOK, "tickroom dev -- --log-level debug"},
		{"", "generate --help", cli.ExitOK, "Nothing else has to be installed"},
		{"", "new", cli.ExitUsage, "What is the game called? \ntickroom: a new game needs a folder"},
		{full + "\n", "new --name x", cli.ExitFailed, "is not empty: it has notes.txt"},
		{"", "new a b", cli.ExitUsage, "makes one game, in one folder"},
		{"", "new " + full + " --nme x", cli.ExitUsage, "unknown flag: --nme; see tickroom new --help"},
		{"", "generate --proto " + full, cli.ExitFailed, "there is no .proto file in " + full},
		{"", "generate --proto " + full + " --go= --ts=", cli.ExitUsage, "neither --go nor --ts"},
		{"", "generate now", cli.ExitUsage, `does not know what to do with "now"`},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := run(tt.stdin, strings.Fields(tt.args)...)
			if code != tt.code || !strings.Contains(stdout+stderr, tt.want) {
				t.Errorf("code %d, want %d with %q:\n%s%s", code, tt.code, tt.want, stdout, stderr)
			}
		})
	}
}

func TestGenerate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	schema := "syntax = \"proto3\";\npackage a.v1;\nimport \"tickroom/v1/options.proto\";\noption go_package = \"example.com/a;av1\";\nmessage M { option (tickroom.v1.input) = true; }\n"
	if err := os.WriteFile(filepath.Join(dir, "a.proto"), []byte(schema), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := run("", "generate", "--proto", dir, "--ts", filepath.Join(dir, "ts"))
	if code != cli.ExitOK || !strings.Contains(stdout, "a.tickroom.go") || !strings.Contains(stdout, "a.tickroom.ts") {
		t.Errorf("code %d: %s%s", code, stdout, stderr)
	}
}
