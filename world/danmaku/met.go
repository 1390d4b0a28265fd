package danmaku

import (
	"slices"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
)

// Bounds of what a house has met.
const (
	maxStrangers = 20_000
	maxHouses    = 4096
	maxSupers    = 4096
)

// met is what a house has heard of at some time, also of what it does not know any more: moderators may
// name it. The oldest strangers and super chats are forgotten.
type met struct {
	strangers map[uint64]string // authors whose comments came from other houses, and who gave something, with their names
	order     []uint64
	newest    map[uint64]uint64 // by the upper half of ids: the highest comment of another house
	supers    map[uint64]bool   // super chats
	superIDs  []uint64
}

// learn remembers a comment.
func (h *house) learn(c *danmakuv1.Comment) {
	delete(h.board.erased, c.Author)
	h.known.add(c)
}

// stranger notes somebody who may be in another house.
func (m *met) stranger(author uint64, name string) {
	if author == 0 {
		return
	}
	if m.strangers == nil {
		m.strangers = map[uint64]string{}
	}
	if _, is := m.strangers[author]; !is {
		if len(m.order) >= maxStrangers {
			delete(m.strangers, m.order[0])
			m.order = m.order[1:]
		}
		m.order = append(m.order, author)
	}
	m.strangers[author] = name
}

// foreign notes a comment of another house.
func (m *met) foreign(c *danmakuv1.Comment) {
	m.stranger(c.Author, c.Name)
	if c.ReplyAuthor != 0 {
		m.stranger(c.ReplyAuthor, c.ReplyName)
	}
	if m.newest == nil {
		m.newest = map[uint64]uint64{}
	}
	house := c.Id >> 32
	if _, is := m.newest[house]; is || len(m.newest) < maxHouses {
		m.newest[house] = max(m.newest[house], c.Id)
	}
}

// superChats notes those that there are.
func (m *met) superChats(all []*danmakuv1.SuperChat) {
	if m.supers == nil {
		m.supers = map[uint64]bool{}
	}
	for _, c := range all {
		if m.supers[c.Id] {
			continue
		}
		if len(m.superIDs) >= maxSupers {
			delete(m.supers, m.superIDs[0])
			m.superIDs = m.superIDs[1:]
		}
		m.supers[c.Id] = true
		m.superIDs = append(m.superIDs, c.Id)
	}
}

// comment reports whether there is, or was, a comment or super chat with an id.
func (m *met) comment(h *house, id uint64) bool {
	switch {
	case m.supers[id], h.known.get(id) != nil, slices.ContainsFunc(h.state.Pins, func(p *danmakuv1.Pin) bool { return p.Comment == id }):
		return true
	case id>>32 == h.prefix>>32:
		n := id & 0xffffffff
		return n > 0 && n <= h.count
	}
	return id&0xffffffff > 0 && id <= m.newest[id>>32]
}

// author returns the name of an author who is not here now, and whether anything of it was seen.
func (m *met) author(h *house, author uint64) (name string, ok bool) {
	if name, ok = m.strangers[author]; ok {
		return name, true
	}
	_, ok = h.traces.of[author]
	if mute := h.mutes[author]; mute != nil {
		name, ok = mute.Name, true
	}
	h.known.each(func(c *danmakuv1.Comment) bool {
		if c.Author == author {
			name, ok = c.Name, true
		}
		return true
	})
	for _, r := range h.board.reported {
		if r.comment.Author == author {
			name, ok = r.comment.Name, true
		}
	}
	for _, p := range h.state.Pins {
		if p.Author == author {
			name, ok = p.Name, true
		}
	}
	for _, c := range h.state.SuperChats {
		if c.Author == author {
			name, ok = c.Name, true
		}
	}
	if l := h.state.Lottery; l != nil {
		if i := slices.Index(l.Winners, author); i >= 0 && i < len(l.Names) {
			name, ok = l.Names[i], true
		}
	}
	for _, g := range h.state.Givers {
		if g.Author == author {
			name, ok = g.Name, true
		}
	}
	return name, ok && author != 0
}
