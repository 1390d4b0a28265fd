package queue

import (
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"github.com/tickroom/tickroom/matchmaking/internal/match"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// Kind is what a decision is about, for the log too.
type Kind string

// The kinds.
const (
	// Begin is a match that is to begin.
	Begin Kind = "begin a match"
	// Fill are players for a room that runs.
	Fill Kind = "fill a room"
	// GiveUp are tickets that have waited too long, or that don't fit the mode.
	GiveUp Kind = "give tickets up"
	// End is the end of a request for players that nothing can come of.
	End Kind = "end a request"
)

// Decision is what is to become of some tickets. As long as it is open, nothing else is
// decided about them.
type Decision struct {
	Kind    Kind
	Tickets []string
	// Match is that of Begin, which is to be given its node before it is committed; and
	// that of Fill, once With has put the players in it.
	Match store.Match
	// Request is that of Fill and End.
	Request string
	// Why is the reason, if tickets or rooms don't fit the mode.
	Why error
	// Players counts the players; Waits is how long each ticket has waited. Spread is
	// that of match.Proposal. Region is the one that the players are near to.
	Players int
	Waits   []time.Duration
	Spread  float64
	Region  string

	slots   []match.FillSlot
	settled bool // it is not open any more
	tries   int
	again   time.Time // when to try again
}

// giveUpAtOnce is how many tickets are given up by one call.
const giveUpAtOnce = 256

// Decide returns what is to be done now: at each call, about what does not fit the mode;
// and makes a pass, if told so. The decisions are open until they are settled.
func (q *Queue) Decide(now time.Time, pass bool) []*Decision {
	out := q.refused
	q.refused = nil
	if pass {
		out = append(out, q.pass(now)...)
	}
	q.open = append(q.open, out...)
	return out
}

func (q *Queue) pass(now time.Time) []*Decision {
	q.news = false
	r := q.m.Pass(now)
	out := make([]*Decision, 0, len(r.Fills)+len(r.Matches))
	for i := range r.Fills {
		f := &r.Fills[i]
		asks := q.items[f.Backfill]
		asks.in = &Decision{Kind: Fill, Request: f.Backfill, slots: f.Slots, Region: asks.backfill.Region}
		q.m.RemoveBackfill(f.Backfill) // the request ends; the room makes another one if it has to
		out = append(out, q.take(asks.in, f.Tickets, now))
	}
	for i := range r.Matches {
		x := &r.Matches[i]
		x.ID, x.Created = NewID(x.Kind), now
		out = append(out, q.take(&Decision{Kind: Begin, Match: x.Match, Spread: x.Spread, Region: x.Region}, x.Tickets, now))
	}
	for late := range slices.Chunk(r.TimedOut, giveUpAtOnce) {
		out = append(out, q.take(&Decision{Kind: GiveUp}, late, now))
	}
	return out
}

// Passed notes how long the pass took that has just ended.
func (q *Queue) Passed(now time.Time, took time.Duration) { q.last, q.took = now, took }

// take puts tickets that the matcher has let go into a decision.
func (q *Queue) take(d *Decision, tickets []string, now time.Time) *Decision {
	d.Tickets = tickets
	for _, id := range tickets {
		i := q.items[id]
		i.in = d
		q.players -= len(i.ticket.Members)
		d.Players += len(i.ticket.Members)
		d.Waits = append(d.Waits, max(0, now.Sub(i.ticket.Since)))
	}
	return d
}

// NewID returns an id for a room of a kind, which can't be guessed.
func NewID(kind string) string { return kind + "-" + strings.ToLower(rand.Text()[:10]) }

// With puts the players of a Fill into the match of its room. A player takes the place
// of a bot of its team, with its role if there is one such; else it is one more, as in a
// free-for-all, where it is a team of its own. Those who have left keep theirs: what
// became of them counts when the match is rated.
func (q *Queue) With(d *Decision, m store.Match) {
	m.Teams = slices.Clone(m.Teams)
	for i := range m.Teams {
		m.Teams[i].Slots = slices.Clone(m.Teams[i].Slots)
	}
	for _, s := range d.slots {
		if q.mode.Format.FreeForAll {
			s.Team = slices.IndexFunc(m.Teams, func(t store.Team) bool { return len(t.Slots) == 1 && t.Slots[0].Player == "" })
		}
		if s.Team < 0 {
			s.Team = len(m.Teams)
		}
		for len(m.Teams) <= s.Team {
			m.Teams = append(m.Teams, store.Team{})
		}
		t := &m.Teams[s.Team]
		if i := botOf(t.Slots, s.Role); i >= 0 {
			t.Slots[i] = s.Slot
			m.Bots--
		} else {
			t.Slots = append(t.Slots, s.Slot)
		}
	}
	d.Match = m
}

// botOf finds the slot of a bot, with the role if one has it.
func botOf(slots []store.Slot, role string) int {
	best := -1
	for i := range slots {
		switch {
		case slots[i].Player != "":
		case slots[i].Role == role:
			return i
		case best < 0:
			best = i
		}
	}
	return best
}

// Settle notes that a decision has come true; or, if some of its tickets or its request
// were gone, that nothing was changed: the others wait on, as if they had never been
// taken.
func (q *Queue) Settle(d *Decision, gone []string) {
	q.close(d, func(id string) bool { return len(gone) > 0 && !slices.Contains(gone, id) })
}

// Undo takes a decision back, which nobody has heard of.
func (q *Queue) Undo(d *Decision) { q.close(d, func(string) bool { return true }) }

// NoRoom notes that the match of a Fill is not there any more: its tickets wait on, and
// the request is to end.
func (q *Queue) NoRoom(d *Decision, why error) {
	asks := q.items[d.Request]
	q.close(d, func(id string) bool { return id != d.Request })
	if !asks.gone {
		q.items[d.Request] = asks
		q.end(asks, why)
	}
}

// close makes a decision one that is not open any more. What is to stay goes back to
// the matcher.
func (q *Queue) close(d *Decision, stays func(id string) bool) {
	d.settled = true
	ids := d.Tickets
	if d.Request != "" {
		ids = append(slices.Clone(ids), d.Request)
	}
	for _, id := range ids {
		i := q.items[id]
		i.in = nil
		if i.gone || !stays(id) {
			q.forget(id)
		} else {
			q.wait(i)
		}
	}
}

// Fail notes that nobody knows whether a decision has come true. It is to be tried again
// after a while, as it is.
func (q *Queue) Fail(d *Decision, now time.Time) {
	d.tries++
	d.again = now.Add(backoff(d.tries))
}

// backoff returns how long to wait after so many failures.
func backoff(tries int) time.Duration {
	return min(50*time.Millisecond<<min(tries-1, 10), 2*time.Second)
}

// Open returns the decisions that are to be tried again by now.
func (q *Queue) Open(now time.Time) []*Decision {
	q.open = slices.DeleteFunc(q.open, func(d *Decision) bool { return d.settled })
	var out []*Decision
	for _, d := range q.open {
		if !d.again.After(now) {
			out = append(out, d)
		}
	}
	return out
}
