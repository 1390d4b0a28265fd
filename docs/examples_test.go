// Package docs holds the tests of the documentation: what it shows is run.
package docs

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/kinds/walkers"
	"github.com/tickroom/tickroom/internal/servertest"
	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/replica"
	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/world"
	"github.com/tickroom/tickroom/world/danmaku"
)

// python is Debian's own, whose modules come as packages; make setup installs
// them.
const python = "/usr/bin/python3"

// walkersServer runs a server until the test ends and returns its address.
func walkersServer(t *testing.T, options map[string]string) string {
	t.Helper()
	cfg := config.Default()
	cfg.Listen, cfg.Admin, cfg.Seed, cfg.ShutdownGrace = "127.0.0.1:0", "", 1, time.Second
	cfg.KindOptions["walkers"] = options
	srv, err := server.New(cfg, server.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Register(walkers.Kind()); err != nil {
		t.Fatal(err)
	}
	servertest.Run(t, srv)
	return fmt.Sprintf("ws://%s%s", srv.Addr(), server.Path)
}

// seen is what a Go client held at each tick.
type seen struct {
	mu    sync.Mutex
	ticks map[uint32]map[uint32]walkersv1.Walker
}

func (s *seen) note(r *replica.Replica) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ticks[r.Tick()] == nil {
		at := map[uint32]walkersv1.Walker{}
		for e, w := range replica.All[walkersv1.Walker](r) {
			at[e] = *w
		}
		s.ticks[r.Tick()] = at
	}
}

// watch joins with the Go client and notes what it holds after each snapshot.
func watch(t *testing.T, url string) *seen {
	t.Helper()
	s := &seen{ticks: map[uint32]map[uint32]walkersv1.Walker{}}
	c, err := client.Dial(t.Context(), url, client.Options{
		Config: client.Config{Kind: "walkers", Schema: walkersv1.Schema, HashEvery: 1},
		// The client's own walker moves in every tick, so each snapshot calls back.
		OnWelcome: func(r *replica.Replica) {
			replica.OnAdd(r, func(uint32, *walkersv1.Walker) { s.note(r) })
			replica.OnChange(r, func(uint32, *walkersv1.Walker, uint64) { s.note(r) })
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if n := c.Stats().Desyncs; n != 0 {
			t.Errorf("the Go client had %d desyncs", n)
		}
		c.Close(client.CloseNormal, "")
	})
	return s
}

// walkerLine is a line that walkers.py prints.
var walkerLine = regexp.MustCompile(`^tick (\d+) walker (\d+) x=(\S+) y=(\S+) heading=(\S+) health=(\d+)(?:\.0)? last_input=(\d+)(?:\.0)? player=(\d+)(?:\.0)?$`)

// TestWalkersInPython runs the example client against a real server, next to a
// Go client, and compares what both hold at the same ticks.
func TestWalkersInPython(t *testing.T) {
	for _, c := range []struct {
		name    string
		options map[string]string
	}{
		{"all see all", map[string]string{"npcs": "20"}},
		// The walls of a map this small keep everybody in sight of everybody.
		{"through a view", map[string]string{"npcs": "20", "map": "64", "radius": "100"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url := walkersServer(t, c.options)
			other := watch(t, url)
			lines := runPython(t, "examples/walkers.py", url, "4")
			compared, moved, steered := map[uint32]int{}, map[string]bool{}, false
			for _, line := range lines[1:] {
				m := walkerLine.FindStringSubmatch(line)
				if m == nil {
					t.Fatalf("it printed %q", line)
				}
				tick, entity := uint32(number(t, m[1])), uint32(number(t, m[2]))
				other.mu.Lock()
				w, ok := other.ticks[tick][entity]
				n := len(other.ticks[tick])
				other.mu.Unlock()
				if n == 0 {
					continue // the Go client was sent nothing in that tick
				}
				got := [...]float32{number(t, m[3]), number(t, m[4]), number(t, m[5]), number(t, m[6]), number(t, m[7]), number(t, m[8])}
				want := [...]float32{w.X, w.Y, w.Heading, float32(w.Health), float32(w.LastInput), float32(w.Player)}
				if !ok || got != want {
					t.Errorf("tick %d, walker %d: Python has %v, Go has %v", tick, entity, got, want)
				}
				compared[tick]++
				moved[m[3]+m[4]] = true
				steered = steered || w.Player != 0 && w.LastInput > 10
			}
			if len(compared) < 2 {
				t.Errorf("only %d ticks could be compared", len(compared))
			}
			for tick, n := range compared {
				// The game's 20, Python's walker and the Go client's.
				if n != 22 {
					t.Errorf("tick %d: %d walkers, not 22", tick, n)
				}
			}
			if len(moved) < 30 || !steered {
				t.Errorf("only %d places were seen; did inputs have an effect: %t", len(moved), steered)
			}
		})
	}
}

// TestDanmakuInPython has the example client read a room of comments.
func TestDanmakuInPython(t *testing.T) {
	t.Parallel()
	cfg := config.Default()
	cfg.Listen, cfg.Admin, cfg.ShutdownGrace = "127.0.0.1:0", "", time.Second
	srv, err := server.New(cfg, server.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []world.Kind{danmaku.Kind(danmaku.Outside{}), danmaku.ShowKind()} {
		if err := srv.Register(k); err != nil {
			t.Fatal(err)
		}
	}
	servertest.Run(t, srv)
	url := fmt.Sprintf("ws://%s%s", srv.Addr(), server.Path)
	c, err := client.Dial(t.Context(), url, client.Options{Config: client.Config{Kind: "danmaku", Name: "Ann", Schema: danmakuv1.Schema}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(client.CloseNormal, "")
	writing := make(chan struct{})
	over := make(chan struct{})
	go func() { // as often as the room lets her
		defer close(writing)
		for {
			said, err := client.Call[danmakuv1.Say, danmakuv1.Said](t.Context(), c, &danmakuv1.Say{Text: "hello \u4e16\u754c"})
			wait := time.Second
			if err == nil {
				wait = time.Duration(said.WaitMs) * time.Millisecond
			}
			select {
			case <-over:
				return
			case <-time.After(max(wait, 100*time.Millisecond)):
			}
		}
	}()
	lines := runPython(t, "examples/walkers.py", url, "6", "danmaku")
	close(over)
	<-writing
	out := strings.Join(lines, "\n")
	for _, want := range []string{"comment Ann: hello 世界", "stage 1 show=main live=1", "drops"} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not print %q:\n%s", want, out)
		}
	}
}

// TestVectorsInPython plays the test vectors to the example client.
func TestVectorsInPython(t *testing.T) {
	t.Parallel()
	out := runPython(t, "testdata/vectors.py", "examples/walkers.py", "../proto/vectors/frames.txt")
	if n, ok := strings.CutSuffix(out[len(out)-1], " frames"); !ok || number(t, n) < 50 {
		t.Errorf("it ended with %q", out[len(out)-1])
	}
}

// TestWalkersIsShort holds the example to the 150 lines that are promised.
func TestWalkersIsShort(t *testing.T) {
	b, err := os.ReadFile("examples/walkers.py")
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(b, []byte("\n")); n > 150 {
		t.Errorf("it has %d lines", n)
	}
}

func runPython(t *testing.T, args ...string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, python, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v (make setup installs what it needs)\n%s%s", args[0], err, out, stderr.String())
	}
	var lines []string
	for sc := bufio.NewScanner(bytes.NewReader(out)); sc.Scan(); {
		lines = append(lines, sc.Text())
	}
	if len(lines) == 0 {
		t.Fatalf("%s printed nothing\n%s", args[0], stderr.String())
	}
	return lines
}

func number(t *testing.T, s string) float32 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return float32(v)
}
