package admin

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// ErrNoBox is the error of Boxes.Open for a name that no file has.
var ErrNoBox = errors.New("there is no such black box")

// Boxes are the black boxes: files with the newest part of rooms' journals. Its methods may be called at any
// time from any goroutine.
type Boxes interface {
	// Keep writes one of a room, with why somebody wants it, and returns the file's name. The error is, or
	// wraps, ErrNoRoom if there is no such room.
	Keep(ctx context.Context, room, why string) (name string, err error)
	// List returns the files, the newest first.
	List() ([]BoxInfo, error)
	// Open opens a file. The error is, or wraps, ErrNoBox if there is none of the name.
	Open(name string) (*os.File, error)
}

// BoxInfo is a file.
type BoxInfo struct {
	Name  string    `json:"name"`
	Bytes int64     `json:"bytes"`
	Made  time.Time `json:"made"`
}

// maxBoxesShown is how many files are on the page.
const maxBoxesShown = 20

func (h *handler) handleBoxes(mux *http.ServeMux) {
	mux.HandleFunc("POST /rooms/{id}/blackbox", h.keep)
	mux.HandleFunc("GET /blackboxes", h.boxes)
	mux.HandleFunc("GET /blackboxes/{name}", h.box)
}

func (h *handler) keep(w http.ResponseWriter, r *http.Request) {
	if !form(w, r) {
		return
	}
	why := r.Form.Get("reason")
	if why != "" {
		if err := checkReason(why); err != nil {
			bad(w, "%v", err)
			return
		}
	}
	if h.cfg.Boxes == nil {
		writeJSON(w, http.StatusConflict, problem{"no black boxes are kept: set journal.directory"})
		return
	}
	name, err := h.cfg.Boxes.Keep(r.Context(), r.PathValue("id"), why)
	if err != nil {
		fail(w, r, err)
		return
	}
	h.cfg.Logger.Info("a room is kept by the operator", "room", r.PathValue("id"), "file", name)
	writeJSON(w, http.StatusOK, struct {
		Name string `json:"name"`
	}{name})
}

func (h *handler) boxes(w http.ResponseWriter, r *http.Request) {
	list := []BoxInfo{}
	if h.cfg.Boxes != nil {
		all, err := h.cfg.Boxes.List()
		if err != nil {
			fail(w, r, err)
			return
		}
		list = append(list, all...)
	}
	writeJSON(w, http.StatusOK, struct {
		Count int       `json:"count"`
		Boxes []BoxInfo `json:"blackboxes"`
	}{len(list), list})
}

func (h *handler) box(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if h.cfg.Boxes == nil {
		writeJSON(w, http.StatusNotFound, problem{"no black boxes are kept: set journal.directory"})
		return
	}
	f, err := h.cfg.Boxes.Open(name)
	switch {
	case errors.Is(err, ErrNoBox):
		writeJSON(w, http.StatusNotFound, problem{fmt.Sprintf("there is no black box %.100q; GET /blackboxes lists them", name)})
		return
	case err != nil:
		fail(w, r, err)
		return
	}
	defer func() { _ = f.Close() }() // it was read
	info, err := f.Stat()
	if err != nil {
		fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", "attachment; filename="+name)
	http.ServeContent(w, r, "", info.ModTime(), f)
}

// boxList returns the files for the page.
func (h *handler) boxList() string {
	if h.cfg.Boxes == nil {
		return `<p class="sub">None are kept. journal.directory says where they are to be.</p>`
	}
	all, err := h.cfg.Boxes.List()
	switch {
	case err != nil:
		return `<p class="sub">` + html.EscapeString(err.Error()) + "</p>"
	case len(all) == 0:
		return `<p class="sub">None yet. One is written when a game panics, a client reports another state than the server's, a tick takes too long, or by POST /rooms/ID/blackbox.</p>`
	}
	var b strings.Builder
	b.WriteString("<ul>")
	for _, f := range all[:min(len(all), maxBoxesShown)] {
		fmt.Fprintf(&b, `<li><a href="/blackboxes/%s">%s</a> <span>%d KB</span></li>`, url.PathEscape(f.Name), html.EscapeString(f.Name), (f.Bytes+1023)/1024)
	}
	b.WriteString("</ul>")
	if more := len(all) - maxBoxesShown; more > 0 {
		fmt.Fprintf(&b, `<p class="sub">and %d more: see <a href="/blackboxes">/blackboxes</a></p>`, more)
	}
	return b.String()
}
