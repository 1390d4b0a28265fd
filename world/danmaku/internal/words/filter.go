package words

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"

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
	words []word // by pattern
	ac    ahocorasick.AhoCorasick
}

// word is a pattern of a word.
type word struct {
	as           string // as it stands in the list
	before, more bool   // letters may stand before it, or after it
	// runs are how often each of its letters stands in a row, of a pattern that has each once, and is
	// found in such forms of texts alone. nil: the pattern is the word itself.
	runs []uint8
}

// NewFilter makes a filter of a list. A word of a script that has spaces between words counts where it is
// a whole word, so that "class" has no blocked word of three letters in it, or where it has been taken
// apart, as in "a s s" or "s.hit", so that its parts can't be words; see [word.joined]. With a * at its
// beginning or end letters may stand there. In other scripts a word counts wherever it is.
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
	for n := 0; len(b.rest) > 0 && n < shardWords; n++ {
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
		if once, runs := b.text.once(); len(once) < len(b.text.key) {
			w.runs = runs
			keys = append(keys, string(once))
			s.words = append(s.words, w)
		}
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

// Find returns a word of the list that is in a text, as it stands in the list. leet says whether digits and
// signs may stand for letters, too, as in "5h1t".
func (f *Filter) Find(t *Text, leet bool) (as string, found bool) {
	if f.Len() == 0 || t.emoji {
		return "", false
	}
	if as, found = f.find(t, &t.form); !found && leet && t.spelt() {
		as, found = f.find(t, &t.leet)
	}
	return as, found
}

// find looks for the words in a form of a text, and in that with each letter once.
func (f *Filter) find(t *Text, form *form) (as string, found bool) {
	for i := range f.shards {
		if as, found = f.shards[i].find(t, form); found {
			return as, true
		}
	}
	if !form.stretched() {
		return "", false
	}
	short := form.short()
	for i := range f.shards {
		if as, found = f.shards[i].find(t, short); found {
			return as, true
		}
	}
	return "", false
}

func (s *shard) find(t *Text, f *form) (as string, found bool) {
	for it := s.ac.IterOverlappingByte(f.key); ; {
		m := it.Next()
		if m == nil {
			return "", false
		}
		if w := &s.words[m.Pattern()]; w.counts(t, f, m.Start(), m.End()) {
			return w.as, true
		}
	}
}

// counts reports whether a word that is found from start to end in a form is one that is meant.
func (w *word) counts(t *Text, f *form, start, end int) bool {
	if !w.long(f, start, end) || !f.readable(start, end) {
		return false
	}
	begins, ends := f.starts[start] != inside, f.starts[end] != inside
	for _, s := range f.starts[start+1 : end] {
		if s != inside {
			return begins && ends && joined(t, f, start, end)
		}
	}
	return (begins || w.before) && (ends || w.more)
}

// long reports whether letters of a text are repeated on purpose, more often than in the word: one of them three
// times or more, or several. Of a text as it is nothing is asked.
func (w *word) long(f *form, start, end int) bool {
	if f.runs == nil {
		return w.runs == nil
	}
	more, most := 0, uint8(0)
	for i, n := range f.runs[start:end] {
		want := uint8(1)
		if w.runs != nil {
			want = w.runs[i]
		}
		switch {
		case n < want || n > want && f.key[start+i] <= '9':
			return false
		case n > want:
			more, most = more+1, max(most, n)
		}
	}
	return more > 1 || most > 2
}

// joined reports whether parts of a text from start to end, which make a word, are no words by themselves: there
// is no space between them; or each has one letter; or one has no vowel; or it is Pinyin, and so is all
// around it.
func joined(t *Text, f *form, start, end int) bool {
	apart, quoted, single, mute, pinyin := false, f.starts[start] == quote, true, false, true
	for i := start; i < end; {
		j := i + 1
		for j < end && f.starts[j] == inside {
			j++
		}
		if i > start {
			apart = apart || f.starts[i] == space
			quoted = quoted || f.starts[i] == quote
		}
		part := f.key[i:j]
		single = single && utf8.RuneCount(part) == 1
		mute = mute || !voiced(part) && (j < end || len(part) > 1) // "as S" may be two words
		pinyin = pinyin && syllable.Match(part)
		i = j
	}
	switch {
	case quoted:
		return single
	case !apart:
		return true
	}
	return single || mute || pinyin && t.pinyin()
}

// voiced reports whether a part of a text has a vowel, as far as that can be told: i is l.
func voiced(part []byte) bool {
	return bytes.ContainsAny(part, "aeloyu") || bytes.ContainsFunc(part, func(r rune) bool { return r >= utf8.RuneSelf })
}

// syllable is one of Pinyin, in which i is l.
var syllable = regexp.MustCompile(`^(zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?(al?|ang?|ao|el?|eng?|er|l|la|lang?|lao|le|lng?|long|lu|o|ong|ou|ul?|ua|ual|uang?|ue|un|uo|v|ve)$`)
