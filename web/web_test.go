package web

import (
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
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

// site is a small one, with what built ones have.
func site(t *testing.T) http.Handler {
	t.Helper()
	h, err := load(fstest.MapFS{
		"index.html":               {Data: []byte(strings.Repeat("<p>the landing page</p>", 20))},
		"arena/index.html":         {Data: []byte("<canvas></canvas>")},
		"assets/arena-Bx3_k2.js":   {Data: []byte(strings.Repeat("console.log(1);", 50))},
		"assets/_chunk-Ab12.css":   {Data: []byte("body{}")},
		"assets/font-Ab12.unknown": {Data: []byte("?")},
		"icon.svg":                 {Data: []byte("<svg/>")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHandler(t *testing.T) {
	t.Parallel()
	h := site(t)
	const html = "text/html; charset=utf-8"
	for _, tt := range []struct {
		method, path string
		code         int
		mime, has    string
		caches       string
	}{
		{"GET", "/", 200, html, "landing", ask},
		{"GET", "/index.html", 200, html, "landing", ask},
		{"GET", "/?lang=zh", 200, html, "landing", ask},
		{"GET", "/arena", 200, html, "<canvas", ask},
		{"GET", "/arena/", 200, html, "<canvas", ask},
		{"GET", "/arena/?room=r1&name=Ann", 200, html, "<canvas", ask},
		{"GET", "/assets/arena-Bx3_k2.js", 200, "text/javascript; charset=utf-8", "console", keep},
		{"GET", "/assets/_chunk-Ab12.css", 200, "text/css; charset=utf-8", "body", keep},
		{"GET", "/assets/font-Ab12.unknown", 200, "application/octet-stream", "?", keep},
		{"GET", "/icon.svg", 200, "image/svg+xml", "<svg", ask},
		{"HEAD", "/", 200, html, "", ask},
		{"GET", "/nothing", 404, "text/plain; charset=utf-8", "no such page", "no-store"},
		{"GET", "/assets/gone-1234.js", 404, "text/plain; charset=utf-8", "no such page", "no-store"},
		{"GET", "/../web.go", 404, "text/plain; charset=utf-8", "no such page", "no-store"},
		{"GET", "/assets/", 404, "text/plain; charset=utf-8", "no such page", "no-store"},
		{"POST", "/", 405, "text/plain; charset=utf-8", "only be read", "no-store"},
	} {
		resp := get(h, tt.method, tt.path)
		text := body(t, resp.Body)
		if resp.StatusCode != tt.code || resp.Header.Get("Content-Type") != tt.mime || !strings.Contains(text, tt.has) {
			t.Errorf("%s %s: %d %s: %.80s", tt.method, tt.path, resp.StatusCode, resp.Header.Get("Content-Type"), text)
		}
		if got := resp.Header.Get("Cache-Control"); got != tt.caches {
			t.Errorf("%s %s: Cache-Control %q, want %q", tt.method, tt.path, got, tt.caches)
		}
		for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy"} {
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
	h := site(t)
	plain := get(h, "GET", "/")
	zipped := get(h, "GET", "/", "Accept-Encoding", "br, gzip;q=0.8")
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
		again := get(h, "GET", "/", "If-None-Match", tag, "Accept-Encoding", resp.Header.Get("Content-Encoding"))
		if again.StatusCode != http.StatusNotModified || body(t, again.Body) != "" || again.Header.Get("ETag") != tag {
			t.Errorf("%s again: %d", tag, again.StatusCode)
		}
	}
	if resp := get(h, "GET", "/", "Accept-Encoding", "gzip;q=0"); resp.Header.Get("Content-Encoding") != "" {
		t.Error("zipped for somebody who can't unzip")
	}
	if resp := get(h, "GET", "/icon.svg", "Accept-Encoding", "gzip"); resp.Header.Get("Content-Encoding") != "" {
		t.Error("zipped, though it has become larger")
	}
	if resp := get(h, "GET", "/", "If-None-Match", `"other"`); resp.StatusCode != 200 {
		t.Errorf("another tag: %d", resp.StatusCode)
	}
}

// TestPages asks for the pages that this program has: the built ones, or the one
// in their place.
func TestPages(t *testing.T) {
	t.Parallel()
	h := Handler()
	for _, name := range []string{"/", "/arena", "/arena/", "/walkers", "/walkers/"} {
		resp := get(h, "GET", name)
		text := body(t, resp.Body)
		if resp.StatusCode != 200 || !strings.Contains(text, "<title>") || !strings.Contains(text, "tickroom") {
			t.Errorf("%s: %d: %.200s", name, resp.StatusCode, text)
		}
		if says := strings.Contains(text, "make web"); says == Built() && name != "/" {
			t.Errorf("%s: built: %v, says how to build: %v", name, Built(), says)
		}
	}
}

func TestFallback(t *testing.T) {
	t.Parallel()
	files, err := fs.Sub(fallback, "fallback")
	if err != nil {
		t.Fatal(err)
	}
	h, err := load(files)
	if err != nil {
		t.Fatal(err)
	}
	text := body(t, get(h, "GET", "/").Body)
	for _, want := range []string{"make web", "Node.js 20.19 or newer", `lang="zh-CN"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page in the place of those that aren't built does not say %q", want)
		}
	}
	holdsToPolicy(t, h)
}

func TestPicturesOfQuizzes(t *testing.T) {
	t.Parallel()
	h := site(t)
	for page, may := range map[string]bool{"/": false, "/arena": false, "/quizzes": false, "/quiz": true, "/quiz/host": true} {
		got := get(h, "GET", page).Header.Get("Content-Security-Policy")
		if strings.Contains(got, "img-src https: 'self'") != may || !strings.Contains(got, "script-src 'self'") {
			t.Errorf("%s: %s", page, got)
		}
	}
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	h, ok := Handler().(handler)
	if !ok {
		t.Fatal("not a handler")
	}
	holdsToPolicy(t, h)
}

// holdsToPolicy sees to it that what the pages name is there, and that no style or
// script stands in a page itself.
func holdsToPolicy(t *testing.T, h handler) {
	t.Helper()
	named := regexp.MustCompile(`(?:src|href)="([^"#?]+)[^"]*"`)
	forbidden := regexp.MustCompile(`<style|\sstyle=|<script>|\son\w+=`)
	for name, f := range h {
		if path.Ext(name) != ".html" {
			continue
		}
		for _, m := range named.FindAllSubmatch(f.plain, -1) {
			to := string(m[1])
			if strings.HasPrefix(to, "https://") {
				continue // a link: the policy would not let it be loaded
			}
			if to == "/status.json" {
				continue // of the server
			}
			if !path.IsAbs(to) {
				to = path.Join(path.Dir(name), to)
			}
			if get(h, "GET", to).StatusCode != 200 {
				t.Errorf("%s names %s, which is not there", name, to)
			}
		}
		if m := forbidden.Find(f.plain); m != nil {
			t.Errorf("%s has a style or a script in it, which its policy forbids: %s", name, m)
		}
	}
}
