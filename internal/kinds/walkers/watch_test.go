package walkers_test

import (
	"testing"

	"github.com/tickroom/tickroom/internal/kinds/walkers"
	"github.com/tickroom/tickroom/world"
)

func TestWatchersSeeAndAreNotSeen(t *testing.T) {
	t.Parallel()
	for _, radius := range []string{"0", "2000"} {
		r, g, err := world.NewRoom(walkers.Kind(), world.Setup{Seed: 1, Options: map[string]string{"watch": "1", "npcs": "5", "radius": radius}})
		if err != nil {
			t.Fatal(err)
		}
		p := &world.Player{Interest: world.NewInterest(r.World), ID: 1}
		if err := g.Join(p, nil); err != nil {
			t.Fatal(err)
		}
		g.Tick()
		r.Commit()
		p.AppendSince(nil, new(world.Scratch), 0, 0)
		seen := 0
		p.Each(func(world.Entity) { seen++ })
		if seen != 5 || r.Entities() != 5 {
			t.Errorf("radius %s: sees %d of %d", radius, seen, r.Entities())
		}
		g.Leave(p)
	}
}
