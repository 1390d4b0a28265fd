package recording

import (
	"cmp"
	"slices"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
)

// maxHeld bounds what is held back; the oldest is written early. maxRecent is how many ids of comments are known, so
// that what comes twice is written once.
const (
	maxHeld   = 4096
	maxRecent = 4096
)

// Recording is what becomes of one file: it takes what a viewer sees, and gives bytes. It is not for several
// goroutines at once.
type Recording struct {
	start  uint64 // ms since 1970
	hold   uint64 // ms for which things are held back: what is deleted meanwhile is not written
	format format
	held   []heldBack
	seen   map[uint64]bool
	recent []uint64
}

type heldBack struct {
	at      uint64 // ms since 1970
	comment *danmakuv1.Comment
	gift    *danmakuv1.Gifted
	super   *danmakuv1.SuperChat
	removed *danmakuv1.Removed
}

func newRecording(f format, startMs, holdMs uint64) *Recording {
	return &Recording{start: startMs, hold: holdMs, format: f, seen: map[uint64]bool{}}
}

// once reports whether an id has not been there before.
func (r *Recording) once(id uint64) bool {
	if r.seen[id] {
		return false
	}
	if len(r.recent) >= maxRecent {
		delete(r.seen, r.recent[0])
		r.recent = r.recent[1:]
	}
	r.seen[id] = true
	r.recent = append(r.recent, id)
	return true
}

// comment takes one that all are shown.
func (r *Recording) comment(c *danmakuv1.Comment) {
	if c.Tier > 0 && c.Why == danmakuv1.Why_WHY_UNSPECIFIED && c.AtMs >= r.start && r.once(c.Id) {
		r.held = append(r.held, heldBack{at: c.AtMs, comment: c})
	}
}

func (r *Recording) gift(now uint64, g *danmakuv1.Gifted) {
	r.held = append(r.held, heldBack{at: now, gift: g})
}

func (r *Recording) superChat(c *danmakuv1.SuperChat) {
	if c.FromMs >= r.start && r.once(c.Id) {
		r.held = append(r.held, heldBack{at: c.FromMs, super: c})
	}
}

// removed takes comments out that are held back still.
func (r *Recording) removed(now uint64, m *danmakuv1.Removed) {
	n := len(r.held)
	r.held = slices.DeleteFunc(r.held, func(h heldBack) bool {
		return h.comment != nil && (h.comment.Id == m.Comment || m.Author != 0 && h.comment.Author == m.Author) || h.super != nil && h.super.Id == m.Comment
	})
	if n == len(r.held) || m.Author != 0 { // some of it may be in the file
		r.held = append(r.held, heldBack{at: now, removed: m})
	}
}

// take appends what was held back for long enough, in the order of its times; at the end all of it.
func (r *Recording) take(b []byte, now uint64, end bool) []byte {
	slices.SortStableFunc(r.held, func(x, y heldBack) int { return cmp.Compare(x.at, y.at) })
	n := 0
	for ; n < len(r.held); n++ {
		h := &r.held[n]
		if !end && h.at+r.hold > now && len(r.held)-n <= maxHeld {
			break
		}
		at := h.at - min(h.at, r.start)
		switch {
		case h.comment != nil:
			b = r.format.comment(b, at, h.comment)
		case h.gift != nil:
			b = r.format.gift(b, at, h.gift)
		case h.super != nil:
			b = r.format.superChat(b, at, h.super)
		case h.removed != nil:
			b = r.format.removed(b, at, h.removed)
		}
	}
	r.held = slices.Delete(r.held, 0, n)
	return b
}
