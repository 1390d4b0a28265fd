// Package stall ends requests that do not go on: whose body does not come, or whose answer is
// not taken. Each holds a goroutine and memory here, and costs whoever makes it next to nothing;
// over HTTP/2 many of them share one connection.
//
// There is no limit on how long a request takes as a whole. A body has a time in which it must
// have come. An answer has one for each piece of it, so that a slow line that goes on is waited for, and
// a stream in which nothing is to be said for hours is left alone.
package stall

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// Piece is how many bytes of an answer must be taken in the time for one piece.
const Piece = 16 << 10

// Limits are the times that requests have. Zero: as long as they like.
type Limits struct {
	Body  time.Duration // until a request's body has come
	Piece time.Duration // until the next Piece bytes of an answer, or what is left of it, are taken
}

// Handler returns a handler that does what h does, within limits. Those of the connection, by
// http.Server, give way to these once a header is there. Requests that except reports are handed on as they are,
// without any.
func Handler(h http.Handler, l Limits, except func(*http.Request) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		if except(r) {
			// What the request before, on the same connection, has left behind.
			_ = c.SetWriteDeadline(time.Time{})
			h.ServeHTTP(w, r)
			return
		}
		if r.Body == nil || r.Body == http.NoBody {
			_ = c.SetReadDeadline(time.Time{})
		} else {
			_ = c.SetReadDeadline(deadline(l.Body))
			r.Body = &body{r.Body, c}
		}
		out := &writer{w, c, l.Piece}
		h.ServeHTTP(out, r)
		out.allow() // for what is flushed from now on
	})
}

func deadline(d time.Duration) time.Time {
	if d <= 0 {
		return time.Time{}
	}
	return time.Now().Add(d)
}

// body is a request's. Once it has come, reading is for noticing that the client is gone, and may
// take as long as the answer does.
type body struct {
	io.ReadCloser
	c *http.ResponseController
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		_ = b.c.SetReadDeadline(time.Time{})
	}
	return n, err
}

// writer is an answer that must be taken.
type writer struct {
	http.ResponseWriter
	c     *http.ResponseController
	piece time.Duration
}

// Unwrap returns what the answer is written to, for http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// allow begins the time for a piece.
func (w *writer) allow() { _ = w.c.SetWriteDeadline(deadline(w.piece)) }

// done ends it. Over HTTP/2 a deadline that passes ends a stream also if nothing is to be written.
func (w *writer) done() { _ = w.c.SetWriteDeadline(time.Time{}) }

// Write writes piece by piece.
func (w *writer) Write(b []byte) (n int, err error) {
	defer w.done()
	for {
		w.allow()
		m, err := w.ResponseWriter.Write(b[n:min(n+Piece, len(b))])
		if n += m; err != nil || n == len(b) {
			return n, err //nolint:wrapcheck // it is the writer's own
		}
	}
}

// Flush sends what was written.
func (w *writer) Flush() {
	defer w.done()
	w.allow()
	_ = w.c.Flush()
}
