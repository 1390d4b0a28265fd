package danmaku

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/text"
	"github.com/tickroom/tickroom/world"
)

// Bounds of what viewers say.
const (
	burst        = 3 // comments at once, before the allowance counts
	burstWindows = 3 // windows whose comments a house takes at once, after calm or a late tick
	maxMentions  = 5
	uniqueFor    = 30 // seconds
)

// refused is why a comment is not taken.
type refused struct {
	reason danmakuv1.Reason
	error
}

func (r refused) Unwrap() error { return r.error }

func refuse(reason danmakuv1.Reason, format string, args ...any) error {
	return refused{reason, fmt.Errorf(format, args...)}
}

// say takes a comment in, or says why not. The author gets its own echo at once; all else waits for
// the end of the window.
func (h *house) say(p *world.Player, cmd *danmakuv1.Say) (*danmakuv1.Said, error) {
	v := viewerOf(p)
	h.refresh(v)
	h.sums.drops.said++
	c, key, err := h.take(v, cmd)
	if err != nil {
		var r refused
		if errors.As(err, &r) {
			h.sums.drops.add(r.reason, 1)
		}
		return nil, err
	}
	h.count++
	h.sums.comments++
	c.Id = h.prefix | h.count&0xffffffff
	own := *c
	own.Why = danmakuv1.Why_WHY_OWN
	p.Emit(&own)
	priority := h.priority(v)
	said := &danmakuv1.Said{Comment: c.Id, WaitMs: h.spend(v)}
	if h.mutes[v.author] != nil { // one that the player does not know of
		// As one for which there was no room: the counters must not tell.
		h.sums.drops.add(danmakuv1.Reason_REASON_CROWDED, 1)
		return said, nil
	}
	h.learn(c)
	h.polls.said(h, v)
	h.accept(c, key, priority)
	return said, nil
}

// take returns a comment that may be shown, and the digest of its text. What costs least is looked at
// first, so that a flood costs little.
func (h *house) take(v *viewer, cmd *danmakuv1.Say) (*danmakuv1.Comment, uint64, error) {
	if now := h.r.Tick(); v.tried != now {
		v.tried, v.tries = now, 0
	}
	if v.tries++; v.tries > maxTries {
		return nil, 0, refuse(danmakuv1.Reason_REASON_SLOW, "too many comments at once")
	}
	if err := h.may(v); err != nil {
		return nil, 0, err
	}
	if h.taken >= burstWindows*h.set.room && !staff(v.badges) {
		return nil, 0, refuse(danmakuv1.Reason_REASON_BUSY, "too many are writing just now: try again")
	}
	line, err := text.Line("comment", strings.TrimSpace(cmd.Text), h.set.maxText)
	if err != nil {
		return nil, 0, refused{danmakuv1.Reason_REASON_TEXT, err}
	}
	if err := h.suits(v, line); err != nil {
		return nil, 0, err
	}
	h.taken++
	c := &danmakuv1.Comment{
		Author: v.author, Name: v.name, Badges: v.badges, Text: line, Color: cmd.Color & 0xffffff,
		Size: cmd.Size, Place: cmd.Place, AtMs: nowMs(h.r),
	}
	if cmd.Size < 0 || cmd.Size > danmakuv1.Size_SIZE_LARGE {
		c.Size = 0
	}
	if cmd.Place < 0 || cmd.Place > danmakuv1.Place_PLACE_BOTTOM {
		c.Place = 0
	}
	h.address(c, cmd)
	return c, h.text.Digest(), nil
}

// may returns why a viewer may not write now, whatever it is.
func (h *house) may(v *viewer) error {
	if m := h.mutes[v.author]; m != nil && !m.Shadow {
		return refuse(danmakuv1.Reason_REASON_MUTED, "you are muted%s", muteEnd(m, nowMs(h.r)))
	}
	if staff(v.badges) {
		return nil
	}
	modes := h.state.Modes
	const members = uint32(danmakuv1.Badge_BADGE_MEMBER | danmakuv1.Badge_BADGE_SUBSCRIBER)
	switch {
	case modes.Subscribers && v.badges&uint32(danmakuv1.Badge_BADGE_SUBSCRIBER) == 0:
		return refuse(danmakuv1.Reason_REASON_MODE, "only subscribers may comment now")
	case modes.Members && v.badges&members == 0:
		return refuse(danmakuv1.Reason_REASON_MODE, "only members and subscribers may comment now")
	case modes.Followers && v.badges&(members|uint32(danmakuv1.Badge_BADGE_FOLLOWER)) == 0:
		return refuse(danmakuv1.Reason_REASON_MODE, "only followers may comment now")
	}
	if wait := h.wait(v); wait > 0 {
		return refuse(danmakuv1.Reason_REASON_SLOW, "too often: try again in %.1f s", float64(wait)/h.r.TickRate)
	}
	return nil
}

func muteEnd(m *danmakuv1.Mute, now uint64) string {
	s := ""
	if m.UntilMs > now {
		s = fmt.Sprintf(" for %d s", (m.UntilMs-now+999)/1000)
	}
	if m.Reason != "" {
		s += ": " + m.Reason
	}
	return s
}

// wait returns in how many ticks a viewer may write: by its own allowance, and the slow mode.
func (h *house) wait(v *viewer) uint32 {
	now := h.r.Tick()
	perTick := 1 / (h.set.every * h.r.TickRate)
	v.allowance.fill(now, perTick, burst)
	wait := v.allowance.wait(perTick)
	if slow := h.board.slow(); slow > 0 && v.spoke > 0 {
		if next := v.spoke + h.ticks(float64(slow)); next > now {
			wait = max(wait, next-now)
		}
	}
	return wait
}

// spend takes a comment off a viewer's allowance, and returns in how many ms it may write the next one.
func (h *house) spend(v *viewer) uint32 {
	if staff(v.badges) {
		v.spoke = h.r.Tick()
		return 0
	}
	v.allowance.tokens--
	v.spoke = h.r.Tick()
	return uint32(float64(h.wait(v)) * 1000 / h.r.TickRate)
}

// suits returns why a text may not be said: a blocked word, a mode. It leaves the normalised text in
// h.text.
func (h *house) suits(v *viewer, line string) error {
	if !staff(v.badges) && h.state.Modes.EmotesOnly && !onlyEmotes(line, h.set.emotes) {
		return refuse(danmakuv1.Reason_REASON_MODE, "only emotes and emoji may be said now")
	}
	if word, found := h.bad(line); found {
		return refuse(danmakuv1.Reason_REASON_WORD, "a word in it is not allowed here: %s", strings.Trim(word, "*"))
	}
	if h.state.Modes.Unique && !staff(v.badges) {
		now := h.r.Tick()
		if h.unique.first(h.text.Digest(), 0, now, h.ticks(uniqueFor), h.ticks(uniqueFor)) != nil {
			return refuse(danmakuv1.Reason_REASON_REPEATED, "it has been said already")
		}
	}
	return nil
}

// onlyEmotes reports whether a text is of emotes, emoji and spaces alone.
func onlyEmotes(line string, emotes []string) bool {
	for _, part := range strings.Fields(line) {
		for part != "" {
			if part[0] == ':' {
				name, rest, ok := strings.Cut(part[1:], ":")
				if !ok || !slices.Contains(emotes, name) {
					return false
				}
				part = rest
				continue
			}
			one := text.Cut(part, 1)
			if !text.IsEmoji(one) {
				return false
			}
			part = part[len(one):]
		}
	}
	return true
}

// address notes whom a comment answers and mentions.
func (h *house) address(c *danmakuv1.Comment, cmd *danmakuv1.Say) {
	if to := h.known.get(cmd.ReplyTo); to != nil && cmd.ReplyTo != 0 {
		c.ReplyTo, c.ReplyAuthor, c.ReplyName = to.Id, to.Author, to.Name
	}
	for _, a := range cmd.Mentions {
		if a != 0 && len(c.Mentions) < maxMentions && !slices.Contains(c.Mentions, a) {
			c.Mentions = append(c.Mentions, a)
		}
	}
	// Somebody who is here may be mentioned by name, too.
	for rest := c.Text; len(c.Mentions) < maxMentions; {
		_, after, ok := strings.Cut(rest, "@")
		if !ok {
			return
		}
		name, more, _ := strings.Cut(after, " ")
		if v := h.byName[name]; v != nil && !slices.Contains(c.Mentions, v.author) {
			c.Mentions = append(c.Mentions, v.author)
		}
		if rest = more; more == "" {
			return
		}
	}
}
