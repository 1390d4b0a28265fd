package danmaku

import (
	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/world"
	"github.com/tickroom/tickroom/world/danmaku/internal/words"
)

// maxListParts is in how many parts a list may come.
const maxListParts = 64

// wordLists are the lists of blocked words that backends have posted, by topic.
type wordLists struct {
	topics [2]listOf // all shows, this one
	lists  uint32    // how many have come
}

type listOf struct {
	filter *words.Filter
	// What has come of a list that comes in parts.
	parts []string
	next  uint32 // the part that is to come; 0: none
}

func newWordLists() wordLists { return wordLists{} }

// count returns how many words are listed.
func (l *wordLists) count() int { return l.topics[0].filter.Len() + l.topics[1].filter.Len() }

// find returns a listed word that is in a text.
func (l *wordLists) find(t *words.Text) (string, bool) {
	for i := range l.topics {
		if word, found := l.topics[i].filter.Find(t); found {
			return word, true
		}
	}
	return "", false
}

// onWords takes a list of blocked words, or a part of one. Only backends post them.
func (h *house) onWords(from *world.Posting, m *danmakuv1.Words) {
	l := &h.listed.topics[0]
	switch {
	case from.From != "":
		return
	case from.Topic == topicWords+"/"+h.set.show:
		l = &h.listed.topics[1]
	case from.Topic != topicWords:
		return
	}
	if m.Parts > maxListParts {
		h.r.Log.Error("a list of blocked words is not taken: it is in too many parts", "parts", m.Parts, "max", maxListParts)
		return
	}
	if m.Part <= 1 {
		l.parts, l.next = nil, 1
	}
	if m.Parts > 0 && m.Part != l.next {
		l.parts, l.next = nil, 0
		h.r.Log.Warn("a list of blocked words is not taken: its parts are not in their order", "part", m.Part, "of", m.Parts)
		return
	}
	l.parts = append(l.parts, m.Words...)
	l.next++
	if m.Part < m.Parts {
		return
	}
	l.filter = words.NewFilter(l.parts)
	l.parts, l.next = nil, 0
	h.listed.lists++
	h.board.stale = true
	if n := len(l.filter.Rejected); n > 0 {
		h.r.Log.Warn("words of the list of blocked words can't be blocked: they are empty once they are normalised, too long or too many",
			"words", n, "first", l.filter.Rejected[0])
	}
	h.r.Log.Info("a list of blocked words has come", "topic", from.Topic, "words", l.filter.Len())
}
