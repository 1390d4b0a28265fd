package roomservice

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"connectrpc.com/connect"
)

// Bounds of what a request may hold.
const (
	maxID       = 128 // bytes of an id
	maxKey      = 128 // bytes of an idempotency key
	maxReason   = 123 // bytes in a close frame
	maxPage     = 200 // rooms of a page
	defaultPage = 50
	maxShown    = 64 // bytes of what is told of a request
)

// request reads what a caller has sent. It keeps the first thing that is wrong, and what is read
// after that means nothing.
type request struct{ err error }

// must notes what is wrong, unless it is ok.
func (q *request) must(ok bool, format string, args ...any) {
	if !ok && q.err == nil {
		q.err = failed(connect.CodeInvalidArgument, format, args...)
	}
}

// id checks an id.
func (q *request) id(what, s string) {
	q.must(s != "", "%s is missing", what)
	q.must(len(s) <= maxID && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }),
		"%s %q: it must have at most %d characters, all of printable ASCII without spaces", what, short(s), maxID)
}

// reason checks what clients are to be told.
func (q *request) reason(s, usual string) string {
	if s == "" {
		return usual
	}
	q.must(utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl), "reason %q: it has characters that can't be shown", short(s))
	q.must(len(s) <= maxReason, "reason: it has %d bytes; at most %d fit into a close frame", len(s), maxReason)
	return s
}

// short cuts a text that a caller has sent, to tell it.
func short(s string) string {
	if len(s) > maxShown {
		s = strings.ToValidUTF8(s[:maxShown], "") + "…" // not within a letter
	}
	return s
}
