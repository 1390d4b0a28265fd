package query

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Compile makes a query of its text. The error is an *Error. A text of nothing but
// space is the query that holds of everything, which is nil.
func Compile(text string) (q *Query, err error) {
	if len(text) > MaxLength {
		return nil, newError(text[:MaxLength], MaxLength, fmt.Sprintf("the query is %d bytes long", len(text)), fmt.Sprintf("at most %d", MaxLength))
	}
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	defer func() {
		switch thrown := recover().(type) {
		case nil:
		case *Error:
			q, err = nil, thrown
		default:
			panic(thrown)
		}
	}()
	p := &parser{text: text}
	p.advance()
	q = &Query{text: text, holds: p.or()}
	q.work = p.work
	const expected = `"and", "or" or the end`
	if p.is(")") {
		p.unexpected(expected + ": no bracket is open")
	} else if p.tok.kind != tokEnd {
		p.unexpected(expected)
	}
	return q, nil
}

// Detail returns an error's text, with the query and a caret if it is of a query.
func Detail(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Detail()
	}
	return err.Error()
}

// parser goes down the grammar, one token ahead. Its methods return what they have read.
// What is wrong with the text they throw, as a panic with an *Error, which is caught by
// Compile.
type parser struct {
	text string
	tok  token
	end  int // of tok
	// What was read, for the bounds.
	tests, depth, work int
}

func (p *parser) fail(pos int, problem, expected string) {
	panic(newError(p.text, pos, problem, expected))
}

func (p *parser) unexpected(expected string) {
	p.fail(p.tok.pos, p.tok.String()+" can't stand here", expected)
}

func (p *parser) advance() {
	p.tok = p.next()
	p.end = p.tok.pos + len(p.tok.text)
}

// is reports whether the token is one of the signs and words.
func (p *parser) is(signs ...string) bool {
	return p.tok.kind == tokSign && slices.Contains(signs, p.tok.text)
}

// accept goes on to the next token if this one is the sign or word, and reports whether
// it was.
func (p *parser) accept(sign string) bool {
	ok := p.is(sign)
	if ok {
		p.advance()
	}
	return ok
}

// count counts a test.
func (p *parser) count() {
	if p.tests++; p.tests > MaxTests {
		p.fail(p.tok.pos, fmt.Sprintf("the query has more than %d tests", MaxTests), "a smaller query; lists can replace many tests with or")
	}
	p.works(1)
}

// works counts what the query has to do for one ticket.
func (p *parser) works(n int) {
	if p.work += n; p.work > MaxWork {
		p.fail(p.tok.pos, fmt.Sprintf("the query has more to do for each ticket than it may: more than %d values to look up, compare and combine", MaxWork),
			fmt.Sprintf(`a smaller query; each value of a list after "has any" and "has all" counts, up to %d`, MaxTexts))
	}
}

func (p *parser) or() test {
	a := p.and()
	for p.accept("or") {
		l, r := a, p.and()
		p.count()
		a = func(mine, other *Subject) bool { return l(mine, other) || r(mine, other) }
	}
	return a
}

func (p *parser) and() test {
	a := p.not()
	for p.accept("and") {
		l, r := a, p.not()
		p.count()
		a = func(mine, other *Subject) bool { return l(mine, other) && r(mine, other) }
	}
	return a
}

func (p *parser) not() test {
	if !p.is("not", "(") {
		return p.test()
	}
	if p.depth++; p.depth > MaxDepth {
		p.fail(p.tok.pos, fmt.Sprintf("brackets and nots are more than %d deep", MaxDepth), "a flatter query")
	}
	defer func() { p.depth-- }()
	if p.accept("not") {
		return p.negate(p.not())
	}
	open := p.tok.pos
	p.advance()
	a := p.or()
	if !p.accept(")") {
		p.unexpected(fmt.Sprintf(`"and", "or", or ")" for the bracket at column %d`, newError(p.text, open, "", "").Column))
	}
	return a
}

func (p *parser) negate(a test) test {
	p.count()
	return func(mine, other *Subject) bool { return !a(mine, other) }
}

const wantTest = `a comparison (==, !=, <, <=, >, >=), "in", "has", or a range such as 10..20`

// test reads one test of a value.
func (p *parser) test() test {
	lhs := p.operand(`a test, such as level >= 10, or "not" or "("`)
	negate := p.accept("not")
	if negate && !p.is("in", "has") {
		p.unexpected(`"in" or "has" after "not"`)
	}
	t := p.relation(lhs)
	p.count()
	if negate {
		return p.negate(t)
	}
	return t
}

// relation reads what comes after the first operand of a test.
func (p *parser) relation(lhs operand) test {
	sign := p.tok.text
	compare, ok := comparisons[sign]
	switch {
	case p.tok.kind == tokSign && ok:
		return p.comparison(lhs, sign, compare)
	case p.accept("in"):
		if p.is("(") {
			one := oneOf(p.list(lhs.kind()))
			return func(mine, other *Subject) bool { return one(lhs.value(mine, other)) }
		}
		return p.between(lhs, `a list such as ("a", "b") or a range such as 10..20`)
	case p.is("has"):
		return p.has(lhs)
	case p.is("..") || p.tok.kind == tokNumber || p.tok.kind == tokName:
		return p.between(lhs, wantTest)
	case p.is("(", ",", "+", "-") || !lhs.may(Bool):
		p.unexpected(wantTest)
	}
	return func(mine, other *Subject) bool {
		v := lhs.value(mine, other)
		return v.kind == Bool && v.num != 0
	}
}

// want fails if an operand can't be of a kind.
func (p *parser) want(o operand, k Kind, problem, expected string) {
	if !o.may(k) {
		p.fail(o.at, problem+", and this is a "+o.kind().String(), expected)
	}
}

// comparison reads the second operand of a comparison.
func (p *parser) comparison(lhs operand, sign string, compare func(a, b value) bool) test {
	const problem, expected = "only numbers have an order", "a number or a name"
	isOrder := sign != "==" && sign != "!="
	if isOrder {
		p.want(lhs, Number, problem, expected)
	}
	p.advance()
	rhs := p.operand("a value after " + sign)
	if isOrder {
		p.want(rhs, Number, problem, expected)
	}
	if a, b := lhs.kind(), rhs.kind(); a != None && b != None && a != b {
		p.fail(rhs.at, fmt.Sprintf("a %s is never equal to a %s", a, b), "a "+a.String()+" or a name")
	}
	return func(mine, other *Subject) bool { return compare(lhs.value(mine, other), rhs.value(mine, other)) }
}

// between reads a range, whose ends are operands.
func (p *parser) between(o operand, expected string) test {
	p.want(o, Number, "only a number is in a range", "a number or a name")
	end := func(expected string) operand {
		o := p.operand(expected)
		p.want(o, Number, "a range goes from number to number", "a number or a name")
		return o
	}
	low := operand{terms: []term{{lit: number(math.Inf(-1))}}}
	high := operand{terms: []term{{lit: number(math.Inf(1))}}}
	ends := !p.is("..")
	if ends {
		low = end(expected)
	}
	dots := p.tok.pos
	if !p.accept("..") {
		p.unexpected(`".." and the end of the range`)
	}
	if p.is("-") || p.tok.kind == tokNumber || p.tok.kind == tokName || p.tok.kind == tokString {
		high = end("the end of the range")
	} else if !ends {
		p.fail(dots, "the range has no ends", "a number before or after ..")
	}
	l, okLow := low.constant()
	h, okHigh := high.constant()
	if okLow && okHigh && l > h {
		p.fail(dots, fmt.Sprintf("the range is empty: %v is more than %v", l, h), "the lower end first")
	}
	return func(mine, other *Subject) bool {
		v, l, h := o.value(mine, other), low.value(mine, other), high.value(mine, other)
		return v.kind == Number && l.kind == Number && h.kind == Number && v.num >= l.num && v.num <= h.num
	}
}

// has reads what a set must hold.
func (p *parser) has(set operand) test {
	if !set.may(Set) {
		p.fail(set.at, `only a set of strings "has" something`, "a name")
	}
	p.advance()
	if all := p.is("all"); all || p.is("any") {
		if p.advance(); !p.is("(") {
			p.unexpected(`a list such as ("a", "b")`)
		}
		texts := texts(p.list(String))
		p.works(min(len(texts), MaxTexts))
		if all {
			return func(mine, other *Subject) bool { return hasAll(set.value(mine, other), texts) }
		}
		return func(mine, other *Subject) bool { return hasAny(set.value(mine, other).set, texts) }
	}
	const expected = `a string, or "any" or "all" and a list`
	one := p.operand(expected)
	p.want(one, String, "a set holds strings", expected)
	return func(mine, other *Subject) bool {
		v, s := set.value(mine, other), one.value(mine, other)
		return s.kind == String && v.holds(s.str)
	}
}

// list reads values in brackets, all of one kind: the given one if it is not None.
func (p *parser) list(kind Kind) []value {
	var out []value
	for {
		p.advance() // "(" or ","
		minus := p.accept("-")
		v := p.tok.lit
		switch {
		case p.tok.kind == tokName:
			p.fail(p.tok.pos, p.tok.String()+" can't stand in a list", `a value; strings have quotes: "`+p.tok.text+`"`)
		case v.kind == None || minus && v.kind != Number:
			p.unexpected("a string, a number, true or false")
		case kind != None && v.kind != kind:
			p.fail(p.tok.pos, fmt.Sprintf("a %s can't stand here", v.kind), "a "+kind.String()+" as the others")
		case len(out) == MaxSet:
			p.fail(p.tok.pos, fmt.Sprintf("the list has more than %d values", MaxSet), "a shorter list")
		case minus:
			v.num = -v.num
		}
		kind, out = v.kind, append(out, v)
		p.advance()
		if p.accept(")") {
			return out
		}
		if !p.is(",") {
			p.unexpected(`"," or ")"`)
		}
	}
}

// operand reads a value, or a sum.
func (p *parser) operand(expected string) operand {
	o := operand{at: p.tok.pos}
	for sum := p.is("-"); ; {
		minus := p.is("-")
		if sum {
			expected = "a number or a name after " + p.tok.text
			p.advance()
		}
		tok := p.tok
		if tok.lit.kind == None && tok.kind != tokName {
			p.unexpected(expected)
		}
		p.summand(tok, sum)
		p.works(1)
		name, mine := strings.CutPrefix(tok.text, "my.")
		o.terms = append(o.terms, term{tok.lit, name, mine, minus})
		p.advance()
		sum = p.is("+", "-")
		p.summand(tok, sum)
		if !sum {
			return o
		}
	}
}

// summand fails at a value in a sum that is not a number.
func (p *parser) summand(tok token, sum bool) {
	if k := tok.lit.kind; sum && k != None && k != Number {
		p.fail(tok.pos, "only numbers are added, and this is a "+k.String(), "a number or a name")
	}
}
