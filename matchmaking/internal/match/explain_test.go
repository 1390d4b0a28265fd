package match

import (
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

// TestExplainText compares with testdata/explain.txt.
func TestExplainText(t *testing.T) {
	t.Parallel()
	md := mixedMode()
	md.Format.MinSize = 5
	md.Bots = mode.Bots{Enabled: true, After: time.Minute, Max: 9, MinPlayers: 1}
	ago := func(s int) time.Time { return epoch.Add(-time.Duration(s) * time.Second) }
	ms := time.Millisecond
	near := map[string]time.Duration{"eu": 30 * ms, "us": 120 * ms}
	add := func(m *Matcher, id string, mu float64, age int, change func(*store.Ticket)) {
		x := solo(id, mu, ago(age))
		x.Members[0].Latency = near
		if change != nil {
			change(&x)
		}
		mustAdd(t, m, x)
	}
	roles := func(r ...string) func(*store.Ticket) { return func(x *store.Ticket) { x.Members[0].Roles = r } }
	var got strings.Builder
	say := func(title string, m *Matcher, id string) {
		x, ok := m.Explain(id, epoch)
		if !ok {
			t.Fatalf("%s does not wait", id)
		}
		fmt.Fprintf(&got, "# %s\n%s\n", title, x)
		if _, err := json.Marshal(x); err != nil {
			t.Error(err)
		}
	}

	m := mustNew(t, md)
	add(m, "me", 1500, 14, func(x *store.Ticket) {
		x.Query = "level > 10"
		x.Attributes = map[string]any{"level": 12.0}
	})
	good := func(x *store.Ticket) { x.Attributes = map[string]any{"level": 20.0} }
	for i := range 3 {
		add(m, fmt.Sprint("good", i), 1510, 14, good)
	}
	add(m, "low", 1500, 14, func(x *store.Ticket) { x.Attributes = map[string]any{"level": 2.0} })
	add(m, "picky", 1500, 14, func(x *store.Ticket) { good(x); x.Query = "level > 12" })
	add(m, "far", 1650, 20, good)
	add(m, "further", 1700, 20, good)
	add(m, "farthest", 2500, 20, good)
	add(m, "fresh", 1605, 1, good)
	add(m, "abroad", 1500, 14, func(x *store.Ticket) { good(x); x.Members[0].Latency = map[string]time.Duration{"us": 100 * ms} })
	for i := range 3 {
		add(m, fmt.Sprint("tired", i), 1640, 30, good)
	}
	say("many reasons", m, "me")

	m = mustNew(t, md)
	add(m, "alone", 1500, 2, nil)
	say("alone", m, "alone")
	add(m, "late", 1500, 300, nil)
	say("late", m, "late")

	m = mustNew(t, md)
	for i := range 12 {
		add(m, fmt.Sprint(i), 1500, 2, roles("damage"))
	}
	add(m, "tank", 1500, 2, roles("tank"))
	say("nobody heals", m, "tank")

	plain := mode.New("squads")
	plain.Format = mode.Format{Teams: 2, Size: 4, MinSize: 3, StartAfter: 30 * time.Second}
	plain.Party.Max = 4
	plain.Rating.Window = mode.Window{Base: 100, Steps: []mode.Step{{After: 10 * time.Second, To: 200}}}
	plain.Timeout = 0
	m = mustNew(t, plain)
	mustAdd(t, m, party("three", ago(2), 1500, 1500, 1500), party("pair", ago(2), 1500, 1500), party("two", ago(2), 1500, 1500), solo("high", 1650, ago(2)))
	say("steps", m, "three")

	m = mustNew(t, plain)
	mustAdd(t, m, party("four", ago(2), 1500, 1500, 1500, 1500), party("trio", ago(2), 1500, 1500, 1500), party("more", ago(2), 1500, 1500, 1500), solo("one", 1650, ago(12)))
	say("shapes", m, "trio")
	say("wide enough", m, "one")

	const path = "testdata/explain.txt"
	want, err := os.ReadFile(path)
	if err != nil && os.Getenv("UPDATE") == "" {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
		if os.Getenv("UPDATE") != "" {
			_ = os.WriteFile(path, []byte(got.String()), 0o600)
		}
	}
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
		x, ok := m.Explain(me.ID, epoch)
		if !ok {
			t.Fatal("it does not wait")
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
		if n := suitable(epoch.Add(x.Enough.In)); n < need {
			t.Fatalf("there are %d in %v", n, x.Enough.In)
		}
		if n := suitable(epoch.Add(x.Enough.In - time.Millisecond)); n >= need {
			t.Fatalf("there are %d a moment before %v", n, x.Enough.In)
		}
		if _, ok := m.Explain("nobody", epoch); ok {
			t.Fatal("nobody waits")
		}
	})
}

// together tells in the matcher's own terms whether two tickets may be in one group.
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
