package match

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/tickroom/tickroom/matchmaking/internal/query"
	"github.com/tickroom/tickroom/matchmaking/internal/rating"
	"github.com/tickroom/tickroom/matchmaking/mode"
)

// Player is one who waits.
type Player struct {
	ID     string
	Rating rating.Rating
	// Roles are those that the player accepts, the dearest first. Empty: all.
	Roles []string
}

// Ticket is a player or a party that waits for a match. A party is never split: its
// players come into the same team. It is not to be changed once it is added.
type Ticket struct {
	ID      string
	Players []Player
	// Since is when it began to wait.
	Since time.Time
	// Latency is how far each region is, for the worst of the players. A region that
	// is not named is out of reach; none at all: every region is equally good.
	Latency map[string]time.Duration
	// Attributes are what the queries of others see.
	Attributes map[string]any
	// Query must hold of every other ticket in the match. nil: it holds.
	Query *query.Query
	// NoBackfill keeps the ticket out of rooms that run.
	NoBackfill bool
}

// Errors of Add.
var (
	// ErrTicket tells that the ticket makes no sense, or can never be matched in this
	// mode, however long it waits.
	ErrTicket = errors.New("match: the ticket does not fit the mode")
	// ErrExists tells that a ticket or room with the id is there.
	ErrExists = errors.New("match: the id is taken")
)

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrTicket, fmt.Sprintf(format, args...))
}

// entry is a ticket with what the matcher reads of it again and again.
type entry struct {
	t      *Ticket
	lo, hi float64 // the ratings that count, the lowest and the highest
	since  int64   // in nanoseconds
	size   int
	masks  []uint8 // the roles that each player accepts
	near   []reach // by latency
	// strength is the sum of the players' ratings as teams are balanced, variance that
	// of their variances.
	strength, variance float64
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

// latency gives the latency to a region in milliseconds, 0 if the ticket names none.
func (e *entry) latency(region int) float64 {
	for _, r := range e.near {
		if r.region == region {
			return r.ms
		}
	}
	return 0
}

// newEntry checks a ticket and prepares it.
func (m *Matcher) newEntry(t *Ticket) (*entry, error) {
	e := &entry{t: t, since: t.Since.UnixNano(), size: len(t.Players)}
	switch {
	case t.ID == "":
		return nil, refuse("it has no id")
	case e.size == 0:
		return nil, refuse("it has no players")
	case e.size > m.mode.Party.Max:
		return nil, refuse("the party has %d players; %s takes parties of at most %d", e.size, m.mode.Name, m.mode.Party.Max)
	}
	lo, hi, sum := math.Inf(1), math.Inf(-1), 0.0
	for i := range t.Players {
		p := &t.Players[i]
		if bad(p.Rating.Mu) || bad(p.Rating.Sigma) || p.Rating.Sigma < 0 {
			return nil, refuse("player %s has the rating %v", p.ID, p.Rating)
		}
		lo, hi, sum = min(lo, p.Rating.Mu), max(hi, p.Rating.Mu), sum+p.Rating.Mu
		e.variance += p.Rating.Sigma * p.Rating.Sigma
	}
	mean := sum / float64(e.size)
	e.strength = sum + m.mode.Party.Advantage*float64(e.size*(e.size-1))
	switch m.mode.Rating.Party {
	case mode.Each:
		e.lo, e.hi = lo, hi
		if widest := m.mode.Rating.Window.Max(); hi-lo > widest {
			return nil, refuse("its players' ratings are %.0f apart; %s allows %.0f in the end", hi-lo, m.mode.Name, widest)
		}
	case mode.Highest:
		e.lo, e.hi = hi, hi
	default:
		e.lo, e.hi = mean, mean
	}
	e.subject = query.Subject{Attributes: t.Attributes, Rating: mean, Players: e.size}
	if err := m.reaches(e); err != nil {
		return nil, err
	}
	return e, m.readRoles(e)
}

func bad(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }

// reaches finds the regions of a ticket.
func (m *Matcher) reaches(e *entry) error {
	if len(e.t.Latency) == 0 {
		return nil
	}
	e.near = make([]reach, 0, len(e.t.Latency))
	for name, d := range e.t.Latency {
		if d < 0 {
			return refuse("its latency to %s is %v", name, d)
		}
		if i, ok := m.region(name); ok {
			if ms := float64(d) / float64(time.Millisecond); ms <= m.caps[i].Max() {
				e.near = append(e.near, reach{i, ms})
			}
		}
	}
	if len(e.near) == 0 {
		if most := m.mode.Latency.Cap.Max(); !math.IsInf(most, 1) {
			return refuse("no region is near enough for %s, which allows %.0f ms in the end", m.mode.Name, most)
		}
		return refuse("it names no region of %s, whose regions are: %s", m.mode.Name, strings.Join(m.regions, ", "))
	}
	slices.SortFunc(e.near, func(a, b reach) int {
		if c := cmp.Compare(a.ms, b.ms); c != 0 {
			return c
		}
		return cmp.Compare(m.regions[a.region], m.regions[b.region])
	})
	return nil
}

// region gives the number of a region; one that is new is added if the mode leaves
// them open.
func (m *Matcher) region(name string) (int, bool) {
	i, ok := m.regionIndex[name]
	if !ok && len(m.mode.Latency.Regions) == 0 && len(m.regions) < mode.MaxRegions {
		i, ok = len(m.regions), true
		m.regions = append(m.regions, name)
		m.caps = append(m.caps, &m.mode.Latency.Cap)
		m.regionIndex[name] = i
	}
	return i, ok
}

// readRoles finds which roles the players accept, and whether a team has room for
// them together.
func (m *Matcher) readRoles(e *entry) error {
	if len(m.mode.Roles) == 0 {
		return nil
	}
	e.masks = make([]uint8, e.size)
	count := make([]int, len(m.quota))
	for i, p := range e.t.Players {
		for _, name := range p.Roles {
			if r := m.role(name); r >= 0 {
				e.masks[i] |= 1 << r
			}
		}
		if len(p.Roles) == 0 {
			e.masks[i] = uint8(1<<len(m.mode.Roles) - 1)
		}
		if e.masks[i] == 0 {
			return refuse("player %s accepts none of the roles of %s", p.ID, m.mode.Name)
		}
		for s := range count {
			if int(e.masks[i])&^s == 0 {
				count[s]++
			}
		}
	}
	for s, n := range count {
		if n > m.quota[s] {
			return refuse("%d players of the party accept only %s, of which a team has %d", n, m.roleNames(uint8(s)), m.quota[s])
		}
	}
	return nil
}

func (m *Matcher) role(name string) int {
	return slices.IndexFunc(m.mode.Roles, func(r mode.Role) bool { return r.Name == name })
}

func (m *Matcher) roleNames(mask uint8) string {
	out := ""
	for left := mask; left != 0; left &= left - 1 {
		if out != "" {
			out += " or "
		}
		out += m.mode.Roles[bits.TrailingZeros8(left)].Name
	}
	return out
}
