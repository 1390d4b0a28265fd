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

// Filter finds the words of one list. It does not change, so any number of goroutines may use it.
type Filter struct {
	words    []word
	ac       ahocorasick.AhoCorasick
	Rejected []string // words that can't be: nothing is left of them, or they are too long or too many
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
	f := &Filter{}
	var keys []string
	var t Text
	for _, as := range list {
		w := word{as: as, before: strings.HasPrefix(as, "*"), more: strings.HasSuffix(as, "*")}
		t.Set(strings.Trim(as, "*"))
		if len(t.key) == 0 || len(t.key) > MaxWord || len(keys) == MaxWords {
			if strings.TrimSpace(as) != "" {
				f.Rejected = append(f.Rejected, as)
			}
			continue
		}
		keys = append(keys, string(t.key))
		f.words = append(f.words, w)
	}
	if len(keys) > 0 {
		b := ahocorasick.NewAhoCorasickBuilder(ahocorasick.Opts{MatchKind: ahocorasick.StandardMatch})
		f.ac = b.Build(keys)
	}
	return f
}

// Len returns how many words the filter has.
func (f *Filter) Len() int {
	if f == nil {
		return 0
	}
	return len(f.words)
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
	for it := f.ac.IterOverlappingByte(t.key); ; {
		m := it.Next()
		if m == nil {
			return "", false
		}
		if w := &f.words[m.Pattern()]; w.counts(t, m.Start(), m.End()) {
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
