package match

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tickroom/tickroom/matchmaking/internal/query"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// fives is the mode of the figures: five against five, gap at most 100.
func fives() mode.Mode {
	m := mode.New("fives")
	m.Format = mode.Format{Teams: 2, Size: 5, MinSize: 5}
	m.Rating.Window = mode.Window{Base: 100}
	m.Party.Max = 5
	return m
}

func mustNew(t testing.TB, md mode.Mode, opts ...Option) *Matcher {
	t.Helper()
	m, err := New(md, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func mustAdd(t testing.TB, m *Matcher, ts ...store.Ticket) {
	t.Helper()
	for i := range ts {
		if err := m.Add(&ts[i]); err != nil {
			t.Fatal(err)
		}
	}
}

// solo returns a ticket of one player.
func solo(id string, mu float64, since time.Time) store.Ticket {
	return store.Ticket{ID: id, Since: since, Members: []store.Member{{Player: "p" + id, Mu: mu, Sigma: 80}}}
}

// alike returns the tickets of the figures: players who come alone.
func alike(n int, seed uint64, ages time.Duration) []store.Ticket {
	rnd := rand.New(rand.NewPCG(seed, 1))
	out := make([]store.Ticket, n)
	for i := range out {
		since := epoch
		if ages > 0 {
			since = epoch.Add(-time.Duration(rnd.Int64N(int64(ages))))
		}
		out[i] = solo(fmt.Sprint(i), 1500+350*rnd.NormFloat64(), since)
	}
	return out
}

// mixed returns tickets with parties, regions and roles.
func mixed(n int, seed uint64, ages time.Duration) []store.Ticket {
	rnd := rand.New(rand.NewPCG(seed, 2))
	var out []store.Ticket
	for i := range n {
		t := store.Ticket{ID: fmt.Sprint(i), Since: epoch.Add(-time.Duration(rnd.Int64N(int64(ages) + 1)))}
		latency := map[string]time.Duration{}
		size := 1
		for size < 5 && rnd.Float64() < 0.3 {
			size++
		}
		mu := 1500 + 350*rnd.NormFloat64()
		roles := [][]string{{"damage"}, {"damage", "tank"}, {"healer", "damage"}, {"tank", "healer"}, {"damage", "healer"}, nil}
		for k := range size {
			p := store.Member{Player: fmt.Sprint(i, "/", k), Mu: mu + 60*rnd.NormFloat64(), Sigma: 50 + 100*rnd.Float64()}
			if k < 1 {
				p.Roles = roles[rnd.IntN(len(roles))]
			}
			t.Members = append(t.Members, p)
		}
		home := rnd.IntN(3)
		for k, name := range []string{"eu", "us", "asia"} {
			ms := 20 + 30*rnd.Float64()
			if k != home {
				ms += 60 + 60*rnd.Float64()
			}
			latency[name] = time.Duration(ms * float64(time.Millisecond))
		}
		t.Members[0].Latency = latency
		out = append(out, t)
	}
	return out
}

func mixedMode() mode.Mode {
	m := fives()
	m.Name = "mixed"
	m.Latency.Cap = mode.Window{Base: 80, Pace: 2, After: 10 * time.Second, Cap: 160}
	m.Rating.Window = mode.Window{Base: 100, Pace: 5, After: 10 * time.Second, Cap: 300}
	m.Roles = []mode.Role{{Name: "tank", Count: 1}, {Name: "healer", Count: 1}, {Name: "damage", Count: 3}}
	return m
}

func byID(ts []store.Ticket) map[string]*store.Ticket {
	out := map[string]*store.Ticket{}
	for i := range ts {
		out[ts[i].ID] = &ts[i]
	}
	return out
}

// matchCheck holds a match against the rules, as the package comment has them, written
// down once more in the plainest way.
type matchCheck struct {
	testing.TB
	md  mode.Mode
	all map[string]*store.Ticket
	x   Proposal
	now time.Time
}

func check(t testing.TB, md mode.Mode, all map[string]*store.Ticket, x Proposal, now time.Time) {
	t.Helper()
	c := &matchCheck{t, md, all, x, now}
	c.slots()
	c.ratings()
	c.latency()
	for _, tm := range x.Teams {
		for _, id := range x.Tickets {
			if limit := md.Balance.At(c.wait(id)); limit < 1 && tm.Win > limit+1e-9 {
				c.fail("a team wins with %v, %s allows %v", tm.Win, id, limit)
			}
		}
	}
	q := x.Parts
	for _, v := range []float64{x.Quality, q.Rating, q.Balance, q.Latency, q.Party} {
		if !(v >= 0 && v <= 1+1e-12) {
			c.fail("quality %v, %+v", x.Quality, q)
		}
	}
}

func (c *matchCheck) fail(format string, args ...any) {
	c.Helper()
	c.Fatalf("%s\nof %+v", fmt.Sprintf(format, args...), c.x)
}

func (c *matchCheck) wait(id string) time.Duration { return c.now.Sub(c.all[id].Since) }

// slots sees that everybody has one, parties in one team, and nobody else has.
func (c *matchCheck) slots() {
	md, x := &c.md, &c.x
	team, slots, bots := map[string]int{}, 0, 0
	for k, tm := range x.Teams {
		roles := map[string]int{}
		for _, s := range tm.Slots {
			slots++
			roles[s.Role]++
			if s.Player == "" {
				bots++
				continue
			}
			if _, twice := team[s.Player]; twice {
				c.fail("%s is there twice", s.Player)
			}
			team[s.Player] = k
			c.slot(s)
		}
		for _, r := range md.Roles {
			if roles[r.Name] != r.Count {
				c.fail("team %d has %d of %s", k, roles[r.Name], r.Name)
			}
		}
		if len(tm.Slots) != len(x.Teams[0].Slots) {
			c.fail("teams differ in size")
		}
	}
	players := 0
	for _, id := range x.Tickets {
		tk := c.all[id]
		players += len(tk.Members)
		for _, p := range tk.Members {
			if k, ok := team[p.Player]; !ok || !md.Format.FreeForAll && k != team[tk.Members[0].Player] {
				c.fail("%s is not with its party", p.Player)
			}
		}
	}
	if players+bots != slots || bots != x.Bots {
		c.fail("%d players and %d bots on %d slots", players, bots, slots)
	}
	lo, hi := md.Format.Teams*md.Format.MinSize, md.Format.Players()
	if slots < lo || slots > hi || !md.Format.FreeForAll && len(x.Teams) != md.Format.Teams {
		c.fail("%d slots in %d teams", slots, len(x.Teams))
	}
}

// slot sees that one is of a player of the match, who accepts its role.
func (c *matchCheck) slot(s store.Slot) {
	tk := c.all[s.Ticket]
	i := slices.IndexFunc(tk.Members, func(p store.Member) bool { return p.Player == s.Player })
	if i < 0 || !slices.Contains(c.x.Tickets, s.Ticket) {
		c.fail("who is %v?", s)
	}
	p := &tk.Members[i]
	if s.Name != p.Name || s.Mu != p.Mu || s.Sigma != p.Sigma {
		c.fail("%v is not %v", s, p)
	}
	if len(c.md.Roles) > 0 && len(p.Roles) > 0 && !slices.Contains(p.Roles, s.Role) {
		c.fail("%s does not play %s", s.Player, s.Role)
	}
}

// span returns the ratings of a ticket that count.
func (c *matchCheck) span(tk *store.Ticket) (float64, float64) {
	sum, low, high := 0.0, math.Inf(1), math.Inf(-1)
	for _, p := range tk.Members {
		sum, low, high = sum+p.Mu, min(low, p.Mu), max(high, p.Mu)
	}
	mean := sum / float64(len(tk.Members))
	switch c.md.Rating.Party {
	case mode.Each:
		return low, high
	case mode.Highest:
		return high, high
	}
	return mean, mean
}

// ratings looks at the gap between any two, and at their queries.
func (c *matchCheck) ratings() {
	all, spread := c.all, 0.0
	for _, a := range c.x.Tickets {
		for _, b := range c.x.Tickets {
			alo, ahi := c.span(all[a])
			blo, bhi := c.span(all[b])
			gap := max(ahi-blo, bhi-alo)
			spread = max(spread, gap)
			for _, w := range []string{a, b} {
				if limit := c.md.Rating.Window.At(c.wait(w)); gap > limit {
					c.fail("%s and %s are %v apart, %s allows %v", a, b, gap, w, limit)
				}
			}
			if a != b && !matches(all[a], all[b]) {
				c.fail("%s does not want %s", a, b)
			}
		}
	}
	if math.Abs(spread-c.x.Spread) > 1e-9 {
		c.fail("the spread is %v", spread)
	}
}

// worst returns the worst latency to a region, if all may play there.
func (c *matchCheck) worst(region string) (float64, bool) {
	w := 0.0
	for _, id := range c.x.Tickets {
		latency := latencyOf(c.all[id])
		if len(latency) == 0 {
			continue
		}
		d, ok := latency[region]
		ms := float64(d) / 1e6
		limit := &c.md.Latency.Cap
		for _, r := range c.md.Latency.Regions {
			if r.Name == region && r.Cap != nil {
				limit = r.Cap
			}
		}
		if !ok || ms > limit.At(c.wait(id)) {
			return 0, false
		}
		w = max(w, ms)
	}
	return w, true
}

// latency looks at that in the region of the match, and that no other region is better.
func (c *matchCheck) latency() {
	if c.x.Region == "" {
		return
	}
	w, ok := c.worst(c.x.Region)
	if !ok || math.Abs(w-float64(c.x.Latency)/1e6) > 1e-3 {
		c.fail("the worst latency is %v", w)
	}
	for region := range latencyOf(c.all[c.x.Tickets[0]]) {
		if o, ok := c.worst(region); ok && o < w-1e-6 {
			c.fail("%s is better with %v", region, o)
		}
	}
}

func latencyOf(t *store.Ticket) map[string]time.Duration {
	out, _ := worst(t.Members)
	return out
}

func matches(a, b *store.Ticket) bool {
	sa, sb := subject(a), subject(b)
	q, err := query.Compile(a.Query)
	return err == nil && q.Match(&sa, &sb)
}

// summary is what the figures are about.
type summary struct {
	matches, players  int
	spread            float64 // the median
	balance, quality  float64 // means
	worstWin, latency float64
}

func summarise(xs []Proposal) summary {
	var s summary
	var spreads []float64
	for _, x := range xs {
		s.matches++
		for _, t := range x.Teams {
			s.players += len(t.Slots)
			s.worstWin = max(s.worstWin, t.Win)
		}
		s.players -= x.Bots
		spreads = append(spreads, x.Spread)
		s.balance += x.Parts.Balance / float64(len(xs))
		s.quality += x.Quality / float64(len(xs))
		s.latency += float64(x.Latency) / 1e6 / float64(len(xs))
	}
	slices.Sort(spreads)
	if len(spreads) > 0 {
		s.spread = spreads[len(spreads)/2]
	}
	return s
}

// TestFigures checks the figures that have no time in them.
func TestFigures(t *testing.T) {
	t.Parallel()
	for _, ages := range []time.Duration{0, time.Minute} {
		for seed := range uint64(5) {
			md, tickets := fives(), alike(10_000, seed, ages)
			m := mustNew(t, md)
			mustAdd(t, m, tickets...)
			r := m.Pass(epoch)
			all := byID(tickets)
			for _, x := range r.Matches {
				check(t, md, all, x, epoch)
			}
			s := summarise(r.Matches)
			t.Logf("%+v", s)
			if s.players < 9900 || s.spread > 60 {
				t.Errorf("seed %d: %+v", seed, s)
			}
		}
	}
}

func subject(t *store.Ticket) query.Subject {
	sum := 0.0
	for _, p := range t.Members {
		sum += p.Mu
	}
	return query.NewSubject(t.Attributes, sum/float64(len(t.Members)), len(t.Members))
}
