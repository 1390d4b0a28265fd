package match

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// Explanation is why a ticket waits, and what would end that.
type Explanation struct {
	Ticket string        `json:"ticket"`
	Mode   string        `json:"mode"`
	Wait   time.Duration `json:"wait"`
	// Players is how many a match needs, Own how many the ticket is.
	Players int `json:"players"`
	Own     int `json:"own"`
	// Window is how far apart ratings may be for the ticket, now; infinite is -1.
	Window float64 `json:"window"`
	// Regions are those where it may play now; nil if it doesn't care.
	Regions []string `json:"regions,omitempty"`
	// Waiting are the players of all other tickets, Suitable those of tickets that can
	// meet this one, taken one by one.
	Waiting  int `json:"waiting"`
	Suitable int `json:"suitable"`
	// Excluded counts the players that a rule keeps away, each at its first rule.
	Excluded map[Rule]int `json:"excluded,omitempty"`
	// Only counts the players that nothing but this rule keeps away.
	Only map[Rule]int `json:"only,omitempty"`
	// Roles are for each role how many of it a match needs and how many players who
	// accept it there are, among the ticket's own and the suitable ones.
	Roles []RoleSupply `json:"roles,omitempty"`
	// Next is when the ticket's window or caps widen next; nil if never.
	Next *Widening `json:"next,omitempty"`
	// Enough is when the players who wait now will be enough as the windows and caps of
	// all widen, if nobody comes or goes; nil if never, or if they are already.
	Enough *Enough `json:"enough,omitempty"`
	// Smaller and Bots are in how long fewer players, or bots, will do; nil if never.
	Smaller *time.Duration `json:"smaller,omitempty"`
	Bots    *time.Duration `json:"bots,omitempty"`
	// GivesUp is in how long the ticket times out; nil if never.
	GivesUp *time.Duration `json:"gives_up,omitempty"`
}

// RoleSupply is how many players of a role there are.
type RoleSupply struct {
	Role   string `json:"role"`
	Needed int    `json:"needed"`
	There  int    `json:"there"`
}

// Widening is a change of what a ticket allows.
type Widening struct {
	In     time.Duration `json:"in"`
	Rating float64       `json:"rating,omitempty"` // the window then, if it changes; infinite is -1
	// PerSecond is how fast it grows from then on; 0 if it changes at once, or not at all.
	PerSecond float64 `json:"per_second,omitempty"`
	// Latency means that the cap of a region changes.
	Latency bool `json:"latency,omitempty"`
}

// Enough is a future in which there are enough players.
type Enough struct {
	In      time.Duration `json:"in"`
	Players int           `json:"players"` // who are suitable then
	// Rating is the window that the ticket has then, if that is what was missing.
	Rating float64 `json:"rating,omitempty"`
}

func finite(x float64) float64 {
	if math.IsInf(x, 1) {
		return -1
	}
	return x
}

// askEvery is after how much work of queries it is asked whether an explanation is still
// wanted: a fraction of a millisecond.
const askEvery = 10_000

// Explain returns why a ticket waits, or false if there is none with the id. It looks at
// each other ticket once, and changes nothing. The error is that of ctx if that ends meanwhile.
func (m *Matcher) Explain(ctx context.Context, id string, now time.Time) (Explanation, bool, error) {
	e := m.tickets[id]
	if e == nil {
		return Explanation{}, false, nil
	}
	// A group of the ticket alone, even if it may play nowhere yet.
	p := &pass{m: m, cands: []cand{m.cand(e, now.UnixNano())}}
	p.prepare()
	g, c := &p.group, &p.cands[0]
	g.reset(shape{m.mode.Format.Teams, m.mode.Format.Size}, everywhere)
	g.takesRoles(c)
	g.join(0, c)
	x := m.explainAlone(c)
	later := map[time.Duration]int{} // players who will be suitable, by when
	work := 0
	for _, o := range m.tickets {
		if o == e {
			continue
		}
		if work += e.work + o.work + dear; work > askEvery {
			if err := ctx.Err(); err != nil {
				return Explanation{}, false, fmt.Errorf("match: to explain a ticket: %w", context.Cause(ctx))
			}
			work = 0
		}
		other := m.cand(o, now.UnixNano())
		x.Waiting += o.size
		broken, in := g.apart(c, &other)
		if len(broken) == 0 {
			x.Suitable += o.size
			x.supply(o)
			continue
		}
		x.Excluded[broken[0]] += o.size
		if len(broken) == 1 {
			x.Only[broken[0]] += o.size
		}
		if in != never {
			later[in] += o.size
		}
	}
	x.Enough = m.enough(&x, later)
	return x, true, nil
}

// explainAlone explains what has nothing to do with others.
func (m *Matcher) explainAlone(c *cand) Explanation {
	x := Explanation{
		Ticket: c.e.t.ID, Mode: m.mode.Name, Wait: time.Duration(c.wait), Players: m.mode.Format.Players(), Own: c.e.size,
		Window: finite(c.window), Excluded: map[Rule]int{}, Only: map[Rule]int{}, Next: m.next(c),
	}
	for r, name := range m.regions {
		if len(c.e.near) > 0 && c.regions>>r&1 != 0 {
			x.Regions = append(x.Regions, name)
		}
	}
	slices.Sort(x.Regions)
	for _, r := range m.mode.Roles {
		x.Roles = append(x.Roles, RoleSupply{Role: r.Name, Needed: r.Count * m.mode.Format.Teams})
	}
	x.supply(c.e)
	if f := m.mode.Format; f.MinSize < f.Size {
		x.Smaller = new(c.until(f.StartAfter, true))
	}
	if m.mode.Bots.Enabled {
		x.Bots = new(c.until(m.mode.Bots.After, true))
	}
	if m.mode.Timeout > 0 {
		x.GivesUp = new(c.until(m.mode.Timeout, true))
	}
	return x
}

// supply counts the roles that a ticket's players accept.
func (x *Explanation) supply(e *entry) {
	for _, mask := range e.masks {
		for r := range x.Roles {
			x.Roles[r].There += int(mask >> r & 1)
		}
	}
}

// enough finds when there are enough players, by those who come.
func (m *Matcher) enough(x *Explanation, later map[time.Duration]int) *Enough {
	have := x.Own + x.Suitable
	if have >= x.Players {
		return nil
	}
	for _, in := range slices.Sorted(maps.Keys(later)) {
		if have += later[in]; have < x.Players {
			continue
		}
		out := &Enough{In: in, Players: have - x.Own}
		if then := finite(m.mode.Rating.Window.At(x.Wait + in)); then != x.Window {
			out.Rating = then
		}
		return out
	}
	return nil
}

// next finds what widens first.
func (m *Matcher) next(c *cand) *Widening {
	wait, in := time.Duration(c.wait), never
	for _, r := range c.e.near {
		in = min(in, c.until(m.caps[r.region].Next(wait)))
	}
	out := &Widening{In: in, Latency: in != never}
	w := &m.mode.Rating.Window
	if own := c.until(w.Next(wait)); own != never && own <= in {
		out.In, out.Latency = own, own == in
		out.Rating, out.PerSecond = finite(w.At(wait+own)), w.Pace
	}
	if out.In == never {
		return nil
	}
	return out
}
