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
// made one (NFKC), small, look-alikes made one (the skeletons of Unicode Technical Standard #39, and
// letters that are named after one of a to z), and letters of scripts whose marks only decorate without
// them. A Text may be used again with Set.
type Text struct {
	form
	emoji  bool // nothing of it is a letter or a digit
	folded string
	// leet is the form in which digits and signs are letters, if there are any: see spelt.
	leet  form
	looks bool // there may be some
	ready bool // leet is
	// pin is whether all words of Latin letters are Pinyin: 0 is not known.
	pin int8
}

// wordless are the scripts in which words are written without spaces, or change within: there a blocked
// word counts wherever it is.
var wordless = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan,
}

// marked are the scripts whose marks only decorate.
var marked = []*unicode.RangeTable{unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Arabic, unicode.Hebrew, unicode.Armenian, unicode.Georgian}

// symbols are those that stand for letters.
var symbols = map[rune]string{'@': "a", '$': "s", '€': "e", '£': "l", '¥': "y"}

// ascii are ASCII's letters and digits as they are compared: small, and i as l, which look alike as capitals.
var ascii = func() (all [128]string) {
	for r := range rune(128) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			all[r] = strings.ToLower(string(r))
		}
	}
	all['i'], all['I'] = all['l'], all['l']
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
	t.folded, t.looks, t.ready, t.pin = norm.NFKC.String(s), false, false, 0
	t.build(&t.form, false)
	t.emoji = len(t.key) == 0
}

// spelt reports whether digits or signs may stand for letters in the text, and sees to the form in
// which they are.
func (t *Text) spelt() bool {
	if t.looks && !t.ready {
		t.build(&t.leet, true)
		t.ready = true
	}
	return t.looks
}

// build makes a form of the folded text.
func (t *Text) build(f *form, leet bool) {
	f.clear()
	next := space // what stands before the next letter
	var last rune
	for at, r := range t.folded {
		before := last
		last = r
		switch {
		case r < utf8.RuneSelf:
			lower := unicode.ToLower(r)
			if as, is := spells[lower]; is && (unicode.IsDigit(r) || within(before, t.folded[at+1:])) {
				t.looks = true
				if leet {
					f.add(as.letter, next, as.kind)
					next = inside
					continue
				}
			}
			piece := ascii[lower]
			if piece == "" {
				piece = symbols[lower]
			}
			if piece != "" {
				f.add(piece, next, hard)
				next = inside
				continue
			}
			next = separate(next, r)
		case unicode.In(r, unicode.Cf, unicode.Variation_Selector) || r == '\u115F' || r == '\u1160' || r == '\u3164' || r == '\u0640':
			last = before // can't be seen, or only stretches: as if it were not there
		case unicode.In(r, wordless...):
			f.add(skeleton(r), joint, hard)
			next = joint
		case unicode.IsMark(r):
			last = before
			if !f.decorates() {
				f.add(string(r), inside, hard)
			}
		case unicode.IsDigit(r):
			f.add(digit(r), next, hard)
			next = inside
		default:
			piece := symbols[r]
			if piece == "" && (unicode.IsLetter(r) || unicode.IsNumber(r) || latin[r] != 0) {
				piece = skeleton(r)
			}
			switch {
			case piece == "" && !unicode.IsLetter(r) && !unicode.IsNumber(r):
				next = separate(next, r)
			case f.add(piece, next, hard):
				next = inside
			}
		}
	}
	f.starts = append(f.starts, space)
}

// separate returns what stands before the next letter, after what stood there and one more character.
func separate(before start, r rune) start {
	switch {
	case before == space || unicode.IsSpace(r):
		return space
	case (r == '\'' || r == '’' || r == 'ʼ' || r == '‘' || r == '`') && before == inside:
		return quote
	}
	return joint
}

// within reports whether a sign stands between letters or digits.
func within(before rune, after string) bool {
	next, _ := utf8.DecodeRuneInString(after)
	return (unicode.IsLetter(before) || unicode.IsDigit(before)) && (unicode.IsLetter(next) || unicode.IsDigit(next))
}

// digit returns a digit of any script as one of ASCII.
func digit(r rune) string {
	for _, at := range unicode.Nd.R16 {
		if rune(at.Lo) <= r && r <= rune(at.Hi) {
			return string('0' + (r-rune(at.Lo))%10)
		}
	}
	return string(r)
}

// skeleton returns what stands for all that look like a character. Small letters of which the capital
// ones alone look alike count as those.
func skeleton(r rune) string {
	if l := latin[r]; l != 0 {
		return ascii[l]
	}
	if a := alefs[r]; a != 0 {
		r = a
	}
	for _, like := range [...]rune{unicode.ToLower(r), unicode.ToUpper(r)} {
		s := confusables.Skeleton(string(like))
		if rest, is := strings.CutPrefix(s, "rn"); is { // which stands for m; but "burn" is no "bum"
			return "m" + rest
		}
		if len(s) == 1 && ascii[s[0]] != "" && s[0] > '9' {
			return ascii[s[0]]
		}
	}
	return strings.ToLower(confusables.Skeleton(string(unicode.ToLower(r))))
}

// alefs are letters of Arabic that are written one for the other.
var alefs = map[rune]rune{'آ': 'ا', 'أ': 'ا', 'إ': 'ا', 'ٱ': 'ا', 'ى': 'ي', 'ی': 'ي', 'ک': 'ك'}

// pinyin reports whether all words of Latin letters in the text are Pinyin.
func (t *Text) pinyin() bool {
	if t.pin == 0 {
		t.pin = 1
		for i := 0; i < len(t.key); {
			j := i + 1
			for t.starts[j] == inside {
				j++
			}
			if t.key[i] > '9' && t.key[i] < utf8.RuneSelf && !syllable.Match(t.key[i:j]) {
				t.pin = -1
			}
			i = j
		}
	}
	return t.pin > 0
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
