package query

import (
	"errors"
	"fmt"
	"strings"
)

// Compile makes a query of its text. The error is an *Error. A text of nothing but
// space is the query that holds of everything, which is nil.
func Compile(text string) (*Query, error) {
	if len(text) > MaxLength {
		return nil, newError(text[:MaxLength], MaxLength, fmt.Sprintf("the query is %d bytes long", len(text)), fmt.Sprintf("at most %d", MaxLength))
	}
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	p := &parser{lex: lexer{text: text}, q: &Query{text: text}}
	err := p.advance()
	if err == nil {
		_, err = p.or()
	}
	if err == nil && p.tok.kind != tokEnd {
		err = p.unexpected(`"and", "or" or the end`)
		if p.tok.kind == tokSign && p.tok.text == ")" {
			err = p.unexpected(`"and", "or" or the end: no bracket is open`)
		}
	}
	if err != nil {
		return nil, err
	}
	return p.q, nil
}

// Detail gives an error's text with the query and a caret, if it is of a query.
func Detail(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Detail()
	}
	return err.Error()
}

// parser goes down the grammar, one token ahead. Its methods give the node they
// made. Their errors are *Error, nil for none, never inside an interface.
type parser struct {
	lex   lexer
	tok   token
	q     *Query
	depth int
}

func (p *parser) advance() *Error {
	t, err := p.lex.next()
	p.tok = t
	return err
}

func (p *parser) is(kind tokenKind, text string) bool {
	return p.tok.kind == kind && p.tok.text == text
}

func (p *parser) fail(pos int, problem, expected string) *Error {
	return newError(p.lex.text, pos, problem, expected)
}

func (p *parser) unexpected(expected string) *Error {
	return p.fail(p.tok.pos, p.tok.describe(p.lex.text)+" can't stand here", expected)
}

func (p *parser) node(n node) (int32, *Error) {
	if len(p.q.nodes) == MaxTests {
		return 0, p.fail(p.tok.pos, fmt.Sprintf("the query has more than %d tests", MaxTests), "a smaller query; lists can replace many tests with or")
	}
	p.q.nodes = append(p.q.nodes, n)
	return int32(len(p.q.nodes) - 1), nil
}

func (p *parser) or() (int32, *Error)  { return p.chain("or", opOr, p.and) }
func (p *parser) and() (int32, *Error) { return p.chain("and", opAnd, p.not) }

// chain reads parts that a word joins. What it builds leans to the left, so that
// evaluating a long chain goes deep; hence Match visits at most MaxTests nodes below
// each other.
func (p *parser) chain(word string, o op, part func() (int32, *Error)) (int32, *Error) {
	a, err := part()
	for err == nil && p.is(tokWord, word) {
		if err = p.advance(); err != nil {
			break
		}
		var b int32
		if b, err = part(); err != nil {
			break
		}
		a, err = p.node(node{op: o, a: a, b: b})
	}
	return a, err
}

func (p *parser) not() (int32, *Error) {
	negate, bracket := p.is(tokWord, "not"), p.is(tokSign, "(")
	if !negate && !bracket {
		return p.test()
	}
	if p.depth++; p.depth > MaxDepth {
		return 0, p.fail(p.tok.pos, fmt.Sprintf("brackets and nots are more than %d deep", MaxDepth), "a flatter query")
	}
	defer func() { p.depth-- }()
	open := p.tok.pos
	if err := p.advance(); err != nil {
		return 0, err
	}
	if negate {
		a, err := p.not()
		if err != nil {
			return 0, err
		}
		return p.node(node{op: opNot, a: a})
	}
	a, err := p.or()
	if err != nil {
		return 0, err
	}
	if !p.is(tokSign, ")") {
		return 0, p.unexpected(fmt.Sprintf(`"and", "or", or ")" for the bracket at column %d`, p.fail(open, "", "").Column))
	}
	return a, p.advance()
}

var comparisons = map[string]op{
	"==": opEqual, "!=": opUnequal, "<": opLess, "<=": opLessEqual, ">": opGreater, ">=": opGreaterEqual,
}

const wantTest = `a comparison (==, !=, <, <=, >, >=), "in", "has", or a range such as 10..20`

// test reads one test of a value.
func (p *parser) test() (int32, *Error) {
	at := p.tok
	lhs, err := p.operand(`a test, such as level >= 10, or "not" or "("`)
	if err != nil {
		return 0, err
	}
	negate := false
	if p.is(tokWord, "not") {
		if err := p.advance(); err != nil {
			return 0, err
		}
		if !p.is(tokWord, "in") && !p.is(tokWord, "has") {
			return 0, p.unexpected(`"in" or "has" after "not"`)
		}
		negate = true
	}
	n, err := p.relation(at, lhs)
	if err != nil {
		return 0, err
	}
	i, err := p.node(n)
	if err == nil && negate {
		i, err = p.node(node{op: opNot, a: i})
	}
	return i, err
}

// relation reads what comes after the first operand of a test.
func (p *parser) relation(at token, lhs operand) (node, *Error) {
	n := node{lhs: lhs}
	switch {
	case p.tok.kind == tokSign && p.tok.text != ".." && p.tok.text != ")":
		o, ok := comparisons[p.tok.text]
		if !ok {
			return n, p.unexpected(wantTest)
		}
		n.op = o
		ordered := o >= opLess
		if ordered && !p.may(lhs, Number) {
			return n, p.fail(at.pos, "only numbers have an order, and this is a "+p.kind(lhs).String(), "a number or a name")
		}
		sign := p.tok.text
		if err := p.advance(); err != nil {
			return n, err
		}
		rhs := p.tok
		var err *Error
		if n.rhs, err = p.operand("a value after " + sign); err != nil {
			return n, err
		}
		if ordered && !p.may(n.rhs, Number) {
			return n, p.fail(rhs.pos, "only numbers have an order, and this is a "+p.kind(n.rhs).String(), "a number or a name")
		}
		if a, b := p.kind(lhs), p.kind(n.rhs); a != None && b != None && a != b {
			return n, p.fail(rhs.pos, fmt.Sprintf("a %s is never equal to a %s", a, b), "a "+a.String()+" or a name")
		}
		return n, nil
	case p.is(tokWord, "in"):
		if err := p.advance(); err != nil {
			return n, err
		}
		if p.is(tokSign, "(") {
			n.op = opIn
			var err *Error
			n.list, err = p.list(p.kind(lhs))
			return n, err
		}
		return p.between(at, n, `a list such as ("a", "b") or a range such as 10..20`)
	case p.is(tokWord, "has"):
		return p.has(at, n)
	case p.is(tokSign, "..") || p.tok.kind == tokNumber || p.tok.kind == tokName:
		return p.between(at, n, wantTest)
	}
	n.op = opTrue
	if !p.may(lhs, Bool) {
		return n, p.unexpected(wantTest)
	}
	return n, nil
}

// between reads a range; its ends are operands.
func (p *parser) between(at token, n node, expected string) (node, *Error) {
	n.op = opRange
	if !p.may(n.lhs, Number) {
		return n, p.fail(at.pos, "only a number is in a range, and this is a "+p.kind(n.lhs).String(), "a number or a name")
	}
	end := func(what string) (operand, *Error) {
		tok := p.tok
		o, err := p.operand(what)
		if err == nil && !p.may(o, Number) {
			err = p.fail(tok.pos, "a range goes from number to number, and this is a "+p.kind(o).String(), "a number or a name")
		}
		return o, err
	}
	var err *Error
	if !p.is(tokSign, "..") {
		if n.rhs, err = end(expected); err != nil {
			return n, err
		}
	}
	low := p.tok
	if !p.is(tokSign, "..") {
		return n, p.unexpected(`".." and the end of the range`)
	}
	if err := p.advance(); err != nil {
		return n, err
	}
	if p.tok.kind == tokNumber || p.tok.kind == tokName || p.tok.kind == tokString || p.is(tokSign, "-") {
		o, err := end("the end of the range")
		if err != nil {
			return n, err
		}
		n.a, n.b = o.first, o.n
	}
	high := operand{n.a, n.b}
	if n.rhs.n == 0 && high.n == 0 {
		return n, p.fail(low.pos, "the range has no ends", "a number before or after ..")
	}
	if l, ok := p.constant(n.rhs); ok {
		if h, ok := p.constant(high); ok && l > h {
			return n, p.fail(low.pos, fmt.Sprintf("the range is empty: %v is more than %v", l, h), "the lower end first")
		}
	}
	return n, nil
}

// has reads what a set must hold.
func (p *parser) has(at token, n node) (node, *Error) {
	if !p.may(n.lhs, Set) {
		return n, p.fail(at.pos, `only a set of strings "has" something`, "a name")
	}
	if err := p.advance(); err != nil {
		return n, err
	}
	for word, o := range map[string]op{"any": opHasAny, "all": opHasAll} {
		if !p.is(tokWord, word) {
			continue
		}
		n.op = o
		if err := p.advance(); err != nil {
			return n, err
		}
		if !p.is(tokSign, "(") {
			return n, p.unexpected(`a list such as ("a", "b")`)
		}
		var err *Error
		n.list, err = p.list(String)
		return n, err
	}
	n.op = opHas
	rhs := p.tok
	const want = `a string, or "any" or "all" and a list`
	o, err := p.operand(want)
	if err != nil {
		return n, err
	}
	if n.rhs = o; !p.may(o, String) {
		return n, p.fail(rhs.pos, "a set holds strings, and this is a "+p.kind(o).String(), want)
	}
	return n, nil
}

// list reads values in brackets, all of one kind: the given one if it is not None.
func (p *parser) list(kind Kind) ([]Value, *Error) {
	var out []Value
	for {
		if err := p.advance(); err != nil { // "(" or ","
			return nil, err
		}
		minus := p.is(tokSign, "-")
		if minus {
			if err := p.advance(); err != nil {
				return nil, err
			}
		}
		var v Value
		switch {
		case p.tok.kind == tokNumber && minus:
			v = Num(-p.tok.num)
		case p.tok.kind == tokNumber:
			v = Num(p.tok.num)
		case p.tok.kind == tokString && !minus:
			v = Str(p.tok.text)
		case (p.is(tokWord, "true") || p.is(tokWord, "false")) && !minus:
			v = Is(p.tok.text == "true")
		case p.tok.kind == tokName:
			return nil, p.fail(p.tok.pos, p.tok.describe(p.lex.text)+" can't stand in a list", `a value; strings have quotes: "`+p.tok.text+`"`)
		default:
			return nil, p.unexpected("a string, a number, true or false")
		}
		if kind == None {
			kind = v.kind
		}
		if v.kind != kind {
			return nil, p.fail(p.tok.pos, fmt.Sprintf("a %s can't stand here", v.kind), "a "+kind.String()+" as the others")
		}
		if len(out) == MaxSet {
			return nil, p.fail(p.tok.pos, fmt.Sprintf("the list has more than %d values", MaxSet), "a shorter list")
		}
		out = append(out, v)
		if err := p.advance(); err != nil {
			return nil, err
		}
		if p.is(tokSign, ")") {
			return out, p.advance()
		}
		if !p.is(tokSign, ",") {
			return nil, p.unexpected(`"," or ")"`)
		}
	}
}

// operand reads a value, or a sum.
func (p *parser) operand(expected string) (operand, *Error) {
	o := operand{first: int32(len(p.q.terms))}
	minus := p.is(tokSign, "-")
	if minus {
		if err := p.advance(); err != nil {
			return o, err
		}
		expected = "a number or a name after -"
	}
	for {
		t := term{minus: minus}
		switch {
		case p.tok.kind == tokNumber:
			t.lit = Num(p.tok.num)
		case p.tok.kind == tokString:
			t.lit = Str(p.tok.text)
		case p.is(tokWord, "true") || p.is(tokWord, "false"):
			t.lit = Is(p.tok.text == "true")
		case p.tok.kind == tokName:
			t.name, t.mine = strings.CutPrefix(p.tok.text, "my.")
			switch t.name {
			case "rating":
				t.builtin = isRating
			case "players":
				t.builtin = isPlayers
			}
		default:
			return o, p.unexpected(expected)
		}
		if (minus || o.n > 0) && t.lit.kind != None && t.lit.kind != Number {
			return o, p.fail(p.tok.pos, "only numbers are added, and this is a "+t.lit.kind.String(), "a number or a name")
		}
		if len(p.q.terms) == 4*MaxTests {
			return o, p.fail(p.tok.pos, fmt.Sprintf("the query has more than %d values", 4*MaxTests), "a smaller query")
		}
		p.q.terms = append(p.q.terms, t)
		o.n++
		at := p.tok
		if err := p.advance(); err != nil {
			return o, err
		}
		if !p.is(tokSign, "+") && !p.is(tokSign, "-") {
			return o, nil
		}
		if t.lit.kind != None && t.lit.kind != Number {
			return o, p.fail(at.pos, "only numbers are added, and this is a "+t.lit.kind.String(), "a number or a name")
		}
		minus = p.is(tokSign, "-")
		expected = "a number or a name after " + p.tok.text
		if err := p.advance(); err != nil {
			return o, err
		}
	}
}

// kind gives an operand's kind where it is known without a ticket.
func (p *parser) kind(o operand) Kind {
	if o.n == 0 {
		return None
	}
	if t := p.q.terms[o.first]; o.n == 1 && !t.minus {
		return t.lit.kind
	}
	return Number
}

// may tells whether the operand can be of the kind.
func (p *parser) may(o operand, k Kind) bool {
	have := p.kind(o)
	return have == None || have == k
}

// constant gives the value of an operand that has no names.
func (p *parser) constant(o operand) (float64, bool) {
	sum := 0.0
	for i := range o.n {
		t := p.q.terms[o.first+i]
		switch {
		case t.lit.kind != Number:
			return 0, false
		case t.minus:
			sum -= t.lit.num
		default:
			sum += t.lit.num
		}
	}
	return sum, o.n > 0
}
