package strictyaml

import (
	"encoding/csv"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Field is a field of a struct that has a key. It is a pflag.Value.
type Field struct {
	// Key is its place in a file, with dots: "log.level" is level within log.
	Key string
	// Name is the struct's type and the field's name, with a dot.
	Name string

	tag reflect.StructTag
	at  reflect.Value
}

// Fields returns the fields of the struct that p points to, and of the structs within,
// in their order.
func Fields(p any) []Field {
	var out []Field
	walk(reflect.ValueOf(p).Elem(), "", &out)
	return out
}

func walk(v reflect.Value, prefix string, out *[]Field) {
	for _, f := range direct(v, prefix) {
		if f.at.Kind() == reflect.Struct {
			walk(f.at, f.Key+".", out)
		} else {
			*out = append(*out, f)
		}
	}
}

// direct returns the fields of one struct, with those of structs that it embeds.
func direct(v reflect.Value, prefix string) []Field {
	var out []Field
	for i := range v.NumField() {
		t := v.Type().Field(i)
		if t.Anonymous {
			out = append(out, direct(v.Field(i), prefix)...)
		} else if key := t.Tag.Get("yaml"); key != "" {
			out = append(out, Field{prefix + key, v.Type().Name() + "." + t.Name, t.Tag, v.Field(i)})
		}
	}
	return out
}

// Problem is what is wrong with a field.
type Problem struct {
	Field string // its key, with dots
	Text  string // what is wrong, and what is allowed
}

func (p Problem) Error() string { return p.Field + ": " + p.Text }

// Check returns which fields of the struct that p points to are out of bounds. Their
// keys begin with prefix.
func Check(prefix string, p any) []Problem {
	var out []Problem
	for _, f := range Fields(p) {
		if text := f.problem(); text != "" {
			out = append(out, Problem{prefix + f.Key, text})
		}
	}
	return out
}

// Set sets the field from text, as it stands in a flag or a variable; a list has commas
// between its items. The error says what the text must be, and does not name the field.
func (f Field) Set(text string) error {
	if want := set(f.at, text); want != "" {
		return fmt.Errorf("%q is not allowed; it must be %s", text, want)
	}
	if text := f.problem(); text != "" {
		return fmt.Errorf("%s", text)
	}
	return nil
}

// SetDefault sets the field to its default, or to nothing if it has none. It panics if
// the default is not allowed.
func (f Field) SetDefault() {
	f.at.SetZero()
	if text, ok := f.tag.Lookup("default"); ok {
		if err := f.Set(text); err != nil {
			panic(fmt.Sprintf("strictyaml: the default of %s: %v", f.Name, err))
		}
	}
}

// SetFrom sets the field to what the same field of another struct has.
func (f Field) SetFrom(other Field) { f.at.Set(other.at) }

// Append adds the items of a text to those of a list, and reports whether it is one.
func (f Field) Append(text string) bool {
	if !f.List() {
		return false
	}
	before := f.Items()
	set(f.at, text)
	f.at.Set(reflect.AppendSlice(reflect.ValueOf(before), f.at))
	return true
}

// List reports whether the field is a list of texts.
func (f Field) List() bool { return f.at.Kind() == reflect.Slice }

// Items returns the items of a list.
func (f Field) Items() []string { return slices.Clone(f.at.Interface().([]string)) }

// Text reports whether the field is a text.
func (f Field) Text() bool { return f.at.Kind() == reflect.String }

// String returns the field's value as Set takes it; of a secret, what its type shows
// of it.
func (f Field) String() string {
	if !f.at.IsValid() {
		return ""
	}
	if f.List() {
		var b strings.Builder
		w := csv.NewWriter(&b)
		_ = w.Write(f.Items()) // a strings.Builder takes everything
		w.Flush()
		return strings.TrimSuffix(b.String(), "\n")
	}
	return fmt.Sprint(f.at.Interface())
}

// Type returns a word for the field's type, for the help of flags.
func (f Field) Type() string {
	switch {
	case f.List():
		return "strings"
	case f.Text():
		return "string"
	case f.at.Type() == durationType:
		return "duration"
	case f.at.Kind() == reflect.Float64:
		return "float"
	}
	return f.at.Kind().String()
}

// Default returns the default as it is declared.
func (f Field) Default() string { return f.tag.Get("default") }

// Allowed returns what values are allowed, in words; nothing if all of the type are.
func (f Field) Allowed() string {
	if words := f.words(); len(words) > 0 {
		return "one of " + strings.Join(words, ", ")
	}
	low, high, above := f.tag.Get("min"), f.tag.Get("max"), f.tag.Get("above")
	switch {
	case above != "" && high != "":
		return "more than " + above + ", at most " + high
	case low != "" && high != "":
		return "from " + low + " to " + high
	case low != "":
		return low + " or more"
	case high != "":
		return "at most " + high
	}
	return ""
}

// words returns the words that are allowed; none: all are.
func (f Field) words() []string { return strings.Fields(f.tag.Get("oneof")) }

// word reports whether a word is allowed.
func (f Field) word(text string) bool {
	words := f.words()
	return len(words) == 0 || slices.Contains(words, text)
}

// problem returns what is wrong with the value, or nothing.
func (f Field) problem() string {
	var size float64
	var sized bool
	switch {
	case f.List():
		if slices.Contains(f.Items(), "") {
			return "an item is empty"
		}
		size, sized = float64(f.at.Len()), true
	case f.Text():
		if !f.word(f.at.String()) {
			return fmt.Sprintf("%q is not allowed; it must be %s%s", f.String(), f.Allowed(), guess(f.at.String(), f.words()))
		}
		size, sized = float64(f.at.Len()), true
	default:
		size, sized = number(f.at), false
	}
	low, hasLow := f.bound("min")
	high, hasHigh := f.bound("max")
	above, hasAbove := f.bound("above")
	switch {
	case !(hasLow && !(size >= low)) && !(hasHigh && !(size <= high)) && !(hasAbove && !(size > above)) && size == size:
		return ""
	case sized && size == 0:
		return "a value is missing"
	case f.List():
		return fmt.Sprintf("there are %v; there must be %s", size, f.Allowed())
	case sized:
		return fmt.Sprintf("%q has a length of %v; it must be %s", f.String(), size, f.Allowed())
	case size != size:
		return "NaN is not allowed; it must be a number"
	}
	return fmt.Sprintf("%s is not allowed; it must be %s", f, f.Allowed())
}

// bound returns a bound that the tags have.
func (f Field) bound(name string) (float64, bool) {
	text, ok := f.tag.Lookup(name)
	if !ok {
		return 0, false
	}
	v := reflect.New(reflect.TypeFor[float64]()).Elem()
	if f.at.Type() == durationType {
		v = reflect.New(durationType).Elem()
	}
	if want := set(v, text); want != "" {
		panic(fmt.Sprintf("strictyaml: %s of %s must be %s", name, f.Name, want))
	}
	return number(v), true
}

var durationType = reflect.TypeFor[time.Duration]()

// set sets a value from text, and returns what the text must be if it is not.
func set(v reflect.Value, text string) string {
	switch {
	case v.Type() == durationType:
		d, err := time.ParseDuration(text)
		if err != nil {
			return "a time such as 500ms, 30s or 1m30s"
		}
		v.SetInt(int64(d))
		return ""
	case v.Type() == reflect.TypeFor[[]string]():
		items, err := split(text)
		if err != nil {
			return "a list on one line, with commas between its items and quotes around an item that has commas"
		}
		v.Set(reflect.ValueOf(items))
		return ""
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return "true or false"
		}
		v.SetBool(b)
	case reflect.Int:
		n, err := strconv.ParseInt(text, 0, 0)
		if err != nil {
			return "a whole number"
		}
		v.SetInt(n)
	case reflect.Uint64:
		n, err := strconv.ParseUint(text, 0, 64)
		if err != nil {
			return "a whole number from 0 on"
		}
		v.SetUint(n)
	case reflect.Float64:
		x, err := strconv.ParseFloat(text, 64)
		if err != nil || x-x != 0 { // infinite or not a number
			return "a number"
		}
		v.SetFloat(x)
	default:
		panic(fmt.Sprintf("strictyaml: values of type %v can't be read", v.Type()))
	}
	return ""
}

// split takes the items of a list apart. Empty ones are passed over.
func split(text string) ([]string, error) {
	items := []string{}
	text = strings.TrimSpace(text)
	if text == "" {
		return items, nil
	}
	r := csv.NewReader(strings.NewReader(text))
	r.TrimLeadingSpace, r.LazyQuotes = true, true
	rows, err := r.ReadAll()
	if err == nil && len(rows) != 1 {
		err = errors.New("it has several lines")
	}
	for _, item := range slices.Concat(rows...) {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items, err
}

func number(v reflect.Value) float64 {
	switch v.Kind() {
	case reflect.Float64:
		return v.Float()
	case reflect.Uint64:
		return float64(v.Uint())
	case reflect.Int, reflect.Int64:
		return float64(v.Int())
	}
	return 0 // a bool has no bounds
}
