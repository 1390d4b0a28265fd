package query

import (
	"regexp"
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
	tokSign // an operator or a bracket, or a word of the language
)

// token is a piece of the text, at a position in bytes.
type token struct {
	kind tokenKind
	pos  int
	text string
	lit  value // of a number, a string, true or false
}

func (t *token) String() string {
	switch t.kind {
	case tokString:
		return "the string " + shorten(t.text)
	case tokSign:
		return strconv.Quote(t.text)
	}
	return [...]string{tokEnd: "the end", tokName: "the name ", tokNumber: "the number "}[t.kind] + t.text
}

func shorten(s string) string {
	if utf8.RuneCountInString(s) > 24 {
		return string([]rune(s)[:24]) + "…"
	}
	return s
}

// forms are how tokens begin. A string lacks its closing quote, so that what ends one too
// early is found.
var forms = [...]*regexp.Regexp{
	tokEnd:    regexp.MustCompile(`^$`),
	tokName:   regexp.MustCompile(`^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*`),
	tokNumber: regexp.MustCompile(`^(\d+(\.\d+)?|\.\d+)([eE][+-]?\d+)?`),
	tokString: regexp.MustCompile(`^"([^"\\\n]|\\["\\])*`),
	tokSign:   regexp.MustCompile(`^(==|!=|<=|>=|\.\.|[<>(),+-])`),
}

var unescape = strings.NewReplacer(`\"`, `"`, `\\`, `\`)

// meant is what people mean who write a sign of another language.
var meant = map[string]string{"=": "==", "&": "and", "|": "or", "!": "not", "'": `" around strings`, "“": `" around strings`}

// next returns the token at the beginning of what is left of the text.
func (p *parser) next() token {
	rest := strings.TrimLeft(p.text[p.end:], " \t\r\n")
	t := token{pos: len(p.text) - len(rest)}
	if rest == "" {
		return t
	}
	for kind, form := range forms {
		if t.text = form.FindString(rest); t.text != "" {
			t.kind = tokenKind(kind)
			break
		}
	}
	end, after := t.pos+len(t.text), rest[len(t.text):]
	switch t.kind {
	case tokName:
		switch t.text {
		case "true", "false":
			t.kind, t.lit = tokSign, valueOf(t.text == "true")
		case "and", "or", "not", "in", "has", "any", "all":
			t.kind = tokSign
		}
	case tokNumber:
		if forms[tokName].MatchString(after) {
			p.fail(end, "a number ends where a letter comes", "a space or an operator; names don't begin with a digit")
		}
		x, err := strconv.ParseFloat(t.text, 64)
		if err != nil {
			p.fail(t.pos, "the number "+shorten(t.text)+" is too large", "a number that fits 64 bits")
		}
		t.lit = number(x)
	case tokString:
		switch {
		case after == "":
			p.fail(t.pos, "the string does not end", `a closing "`)
		case after[0] == '\n':
			p.fail(t.pos, "the string does not end on its line", `a closing "`)
		case after[0] == '\\':
			p.fail(end, "an escape that is not known", `\" or \\`)
		case !utf8.ValidString(t.text):
			p.fail(t.pos, "the string is not valid UTF-8", "UTF-8")
		}
		t.lit = valueOf(unescape.Replace(t.text[1:]))
		t.text += `"`
	case tokEnd:
		r, _ := utf8.DecodeRuneInString(rest)
		expected, ok := meant[string(r)]
		if !ok {
			expected = "a name, a number, a string, an operator or a bracket"
		}
		p.fail(t.pos, "the character "+strconv.QuoteRune(r)+" has no meaning here", expected)
	}
	return t
}
