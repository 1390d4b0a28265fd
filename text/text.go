package text

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"golang.org/x/text/secure/precis"
)

// maxRunes is how many code points one character may consist of. Unicode's longest emoji
// have eleven, a letter with all that a language puts on it has fewer; far beyond, marks
// are piled up to cover the lines above and below.
const maxRunes = 16

// Errors that Name and Line return, wrapped in one that says what it is about.
var (
	ErrNotUTF8   = errors.New("is not UTF-8")
	ErrInvisible = errors.New("has nothing in it that can be seen")
	ErrTooLong   = errors.New("is too long")
	ErrCharacter = errors.New("has a character in it that can't be shown")
)

// Length returns how many characters a text has, as a reader counts them: extended
// grapheme clusters. A letter with its accents is one, and so is a flag or a family.
func Length(s string) int { return uniseg.GraphemeClusterCount(s) }

// Cut returns the first most characters of a text, or all of it if it has fewer.
func Cut(s string, most int) string {
	g := uniseg.NewGraphemes(s)
	for range most {
		if !g.Next() {
			return s
		}
	}
	_, end := g.Positions()
	return s[:max(end, 0)]
}

// CutBytes returns the beginning of a text that has at most most bytes. It cuts between
// characters, not within one.
func CutBytes(s string, most int) string {
	if len(s) <= most {
		return s
	}
	end := 0
	for g := uniseg.NewGraphemes(s); g.Next(); {
		if _, e := g.Positions(); e <= most {
			end = e
		} else {
			break
		}
	}
	return s[:end]
}

// Name returns a name in the form in which it is kept and shown, of at most most
// characters, if it can be one: by the profile Nickname of PRECIS (RFC 8266), and with
// emoji, which that does not know. So spaces of all kinds become single ones, those at the
// ends go, and compatible forms of letters become the usual ones (NFKC). A name of nothing
// but spaces is empty, which is no error.
//
// The error begins with "the name" and is fit to be shown; it wraps ErrNotUTF8,
// ErrInvisible, ErrTooLong or ErrCharacter.
func Name(s string, most int) (string, error) {
	if !utf8.ValidString(s) {
		return "", wrong("name", ErrNotUTF8)
	}
	words, emoji, err := setAside(s)
	if err != nil {
		return "", wrong("name", err)
	}
	if strings.TrimFunc(words, unicode.IsSpace) == "" {
		return "", nil
	}
	name, err := precis.Nickname.String(words)
	if err != nil {
		return "", wrong("name", culprit(words))
	}
	name = putBack(name, emoji)
	switch n := Length(name); {
	case !visible(name):
		return "", wrong("name", ErrInvisible)
	case n > most:
		return "", tooLong("name", n, most)
	}
	return name, nil
}

// CleanName makes a name of anything: what of it Name would take, as many characters as
// there is room for. It may be empty.
func CleanName(s string, most int) string {
	if name, err := Name(s, most); err == nil {
		return name
	}
	kept, count := "", 0
	for g := uniseg.NewGraphemes(strings.ToValidUTF8(s, "")); g.Next() && count < 2*most; count++ {
		switch base := string(g.Runes()[0]); {
		case usable(g.Str()):
			kept += g.Str()
		case usable(base): // without what hangs on it
			kept += base
		}
	}
	// What is good by itself may not be beside its neighbours; the end goes first.
	for kept != "" {
		name, err := Name(kept, len(kept))
		if err == nil {
			return strings.TrimSpace(Cut(name, most))
		}
		if errors.Is(err, ErrInvisible) {
			return ""
		}
		kept = Cut(kept, Length(kept)-1)
	}
	return ""
}

// usable reports whether a character may be in a name.
func usable(c string) bool {
	_, err := Name("x"+c, len(c)+1)
	return err == nil
}

// Line returns a line of text that a person typed, such as a chat message, as it may be
// shown to others, if it has between one and most characters. It takes what is written in
// any language: wide and narrow spaces, the joiners of Persian, Indic scripts and emoji,
// the direction marks of Hebrew and Arabic. What comes along with texts that are pasted is
// taken out: byte order marks, and the embeddings of a direction; isolates of one are
// closed. Line breaks and other control characters, overrides of the direction, code points
// that stand for nothing or for something private, and characters of more than 16 code
// points are errors.
//
// The error begins with "the" and what, and is fit to be shown; it wraps ErrNotUTF8,
// ErrInvisible, ErrTooLong or ErrCharacter.
func Line(what, s string, most int) (string, error) {
	if !utf8.ValidString(s) {
		return "", wrong(what, ErrNotUTF8)
	}
	if s == "" {
		return "", fmt.Errorf("the %s is empty%w", what, silent{ErrInvisible})
	}
	var b strings.Builder
	isolates := 0
	for g := uniseg.NewGraphemes(s); g.Next(); {
		if err := tooManyMarks(g.Runes()); err != nil {
			return "", wrong(what, err)
		}
		for _, r := range g.Runes() {
			switch {
			case r == '\uFEFF' || r >= '\u202A' && r <= '\u202C':
				continue
			case r >= '\u2066' && r <= '\u2068':
				isolates++
			case r == '\u2069':
				if isolates == 0 {
					continue
				}
				isolates--
			case !typed(r) && !IsEmoji(g.Str()):
				return "", wrong(what, character(r))
			}
			b.WriteRune(r)
		}
	}
	b.WriteString(strings.Repeat("\u2069", isolates))
	line := b.String()
	switch n := Length(line); {
	case !visible(line):
		return "", wrong(what, ErrInvisible)
	case n > most:
		return "", tooLong(what, n, most)
	}
	return line, nil
}

func wrong(what string, err error) error { return fmt.Errorf("the %s %w", what, err) }

func tooLong(what string, n, most int) error {
	return fmt.Errorf("the %s has %d characters; at most %d are allowed%w", what, n, most, silent{ErrTooLong})
}

func character(r rune) error {
	return fmt.Errorf("has the character %U in it, which can't be shown%w", r, silent{ErrCharacter})
}

// silent is an error that a text wraps without saying it.
type silent struct{ error }

func (silent) Error() string   { return "" }
func (s silent) Unwrap() error { return s.error }

// culprit returns an error that names the first character that a name may not have.
func culprit(words string) error {
	for _, r := range words {
		if r == '\u200C' || r == '\u200D' { // good in some words, so not the culprit unless nothing else is
			continue
		}
		if !unicode.IsSpace(r) {
			if _, err := precis.Nickname.String(string(r)); err != nil && !unicode.IsMark(r) {
				return character(r)
			}
		}
	}
	if i := strings.IndexAny(words, "\u200C\u200D"); i >= 0 {
		r, _ := utf8.DecodeRuneInString(words[i:])
		return character(r)
	}
	return ErrCharacter
}

// tooManyMarks returns an error for a character of more code points than any language's.
func tooManyMarks(runes []rune) error {
	if len(runes) <= maxRunes {
		return nil
	}
	return fmt.Errorf("has a character of %d code points in it; there can be %d%w", len(runes), maxRunes, silent{ErrCharacter})
}
