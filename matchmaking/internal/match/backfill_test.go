package match

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tickroom/tickroom/matchmaking/internal/rating"
	"github.com/tickroom/tickroom/matchmaking/mode"
)

func backfilled() mode.Mode {
	md := fives()
	md.Backfill = mode.Backfill{Enabled: true, After: 5 * time.Second, MaxAge: 10 * time.Minute}
	return md
}

func rated(mus ...float64) []rating.Rating {
	var out []rating.Rating
	for _, mu := range mus {
		out = append(out, rating.Rating{Mu: mu, Sigma: 80})
	}
	return out
}

func TestBackfill(t *testing.T) {
	t.Parallel()
	ago := func(d time.Duration) time.Time { return epoch.Add(-d) }
	old := func(id string, mu float64) Ticket { return solo(id, mu, ago(10*time.Second)) }
	pair := old("pair", 1500)
	pair.Players = append(pair.Players, Player{ID: "second", Rating: rating.Rating{Mu: 1500, Sigma: 80}})
	shy := old("shy", 1500)
	shy.NoBackfill = true
	picky := old("picky", 1500)
	picky.Query = compile(t, `map == "castle"`)
	room := func(change func(*Room)) Room {
		r := Room{
			ID: "r", Since: ago(time.Minute), Attributes: map[string]any{"map": "harbour"},
			Teams: []RoomTeam{{Players: rated(1500, 1510, 1520, 1500), Free: 1}, {Players: rated(1490, 1500, 1500), Free: 2}},
		}
		if change != nil {
			change(&r)
		}
		return r
	}
	for _, tt := range []struct {
		name    string
		mode    func(*mode.Mode)
		room    func(*Room)
		tickets []Ticket
		want    string // tickets and teams
		left    int    // seats asked for after that
	}{
		{"one each", nil, nil, []Ticket{old("a", 1500), old("b", 1500), old("c", 1510), old("d", 1500)}, "a1 b1 c0", 0},
		{"the oldest first", nil, nil, []Ticket{old("a", 1500), old("b", 1500), solo("x", 1500, ago(time.Minute)), old("c", 1500)}, "x1 a1 b0", 0},
		{"a pair", nil, nil, []Ticket{pair, old("x", 1500)}, "pair1 pair1 x0", 0},
		{"too fresh", nil, nil, []Ticket{solo("a", 1500, ago(4*time.Second))}, "", 3},
		{"too far", nil, nil, []Ticket{old("a", 1591), old("b", 1419)}, "", 3},
		{"just near", nil, nil, []Ticket{old("a", 1590), old("b", 1420)}, "a1", 2},
		{"shy", nil, nil, []Ticket{shy}, "", 3},
		{"picky", nil, nil, []Ticket{picky}, "", 3},
		{"picky room", nil, func(r *Room) { r.Query = compile(t, "players == 2") }, []Ticket{pair, old("a", 1500)}, "pair1 pair1", 1},
		{"old room", nil, func(r *Room) { r.Since = ago(time.Hour) }, []Ticket{old("a", 1500)}, "", 3},
		{"one at once", func(m *mode.Mode) { m.Backfill.MaxSeats = 1 }, nil, []Ticket{pair, old("a", 1500), old("b", 1500)}, "a1", 2},
		{"wide room", nil, func(r *Room) { r.Teams[0].Players[0].Mu = 1600 }, []Ticket{old("a", 1500), old("b", 1499)}, "a1", 2},
		{"nobody there", nil, func(r *Room) { r.Teams = []RoomTeam{{Free: 1}, {Free: 1}} }, []Ticket{old("a", 1500), old("b", 1601), old("c", 1600)}, "a0 c1", 0},
	} {
		md := backfilled()
		if tt.mode != nil {
			tt.mode(&md)
		}
		m := mustNew(t, md)
		mustAdd(t, m, tt.tickets...)
		if err := m.AddRoom(room(tt.room)); err != nil {
			t.Fatal(err)
		}
		r := m.Pass(epoch)
		var got []string
		for _, f := range r.Fills {
			for _, s := range f.Seats {
				got = append(got, s.Ticket+string(rune('0'+s.Team)))
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
		left := 0
		if o := m.rooms["r"]; o != nil {
			for _, team := range o.Teams {
				left += team.Free
			}
		}
		if left != tt.left || m.RemoveRoom("r") != (left > 0) {
			t.Errorf("%s: %d seats are left, want %d", tt.name, left, tt.left)
		}
	}
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
		x.Players[0].Roles = roles
		x.Latency = map[string]time.Duration{"us": near}
		mustAdd(t, m, x)
	}
	add("a", 30*time.Millisecond, "damage")
	add("b", 30*time.Millisecond, "damage", "healer")
	x := solo("c", 1500, since)
	x.Latency = map[string]time.Duration{"eu": 1}
	mustAdd(t, m, x)
	bad := Room{ID: "bad", Teams: []RoomTeam{{Free: 2, Roles: []string{"healer"}}}}
	if err := m.AddRoom(bad); !errors.Is(err, ErrTicket) {
		t.Error(err)
	}
	good := Room{ID: "r", Since: epoch, Region: "us", Teams: []RoomTeam{{Players: rated(1500), Free: 2, Roles: []string{"healer", "tank"}}}}
	if err := m.AddRoom(good); err != nil {
		t.Fatal(err)
	}
	if err := m.AddRoom(good); !errors.Is(err, ErrExists) {
		t.Error(err)
	}
	r := m.Pass(epoch)
	if len(r.Fills) != 1 || !slices.Equal(r.Fills[0].Tickets, []string{"b"}) || r.Fills[0].Seats[0].Role != "healer" {
		t.Errorf("%+v", r.Fills)
	}
	if len(good.Teams[0].Roles) != 2 {
		t.Error("what was given was changed")
	}
	if err := mustNew(t, fives()).AddRoom(good); !errors.Is(err, ErrTicket) {
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
		all := map[string]Ticket{}
		for i := range rapid.IntRange(0, 12).Draw(t, "n") {
			x := solo(string(rune('a'+i)), float64(rapid.IntRange(1400, 1600).Draw(t, "mu")), epoch.Add(-time.Duration(rapid.IntRange(0, 20).Draw(t, "age"))*time.Second))
			all[x.ID] = x
			mustAdd(tb, m, x)
		}
		inside := rated(1480, float64(rapid.IntRange(1480, 1560).Draw(t, "in")))
		if err := m.AddRoom(Room{ID: "r", Since: epoch, Teams: []RoomTeam{{Players: inside, Free: 3}, {Free: 4}}}); err != nil {
			t.Fatal(err)
		}
		for _, f := range m.Pass(epoch).Fills {
			mus := []float64{inside[0].Mu, inside[1].Mu}
			for _, id := range f.Tickets {
				mus = append(mus, all[id].Players[0].Rating.Mu)
			}
			for _, id := range f.Tickets {
				limit := md.Rating.Window.At(epoch.Sub(all[id].Since))
				for _, mu := range mus {
					if math.Abs(mu-all[id].Players[0].Rating.Mu) > limit {
						t.Fatalf("%s allows %v in %v", id, limit, mus)
					}
				}
			}
		}
	})
}
