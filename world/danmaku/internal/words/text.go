// Package words finds blocked words in what people type, however they spell it: in wide or small
// letters, with accents, in letters of another script that look alike, with zero-width characters
// or spaces between. It knows nothing of rooms, and what is allowed in a text at all is for
// package text to say.
package words

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mtibben/confusables"
	"golang.org/x/text/unicode/norm"
)

// Text is a text in the form in which it is compared: letters and digits alone, compatible forms
// made one (NFKC), small, look-alikes made one (the skeletons of Unicode Technical Standard #39), and
// letters of Latin, Greek and Cyrillic without marks. A Text may be used again with Set.
type Text struct {
	key    []byte
	starts []bool // by byte of key, and one more: a token begins here
	emoji  bool   // nothing of it is a letter or a digit
	folded string
}

// wordless are the scripts in which words are written without spaces, or change within: there a blocked
// word counts wherever it is.
var wordless = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan,
}

// marked are the scripts whose marks only decorate.
var marked = []*unicode.RangeTable{unicode.Latin, unicode.Greek, unicode.Cyrillic}

// symbols are those that stand for letters.
var symbols = map[rune]string{'@': "a", '$': "s", '€': "e", '£': "l", '¥': "y"}

// ascii are the skeletons of ASCII's letters and digits, small.
var ascii = func() (all [128]string) {
	for r := range rune(128) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			all[r] = strings.ToLower(confusables.Skeleton(strings.ToLower(string(r))))
		}
	}
	all['i'] = all['l'] // as capitals they look alike
	return all
}()

// Normalise returns a text in the form in which it is compared.
func Normalise(s string) *Text {
	t := &Text{}
	t.Set(s)
	return t
}

// Set makes t that of another text.
func (t *Text) Set(s string) {
	t.key, t.starts = t.key[:0], t.starts[:0]
	t.folded = norm.NFKC.String(s)
	first := true // the next letter begins a token
	for _, r := range t.folded {
		switch {
		case r < utf8.RuneSelf:
			r = unicode.ToLower(r)
			if piece := ascii[r]; piece != "" {
				t.add(piece, first)
				first = false
				continue
			}
			if piece, ok := symbols[r]; ok {
				t.add(piece, first)
				first = false
				continue
			}
			first = true
		case unicode.In(r, unicode.Cf, unicode.Variation_Selector) || r == '\u115F' || r == '\u1160' || r == '\u3164':
			// can't be seen: as if it were not there
		case unicode.In(r, wordless...):
			t.add(skeleton(r), true)
			first = true
		case unicode.IsMark(r):
			if !t.decorates() {
				t.add(string(r), false)
			}
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			if t.add(skeleton(r), first) {
				first = false
			}
		default:
			if piece, ok := symbols[r]; ok {
				t.add(piece, first)
				first = false
				continue
			}
			first = true
		}
	}
	t.emoji = len(t.key) == 0
	t.starts = append(t.starts, true)
}

// decorates reports whether a mark that comes now is on a letter that is the same without.
func (t *Text) decorates() bool {
	r, _ := utf8.DecodeLastRune(t.key)
	return len(t.key) == 0 || unicode.In(r, marked...)
}

// add appends a skeleton, and reports whether there is anything of it.
func (t *Text) add(piece string, first bool) bool {
	n := len(t.key)
	for _, r := range piece {
		if unicode.IsMark(r) && t.decorates() {
			continue
		}
		if r < utf8.RuneSelf && len(ascii[r]) == 1 { // a letter without its mark
			r = rune(ascii[r][0])
		}
		at := len(t.key)
		t.key = utf8.AppendRune(t.key, r)
		for i := at; i < len(t.key); i++ {
			t.starts = append(t.starts, first && i == n)
		}
	}
	return len(t.key) > n
}

// skeleton returns what stands for all that look like a character. Small letters of which the capital
// ones alone look alike count as those.
func skeleton(r rune) string {
	for _, like := range [...]rune{unicode.ToLower(r), unicode.ToUpper(r)} {
		if s := confusables.Skeleton(string(like)); len(s) == 1 && ascii[s[0]|0x20] != "" {
			return ascii[s[0]|0x20]
		}
	}
	return strings.ToLower(confusables.Skeleton(string(unicode.ToLower(r))))
}

// Key returns the text in the form in which it is compared. It is valid until the next Set.
func (t *Text) Key() []byte { return t.key }

// Contains reports whether another text is in this one, wherever it begins.
func (t *Text) Contains(other *Text) bool {
	if other.emoji {
		return other.folded != "" && strings.Contains(t.folded, other.folded)
	}
	return strings.Contains(string(t.key), string(other.key))
}

// Digest returns a number that is the same for texts that say the same: case, spaces, look-alikes
// and how often a character is repeated, beyond twice, do not matter. A text without letters is
// taken as it is, with repetitions beyond twice left out.
func (t *Text) Digest() uint64 {
	const prime = 1099511628211
	h := uint64(14695981039346656037)
	add := func(r rune) { h = (h ^ uint64(r)) * prime }
	var last rune
	run := 0
	each := func(r rune) {
		if run++; r != last {
			last, run = r, 1
		}
		if run <= 2 {
			add(r)
		}
	}
	if t.emoji {
		for _, r := range t.folded {
			if !unicode.IsSpace(r) && !unicode.In(r, unicode.Variation_Selector) {
				each(r)
			}
		}
		return h
	}
	for k := t.key; len(k) > 0; {
		r, n := utf8.DecodeRune(k)
		each(r)
		k = k[n:]
	}
	return h
}

// squeeze makes t the same text with one character where there were three or more equal ones in
// a row, and reports whether there were any.
func (t *Text) squeeze(from *Text) bool {
	t.key, t.starts, t.emoji, t.folded = t.key[:0], t.starts[:0], from.emoji, from.folded
	squeezed := false
	for i := 0; i < len(from.key); {
		_, n := utf8.DecodeRune(from.key[i:])
		run := 1
		for j := i + n; j+n <= len(from.key) && string(from.key[j:j+n]) == string(from.key[i:i+n]); j += n {
			run++
		}
		keep := run
		if run >= 3 {
			keep, squeezed = 1, true
		}
		t.key = append(t.key, from.key[i:i+keep*n]...)
		t.starts = append(t.starts, from.starts[i:i+keep*n]...)
		i += run * n
	}
	t.starts = append(t.starts, true)
	return squeezed
}
