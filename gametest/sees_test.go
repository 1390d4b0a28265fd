package gametest_test

import (
	"testing"

	"github.com/tickroom/tickroom/gametest"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

// shootingRange is a game in which a target runs by, and each input is a shot at the place where its direction is.
type shootingRange struct {
	room    *world.Room
	field   *world.Group
	targets *world.Table[walkersv1.Walker]
	past    *world.History[walkersv1.Walker]
}

func rangeKind() world.Kind {
	return world.Kind{Name: "range", Schema: walkersv1.Schema, TickRate: 20, New: func(r *world.Room) (world.Game, error) {
		g := &shootingRange{room: r, field: r.NewGroup("field"), targets: world.NewTable[walkersv1.Walker](r.World)}
		g.past = world.NewHistory(g.targets, world.DefaultRewind)
		g.targets.Locate(func(row *walkersv1.Walker) (x, y float64) { return float64(row.X), float64(row.Y) })
		g.targets.Set(r.Spawn(g.field), walkersv1.Walker{Health: 100})
		world.OnInput(r, func(p *world.Player, in *walkersv1.WalkerInput) {
			for e := range g.past.Near(float64(in.Direction), 0, 0.5, p.Sees()) {
				g.targets.Get(e).Health--
			}
		})
		return g, nil
	}}
}

func (g *shootingRange) Join(p *world.Player, _ []byte) error { p.Subscribe(g.field); return nil }
func (g *shootingRange) Leave(*world.Player)                  {}
func (g *shootingRange) Tick() {
	for _, t := range g.targets.All() {
		t.X += 2
	}
}

// A player hits what it sees where it sees it, up to a quarter of a second ago; and the room is the same when
// it is played again.
func TestShotsAreJudgedByWhatAPlayerSaw(t *testing.T) {
	t.Parallel()
	room := gametest.New(t, rangeKind(), nil)
	ann := room.Join("Ann")
	health := func() uint32 {
		for _, row := range gametest.Rows[walkersv1.Walker](ann) {
			return row.Health
		}
		t.Fatal("there is no target")
		return 0
	}
	room.Tick(20) // it is at 40
	for i, c := range []struct {
		back, at float64
		hit      bool
	}{
		{0, 0, true}, // now, which is where it was after the last tick
		{1, 0, true},
		{3, 4, true}, {3, 0, false},
		{3.5, 5, true}, {3.5, 8, false},
		{5, 8, true},
		{9, 8, true}, {9, 16, false}, // beyond a quarter of a second it is a quarter of a second
		{1e9, 8, true},
	} {
		before, now := health(), float64(room.Room.Tick())
		x := 2*(now-1) - c.at
		ann.InputSeeing(&walkersv1.WalkerInput{Direction: float32(x)}, now-c.back)
		room.Tick(1)
		if hit := health() < before; hit != c.hit {
			t.Errorf("shot %d, at what was %g ticks ago: it hits: %t", i, c.back, hit)
		}
	}
	if sees := ann.Sees(); sees != float64(room.Room.Tick())-5 {
		t.Errorf("after that she sees tick %g in tick %d", sees, room.Room.Tick())
	}
	ann.Input(&walkersv1.WalkerInput{})
	if sees := ann.Sees(); sees != float64(room.Room.Tick()) {
		t.Errorf("a player of whom it is not known sees tick %g in tick %d", sees, room.Room.Tick())
	}
	room.CheckReplay()
}
