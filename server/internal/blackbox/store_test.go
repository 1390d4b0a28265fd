package blackbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tickroom/tickroom/server/internal/blackbox"
)

// written adds boxes and waits until they are written.
func written(t *testing.T, s *blackbox.Store, boxes ...blackbox.Box) {
	t.Helper()
	for _, b := range boxes {
		s.Add(b)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.Run(ctx) // writes what waits
}

func TestFilesAreBounded(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	s, err := blackbox.New(dir, 3, 1000, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		written(t, s, blackbox.Box{Room: "../../r/" + fmt.Sprint(i), Kind: "k", Reason: "panic", Pieces: [][]byte{[]byte("a"), []byte(fmt.Sprint(i))}})
	}
	files, err := s.List()
	if err != nil || len(files) != 3 || !strings.Contains(files[0].Name, "k-r-4-panic") || !strings.Contains(files[2].Name, "r-2") {
		t.Fatalf("files %v, %v; want the newest 3, newest first", files, err)
	}
	f, err := s.Open(files[0].Name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil || string(b) != "a4" {
		t.Errorf("the file has %q, %v", b, err)
	}
	written(t, s, blackbox.Box{Room: "big", Kind: "k", Reason: "late", Pieces: [][]byte{make([]byte, 2000)}})
	if files, _ := s.List(); len(files) != 1 || files[0].Bytes != 2000 {
		t.Errorf("files %v; want the newest, which is larger than all may be", files)
	}
	for _, name := range []string{"notes.txt", "../new/notes.txt", "", ".", files[2].Name} {
		if _, err := s.Open(name); !errors.Is(err, blackbox.ErrNoFile) {
			t.Errorf("Open(%q): %v", name, err)
		}
	}
	if b, err := os.ReadFile(filepath.Join(dir, "notes.txt")); err != nil || string(b) != "mine" {
		t.Error("somebody else's file is gone")
	}
}
