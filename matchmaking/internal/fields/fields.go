// Package fields reads the fields of YAML mappings strictly: a key that nobody asked
// for is an error, with a guess at what was meant, and so is a value that does not fit.
// Each error names the file, the line, the column, the field and the value. All errors
// of a document are found at once.
package fields

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Document collects what is wrong with a file.
type Document struct {
	path   string
	errs   []error
	places map[string]*yaml.Node // by field
}

// Parse reads a file's text. Its top level must be a mapping, or nothing.
func Parse(path string, text []byte) (*Document, *Map) {
	d := New(path)
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		d.errs = append(d.errs, fmt.Errorf("%s: %s", path, strings.TrimPrefix(err.Error(), "yaml: ")))
		return d, nil
	}
	if len(doc.Content) == 0 {
		return d, d.Map(&yaml.Node{Kind: yaml.MappingNode, Line: 1, Column: 1}, "")
	}
	return d, d.Map(doc.Content[0], "")
}

// New makes a document of which a part is read.
func New(path string) *Document { return &Document{path: path, places: map[string]*yaml.Node{}} }

// Err gives all that is wrong, or nil.
func (d *Document) Err() error { return errors.Join(d.errs...) }

// Problems gives how much is wrong so far.
func (d *Document) Problems() int { return len(d.errs) }

// Fail notes that a field is wrong; its place is that of the field, or if the file
// does not have it, that of the nearest one around it.
func (d *Document) Fail(field, format string, args ...any) {
	at := field
	for d.places[at] == nil && at != "" {
		at = at[:max(0, strings.LastIndexByte(at, '.'))]
	}
	d.fail(d.places[at], field, format, args...)
}

func (d *Document) fail(n *yaml.Node, field, format string, args ...any) {
	where := d.path
	if n != nil {
		where = fmt.Sprintf("%s:%d:%d", d.path, n.Line, n.Column)
	}
	if field != "" {
		field += ": "
	}
	d.errs = append(d.errs, fmt.Errorf("%s: %s%s", where, field, fmt.Sprintf(format, args...)))
}

// Map is a mapping whose fields are asked for one by one; Done ends that. All methods
// of a nil Map find nothing.
type Map struct {
	d     *Document
	field string
	node  *yaml.Node
	keys  []string // asked for
	order []string // in the file
	vals  map[string]*yaml.Node
}

func resolve(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func empty(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// Map takes a node for a mapping; one with nothing in it is an empty one.
func (d *Document) Map(n *yaml.Node, field string) *Map {
	n = resolve(n)
	if d.places[field] == nil {
		d.places[field] = n
	}
	m := &Map{d: d, field: field, node: n, vals: map[string]*yaml.Node{}}
	if empty(n) {
		return m
	}
	if n.Kind != yaml.MappingNode {
		d.fail(n, field, "%s can't stand here; fields are expected, one `key: value` a line", show(n))
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], resolve(n.Content[i+1])
		if k.Kind != yaml.ScalarNode || k.Tag == "!!merge" {
			d.fail(k, field, "a key must be a plain word")
			continue
		}
		if m.vals[k.Value] != nil {
			d.fail(k, m.name(k.Value), "it is there twice")
			continue
		}
		m.vals[k.Value] = v
		m.order = append(m.order, k.Value)
		d.places[m.name(k.Value)] = k
		if v.Kind == yaml.ScalarNode && !empty(v) {
			d.places[m.name(k.Value)] = v
		}
	}
	return m
}

func (m *Map) name(key string) string {
	if m.field == "" {
		return key
	}
	return m.field + "." + key
}

// show gives a node's value for an error.
func show(n *yaml.Node) string {
	switch {
	case empty(n):
		return "nothing"
	case n.Kind == yaml.ScalarNode:
		s := n.Value
		if r := []rune(s); len(r) > 40 {
			s = string(r[:40]) + "…"
		}
		return strconv.Quote(s)
	case n.Kind == yaml.SequenceNode:
		return "a list"
	}
	return "a group of fields"
}

// Field gives the name of the mapping.
func (m *Map) Field() string {
	if m == nil {
		return ""
	}
	return m.field
}

// Keys gives the keys in the order of the file. They count as asked for.
func (m *Map) Keys() []string {
	if m == nil {
		return nil
	}
	m.keys = append(m.keys, m.order...)
	return m.order
}

// Node gives a field's value, or nil if it is not there.
func (m *Map) Node(key string) *yaml.Node {
	if m == nil {
		return nil
	}
	m.keys = append(m.keys, key)
	return m.vals[key]
}

// Has tells whether the field is there; it does not count as asking for it.
func (m *Map) Has(key string) bool { return m != nil && m.vals[key] != nil }

// Scalar gives a field's text, and whether it is there and plain. what says what is
// expected.
func (m *Map) Scalar(key, what string) (string, bool) {
	n := m.Node(key)
	if n == nil {
		return "", false
	}
	if n.Kind != yaml.ScalarNode || empty(n) {
		m.Bad(key, what)
		return "", false
	}
	return n.Value, true
}

// Bad notes that a field's value is not what is expected.
func (m *Map) Bad(key, what string) {
	n := m.vals[key]
	m.d.fail(n, m.name(key), "%s is not allowed; it must be %s", show(n), what)
}

// Need notes that a field is missing.
func (m *Map) Need(key string) { m.d.fail(m.node, m.name(key), "it is missing") }

// Float reads a number.
func (m *Map) Float(key string, to *float64) {
	const what = "a number"
	if s, ok := m.Scalar(key, what); ok {
		x, err := strconv.ParseFloat(s, 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			m.Bad(key, what)
			return
		}
		*to = x
	}
}

// Int reads a whole number.
func (m *Map) Int(key string, to *int) {
	const what = "a whole number"
	if s, ok := m.Scalar(key, what); ok {
		x, err := strconv.Atoi(s)
		if err != nil {
			m.Bad(key, what)
			return
		}
		*to = x
	}
}

// Duration reads a time such as 1m30s; 0 needs no unit.
func (m *Map) Duration(key string, to *time.Duration) {
	const what = "a time such as 500ms, 30s or 1m30s"
	if s, ok := m.Scalar(key, what); ok {
		x, err := time.ParseDuration(s)
		if err != nil {
			m.Bad(key, what)
			return
		}
		*to = x
	}
}

// Bool reads true or false.
func (m *Map) Bool(key string, to *bool) {
	const what = "true or false"
	if s, ok := m.Scalar(key, what); ok {
		switch s {
		case "true":
			*to = true
		case "false":
			*to = false
		default:
			m.Bad(key, what)
		}
	}
}

// Text reads a text.
func (m *Map) Text(key string, to *string) {
	if s, ok := m.Scalar(key, "a text"); ok {
		*to = s
	}
}

// Choice reads one of several words.
func (m *Map) Choice(key string, to *string, words ...string) {
	what := "one of " + strings.Join(words, ", ")
	if s, ok := m.Scalar(key, what); ok {
		if !slices.Contains(words, s) {
			m.Bad(key, what+guess(s, words))
			return
		}
		*to = s
	}
}

// Sub reads a mapping inside; nil if it is not there.
func (m *Map) Sub(key string) *Map {
	n := m.Node(key)
	if n == nil {
		return nil
	}
	return m.d.Map(n, m.name(key))
}

// Maps reads a list of mappings; the field of the first is key.0.
func (m *Map) Maps(key, what string) []*Map {
	n := m.Node(key)
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		m.Bad(key, what)
		return nil
	}
	var out []*Map
	for i, c := range n.Content {
		if sub := m.d.Map(c, m.name(key)+"."+strconv.Itoa(i)); sub != nil {
			out = append(out, sub)
		}
	}
	return out
}

// IsList tells whether the field is there and a list.
func (m *Map) IsList(key string) bool {
	return m.Has(key) && m.vals[key].Kind == yaml.SequenceNode
}

// Done notes as errors the keys that nobody has asked for.
func (m *Map) Done() {
	if m == nil {
		return
	}
	for _, key := range m.order {
		if slices.Contains(m.keys, key) {
			continue
		}
		known := slices.Compact(slices.Sorted(slices.Values(m.keys)))
		hint := guess(key, known)
		if hint == "" {
			hint = "; there are " + strings.Join(known, ", ")
		}
		n := m.d.places[m.name(key)]
		for i := 0; i < len(m.node.Content); i += 2 {
			if m.node.Content[i].Value == key {
				n = m.node.Content[i]
			}
		}
		m.d.fail(n, m.field, "there is no field %q%s", key, hint)
	}
}

// guess gives the name that is most like the one given, as an ending of an error, or
// "".
func guess(name string, names []string) string {
	if n := Nearest(name, names); n != "" {
		return "; did you mean " + n + "?"
	}
	return ""
}

// Nearest gives the name that is most like the one given, or "" if none is.
func Nearest(name string, names []string) string {
	best, at := 1+len(name)/3, ""
	for _, n := range names {
		if d := distance(name, n); d <= best && (at == "" || d < best) {
			best, at = d, n
		}
	}
	return at
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diag, row[j+1] = row[j+1], min(diag+cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
