// Package query is the small language in which a ticket says whom it will play with:
//
//	level in 10..20 and region in ("eu", "us") and not tags has "voice"
//
// A query is compiled once, and then holds or does not hold of another ticket. It
// sees the other's attributes by their names, and its own ticket's as my.NAME:
//
//	level in my.level-5 .. my.level+5
//
// # What there is
//
//	a == b, a != b                  numbers, strings, bools
//	a < b, a <= b, a > b, a >= b    numbers
//	a in 10..20, a 10..20           numbers from 10 to 20, both included
//	a 10.., a in ..20               at least 10; at most 20
//	a in ("eu", "us"), a in (1, 2)  any of these strings, numbers, or bools
//	a has "casual"                  a set of strings that holds the string
//	a has any ("x", "y")            one of them at least
//	a has all ("x", "y")            all of them
//	a                               a bool that is true
//	x and y, x or y, not x, ( )     not binds closest, then and, then or
//
// a not in … and a not has … are short for not (…). a and b are numbers, strings in
// double quotes (with \" and \\), true, false, names, or sums and differences of
// numbers and names. Names are letters, digits and underscores, with dots inside.
//
// Two names are given by the matcher whatever the attributes are: rating, the mean
// of the party's ratings, and players, how many there are.
//
// # What is missing
//
// A test of an attribute that is not there, or that is of another type than the test
// needs, does not hold; that goes for != too. not (mode == "hard") therefore holds of
// a ticket without the attribute mode, and mode != "hard" does not.
package query

import "math"

// Bounds of a query. They keep a hostile one from costing anything.
const (
	MaxLength = 4096 // bytes of text
	MaxTests  = 256  // tests, ands, ors and nots
	MaxDepth  = 32   // of parentheses and nots inside each other
	MaxSet    = 128  // values in one list
)

// Kind is the type of an attribute.
type Kind uint8

// The kinds of attributes.
const (
	None Kind = iota // it is not there
	Number
	String
	Bool
	Set
)

func (k Kind) String() string {
	return [...]string{"nothing", "number", "string", "bool", "set of strings"}[k]
}

// Value is an attribute's value. The zero Value is one that is not there.
type Value struct {
	kind Kind
	num  float64 // of a Bool, 1 for true
	str  string
	set  []string
}

// Num gives a number.
func Num(x float64) Value { return Value{kind: Number, num: x} }

// Str gives a string.
func Str(s string) Value { return Value{kind: String, str: s} }

// Is gives a bool.
func Is(b bool) Value {
	v := Value{kind: Bool}
	if b {
		v.num = 1
	}
	return v
}

// SetOf gives a set of strings. It keeps the slice.
func SetOf(s ...string) Value { return Value{kind: Set, set: s} }

// Kind tells the value's type.
func (v Value) Kind() Kind { return v.kind }

// Number gives a number's value, or 0.
func (v Value) Number() float64 {
	if v.kind != Number {
		return 0
	}
	return v.num
}

// Text gives a string's value, or "".
func (v Value) Text() string { return v.str }

// Bool gives a bool's value, or false.
func (v Value) Bool() bool { return v.kind == Bool && v.num != 0 }

// Strings gives a set's strings, or nil. They are not to be changed.
func (v Value) Strings() []string { return v.set }

// Attributes are a ticket's, by name.
type Attributes map[string]Value

// Subject is a ticket as a query sees it.
type Subject struct {
	Attributes Attributes
	Rating     float64 // the name rating
	Players    int     // the name players
}

func (s *Subject) value(name string, b builtin) Value {
	switch b {
	case isRating:
		return Num(s.Rating)
	case isPlayers:
		return Num(float64(s.Players))
	}
	return s.Attributes[name]
}

// builtin is a name that is no attribute.
type builtin uint8

const (
	attribute builtin = iota
	isRating
	isPlayers
)

// Query is a compiled query. It may be used by many goroutines at once.
type Query struct {
	text  string
	nodes []node // the last one is the whole
	terms []term
}

// op is what a node does.
type op uint8

const (
	opAnd op = iota // of nodes a and b
	opOr
	opNot // of node a
	opEqual
	opUnequal
	opLess
	opLessEqual
	opGreater
	opGreaterEqual
	opRange // lhs from low to high
	opIn    // lhs is one of list
	opHas   // lhs holds rhs
	opHasAny
	opHasAll
	opTrue // lhs is true
)

type node struct {
	op       op
	a, b     int32 // nodes
	lhs, rhs operand
	list     []Value
}

// operand is a sum of terms: those from first, n of them.
type operand struct{ first, n int32 }

type term struct {
	lit     Value
	name    string // if it is no literal
	builtin builtin
	mine    bool
	minus   bool
}

// String gives the text that the query was made from.
func (q *Query) String() string { return q.text }

// Match tells whether the query, that of the ticket mine, holds of other. It
// allocates nothing. A nil query holds of everything.
func (q *Query) Match(mine, other *Subject) bool {
	if q == nil {
		return true
	}
	return q.holds(int32(len(q.nodes)-1), mine, other)
}

func (q *Query) holds(i int32, mine, other *Subject) bool {
	n := &q.nodes[i]
	switch n.op {
	case opAnd:
		return q.holds(n.a, mine, other) && q.holds(n.b, mine, other)
	case opOr:
		return q.holds(n.a, mine, other) || q.holds(n.b, mine, other)
	case opNot:
		return !q.holds(n.a, mine, other)
	}
	l := q.eval(n.lhs, mine, other)
	switch n.op {
	case opTrue:
		return l.Bool()
	case opIn:
		for i := range n.list {
			if equal(&l, &n.list[i]) {
				return true
			}
		}
		return false
	case opRange:
		// Its two ends are one operand after the other, that may be missing.
		if l.kind != Number {
			return false
		}
		if n.rhs.n > 0 {
			if low := q.eval(n.rhs, mine, other); low.kind != Number || !(l.num >= low.num) {
				return false
			}
		}
		if high := (operand{n.a, n.b}); high.n > 0 {
			if high := q.eval(high, mine, other); high.kind != Number || !(l.num <= high.num) {
				return false
			}
		}
		return true
	case opHasAny, opHasAll:
		if l.kind != Set {
			return false
		}
		for i := range n.list {
			if contains(l.set, n.list[i].str) != (n.op == opHasAll) {
				return n.op == opHasAny
			}
		}
		return n.op == opHasAll
	}
	r := q.eval(n.rhs, mine, other)
	switch n.op {
	case opHas:
		return l.kind == Set && r.kind == String && contains(l.set, r.str)
	case opEqual:
		return equal(&l, &r)
	case opUnequal:
		return l.kind == r.kind && l.kind != None && l.kind != Set && !equal(&l, &r)
	}
	if l.kind != Number || r.kind != Number {
		return false
	}
	switch n.op {
	case opLess:
		return l.num < r.num
	case opLessEqual:
		return l.num <= r.num
	case opGreater:
		return l.num > r.num
	}
	return l.num >= r.num
}

func equal(a, b *Value) bool {
	if a.kind != b.kind {
		return false
	}
	switch a.kind {
	case Number, Bool:
		return a.num == b.num
	case String:
		return a.str == b.str
	}
	return false
}

func contains(set []string, s string) bool {
	for _, have := range set {
		if have == s {
			return true
		}
	}
	return false
}

// eval gives an operand's value; that of a sum with anything but numbers is None.
func (q *Query) eval(o operand, mine, other *Subject) Value {
	first := q.terms[o.first].value(mine, other)
	if o.n == 1 && !q.terms[o.first].minus {
		return first
	}
	sum := 0.0
	for i := range o.n {
		t := &q.terms[o.first+i]
		v := t.value(mine, other)
		if v.kind != Number {
			return Value{}
		}
		if t.minus {
			sum -= v.num
		} else {
			sum += v.num
		}
	}
	if math.IsNaN(sum) {
		return Value{}
	}
	return Num(sum)
}

func (t *term) value(mine, other *Subject) Value {
	switch {
	case t.lit.kind != None:
		return t.lit
	case t.mine:
		return mine.value(t.name, t.builtin)
	}
	return other.value(t.name, t.builtin)
}
