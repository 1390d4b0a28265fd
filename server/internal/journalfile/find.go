package journalfile

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickroom/tickroom/internal/journal"
)

// Suffix is what the names of the files end with.
const Suffix = ".trj"

// Found is a journal that was kept.
type Found struct {
	Room, Kind string
	Path       string
	Written    time.Time
	Journal    *journal.Journal

	file *os.File
	base string
	seq  int
	size int64
}

// Close lets go of the file. The journal can't be read any more.
func (f *Found) Close() { _ = f.file.Close() } // it was read alone

var unfit = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// baseName returns what the names of a room's files begin with.
func baseName(room string) string {
	sum := sha256.Sum256([]byte(room))
	return fmt.Sprintf("%s-%x", strings.Trim(unfit.ReplaceAllString(room[:min(len(room), 48)], "-"), "-"), sum[:6])
}

func (s *Store) path(base string, seq int) string {
	return filepath.Join(s.o.Dir, fmt.Sprintf("%s.%06d%s", base, seq, Suffix))
}

// parse takes a file's name apart.
func parse(name string) (base string, seq int, ok bool) {
	rest, ok := strings.CutSuffix(name, Suffix)
	if !ok {
		return "", 0, false
	}
	i := strings.LastIndexByte(rest, '.')
	if i < 0 {
		return "", 0, false
	}
	seq, err := strconv.Atoi(rest[i+1:])
	return rest[:i], seq, err == nil
}

// Find returns the journals that were kept, one for each room, the newest that is good. Others are removed, or put
// aside if nobody knows why they are not good. Each is to be closed. It is called before anything is written.
func (s *Store) Find() (found []*Found, err error) {
	entries, err := os.ReadDir(s.o.Dir)
	if err != nil {
		return nil, fmt.Errorf("journal.rooms: %w", err)
	}
	byBase := map[string][]*Found{}
	for _, e := range entries {
		path := filepath.Join(s.o.Dir, e.Name())
		base, seq, ok := parse(e.Name())
		switch {
		case strings.HasSuffix(e.Name(), fresh):
			s.remove(path) // it was not begun to its end
		case ok && e.Type().IsRegular():
			byBase[base] = append(byBase[base], &Found{Path: path, base: base, seq: seq})
		}
	}
	for _, files := range byBase {
		slices.SortFunc(files, func(a, b *Found) int { return cmp.Compare(b.seq, a.seq) })
		var good *Found
		for _, f := range files {
			switch {
			case good != nil:
				s.remove(f.Path)
			case s.open(f):
				good = f
			}
		}
		if good != nil {
			s.size.Add(good.size)
			found = append(found, good)
		}
	}
	slices.SortFunc(found, func(a, b *Found) int { return cmp.Compare(a.Path, b.Path) })
	return found, nil
}

// open opens a journal, and reports whether a room can go on from it.
func (s *Store) open(f *Found) bool {
	var err error
	if f.file, err = os.Open(f.Path); err != nil {
		s.o.Logger.Error("the journal of a room can't be opened", "file", f.Path, "error", err)
		return false
	}
	info, err := f.file.Stat()
	if err == nil {
		f.size, f.Written = info.Size(), info.ModTime()
		f.Journal, err = journal.Open(f.file, f.size)
	}
	switch {
	case err != nil && f.size < 256: // its beginning was not written yet
		f.Close()
		s.remove(f.Path)
		return false
	case err != nil:
		s.PutAside(f, err)
		return false
	case s.o.MaxAge > 0 && time.Since(f.Written) > s.o.MaxAge:
		s.o.Logger.Info("the journal of a room is too old to go on from", "room", f.Journal.Header.GetRoom(), "file", f.Path, "written", f.Written)
		f.Close()
		s.remove(f.Path)
		return false
	}
	f.Room, f.Kind = f.Journal.Header.GetRoom(), f.Journal.Header.GetKind()
	return true
}

// aside is the folder of journals that nobody could go on from, and maxAside how many are kept there.
const (
	aside    = "aside"
	maxAside = 20
)

// PutAside closes a journal that nobody can go on from, and moves it where somebody may look at it. The log says why.
func (s *Store) PutAside(f *Found, why error) {
	f.Close()
	dir := filepath.Join(s.o.Dir, aside)
	to := filepath.Join(dir, filepath.Base(f.Path))
	err := errors.Join(os.MkdirAll(dir, 0o700), os.Rename(f.Path, to))
	s.o.Logger.Error("a room does not go on; its journal was put aside: tickroom replay info FILE", "room", f.Room, "kind", f.Kind, "file", to, "why", why, "error", err)
	s.size.Add(-f.size)
	s.pruneAside(dir)
}

// pruneAside removes the oldest of the journals that were put aside.
func (s *Store) pruneAside(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) <= maxAside {
		return
	}
	age := func(e os.DirEntry) time.Time {
		if info, err := e.Info(); err == nil {
			return info.ModTime()
		}
		return time.Time{}
	}
	slices.SortFunc(entries, func(a, b os.DirEntry) int { return age(b).Compare(age(a)) })
	for _, e := range entries[maxAside:] {
		s.remove(filepath.Join(dir, e.Name()))
	}
}

// Begin returns what keeps the journal of a room that is about to be made. A journal of a room of the same id that
// was there before is gone.
func (s *Store) Begin(room string) *File { return &File{store: s, base: baseName(room)} }

// GoOn returns what goes on with a journal that was found, behind the last chunk that is whole.
func (s *Store) GoOn(f *Found) (*File, error) {
	file, err := s.o.Create(f.Path)
	if err != nil {
		return nil, err
	}
	if err := file.Truncate(f.Journal.End()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	s.size.Add(f.Journal.End() - f.size)
	g := &File{store: s, base: f.base, seq: f.seq, path: f.Path, file: file}
	g.size.Store(f.Journal.End())
	return g, nil
}
