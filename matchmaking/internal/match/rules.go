package match

import (
	"math"
	"slices"
	"time"
)

// Rule is what keeps two tickets from meeting in a match.
type Rule string

// The rules.
const (
	RuleParty       Rule = "party"
	RuleQuery       Rule = "query"
	RuleOtherQuery  Rule = "other's query"
	RuleRoles       Rule = "roles"
	RuleLatency     Rule = "latency"
	RuleRating      Rule = "rating"
	RuleOtherRating Rule = "other's rating"
)

// rules are what a ticket has to keep to be taken into a group. They are the same that
// group.add asks for, in the order in which an explanation goes through them.
var rules = []struct {
	name Rule
	// keeps reports whether the ticket keeps the rule. It leaves the group as it is.
	keeps func(*group, *cand) bool
	// because is why those who don't keep it can't play with the ticket that an
	// explanation is about.
	because string
	// in returns how long two tickets have to wait until they keep it; nil: they never
	// will.
	in func(m *Matcher, c, o *cand) time.Duration
}{
	{RuleParty, (*group).packs, "their parties don't fit into teams with this one", nil},
	{RuleQuery, (*group).wants, "its query does not hold of them", nil},
	{RuleOtherQuery, (*group).wanted, "their queries do not hold of it", nil},
	{RuleRoles, (*group).hasRoles, "they accept only roles that it takes up", nil},
	{RuleLatency, (*group).shares, "no region is near enough for both", (*Matcher).sharesIn},
	{RuleRating, (*group).reaches, "their rating is outside its window", (*Matcher).reachesIn},
	{RuleOtherRating, (*group).reached, "it is outside their windows, which are tighter", func(m *Matcher, c, o *cand) time.Duration { return m.reachesIn(o, c) }},
}

// Rules are all rules, in the order in which an explanation goes through them.
var Rules = func() (out []Rule) {
	for _, r := range rules {
		out = append(out, r.name)
	}
	return out
}()

// packs reports whether there are slots for a ticket's players, and whether a party
// finds a place in a team beside the parties that are there. Those who come alone fit in
// anywhere.
func (g *group) packs(c *cand) bool {
	return g.players+int(c.size) <= g.shape.players() && (c.size == 1 || g.packsParty(c.e))
}

// wants reports whether the queries of the members hold of a ticket.
func (g *group) wants(c *cand) bool {
	return !slices.ContainsFunc(g.members, func(j int32) bool { return !g.asks(&g.p.cands[j], c) })
}

// wanted reports whether a ticket's query holds of the members.
func (g *group) wanted(c *cand) bool {
	return !slices.ContainsFunc(g.members, func(j int32) bool { return !g.asks(c, &g.p.cands[j]) })
}

// asks reports whether the query of a ticket holds of another one, and counts what that takes.
func (g *group) asks(c, o *cand) bool {
	if c.e.query == nil {
		return true
	}
	g.p.spent += c.e.work / workPerLook
	return c.wants(o)
}

// wants reports whether the query of a ticket holds of another one.
func (c *cand) wants(o *cand) bool { return c.e.query.Match(&c.e.subject, &o.e.subject) }

// takesRoles counts a ticket's players in if there are slots for the roles that they
// accept, and reports whether it did.
func (g *group) takesRoles(c *cand) bool { return g.roles.take(c.e.masks, g.p.m.quota, g.shape.teams) }

// hasRoles is takesRoles without counting.
func (g *group) hasRoles(c *cand) bool {
	ok := g.takesRoles(c)
	if ok {
		g.roles.add(c.e.masks, -1, g.p.m.quota, g.shape.teams)
	}
	return ok
}

// shares reports whether there is a region where a ticket and all members may play.
func (g *group) shares(c *cand) bool { return g.regions&c.regions != 0 }

// reaches reports whether the ratings are within the windows of all members with a
// ticket among them.
func (g *group) reaches(c *cand) bool { return max(g.hi, c.hi)-min(g.lo, c.lo) <= g.limit }

// reached reports whether they are within the ticket's window.
func (g *group) reached(c *cand) bool { return max(g.hi, c.hi)-min(g.lo, c.lo) <= c.window }

// never is how long two tickets have to wait until they keep a rule that waiting does not
// change.
const never = time.Duration(math.MaxInt64)

// apart returns the rules that a ticket does not keep with a group of one, c, and how long
// until it keeps them all, or never.
func (g *group) apart(c, o *cand) (broken []Rule, in time.Duration) {
	for _, r := range rules {
		if r.keeps(g, o) {
			continue
		}
		broken = append(broken, r.name)
		if r.in == nil {
			in = never
		} else {
			in = max(in, r.in(g.p.m, c, o))
		}
	}
	return broken, in
}

// reachesIn returns how long until ratings are within a ticket's window.
func (m *Matcher) reachesIn(c, o *cand) time.Duration {
	return c.until(m.mode.Rating.Window.Reaches(max(c.hi, o.hi) - min(c.lo, o.lo)))
}

// sharesIn returns how long until two tickets may play in the same region.
func (m *Matcher) sharesIn(c, o *cand) time.Duration {
	soonest := never
	for r := range m.regions {
		soonest = min(soonest, max(m.playsIn(c, r), m.playsIn(o, r)))
	}
	return soonest
}

// playsIn returns how long until a ticket may play in a region.
func (m *Matcher) playsIn(c *cand, region int) time.Duration {
	if len(c.e.near) == 0 {
		return 0
	}
	at := slices.IndexFunc(c.e.near, func(n reach) bool { return n.region == region })
	if at < 0 {
		return never
	}
	return c.until(m.caps[region].Reaches(c.e.near[at].ms))
}

// until returns in how long the ticket has waited for a time, if there is one.
func (c *cand) until(waited time.Duration, ever bool) time.Duration {
	if !ever {
		return never
	}
	return max(0, waited-time.Duration(c.wait))
}
