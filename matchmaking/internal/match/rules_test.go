package match

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// someMode draws a mode, small enough for dumb versions.
func someMode(t *rapid.T) mode.Mode {
	md := mode.New("some")
	md.Format = mode.Format{Teams: rapid.IntRange(2, 3).Draw(t, "teams"), Size: rapid.IntRange(1, 3).Draw(t, "size")}
	if rapid.IntRange(0, 3).Draw(t, "free") == 0 {
		md.Format = mode.Format{FreeForAll: true, Teams: 1, Size: rapid.IntRange(2, 5).Draw(t, "players")}
	}
	f := &md.Format
	f.MinSize = f.Size
	md.Party.Max = max(1, f.Size)
	switch {
	case rapid.IntRange(0, 3).Draw(t, "roles") == 0 && !f.FreeForAll && f.Size > 1:
		md.Roles = []mode.Role{{Name: "tank", Count: 1}, {Name: "other", Count: f.Size - 1}}
	case rapid.IntRange(0, 3).Draw(t, "few") == 0 && f.Size > 2:
		f.MinSize, f.StartAfter = 2, 20*time.Second
	}
	md.Rating.Window = mode.Window{Base: 60, Pace: 3, After: 5 * time.Second, Cap: 200}
	if rapid.Bool().Draw(t, "steps") {
		md.Rating.Window = mode.Window{Base: 60, Steps: []mode.Step{{After: 10 * time.Second, To: 120}, {After: 20 * time.Second, To: math.Inf(1)}}}
	}
	md.Rating.Party = rapid.SampledFrom([]mode.Measure{mode.Mean, mode.Highest, mode.Each}).Draw(t, "measure")
	md.Latency.Cap = mode.Window{Base: 50, Pace: 2, Cap: 100}
	if rapid.Bool().Draw(t, "regions") {
		md.Latency.Regions = []mode.Region{{Name: "eu"}, {Name: "us", Cap: &mode.Window{Base: 70}}}
	}
	if rapid.IntRange(0, 3).Draw(t, "bots") == 0 {
		md.Bots = mode.Bots{Enabled: true, After: 25 * time.Second, Max: max(1, f.Players()-2), MinPlayers: 2}
	}
	if md.Format.Teams == 2 && rapid.IntRange(0, 2).Draw(t, "balance") == 0 {
		md.Balance = mode.Window{Base: 0.55, Pace: 0.01, After: 10 * time.Second, Cap: 0.9}
	}
	md.Timeout = 40 * time.Second
	return md
}

// someTickets draws tickets that the mode takes.
func someTickets(t *rapid.T, md mode.Mode, n int) []store.Ticket {
	m, err := New(md)
	if err != nil {
		t.Fatal(err)
	}
	var out []store.Ticket
	for i := range n {
		tk := store.Ticket{
			ID:         fmt.Sprintf("t%02d", i),
			Since:      epoch.Add(-time.Duration(rapid.IntRange(0, 45).Draw(t, "age")) * time.Second),
			Attributes: map[string]any{"level": float64(rapid.IntRange(1, 5).Draw(t, "level"))},
			NoBackfill: rapid.IntRange(0, 4).Draw(t, "nobackfill") == 0,
		}
		size := min(md.Party.Max, rapid.SampledFrom([]int{1, 1, 1, 2, 3}).Draw(t, "size"))
		for k := range size {
			p := store.Member{Player: fmt.Sprintf("%s/%d", tk.ID, k), Mu: float64(rapid.IntRange(1000, 1300).Draw(t, "mu")), Sigma: 50}
			p.Roles = rapid.SampledFrom([][]string{nil, {"tank"}, {"other"}, {"other", "tank"}}).Draw(t, "role")
			tk.Members = append(tk.Members, p)
		}
		if rapid.IntRange(0, 3).Draw(t, "near") > 0 {
			tk.Members[0].Latency = map[string]time.Duration{
				"eu": time.Duration(rapid.IntRange(10, 110).Draw(t, "eu")) * time.Millisecond,
				"us": time.Duration(rapid.IntRange(10, 110).Draw(t, "us")) * time.Millisecond,
			}
		}
		tk.Query = rapid.SampledFrom([]string{"", "", "", "level >= my.level", "level < 4", "players == 1", "rating in my.rating-80..my.rating+80"}).Draw(t, "query")
		if m.Add(&tk) == nil {
			out = append(out, tk)
		}
	}
	return out
}

// TB lets rapid's T be used where only failing is needed.
type failing struct {
	testing.TB
	t *rapid.T
}

func (f failing) Helper()                           {}
func (f failing) Fatal(args ...any)                 { f.t.Fatal(args...) }
func (f failing) Fatalf(format string, args ...any) { f.t.Fatalf(format, args...) }

// TestRules: whatever the mode and the tickets, every match keeps all rules, each
// ticket is in one result at most, and the others still wait.
func TestRules(t *testing.T) {
	t.Parallel()
	hurried := func(m *Matcher) { m.long, m.longEach = 5, 0 }
	for _, opts := range [][]Option{nil, {FirstCome()}, {hurried}} {
		rapid.Check(t, func(t *rapid.T) {
			tb := failing{t: t}
			md := someMode(t)
			tickets := someTickets(t, md, rapid.IntRange(0, 25).Draw(t, "n"))
			all := byID(tickets)
			m := mustNew(tb, md, opts...)
			mustAdd(tb, m, tickets...)
			for now := epoch; now.Before(epoch.Add(time.Minute)); now = now.Add(7 * time.Second) {
				waiting := m.Len()
				r := m.Pass(now)
				seen := map[string]bool{}
				for _, x := range r.Matches {
					check(tb, md, all, x, now)
					enough(t, md, all, x, now)
					for _, id := range x.Tickets {
						if seen[id] {
							t.Fatalf("%s is matched twice", id)
						}
						seen[id] = true
					}
				}
				for _, id := range r.TimedOut {
					if wait := now.Sub(all[id].Since); seen[id] || wait < md.Timeout {
						t.Fatalf("%s timed out after %v", id, wait)
					}
					seen[id] = true
				}
				if m.Len() != waiting-len(seen) {
					t.Fatalf("%d of %d wait after %d are gone", m.Len(), waiting, len(seen))
				}
				for id := range seen {
					if m.tickets[id] != nil {
						t.Fatalf("%s still waits", id)
					}
				}
			}
		})
	}
}

// enough sees that a match is smaller or has bots only where the mode has it so.
func enough(t *rapid.T, md mode.Mode, all map[string]*store.Ticket, x Proposal, now time.Time) {
	longest, players, slots := time.Duration(0), 0, 0
	for _, id := range x.Tickets {
		longest = max(longest, now.Sub(all[id].Since))
		players += len(all[id].Members)
	}
	if x.Wait != longest {
		t.Fatalf("the longest wait is %v, not %v", longest, x.Wait)
	}
	for _, tm := range x.Teams {
		slots += len(tm.Slots)
	}
	if slots < md.Format.Players() && longest < md.Format.StartAfter {
		t.Fatalf("%d slots after %v", slots, longest)
	}
	if x.Bots > 0 && (longest < md.Bots.After || x.Bots > md.Bots.Max || players < md.Bots.MinPlayers || slots != md.Format.Players()) {
		t.Fatalf("%d bots beside %d players after %v", x.Bots, players, longest)
	}
}

// TestDeterministic: the order of adding, and tickets that came and went, change
// nothing.
func TestDeterministic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tb := failing{t: t}
		md := someMode(t)
		tickets := someTickets(t, md, rapid.IntRange(0, 25).Draw(t, "n"))
		a := mustNew(tb, md)
		mustAdd(tb, a, tickets...)
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		others := make([]*Matcher, 6)
		for k := range others {
			b := mustNew(tb, md)
			others[k] = b
			for _, i := range rnd.Perm(len(tickets)) {
				x := tickets[i]
				x.ID = "gone" + x.ID
				if rnd.IntN(2) == 0 {
					mustAdd(tb, b, x)
				}
				mustAdd(tb, b, tickets[i])
				if b.Remove(x.ID); rnd.IntN(4) == 0 {
					b.settle()
				}
			}
		}
		for now := epoch; now.Before(epoch.Add(time.Minute)); now = now.Add(9 * time.Second) {
			want := a.Pass(now)
			for _, b := range others {
				if diff := cmp.Diff(want, b.Pass(now)); diff != "" {
					t.Fatal(diff)
				}
			}
		}
	})
}

// allowed reports in the plainest way whether tickets make a full match.
func allowed(m *Matcher, tickets []*store.Ticket, now time.Time) bool {
	p := &pass{m: m, packings: map[packing]bool{}}
	p.group = group{p: p, roles: make(demand, len(m.quota))}
	members := make([]int32, len(tickets))
	for i, t := range tickets {
		e, err := m.newEntry(t)
		if err != nil {
			return false
		}
		p.cands = append(p.cands, m.cand(e, now.UnixNano()))
		members[i] = int32(i)
	}
	s := shape{m.mode.Format.Teams, m.mode.Format.Size}
	for r := range max(1, len(m.regions)) {
		if p.regroup(&p.group, members, s, 1<<r) && p.group.full() && p.splits(&p.group) {
			return true
		}
	}
	return false
}

// subsets calls fn with each set of tickets that has as many players as a full match,
// until it returns true.
func subsets(tickets []*store.Ticket, need int, fn func([]*store.Ticket) bool) bool {
	var chosen []*store.Ticket
	var rec func(i, left int) bool
	rec = func(i, left int) bool {
		if left == 0 {
			return fn(chosen)
		}
		for ; i < len(tickets); i++ {
			if n := len(tickets[i].Members); n <= left {
				chosen = append(chosen, tickets[i])
				if rec(i+1, left-n) {
					return true
				}
				chosen = chosen[:len(chosen)-1]
			}
		}
		return false
	}
	return rec(0, need)
}

// TestNothingIsMissed compares with trying all sets of tickets: where they make a full
// match, the matcher finds one. It is no exhaustive search itself, so it may miss one
// now and then where queries, roles, parties and windows go against each other; here it
// is counted how often.
func TestNothingIsMissed(t *testing.T) {
	t.Parallel()
	missed, found := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		tb := failing{t: t}
		md := someMode(t)
		md.Format.MinSize, md.Bots.Enabled, md.Timeout = md.Format.Size, false, 0
		tickets := someTickets(t, md, rapid.IntRange(2, 11).Draw(t, "n"))
		m := mustNew(tb, md)
		mustAdd(tb, m, tickets...)
		r := m.Pass(epoch)
		var left []*store.Ticket
		for i := range tickets {
			if m.tickets[tickets[i].ID] != nil {
				left = append(left, &tickets[i])
			}
		}
		found += len(r.Matches)
		if subsets(left, md.Format.Players(), func(x []*store.Ticket) bool { return allowed(m, x, epoch) }) {
			missed++
		}
	})
	t.Logf("missed %d, found %d", missed, found)
	if missed*50 > found {
		t.Errorf("missed %d, found %d", missed, found)
	}
}

// TestPacksBest: where nothing but ratings counts, as many are matched as can be, and
// with the least spread in all, compared with all ways to do it.
func TestPacksBest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tb := failing{t: t}
		md := mode.New("plain")
		md.Format = mode.Format{Teams: 2, Size: rapid.IntRange(1, 2).Draw(t, "size")}
		md.Format.MinSize = md.Format.Size
		md.Rating.Window = mode.Window{Base: 30}
		var mus []float64
		m := mustNew(tb, md)
		for i := range rapid.IntRange(0, 9).Draw(t, "n") {
			mus = append(mus, float64(rapid.IntRange(1000, 1150).Draw(t, "mu")))
			mustAdd(tb, m, solo(fmt.Sprint(i), mus[i], epoch))
		}
		got := len(m.Pass(epoch).Matches)
		slices.Sort(mus)
		k := md.Format.Players()
		var most func(left []float64) int
		most = func(left []float64) int {
			if len(left) < k {
				return 0
			}
			best := most(left[1:]) // without the first
			// The first with any others: bits are which.
			for bits := range 1 << (len(left) - 1) {
				var rest []float64
				n, top := 1, left[0]
				for i, x := range left[1:] {
					if bits>>i&1 != 0 {
						n, top = n+1, x
					} else {
						rest = append(rest, x)
					}
				}
				if n == k && top-left[0] <= 30 {
					best = max(best, 1+most(rest))
				}
			}
			return best
		}
		if want := most(mus); got != want {
			t.Fatalf("%d matches of %v, %d are possible", got, mus, want)
		}
	})
}

// TestFair: nobody is left while one who came later, by a second or more, sits where
// it could sit.
func TestFair(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tb := failing{t: t}
		md := someMode(t)
		md.Format.MinSize, md.Bots.Enabled, md.Timeout = md.Format.Size, false, 0
		tickets := someTickets(t, md, rapid.IntRange(0, 25).Draw(t, "n"))
		all := byID(tickets)
		m := mustNew(tb, md)
		mustAdd(tb, m, tickets...)
		r := m.Pass(epoch)
		for id, tk := range all {
			if m.tickets[id] == nil {
				continue
			}
			for _, x := range r.Matches {
				for k, other := range x.Tickets {
					o := all[other]
					if len(o.Members) != len(tk.Members) || o.Since.Sub(tk.Since) < later || len(latencyOf(tk)) == 0 {
						continue
					}
					var set []*store.Ticket
					for n, id := range x.Tickets {
						if n == k {
							set = append(set, tk)
						} else {
							set = append(set, all[id])
						}
					}
					if allowedIn(m, set, epoch, x.Region) {
						t.Fatalf("%s is left, and %s has a slot for it in %+v", id, other, x)
					}
				}
			}
		}
	})
}

// allowedIn is allowed in one region.
func allowedIn(m *Matcher, tickets []*store.Ticket, now time.Time, region string) bool {
	r, ok := m.regionIndex[region]
	if !ok {
		return false
	}
	for _, t := range tickets {
		latency := latencyOf(t)
		if d, near := latency[region]; len(latency) > 0 && (!near || float64(d)/1e6 > m.caps[r].At(now.Sub(t.Since))) {
			return false
		}
	}
	return allowed(m, tickets, now)
}
