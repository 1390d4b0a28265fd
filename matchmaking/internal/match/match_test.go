package match

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tickroom/tickroom/matchmaking/internal/query"
	"github.com/tickroom/tickroom/matchmaking/internal/rating"
	"github.com/tickroom/tickroom/matchmaking/mode"
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

func mustAdd(t testing.TB, m *Matcher, ts ...Ticket) {
	t.Helper()
	for _, x := range ts {
		if err := m.Add(x); err != nil {
			t.Fatal(err)
		}
	}
}

// solo gives a ticket of one player.
func solo(id string, mu float64, since time.Time) Ticket {
	return Ticket{ID: id, Since: since, Players: []Player{{ID: "p" + id, Rating: rating.Rating{Mu: mu, Sigma: 80}}}}
}

// crowd gives tickets as the figures ask for.
func crowd(n int, seed uint64, ages time.Duration) []Ticket {
	rnd := rand.New(rand.NewPCG(seed, 1))
	out := make([]Ticket, n)
	for i := range out {
		since := epoch
		if ages > 0 {
			since = epoch.Add(-time.Duration(rnd.Int64N(int64(ages))))
		}
		out[i] = solo(fmt.Sprint(i), 1500+350*rnd.NormFloat64(), since)
	}
	return out
}

// mixed gives tickets with parties, regions and roles.
func mixed(n int, seed uint64, ages time.Duration) []Ticket {
	rnd := rand.New(rand.NewPCG(seed, 2))
	var out []Ticket
	for i := range n {
		t := Ticket{ID: fmt.Sprint(i), Since: epoch.Add(-time.Duration(rnd.Int64N(int64(ages) + 1))), Latency: map[string]time.Duration{}}
		size := 1
		for size < 5 && rnd.Float64() < 0.3 {
			size++
		}
		mu := 1500 + 350*rnd.NormFloat64()
		roles := [][]string{{"damage"}, {"damage", "tank"}, {"healer", "damage"}, {"tank", "healer"}, {"damage", "healer"}, nil}
		for k := range size {
			p := Player{ID: fmt.Sprint(i, "/", k), Rating: rating.Rating{Mu: mu + 60*rnd.NormFloat64(), Sigma: 50 + 100*rnd.Float64()}}
			if k < 1 {
				p.Roles = roles[rnd.IntN(len(roles))]
			}
			t.Players = append(t.Players, p)
		}
		home := rnd.IntN(3)
		for k, name := range []string{"eu", "us", "asia"} {
			ms := 20 + 30*rnd.Float64()
			if k != home {
				ms += 60 + 60*rnd.Float64()
			}
			t.Latency[name] = time.Duration(ms * float64(time.Millisecond))
		}
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

func byID(ts []Ticket) map[string]*Ticket {
	out := map[string]*Ticket{}
	for i := range ts {
		out[ts[i].ID] = &ts[i]
	}
	return out
}

// check holds a match against the rules, as the package comment has them, written
// down once more in the plainest way.
func check(t testing.TB, md mode.Mode, all map[string]*Ticket, x Match, now time.Time) {
	t.Helper()
	fail := func(format string, args ...any) {
		t.Helper()
		t.Fatalf("%s\nof %+v", fmt.Sprintf(format, args...), x)
	}
	// Everybody is seated once, parties in one team, and nobody else is.
	team, seats, bots := map[string]int{}, 0, 0
	for k, tm := range x.Teams {
		roles := map[string]int{}
		for _, s := range tm.Seats {
			seats++
			roles[s.Role]++
			if s.Bot {
				bots++
				continue
			}
			tk := all[s.Ticket]
			i := slices.IndexFunc(tk.Players, func(p Player) bool { return p.ID == s.Player })
			if i < 0 || !slices.Contains(x.Tickets, s.Ticket) {
				fail("who is %v?", s)
			}
			if _, twice := team[s.Player]; twice {
				fail("%s sits twice", s.Player)
			}
			team[s.Player] = k
			if !md.Format.FreeForAll && team[tk.Players[0].ID] != team[s.Player] && team[tk.Players[0].ID] != 0 {
				fail("%s is split", s.Ticket)
			}
			if len(md.Roles) > 0 && len(tk.Players[i].Roles) > 0 && !slices.Contains(tk.Players[i].Roles, s.Role) {
				fail("%s does not play %s", s.Player, s.Role)
			}
		}
		for _, r := range md.Roles {
			if roles[r.Name] != r.Count {
				fail("team %d has %d of %s", k, roles[r.Name], r.Name)
			}
		}
		if len(tm.Seats) != len(x.Teams[0].Seats) {
			fail("teams differ in size")
		}
	}
	players := 0
	for _, id := range x.Tickets {
		tk := all[id]
		players += len(tk.Players)
		for _, p := range tk.Players {
			if k, ok := team[p.ID]; !ok || !md.Format.FreeForAll && k != team[tk.Players[0].ID] {
				fail("%s is not with its party", p.ID)
			}
		}
	}
	if players+bots != seats || bots != x.Bots {
		fail("%d players and %d bots on %d seats", players, bots, seats)
	}
	lo, hi := md.Format.Teams*md.Format.MinSize, md.Format.Players()
	if seats < lo || seats > hi || !md.Format.FreeForAll && len(x.Teams) != md.Format.Teams {
		fail("%d seats in %d teams", seats, len(x.Teams))
	}
	// Ratings, by the gap between any two.
	span := func(tk *Ticket) (float64, float64) {
		sum, low, high := 0.0, math.Inf(1), math.Inf(-1)
		for _, p := range tk.Players {
			sum, low, high = sum+p.Rating.Mu, min(low, p.Rating.Mu), max(high, p.Rating.Mu)
		}
		mean := sum / float64(len(tk.Players))
		switch md.Rating.Party {
		case mode.Each:
			return low, high
		case mode.Highest:
			return high, high
		}
		return mean, mean
	}
	spread := 0.0
	for _, a := range x.Tickets {
		for _, b := range x.Tickets {
			alo, ahi := span(all[a])
			blo, bhi := span(all[b])
			gap := max(ahi-blo, bhi-alo)
			spread = max(spread, gap)
			for _, w := range []string{a, b} {
				if limit := md.Rating.Window.At(now.Sub(all[w].Since)); gap > limit {
					fail("%s and %s are %v apart, %s allows %v", a, b, gap, w, limit)
				}
			}
			if a != b && !matches(all[a], all[b]) {
				fail("%s does not want %s", a, b)
			}
		}
	}
	if math.Abs(spread-x.Spread) > 1e-9 {
		fail("the spread is %v", spread)
	}
	// Latency, and that no other region is better.
	worst := func(region string) (float64, bool) {
		w := 0.0
		for _, id := range x.Tickets {
			if len(all[id].Latency) == 0 {
				continue
			}
			d, ok := all[id].Latency[region]
			ms := float64(d) / 1e6
			c := &md.Latency.Cap
			for _, r := range md.Latency.Regions {
				if r.Name == region && r.Cap != nil {
					c = r.Cap
				}
			}
			if !ok || ms > c.At(now.Sub(all[id].Since)) {
				return 0, false
			}
			w = max(w, ms)
		}
		return w, true
	}
	if x.Region != "" {
		w, ok := worst(x.Region)
		if !ok || math.Abs(w-float64(x.Latency)/1e6) > 1e-3 {
			fail("the worst latency is %v", w)
		}
		for region := range all[x.Tickets[0]].Latency {
			if o, ok := worst(region); ok && o < w-1e-6 {
				fail("%s is better with %v", region, o)
			}
		}
	}
	for _, tm := range x.Teams {
		for _, id := range x.Tickets {
			if limit := md.Balance.At(now.Sub(all[id].Since)); limit < 1 && tm.Win > limit+1e-9 {
				fail("a team wins with %v, %s allows %v", tm.Win, id, limit)
			}
		}
	}
	q := x.Quality
	for _, v := range []float64{q.Score, q.Rating, q.Balance, q.Latency, q.Party} {
		if !(v >= 0 && v <= 1+1e-12) {
			fail("quality %+v", q)
		}
	}
}

func matches(a, b *Ticket) bool {
	sa, sb := subject(a), subject(b)
	return a.Query.Match(&sa, &sb)
}

// summary is what the figures are about.
type summary struct {
	matches, players  int
	spread            float64 // the median
	balance, quality  float64 // means
	worstWin, latency float64
}

func summarise(xs []Match) summary {
	var s summary
	var spreads []float64
	for _, x := range xs {
		s.matches++
		for _, t := range x.Teams {
			s.players += len(t.Seats)
			s.worstWin = max(s.worstWin, t.Win)
		}
		s.players -= x.Bots
		spreads = append(spreads, x.Spread)
		s.balance += x.Quality.Balance / float64(len(xs))
		s.quality += x.Quality.Score / float64(len(xs))
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
			md, tickets := fives(), crowd(10_000, seed, ages)
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

func subject(t *Ticket) query.Subject {
	sum := 0.0
	for _, p := range t.Players {
		sum += p.Rating.Mu
	}
	return query.Subject{Attributes: t.Attributes, Rating: sum / float64(len(t.Players)), Players: len(t.Players)}
}
