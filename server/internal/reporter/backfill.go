package reporter

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// backfill asks for players for the slots that are free, or stops asking.
func (r *Reporter) backfill(ctx context.Context, h *hosted, now time.Time) {
	if h.mode == nil || !h.mode.Backfill.Enabled || len(h.match.Teams) == 0 {
		return
	}
	if h.over || !h.open() {
		r.endBackfill(ctx, h)
		return
	}
	if h.asked != "" && !r.granted(ctx, h, now) {
		return
	}
	b := h.attendance.backfill(now)
	if b == nil {
		r.endBackfill(ctx, h)
		return
	}
	free := 0
	for _, t := range b.Teams {
		free += t.Free
	}
	if h.asked != "" {
		if h.wanted == free || !r.endBackfill(ctx, h) {
			return
		}
	}
	b.ID = rand.Text()
	err := r.call(ctx, func(ctx context.Context) error { return r.o.Matches.AskBackfill(ctx, *b) })
	if err == nil {
		h.asked, h.wanted = b.ID, free
		r.o.Logger.Debug("players are wanted", "room", h.match.ID, "slots", free)
	}
}

// granted finds out whether somebody was sent to the room, which shows in its match: then
// the request has ended. It reports whether it could.
func (r *Reporter) granted(ctx context.Context, h *hosted, now time.Time) bool {
	var m store.Match
	err := r.call(ctx, func(ctx context.Context) (err error) {
		m, err = r.o.Matches.Match(ctx, h.match.ID, "")
		return err
	})
	if err != nil {
		return false
	}
	if h.update(m, now) {
		h.asked = ""
	}
	return true
}

// endBackfill takes the request of a room back, and reports whether it did: if not,
// somebody may have been sent to the room, which will show in the match.
func (r *Reporter) endBackfill(ctx context.Context, h *hosted) bool {
	if h.asked == "" {
		return true
	}
	ended := false
	err := r.call(ctx, func(ctx context.Context) (err error) {
		ended, err = r.o.Matches.EndBackfill(ctx, h.asked)
		return err
	})
	if err != nil || !ended {
		return false
	}
	h.asked = ""
	return true
}
