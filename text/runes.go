package text

import (
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
)

// blank has the characters that count as letters or symbols and look like nothing.
var blank = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x115F, Hi: 0x1160, Stride: 1}, // Hangul fillers
		{Lo: 0x2800, Hi: 0x2800, Stride: 1}, // a Braille pattern without dots
		{Lo: 0x3164, Hi: 0x3164, Stride: 1}, // Hangul filler
		{Lo: 0xFFA0, Hi: 0xFFA0, Stride: 1}, // the same at half width
		{Lo: 0xFFFC, Hi: 0xFFFC, Stride: 1}, // stands for an object that is not there
	},
	R32: []unicode.Range32{
		{Lo: 0x1D159, Hi: 0x1D159, Stride: 1}, // a musical note without a head
	},
}

// silentFormats has the format characters (Cf) that people type: by themselves they are not
// seen, but they shape what is beside them.
var silentFormats = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x00AD, Hi: 0x00AD, Stride: 1}, // soft hyphen
		{Lo: 0x061C, Hi: 0x061C, Stride: 1}, // Arabic letter mark
		{Lo: 0x180E, Hi: 0x180E, Stride: 1}, // Mongolian vowel separator
		{Lo: 0x200B, Hi: 0x200F, Stride: 1}, // where Thai may break a line; joiners; left-to-right, right-to-left
		{Lo: 0x2060, Hi: 0x2060, Stride: 1}, // word joiner
	},
}

// visible reports whether anything of a text can be seen.
func visible(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.IsMark(r) && !unicode.Is(blank, r) ||
			isPictographic(r) || isRegional(r)
	})
}

// typed reports whether a character may stand in a line.
func typed(r rune) bool {
	switch {
	case unicode.IsControl(r), unicode.Is(unicode.Noncharacter_Code_Point, r), r == '\uFFFC':
		return false
	case unicode.IsGraphic(r): // letters, marks, numbers, punctuation, symbols, spaces
		return true
	case unicode.Is(unicode.Prepended_Concatenation_Mark, r): // signs of Arabic, Syriac and Kaithi numbers; they are seen
		return true
	}
	return unicode.Is(silentFormats, r) || isPictographic(r)
}

// isPictographic reports whether a character is an emoji or one of those that Unicode has
// set aside to become emoji (Extended_Pictographic). What joins to an emoji by a zero-width
// joiner is one (rule GB11 of UAX #29), so the table is that of the segmentation.
func isPictographic(r rune) bool {
	return r >= 0xA9 && uniseg.GraphemeClusterCount(string(r)+"\u200D\U0001F600") == 1
}

func isRegional(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }

// IsEmoji reports whether a character, a grapheme cluster, is an emoji: by the grammar of Unicode
// Technical Standard #51, a key cap, a flag, or pictures that are joined, each with the tone
// of a skin, a form, or the tags of a region's flag.
func IsEmoji(cluster string) bool {
	r := []rune(cluster)
	switch {
	case len(r) == 2 && isRegional(r[0]) && isRegional(r[1]):
		return true
	case len(r) >= 2 && strings.ContainsRune("0123456789#*", r[0]):
		rest := r[1:]
		if rest[0] == '\uFE0F' {
			rest = rest[1:]
		}
		return len(rest) == 1 && rest[0] == '\u20E3'
	}
	for {
		n := pictured(r)
		if n == 0 {
			return false
		}
		if r = r[n:]; len(r) == 0 {
			return true
		}
		if r[0] != '\u200D' {
			return false
		}
		r = r[1:]
	}
}

// pictured returns how many code points the picture at the beginning has, 0 if there is none.
func pictured(r []rune) int {
	if len(r) == 0 || !isPictographic(r[0]) && !isTone(r[0]) {
		return 0
	}
	n := 1
	for n < len(r) && (r[n] == '\uFE0F' || r[n] == '\uFE0E' || isTone(r[n])) && n < 3 {
		n++
	}
	if r[0] != 0x1F3F4 || n == len(r) || !isTag(r[n]) {
		return n
	}
	for n < len(r) && isTag(r[n]) {
		n++
	}
	if n < len(r) && r[n] == 0xE007F {
		return n + 1
	}
	return 0
}

func isTone(r rune) bool { return r >= 0x1F3FB && r <= 0x1F3FF }

// isTag reports whether a code point spells a region in a flag: a letter or digit.
func isTag(r rune) bool { return r >= 0xE0030 && r <= 0xE0039 || r >= 0xE0061 && r <= 0xE007A }

// object stands for an emoji while the words around are judged.
const object = "\uFFFC"

// setAside puts an object in place of each emoji, and returns the emoji in their order. The
// selectors of a form that letters may have are left out.
func setAside(s string) (words string, emoji []string, err error) {
	var b strings.Builder
	for g := uniseg.NewGraphemes(s); g.Next(); {
		switch c := g.Str(); {
		case strings.Contains(c, object):
			return "", nil, character('\uFFFC')
		case IsEmoji(c):
			emoji = append(emoji, c)
			b.WriteString(object)
		default:
			if err := tooManyMarks(g.Runes()); err != nil {
				return "", nil, err
			}
			for _, r := range g.Runes() {
				if !unicode.Is(unicode.Variation_Selector, r) {
					b.WriteRune(r)
				}
			}
		}
	}
	return b.String(), emoji, nil
}

// putBack undoes what setAside did.
func putBack(words string, emoji []string) string {
	var b strings.Builder
	for i, part := range strings.SplitN(words, object, len(emoji)+1) {
		if i > 0 {
			b.WriteString(emoji[i-1])
		}
		b.WriteString(part)
	}
	return b.String()
}
