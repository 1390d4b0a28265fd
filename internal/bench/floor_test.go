//go:build linux

package bench

import (
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// buildPrograms builds the floor and the loader.
func buildPrograms(t *testing.T) (floor, loader string) {
	t.Helper()
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Fatal("there is no C compiler; make setup installs one")
	}
	dir := t.TempDir()
	floor, loader = filepath.Join(dir, "floor"), filepath.Join(dir, "tickload")
	for _, build := range [][]string{
		{cc, "-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-o", floor, "../../bots/floor/floor.c"},
		{"go", "build", "-o", loader, "../../cmd/tickload"},
	} {
		if out, err := exec.Command(build[0], build[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", build, err, out)
		}
	}
	return floor, loader
}

func testRunner(t *testing.T, floor, loader string) *runner {
	t.Helper()
	r, err := newRunner(Options{
		Floor: floor, Load: loader, FloorOnly: true, Rounds: 1,
		Warm: 100 * time.Millisecond, Window: 400 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The whole way: start, pin, load, measure, stop.
func TestFloorIsMeasured(t *testing.T) {
	floor, loader := buildPrograms(t)
	r := testRunner(t, floor, loader)
	for _, mode := range []string{"epoll", "tick", "write"} {
		w := work{clients: 50, rate: 50, room: 7, mode: mode}
		run, err := r.floor(t.Context(), mode, w, 300)
		if err != nil {
			t.Fatal(err)
		}
		if run.Load.MeanPayload != 300 || run.Load.MeanFrame != 304 || run.Delivered < 0.5 || run.Delivered > 1.5 || len(run.Load.Errors) > 0 {
			t.Errorf("%s: %+v", mode, run)
		}
	}
}

// A strict client takes the floor's handshake and its frames.
func TestFloorSpeaksWebSocket(t *testing.T) {
	floor, _ := buildPrograms(t)
	for _, size := range []int{1, 125, 126, 60000} {
		addr, err := freeAddr()
		if err != nil {
			t.Fatal(err)
		}
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			t.Fatal(err)
		}
		cores, err := usableCores()
		if err != nil {
			t.Fatal(err)
		}
		server, err := start(t.Context(), exec.Command(floor, "--port", port, "--n", "3", "--size", strconv.Itoa(size)), cores, addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = server.cmd.Process.Kill() })
		c, _, err := websocket.Dial(t.Context(), "ws://"+addr, nil)
		if err != nil {
			t.Fatal(err)
		}
		c.SetReadLimit(1 << 20)
		for range 3 {
			if err := c.Write(t.Context(), websocket.MessageBinary, make([]byte, 20)); err != nil {
				t.Fatal(err)
			}
			kind, p, err := c.Read(t.Context())
			if err != nil || kind != websocket.MessageBinary || len(p) != size {
				t.Fatalf("read %d bytes, %v", len(p), err)
			}
		}
		if err := c.CloseNow(); err != nil {
			t.Error(err)
		}
		if err := server.stop(nil); err != nil {
			t.Error(err)
		}
	}
}

// A server that can't start is reported with what it said.
func TestServerThatFails(t *testing.T) {
	floor, loader := buildPrograms(t)
	r := testRunner(t, floor, loader)
	_, err := r.floor(t.Context(), "", work{clients: 1, rate: 20, room: 1, mode: "nonsense"}, 80)
	if err == nil || !strings.Contains(err.Error(), "floor: nonsense") {
		t.Errorf("error %v", err)
	}
}
