package query

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// tokenKind is what a token is.
type tokenKind uint8

const (
	tokEnd tokenKind = iota
	tokName
	tokNumber
	tokString
	tokSign // an operator or a bracket
	tokWord // and, or, not, in, has, any, all, true, false
)

// token is a word of the text, at a position in bytes.
type token struct {
	kind     tokenKind
	pos, end int
	text     string  // as written; of a string, what it says
	num      float64 // of a number
}

// describe names a token in an error.
func (t token) describe(text string) string {
	switch t.kind {
	case tokEnd:
		return "the end"
	case tokName:
		return "the name " + t.text
	case tokNumber:
		return "the number " + t.text
	case tokString:
		return "the string " + shorten(text[t.pos:t.end])
	}
	return strconv.Quote(t.text)
}

func shorten(s string) string {
	if utf8.RuneCountInString(s) > 24 {
		return string([]rune(s)[:24]) + "…"
	}
	return s
}

var words = map[string]bool{
	"and": true, "or": true, "not": true, "in": true, "has": true, "any": true, "all": true, "true": true, "false": true,
}

// signs, the longer ones first.
var signs = []string{"==", "!=", "<=", ">=", "..", "<", ">", "(", ")", ",", "+", "-"}

// lexer cuts the text into tokens.
type lexer struct {
	text string
	at   int
}

func letter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }

// next gives the next token.
func (l *lexer) next() (token, *Error) {
	for l.at < len(l.text) && strings.IndexByte(" \t\r\n", l.text[l.at]) >= 0 {
		l.at++
	}
	t := token{pos: l.at, end: l.at}
	if l.at == len(l.text) {
		return t, nil
	}
	rest := l.text[l.at:]
	switch c := rest[0]; {
	case letter(c):
		n := 1
		for n < len(rest) && (letter(rest[n]) || digit(rest[n]) || rest[n] == '.' && n+1 < len(rest) && letter(rest[n+1])) {
			n++
		}
		t.kind, t.text = tokName, rest[:n]
		if words[t.text] {
			t.kind = tokWord
		}
		t.end += n
	case digit(c) || c == '.' && len(rest) > 1 && digit(rest[1]):
		return l.number(t, rest)
	case c == '"':
		return l.quoted(t, rest)
	default:
		for _, s := range signs {
			if strings.HasPrefix(rest, s) {
				t.kind, t.text, t.end = tokSign, s, t.end+len(s)
				break
			}
		}
		if t.kind == tokEnd {
			return t, l.unknown(rest)
		}
	}
	l.at = t.end
	return t, nil
}

// number reads digits with a fraction and an exponent, but leaves ".." alone.
func (l *lexer) number(t token, rest string) (token, *Error) {
	n := 0
	digits := func() {
		for n < len(rest) && digit(rest[n]) {
			n++
		}
	}
	digits()
	if n+1 < len(rest) && rest[n] == '.' && digit(rest[n+1]) {
		n++
		digits()
	}
	if n < len(rest) && (rest[n] == 'e' || rest[n] == 'E') {
		m := n
		n++
		if n < len(rest) && (rest[n] == '+' || rest[n] == '-') {
			n++
		}
		if digits(); !digit(rest[n-1]) {
			n = m
		}
	}
	if n < len(rest) && letter(rest[n]) {
		return t, l.fail(t.pos+n, "a number ends where a letter comes", "a space or an operator; names don't begin with a digit")
	}
	x, err := strconv.ParseFloat(rest[:n], 64)
	if err != nil {
		return t, l.fail(t.pos, "the number "+shorten(rest[:n])+" is too large", "a number that fits 64 bits")
	}
	t.kind, t.text, t.num, t.end = tokNumber, rest[:n], x, t.pos+n
	l.at = t.end
	return t, nil
}

// quoted reads a string, whose escapes are \" and \\.
func (l *lexer) quoted(t token, rest string) (token, *Error) {
	var b strings.Builder
	for n := 1; n < len(rest); n++ {
		switch c := rest[n]; c {
		case '"':
			t.kind, t.text, t.end = tokString, b.String(), t.pos+n+1
			l.at = t.end
			if !utf8.ValidString(t.text) {
				return t, l.fail(t.pos, "the string is not valid UTF-8", "UTF-8")
			}
			return t, nil
		case '\\':
			if n+1 == len(rest) || rest[n+1] != '"' && rest[n+1] != '\\' {
				return t, l.fail(t.pos+n, "an escape that is not known", `\" or \\`)
			}
			n++
			b.WriteByte(rest[n])
		case '\n':
			return t, l.fail(t.pos, "the string does not end on its line", `a closing "`)
		default:
			b.WriteByte(c)
		}
	}
	return t, l.fail(t.pos, "the string does not end", `a closing "`)
}

// unknown is the error of a character that begins nothing.
func (l *lexer) unknown(rest string) *Error {
	r, _ := utf8.DecodeRuneInString(rest)
	expected := "a name, a number, a string, an operator or a bracket"
	for wrong, right := range map[string]string{"=": "==", "&": "and", "|": "or", "!": "not", "'": `" around strings`, "“": `" around strings`} {
		if strings.HasPrefix(rest, wrong) {
			expected = right
		}
	}
	return l.fail(l.at, "the character "+strconv.QuoteRune(r)+" has no meaning here", expected)
}

func (l *lexer) fail(pos int, what, expected string) *Error {
	return newError(l.text, pos, what, expected)
}
