// Package web holds the pages that a server shows in a browser: at / the arena,
// live. They are plain files, with no build step and nothing from elsewhere.
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
)

//go:embed static
var static embed.FS

// policy lets a page load its own files and connect to its own server, and
// nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// file is a file as it is sent.
type file struct {
	plain, zipped []byte // zipped: nil where it would not be smaller
	mime, tag     string
}

// Handler serves the pages. Browsers keep the files, and ask each time whether
// they have changed, so that a page never meets a server of another version.
func Handler() http.Handler {
	files, err := load(static)
	if err != nil {
		panic(err) // the files are part of the program
	}
	return files
}

type handler map[string]*file // by URL path

func load(from fs.FS) (handler, error) {
	files := handler{}
	err := fs.WalkDir(from, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(b)
		f := &file{plain: b, mime: contentType(name), tag: base64.RawURLEncoding.EncodeToString(sum[:12])}
		var z bytes.Buffer
		w, err := gzip.NewWriterLevel(&z, gzip.BestCompression)
		if err != nil {
			return err
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		if z.Len() < len(b) {
			f.zipped = z.Bytes()
		}
		p := strings.TrimPrefix(name, "static")
		files[p] = f
		if path.Base(p) == "index.html" {
			files[strings.TrimSuffix(p, "index.html")] = f
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	return files, nil
}

// contentType does not ask the machine, whose tables differ.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
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
	h.Set("Content-Security-Policy", policy)
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
		http.Error(w, "there is no such page; / shows the arena", http.StatusNotFound)
		return
	}
	h.Set("Content-Type", f.mime)
	h.Set("Cache-Control", "no-cache") // keep it, but ask
	h.Set("Vary", "Accept-Encoding")
	body, tag := f.plain, f.tag
	if f.zipped != nil && acceptsGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body, tag = f.zipped, f.tag+"-gzip"
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
