package hookfile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tickroom/tickroom/server/internal/hookfile"
	"github.com/tickroom/tickroom/server/internal/hooks"
	"github.com/tickroom/tickroom/server/internal/hookstest"
)

func open(t *testing.T, dir string) *hookfile.Store {
	t.Helper()
	s, err := hookfile.Open(dir, hookstest.Bounds)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestStore(t *testing.T) {
	t.Parallel()
	hookstest.Suite(t, func(t *testing.T) hooks.Store { return open(t, t.TempDir()) })
}

// TestAnotherProcess has two that want the same file.
func TestAnotherProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir)
	if s, err := hookfile.Open(dir, hookstest.Bounds); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Error(s, err)
	}
}

// TestOpenedAgain has all that there was after the file was closed and opened.
func TestOpenedAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	letters := []hooks.Letter{{ID: "a", Time: time.Now(), To: []string{"shop"}}, {ID: "b", Time: time.Now(), To: []string{"shop"}}}
	if err := s.Append(t.Context(), "w", 1, letters); err != nil {
		t.Fatal(err)
	}
	got, err := s.Waiting(t.Context(), "shop", "", 1)
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	if err := s.Bury(t.Context(), "shop", got[0].Place, "why", time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if c, err := s.Counts(t.Context(), "shop"); err != nil || c != (hooks.Counts{Waiting: 1, Dead: 1}) {
		t.Error(c, err)
	}
	// A writer that is another process has numbers of its own.
	if err := s.Append(t.Context(), "w2", 1, letters); err != nil {
		t.Fatal(err)
	}
	if c, err := s.Counts(t.Context(), "shop"); err != nil || c.Waiting != 3 {
		t.Error(c, err)
	}
}
