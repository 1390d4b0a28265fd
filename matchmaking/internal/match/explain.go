package match

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"
	"time"
)

// Rule is why one ticket can't be in a match with another.
type Rule string

// The rules, in the order in which they are looked at.
const (
	// RuleParty: the parties don't fit into teams together.
	RuleParty Rule = "party"
	// RuleQuery: the ticket's query does not hold of the other.
	RuleQuery Rule = "query"
	// RuleOtherQuery: the other's query does not hold of the ticket.
	RuleOtherQuery Rule = "other's query"
	// RuleRoles: they accept the same few roles, of which there are not enough.
	RuleRoles Rule = "roles"
	// RuleLatency: no region is within the caps of both.
	RuleLatency Rule = "latency"
	// RuleRating: the ratings are further apart than the ticket's window.
	RuleRating Rule = "rating"
	// RuleOtherRating: they are further apart than the other's window.
	RuleOtherRating Rule = "other's rating"
)

// Rules are all rules, in the order in which they are looked at.
var Rules = []Rule{RuleParty, RuleQuery, RuleOtherQuery, RuleRoles, RuleLatency, RuleRating, RuleOtherRating}

// Explanation says why a ticket waits, and what would end that.
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
	// Roles says for each role how many of it a match needs and how many players who
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
	// PerSecond is how fast it grows from then on; 0 if it changes at once.
	PerSecond float64 `json:"per_second,omitempty"`
	// Latency are the caps then of the regions where they change, in milliseconds;
	// infinite is -1.
	Latency map[string]float64 `json:"latency,omitempty"`
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

// Explain says why a ticket waits; false if there is none with the id. It looks at
// each other ticket once, and changes nothing.
func (m *Matcher) Explain(id string, now time.Time) (Explanation, bool) {
	e := m.tickets[id]
	if e == nil {
		return Explanation{}, false
	}
	at := now.UnixNano()
	c := m.cand(e, at)
	wait := time.Duration(c.wait)
	x := Explanation{
		Ticket: id, Mode: m.mode.Name, Wait: wait, Players: m.mode.Format.Players(), Own: e.size,
		Window: finite(c.window), Excluded: map[Rule]int{}, Only: map[Rule]int{},
	}
	for left := c.regions; left != 0 && len(e.near) > 0; left &= left - 1 {
		x.Regions = append(x.Regions, m.regions[bits.TrailingZeros64(left)])
	}
	slices.Sort(x.Regions)
	for _, r := range m.mode.Roles {
		x.Roles = append(x.Roles, RoleSupply{Role: r.Name, Needed: r.Count * m.mode.Format.Teams})
	}
	x.supply(e)
	type coming struct {
		in   time.Duration
		size int
	}
	var later []coming
	pair := m.newPair()
	for _, o := range m.tickets {
		if o == e {
			continue
		}
		x.Waiting += o.size
		oc := m.cand(o, at)
		broken := pair.broken(&c, &oc)
		if len(broken) == 0 {
			x.Suitable += o.size
			x.supply(o)
			continue
		}
		x.Excluded[broken[0]] += o.size
		if len(broken) == 1 {
			x.Only[broken[0]] += o.size
		}
		if in, ok := m.meetIn(&c, &oc, broken); ok {
			later = append(later, coming{in, o.size})
		}
	}
	x.Next = m.next(&c)
	if have := x.Own + x.Suitable; have < x.Players {
		slices.SortFunc(later, func(a, b coming) int { return cmp.Compare(a.in, b.in) })
		for _, l := range later {
			have += l.size
			if have >= x.Players {
				x.Enough = &Enough{In: l.in, Players: have - x.Own, Rating: finite(m.mode.Rating.Window.At(wait + l.in))}
				if x.Enough.Rating == x.Window {
					x.Enough.Rating = 0
				}
				break
			}
		}
	}
	until := func(d time.Duration) *time.Duration {
		d = max(0, d-wait)
		return &d
	}
	if f := m.mode.Format; f.MinSize < f.Size {
		x.Smaller = until(f.StartAfter)
	}
	if m.mode.Bots.Enabled {
		x.Bots = until(m.mode.Bots.After)
	}
	if m.mode.Timeout > 0 {
		x.GivesUp = until(m.mode.Timeout)
	}
	return x, true
}

// supply counts the roles that a ticket's players accept.
func (x *Explanation) supply(e *entry) {
	for _, mask := range e.masks {
		for r := range x.Roles {
			x.Roles[r].There += int(mask >> r & 1)
		}
	}
}

// pair is a place to try two tickets together.
type pair struct {
	m *Matcher
	p pass
}

func (m *Matcher) newPair() *pair {
	w := &pair{m: m}
	w.p = pass{m: m, packings: map[packing]bool{}, cands: make([]cand, 2)}
	w.p.group = group{p: &w.p, roles: make([]int16, len(m.quota))}
	return w
}

// broken gives the rules that keep two tickets apart.
func (w *pair) broken(c, o *cand) []Rule {
	var out []Rule
	g, s := &w.p.group, shape{w.m.mode.Format.Teams, w.m.mode.Format.Size}
	// Parties and roles are looked at with everything else allowed.
	for k, x := range []*cand{c, o} {
		y := *x
		y.lo, y.hi, y.window, y.regions = 0, 0, math.Inf(1), everywhere
		bare := *x.e
		bare.masks = nil
		tk := *x.e.t
		tk.Query = nil
		bare.t = &tk
		y.e = &bare
		w.p.cands[k] = y
	}
	roles := g.roles
	g.roles = roles[:1]
	fits := g.begin(0, s, everywhere) && g.add(1)
	if g.roles = roles; !fits {
		out = append(out, RuleParty)
	}
	if !c.e.t.Query.Match(&c.e.subject, &o.e.subject) {
		out = append(out, RuleQuery)
	}
	if !o.e.t.Query.Match(&o.e.subject, &c.e.subject) {
		out = append(out, RuleOtherQuery)
	}
	if len(roles) > 1 {
		clear(roles)
		if !g.countRoles(c.e.masks, 1) || !g.countRoles(o.e.masks, 1) {
			out = append(out, RuleRoles)
		}
	}
	if c.regions&o.regions == 0 {
		out = append(out, RuleLatency)
	}
	gap := max(c.hi, o.hi) - min(c.lo, o.lo)
	if gap > c.window {
		out = append(out, RuleRating)
	}
	if gap > o.window {
		out = append(out, RuleOtherRating)
	}
	return out
}

// meetIn gives in how long two tickets will be allowed together, and whether that
// will ever be.
func (m *Matcher) meetIn(c, o *cand, broken []Rule) (time.Duration, bool) {
	in := time.Duration(0)
	for _, r := range broken {
		switch r {
		case RuleLatency:
			d, ok := m.shareIn(c, o)
			if !ok {
				return 0, false
			}
			in = max(in, d)
		case RuleRating, RuleOtherRating:
			d, ok := m.mode.Rating.Window.Reaches(max(c.hi, o.hi) - min(c.lo, o.lo))
			if !ok {
				return 0, false
			}
			waited := c.wait
			if r == RuleOtherRating {
				waited = o.wait
			}
			in = max(in, d-time.Duration(waited))
		default:
			return 0, false
		}
	}
	return in, true
}

// shareIn gives in how long two tickets will share a region.
func (m *Matcher) shareIn(c, o *cand) (soonest time.Duration, ok bool) {
	for r := range m.regions {
		in := time.Duration(0)
		reached := true
		for _, x := range []*cand{c, o} {
			if len(x.e.near) == 0 {
				continue
			}
			at := slices.IndexFunc(x.e.near, func(n reach) bool { return n.region == r })
			if at < 0 {
				reached = false
				break
			}
			d, within := m.caps[r].Reaches(x.e.near[at].ms)
			reached = reached && within
			in = max(in, d-time.Duration(x.wait))
		}
		if reached && (!ok || in < soonest) {
			soonest, ok = in, true
		}
	}
	return soonest, ok
}

// next finds what widens first.
func (m *Matcher) next(c *cand) *Widening {
	wait := time.Duration(c.wait)
	w := &m.mode.Rating.Window
	first, found := w.Next(wait)
	for _, r := range c.e.near {
		if d, ok := m.caps[r.region].Next(wait); ok && (!found || d < first) {
			first, found = d, true
		}
	}
	if !found {
		return nil
	}
	out := &Widening{In: first - wait}
	if d, ok := w.Next(wait); ok && d == first {
		out.Rating = finite(w.At(first))
		if w.Pace > 0 {
			out.PerSecond = w.Pace
		}
	}
	for _, r := range c.e.near {
		if d, ok := m.caps[r.region].Next(wait); ok && d == first {
			if out.Latency == nil {
				out.Latency = map[string]float64{}
			}
			out.Latency[m.regions[r.region]] = finite(m.caps[r.region].At(first))
		}
	}
	return out
}

// String gives the explanation as a text of a few lines.
func (x Explanation) String() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("Ticket %s has waited for %s in %s.", x.Ticket, short(x.Wait), x.Mode)
	own := "it is one of them"
	if x.Own > 1 {
		own = fmt.Sprintf("%d of them are its own", x.Own)
	}
	line("A match has %d players; %s. It may meet players within %s points of rating%s.", x.Players, own, number(x.Window), among(x.Regions))
	missing := x.Players - x.Own - x.Suitable
	switch {
	case missing > 0:
		line("Of %s, %d could play with it now: %d too few.", players(x.Waiting)+" who wait besides", x.Suitable, missing)
	case slices.ContainsFunc(x.Roles, func(r RoleSupply) bool { return r.There < r.Needed }):
		line("Of %s, %d could play with it now. That is enough in number, but not in each role.", players(x.Waiting)+" who wait besides", x.Suitable)
	default:
		line("Of %s, %d could play with it now. That is enough in number: they don't suit each other, or others came first.", players(x.Waiting)+" who wait besides", x.Suitable)
	}
	for _, r := range Rules {
		if n := x.Excluded[r]; n > 0 {
			only := ""
			if k := x.Only[r]; k > 0 {
				only = fmt.Sprintf(" (%d by that alone)", k)
			}
			line("  %s: %s%s", players(n), because[r], only)
		}
	}
	for _, r := range x.Roles {
		if r.There < r.Needed {
			line("  who play %s: %d, and %d are needed", r.Role, r.There, r.Needed)
		}
	}
	if n := x.Next; n != nil {
		var what []string
		switch {
		case n.PerSecond > 0 && n.In > 0:
			what = append(what, fmt.Sprintf("the window of rating grows by %s a second", number(n.PerSecond)))
		case n.PerSecond > 0:
			what = append(what, fmt.Sprintf("the window of rating, which grows by %s a second", number(n.PerSecond)))
		case n.Rating != 0:
			what = append(what, fmt.Sprintf("the window of rating becomes %s", number(n.Rating)))
		}
		if len(n.Latency) > 0 {
			what = append(what, "latency may be more")
		}
		if n.In > 0 {
			line("The next widening is in %s: %s.", short(n.In), strings.Join(what, ", "))
		} else {
			line("It is widening now: %s.", strings.Join(what, ", "))
		}
	}
	switch {
	case x.Enough != nil && x.Enough.Rating != 0:
		line("If nobody comes or goes, there are enough in %s, when its window is %s.", short(x.Enough.In), number(x.Enough.Rating))
	case x.Enough != nil:
		line("If nobody comes or goes, there are enough in %s.", short(x.Enough.In))
	case missing > 0:
		line("Those who wait now will not be enough: %s more must come.", players(missing))
	}
	for _, f := range []struct {
		what string
		in   *time.Duration
	}{{"A match may be smaller", x.Smaller}, {"Bots may fill a match", x.Bots}, {"The ticket is given up", x.GivesUp}} {
		if f.in == nil {
			continue
		}
		when := "in " + short(*f.in)
		if *f.in == 0 {
			when = "from now on"
		}
		line("%s %s.", f.what, when)
	}
	return b.String()
}

var because = map[Rule]string{
	RuleParty:       "their parties don't fit into teams with this one",
	RuleQuery:       "its query does not hold of them",
	RuleOtherQuery:  "their queries do not hold of it",
	RuleRoles:       "they accept only roles that it takes up",
	RuleLatency:     "no region is near enough for both",
	RuleRating:      "their rating is outside its window",
	RuleOtherRating: "it is outside their windows, which are tighter",
}

func among(regions []string) string {
	if len(regions) == 0 {
		return ""
	}
	return " in " + strings.Join(regions, ", ")
}

func number(x float64) string {
	if x < 0 {
		return "any number of"
	}
	return fmt.Sprintf("%.4g", x)
}

func players(n int) string {
	if n == 1 {
		return "1 player"
	}
	return fmt.Sprintf("%d players", n)
}

// short gives a time without what nobody wants to know.
func short(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
