// Package query is the small language of a ticket's conditions on those it plays with:
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

import (
	"math"
	"slices"
)

// Bounds of a query. They keep a hostile one from costing much.
const (
	MaxLength = 4096 // bytes of text
	MaxTests  = 256  // tests, ands, ors and nots
	MaxDepth  = 32   // of parentheses and nots inside each other
	MaxSet    = 128  // values in one list
	// MaxWork is how much a query may have to do to be asked of one ticket; see Query.Work.
	MaxWork = 400
	// MaxTexts is up to how many texts of a ticket's set the work of a query is counted.
	MaxTexts = 64
)

// Kind is the type of an attribute.
type Kind uint8

// The kinds of attributes, with the Go types that they have in a Subject.
const (
	None   Kind = iota // not there, or of another type
	Number             // float64
	String             // string
	Bool               // bool
	Set                // []string
)

func (k Kind) String() string {
	return [...]string{"nothing", "number", "string", "bool", "set of strings"}[k]
}

// KindOf returns the kind of an attribute's value, or None if it can't be one.
func KindOf(v any) Kind { return valueOf(v).kind }

// Subject is a ticket as a query sees it. The zero value has no attributes.
type Subject struct {
	Rating     float64 // the name rating
	Players    int     // the name players
	attributes map[string]value
}

// NewSubject returns what queries see of attributes, whose values are of the types that Kind
// names, of a rating and of a number of players. It keeps nothing of the map.
func NewSubject(attributes map[string]any, rating float64, players int) Subject {
	s := Subject{Rating: rating, Players: players}
	if len(attributes) > 0 {
		s.attributes = make(map[string]value, len(attributes))
	}
	for name, v := range attributes {
		s.attributes[name] = valueOf(v)
	}
	return s
}

// value is an attribute's value, or what an operand comes to. The zero value is one
// that is not there.
type value struct {
	kind Kind
	num  float64 // of a Bool, 1 for true
	str  string
	set  []string // sorted
}

// holds reports whether a set has a text.
func (v *value) holds(text string) bool {
	_, ok := slices.BinarySearch(v.set, text)
	return ok
}

func number(x float64) value { return value{kind: Number, num: x} }

func valueOf(v any) value {
	switch v := v.(type) {
	case float64:
		return number(v)
	case string:
		return value{kind: String, str: v}
	case bool:
		if v {
			return value{kind: Bool, num: 1}
		}
		return value{kind: Bool}
	case []string:
		if !slices.IsSorted(v) {
			v = slices.Sorted(slices.Values(v))
		}
		return value{kind: Set, set: v}
	}
	return value{}
}

// alike reports whether two values can be equal.
func alike(a, b value) bool { return a.kind == b.kind && a.kind != None && a.kind != Set }

func equal(a, b value) bool { return alike(a, b) && a.num == b.num && a.str == b.str }

// comparisons are the signs that compare two operands, and what they mean of values.
var comparisons = map[string]func(a, b value) bool{
	"==": equal,
	"!=": func(a, b value) bool { return alike(a, b) && !equal(a, b) },
	"<":  ordered(func(a, b float64) bool { return a < b }),
	"<=": ordered(func(a, b float64) bool { return a <= b }),
	">":  ordered(func(a, b float64) bool { return a > b }),
	">=": ordered(func(a, b float64) bool { return a >= b }),
}

func ordered(compare func(a, b float64) bool) func(a, b value) bool {
	return func(a, b value) bool { return a.kind == Number && b.kind == Number && compare(a.num, b.num) }
}

// Query is a compiled query. It may be used by many goroutines at once.
type Query struct {
	text  string
	holds test
	work  int
}

// test is a part of a query that holds or does not hold of a ticket, other, beside the
// query's own.
type test func(mine, other *Subject) bool

// String returns the text that the query was compiled from.
func (q *Query) String() string { return q.text }

// Work returns how much the query has to do at most to be asked of one ticket: how many values it
// looks up, compares and combines, each of which takes some 10 to 30 ns. It is 0 of a nil query, 3 of
// level >= 10, and MaxWork at most.
func (q *Query) Work() int {
	if q == nil {
		return 0
	}
	return q.work
}

// Match reports whether the query, that of the ticket mine, holds of other. It
// allocates nothing. A nil query holds of everything.
func (q *Query) Match(mine, other *Subject) bool { return q == nil || q.holds(mine, other) }

// operand is a sum of terms, of one mostly.
type operand struct {
	at    int // where it stands in the text
	terms []term
}

// term is a literal or a name.
type term struct {
	lit   value
	name  string // if it is no literal
	mine  bool   // the name is of the query's own ticket
	minus bool
}

// value returns what the operand comes to. That of a sum with anything but numbers is
// not there.
func (o *operand) value(mine, other *Subject) value {
	if len(o.terms) == 1 && !o.terms[0].minus {
		return o.terms[0].value(mine, other)
	}
	sum := 0.0
	for i := range o.terms {
		v := o.terms[i].value(mine, other)
		if v.kind != Number {
			return value{}
		}
		if o.terms[i].minus {
			v.num = -v.num
		}
		sum += v.num
	}
	if math.IsNaN(sum) {
		return value{}
	}
	return number(sum)
}

func (t *term) value(mine, other *Subject) value {
	of := other
	if t.mine {
		of = mine
	}
	switch {
	case t.lit.kind != None:
		return t.lit
	case t.name == "rating":
		return number(of.Rating)
	case t.name == "players":
		return number(float64(of.Players))
	}
	return of.attributes[t.name]
}

// kind returns the operand's kind where it is known without a ticket, else None.
func (o *operand) kind() Kind {
	if len(o.terms) == 1 && !o.terms[0].minus {
		return o.terms[0].lit.kind
	}
	return Number
}

// may reports whether the operand can be of the kind.
func (o *operand) may(k Kind) bool { return o.kind() == None || o.kind() == k }

// constant returns the value of an operand that is a number without names.
func (o *operand) constant() (float64, bool) {
	for i := range o.terms {
		if o.terms[i].lit.kind != Number {
			return 0, false
		}
	}
	v := o.value(nil, nil)
	return v.num, v.kind == Number
}
