package admin

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeBoxes keeps what it is asked to in files of a folder.
type fakeBoxes struct{ dir string }

func (f fakeBoxes) Keep(_ context.Context, room, why string) (string, error) {
	if room != "a" {
		return "", fmt.Errorf("%w: %s", ErrNoRoom, room)
	}
	return "a.trj", os.WriteFile(filepath.Join(f.dir, "a.trj"), []byte("journal: "+why), 0o600)
}

func (f fakeBoxes) List() ([]BoxInfo, error) {
	files, err := os.ReadDir(f.dir)
	var out []BoxInfo
	for _, file := range files {
		out = append(out, BoxInfo{Name: file.Name(), Bytes: 12})
	}
	return out, err
}

func (f fakeBoxes) Open(name string) (*os.File, error) {
	if name != "a.trj" {
		return nil, ErrNoBox
	}
	return os.Open(filepath.Join(f.dir, name))
}

func TestBoxes(t *testing.T) {
	t.Parallel()
	h := Handler(Config{Boxes: fakeBoxes{t.TempDir()}})
	for _, c := range []struct {
		method, path string
		code         int
		want         string
	}{
		{"GET", "/blackboxes", http.StatusOK, `"count": 0`},
		{"GET", "/", http.StatusOK, "None yet. One is written when"},
		{"POST", "/rooms/b/blackbox", http.StatusNotFound, `there is no room`},
		{"POST", "/rooms/a/blackbox?reason=odd", http.StatusOK, `"name": "a.trj"`},
		{"GET", "/blackboxes", http.StatusOK, `"name": "a.trj"`},
		{"GET", "/blackboxes/a.trj", http.StatusOK, "journal: odd"},
		{"GET", "/blackboxes/b.trj", http.StatusNotFound, "GET /blackboxes lists them"},
		{"GET", "/", http.StatusOK, `href="/blackboxes/a.trj"`},
	} {
		if code, body := ask(h, c.method, c.path); code != c.code || !strings.Contains(body, c.want) {
			t.Errorf("%s %s: %d %s\nwant %d, with %s", c.method, c.path, code, body, c.code, c.want)
		}
	}
	none := Handler(Config{})
	if code, body := ask(none, "POST", "/rooms/a/blackbox"); code != http.StatusConflict || !strings.Contains(body, "journal.directory") {
		t.Errorf("without boxes: %d %s", code, body)
	}
	if code, _ := ask(none, "GET", "/blackboxes/a.trj"); code != http.StatusNotFound {
		t.Errorf("without boxes: %d", code)
	}
	if code, _ := ask(h, "POST", "/rooms/a/blackbox", "Origin", "https://elsewhere.example"); code != http.StatusForbidden {
		t.Errorf("a page of another origin: %d", code)
	}
}
