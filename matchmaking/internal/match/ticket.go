package match

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tickroom/tickroom/matchmaking/internal/query"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// Errors of Add and AddBackfill.
var (
	// ErrTicket is the error of a ticket, or of a request for players, that makes no sense
	// or can never be matched in this mode, however long it waits.
	ErrTicket = errors.New("match: the ticket does not fit the mode")
	// ErrExists is the error of an id that is there already.
	ErrExists = errors.New("match: the id is taken")
)

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrTicket, fmt.Errorf(format, args...))
}

// Check reports whether a ticket can ever be matched in a mode, however long it waits
// and whoever comes. What it refuses, a matcher does not take. The error wraps ErrTicket
// and has what to change; if that is the query, it wraps a *query.Error too, which has
// the place.
func Check(md mode.Mode, t *store.Ticket) error {
	m, err := New(md)
	if err != nil {
		return err
	}
	_, err = m.newEntry(t)
	return err
}

// entry is a ticket with what the matcher reads of it again and again.
type entry struct {
	t      *store.Ticket
	lo, hi float64 // the ratings that count, the lowest and the highest
	since  int64   // in nanoseconds
	size   int
	masks  []uint8 // the roles that each player accepts
	near   []reach // by latency
	// strength is the sum of the players' ratings as teams are balanced, variance that
	// of their variances.
	strength, variance float64
	query              *query.Query
	work               int // of the query, for each ticket that it is asked of
	subject            query.Subject
	gone               bool // matched or removed
}

// reach is a region that a ticket names.
type reach struct {
	region int
	ms     float64
}

// before orders tickets by age.
func (e *entry) before(o *entry) int {
	if c := cmp.Compare(e.since, o.since); c != 0 {
		return c
	}
	return cmp.Compare(e.t.ID, o.t.ID)
}

// below orders tickets by rating, and completely, so that nothing depends on the
// order in which they came.
func (e *entry) below(o *entry) int {
	if c := cmp.Compare(e.lo, o.lo); c != 0 {
		return c
	}
	if c := cmp.Compare(e.hi, o.hi); c != 0 {
		return c
	}
	return e.before(o)
}

// latency returns the latency to a region in milliseconds, 0 if the ticket names none.
func (e *entry) latency(region int) float64 {
	for _, r := range e.near {
		if r.region == region {
			return r.ms
		}
	}
	return 0
}

// newEntry checks a ticket and prepares it.
func (m *Matcher) newEntry(t *store.Ticket) (*entry, error) {
	e := &entry{t: t, since: t.Since.UnixNano(), size: len(t.Members)}
	switch {
	case t.ID == "":
		return nil, refuse("it has no id")
	case e.size == 0:
		return nil, refuse("it has no players")
	case e.size > m.mode.Party.Max:
		return nil, refuse("the party has %d players; %s takes parties of at most %d", e.size, m.mode.Name, m.mode.Party.Max)
	}
	for _, read := range []func(*Matcher, *entry) error{(*Matcher).readRatings, (*Matcher).readRegions, (*Matcher).readRoles} {
		if err := read(m, e); err != nil {
			return nil, err
		}
	}
	var err error
	e.query, err = readQuery(t.Attributes, t.Query)
	e.work = e.query.Work()
	return e, err
}

func (m *Matcher) readRatings(e *entry) error {
	lo, hi, sum := math.Inf(1), math.Inf(-1), 0.0
	for i := range e.t.Members {
		p := &e.t.Members[i]
		if bad(p.Mu) || bad(p.Sigma) || p.Sigma < 0 {
			return refuse("player %s has the rating %v", p.Player, ratingOf(p))
		}
		lo, hi, sum = min(lo, p.Mu), max(hi, p.Mu), sum+p.Mu
		e.variance += p.Sigma * p.Sigma
	}
	mean := sum / float64(e.size)
	e.subject = query.NewSubject(e.t.Attributes, mean, e.size)
	e.strength = sum + m.mode.Party.Advantage*float64(e.size*(e.size-1))
	switch m.mode.Rating.Party {
	case mode.Each:
		e.lo, e.hi = lo, hi
		if widest := m.mode.Rating.Window.Max(); hi-lo > widest {
			return refuse("its players' ratings are %.0f apart; %s allows %.0f in the end", hi-lo, m.mode.Name, widest)
		}
	case mode.Highest:
		e.lo, e.hi = hi, hi
	default:
		e.lo, e.hi = mean, mean
	}
	return nil
}

func bad(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }

// readQuery checks attributes and compiles a query; "" is nil.
func readQuery(attributes map[string]any, text string) (*query.Query, error) {
	for name, v := range attributes {
		if query.KindOf(v) == query.None {
			return nil, refuse("the attribute %q is a %T; it must be a number, a string, a bool or a list of strings", name, v)
		}
	}
	q, err := query.Compile(text)
	if err != nil {
		return nil, refuse("its query: %w", err)
	}
	return q, nil
}

// worst returns the latency to each region of the worst of the members. Who names no
// regions plays anywhere; those who do must have one in common.
func worst(members []store.Member) (map[string]time.Duration, error) {
	var out map[string]time.Duration
	for i := range members {
		l := members[i].Latency
		switch {
		case len(l) == 0:
			continue
		case out == nil:
			out = l
			continue
		}
		common := make(map[string]time.Duration, len(out))
		for region, d := range out {
			if other, ok := l[region]; ok {
				common[region] = max(d, other)
			}
		}
		if out = common; len(out) == 0 {
			return nil, refuse("there is no region that all of the party have a latency to; player %s names %s",
				members[i].Player, strings.Join(slices.Sorted(maps.Keys(l)), ", "))
		}
	}
	return out, nil
}

// readRegions finds the regions of a ticket. Ones that are new are added if the mode
// leaves them open.
func (m *Matcher) readRegions(e *entry) error {
	latency, err := worst(e.t.Members)
	if err != nil || len(latency) == 0 {
		return err
	}
	e.near = make([]reach, 0, len(latency))
	for name, d := range latency {
		if d < 0 {
			return refuse("its latency to %s is %v", name, d)
		}
		i, ok := m.regionIndex[name]
		if !ok && len(m.mode.Latency.Regions) == 0 && len(m.regions) < mode.MaxRegions {
			i, ok = len(m.regions), true
			m.addRegion(name)
		}
		if ms := float64(d) / float64(time.Millisecond); ok && ms <= m.caps[i].Max() {
			e.near = append(e.near, reach{i, ms})
		}
	}
	if len(e.near) == 0 {
		if most := m.mode.Latency.Cap.Max(); !math.IsInf(most, 1) {
			return refuse("no region is near enough for %s, which allows %.0f ms in the end", m.mode.Name, most)
		}
		return refuse("it names no region of %s, whose regions are: %s", m.mode.Name, strings.Join(m.regions, ", "))
	}
	slices.SortFunc(e.near, func(a, b reach) int {
		return cmp.Or(cmp.Compare(a.ms, b.ms), cmp.Compare(m.regions[a.region], m.regions[b.region]))
	})
	return nil
}

// readRoles finds which roles the players accept, and whether a team has slots for
// them together.
func (m *Matcher) readRoles(e *entry) error {
	if len(m.mode.Roles) == 0 {
		return nil
	}
	e.masks = make([]uint8, e.size)
	for i := range e.t.Members {
		p := &e.t.Members[i]
		for _, r := range m.rolesOf(p) {
			e.masks[i] |= 1 << r
		}
		if e.masks[i] == 0 {
			return refuse("player %s accepts none of the roles of %s", p.Player, m.mode.Name)
		}
	}
	count := make(demand, len(m.quota))
	count.add(e.masks, 1, m.quota, 1)
	for s, n := range count {
		if n > m.quota[s] {
			return refuse("%d players of the party accept only %s, of which a team has %d", n, m.roleNames(uint8(s)), m.quota[s])
		}
	}
	return nil
}

func (m *Matcher) roleNames(mask uint8) string {
	var out []string
	for i, r := range m.mode.Roles {
		if mask>>i&1 != 0 {
			out = append(out, r.Name)
		}
	}
	return strings.Join(out, " or ")
}
