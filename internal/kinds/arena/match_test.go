package arena

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	"github.com/tickroom/tickroom/world"
)

// seat lets a player of a match in.
func (r room) seat(id uint32, team int) (*world.Player, *ship) {
	r.t.Helper()
	p := &world.Player{Interest: world.NewInterest(r.World), ID: id, PlayerID: fmt.Sprint("p", id), Team: team, InMatch: true}
	if err := r.game.Join(p, nil); err != nil {
		r.t.Fatal(err)
	}
	return p, p.Data.(*ship)
}

func TestMatchOfTeams(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, empty+"teams=2 length=2")
	a, sa := r.seat(1, 1)
	_, sb := r.seat(2, 1)
	_, sc := r.seat(3, 0)
	r.join(4) // came without a match, and is rated by nobody
	if sa.id.Team != 2 || sb.id.Team != 2 || sc.id.Team != 1 {
		t.Fatalf("teams %d, %d, %d", sa.id.Team, sb.id.Team, sc.id.Team)
	}
	if err := r.command(a, &arenav1.ChooseTeam{Team: 1}, &arenav1.ChooseTeamReply{}); err == nil || !strings.Contains(err.Error(), "stay") {
		t.Errorf("changing the team of a match: %v", err)
	}
	r.team[2].score, r.team[1].score = 5, 7
	for range 39 {
		r.tick()
	}
	if r.Over() || r.TakeResult() != nil {
		t.Fatal("over before its time")
	}
	r.tick()
	want := &world.Result{Teams: []world.TeamResult{
		{Rank: 1, Players: []world.PlayerResult{{PlayerID: "p3", Weight: 1}}},
		{Rank: 2, Players: []world.PlayerResult{{PlayerID: "p1", Weight: 1}, {PlayerID: "p2", Weight: 1}}},
	}}
	if d := cmp.Diff(want, r.TakeResult()); d != "" || !r.Over() {
		t.Errorf("over: %t\n%s", r.Over(), d)
	}
	if r.TakeResult() != nil {
		t.Error("the result is given twice")
	}
}

func TestMatchOfEverybodyForItself(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, "bots=2 obstacles=0 pickups=0 length=1")
	for id, score := range map[uint32]uint32{1: 5, 2: 9, 3: 5, 4: 0} {
		_, s := r.seat(id, 0)
		s.tally.Score = score
	}
	ranks := map[string]int{}
	for _, team := range r.result().Teams {
		if len(team.Players) != 1 {
			t.Fatalf("%+v", team)
		}
		ranks[team.Players[0].PlayerID] = team.Rank
	}
	if d := cmp.Diff(map[string]int{"p2": 1, "p1": 2, "p3": 2, "p4": 4}, ranks); d != "" {
		t.Error(d)
	}
}
