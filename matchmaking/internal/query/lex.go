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
	kind    tokenKind
	pos     int
	written string  // as it stands in the text
	text    string  // the same, but of a string its value
	num     float64 // of a number
}

func (t *token) String() string {
	switch t.kind {
	case tokEnd:
		return "the end"
	case tokName:
		return "the name " + t.text
	case tokNumber:
		return "the number " + t.text
	case tokString:
		return "the string " + shorten(t.written)
	}
	return strconv.Quote(t.text)
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

var words = regexp.MustCompile(`^(and|or|not|in|has|any|all|true|false)$`)

// next returns the token at the beginning of what is left of the text.
func (p *parser) next() token {
	rest := strings.TrimLeft(p.text[p.end:], " \t\r\n")
	t := token{pos: len(p.text) - len(rest)}
	if rest == "" {
		return t
	}
	for kind, form := range forms {
		if t.written = form.FindString(rest); t.written != "" {
			t.kind = tokenKind(kind)
			break
		}
	}
	after := rest[len(t.written):]
	t.text = t.written
	switch t.kind {
	case tokName:
		if words.MatchString(t.text) {
			t.kind = tokSign
		}
	case tokNumber:
		if forms[tokName].MatchString(after) {
			p.fail(t.pos+len(t.written), "a number ends where a letter comes", "a space or an operator; names don't begin with a digit")
		}
		var err error
		if t.num, err = strconv.ParseFloat(t.text, 64); err != nil {
			p.fail(t.pos, "the number "+shorten(t.text)+" is too large", "a number that fits 64 bits")
		}
	case tokString:
		p.closeString(&t, after)
	case tokEnd:
		p.unknown(t.pos, rest)
	}
	return t
}

var unescape = strings.NewReplacer(`\"`, `"`, `\\`, `\`)

// closeString sees that a string ends, and reads its value.
func (p *parser) closeString(t *token, after string) {
	switch {
	case after == "":
		p.fail(t.pos, "the string does not end", `a closing "`)
	case after[0] == '\n':
		p.fail(t.pos, "the string does not end on its line", `a closing "`)
	case after[0] == '\\':
		p.fail(t.pos+len(t.written), "an escape that is not known", `\" or \\`)
	}
	if t.text = unescape.Replace(t.written[1:]); !utf8.ValidString(t.text) {
		p.fail(t.pos, "the string is not valid UTF-8", "UTF-8")
	}
	t.written += `"`
}

// meant is what people mean who write a sign of another language.
var meant = map[string]string{"=": "==", "&": "and", "|": "or", "!": "not", "'": `" around strings`, "“": `" around strings`}

// unknown fails at a character that begins nothing.
func (p *parser) unknown(pos int, rest string) {
	r, _ := utf8.DecodeRuneInString(rest)
	expected, ok := meant[string(r)]
	if !ok {
		expected = "a name, a number, a string, an operator or a bracket"
	}
	p.fail(pos, "the character "+strconv.QuoteRune(r)+" has no meaning here", expected)
}
