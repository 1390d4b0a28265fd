package service

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tickroom/tickroom/matchmaking/internal/query"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// Bounds of what a request may hold.
const (
	MaxRequest    = 16 << 10 // bytes
	MaxName       = 64       // bytes of a player's name, as of Hello.name
	MaxPlayer     = 128      // bytes of a player's id
	MaxID         = 128      // bytes of a ticket's or a room's id
	MaxWord       = 64       // bytes of the name of a role, region, mode, kind or attribute
	MaxLatency    = 10_000   // milliseconds
	MaxAttributes = 32
	MaxText       = 256 // bytes of an attribute's text
	MaxSet        = 64  // texts in an attribute
	MaxPage       = 200 // rooms of a page
	DefaultPage   = 50
	MaxRated      = 100 // players of GetRating
)

// names lists the keys of a map for people.
func names[V any](m map[string]V) string {
	if len(m) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(m)), ", ")
}

// short cuts a text that a client has sent, to be shown.
func short(s string) string {
	if len(s) <= MaxWord {
		return s
	}
	n := MaxWord
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// checkWord says what is wrong with a name of something.
func checkWord(what, s string) error {
	if len(s) == 0 || len(s) > MaxWord || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return invalid("%s %q: it must have 1 to %d bytes, all printable", what, short(s), MaxWord)
	}
	return nil
}

// checkID says what is wrong with an id.
func checkID(what, s string) error {
	if s == "" {
		return invalid("%s is missing", what)
	}
	if len(s) > MaxID || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return invalid("%s %q: it must have at most %d characters, all of printable ASCII without spaces", what, short(s), MaxID)
	}
	return nil
}

// name gives the name that a caller wants, or that of its token.
func name(c *call, self *tickroomv1.Member) (string, error) {
	n := self.GetName()
	if n == "" {
		return c.Name, nil
	}
	if len(n) > MaxName {
		return "", invalid("self.name has %d bytes; there can be %d", len(n), MaxName)
	}
	if !utf8.ValidString(n) || strings.ContainsFunc(n, unicode.IsControl) {
		return "", invalid("self.name has characters that can't be shown")
	}
	return n, nil
}

// findMode gives the mode with a name.
func (s *Service) findMode(name string) (*mode.Mode, error) {
	if m := s.modes[name]; m != nil {
		return m, nil
	}
	if name == "" {
		return nil, invalid("mode is missing; the modes are: %s", names(s.modes))
	}
	return nil, invalid("mode %q: there is none; the modes are: %s", short(name), names(s.modes))
}

// purpose is what a room is for.
type purpose struct {
	mode *mode.Mode // nil: none
	kind string
}

// modeName gives the name of the mode, or "".
func (p purpose) modeName() string {
	if p.mode == nil {
		return ""
	}
	return p.mode.Name
}

// options gives those of the mode's rooms.
func (p purpose) options() map[string]string {
	if p.mode == nil {
		return nil
	}
	return maps.Clone(p.mode.Room.Options)
}

// readPurpose reads the mode, or the kind, that a room is to be of.
func (s *Service) readPurpose(modeName, kind string) (purpose, error) {
	p := purpose{kind: kind}
	if modeName != "" {
		m, err := s.findMode(modeName)
		if err != nil {
			return purpose{}, err
		}
		if kind != "" && kind != m.Room.Kind {
			return purpose{}, invalid("kind %q: rooms of the mode %s are of kind %s; leave it out", short(kind), m.Name, m.Room.Kind)
		}
		p = purpose{mode: m, kind: m.Room.Kind}
	}
	if p.kind == "" {
		return purpose{}, invalid("mode and kind are missing; the modes are: %s; the kinds are: %s", names(s.modes), names(s.o.Kinds))
	}
	if _, ok := s.o.Kinds[p.kind]; !ok {
		return purpose{}, invalid("kind %q: there is none; the kinds are: %s", short(p.kind), names(s.o.Kinds))
	}
	return p, nil
}

// readLatency reads how far regions are.
func readLatency(ms map[string]float64) (map[string]time.Duration, error) {
	if len(ms) > mode.MaxRegions {
		return nil, invalid("self.latency_ms has %d regions; there can be %d", len(ms), mode.MaxRegions)
	}
	var out map[string]time.Duration
	for region, x := range ms {
		if err := checkWord("self.latency_ms: region", region); err != nil {
			return nil, err
		}
		if !(x >= 0 && x <= MaxLatency) { // a NaN is not
			return nil, invalid("self.latency_ms: %q is %v; it must be from 0 to %d", region, x, MaxLatency)
		}
		if out == nil {
			out = map[string]time.Duration{}
		}
		out[region] = time.Duration(x * float64(time.Millisecond))
	}
	return out, nil
}

// readRoles reads the roles that a player accepts in a mode.
func readRoles(m *mode.Mode, roles []string) ([]string, error) {
	if len(roles) == 0 {
		return nil, nil
	}
	if len(m.Roles) == 0 {
		return nil, invalid("self.roles: the mode %s has no roles", m.Name)
	}
	known := map[string]bool{}
	for _, r := range m.Roles {
		known[r.Name] = true
	}
	if len(roles) > len(known) {
		return nil, invalid("self.roles: there are %d; the mode %s has %d", len(roles), m.Name, len(known))
	}
	seen := map[string]bool{}
	for _, r := range roles {
		switch {
		case !known[r]:
			return nil, invalid("self.roles: %q is none of the mode %s, whose roles are: %s", short(r), m.Name, names(known))
		case seen[r]:
			return nil, invalid("self.roles: %s is there twice", r)
		}
		seen[r] = true
	}
	return slices.Clone(roles), nil
}

// readParty reads the others of a party.
func readParty(m *mode.Mode, leader string, others []string) error {
	if n := 1 + len(others); n > m.Party.Max {
		return invalid("party: with the caller there are %d players; %s takes parties of at most %d", n, m.Name, m.Party.Max)
	}
	seen := map[string]bool{leader: true}
	for i, id := range others {
		if err := checkID(fmt.Sprintf("party.%d", i), id); err != nil {
			return err
		}
		if id == leader {
			return invalid("party.%d: %s is the caller, who is in the party anyway", i, id)
		}
		if seen[id] {
			return invalid("party.%d: %s is there twice", i, id)
		}
		seen[id] = true
	}
	return nil
}

// readAttributes reads what the queries of others see.
func readAttributes(in map[string]*tickroomv1.Value) (map[string]any, error) {
	if len(in) > MaxAttributes {
		return nil, invalid("attributes: there are %d; there can be %d", len(in), MaxAttributes)
	}
	var out map[string]any
	for n, v := range in {
		if err := checkAttribute(n); err != nil {
			return nil, err
		}
		x, err := readValue(n, v)
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = map[string]any{}
		}
		out[n] = x
	}
	return out, nil
}

// checkAttribute says what is wrong with an attribute's name.
func checkAttribute(n string) error {
	word := func(r rune) bool { return r == '_' || r == '.' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	if len(n) == 0 || len(n) > MaxWord || strings.ContainsFunc(n, func(r rune) bool { return !word(r) }) {
		return invalid("attributes: %q: a name has 1 to %d bytes of letters, digits, underscores, and dots inside", short(n), MaxWord)
	}
	// What can't be written in a query can't be meant.
	if _, err := query.Compile(n + " == 1"); err != nil {
		return invalid("attributes: %q can't be asked for in a query: %w", n, err)
	}
	if n == "rating" || n == "players" || strings.HasPrefix(n, "my.") {
		return invalid("attributes: %q means something else in queries; take another name", n)
	}
	return nil
}

func readValue(n string, v *tickroomv1.Value) (any, error) {
	switch x := v.GetValue().(type) {
	case *tickroomv1.Value_Number:
		if math.IsNaN(x.Number) || math.IsInf(x.Number, 0) {
			return nil, invalid("attributes.%s: %v is no number to compare with", n, x.Number)
		}
		return x.Number, nil
	case *tickroomv1.Value_Text:
		return x.Text, checkText(n, x.Text)
	case *tickroomv1.Value_Flag:
		return x.Flag, nil
	case *tickroomv1.Value_Set:
		items := x.Set.GetItems()
		if len(items) > MaxSet {
			return nil, invalid("attributes.%s has %d texts; there can be %d", n, len(items), MaxSet)
		}
		for _, s := range items {
			if err := checkText(n, s); err != nil {
				return nil, err
			}
		}
		return append([]string{}, items...), nil
	}
	return nil, invalid("attributes.%s has no value; it must have number, text, flag or set", n)
}

func checkText(n, s string) error {
	if len(s) > MaxText {
		return invalid("attributes.%s has a text of %d bytes; there can be %d", n, len(s), MaxText)
	}
	return nil
}

// readQuery compiles a query; nil if there is none. The error says where in it.
func readQuery(text string) (*query.Query, error) {
	q, err := query.Compile(text)
	if err != nil {
		return nil, invalid("%s", query.Detail(err))
	}
	return q, nil
}

// readSelf reads what a player says of itself when it wants to be in a match.
func readSelf(c *call, m *mode.Mode, self *tickroomv1.Member) (store.Member, error) {
	out := store.Member{Player: c.Player, Ready: true}
	var err error
	if out.Name, err = name(c, self); err != nil {
		return out, err
	}
	if out.Roles, err = readRoles(m, self.GetRoles()); err != nil {
		return out, err
	}
	out.Latency, err = readLatency(self.GetLatencyMs())
	return out, err
}
