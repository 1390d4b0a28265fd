// Package web holds the pages that a server shows in a browser: what this is at /, and
// for kinds of rooms a page each, at /arena, /walkers and so on. They are built from
// web/demo by `make web`, which needs Node.js, and are part of the program; nothing
// comes from elsewhere. In a program that was built without them a page says how to
// build them, and all else works.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// dist has the built pages in its folder site, if they were built.
//
//go:embed all:dist
var dist embed.FS

// fallback is what is shown in their place.
//
//go:embed fallback
var fallback embed.FS

// pages are the sources of the pages below /, for their names.
//
//go:embed demo/*/index.html demo/*/host/index.html
var pages embed.FS

// policy lets a page load its own files and connect to its own server, and
// nothing else. blob: is for pictures that a page draws itself.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
	"manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// policyOf returns the policy of the page at a path. The quiz shows pictures from elsewhere, too:
// those that its show's file names. A replay is the page of a room in another one.
func policyOf(page string) string {
	if page == "/replay" || page == "/replay/" {
		return policy + "; frame-src 'self'"
	}
	if page == "/quiz" || strings.HasPrefix(page, "/quiz/") {
		return strings.Replace(policy, "img-src ", "img-src https: ", 1)
	}
	return policy
}

// permissions are those that a page may have, and what it frames: none.
const permissions = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"

const (
	// How browsers keep files: those with a hash of their content in their name for
	// good, pages only if they ask each time whether they have changed, so that a
	// page never meets a server of another version.
	keep = "public, max-age=31536000, immutable"
	ask  = "no-cache"
)

// hashed is where the build puts files with a hash in their name.
const hashed = "/assets/"

// file is a file as it is sent.
type file struct {
	plain []byte
	// zipped is plain compressed, or nil if that would not be smaller. It is made
	// when it is first asked for, so that no start of a server waits for it.
	zipped            func() []byte
	mime, tag, caches string
}

// Built reports whether the program has the pages. If not it shows one that says
// how to build them.
func Built() bool {
	_, err := fs.Stat(dist, "dist/site/index.html")
	return err == nil
}

// Handler serves the pages.
func Handler() http.Handler {
	from, dir := fs.FS(fallback), "fallback"
	if Built() {
		from, dir = dist, "dist/site"
	}
	site, err := fs.Sub(from, dir)
	if err != nil {
		panic(err) // the files are part of the program
	}
	files, err := load(site)
	if err != nil {
		panic(err)
	}
	if !Built() {
		// Whatever page was asked for, it is the same that is missing.
		for _, pattern := range []string{"demo/*/index.html", "demo/*/host/index.html"} {
			names, err := fs.Glob(pages, pattern)
			if err != nil {
				panic(err)
			}
			for _, name := range names {
				at := strings.TrimPrefix(path.Dir(name), "demo")
				files[at], files[at+"/"] = files["/"], files["/"]
			}
		}
	}
	return files
}

type handler map[string]*file // by URL path

func load(from fs.FS) (handler, error) {
	files := handler{}
	err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(b)
		f := &file{
			plain: b, zipped: sync.OnceValue(func() []byte { return zip(b) }),
			mime: contentType(name), tag: base64.RawURLEncoding.EncodeToString(sum[:12]), caches: ask,
		}
		p := "/" + name
		if strings.HasPrefix(p, hashed) {
			f.caches = keep
		}
		files[p] = f
		if dir, ok := strings.CutSuffix(p, "index.html"); ok {
			files[dir] = f
			if dir != "/" {
				files[strings.TrimSuffix(dir, "/")] = f
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	return files, nil
}

// zip returns b compressed, or nil if that does not help.
func zip(b []byte) []byte {
	var z bytes.Buffer
	// Neither the level nor a buffer can be wrong.
	w, _ := gzip.NewWriterLevel(&z, gzip.BestCompression)
	_, _ = w.Write(b)
	_ = w.Close()
	if z.Len() >= len(b) {
		return nil
	}
	return z.Bytes()
}

// contentType does not ask the machine, whose tables differ, for what pages have.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".json", ".map":
		return "application/json"
	case ".svg":
		return "image/svg+xml"
	case ".txt":
		return "text/plain; charset=utf-8"
	case ".webmanifest":
		return "application/manifest+json"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

func (files handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", policyOf(r.URL.Path))
	h.Set("Permissions-Policy", permissions)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store") // of what is no page
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "this is a page: it can only be read", http.StatusMethodNotAllowed)
		return
	}
	f := files[r.URL.Path]
	if f == nil {
		http.Error(w, "there is no such page; / says what there is", http.StatusNotFound)
		return
	}
	h.Set("Content-Type", f.mime)
	h.Set("Cache-Control", f.caches)
	h.Set("Vary", "Accept-Encoding")
	body, tag := f.plain, f.tag
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		if z := f.zipped(); z != nil {
			h.Set("Content-Encoding", "gzip")
			body, tag = z, f.tag+"-gzip"
		}
	}
	tag = `"` + tag + `"`
	h.Set("ETag", tag)
	if match := r.Header.Get("If-None-Match"); match != "" && strings.Contains(match, tag) {
		h.Del("Content-Type")
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // the browser may be gone
	}
}

func acceptsGzip(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		name, q, weighed := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			weight, err := strconv.ParseFloat(strings.TrimPrefix(strings.ReplaceAll(q, " ", ""), "q="), 64)
			return !weighed || err == nil && weight > 0
		}
	}
	return false
}
