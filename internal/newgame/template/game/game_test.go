package game

import (
	"testing"

	mygamev1 "github.com/tickroom/tickroom/internal/newgame/template/proto/mygame/v1"

	"github.com/tickroom/tickroom/world"
)

// newRoom returns a room that a test steps by hand: no server, no clock.
func newRoom(t *testing.T) (*world.Room, *game) {
	t.Helper()
	room, g, err := world.NewRoom(Kind(), 1, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return room, g.(*game)
}

func join(t *testing.T, room *world.Room, id uint32, name string) *world.Player {
	t.Helper()
	p := &world.Player{ID: id, Name: name, Interest: world.NewInterest(room.World)}
	if err := room.Join(p, nil); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCollecting(t *testing.T) {
	t.Parallel()
	room, g := newRoom(t)
	ann := join(t, room, 1, "Ann")
	dot := g.dots.Get(g.players[1].dot)
	// A gem lies to the right of Ann, in the middle of the field, and she goes there.
	dot.X, dot.Y = Size/2, Size/2
	for _, gem := range g.gems.All() {
		gem.X, gem.Y, gem.Worth = Size/2+3, Size/2, 5
		break
	}
	for tick := range uint32(20) {
		if err := room.HandleInput(ann, tick+1, (&mygamev1.Move{Dx: 1}).AppendProto(nil)); err != nil {
			t.Fatal(err)
		}
		room.Step()
	}
	if dot.X < Size/2+3 {
		t.Errorf("after a second Ann has come to %v only", dot.X)
	}
	if dot.Score < 5 {
		t.Errorf("her score is %d", dot.Score)
	}
	if n := g.gems.Len(); n != gems {
		t.Errorf("there are %d gems on the field", n)
	}
}

func TestTheFieldHasAnEdge(t *testing.T) {
	t.Parallel()
	room, g := newRoom(t)
	ann := join(t, room, 1, "Ann")
	for tick := range uint32(200) {
		// Longer than 1, which is no way to be faster.
		if err := room.HandleInput(ann, tick+1, (&mygamev1.Move{Dx: -1e30}).AppendProto(nil)); err != nil {
			t.Fatal(err)
		}
		room.Step()
	}
	if dot := g.dots.Get(g.players[1].dot); dot.X != 0.5 {
		t.Errorf("she is at %v", dot.X)
	}
	room.Leave(ann)
	if g.dots.Len() != 0 {
		t.Error("who has left is still there")
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	room, g := newRoom(t)
	ann := join(t, room, 1, "Ann")
	if _, err := g.rename(ann, &mygamev1.Rename{Name: "  "}); err == nil {
		t.Error("an empty name is taken")
	}
	got, err := g.rename(ann, &mygamev1.Rename{Name: " Ann the quick "})
	if err != nil || got.Name != "Ann the quick" || g.dots.Get(g.players[1].dot).Name != got.Name {
		t.Errorf("%v, %v", got, err)
	}
}
