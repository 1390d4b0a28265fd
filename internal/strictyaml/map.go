package strictyaml

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
	"go.yaml.in/yaml/v3"
)

// Document collects what is wrong with a file.
type Document struct {
	// Hint is added to the error about an unknown key where there are too many known ones
	// to list.
	Hint string

	path   string
	wrong  []problem
	places map[string]*yaml.Node // by field
}

// problem is what is wrong at a place in the file, from 1; 0: with all of it.
type problem struct {
	line, column int
	err          error
}

// Parse reads a file's text. Its top level must be a mapping, or nothing.
func Parse(path string, text []byte) (*Document, *Map) {
	d := &Document{path: path, places: map[string]*yaml.Node{}}
	var doc yaml.Node
	if what := syntax(text, &doc); what != "" {
		line, column := broken(text, what)
		d.wrong = append(d.wrong, problem{line, column, fmt.Errorf("%s:%d:%d: %s", path, line, column, what)})
		return d, nil
	}
	if len(doc.Content) == 0 {
		return d, d.mapping(&yaml.Node{Kind: yaml.MappingNode, Line: 1, Column: 1}, "")
	}
	return d, d.mapping(doc.Content[0], "")
}

// Err returns all that is wrong, in the order of the file's lines, or nil.
func (d *Document) Err() error {
	sorted := slices.Clone(d.wrong)
	slices.SortStableFunc(sorted, func(a, b problem) int { return cmp.Or(a.line-b.line, a.column-b.column) })
	errs := make([]error, 0, len(sorted))
	for _, p := range sorted {
		errs = append(errs, p.err)
	}
	return errors.Join(errs...)
}

// Problems returns how much is wrong so far.
func (d *Document) Problems() int { return len(d.wrong) }

// Fail notes that a field is wrong; its place is that of the field, or if the file
// does not have it, that of the nearest one around it.
func (d *Document) Fail(field, format string, args ...any) {
	at := field
	for d.places[at] == nil && at != "" {
		at = at[:max(0, strings.LastIndexByte(at, '.'))]
	}
	d.fail(d.places[at], field, format, args...)
}

// Check notes as errors the fields of a struct that are out of bounds; see the function
// Check.
func (d *Document) Check(prefix string, p any) {
	for _, problem := range Check(prefix, p) {
		d.Fail(problem.Field, "%s", problem.Text)
	}
}

func (d *Document) fail(n *yaml.Node, field, format string, args ...any) {
	where, line, column := d.path, 0, 0
	if n != nil {
		line, column = n.Line, n.Column
		where = fmt.Sprintf("%s:%d:%d", d.path, n.Line, n.Column)
	}
	if field != "" {
		field += ": "
	}
	d.wrong = append(d.wrong, problem{line, column, fmt.Errorf("%s: %s%s", where, field, fmt.Sprintf(format, args...))})
}

// Map is a mapping whose fields are asked for one by one; Done ends that. All methods
// of a nil Map find nothing.
type Map struct {
	d     *Document
	field string
	node  *yaml.Node
	asked []string
	order []string // the keys in the file
	vals  map[string]*yaml.Node
}

// mapping takes a node for a mapping; one with nothing in it is an empty one.
func (d *Document) mapping(n *yaml.Node, field string) *Map {
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
		name := m.name(k.Value)
		if m.vals[k.Value] != nil {
			d.fail(k, name, "it is there twice")
			continue
		}
		m.vals[k.Value] = v
		m.order = append(m.order, k.Value)
		d.places[name] = k
		if v.Kind == yaml.ScalarNode && !empty(v) {
			d.places[name] = v
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

// Field returns the name of the mapping, with dots.
func (m *Map) Field() string {
	if m == nil {
		return ""
	}
	return m.field
}

// Keys returns the keys in the order of the file. They count as asked for.
func (m *Map) Keys() []string {
	if m == nil {
		return nil
	}
	m.asked = append(m.asked, m.order...)
	return m.order
}

// Node returns a field's value, or nil if it is not there.
func (m *Map) Node(key string) *yaml.Node {
	if m == nil {
		return nil
	}
	m.asked = append(m.asked, key)
	return m.vals[key]
}

// Has reports whether the field is there. It counts as asking for it.
func (m *Map) Has(key string) bool { return m.Node(key) != nil }

// Scalar returns a field's text, and whether it is there and plain. what says what is
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

// Need notes as errors the fields that are missing.
func (m *Map) Need(keys ...string) {
	for _, key := range keys {
		if !m.Has(key) {
			m.d.fail(m.node, m.name(key), "it is missing")
		}
	}
}

// Value reads a field, if it is there, into what to points to: a text, a list of texts,
// a number, a bool or a time.
func (m *Map) Value(key string, to any) {
	m.read(Field{Key: key, at: reflect.ValueOf(to).Elem()})
}

// Fields reads the fields of the struct that to points to, with those of the structs
// within. Their bounds are Check's matter, once all is read.
func (m *Map) Fields(to any) { m.fields(reflect.ValueOf(to).Elem()) }

func (m *Map) fields(v reflect.Value) {
	for _, f := range direct(v, "") {
		if f.at.Kind() != reflect.Struct {
			m.read(f)
		} else if sub := m.Sub(f.Key); sub != nil {
			sub.fields(f.at)
			sub.Done()
		}
	}
}

func (m *Map) read(f Field) {
	n := m.Node(f.Key)
	if n == nil {
		return
	}
	switch {
	case empty(n) && (f.List() || f.Text()):
		f.at.SetZero()
	case n.Kind == yaml.SequenceNode && f.List():
		items := []string{}
		for _, c := range n.Content {
			if c = resolve(c); c.Kind != yaml.ScalarNode {
				m.d.fail(c, m.name(f.Key), "%s is not allowed; it must be a list of plain values", show(c))
				return
			}
			items = append(items, c.Value)
		}
		f.at.Set(reflect.ValueOf(items))
	case n.Kind != yaml.ScalarNode || empty(n):
		want := "a plain value"
		if empty(n) || !f.Text() && !f.List() {
			want = set(reflect.New(f.at.Type()).Elem(), "?")
		}
		m.Bad(f.Key, want)
	case !f.word(n.Value):
		m.Bad(f.Key, f.Allowed()+guess(n.Value, f.words()))
	default:
		if want := set(f.at, n.Value); want != "" {
			m.Bad(f.Key, want)
		}
	}
}

// Sub reads a mapping inside; nil if it is not there.
func (m *Map) Sub(key string) *Map {
	n := m.Node(key)
	if n == nil {
		return nil
	}
	return m.d.mapping(n, m.name(key))
}

// Maps reads a list of mappings; the field of the first is key.0. It returns nil if the
// field is not a list.
func (m *Map) Maps(key string) (list []*Map, ok bool) {
	n := m.Node(key)
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil, false
	}
	for i, c := range n.Content {
		if sub := m.d.mapping(c, m.name(key)+"."+strconv.Itoa(i)); sub != nil {
			list = append(list, sub)
		}
	}
	return list, true
}

// Done notes as errors the keys that nobody has asked for.
func (m *Map) Done() {
	if m == nil {
		return
	}
	for i := 0; i < len(m.node.Content); i += 2 {
		k := m.node.Content[i]
		if m.vals[k.Value] == nil || slices.Contains(m.asked, k.Value) {
			continue
		}
		known := slices.Compact(slices.Sorted(slices.Values(m.asked)))
		hint := guess(k.Value, known)
		switch {
		case hint != "":
		case len(known) > 20 && m.d.Hint != "":
			hint = "; " + m.d.Hint
		default:
			hint = "; there are " + strings.Join(known, ", ")
		}
		m.d.fail(k, m.field, "there is no field %q%s", k.Value, hint)
	}
}

func resolve(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func empty(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// show returns a node's value for an error.
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

// guess returns the name that is most like the one given, as an ending of an error, or
// nothing.
func guess(name string, names []string) string {
	if n := Nearest(name, names); n != "" {
		return "; did you mean " + n + "?"
	}
	return ""
}

// Nearest returns the name that is most like the one given, or "" if none is.
func Nearest(name string, names []string) string {
	best, at := 1+len(name)/3, ""
	for _, n := range names {
		if d := levenshtein.ComputeDistance(name, n); d <= best && (at == "" || d < best) {
			best, at = d, n
		}
	}
	return at
}
