package cli

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/server/config"
)

func runToken(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(append([]string{"token"}, args...), &out, &err)
	return code, out.String(), err.String()
}

func TestTokenIsGoodForAServer(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{identity.EdDSA, identity.HS256} {
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "dev.key")
			code, stdout, stderr := runToken("--new-key", path, "--alg", alg)
			if code != ExitOK || stdout != "" || !strings.Contains(stderr, "--key-file "+path+" --player ann") {
				t.Fatalf("%d %q %q", code, stdout, stderr)
			}
			secret, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			args := []string{"--key-file", path, "--player", "ann", "--name", "Ann", "--role", "player,host", "--role", "admin",
				"--ttl", "10m", "--issuer", "us", "--audience", "game"}
			code, stdout, said := runToken(args...)
			if code != ExitOK || strings.Count(stdout, "\n") != 1 || !strings.Contains(said, "player ann (player,host,admin), good until") {
				t.Fatalf("%d %q %q", code, stdout, said)
			}
			for line := range strings.Lines(string(secret)) {
				if line = strings.TrimSpace(line); strings.Contains(stdout+stderr+said, line) {
					t.Errorf("the key is shown: %q", line)
				}
			}
			if strings.Contains(said, strings.TrimSpace(stdout)) {
				t.Errorf("the token is in: %q", said)
			}

			cfg := identity.Config(config.Default().Identity.Tokens)
			cfg.Issuer, cfg.Audience = "us", []string{"game"}
			if alg == identity.HS256 {
				cfg.SecretFiles = []string{path}
			} else {
				cfg.KeyFiles = []string{path + ".pub"}
			}
			if want := "_files: [" + (append(cfg.SecretFiles, cfg.KeyFiles...))[0] + "]"; !strings.Contains(stderr, want) {
				t.Errorf("no %q in: %q", want, stderr)
			}
			v, err := identity.NewVerifier(t.Context(), cfg, identity.Options{Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			id, err := v.Verify(t.Context(), identity.Token(strings.TrimSpace(stdout)))
			if err != nil || id.Player != "ann" || id.Name != "Ann" || id.Roles != identity.Player|identity.Host|identity.Admin ||
				time.Until(id.Expires) > 10*time.Minute || time.Until(id.Expires) < 5*time.Minute {
				t.Errorf("%+v, %v", id, err)
			}
		})
	}
	path := filepath.Join(t.TempDir(), "k")
	if code, stdout, stderr := runToken("--new-key", path, "--player", "ann", "--not-before", "5m"); code != ExitOK || strings.Count(stdout, ".") != 2 || !strings.Contains(stderr, "good from ") {
		t.Errorf("%d %q %q", code, stdout, stderr)
	}
}

func TestTokenErrors(t *testing.T) {
	t.Parallel()
	there := filepath.Join(t.TempDir(), "there")
	if code, _, stderr := runToken("--new-key", there); code != ExitOK {
		t.Fatal(stderr)
	}
	short := filepath.Join(t.TempDir(), "short")
	if err := os.WriteFile(short, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args string
		code int
		want string
	}{
		{"", ExitUsage, "a key to sign with is missing: give --key-file FILE, or make one with --new-key FILE"},
		{"--player ann", ExitUsage, "a key to sign with is missing"},
		{"--key-file " + there, ExitUsage, "whose token? give --player ID"},
		{"--key-file x --new-key y", ExitUsage, "give one of them"},
		{"--new-key " + there, ExitFailed, "is there already, and is not overwritten"},
		{"--new-key y --alg RS256", ExitUsage, `"RS256" is not one of: EdDSA, HS256`},
		{"--key-file /nowhere --player ann", ExitFailed, "no such file"},
		{"--key-file " + short + " --player ann", ExitFailed, "the secret has 7 bytes; it needs 32 or more"},
		{"--key-file " + there + ".pub --player ann", ExitFailed, "signing needs the private key"},
		{"--key-file " + there + " --player ann --role king", ExitUsage, `"king" is not one of: player, spectator, host, moderator, admin`},
		{"--key-file " + there + " --player guest:ann", ExitFailed, "guests'"},
		{"--key-file " + there + " --player änn", ExitUsage, "--player: the player's id has characters"},
		{"--key-file " + there + " --player ann --name " + strings.Repeat("n", 65), ExitUsage, "--name: the name is longer than 64 bytes"},
		{"--key-file " + there + " --player ann --ttl=-1s", ExitUsage, "--ttl: -1s is less than nothing"},
		{"--key-file " + there + " --player ann --ttl=1ms", ExitUsage, "--ttl: 1ms is too little"},
		{"--key-file " + there + " --player ann --ttl=1m --not-before=1m", ExitUsage, "--not-before: the token would become good after 1m0s, and expire after 1m0s"},
		{"--key-file " + there + " --player ann --not-before=-1m", ExitUsage, "--not-before: -1m0s is less than nothing"},
		{"--keyfile x", ExitUsage, "unknown flag: --keyfile; see tickroom token --help"},
	} {
		code, stdout, stderr := runToken(strings.Fields(tt.args)...)
		if code != tt.code || stdout != "" || !strings.Contains(stderr, tt.want) || strings.Count(stderr, "\n") != 1 || strings.Contains(stderr, "hunter2") {
			t.Errorf("%s: %d %q %q; want %d %q", tt.args, code, stdout, stderr, tt.code, tt.want)
		}
	}
	if code, stdout, _ := runToken("--help"); code != ExitOK || !strings.Contains(stdout, "--new-key dev.key") {
		t.Errorf("%d %s", code, stdout)
	}
}
