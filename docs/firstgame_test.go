package docs

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/replica"
)

// block is a fenced block of a page: what follows the language, and the text.
type block struct{ info, text string }

func blocks(t *testing.T, page string) []block {
	t.Helper()
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var all []block
	var cur *block
	for line := range strings.Lines(string(b)) {
		switch {
		case strings.HasPrefix(line, "```") && cur == nil:
			_, info, _ := strings.Cut(strings.TrimSpace(line), " ")
			cur = &block{info: info}
		case strings.HasPrefix(line, "```"):
			all = append(all, *cur)
			cur = nil
		case cur != nil:
			cur.text += line
		}
	}
	return all
}

// TestYourFirstGame does what docs/your-first-game.md says: writes its files,
// runs its commands, the tests of docs/testing-your-game.md, starts its server and two of its clients,
// and looks on.
func TestYourFirstGame(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	// With the machine's own module proxy, as a reader has it: what the page says must not
	// ask it for this repository. All else is in the module cache.
	env := append(os.Environ(), "GOFLAGS="+raceFlag(), "GOWORK=off")
	run := func(name string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir, cmd.Env = dir, env
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
		}
	}
	files := 0
	for _, b := range blocks(t, "your-first-game.md") {
		switch name, ok := strings.CutPrefix(b.info, "file="); {
		case ok:
			path := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(b.text), 0o644); err != nil {
				t.Fatal(err)
			}
			files++
		case b.info == "run":
			run("bash", "-e", "-c", strings.ReplaceAll(runTool(b.text), "=../tickroom", "="+root))
		}
	}
	if files != 4 {
		t.Fatalf("the page has %d files", files)
	}
	tests := 0
	for _, b := range blocks(t, "testing-your-game.md") {
		if name, ok := strings.CutPrefix(b.info, "file="); ok {
			tests++
			if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(b.text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if tests != 4 {
		t.Fatalf("the page about tests has %d files", tests)
	}
	run("go", "vet", "./...")
	run("bash", "-e", "-c", isTool)
	run("go", "build", "-o", "bin/", "./cmd/...")
	run("go", "test", "./game")
	if out, err := exec.CommandContext(t.Context(), "gofmt", "-l", filepath.Join(dir, "game"), filepath.Join(dir, "cmd")).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("not formatted: %s %v", out, err)
	}

	server := exec.Command(filepath.Join(dir, "bin", "server"), "serve")
	server.Env = append(env, "TICKROOM_LISTEN=127.0.0.1:0", "TICKROOM_ADMIN=")
	url := "ws://" + startServer(t, server) + "/ws"
	places := look(t, url)
	var players [2]*exec.Cmd
	var outs [2]bytes.Buffer
	for i, name := range []string{"Ann", "Bob"} {
		players[i] = exec.CommandContext(t.Context(), filepath.Join(dir, "bin", "play"), url, name)
		players[i].Stdout, players[i].Stderr = &outs[i], &outs[i]
		if err := players[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	for i, p := range players {
		if err := p.Wait(); err != nil {
			t.Fatalf("a player: %v\n%s", err, outs[i].String())
		}
		lines := regexp.MustCompile(`(?m)^Ann the quick is at \S+ \S+, it: (true|false)$`).FindAllString(outs[i].String(), -1)
		seen := map[string]bool{}
		for _, l := range lines {
			seen[l] = true
		}
		if len(seen) < 10 {
			t.Errorf("Ann was seen in only %d places:\n%s", len(seen), outs[i].String())
		}
	}
	bots := exec.CommandContext(t.Context(), filepath.Join(dir, "bin", "server"), "bots",
		"--server", "http://"+strings.TrimSuffix(strings.TrimPrefix(url, "ws://"), "/ws"), "--clients", "4", "--duration", "500ms",
		"--require", "joined == 4", "--require", "rows_changed > 0", "--require", "hash_checks > 0", "--hash-every", "2")
	if out, err := bots.CombinedOutput(); err != nil {
		t.Errorf("bots: %v\n%s", err, out)
	}
	if n := places(); n < 10 {
		t.Errorf("a client without generated code saw only %d states", n)
	}
}

// raceFlag is what of GOFLAGS the programs of the pages are built with: nothing else, so that
// they are built as a reader builds them, but all packages are compiled with it already.
func raceFlag() string {
	if slices.Contains(strings.Fields(os.Getenv("GOFLAGS")), "-race") {
		return "-race"
	}
	return ""
}

// runTool makes "go tool tickroom" of a page the run of the same program: go tool takes no
// notice of -race, so it would compile everything anew. isTool sees that it is a tool.
func runTool(text string) string {
	return strings.ReplaceAll(text, "go tool tickroom", "go run github.com/tickroom/tickroom/cmd/tickroom")
}

const isTool = "go tool | grep -x github.com/tickroom/tickroom/cmd/tickroom"

// startServer starts a server's program and returns where it listens. It is told to
// end after the test, and must do so in good order.
func startServer(t *testing.T, cmd *exec.Cmd) (addr string) {
	t.Helper()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(stderr)
	rest := make(chan string, 1)
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		log := <-rest
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server: %v\n%s", err, log)
		}
	})
	log := ""
	for addr == "" {
		line, err := r.ReadString('\n')
		if err != nil {
			rest <- log
			t.Fatalf("the server does not listen: %v\n%s", err, log+line)
		}
		log += line
		if m := regexp.MustCompile(`msg=listening clients=(\S+)`).FindStringSubmatch(line); m != nil {
			addr = m[1]
		}
	}
	go func() {
		b, _ := io.ReadAll(r) // the end of the process ends it
		rest <- log + string(b)
	}()
	return addr
}

// look joins the game without its generated code and counts the different
// states that it holds, by their hashes.
func look(t *testing.T, url string) (states func() int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, err := client.Dial(ctx, url, client.Options{Config: client.Config{Kind: "tag", Name: "Eve", HashEvery: 1}})
	if err != nil {
		t.Fatal(err)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	seen := map[uint64]bool{}
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				c.View(func(r *replica.Replica) { seen[r.Hash()] = true })
			}
		}
	}()
	return func() int {
		close(stop)
		<-stopped
		if err := c.Err(); err != nil {
			t.Errorf("the connection ended: %v", err)
		}
		if st := c.Stats(); st.Desyncs != 0 || st.HashChecks == 0 {
			t.Errorf("%d hashes were compared, %d of them wrong", st.HashChecks, st.Desyncs)
		}
		c.Close(client.CloseNormal, "")
		return len(seen)
	}
}
