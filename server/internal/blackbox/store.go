// Package blackbox keeps the newest part of rooms' journals in files, when something has happened there
// that somebody will want to look into. The files of a folder are bounded in number and size: the oldest
// go first. It knows nothing of what a journal is.
package blackbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tickroom/tickroom/server/internal/workqueue"
)

// Box is what is kept of a room.
type Box struct {
	Room, Kind string
	Reason     string // one word
	Tick       uint32
	Pieces     [][]byte // of the file; they must not change any more
}

// Info is a file that is there.
type Info struct {
	Name  string    `json:"name"`
	Bytes int64     `json:"bytes"`
	Made  time.Time `json:"made"`
}

// Suffix is what the names of the files end with.
const Suffix = ".trj"

// ErrNoFile is wrapped by the error of Open for a name that no file has.
var ErrNoFile = errors.New("there is no such file")

// maxWaiting is how many boxes wait to be written. Those beyond are lost, and logged.
const maxWaiting = 16

// Store keeps boxes in a folder. Its methods may be called from any goroutine.
type Store struct {
	dir      string
	maxFiles int
	maxBytes int64
	log      *slog.Logger
	queue    *workqueue.Queue[Box]

	mu sync.Mutex // of the folder
	n  int        // files that were written, so that their names differ
}

// New makes a Store for a folder, which is made if it is not there. It keeps at most so many files, and
// bytes in all of them.
func New(dir string, maxFiles int, maxBytes int64, log *slog.Logger) (*Store, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("journal.dir: %w", err)
	}
	s := &Store{dir: dir, maxFiles: maxFiles, maxBytes: maxBytes, log: log}
	s.queue = workqueue.New(workqueue.Options[Box]{Size: maxWaiting, Timeout: time.Minute, Do: s.write, Rest: s.write})
	return s, nil
}

// Run writes what is added, until ctx is done, and what waits then.
func (s *Store) Run(ctx context.Context) { s.queue.Run(ctx) }

// Add has a box written soon. It does not block.
func (s *Store) Add(b Box) {
	if !s.queue.Add(b) {
		s.log.Error("a black box is lost: too many wait to be written", "room", b.Room, "reason", b.Reason)
	}
}

var unfit = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// name returns the name of a box's file.
func (s *Store) name(b *Box) string {
	fit := func(text string) string {
		return strings.Trim(unfit.ReplaceAllString(text[:min(len(text), 64)], "-"), "-")
	}
	s.n++
	return fmt.Sprintf("%s-%03d-%s-%s-%s%s", time.Now().UTC().Format("20060102T150405.000"), s.n%1000, fit(b.Kind), fit(b.Room), fit(b.Reason), Suffix)
}

func (s *Store) write(_ context.Context, b Box) error {
	if _, err := s.Write(b); err != nil {
		s.log.Error("a black box could not be written", "room", b.Room, "reason", b.Reason, "error", err)
	}
	return nil
}

// Write writes a box, and returns the file's name.
func (s *Store) Write(b Box) (name string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name = s.name(&b)
	path := filepath.Join(s.dir, name)
	if err := s.put(path, b.Pieces); err != nil {
		return "", err
	}
	s.log.Warn("a black box was written: tickroom replay info FILE", "room", b.Room, "reason", b.Reason, "tick", b.Tick, "file", path)
	return name, s.prune()
}

// put writes a file that is there as a whole, or not at all.
func (s *Store) put(path string, pieces [][]byte) (err error) {
	f, err := os.CreateTemp(s.dir, ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // what is said is why it is not there
		}
	}()
	for _, p := range pieces {
		if _, err = f.Write(p); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	if err = errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// prune removes the oldest files beyond the bounds; the newest one stays.
func (s *Store) prune() error {
	files, err := s.list()
	if err != nil {
		return err
	}
	total := int64(0)
	for i, f := range files {
		if total += f.Bytes; i > 0 && (i >= s.maxFiles || total > s.maxBytes) {
			if err := os.Remove(filepath.Join(s.dir, f.Name)); err != nil {
				s.log.Error("an old black box could not be removed", "error", err)
			}
		}
	}
	return nil
}

// List returns the files that are there, the newest first.
func (s *Store) List() ([]Info, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list()
}

func (s *Store) list() ([]Info, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	var out []Info
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || !named(e.Name()) {
			continue // another program's, or gone meanwhile
		}
		out = append(out, Info{e.Name(), info.Size(), info.ModTime()})
	}
	slices.SortFunc(out, func(a, b Info) int { return strings.Compare(b.Name, a.Name) })
	return out, nil
}

// fits is what the names of the files are.
var fits = regexp.MustCompile(`^\d{8}T\d{6}\.\d{3}-\d{3}-[A-Za-z0-9_-]*\.trj$`)

func named(name string) bool { return fits.MatchString(name) }

// Open opens a file for reading. The error wraps ErrNoFile if there is none of the name.
func (s *Store) Open(name string) (*os.File, error) {
	if !named(name) {
		return nil, fmt.Errorf("%w: %.100q", ErrNoFile, name)
	}
	f, err := os.Open(filepath.Join(s.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %.100q", ErrNoFile, name)
	}
	return f, err
}
