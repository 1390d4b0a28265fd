package words

import (
	"strings"

	ahocorasick "github.com/petar-dambovaliev/aho-corasick"
)

// Bounds of a list of words.
const (
	// MaxWords is how many words a list has at most.
	MaxWords = 50000
	// MaxWord is the longest word, in bytes of its normalised form.
	MaxWord = 150
)

// shardWords is how many words are built at once: building takes some 20 µs for each.
const shardWords = 500

// Filter finds the words of one list. It does not change, so any number of goroutines may use it.
type Filter struct {
	shards   []shard
	words    int
	Rejected []string // words that can't be: nothing is left of them, or they are too long or too many
}

// shard is a part of the list.
type shard struct {
	words []word
	ac    ahocorasick.AhoCorasick
}

type word struct {
	as           string // as it stands in the list
	before, more bool   // letters may stand before it, or after it
}

// NewFilter makes a filter of a list. A word of a script that has spaces between words counts where it is
// a whole word, or several with nothing else around: "class" has no blocked word of three letters in it, and
// "a s s" has. With a * at its beginning or end letters may stand there. In other scripts a word counts
// wherever it is.
func NewFilter(list []string) *Filter {
	for b := NewBuild(list); ; {
		if f := b.Step(); f != nil {
			return f
		}
	}
}

// Build makes a Filter bit by bit, for whom a long list would keep for too long.
type Build struct {
	f    *Filter
	rest []string
	text Text
}

// NewBuild begins with a filter as NewFilter makes it. The list must not be changed any more.
func NewBuild(list []string) *Build { return &Build{f: &Filter{}, rest: list} }

// Step goes on, for some 10 ms, and returns the filter if it is done, else nil.
func (b *Build) Step() *Filter {
	var s shard
	var keys []string
	for len(b.rest) > 0 && len(keys) < shardWords {
		as := b.rest[0]
		b.rest = b.rest[1:]
		w := word{as: as, before: strings.HasPrefix(as, "*"), more: strings.HasSuffix(as, "*")}
		b.text.Set(strings.Trim(as, "*"))
		if len(b.text.key) == 0 || len(b.text.key) > MaxWord || b.f.words == MaxWords {
			if strings.TrimSpace(as) != "" {
				b.f.Rejected = append(b.f.Rejected, as)
			}
			continue
		}
		keys = append(keys, string(b.text.key))
		s.words = append(s.words, w)
		b.f.words++
	}
	if len(keys) > 0 {
		builder := ahocorasick.NewAhoCorasickBuilder(ahocorasick.Opts{MatchKind: ahocorasick.StandardMatch})
		s.ac = builder.Build(keys)
		b.f.shards = append(b.f.shards, s)
	}
	if len(b.rest) > 0 {
		return nil
	}
	return b.f
}

// Len returns how many words the filter has.
func (f *Filter) Len() int {
	if f == nil {
		return 0
	}
	return f.words
}

// Find returns a word of the list that is in a text, as it stands in the list.
func (f *Filter) Find(t *Text) (as string, found bool) {
	if f.Len() == 0 || t.emoji {
		return "", false
	}
	if as, found = f.find(t); found {
		return as, true
	}
	var short Text
	if short.squeeze(t) {
		return f.find(&short)
	}
	return "", false
}

func (f *Filter) find(t *Text) (as string, found bool) {
	for i := range f.shards {
		if as, found = f.shards[i].find(t); found {
			return as, true
		}
	}
	return "", false
}

func (s *shard) find(t *Text) (as string, found bool) {
	for it := s.ac.IterOverlappingByte(t.key); ; {
		m := it.Next()
		if m == nil {
			return "", false
		}
		if w := &s.words[m.Pattern()]; w.counts(t, m.Start(), m.End()) {
			return w.as, true
		}
	}
}

// counts reports whether a word that is found from start to end is one that is meant.
func (w *word) counts(t *Text, start, end int) bool {
	begins, ends := t.starts[start], t.starts[end]
	if begins && ends {
		return true
	}
	for _, inside := range t.starts[start+1 : end] {
		if inside {
			return false // parts of several words
		}
	}
	return (begins || w.before) && (ends || w.more)
}
