package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tickroom/tickroom/internal/journal"
	"github.com/tickroom/tickroom/server/internal/journalfile"
	"github.com/tickroom/tickroom/server/internal/workqueue"
)

// maxPress bounds the parts of journals in memory that wait to be compressed. Those beyond are not.
const maxPress = 1024

// openJournals makes what keeps rooms' journals in files, if it is configured, and what compresses those in
// memory.
func (s *Server) openJournals(o *options) (err error) {
	s.press = workqueue.New(workqueue.Options[func()]{
		Size: maxPress, Timeout: time.Minute,
		Do: func(_ context.Context, work func()) error {
			work()
			return nil
		},
	})
	c := &s.cfg.Journal
	if c.Rooms == "" {
		return nil
	}
	if s.journals, err = journalfile.Open(journalfile.Options{
		Dir: c.Rooms, MaxBytes: int64(c.RoomsBytes), MaxAge: c.RoomsAge, Fsync: c.Fsync, Create: o.create, Logger: s.log,
	}); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	return nil
}

// build returns what tells this program apart from others, which may simulate otherwise; given, if that is not
// empty. What was built from a commit is known by that; else the program's file is looked at.
func (s *Server) build(given string) string {
	if given != "" {
		return given
	}
	b := journal.Build()
	if s.journals == nil || !strings.Contains(b, "devel") && !strings.Contains(b, "+dirty") {
		return b
	}
	sum, err := sumOfProgram()
	if err != nil {
		s.log.Warn("the program's file can't be read, so that builds that were changed are not told apart", "error", err)
		return b
	}
	return b + " " + sum
}

// sumOfProgram returns a sum of this program's file.
func sumOfProgram() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // it was read alone
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:6]), nil
}

// keptSecret returns the secret that guests' tokens and seats are made with where rooms go on when the server is
// started again, and no other one is given: the guests are to be the same then. It is made if it is not there.
func keptSecret(dir string) ([]byte, error) {
	const size = 32
	path := filepath.Join(dir, "secret")
	switch b, err := os.ReadFile(path); {
	case err == nil && len(b) == size:
		return b, nil
	case err == nil:
		return nil, fmt.Errorf("%s has %d bytes; it must have %d. Remove it, and there will be another one", path, len(b), size)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	b := make([]byte, size)
	_, _ = rand.Read(b) // it ends the program rather than fail
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return b, os.WriteFile(path, b, 0o600)
}
