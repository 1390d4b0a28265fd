package match

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickroom/tickroom/matchmaking/internal/query"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// party returns a ticket of several players.
func party(id string, since time.Time, mus ...float64) store.Ticket {
	t := store.Ticket{ID: id, Since: since}
	for k, mu := range mus {
		t.Members = append(t.Members, store.Member{Player: fmt.Sprint(id, k), Mu: mu, Sigma: 80})
	}
	return t
}

func TestRefused(t *testing.T) {
	t.Parallel()
	md := mixedMode()
	md.Rating.Party = mode.Each
	md.Party.Max = 3
	md.Latency.Regions = []mode.Region{{Name: "eu"}, {Name: "us"}}
	near := map[string]time.Duration{"eu": 30 * time.Millisecond}
	two := party("x", epoch, 1500, 1500)
	two.Members[0].Roles, two.Members[1].Roles = []string{"tank"}, []string{"tank", "bard"}
	bard := solo("x", 1500, epoch)
	bard.Members[0].Roles = []string{"bard"}
	far, negative, elsewhere := solo("x", 1500, epoch), solo("x", 1500, epoch), solo("x", 1500, epoch)
	far.Members[0].Latency = map[string]time.Duration{"eu": 161 * time.Millisecond}
	negative.Members[0].Latency = map[string]time.Duration{"eu": -1}
	elsewhere.Members[0].Latency = map[string]time.Duration{"mars": 1}
	good := solo("good", 1500, epoch)
	good.Members[0].Latency = near
	m := mustNew(t, md)
	mustAdd(t, m, good)
	for _, tt := range []struct {
		t    store.Ticket
		want string
	}{
		{solo("", 1500, epoch), "no id"},
		{store.Ticket{ID: "x"}, "no players"},
		{party("x", epoch, 1, 1, 1, 1), "the party has 4 players; mixed takes parties of at most 3"},
		{solo("x", math.NaN(), epoch), "has the rating"},
		{party("x", epoch, 1000, 1301), "ratings are 301 apart; mixed allows 300 in the end"},
		{two, "2 players of the party accept only tank, of which a team has 1"},
		{bard, "player px accepts none of the roles of mixed"},
		{far, "no region is near enough for mixed, which allows 160 ms in the end"},
		{negative, "its latency to eu is -1ns"},
		{elsewhere, "no region is near enough"},
		{good, "the id is taken: ticket good"},
	} {
		err := m.Add(&tt.t)
		if err == nil || !strings.Contains(err.Error(), tt.want) || !errors.Is(err, ErrTicket) && !errors.Is(err, ErrExists) {
			t.Errorf("%v, want %s", err, tt.want)
		}
	}
	if m.Len() != 1 || m.Remove("x") || !m.Remove("good") || m.Len() != 0 {
		t.Error("what waits is not what was added")
	}
	if _, err := New(mode.Mode{Name: "none"}); err == nil {
		t.Error("a mode that makes no sense is taken")
	}
}

// TestBalance: teams are as even as ten players allow, and parties face parties.
func TestBalance(t *testing.T) {
	t.Parallel()
	md := fives()
	md.Rating.Window = mode.Window{Base: 1000}
	m := mustNew(t, md)
	for i, mu := range []float64{1000, 1100, 1200, 1300, 1400, 1500, 1600, 1700, 1800, 1900} {
		mustAdd(t, m, solo(fmt.Sprint(i), mu, epoch))
	}
	// The sums are 100 apart at least.
	x := m.Pass(epoch).Matches[0]
	if q := x.Parts; math.Abs(x.Teams[0].Win-0.5) > 0.1 || q.Balance < 0.8 || q.Party != 1 {
		t.Errorf("%+v", x)
	}
	if x.Spread != 900 || x.Gap != 900 || x.Window != 1000 {
		t.Errorf("%+v", x)
	}

	m = mustNew(t, md)
	mustAdd(t, m, party("a", epoch, 1500, 1500), party("b", epoch, 1500, 1500))
	for i := range 6 {
		mustAdd(t, m, solo(fmt.Sprint(i), 1500, epoch))
	}
	x = m.Pass(epoch).Matches[0]
	if x.Parts.Party != 1 {
		t.Errorf("both parties are in one team: %+v", x.Teams)
	}

	// Many teams.
	md.Format = mode.Format{Teams: 4, Size: 3, MinSize: 3}
	md.Party.Max = 3
	m = mustNew(t, md)
	for i := range 12 {
		mustAdd(t, m, solo(fmt.Sprintf("%02d", i), 1000+50*float64(i), epoch))
	}
	x = m.Pass(epoch).Matches[0]
	for _, team := range x.Teams {
		if math.Abs(team.Win-0.25) > 0.04 {
			t.Errorf("%+v", x.Teams)
		}
	}
}

func TestRolePreference(t *testing.T) {
	t.Parallel()
	md := fives()
	md.Format = mode.Format{Teams: 2, Size: 2, MinSize: 2}
	md.Roles = []mode.Role{{Name: "tank", Count: 1}, {Name: "healer", Count: 1}}
	md.Party.Max = 2
	m := mustNew(t, md)
	for id, roles := range map[string][]string{"a": {"tank", "healer"}, "b": {"healer", "tank"}, "c": {"tank"}, "d": {"tank", "healer"}} {
		x := solo(id, 1500, epoch)
		x.Members[0].Roles = roles
		mustAdd(t, m, x)
	}
	x := m.Pass(epoch).Matches[0]
	got := map[string]string{}
	for _, team := range x.Teams {
		for _, s := range team.Slots {
			got[s.Ticket] = s.Role
		}
	}
	if got["b"] != "healer" || got["c"] != "tank" {
		t.Errorf("%v", got)
	}
}

// TestSmaller: with fewer players, and with bots, after a while.
func TestSmaller(t *testing.T) {
	t.Parallel()
	md := mode.New("royale")
	md.Format = mode.Format{FreeForAll: true, Teams: 1, Size: 8, MinSize: 4, StartAfter: 20 * time.Second}
	md.Bots = mode.Bots{Enabled: true, After: 40 * time.Second, Max: 6, MinPlayers: 2}
	md.Timeout = time.Minute
	for _, tt := range []struct {
		players         int
		wait            time.Duration
		slots, bots, to int
	}{
		{8, 0, 8, 0, 0}, {7, 0, 0, 0, 0}, {7, 20 * time.Second, 7, 0, 0}, {4, 19 * time.Second, 0, 0, 0}, {4, 20 * time.Second, 4, 0, 0},
		{3, 39 * time.Second, 0, 0, 0}, {3, 40 * time.Second, 8, 5, 0}, {2, 40 * time.Second, 8, 6, 0}, {1, 59 * time.Second, 0, 0, 0}, {1, time.Minute, 0, 0, 1},
	} {
		m := mustNew(t, md)
		for i := range tt.players {
			wait := time.Duration(0)
			if i == 0 {
				wait = tt.wait
			}
			mustAdd(t, m, solo(fmt.Sprint(i), 1500+float64(i), epoch.Add(-wait)))
		}
		r := m.Pass(epoch)
		slots, bots := 0, 0
		for _, x := range r.Matches {
			slots, bots = slots+len(x.Teams), bots+x.Bots
		}
		if slots != tt.slots || bots != tt.bots || len(r.TimedOut) != tt.to {
			t.Errorf("%+v: %+v", tt, r)
		}
	}
}

// TestOldestFirst: where there are too many, the youngest is left.
func TestOldestFirst(t *testing.T) {
	t.Parallel()
	md := mode.New("duel")
	m := mustNew(t, md)
	mustAdd(t, m, solo("old", 1500, epoch.Add(-9*time.Second)), solo("mid", 1520, epoch.Add(-5*time.Second)), solo("new", 1521, epoch))
	r := m.Pass(epoch)
	if len(r.Matches) != 1 || !slices.Equal(r.Matches[0].Tickets, []string{"old", "mid"}) {
		t.Errorf("%+v", r)
	}
}

// TestNearestRegion: everybody plays where it is nearest if there are enough.
func TestNearestRegion(t *testing.T) {
	t.Parallel()
	m := mustNew(t, mode.New("duel"))
	for i := range 8 {
		x := solo(fmt.Sprint(i), 1500+float64(i), epoch)
		latency := map[string]time.Duration{"eu": 20 * time.Millisecond, "us": 90 * time.Millisecond}
		if i%2 == 1 {
			latency["eu"], latency["us"] = latency["us"], latency["eu"]
		}
		x.Members[0].Latency = latency
		mustAdd(t, m, x)
	}
	for _, x := range m.Pass(epoch).Matches {
		if x.Latency != 20*time.Millisecond || x.Region == "" {
			t.Errorf("%+v", x)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	md := mode.New("duel")
	md.Format = mode.Format{Teams: 2, Size: 3, MinSize: 3}
	md.Party.Max = 3
	md.Rating.Party = mode.Each
	md.Rating.Window = mode.Window{Base: 100}
	md.Latency.Cap.Base = 100
	md.Roles = []mode.Role{{Name: "tank", Count: 1}, {Name: "damage", Count: 2}}
	ms := func(x map[string]int) map[string]time.Duration {
		out := map[string]time.Duration{}
		for k, v := range x {
			out[k] = time.Duration(v) * time.Millisecond
		}
		return out
	}
	for _, c := range []struct {
		name   string
		change func(*store.Ticket)
		want   string // part of the error; "": there is none
	}{
		{"good", func(*store.Ticket) {}, ""},
		{"all of it", func(x *store.Ticket) {
			x.Attributes = map[string]any{"level": 3.0, "map": "small", "fast": true, "tags": []string{"a"}}
			x.Query = `level in 1..5 and tags has "a"`
			x.Members[0].Roles, x.Members[1].Roles = []string{"tank"}, []string{"damage"}
			x.Members[0].Latency = ms(map[string]int{"eu": 20, "us": 300})
		}, ""},
		{"nobody", func(x *store.Ticket) { x.Members = nil }, "it has no players"},
		{"too many", func(x *store.Ticket) { x.Members = append(x.Members, x.Members...) }, "the party has 4 players; duel takes parties of at most 3"},
		{"too far apart", func(x *store.Ticket) { x.Members[1].Mu = 1700 }, "its players' ratings are 200 apart; duel allows 100 in the end"},
		{"no rating", func(x *store.Ticket) { x.Members[1].Mu = math.NaN() }, "player b has the rating"},
		{"two of one role", func(x *store.Ticket) {
			x.Members[0].Roles, x.Members[1].Roles = []string{"tank"}, []string{"tank"}
		}, "2 players of the party accept only tank, of which a team has 1"},
		{"no such role", func(x *store.Ticket) { x.Members[0].Roles = []string{"bard"} }, "player a accepts none of the roles of duel"},
		{"too far away", func(x *store.Ticket) { x.Members[0].Latency = ms(map[string]int{"eu": 200}) }, "no region is near enough for duel, which allows 100 ms in the end"},
		{"one of them too far away", func(x *store.Ticket) {
			x.Members[0].Latency, x.Members[1].Latency = ms(map[string]int{"eu": 20}), ms(map[string]int{"eu": 200})
		}, "no region is near enough"},
		{"no region in common", func(x *store.Ticket) {
			x.Members[0].Latency, x.Members[1].Latency = ms(map[string]int{"eu": 20}), ms(map[string]int{"us": 20, "asia": 30})
		}, "there is no region that all of the party have a latency to; player b names asia, us"},
		{"an attribute", func(x *store.Ticket) { x.Attributes = map[string]any{"level": 3} }, `the attribute "level" is a int; it must be a number`},
		{"a query", func(x *store.Ticket) { x.Query = "level >" }, "its query: query 1:8: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := store.Ticket{ID: "x", Members: []store.Member{
				{Player: "a", Mu: 1500, Sigma: 100}, {Player: "b", Mu: 1550, Sigma: 100},
			}}
			c.change(&x)
			err := Check(md, &x)
			if c.want == "" && err == nil {
				return
			}
			if !errors.Is(err, ErrTicket) || c.want == "" || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if q := (*query.Error)(nil); errors.As(err, &q) != (c.name == "a query") {
				t.Errorf("the query is to blame: %v", q)
			}
		})
	}
	if err := Check(mode.Mode{}, &store.Ticket{}); err == nil || errors.Is(err, ErrTicket) {
		t.Errorf("of a mode that makes no sense: %v", err)
	}
}

func TestTheWorstLatencyCounts(t *testing.T) {
	t.Parallel()
	one := map[string]time.Duration{"eu": 20, "us": 90, "asia": 200}
	got, err := worst([]store.Member{{}, {Latency: one}, {}, {Latency: map[string]time.Duration{"eu": 30, "us": 80, "sa": 1}}})
	if err != nil || len(got) != 2 || got["eu"] != 30 || got["us"] != 90 {
		t.Errorf("got %v, %v", got, err)
	}
	if len(one) != 3 || one["eu"] != 20 {
		t.Error("a member's map was changed")
	}
	if got, err := worst([]store.Member{{}, {}}); got != nil || err != nil {
		t.Errorf("of those who don't care: %v, %v", got, err)
	}
}
