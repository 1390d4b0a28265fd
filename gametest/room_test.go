package gametest_test

import (
	"errors"
	"testing"

	"github.com/tickroom/tickroom/gametest"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

// at returns where a player sees the walker of another one.
func at(t *testing.T, p *gametest.Player, of uint32) float32 {
	t.Helper()
	for _, w := range gametest.Rows[walkersv1.Walker](p) {
		if w.Player == of {
			return w.X
		}
	}
	t.Errorf("%s does not see the walker of player %d", p.Name, of)
	return -1
}

func TestPlayersAreTurnedAwayAsTheGameSays(t *testing.T) {
	t.Parallel()
	room := gametest.New(t, kind(), nil)
	ann := room.Join("Ann")
	room.Join("Bob")
	if _, err := room.TryJoin(&world.Player{Name: "Cid"}, nil); !errors.Is(err, world.ErrFull) {
		t.Errorf("a third player: %v", err)
	}
	eve := room.Spectate("Eve")
	eve.Input(&walkersv1.WalkerInput{}) // a spectator's is passed over
	room.Tick(1)
	if x := at(t, eve, ann.ID); x != 0 {
		t.Errorf("a spectator sees %g", x)
	}
	if _, err := gametest.Call[walkersv1.Shout, walkersv1.ShoutReply](ann, &walkersv1.Shout{}); err == nil {
		t.Error("a command is not refused")
	}
}

func TestWhoIsAwayComesBackToWhatItMissed(t *testing.T) {
	t.Parallel()
	room := gametest.New(t, kind(), nil)
	ann, bob := room.Join("Ann"), room.Join("Bob")
	room.Tick(1)
	ann.Lose()
	for range 5 {
		bob.Input(&walkersv1.WalkerInput{})
		room.Tick(1)
	}
	if _, err := gametest.Call[walkersv1.Shout, walkersv1.ShoutReply](bob, &walkersv1.Shout{Text: "where are you?"}); err != nil {
		t.Fatal(err)
	}
	room.Tick(1)
	if x := at(t, ann, bob.ID); x != 0 || !ann.Away() || len(gametest.Events[walkersv1.Heard](ann)) != 0 {
		t.Errorf("who is away sees %g", x)
	}
	ann.Return()
	room.Tick(1)
	if x := at(t, ann, bob.ID); x != 5 || ann.Away() {
		t.Errorf("who is back sees %g", x)
	}
}

func TestSecondsRemovalAndLeaving(t *testing.T) {
	t.Parallel()
	room := gametest.New(t, kind(), nil)
	ann, bob := room.Join("Ann"), room.Join("Bob")
	room.Seconds(0.95)
	if ev := gametest.Events[walkersv1.Heard](ann); len(ev) != 0 {
		t.Errorf("too early: %v", ev)
	}
	room.Seconds(0.1)
	if ev := gametest.Events[walkersv1.Heard](ann); len(ev) != 1 || ev[0].Text != "time!" {
		t.Errorf("after a second: %v", ev)
	}
	bob.Remove("enough")
	room.Tick(1)
	ann.Leave()
	ann.Leave()
	room.Tick(1)
	if n := room.PlayerCount(); n != 0 {
		t.Errorf("%d are left", n)
	}
}
