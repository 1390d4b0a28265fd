package game

import (
	"testing"

	mygamev1 "github.com/tickroom/tickroom/internal/newgame/template/proto/mygame/v1"

	"github.com/tickroom/tickroom/gametest"
	"github.com/tickroom/tickroom/world"
)

// newRoom returns a room that a test steps by hand, without a server or a clock, and the
// game in it.
func newRoom(t *testing.T) (*gametest.Room, *game) {
	t.Helper()
	var g *game
	k := Kind()
	k.New = func(r *world.Room) (world.Game, error) {
		made, err := newGame(r)
		g, _ = made.(*game)
		return made, err
	}
	room := gametest.New(t, k, nil)
	return room, g
}

func TestCollecting(t *testing.T) {
	t.Parallel()
	room, g := newRoom(t)
	ann, bob := room.Join("Ann"), room.Join("Bob")
	// A gem lies to the right of Ann, in the middle of the field, and she goes there.
	dot := g.dots.Get(g.players[ann.ID].dot)
	dot.X, dot.Y = Size/2, Size/2
	for _, gem := range g.gems.All() {
		gem.X, gem.Y, gem.Worth = Size/2+3, Size/2, 5
		break
	}
	ann.Input(&mygamev1.Move{Dx: 1})
	room.Seconds(1)
	// What Bob sees of it.
	for _, row := range gametest.Rows[mygamev1.Dot](bob) {
		if row.Player == ann.ID && (row.X < Size/2+3 || row.Score < 5) {
			t.Errorf("after a second Ann is at %v, with a score of %d", row.X, row.Score)
		}
	}
	if told := gametest.Events[mygamev1.Collected](bob); len(told) == 0 || told[0].Player != ann.ID || told[0].Worth != 5 {
		t.Errorf("Bob was told %v", told)
	}
	if n := g.gems.Len(); n != gems {
		t.Errorf("there are %d gems on the field", n)
	}
}

func TestTheFieldHasAnEdge(t *testing.T) {
	t.Parallel()
	room, g := newRoom(t)
	ann := room.Join("Ann")
	ann.Input(&mygamev1.Move{Dx: -1e30}) // longer than 1, which is no way to be faster
	room.Seconds(10)
	if dot := g.dots.Get(g.players[ann.ID].dot); dot.X != 0.5 {
		t.Errorf("she is at %v", dot.X)
	}
	ann.Leave()
	if g.dots.Len() != 0 {
		t.Error("who has left is still there")
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	room, _ := newRoom(t)
	ann := room.Join("Ann")
	if _, err := gametest.Call[mygamev1.Rename, mygamev1.Renamed](ann, &mygamev1.Rename{Name: "  "}); err == nil {
		t.Error("an empty name is taken")
	}
	got, err := gametest.Call[mygamev1.Rename, mygamev1.Renamed](ann, &mygamev1.Rename{Name: " Ann the quick "})
	if err != nil || got.Name != "Ann the quick" {
		t.Errorf("%v, %v", got, err)
	}
}
