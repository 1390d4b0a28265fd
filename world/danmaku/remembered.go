package danmaku

import danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"

// remembered holds the newest comments of a room by their ids.
type remembered struct {
	ring []*danmakuv1.Comment
	next int
	byID map[uint64]*danmakuv1.Comment
}

func newRemembered(n int) remembered {
	return remembered{ring: make([]*danmakuv1.Comment, 0, n), byID: make(map[uint64]*danmakuv1.Comment, n)}
}

// add remembers a comment in the place of the oldest one.
func (r *remembered) add(c *danmakuv1.Comment) {
	if old := r.byID[c.Id]; old != nil {
		*old = *c // now with its tier
		return
	}
	if len(r.ring) < cap(r.ring) {
		r.ring = append(r.ring, c)
	} else {
		delete(r.byID, r.ring[r.next].Id)
		r.ring[r.next] = c
		r.next = (r.next + 1) % len(r.ring)
	}
	r.byID[c.Id] = c
}

// get returns a comment, or nil.
func (r *remembered) get(id uint64) *danmakuv1.Comment { return r.byID[id] }

// each calls fn for the comments, the oldest first, until it returns false.
func (r *remembered) each(fn func(*danmakuv1.Comment) bool) {
	for i := range r.ring {
		if !fn(r.ring[(r.next+i)%len(r.ring)]) {
			return
		}
	}
}

// remove forgets the comments for which gone returns true.
func (r *remembered) remove(gone func(*danmakuv1.Comment) bool) {
	kept := make([]*danmakuv1.Comment, 0, cap(r.ring))
	r.each(func(c *danmakuv1.Comment) bool {
		if gone(c) {
			delete(r.byID, c.Id)
		} else {
			kept = append(kept, c)
		}
		return true
	})
	r.ring, r.next = kept, 0
}
