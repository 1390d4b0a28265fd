package world

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a room's labels.
const (
	// MaxLabels is how many labels a room has at most.
	MaxLabels = 16
	// MaxLabelName is the longest name of one, in bytes.
	MaxLabelName = 64
	// MaxLabelText is the longest text of one, in bytes.
	MaxLabelText = 256
)

// taken are the names that queries have for what every room has.
var takenLabels = map[string]bool{
	"players": true, "rating": true, "capacity": true, "free": true, "kind": true, "mode": true, "region": true, "age": true,
	"watching": true, "locked": true, "spectators": true, "room": true, "show": true, "my": true,
	// Words of the language of queries.
	"and": true, "or": true, "not": true, "in": true, "has": true, "any": true, "all": true, "true": true, "false": true,
}

// labelName is what names are in queries; see package query of matchmaking.
var labelName = regexp.MustCompile(`^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$`)

// SetLabel sets a label of the room, by which players find it: the map, the level, whether
// friendly fire is on. Lists of rooms show labels to everybody, and queries ask for them by
// their names, for example map == "dust" and level in 3..5. A value is a string, a bool or
// a number (any integer or float type); nil takes the label away. Labels may be set in
// Kind.New and at any time later; players hear of a change within seconds, and of several in
// that time once.
//
// A name has at most MaxLabelName bytes: ASCII letters, digits and underscores, in parts with
// dots between, none of which begins with a digit. The names of what every room has, such as
// players and age, are taken, and so are the words of queries. A text has at most MaxLabelText
// bytes, all printable. SetLabel returns an error and changes nothing if name or value is none
// of these, or there are MaxLabels other labels.
func (r *Room) SetLabel(name string, value any) error {
	if err := checkLabelName(name); err != nil {
		return err
	}
	v, err := labelValue(name, value)
	if err != nil {
		return err
	}
	old, is := r.labels[name]
	switch {
	case old == v:
		return nil
	case v != nil && !is && len(r.labels) == MaxLabels:
		return fmt.Errorf("world: label %q: the room has %d labels already; take one away first", name, MaxLabels)
	}
	// Whoever has been given the labels keeps them as they were.
	next := make(map[string]any, len(r.labels)+1)
	maps.Copy(next, r.labels)
	if next[name] = v; v == nil {
		delete(next, name)
	}
	r.labels = next
	r.labelled++
	return nil
}

// Label returns the value of a label: a string, a bool or a float64; nil if there is none.
func (r *Room) Label(name string) any { return r.labels[name] }

// Labels returns the labels by their names, and how often they have changed, modulo 1<<32.
// The map does not change any more, and must not be changed.
func (r *Room) Labels() (labels map[string]any, changes uint32) { return r.labels, r.labelled }

func checkLabelName(name string) error {
	switch {
	case len(name) > MaxLabelName || !labelName.MatchString(name):
		return fmt.Errorf("world: label %.80q: a name has 1 to %d letters, digits and underscores, perhaps in parts with dots between, none of which begins with a digit", name, MaxLabelName)
	case takenLabels[name] || strings.HasPrefix(name, "my."):
		return fmt.Errorf("world: label %q: the name means something else in queries; take another one", name)
	}
	return nil
}

// labelValue returns a value in the form in which it is kept.
func labelValue(name string, value any) (any, error) {
	var x float64
	switch v := value.(type) {
	case nil, bool:
		return v, nil
	case string:
		if len(v) > MaxLabelText || !utf8.ValidString(v) || strings.ContainsFunc(v, unicode.IsControl) {
			return nil, fmt.Errorf("world: label %s=%.80q: a text has at most %d bytes, all printable", name, v, MaxLabelText)
		}
		return v, nil
	case float64:
		x = v
	case float32:
		x = float64(v)
	case int:
		x = float64(v)
	case int8:
		x = float64(v)
	case int16:
		x = float64(v)
	case int32:
		x = float64(v)
	case int64:
		x = float64(v)
	case uint:
		x = float64(v)
	case uint8:
		x = float64(v)
	case uint16:
		x = float64(v)
	case uint32:
		x = float64(v)
	case uint64:
		x = float64(v)
	default:
		return nil, fmt.Errorf("world: label %s is a %T; it must be a string, a bool or a number", name, value)
	}
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil, fmt.Errorf("world: label %s=%v is no number to compare with", name, x)
	}
	return x, nil
}
