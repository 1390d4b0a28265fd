package match

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// explained gathers explanations.
type explained struct {
	testing.TB
	*Matcher
	strings.Builder
}

// in begins anew, with a mode.
func (x *explained) in(md mode.Mode) { x.Matcher = mustNew(x.TB, md) }

func ago(seconds int) time.Time { return epoch.Add(-time.Duration(seconds) * time.Second) }

// waits adds a ticket of one player, with latencies.
func (x *explained) waits(id string, mu float64, age int, change func(*store.Ticket)) {
	t := solo(id, mu, ago(age))
	t.Members[0].Latency = map[string]time.Duration{"eu": 30 * time.Millisecond, "us": 120 * time.Millisecond}
	if change != nil {
		change(&t)
	}
	mustAdd(x.TB, x.Matcher, t)
}

// explain writes the explanation of a ticket below a title.
func (x *explained) explain(title, id string) {
	e, ok, _ := x.Explain(context.Background(), id, epoch)
	if !ok {
		x.Fatalf("%s does not wait", id)
	}
	fmt.Fprintf(x, "# %s\n%s\n", title, e)
	if _, err := json.Marshal(e); err != nil {
		x.Error(err)
	}
}

// TestExplainText compares with testdata/explain.txt.
func TestExplainText(t *testing.T) {
	t.Parallel()
	x := &explained{TB: t}
	explainReasons(x)
	explainFew(x)
	explainParties(x)
	const path = "testdata/explain.txt"
	want, err := os.ReadFile(path)
	if err != nil && os.Getenv("UPDATE") == "" {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), x.String()); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
		if os.Getenv("UPDATE") != "" {
			_ = os.WriteFile(path, []byte(x.String()), 0o600)
		}
	}
}

// withBots is a mode whose explanations have the most to say.
func withBots() mode.Mode {
	md := mixedMode()
	md.Format.MinSize = 5
	md.Bots = mode.Bots{Enabled: true, After: time.Minute, Max: 9, MinPlayers: 1}
	return md
}

func explainReasons(x *explained) {
	x.in(withBots())
	x.waits("me", 1500, 14, func(t *store.Ticket) {
		t.Query = "level > 10"
		t.Attributes = map[string]any{"level": 12.0}
	})
	good := func(t *store.Ticket) { t.Attributes = map[string]any{"level": 20.0} }
	for i := range 3 {
		x.waits(fmt.Sprint("good", i), 1510, 14, good)
	}
	x.waits("low", 1500, 14, func(t *store.Ticket) { t.Attributes = map[string]any{"level": 2.0} })
	x.waits("picky", 1500, 14, func(t *store.Ticket) { good(t); t.Query = "level > 12" })
	x.waits("far", 1650, 20, good)
	x.waits("further", 1700, 20, good)
	x.waits("farthest", 2500, 20, good)
	x.waits("fresh", 1605, 1, good)
	x.waits("abroad", 1500, 14, func(t *store.Ticket) {
		good(t)
		t.Members[0].Latency = map[string]time.Duration{"us": 100 * time.Millisecond}
	})
	for i := range 3 {
		x.waits(fmt.Sprint("tired", i), 1640, 30, good)
	}
	x.explain("many reasons", "me")
}

func explainFew(x *explained) {
	x.in(withBots())
	x.waits("alone", 1500, 2, nil)
	x.explain("alone", "alone")
	x.waits("late", 1500, 300, nil)
	x.explain("late", "late")

	roles := func(r ...string) func(*store.Ticket) { return func(t *store.Ticket) { t.Members[0].Roles = r } }
	x.in(withBots())
	for i := range 12 {
		x.waits(fmt.Sprint(i), 1500, 2, roles("damage"))
	}
	x.waits("tank", 1500, 2, roles("tank"))
	x.explain("nobody heals", "tank")
}

func explainParties(x *explained) {
	plain := mode.New("squads")
	plain.Format = mode.Format{Teams: 2, Size: 4, MinSize: 3, StartAfter: 30 * time.Second}
	plain.Party.Max = 4
	plain.Rating.Window = mode.Window{Base: 100, Steps: []mode.Step{{After: 10 * time.Second, To: 200}}}
	plain.Timeout = 0
	x.in(plain)
	mustAdd(x.TB, x.Matcher, party("three", ago(2), 1500, 1500, 1500), party("pair", ago(2), 1500, 1500), party("two", ago(2), 1500, 1500), solo("high", 1650, ago(2)))
	x.explain("steps", "three")

	x.in(plain)
	mustAdd(x.TB, x.Matcher, party("four", ago(2), 1500, 1500, 1500, 1500), party("trio", ago(2), 1500, 1500, 1500), party("more", ago(2), 1500, 1500, 1500), solo("one", 1650, ago(12)))
	x.explain("shapes", "trio")
	x.explain("wide enough", "one")
}

// TestExplainCounts compares the counts with trying each pair, and the time at which
// there are enough with trying each second.
func TestExplainCounts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tb := failing{t: t}
		md := someMode(t)
		md.Format.MinSize, md.Bots.Enabled = md.Format.Size, false
		tickets := someTickets(t, md, rapid.IntRange(1, 20).Draw(t, "n"))
		if len(tickets) == 0 {
			return
		}
		m := mustNew(tb, md)
		mustAdd(tb, m, tickets...)
		me := &tickets[0]
		suitable := func(now time.Time) int {
			n := 0
			for i := range tickets[1:] {
				if o := &tickets[i+1]; together(m, me, o, now) {
					n += len(o.Members)
				}
			}
			return n
		}
		x, ok, err := m.Explain(context.Background(), me.ID, epoch)
		if !ok || err != nil {
			t.Fatal("it does not wait", err)
		}
		excluded := 0
		for _, r := range slices.Collect(maps.Keys(x.Excluded)) {
			excluded += x.Excluded[r]
			if x.Only[r] > x.Excluded[r] {
				t.Fatalf("%+v", x)
			}
		}
		if x.Suitable != suitable(epoch) || x.Suitable+excluded != x.Waiting {
			t.Fatalf("%d are suitable, not %+v", suitable(epoch), x)
		}
		need := md.Format.Players() - len(me.Members)
		if x.Suitable >= need {
			return
		}
		if x.Enough == nil {
			if n := suitable(epoch.Add(24 * time.Hour)); n >= need {
				t.Fatalf("there are %d in the end", n)
			}
			return
		}
		if n := suitable(epoch.Add(x.Enough.In)); n < need || n != x.Enough.Players {
			t.Fatalf("there are %d in %v, not %d", n, x.Enough.In, x.Enough.Players)
		}
		if n := suitable(epoch.Add(x.Enough.In - time.Millisecond)); n >= need {
			t.Fatalf("there are %d a moment before %v", n, x.Enough.In)
		}
		if _, ok, err := m.Explain(context.Background(), "nobody", epoch); ok || err != nil {
			t.Fatal("nobody waits")
		}
	})
}

// together reports in the matcher's own terms whether two tickets may be in one group.
func together(m *Matcher, a, b *store.Ticket, now time.Time) bool {
	p := &pass{m: m, packings: map[packing]bool{}}
	p.group = group{p: p, roles: make(demand, len(m.quota))}
	for _, t := range []*store.Ticket{a, b} {
		e, err := m.newEntry(t)
		if err != nil {
			return false
		}
		p.cands = append(p.cands, m.cand(e, now.UnixNano()))
	}
	g := &p.group
	return g.begin(0, shape{m.mode.Format.Teams, m.mode.Format.Size}, everywhere) && g.add(1)
}
