package service

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/matchmaking/internal/query"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/text"
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
	MaxOptions    = 32  // options of a room
)

// request reads what a client has sent. It keeps the first thing that is wrong, and what
// is read after that means nothing.
type request struct{ err error }

// must notes what is wrong, unless it is ok.
func (q *request) must(ok bool, format string, args ...any) {
	if !ok && q.err == nil {
		q.err = failed(connect.CodeInvalidArgument, format, args...)
	}
}

// names lists the keys of a map for people.
func names[V any](m map[string]V) string {
	return cmp.Or(strings.Join(slices.Sorted(maps.Keys(m)), ", "), "none")
}

// short cuts a text that a client has sent, to tell it.
func short(s string) string {
	if len(s) > MaxWord {
		s = strings.ToValidUTF8(s[:MaxWord], "") + "…" // not within a letter
	}
	return s
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// id checks an id.
func (q *request) id(what, s string) {
	q.must(s != "", "%s is missing", what)
	q.must(len(s) <= MaxID && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }),
		"%s %q: it must have at most %d characters, all of printable ASCII without spaces", what, short(s), MaxID)
}

// name reads the name that a caller wants; that of its token by default.
func (q *request) name(c *call, self *tickroomv1.Member) string {
	n := self.GetName()
	q.must(len(n) <= MaxName, "self.name has %d bytes; there can be %d", len(n), MaxName)
	n, err := text.Name(n, MaxName)
	q.must(err == nil, "self.name: %v", err)
	return cmp.Or(text.CutBytes(n, MaxName), c.Name)
}

// mode reads the name of a mode; it returns nil if there is none.
func (q *request) mode(modes map[string]*mode.Mode, name string) *mode.Mode {
	q.must(name != "", "mode is missing; the modes are: %s", names(modes))
	q.must(modes[name] != nil, "mode %q: there is none; the modes are: %s", short(name), names(modes))
	return modes[name]
}

// wish reads what a room is to be.
func (q *request) wish(s *Service, modeName, kind, about string) *wish {
	w := &wish{modeName: modeName, kind: kind, query: q.query(about)}
	if modeName != "" {
		if w.mode = q.mode(s.modes, modeName); w.mode == nil {
			return w
		}
		w.kind = w.mode.Room.Kind
		q.must(kind == "" || kind == w.kind, "kind %q: rooms of the mode %s are of kind %s; leave it out", short(kind), modeName, w.kind)
	}
	_, ok := s.o.Kinds[w.kind]
	q.must(ok || w.kind == "", "kind %q: there is none; the kinds are: %s", short(w.kind), names(s.o.Kinds))
	return w
}

// options reads what a room is to be like.
func (q *request) options(s *Service, w *wish, options map[string]string) {
	if len(options) == 0 || q.err != nil {
		return
	}
	q.must(w.mode == nil, "options: the mode %s says what its rooms are like; leave them out", w.modeName)
	q.must(len(options) <= MaxOptions, "%d options; there can be %d", len(options), MaxOptions)
	asked := s.o.Kinds[w.kind].Asked
	q.must(asked != nil, "options: clients choose none of kind %s", w.kind)
	if q.err != nil {
		return
	}
	var err error
	w.options, err = asked(options)
	q.must(err == nil, "%v", err)
	w.alike = store.OptionsText(w.options)
}

// self reads what a player says of itself when it wants to be in a match.
func (q *request) self(c *call, m *mode.Mode, self *tickroomv1.Member) store.Member {
	out := store.Member{Player: c.Player, Ready: true, Name: q.name(c, self)}
	out.Roles = q.roles(m, self.GetRoles())
	out.Latency = q.latency(self.GetLatencyMs())
	return out
}

// latency reads how far regions are.
func (q *request) latency(ms map[string]float64) map[string]time.Duration {
	q.must(len(ms) <= mode.MaxRegions, "self.latency_ms has %d regions; there can be %d", len(ms), mode.MaxRegions)
	out := make(map[string]time.Duration, len(ms))
	for region, x := range ms {
		q.must(region != "" && len(region) <= MaxWord && printable(region), "self.latency_ms: region %q: it must have 1 to %d bytes, all printable", short(region), MaxWord)
		q.must(x >= 0 && x <= MaxLatency, "self.latency_ms: %q is %v; it must be from 0 to %d", short(region), x, MaxLatency) // a NaN is not
		out[region] = time.Duration(x * float64(time.Millisecond))
	}
	return out
}

// roles reads the roles that a player accepts in a mode.
func (q *request) roles(m *mode.Mode, roles []string) []string {
	known := map[string]bool{}
	for _, r := range m.Roles {
		known[r.Name] = true
	}
	q.must(len(roles) == 0 || len(known) > 0, "self.roles: the mode %s has no roles", m.Name)
	q.must(len(roles) <= len(known), "self.roles: there are %d; the mode %s has %d", len(roles), m.Name, len(known))
	if q.err != nil {
		return nil
	}
	for i, r := range roles {
		q.must(known[r], "self.roles: %q is none of the mode %s, whose roles are: %s", short(r), m.Name, names(known))
		q.must(!slices.Contains(roles[:i], r), "self.roles: %s is there twice", r)
	}
	return slices.Clone(roles)
}

// party reads the others of a party. They are not ready yet.
func (q *request) party(m *mode.Mode, leader string, others []string) []store.Member {
	n := 1 + len(others)
	if q.must(n <= m.Party.Max, "party: with the caller there are %d players; %s takes parties of at most %d", n, m.Name, m.Party.Max); q.err != nil {
		return nil
	}
	var out []store.Member
	for i, id := range others {
		q.id(fmt.Sprintf("party.%d", i), id)
		q.must(id != leader, "party.%d: %s is the caller, who is in the party anyway", i, id)
		q.must(!slices.Contains(others[:i], id), "party.%d: %s is there twice", i, id)
		out = append(out, store.Member{Player: id})
	}
	return out
}

// MaxExcept is how many rooms may be excepted.
const MaxExcept = 16

// except reads the ids of rooms that won't do.
func (q *request) except(ids []string) []string {
	q.must(len(ids) <= MaxExcept, "except has %d rooms; there can be %d", len(ids), MaxExcept)
	for i := 0; i < len(ids) && q.err == nil; i++ {
		q.id(fmt.Sprintf("except.%d", i), ids[i])
	}
	return ids
}

// attributes reads what the queries of others see.
func (q *request) attributes(in map[string]*tickroomv1.Value) map[string]any {
	q.must(len(in) <= MaxAttributes, "attributes: there are %d; there can be %d", len(in), MaxAttributes)
	out := make(map[string]any, len(in))
	for n, v := range in {
		if q.attribute(n); q.err != nil {
			return nil
		}
		out[n] = q.value(n, v)
	}
	return out
}

// attribute checks an attribute's name.
func (q *request) attribute(n string) {
	word := func(r rune) bool { return r == '_' || r == '.' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	q.must(0 < len(n) && len(n) <= MaxWord && !strings.ContainsFunc(n, func(r rune) bool { return !word(r) }),
		"attributes: %q: a name has 1 to %d bytes of letters, digits, underscores, and dots inside", short(n), MaxWord)
	if q.err != nil {
		return
	}
	// What can't be written in a query can't be meant.
	_, err := query.Compile(n + " == 1")
	q.must(err == nil, "attributes: %q can't be asked for in a query: %w", n, err)
	q.must(n != "rating" && n != "players" && !strings.HasPrefix(n, "my."), "attributes: %q means something else in queries; take another name", n)
}

// value reads an attribute's value.
func (q *request) value(n string, v *tickroomv1.Value) any {
	text := func(s string) {
		q.must(len(s) <= MaxText, "attributes.%s has a text of %d bytes; there can be %d", n, len(s), MaxText)
	}
	switch x := v.GetValue().(type) {
	case *tickroomv1.Value_Number:
		q.must(!math.IsNaN(x.Number) && !math.IsInf(x.Number, 0), "attributes.%s: %v is no number to compare with", n, x.Number)
		return x.Number
	case *tickroomv1.Value_Text:
		text(x.Text)
		return x.Text
	case *tickroomv1.Value_Flag:
		return x.Flag
	case *tickroomv1.Value_Set:
		items := x.Set.GetItems()
		q.must(len(items) <= MaxSet, "attributes.%s has %d texts; there can be %d", n, len(items), MaxSet)
		for _, s := range items {
			text(s)
		}
		return append([]string{}, items...)
	}
	q.must(false, "attributes.%s has no value; it must have number, text, flag or set", n)
	return nil
}

// query compiles a query; nil if there is none. The error has the place in it.
func (q *request) query(text string) *query.Query {
	out, err := query.Compile(text)
	if err != nil {
		q.must(false, "%s", query.Detail(err))
	}
	return out
}
