package danmaku

import (
	"fmt"
	"strings"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
)

// masked stands for a text that has a blocked word in it and was paid for.
const masked = "***"

// bad returns a blocked word that is in a text, by whichever list. It leaves the normalised text in h.text.
func (h *house) bad(line string) (word string, found bool) {
	h.text.Set(line)
	if word, found = h.listed.find(&h.text, h.set.leet); !found {
		word, found = h.blocked.Find(&h.text, h.set.leet)
	}
	return word, found
}

// clean returns a text as it is shown: what has a blocked word in it is not.
func (h *house) clean(line string) string {
	if _, found := h.bad(line); found {
		return masked
	}
	return line
}

// named returns a name as it is shown of an author.
func (h *house) named(name string, author uint64) string {
	if _, found := h.bad(name); name == "" || found {
		return guestName(author)
	}
	return name
}

// cleanOrder returns why a moderator's order is not given: a text of it that all would see has a blocked word. Hosts
// answer for what they say.
func (h *house) cleanOrder(v *viewer, o *danmakuv1.Order) error {
	if v.badges&uint32(danmakuv1.Badge_BADGE_HOST) != 0 {
		return nil
	}
	var texts []string
	switch {
	case o.Announce != nil:
		texts = append(texts, o.Announce.Text)
	case o.OpenPoll != nil:
		texts = append(append(texts, o.OpenPoll.Question), o.OpenPoll.Choices...)
	case o.OpenLottery != nil:
		texts = append(texts, o.OpenLottery.Word, o.OpenLottery.Prize)
	}
	for _, t := range texts {
		if word, found := h.bad(t); found {
			return fmt.Errorf("a word in %q is not allowed here: %s", t, strings.Trim(word, "*"))
		}
	}
	return nil
}

// shownSuperChats returns super chats as they are shown.
func (h *house) shownSuperChats(all []*danmakuv1.SuperChat) []*danmakuv1.SuperChat {
	out := make([]*danmakuv1.SuperChat, len(all))
	for i, c := range all {
		one := *c
		one.Name, one.Text = h.named(c.Name, c.Author), h.clean(c.Text)
		out[i] = &one
	}
	return out
}

// shownGivers returns the wall as it is shown.
func (h *house) shownGivers(all []*danmakuv1.Giver) []*danmakuv1.Giver {
	out := make([]*danmakuv1.Giver, len(all))
	for i, g := range all {
		one := *g
		one.Name = h.named(g.Name, g.Author)
		out[i] = &one
	}
	return out
}

// shownPins returns pinned comments as they are shown: a word may have been blocked since.
func (h *house) shownPins(all []*danmakuv1.Pin) []*danmakuv1.Pin {
	out := make([]*danmakuv1.Pin, len(all))
	for i, p := range all {
		one := *p
		one.Name, one.Text = h.named(p.Name, p.Author), h.clean(p.Text)
		out[i] = &one
	}
	return out
}
