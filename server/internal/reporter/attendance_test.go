package reporter

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/world"
)

func duelOfTwo(t *testing.T) (*attendance, time.Time) {
	t.Helper()
	md := mode.New("pairs")
	md.Format = mode.Format{Teams: 2, Size: 2, MinSize: 2}
	md.Roles = []mode.Role{{Name: "tank", Count: 1}, {Name: "healer", Count: 1}}
	md.Backfill.Enabled = true
	md.Backfill.MaxAge = time.Hour
	now := time.Unix(1000, 0)
	slot := func(p, role string, mu float64) store.Slot {
		return store.Slot{Player: p, Role: role, Mu: mu, Sigma: 50}
	}
	m := store.Match{ID: "arena-1", Mode: "pairs", Created: now, Region: "eu", Teams: []store.Team{
		{Slots: []store.Slot{slot("a", "tank", 1000), slot("b", "healer", 1100)}},
		{Slots: []store.Slot{slot("c", "tank", 1200), slot("", "healer", 0)}},
	}}
	return newAttendance(m, &md, 30*time.Second, now), now
}

func TestBackfillOfThoseWhoDoNotCome(t *testing.T) {
	t.Parallel()
	a, now := duelOfTwo(t)
	a.joined("a", now)
	a.joined("c", now)
	if b := a.backfill(now.Add(29 * time.Second)); b != nil {
		t.Errorf("b may come still, yet: %+v", b)
	}
	got := a.backfill(now.Add(30 * time.Second))
	want := &store.Backfill{Room: "arena-1", Queue: "pairs", Since: now, Region: "eu", Teams: []store.BackfillTeam{
		{Mu: []float64{1000}, Sigma: []float64{50}, Free: 1, Roles: []string{"healer"}},
		{Mu: []float64{1200}, Sigma: []float64{50}},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	// The slot is given to somebody, who may take a while too.
	m := a.match
	m.Teams[0].Slots = append(m.Teams[0].Slots, store.Slot{Player: "d", Role: "healer", Mu: 1050, Sigma: 50})
	if later := now.Add(40 * time.Second); !a.update(m, later) || a.backfill(later) != nil {
		t.Errorf("after d was put in: %+v", a.backfill(later))
	}
	// b comes after all: there is no third slot, and nobody is asked for.
	a.joined("b", now.Add(41*time.Second))
	a.joined("d", now.Add(42*time.Second))
	if b := a.backfill(now.Add(2 * time.Minute)); b != nil {
		t.Errorf("the team is full: %+v", b)
	}
}

func TestBackfillOfThoseWhoLeave(t *testing.T) {
	t.Parallel()
	a, now := duelOfTwo(t)
	for _, p := range []string{"a", "b", "c"} {
		a.joined(p, now)
	}
	if b := a.backfill(now.Add(time.Minute)); b != nil {
		t.Errorf("all are there: %+v", b)
	}
	a.left("c")
	b := a.backfill(now.Add(time.Minute))
	if b == nil || b.Teams[1].Free != 1 || len(b.Teams[1].Mu) != 0 || b.Teams[1].Roles[0] != "tank" {
		t.Errorf("c has left: %+v", b)
	}
	if b := a.backfill(now.Add(2 * time.Hour)); b != nil {
		t.Errorf("the room is too old: %+v", b)
	}
	a.mode.Backfill.Enabled = false
	if b := a.backfill(now.Add(time.Minute)); b != nil {
		t.Errorf("the mode has no backfill: %+v", b)
	}
}

func TestBackfillOfEverybodyForItself(t *testing.T) {
	t.Parallel()
	md := mode.New("royale")
	md.Format = mode.Format{FreeForAll: true, Teams: 1, Size: 4, MinSize: 2}
	md.Backfill.Enabled = true
	now := time.Unix(1000, 0)
	m := store.Match{ID: "r", Created: now, Teams: []store.Team{
		{Slots: []store.Slot{{Player: "a", Mu: 1}}}, {Slots: []store.Slot{{Player: "b", Mu: 2}}},
	}}
	a := newAttendance(m, &md, time.Minute, now)
	b := a.backfill(now)
	if b == nil || len(b.Teams) != 1 || b.Teams[0].Free != 2 || len(b.Teams[0].Mu) != 2 {
		t.Errorf("%+v", b)
	}
}

// TestResultOfAll has players who left and who never came.
func TestResultOfAll(t *testing.T) {
	t.Parallel()
	a, now := duelOfTwo(t)
	a.joined("a", now)
	a.joined("b", now)
	a.left("b")
	got, absent := a.result(world.Result{Teams: []world.TeamResult{{Rank: 1, Players: []world.PlayerResult{{PlayerID: "a"}}}}})
	want := world.Result{Teams: []world.TeamResult{
		{Rank: 1, Players: []world.PlayerResult{{PlayerID: "a"}, {PlayerID: "b", Left: true}}},
		{Rank: 2, Players: []world.PlayerResult{{PlayerID: "c"}}},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]bool{"c": true}, absent); d != "" {
		t.Error(d)
	}
}
