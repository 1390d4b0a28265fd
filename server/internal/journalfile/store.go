// Package journalfile keeps the journals of rooms in files, so that the rooms go on when their server is started
// again after whatever end.
//
// A Store has a folder of its own. Each room has a file there, which is written by one goroutine, Store.Run, from a
// bounded queue: what a room hands in never waits for the disk. When the disk is full, or too slow, the room's File
// says so, and takes nothing until it is begun anew.
package journalfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Options of a Store. Dir, MaxBytes and Logger are to be set.
type Options struct {
	// Dir is the folder, which no other server uses at the same time. It is made if it is not there.
	Dir string
	// MaxBytes is how many bytes all journals may have together. Those that would be more are not kept.
	MaxBytes int64
	// MaxAge is how long ago a journal may have been written last by which a room goes on. 0: however long.
	MaxAge time.Duration
	// Fsync is how long it takes at most until what is written is on the disk, beyond the life of the machine. 0:
	// that is left to the system, and what is written outlives the process alone.
	Fsync time.Duration
	// Create opens a file for writing, behind what it has. nil: the system's.
	Create func(path string) (Writable, error)
	Logger *slog.Logger
}

// Writable is a file that is written.
type Writable interface {
	io.WriteCloser
	Sync() error
	Truncate(size int64) error
}

const (
	// gather is how long what comes is gathered before it is written.
	gather = 10 * time.Millisecond
	// maxPending bounds what waits to be written of one room, and maxAllPending of all. A room whose queue
	// is full is not kept any more.
	maxPending    = 16 << 20
	maxAllPending = 256 << 20
)

// Store keeps journals in a folder. Its methods may be called from any goroutine.
type Store struct {
	o    Options
	lock *os.File
	wake chan struct{} // holds one

	size    atomic.Int64 // bytes of all journals, those included that wait
	pending atomic.Int64 // bytes that wait

	mu    sync.Mutex
	dirty []*File // those that have something to be written, once each

	// Run's own.
	out      []byte
	unsynced map[*File]bool
}

// Open opens the store of a folder, which it keeps others from using until Close is called.
func Open(o Options) (*Store, error) {
	if o.Create == nil {
		o.Create = func(path string) (Writable, error) {
			return os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		}
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("journal.rooms: %w", err)
	}
	lock, err := lockFile(filepath.Join(o.Dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("journal.rooms: another server uses %s, or it can't be written; give each server a folder of its own: %w", o.Dir, err)
	}
	return &Store{o: o, lock: lock, wake: make(chan struct{}, 1), unsynced: map[*File]bool{}}, nil
}

// Close lets others use the folder. It may be called twice.
func (s *Store) Close() error {
	if s.lock == nil {
		return nil
	}
	err := s.lock.Close()
	s.lock = nil
	return err
}

// soon has a file written that has something new.
func (s *Store) soon(f *File) {
	s.mu.Lock()
	s.dirty = append(s.dirty, f)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run writes what the rooms hand in, until ctx is done, and what waits then.
func (s *Store) Run(ctx context.Context) {
	var syncs <-chan time.Time
	if s.o.Fsync > 0 {
		t := time.NewTicker(s.o.Fsync)
		defer t.Stop()
		syncs = t.C
	}
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-s.wake:
		case <-syncs:
			s.sync()
			continue
		case <-ctx.Done():
			s.write()
			s.sync()
			return
		}
		pause.Reset(gather)
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
		s.write()
	}
}

// write writes all that waits.
func (s *Store) write() {
	s.mu.Lock()
	files := s.dirty
	s.dirty = nil
	s.mu.Unlock()
	for _, f := range files {
		if f.write() && s.o.Fsync > 0 {
			s.unsynced[f] = true
		}
	}
}

// sync has what was written put on the disk.
func (s *Store) sync() {
	for f := range s.unsynced {
		_ = f.sync() // the room is told by File.Lost
	}
	clear(s.unsynced)
}

// remove removes a file, and says so if it can't.
func (s *Store) remove(path string) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		s.o.Logger.Error("a journal could not be removed", "file", path, "error", err)
	}
}
