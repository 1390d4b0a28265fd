package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func get(h http.Handler, method, path string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestHandler(t *testing.T) {
	t.Parallel()
	h := Handler()
	for _, tt := range []struct {
		method, path string
		code         int
		mime, has    string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8", "<canvas"},
		{"GET", "/index.html", 200, "text/html; charset=utf-8", "<canvas"},
		{"GET", "/?watch=walkers", 200, "text/html; charset=utf-8", "<canvas"},
		{"GET", "/tickroom.js", 200, "text/javascript; charset=utf-8", "decodeServerFrame"},
		{"GET", "/style.css", 200, "text/css; charset=utf-8", "#view"},
		{"GET", "/icon.svg", 200, "image/svg+xml", "<svg"},
		{"HEAD", "/", 200, "text/html; charset=utf-8", ""},
		{"GET", "/nothing", 404, "text/plain; charset=utf-8", "no such page"},
		{"GET", "/../web.go", 404, "text/plain; charset=utf-8", "no such page"},
		{"GET", "/static/", 404, "text/plain; charset=utf-8", "no such page"},
		{"POST", "/", 405, "text/plain; charset=utf-8", "only be read"},
	} {
		resp := get(h, tt.method, tt.path)
		text := body(t, resp.Body)
		if resp.StatusCode != tt.code || resp.Header.Get("Content-Type") != tt.mime || !strings.Contains(text, tt.has) {
			t.Errorf("%s %s: %d %s: %.80s", tt.method, tt.path, resp.StatusCode, resp.Header.Get("Content-Type"), text)
		}
		for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cache-Control"} {
			if resp.Header.Get(name) == "" {
				t.Errorf("%s %s: no %s", tt.method, tt.path, name)
			}
		}
		if tt.method == "HEAD" && text != "" {
			t.Errorf("HEAD has a body: %s", text)
		}
	}
}

func TestCaching(t *testing.T) {
	t.Parallel()
	h := Handler()
	plain := get(h, "GET", "/tickroom.js")
	zipped := get(h, "GET", "/tickroom.js", "Accept-Encoding", "br, gzip;q=0.8")
	if zipped.Header.Get("Content-Encoding") != "gzip" || zipped.Header.Get("ETag") == plain.Header.Get("ETag") {
		t.Fatalf("not zipped, or under the same tag: %v", zipped.Header)
	}
	z, err := gzip.NewReader(zipped.Body)
	if err != nil {
		t.Fatal(err)
	}
	if body(t, z) != body(t, plain.Body) {
		t.Error("zipped is not the same as plain")
	}
	for _, resp := range []*http.Response{plain, zipped} {
		tag := resp.Header.Get("ETag")
		again := get(h, "GET", "/tickroom.js", "If-None-Match", tag, "Accept-Encoding", resp.Header.Get("Content-Encoding"))
		if again.StatusCode != http.StatusNotModified || body(t, again.Body) != "" || again.Header.Get("ETag") != tag {
			t.Errorf("%s again: %d", tag, again.StatusCode)
		}
	}
	if resp := get(h, "GET", "/tickroom.js", "Accept-Encoding", "gzip;q=0"); resp.Header.Get("Content-Encoding") != "" {
		t.Error("zipped for somebody who can't unzip")
	}
	if resp := get(h, "GET", "/tickroom.js", "If-None-Match", `"other"`); resp.StatusCode != 200 {
		t.Errorf("another tag: %d", resp.StatusCode)
	}
}

// TestNothingFromElsewhere holds the pages to their policy: what they name is
// there, and no style or script stands in the page itself.
func TestNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	h := Handler()
	named := regexp.MustCompile(`(?:src|href)="([^"]+)"|from '([^']+)'`)
	files, err := filepath.Glob("static/*")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllStringSubmatch(string(text), -1) {
			if at := path.Join("/", m[1]+m[2]); get(h, "GET", at).StatusCode != 200 {
				t.Errorf("%s names %s, which is not there", name, at)
			}
		}
		if strings.HasSuffix(name, ".html") && regexp.MustCompile(`<style|style=|<script>|\son\w+=`).Match(text) {
			t.Errorf("%s has a style or a script in it, which its policy forbids", name)
		}
	}
}

// TestJavaScript runs the client's own tests, against the protocol's vectors.
func TestJavaScript(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("Node.js is needed to test the browser's client: install nodejs, 18 or newer")
	}
	out, err := exec.CommandContext(t.Context(), node, "--test", "test/tickroom.test.mjs").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
