package danmaku

import danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"

// entries samples who comes in, for notices of which there are a few a second.
type entries struct {
	best   *viewer // of those who have come since the last notice
	others uint32
	last   uint32 // tick of the last notice
}

// enter notes that somebody has come in.
func (e *entries) enter(v *viewer) {
	if e.best == nil {
		e.best = v
		return
	}
	e.others++
	if v.badges > e.best.badges {
		e.best = v
	}
}

// leave forgets somebody who is gone again.
func (e *entries) leave(v *viewer) {
	if e.best == v {
		e.best = nil
	}
}

// tell gives notice of one of those who have come in, and how many others have, every half second.
func (e *entries) tell(h *house) {
	now := h.r.Tick()
	if e.best == nil || now-e.last < h.ticks(0.5) {
		return
	}
	h.stage.Emit(&danmakuv1.Entered{Author: e.best.author, Name: e.best.name, Badges: e.best.badges, Others: e.others})
	*e = entries{last: now}
}
