package danmaku

import (
	"cmp"
	"context"
	"slices"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/world"
)

// grace returns for how many ticks a comment may wait to be shown before another one with the same text
// takes its place.
func (h *house) grace() uint32 { return 3 * h.set.windowLen }

// accept puts a comment into the window, unless others have said the same.
func (h *house) accept(c *danmakuv1.Comment, key uint64, priority uint32) {
	if h.set.review == "" {
		h.deliver(c)
	}
	if h.set.collate > 0 {
		if s := h.collator.first(key, c.Id, h.r.Tick(), h.set.collate, h.grace()); s != nil {
			h.collator.again(s, 1)
			h.sums.drops.add(danmakuv1.Reason_REASON_COLLATED, 1)
			return
		}
	}
	h.window.add(&danmakuv1.Candidate{Comment: c, Key: key, Priority: priority, Personal: h.personal(c)})
}

// closeWindow takes the best of what came in a window, and has it reviewed if that is to be.
func (h *house) closeWindow() {
	h.taken = max(0, h.taken-h.set.room)
	places := h.set.candidates
	if h.link.live && h.link.share < wholeShare {
		places = min(places, int(h.link.limit))
	}
	picked, over := h.window.take(places)
	h.sums.drops.add(danmakuv1.Reason_REASON_CROWDED, uint64(over))
	if len(picked) == 0 {
		return
	}
	if h.set.review == "" {
		h.ready = append(h.ready, picked...)
		return
	}
	h.review(picked)
}

// review asks the external reviewer about comments. Those that it does not refuse in time are ready, and
// by policy those about which it says nothing.
func (h *house) review(picked []*danmakuv1.Candidate) {
	comments := make([]*danmakuv1.Comment, len(picked))
	for i, c := range picked {
		one := *c.Comment // the reviewer reads it beside the room
		comments[i] = &one
	}
	address, show, reviewer := h.set.review, h.set.show, h.outside.Reviewer
	failed := func(err error) {
		if !h.set.reviewPass {
			h.sums.drops.add(danmakuv1.Reason_REASON_REVIEW, uint64(len(picked)))
		} else {
			h.pass(picked, nil)
		}
		if now := h.r.Tick(); now-h.link.complained > h.ticks(10) || h.link.complained == 0 {
			h.link.complained = now
			h.r.Log.Warn("the external reviewer does not answer; what it could not judge is treated by the option review_failure",
				"review_failure", h.r.Text("review_failure"), "error", err)
		}
	}
	err := world.Async(h.r, h.set.reviewFor, func(ctx context.Context) (*danmakuv1.Verdicts, error) {
		return reviewer.Review(ctx, address, show, comments)
	}, func(res *danmakuv1.Verdicts, err error) {
		if err != nil {
			failed(err)
			return
		}
		h.pass(picked, res.Refused)
	})
	if err != nil {
		failed(err)
	}
}

// pass makes those ready that are not refused.
func (h *house) pass(picked []*danmakuv1.Candidate, refused []uint64) {
	no := make(map[uint64]bool, len(refused))
	for _, id := range refused {
		no[id] = true
	}
	for _, c := range picked {
		if no[c.Comment.Id] {
			h.sums.drops.add(danmakuv1.Reason_REASON_REVIEW, 1)
			h.known.remove(func(k *danmakuv1.Comment) bool { return k.Id == c.Comment.Id })
			continue
		}
		h.deliver(c.Comment)
		h.ready = append(h.ready, c)
	}
}

// show shows what is ready as far as this house may by itself, and leaves the rest to the show.
func (h *house) show() {
	now := h.r.Tick()
	share := h.share()
	h.budget.refill(now, float64(share)/wholeShare)
	var shown []*danmakuv1.Candidate
	for _, c := range h.ready {
		if h.age(c.Comment) > uint64(float64(h.set.maxAge)*1000/h.r.TickRate) {
			h.sums.drops.add(danmakuv1.Reason_REASON_OLD, 1)
			continue
		}
		tier := uint32(0)
		if share > 0 {
			tier = h.budget.place()
		}
		if tier > 0 && !h.ceiling.take(tier, now) {
			tier = 0
		}
		c.Shown = tier > 0
		if c.Shown {
			h.sums.drops.shown++
			c.Comment.Tier = tier
			shown = append(shown, c)
		}
		switch {
		case h.link.live && (c.Shown || c.Personal || share < wholeShare):
			h.link.send(c)
		case !c.Shown:
			h.sums.drops.add(danmakuv1.Reason_REASON_CROWDED, 1)
		}
	}
	clear(h.ready)
	h.ready = h.ready[:0]
	slices.SortFunc(shown, asWritten)
	for _, c := range shown {
		h.emit(c.Comment, c.Key, c.Comment.Tier)
	}
}

// asWritten orders comments as they are shown, whoever has had a place first.
func asWritten(a, b *danmakuv1.Candidate) int {
	return cmp.Or(cmp.Compare(a.Comment.AtMs, b.Comment.AtMs), cmp.Compare(a.Comment.Id, b.Comment.Id))
}

// age returns how old a comment is, in ms; 0 if its house is ahead by its clock.
func (h *house) age(c *danmakuv1.Comment) uint64 {
	now := nowMs(h.r)
	return now - min(now, c.AtMs)
}

// emit shows a comment in a tier.
func (h *house) emit(c *danmakuv1.Comment, key uint64, tier uint32) {
	c.Tier = tier
	c.Same = max(c.Same, h.collator.shown(key, c.Id, tier))
	h.tiers[tier-1].Emit(c)
	h.learn(c)
	h.shown.add(c)
}

// maxTallies is how many tallies there are in a window.
const maxTallies = 20

// tally tells how often what is shown has been said again: the viewers, or the show if there are other
// houses.
func (h *house) tally() {
	if h.r.Tick()%h.set.windowLen != 0 {
		return
	}
	for _, s := range h.collator.take(maxTallies) {
		if h.link.live && h.link.share < wholeShare {
			h.link.tallies = append(h.link.tallies, &danmakuv1.KeyCount{Key: s.key, Same: s.news})
		} else if s.tier > 0 {
			h.tiers[s.tier-1].Emit(&danmakuv1.Tally{Comment: s.comment, Same: s.same})
			if c := h.known.get(s.comment); c != nil {
				c.Same = s.same
			}
		}
		s.news = 0
	}
}

// personal reports whether somebody in another house may be waiting for a comment.
func (h *house) personal(c *danmakuv1.Comment) bool {
	if h.fans.abroad[c.Author] || c.ReplyAuthor != 0 && h.byAuthor[c.ReplyAuthor] == nil {
		return true
	}
	for _, a := range c.Mentions {
		if h.byAuthor[a] == nil {
			return true
		}
	}
	return false
}

// deliver sends a comment to those whom it is meant for, whatever becomes of it.
func (h *house) deliver(c *danmakuv1.Comment) {
	if c.ReplyAuthor != 0 {
		h.sendTo(h.byAuthor[c.ReplyAuthor], c, danmakuv1.Why_WHY_REPLY)
	}
	for _, a := range c.Mentions {
		if a != c.ReplyAuthor {
			h.sendTo(h.byAuthor[a], c, danmakuv1.Why_WHY_MENTION)
		}
	}
	list := h.fans.of[c.Author]
	if len(list) > maxPersonal {
		return // so many follow that it is shown to all, or nobody has room for it
	}
	for _, v := range list {
		if !addressed(c, v.author) {
			h.sendTo(v, c, danmakuv1.Why_WHY_FOLLOWED)
		}
	}
}

func addressed(c *danmakuv1.Comment, author uint64) bool {
	for _, a := range c.Mentions {
		if a == author {
			return true
		}
	}
	return c.ReplyAuthor == author
}

func (h *house) sendTo(v *viewer, c *danmakuv1.Comment, why danmakuv1.Why) {
	if v == nil || v.author == c.Author {
		return
	}
	one := *c
	one.Why = why
	v.p.Emit(&one)
}
