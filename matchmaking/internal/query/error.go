package query

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error is what is wrong with a query, and where.
type Error struct {
	Text         string // the query
	Offset       int    // in bytes, from 0 to len(Text)
	Line, Column int    // from 1; the column counts characters
	Problem      string // what is wrong
	Expected     string // what could stand there
}

func newError(text string, pos int, problem, expected string) *Error {
	e := &Error{Text: text, Offset: pos, Problem: problem, Expected: expected}
	before := text[:pos]
	e.Line = 1 + strings.Count(before, "\n")
	e.Column = 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	return e
}

// Error returns the problem in one line.
func (e *Error) Error() string {
	return fmt.Sprintf("query %d:%d: %s; expected %s", e.Line, e.Column, e.Problem, e.Expected)
}

// around is how many characters of a long line are shown on either side.
const around = 60

// Detail returns the problem, the line of the query, and a caret below the place.
func (e *Error) Detail() string {
	line, _, _ := strings.Cut(e.Text[strings.LastIndexByte(e.Text[:e.Offset], '\n')+1:], "\n")
	// One character a column: what would move the caret or the terminal is replaced.
	shown := []rune(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, line))
	at, from, to := e.Column-1, 0, len(shown)
	prefix, suffix := "", ""
	if at > around {
		from, prefix = at-around, "…"
	}
	if to > at+around {
		to, suffix = at+around, "…"
	}
	return fmt.Sprintf("%s\n  %s%s%s\n  %s^", e.Error(), prefix, string(shown[from:to]), suffix, strings.Repeat(" ", len([]rune(prefix))+at-from))
}
