package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
)

// tallyServer makes the test binary a server of tallies, with the configuration that it has as JSON.
const tallyServer = "TICKROOM_TEST_TALLY"

// runTally runs a server, tells its addresses, and ends when its input does.
func runTally(text string) {
	if err := func() error {
		cfg := config.Default()
		if err := json.Unmarshal([]byte(text), cfg); err != nil {
			return err
		}
		cfg.Listen, cfg.Admin, cfg.ShutdownGrace, cfg.Log.Level = "127.0.0.1:0", "127.0.0.1:0", time.Second, "error"
		srv, err := server.New(cfg)
		if err != nil {
			return err
		}
		for _, k := range tallyKinds(4) {
			if err := srv.Register(k); err != nil {
				return err
			}
		}
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			cancel()
		}()
		go func() {
			<-srv.Ready()
			fmt.Println(srv.Addr(), srv.AdminAddr())
		}()
		return srv.Run(ctx)
	}(); err != nil {
		slog.Error("the server of tallies", "err", err)
		os.Exit(1)
	}
}

// process is a server of tallies in a process of its own.
type process struct {
	t           *testing.T
	cmd         *exec.Cmd
	addr, admin string
	kill        func()
}

// startTally starts one, which shares a Redis with others if there is one, until the test ends or it is killed.
func startTally(t *testing.T, r *redistest.Server, change func(c *config.Config)) *process {
	t.Helper()
	cfg := config.Default()
	if r != nil {
		cfg.Redis.Addresses = []string{r.Addr()}
	}
	cfg.Seats.SecretFiles = []string{secretFile(t)}
	cfg.Shows.Lease, cfg.Matchmaking.Beat = 800*time.Millisecond, 200*time.Millisecond
	if change != nil {
		change(cfg)
	}
	text, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command(os.Args[0])}
	p.cmd.Env = append(os.Environ(), tallyServer+"="+string(text))
	p.cmd.Stderr = os.Stderr
	in, err1 := p.cmd.StdinPipe()
	out, err2 := p.cmd.StdoutPipe()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.kill = sync.OnceFunc(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait() // its error is that it was killed
		_ = in.Close()
	})
	t.Cleanup(p.kill)
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatal("the server says nothing")
	}
	if _, err := fmt.Sscan(lines.Text(), &p.addr, &p.admin); err != nil {
		t.Fatalf("%q: %v", lines.Text(), err)
	}
	return p
}

func (p *process) signal(sig syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatal(err)
	}
}

// show returns the id of the show's room, if that runs here; else it is empty.
func (p *process) show() string {
	for _, r := range adminRooms(p.t, p.admin, "tally-show") {
		return r["id"].(string)
	}
	return ""
}

// TestAShowOutlivesItsServer has three servers with a house each: the one that has the show is killed,
// and of the others the one that has it then is paused until its lease is over, and comes back.
func TestAShowOutlivesItsServer(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	var servers []*process
	for range 3 {
		servers = append(servers, startTally(t, r, nil))
	}
	viewers := map[*process]viewer{}
	for _, p := range servers {
		viewers[p] = view(t, p.addr, "")
	}
	everybody := func(total uint32) {
		t.Helper()
		for _, v := range viewers {
			counts(t, total, v)
		}
	}
	for _, v := range viewers {
		v.shout()
	}
	everybody(3)
	// stage returns the server that has the show, and takes it from the list.
	stage := func() (p *process) {
		t.Helper()
		until(t, "a server has the show", func() bool {
			i := slices.IndexFunc(servers, func(p *process) bool { return p.show() != "" })
			if i >= 0 {
				p = servers[i]
				servers = append(servers[:i:i], servers[i+1:]...)
			}
			return i >= 0
		})
		return p
	}
	first := stage()
	epoch := viewers[servers[0]].row().LastInput
	delete(viewers, first)
	began := time.Now()
	first.kill()
	newer := func(p *process, than uint32) {
		t.Helper()
		until(t, "the show is made anew", func() bool {
			row := viewers[p].row()
			return row.LastInput != than && row.Player == tallyHears
		})
	}
	for _, p := range servers {
		newer(p, epoch)
	}
	t.Logf("the show is there again %v after its server was killed", time.Since(began))
	for _, v := range viewers {
		v.shout()
	}
	everybody(5) // that of the house that is gone counts

	paused := stage()
	epoch = viewers[servers[0]].row().LastInput
	old := paused.show()
	began = time.Now()
	paused.signal(syscall.SIGSTOP)
	newer(servers[0], epoch)
	t.Logf("the show is there again %v after its server was paused", time.Since(began))
	epoch = viewers[servers[0]].row().LastInput
	viewers[servers[0]].shout()
	paused.signal(syscall.SIGCONT)
	until(t, "the show ends on the server that was paused", func() bool { return paused.show() != old })
	everybody(6)
	for _, v := range viewers {
		if row := v.row(); row.LastInput < epoch { // on a slow machine it may have changed again
			t.Errorf("%+v; the epoch was %d", row, epoch)
		}
	}
	t.Logf("messages of the old show that were not believed: %v", viewers[servers[0]].row().Y)
}

// TestAShowOutlivesItsRedis has the Redis killed that servers share, and started again: the show is the
// same, its houses are told meanwhile, and what is counted meanwhile is counted.
func TestAShowOutlivesItsRedis(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	var viewers []viewer
	for range 2 {
		p := startTally(t, r, func(c *config.Config) { c.Shows.Lease = 10 * time.Second }) // also on a slow machine nobody is late
		viewers = append(viewers, view(t, p.addr, ""))
	}
	for _, v := range viewers {
		v.shout()
	}
	counts(t, 2, viewers...)
	epoch := viewers[0].row().LastInput
	r.Kill()
	for _, v := range viewers {
		until(t, "the house hears nothing", func() bool { return v.row().Player == tallyDeaf })
		v.shout()
	}
	r.Run()
	counts(t, 4, viewers...)
	for _, v := range viewers {
		if row := v.row(); row.LastInput != epoch || row.Y != 0 {
			t.Errorf("%+v; the epoch was %d", row, epoch)
		}
	}
}
