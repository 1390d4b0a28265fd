package danmaku

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"strings"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/world"
	"github.com/tickroom/tickroom/world/danmaku/internal/words"
)

// maxListParts is in how many parts a list may come.
const maxListParts = 64

// wordLists are the lists of blocked words that backends have posted, by topic.
type wordLists struct {
	topics [3]listOf // all shows, this one, the file
	lists  uint32    // how many have come
	// The file.
	read   uint32 // tick in which it was looked at last; 0: never
	digest uint64 // of its content
	failed bool   // it could not be read, which has been said
}

type listOf struct {
	filter *words.Filter
	// What has come of a list that comes in parts.
	parts []string
	next  uint32 // the part that is to come; 0: none
	// What is being made of the newest list, bit by bit.
	build *words.Build
	from  string
}

func newWordLists() wordLists { return wordLists{} }

// count returns how many words are listed.
func (l *wordLists) count() (n int) {
	for i := range l.topics {
		n += l.topics[i].filter.Len()
	}
	return n
}

// find returns a listed word that is in a text.
func (l *wordLists) find(t *words.Text, leet bool) (string, bool) {
	for i := range l.topics {
		if word, found := l.topics[i].filter.Find(t, leet); found {
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
	list := l.parts
	l.parts, l.next = nil, 0
	h.listWords(l, list, from.Topic)
}

// listWords begins to replace a list of blocked words.
func (h *house) listWords(l *listOf, list []string, from string) {
	l.build, l.from = words.NewBuild(list), from
}

// buildWords goes on with lists that have come: a little in each tick.
func (h *house) buildWords() {
	for i := range h.listed.topics {
		if l := &h.listed.topics[i]; l.build != nil {
			if f := l.build.Step(); f != nil {
				l.build = nil
				h.listWordsNow(l, f)
			}
			return
		}
	}
}

// listWordsNow has a new list count.
func (h *house) listWordsNow(l *listOf, f *words.Filter) {
	l.filter = f
	h.lists++
	h.listed.lists++
	h.board.stale = true
	if n := len(l.filter.Rejected); n > 0 {
		h.r.Log.Warn("words of the list of blocked words can't be blocked: they are empty once they are normalised, too long or too many",
			"from", l.from, "words", n, "first", l.filter.Rejected[0])
	}
	h.r.Log.Info("there is a list of blocked words", "from", l.from, "words", l.filter.Len())
}

// readEvery is after how many seconds the file of blocked words is looked at again.
const readEvery = 10

// readWords has the file of blocked words looked at beside the room, now and then.
func (h *house) readWords() {
	now, l := h.r.Tick(), &h.listed
	if h.set.words == "" || l.read != 0 && now-l.read < h.ticks(readEvery) {
		return
	}
	l.read = now
	name, digest, read := h.set.words, l.digest, h.outside.ReadFile
	err := world.Async(h.r, readEvery/2, func(ctx context.Context) (*danmakuv1.WordFile, error) {
		b, err := read(ctx, name)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(b)
		f := &danmakuv1.WordFile{Digest: binary.LittleEndian.Uint64(sum[:])}
		if f.Digest != digest {
			f.Words = wordsIn(b)
		}
		return f, nil
	}, func(f *danmakuv1.WordFile, err error) {
		switch {
		case err != nil && !l.failed:
			h.r.Log.Error("the file of blocked words can't be read; the last list stays, and it is tried again", "file", name, "error", err)
		case err == nil && f.Digest != l.digest:
			l.digest = f.Digest
			h.listWords(&l.topics[2], f.Words, name)
		}
		l.failed = err != nil
	})
	if err != nil { // too much is under way: in the next tick then
		l.read = now - h.ticks(readEvery) + 1
	}
}

// wordsIn returns the words of a file: one a line, without those that begin with a #.
func wordsIn(b []byte) (list []string) {
	for line := range strings.Lines(strings.ToValidUTF8(string(b), "")) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			list = append(list, line)
		}
	}
	return list
}
