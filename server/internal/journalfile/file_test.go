package journalfile

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/internal/journal"
	"github.com/tickroom/tickroom/internal/kinds/walkers"
	"github.com/tickroom/tickroom/internal/replay"
	"github.com/tickroom/tickroom/internal/sinktest"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// opened opens a store, which runs until stop is called.
func opened(t *testing.T, o Options) (s *Store, stop func()) {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 1 << 30
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { s.Run(ctx) })
	stop = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return s, stop
}

// found returns the only journal of a folder, or nil.
func found(t *testing.T, dir string) *Found {
	t.Helper()
	s, stop := opened(t, Options{Dir: dir})
	defer stop()
	all, err := s.Find()
	if err != nil || len(all) > 1 {
		t.Fatalf("%d journals, %v", len(all), err)
	}
	if len(all) == 0 {
		return nil
	}
	t.Cleanup(all[0].Close)
	return all[0]
}

func TestFileIsASink(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{"plain": {}, "synced": {Fsync: time.Millisecond}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sinktest.Run(t, func(t *testing.T) (journal.Sink, func() []byte) {
				o := o
				o.Dir = t.TempDir()
				s, stop := opened(t, o)
				f := s.Begin("meadow")
				return f, func() []byte {
					if err := f.Lost(); err != nil {
						t.Error(err)
					}
					f.Close()
					stop()
					got := found(t, o.Dir)
					if got.Room != "meadow" || got.Kind != "walkers" || got.Journal.End() != got.size {
						t.Errorf("%s of %s, %d of %d bytes", got.Room, got.Kind, got.Journal.End(), got.size)
					}
					b, err := os.ReadFile(got.Path)
					if err != nil {
						t.Fatal(err)
					}
					return b
				}
			})
		})
	}
}

// play writes a journal, and goes on with it.
func play(t *testing.T, f *File, ticks int) (*journal.Writer, *journal.Caller) {
	t.Helper()
	w := journal.NewWriter("build", 0.5, f)
	w.FlushEvery(0)
	c := sinktest.Played(t, w, ticks)
	w.Flush()
	return w, c
}

// A journal that was cut anywhere is gone on with behind its last whole chunk.
func TestGoOnBehindACut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, stop := opened(t, Options{Dir: dir})
	f := s.Begin("meadow")
	play(t, f, 20)
	f.Close()
	stop()
	got := found(t, dir)
	whole, err := os.ReadFile(got.Path)
	if err != nil {
		t.Fatal(err)
	}
	last := got.Journal.Chunks[len(got.Journal.Chunks)-1].Offset
	for cut := int(last); cut < len(whole); cut += 7 {
		if err := os.WriteFile(got.Path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		s, stop := opened(t, Options{Dir: dir})
		all, err := s.Find()
		if err != nil || len(all) != 1 || all[0].Journal.End() != last {
			t.Fatalf("cut after %d: %v, %v", cut, all, err)
		}
		g, err := s.GoOn(all[0])
		if err != nil {
			t.Fatal(err)
		}
		p, err := journal.Room(&tickroomv1.JournalRoom{Epoch: 2}, 19)
		if err != nil {
			t.Fatal(err)
		}
		g.Take(p)
		g.Close()
		all[0].Close()
		stop()
		j := found(t, dir).Journal
		if known, err := j.Known(); err != nil || known.GetEpoch() != 2 || j.Cut >= 0 || j.Chunks[len(j.Chunks)-1].Offset != last {
			t.Fatalf("cut after %d: %v, %v, cut %d", cut, known, err, j.Cut)
		}
	}
}

// A room that begins another journal has the new one alone, once that has its checkpoint.
func TestRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, stop := opened(t, Options{Dir: dir})
	f := s.Begin("meadow")
	w, c := play(t, f, 20)
	for range 3 {
		saved, err := c.Checkpoint()
		if err != nil {
			t.Fatal(err)
		}
		at, err := w.Checkpoint(&tickroomv1.JournalCheckpoint{Room: saved})
		if err != nil {
			t.Fatal(err)
		}
		f.Restart(w.Header(), at)
		for range 15 {
			c.Step()
		}
		w.Flush()
	}
	f.Close()
	stop()
	got := found(t, dir)
	res, err := replay.Verify(got.Journal, walkers.Kind(), nil)
	if err != nil || res.Ticks != 65 || res.Bad != 0 || res.Hashes == 0 {
		t.Errorf("%+v, %v", res, err)
	}
	if from, ok, err := got.Journal.Start(); err != nil || !ok || from.GetTick() != 50 {
		t.Errorf("it begins with tick %d, %v, %v", from.GetTick(), ok, err)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*.trj*")); len(files) != 1 {
		t.Errorf("files %v", files)
	}
}

// What is begun and has no checkpoint yet is not taken for the journal of the room.
func TestRestartCutOff(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, stop := opened(t, Options{Dir: dir})
	f := s.Begin("meadow")
	play(t, f, 20)
	f.Close()
	stop()
	before := found(t, dir).Path
	next := strings.Replace(before, ".000001.", ".000002.", 1) + fresh
	if err := os.WriteFile(next, []byte(journal.Magic), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := found(t, dir); got.Path != before {
		t.Errorf("found %s", got.Path)
	}
	if _, err := os.Stat(next); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is there still: %v", next, err)
	}
}

// A room that ends leaves nothing.
func TestEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, stop := opened(t, Options{Dir: dir})
	f := s.Begin("meadow")
	play(t, f, 20)
	f.End()
	f.End()
	stop()
	if got := found(t, dir); got != nil || s.size.Load() != 0 || s.pending.Load() != 0 {
		t.Errorf("found %v, %d bytes, %d wait", got, s.size.Load(), s.pending.Load())
	}
}

// disk is one that is full after some bytes.
type disk struct {
	mu   sync.Mutex
	left int
}

type onDisk struct {
	*os.File
	d *disk
}

func (o onDisk) Write(b []byte) (int, error) {
	o.d.mu.Lock()
	defer o.d.mu.Unlock()
	if o.d.left -= len(b); o.d.left < 0 {
		n, _ := o.File.Write(b[:max(0, o.d.left+len(b))])
		return n, syscall.ENOSPC
	}
	return o.File.Write(b)
}

// On a full disk the journal says that it is lost, and can be begun anew when there is space.
func TestDiskIsFull(t *testing.T) {
	t.Parallel()
	dir, d := t.TempDir(), &disk{left: 1500}
	s, stop := opened(t, Options{Dir: dir, Create: func(path string) (Writable, error) {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		return onDisk{f, d}, err
	}})
	f := s.Begin("meadow")
	w, c := play(t, f, 50)
	until(t, func() bool { return f.Lost() != nil })
	if err := f.Lost(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("lost: %v", err)
	}
	again := func() {
		t.Helper()
		saved, err := c.Checkpoint()
		if err != nil {
			t.Fatal(err)
		}
		at, err := w.Checkpoint(&tickroomv1.JournalCheckpoint{Room: saved})
		if err != nil {
			t.Fatal(err)
		}
		f.Restart(w.Header(), at)
		c.Step()
		w.Flush()
	}
	again()
	until(t, func() bool { return f.Lost() != nil })
	d.mu.Lock()
	d.left = 1 << 20
	d.mu.Unlock()
	again()
	f.Close()
	stop()
	j := found(t, dir).Journal
	if res, err := replay.Verify(j, walkers.Kind(), nil); err != nil || res.Ticks != 52 || res.Bad != 0 {
		t.Errorf("%+v, %v", res, err)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*.trj*")); len(files) != 1 {
		t.Errorf("files %v", files)
	}
}

func until(t *testing.T, done func() bool) {
	t.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for end := time.Now().Add(20 * time.Second); !done(); <-look.C {
		if time.Now().After(end) {
			t.Fatal("it does not come")
		}
	}
}

// slow is a file that takes nothing until it is let.
type slow struct {
	*os.File
	let chan struct{}
}

func (s slow) Write(b []byte) (int, error) {
	<-s.let
	return s.File.Write(b)
}

// What can't be written in time is refused within bounds, and nobody waits for it.
func TestBounds(t *testing.T) {
	t.Parallel()
	let := make(chan struct{})
	s, stop := opened(t, Options{Create: func(path string) (Writable, error) {
		f, err := os.Create(path)
		return slow{f, let}, err
	}})
	f := s.Begin("meadow")
	big := journal.Piece{Type: journal.TypeMark, Content: make([]byte, 1<<20)}
	for range 2*maxPending>>20 + 2 {
		f.Take(big)
	}
	if err := f.Lost(); err == nil || !strings.Contains(err.Error(), "too slow") {
		t.Errorf("lost: %v", err)
	}
	if n := s.pending.Load(); n > 2*maxPending+1<<20 {
		t.Errorf("%d bytes wait", n)
	}
	close(let)
	stop()
	s, _ = opened(t, Options{MaxBytes: 3 << 20})
	f = s.Begin("meadow")
	for range 4 {
		f.Take(big)
	}
	if err := f.Lost(); err == nil || !strings.Contains(err.Error(), "rooms_bytes") {
		t.Errorf("lost: %v", err)
	}
	f.End()
	if f = s.Begin("field"); f.Lost() != nil || s.size.Load() != 0 {
		t.Errorf("%d bytes are counted", s.size.Load())
	}
}

// Journals that are too old, or no journals, are not gone on from.
func TestFindBad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, stop := opened(t, Options{Dir: dir})
	f := s.Begin("meadow")
	play(t, f, 20)
	f.Close()
	stop()
	path := found(t, dir).Path
	long := filepath.Join(dir, "x-000000000000.000001.trj")
	if err := errors.Join(os.WriteFile(long, bytes.Repeat([]byte("no journal"), 100), 0o600),
		os.WriteFile(filepath.Join(dir, "y-000000000000.000001.trj"), []byte(journal.Magic), 0o600),
		os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("mine"), 0o600),
		os.Chtimes(path, time.Now(), time.Now().Add(-time.Hour))); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s, stop = opened(t, Options{Dir: dir, MaxAge: time.Minute, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	defer stop()
	all, err := s.Find()
	if err != nil || len(all) != 0 {
		t.Errorf("found %v, %v", all, err)
	}
	if said := log.String(); !strings.Contains(said, "too old") || !strings.Contains(said, "put aside") {
		t.Errorf("the log says\n%s", said)
	}
	var names []string
	_ = filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, e.Name())
		}
		return err
	})
	if got := strings.Join(names, " "); got != "x-000000000000.000001.trj lock notes.txt" {
		t.Errorf("there are %s", got)
	}
}

// A folder is one server's.
func TestLock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, stop := opened(t, Options{Dir: dir})
	if _, err := Open(Options{Dir: dir, MaxBytes: 1}); err == nil || !strings.Contains(err.Error(), "a folder of its own") {
		t.Error(err)
	}
	stop()
	_, stop = opened(t, Options{Dir: dir})
	stop()
}
