package match

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
)

func backfilled() mode.Mode {
	md := fives()
	md.Backfill = mode.Backfill{Enabled: true, After: 5 * time.Second, MaxAge: 10 * time.Minute}
	return md
}

// manned returns a team with players of such ratings.
func manned(free int, roles []string, mus ...float64) store.BackfillTeam {
	t := store.BackfillTeam{Mu: mus, Free: free, Roles: roles}
	for range mus {
		t.Sigma = append(t.Sigma, 80)
	}
	return t
}

func TestBackfill(t *testing.T) {
	t.Parallel()
	ago := func(d time.Duration) time.Time { return epoch.Add(-d) }
	old := func(id string, mu float64) store.Ticket { return solo(id, mu, ago(10*time.Second)) }
	pair := old("pair", 1500)
	pair.Members = append(pair.Members, store.Member{Player: "second", Mu: 1500, Sigma: 80})
	shy := old("shy", 1500)
	shy.NoBackfill = true
	picky := old("picky", 1500)
	picky.Query = `map == "castle"`
	room := func(change func(*store.Backfill)) store.Backfill {
		r := store.Backfill{
			ID: "r", Since: ago(time.Minute), Attributes: map[string]any{"map": "harbour"},
			Teams: []store.BackfillTeam{manned(1, nil, 1500, 1510, 1520, 1500), manned(2, nil, 1490, 1500, 1500)},
		}
		if change != nil {
			change(&r)
		}
		return r
	}
	for _, tt := range []struct {
		name    string
		mode    func(*mode.Mode)
		room    func(*store.Backfill)
		tickets []store.Ticket
		want    string // tickets and teams
		left    int    // slots asked for after that
	}{
		{"one each", nil, nil, []store.Ticket{old("a", 1500), old("b", 1500), old("c", 1510), old("d", 1500)}, "a1 b1 c0", 0},
		{"the oldest first", nil, nil, []store.Ticket{old("a", 1500), old("b", 1500), solo("x", 1500, ago(time.Minute)), old("c", 1500)}, "x1 a1 b0", 0},
		{"a pair", nil, nil, []store.Ticket{pair, old("x", 1500)}, "pair1 pair1 x0", 0},
		{"too fresh", nil, nil, []store.Ticket{solo("a", 1500, ago(4*time.Second))}, "", 3},
		{"too far", nil, nil, []store.Ticket{old("a", 1591), old("b", 1419)}, "", 3},
		{"just near", nil, nil, []store.Ticket{old("a", 1590), old("b", 1420)}, "a1", 2},
		{"shy", nil, nil, []store.Ticket{shy}, "", 3},
		{"picky", nil, nil, []store.Ticket{picky}, "", 3},
		{"picky room", nil, func(r *store.Backfill) { r.Query = "players == 2" }, []store.Ticket{pair, old("a", 1500)}, "pair1 pair1", 1},
		{"old room", nil, func(r *store.Backfill) { r.Since = ago(time.Hour) }, []store.Ticket{old("a", 1500)}, "", 3},
		{"one at once", func(m *mode.Mode) { m.Backfill.MaxSeats = 1 }, nil, []store.Ticket{pair, old("a", 1500), old("b", 1500)}, "a1", 2},
		{"wide room", nil, func(r *store.Backfill) { r.Teams[0].Mu[0] = 1600 }, []store.Ticket{old("a", 1500), old("b", 1499)}, "a1", 2},
		{"nobody there", nil, func(r *store.Backfill) { r.Teams = []store.BackfillTeam{{Free: 1}, {Free: 1}} }, []store.Ticket{old("a", 1500), old("b", 1601), old("c", 1600)}, "a0 c1", 0},
	} {
		md := backfilled()
		if tt.mode != nil {
			tt.mode(&md)
		}
		got, left := filled(t, md, room(tt.room), tt.tickets)
		if got != tt.want || left != tt.left {
			t.Errorf("%s: %v and %d slots left, want %s and %d", tt.name, got, left, tt.want, tt.left)
		}
	}
}

// filled has a matcher look for players for a room, and returns their tickets and teams,
// and how many slots are asked for after that.
func filled(t *testing.T, md mode.Mode, r store.Backfill, tickets []store.Ticket) (got string, left int) {
	t.Helper()
	m := mustNew(t, md)
	mustAdd(t, m, tickets...)
	if err := m.AddBackfill(&r); err != nil {
		t.Fatal(err)
	}
	var joined []string
	for _, f := range m.Pass(epoch).Fills {
		for _, s := range f.Slots {
			joined = append(joined, s.Ticket+string(rune('0'+s.Team)))
		}
	}
	if o := m.requests["r"]; o != nil {
		for _, team := range o.Teams {
			left += team.Free
		}
	}
	if m.RemoveBackfill("r") != (left > 0) {
		t.Errorf("with %d slots left the request is there: %v", left, left == 0)
	}
	return strings.Join(joined, " "), left
}

func TestBackfillRoles(t *testing.T) {
	t.Parallel()
	md := backfilled()
	md.Roles = []mode.Role{{Name: "tank", Count: 1}, {Name: "healer", Count: 1}, {Name: "damage", Count: 3}}
	md.Latency.Regions = []mode.Region{{Name: "eu"}, {Name: "us"}}
	m := mustNew(t, md)
	since := epoch.Add(-time.Minute)
	add := func(id string, near time.Duration, roles ...string) {
		x := solo(id, 1500, since)
		x.Members[0].Roles = roles
		x.Members[0].Latency = map[string]time.Duration{"us": near}
		mustAdd(t, m, x)
	}
	add("a", 30*time.Millisecond, "damage")
	add("b", 30*time.Millisecond, "damage", "healer")
	x := solo("c", 1500, since)
	x.Members[0].Latency = map[string]time.Duration{"eu": 1}
	mustAdd(t, m, x)
	bad := store.Backfill{ID: "bad", Teams: []store.BackfillTeam{{Free: 2, Roles: []string{"healer"}}}}
	if err := m.AddBackfill(&bad); !errors.Is(err, ErrTicket) {
		t.Error(err)
	}
	good := store.Backfill{ID: "r", Since: epoch, Region: "us", Teams: []store.BackfillTeam{manned(2, []string{"healer", "tank"}, 1500)}}
	if err := m.AddBackfill(&good); err != nil {
		t.Fatal(err)
	}
	if err := m.AddBackfill(&good); !errors.Is(err, ErrExists) {
		t.Error(err)
	}
	r := m.Pass(epoch)
	if len(r.Fills) != 1 || !slices.Equal(r.Fills[0].Tickets, []string{"b"}) || r.Fills[0].Slots[0].Role != "healer" {
		t.Errorf("%+v", r.Fills)
	}
	if len(good.Teams[0].Roles) != 2 {
		t.Error("what was given was changed")
	}
	if err := mustNew(t, fives()).AddBackfill(&good); !errors.Is(err, ErrTicket) {
		t.Error(err)
	}
}

// TestBackfillWindows: whoever joins is within the window of each that joins.
func TestBackfillWindows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tb := failing{t: t}
		md := backfilled()
		md.Backfill.After = 0
		md.Rating.Window = mode.Window{Base: 40, Pace: 5, Cap: 150}
		m := mustNew(tb, md)
		all := map[string]store.Ticket{}
		for i := range rapid.IntRange(0, 12).Draw(t, "n") {
			x := solo(string(rune('a'+i)), float64(rapid.IntRange(1400, 1600).Draw(t, "mu")), epoch.Add(-time.Duration(rapid.IntRange(0, 20).Draw(t, "age"))*time.Second))
			all[x.ID] = x
			mustAdd(tb, m, x)
		}
		inside := []float64{1480, float64(rapid.IntRange(1480, 1560).Draw(t, "in"))}
		if err := m.AddBackfill(&store.Backfill{ID: "r", Since: epoch, Teams: []store.BackfillTeam{manned(3, nil, inside...), {Free: 4}}}); err != nil {
			t.Fatal(err)
		}
		for _, f := range m.Pass(epoch).Fills {
			mus := slices.Clone(inside)
			for _, id := range f.Tickets {
				mus = append(mus, all[id].Members[0].Mu)
			}
			for _, id := range f.Tickets {
				limit := md.Rating.Window.At(epoch.Sub(all[id].Since))
				for _, mu := range mus {
					if math.Abs(mu-all[id].Members[0].Mu) > limit {
						t.Fatalf("%s allows %v in %v", id, limit, mus)
					}
				}
			}
		}
	})
}
