package server_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/journal"
	"github.com/tickroom/tickroom/internal/kinds/arena"
	"github.com/tickroom/tickroom/internal/kinds/walkers"
	"github.com/tickroom/tickroom/internal/replay"
	"github.com/tickroom/tickroom/netcode/client"
	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/journalfile"
	"github.com/tickroom/tickroom/world"
)

// mortalServer is the variable with which the tests' program is a server that keeps its rooms in a folder: the
// folder, the address to listen at, and for which build it takes itself, with blanks between.
const mortalServer = "TICKROOM_TEST_MORTAL_SERVER"

// runMortal is that server.
func runMortal(how string) {
	f := strings.Fields(how)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	cfg := config.Default()
	cfg.Listen, cfg.Admin, cfg.ShutdownGrace = f[1], "", time.Second
	cfg.Journal.Rooms = f[0]
	srv, err := server.New(cfg, server.WithLogger(slog.New(slog.NewTextHandler(os.Stderr, nil))), server.WithBuild(f[2]))
	if err == nil {
		for _, k := range []world.Kind{arena.Kind(), walkers.Kind()} {
			if err == nil {
				err = srv.Register(k)
			}
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go func() {
		<-srv.Ready()
		fmt.Println("ready", srv.Addr())
	}()
	if err := srv.Run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// mortal is such a server, in a process of its own.
type mortal struct {
	t    *testing.T
	dir  string
	addr string
	cmd  *exec.Cmd
	logs *logged
}

// said returns what was logged.
func (l *logged) said() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// run starts the server, at the same address again, and waits until it listens.
func (m *mortal) run(build string) {
	m.t.Helper()
	if m.addr == "" {
		m.addr = "127.0.0.1:0"
	}
	exe, err := os.Executable()
	if err != nil {
		m.t.Fatal(err)
	}
	m.logs = &logged{}
	m.cmd = exec.Command(exe)
	m.cmd.Env = append(os.Environ(), mortalServer+"="+m.dir+" "+m.addr+" "+build)
	m.cmd.Stderr = m.logs
	out, err := m.cmd.StdoutPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	if err := m.cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		m.t.Fatalf("the server did not start: %v\n%s", err, m.logs.said())
	}
	m.addr = strings.TrimSpace(strings.TrimPrefix(line, "ready "))
}

// said waits until the server has logged what matches, and returns the parts of it; nil if it has not for long.
func (m *mortal) said(what *regexp.Regexp) (found []string) {
	m.t.Helper()
	until(m.t, "the log has "+what.String(), func() bool {
		found = what.FindStringSubmatch(m.logs.said())
		return found != nil
	})
	return found
}

// kill ends the process as kill -9 does.
func (m *mortal) kill() {
	if m.cmd != nil {
		_ = m.cmd.Process.Kill()
		_ = m.cmd.Wait()
		m.cmd = nil
	}
}

// stop ends it as an operator does.
func (m *mortal) stop() {
	m.t.Helper()
	if err := m.cmd.Process.Signal(os.Interrupt); err != nil {
		m.t.Fatal(err)
	}
	if err := m.cmd.Wait(); err != nil {
		m.t.Fatalf("%v\n%s", err, m.logs.said())
	}
	m.cmd = nil
}

// crowd are players with the client library, who play until the test ends.
type crowd struct {
	t    *testing.T
	all  []*client.Client
	live chan int // those who are in a room, again
}

// join has n players come to rooms of a kind.
func (m *mortal) join(n int, cfg client.Config, play func(i int, c *client.Client)) *crowd {
	m.t.Helper()
	cr := &crowd{t: m.t, all: make([]*client.Client, n), live: make(chan int, 64*n)}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			c, err := client.Dial(ctx, "http://"+m.addr, client.Options{Config: cfg, OnState: func(s client.State, why *client.CloseError) {
				if s == client.Live {
					cr.live <- i
				} else if s == client.Closed && why.Code != client.CloseNormal {
					m.t.Errorf("client %d gave up: %v", i, why)
					cr.live <- i
				}
			}})
			if err != nil {
				m.t.Errorf("client %d: %v", i, err)
				return
			}
			cr.all[i] = c
		})
	}
	wg.Wait()
	m.t.Cleanup(func() {
		cancel()
		for _, c := range cr.all {
			if c != nil {
				wg.Go(func() { c.Close(client.CloseNormal, "") })
			}
		}
		wg.Wait()
	})
	if m.t.Failed() {
		m.t.FailNow()
	}
	for i, c := range cr.all {
		wg.Go(func() {
			tick := time.NewTicker(50 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					play(i, c)
				case <-ctx.Done():
					return
				}
			}
		})
	}
	return cr
}

// playOn waits until each has had so many more snapshots.
func (cr *crowd) playOn(n uint64) {
	cr.t.Helper()
	var from []uint64
	for _, c := range cr.all {
		from = append(from, c.Stats().Snapshots)
	}
	for i, c := range cr.all {
		cr.until(i, func() bool { return c.Stats().Snapshots >= from[i]+n })
	}
}

func (cr *crowd) until(i int, done func() bool) {
	cr.t.Helper()
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for until := time.Now().Add(30 * time.Second); !done(); <-look.C {
		if time.Now().After(until) {
			cr.t.Fatalf("client %d: %+v", i, cr.all[i].Stats())
		}
	}
}

// back waits until all are in a room again.
func (cr *crowd) back() {
	cr.t.Helper()
	for range cr.all {
		select {
		case <-cr.live:
		case <-time.After(30 * time.Second):
			cr.t.Fatal("not all have come back")
		}
	}
}

func fly(i int, c *client.Client) {
	tick := c.Session().Tick()
	c.SendInput(0, &arenav1.ShipInput{Thrust: 1, Turn: float32(i%3 - 1), Fire: (int(tick)+i)%4 == 0})
}

// goesOn finds in a log with which tick a room has gone on.
var goesOn = regexp.MustCompile(`msg="room goes on" .*tick=(\d+) epoch=(\d+) sessions=(\d+) durable=(\w+)`)

// newest returns the newest tick that a client has.
func (cr *crowd) newest() (newest uint32) {
	for _, c := range cr.all {
		newest = max(newest, c.Session().Tick())
	}
	return newest
}

// Players whose server is killed while they fight are in the fight again by themselves when it is started
// again: the same room, the same ships, with a difference from what they have, and states that are equal.
func TestARoomSurvivesKill9(t *testing.T) {
	t.Parallel()
	m := &mortal{t: t, dir: t.TempDir()}
	m.run("one")
	defer m.kill()
	cr := m.join(6, client.Config{Kind: "arena", Schema: arenav1.Schema, HashEvery: 1}, fly)
	cr.playOn(30)
	before := map[int]string{}
	for i, c := range cr.all {
		w := c.Welcome()
		before[i] = fmt.Sprint(w.GetRoom(), w.GetPlayer(), w.GetSession())
	}
	for epoch := 2; epoch <= 3; epoch++ {
		drain(cr.live)
		m.kill()
		newest := cr.newest()
		verify(t, m.dir)
		m.run("one")
		found := m.said(goesOn)
		at, _ := strconv.Atoi(found[1])
		lost := max(0, int(newest)-at)
		t.Logf("the players had tick %d, and the room goes on from %d: %d ms of play are lost", newest, at, lost*50)
		if found[2] != fmt.Sprint(epoch) || found[3] != "6" || found[4] != "checkpoint" {
			t.Errorf("epoch, sessions, durable: %v", found[2:])
		}
		cr.back()
		cr.playOn(30)
		for i, c := range cr.all {
			w, s := c.Welcome(), c.Stats()
			if is := fmt.Sprint(w.GetRoom(), w.GetPlayer(), w.GetSession()); is != before[i] || !w.GetResumed() {
				t.Errorf("client %d is %s, resumed: %v; it was %s", i, is, w.GetResumed(), before[i])
			}
			if s.HashChecks == 0 {
				t.Errorf("client %d has compared no state", i)
			}
			if lost == 0 && s.FullSnapshots > uint64(epoch-1) {
				t.Errorf("client %d was sent the full state %d times", i, s.FullSnapshots)
			}
		}
	}
}

func drain(c chan int) {
	for {
		select {
		case <-c:
		default:
			return
		}
	}
}

// verify plays the journals of a folder again.
func verify(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"+journalfile.Suffix))
	if err != nil || len(files) == 0 {
		t.Fatalf("journals %v, %v", files, err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		j, err := journal.Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		k := map[string]world.Kind{"arena": arena.Kind(), "walkers": walkers.Kind()}[j.Header.GetKind()]
		res, err := replay.Verify(j, k, nil)
		if err != nil || res.Bad != 0 || res.Panicked != nil || res.Hashes == 0 {
			t.Errorf("%s: %+v, %v", name, res, err)
		}
	}
}

// A server that is told to end, and started again as another build, goes on from the rooms as they were: the players
// are sent the full state.
func TestRoomsGoOnInAnotherBuild(t *testing.T) {
	t.Parallel()
	m := &mortal{t: t, dir: t.TempDir()}
	m.run("one")
	defer m.kill()
	cr := m.join(4, client.Config{Kind: "arena", Schema: arenav1.Schema, HashEvery: 1}, fly)
	cr.playOn(20)
	room := cr.all[0].Welcome().GetRoom()
	drain(cr.live)
	m.stop()
	newest := cr.newest()
	m.run("two")
	cr.back()
	cr.playOn(20)
	found := m.said(goesOn)
	if at, _ := strconv.Atoi(found[1]); uint32(at) < newest {
		t.Errorf("the players had tick %d, and the room goes on from %d", newest, at)
	}
	for i, c := range cr.all {
		if w := c.Welcome(); w.GetRoom() != room || !w.GetResumed() {
			t.Errorf("client %d is in %s, resumed: %v", i, w.GetRoom(), w.GetResumed())
		}
	}
	// The journal is of the new build from here on.
	drain(cr.live)
	m.kill()
	m.run("two")
	cr.back()
	cr.playOn(20)
	if w := cr.all[0].Welcome(); w.GetRoom() != room || !w.GetResumed() {
		t.Errorf("a client is in %s, resumed: %v", w.GetRoom(), w.GetResumed())
	}
}

// plainKind is a kind whose game is no world.Saver.
func plainKind() world.Kind {
	k := walkers.Kind()
	k.Name = "plain"
	made := k.New
	k.New = func(r *world.Room) (world.Game, error) {
		g, err := made(r)
		return struct{ world.Game }{g}, err
	}
	return k
}

// A room whose game is no world.Saver can't go on in another build: its journal is put aside, and why is logged.
func TestAnotherBuildWithoutACheckpoint(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	logs := &logged{}
	run := func(build string) (*server.Server, func()) {
		return prepared(t, []server.Option{server.WithBuild(build), server.WithLogger(slog.New(slog.NewTextHandler(logs, nil)))}, func(c *config.Config) {
			c.Journal.Rooms = dir
		}, plainKind())
	}
	srv, stop := run("one")
	p := join(t, srv, &tickroomv1.Hello{Kind: "plain"})
	p.applied(p.input(&walkersv1.WalkerInput{}))
	p.cut()
	stop()
	srv, stop = run("one")
	if q := join(t, srv, &tickroomv1.Hello{Kind: "plain"}); q.welc.GetRoom() != p.welc.GetRoom() || q.welc.GetPlayer() == p.welc.GetPlayer() {
		t.Errorf("who comes anew is player %d in %s, and %d is in %s", q.welc.GetPlayer(), q.welc.GetRoom(), p.welc.GetPlayer(), p.welc.GetRoom())
	} else {
		q.cut()
	}
	p.resume(srv)
	p.applied(p.input(&walkersv1.WalkerInput{}))
	p.cut()
	stop()
	srv, stop = run("two")
	defer stop()
	if said := logs.said(); !strings.Contains(said, "put aside") || !strings.Contains(said, "another build of the program") {
		t.Errorf("the log says\n%s", said)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "aside", "*")); len(files) != 1 {
		t.Errorf("put aside: %v", files)
	}
	ws := dial(t, srv)
	send(t, ws, p.resumption())
	wantClosed(t, ws, tickroomv1.CloseCode_CLOSE_CODE_SESSION_GONE)
}

// fullDisk is files for which there is no space from some byte on, until there is again.
type fullDisk struct{ left atomic.Int64 }

type fullFile struct {
	journalfile.Writable
	disk *fullDisk
}

func (f *fullFile) Write(b []byte) (int, error) {
	if f.disk.left.Add(-int64(len(b))) < 0 {
		return 0, syscall.ENOSPC
	}
	return f.Writable.Write(b)
}

// While the disk is full rooms play on, and say that they would not go on.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	disk := &fullDisk{}
	disk.left.Store(2000)
	logs := &logged{}
	dir := t.TempDir()
	srv := startWith(t, []server.Option{
		server.WithLogger(slog.New(slog.NewTextHandler(logs, nil))),
		server.WithJournalFiles(func(path string) (journalfile.Writable, error) {
			f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
			return &fullFile{f, disk}, err
		}),
	}, func(c *config.Config) { c.Journal.Rooms = dir })
	p := join(t, srv, nil)
	metric := func(text string) bool {
		_, all := look(t, srv, "/metrics")
		return strings.Contains(all, text)
	}
	play := func(done func() bool) {
		t.Helper()
		for until := time.Now().Add(30 * time.Second); !done(); {
			p.applied(p.input(&walkersv1.WalkerInput{Direction: 1}))
			if time.Now().After(until) {
				t.Fatal(logs.said())
			}
		}
	}
	play(func() bool { return metric(`tickroom_journals_lost_total{kind="walkers"} 1`) })
	if !metric(`tickroom_rooms_kept{kind="walkers"} 0`) || !strings.Contains(logs.said(), "no space left") {
		t.Errorf("the log says\n%s", logs.said())
	}
}

// What an operator asks for by POST /rooms/ID/blackbox is a file that tickroom replay verify plays.
func TestABlackBoxIsAskedForAndPlayedAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	srv := start(t, func(c *config.Config) { c.Journal.Directory = dir })
	p := join(t, srv, nil)
	for range 30 {
		p.applied(p.input(&walkersv1.WalkerInput{Direction: 2}))
	}
	resp, err := http.Post("http://"+srv.AdminAddr().String()+"/rooms/"+p.welc.GetRoom()+"/blackbox?reason=odd", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || resp.Body.Close() != nil {
		t.Fatalf("%s: %s, %v", resp.Status, said, err)
	}
	verify(t, dir)
}
