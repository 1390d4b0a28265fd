// Package match makes matches out of the tickets that wait for one mode. A Matcher is
// a plain object without goroutines, network or clock: whoever owns it adds and
// removes tickets, and has it make a pass now and then, telling it the time. The
// result of a pass depends on the tickets and the time alone, not on the order in
// which they came.
//
// # What holds of every match
//
//   - It has the number of teams and players of the mode, and a party is in one team.
//   - The highest rating of its tickets less the lowest is within the window of every
//     one of them. Each ticket's window has widened with its own waiting, so that the
//     tightest counts. What the rating of a party is depends on the mode.
//   - It takes place in a region whose cap no ticket's latency exceeds, each cap
//     having widened with the ticket's own waiting; of those, in the one where the
//     worst latency is least.
//   - The query of each ticket holds of every other one.
//   - Of two teams, neither is more likely to win, as predicted, than the balance of the
//     mode allows to each ticket.
//   - Each team has exactly the roles of the mode, and every player one that it accepts.
//
// # Who is matched
//
// Where everybody can be matched, everybody is, with those nearest in rating. Where
// not, who has waited longer comes first: a slot counts more, the longer its ticket
// has waited, and in the end nobody is left waiting while one who came at least a
// second later holds a slot into which it would fit. See pack and fair.
//
// Before that, rooms that run and lack players are served; after it, matches are
// started with fewer players or with bots where somebody has waited long enough for
// that, by the mode. What is left and has waited for the mode's timeout is given up.
//
// What is asked of two tickets that are to meet is the list of rules in rules.go; Explain
// asks the same rules one by one.
package match

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// Matcher holds the tickets that wait for one mode. It is for one goroutine at a
// time.
type Matcher struct {
	mode      mode.Mode
	firstCome bool
	// See longPass.
	long, longEach int

	tickets  map[string]*entry
	requests map[string]*request // by Backfill.ID
	// sorted are the tickets by rating, some of them gone; fresh are those that came
	// since the last pass.
	sorted, fresh []*entry

	// What the numbers stand for that entries have instead of names.
	regions     []string
	regionIndex map[string]int
	order       []int // see byName
	caps        []*mode.Window
	// quota is how many slots of a team there are for players who accept nothing but
	// the roles of a set, for each set of roles, as bits.
	quota demand

	pass pass // what the last pass has left behind, to be used again
}

// Option changes how a Matcher works.
type Option func(*Matcher)

// FirstCome makes a matcher that keeps all rules but doesn't choose: it takes tickets
// in the order in which they came. It is there to compare with.
func FirstCome() Option { return func(m *Matcher) { m.firstCome = true } }

// New returns a matcher without tickets. The error holds all that is wrong with the mode.
func New(md mode.Mode, opts ...Option) (*Matcher, error) {
	var errs []error
	for _, p := range md.Validate() {
		errs = append(errs, fmt.Errorf("match: mode %s: %w", md.Name, p))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	m := &Matcher{
		mode: md, long: longPass, longEach: longEach, tickets: map[string]*entry{}, requests: map[string]*request{},
		regionIndex: map[string]int{}, order: []int{0}, quota: make(demand, 1<<len(md.Roles)),
	}
	for _, r := range md.Latency.Regions {
		m.addRegion(r.Name)
	}
	for s := range m.quota {
		for i, r := range md.Roles {
			if s>>i&1 != 0 {
				m.quota[s] += int16(r.Count)
			}
		}
	}
	for _, o := range opts {
		o(m)
	}
	return m, nil
}

func (m *Matcher) addRegion(name string) {
	m.regionIndex[name] = len(m.regions)
	m.regions, m.caps = append(m.regions, name), append(m.caps, m.mode.Latency.CapOf(name))
}

// Len returns how many tickets wait.
func (m *Matcher) Len() int { return len(m.tickets) }

// Add takes in a ticket whose members are all ready; it must not be changed from then on.
// The error wraps ErrTicket or ErrExists.
func (m *Matcher) Add(t *store.Ticket) error {
	if m.tickets[t.ID] != nil {
		return fmt.Errorf("%w: ticket %s", ErrExists, t.ID)
	}
	e, err := m.newEntry(t)
	if err != nil {
		return err
	}
	m.tickets[t.ID] = e
	m.fresh = append(m.fresh, e)
	return nil
}

// Remove takes a ticket out and reports whether it was there.
func (m *Matcher) Remove(id string) bool {
	e := m.tickets[id]
	if e != nil {
		m.drop(e)
	}
	return e != nil
}

func (m *Matcher) drop(e *entry) {
	e.gone = true
	delete(m.tickets, e.t.ID)
}

// settle sorts in what is fresh and throws out what is gone. It takes as long as there
// are tickets, but only once a pass, so that adding one is cheap.
func (m *Matcher) settle() {
	gone := func(e *entry) bool { return e.gone }
	fresh, old := slices.DeleteFunc(m.fresh, gone), slices.DeleteFunc(m.sorted, gone)
	slices.SortFunc(fresh, (*entry).below)
	// Merged from behind, in place.
	i, j := len(old)-1, len(fresh)-1
	m.sorted = append(old, fresh...)
	for k := len(m.sorted) - 1; j >= 0; k-- {
		if i >= 0 && m.sorted[i].below(fresh[j]) > 0 {
			m.sorted[k] = m.sorted[i]
			i--
		} else {
			m.sorted[k] = fresh[j]
			j--
		}
	}
	clear(fresh)
	m.fresh = fresh[:0]
}

// Result is what a pass has come to. The tickets in it no longer wait.
type Result struct {
	Matches []Proposal
	// Fills are players for rooms that run.
	Fills []Fill
	// TimedOut are tickets that have waited too long, the oldest first.
	TimedOut []string
}

// Proposal is a match that is to begin.
type Proposal struct {
	// Match lacks what is for others to decide: ID, Node, URL and Created. Its Region is
	// empty if the tickets don't care. Teams have equally many slots; in a free-for-all
	// each is of one.
	store.Match
	// Tickets are those in it, the oldest first.
	Tickets []string
	// Spread is the highest less the lowest rating of its tickets, Gap that of its
	// players; they differ where a party counts as one. Window is the tightest window
	// of its tickets.
	Spread, Gap, Window float64
	// Latency is the worst.
	Latency time.Duration
	// Wait is how long its oldest ticket has waited.
	Wait time.Duration
	// Parts are what the Match's Quality is the mean of.
	Parts Quality
}
