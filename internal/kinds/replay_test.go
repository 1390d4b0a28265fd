package kinds

import (
	"math/rand/v2"
	"testing"

	"github.com/tickroom/tickroom/gametest"
	"github.com/tickroom/tickroom/internal/kinds/arena"
	"github.com/tickroom/tickroom/internal/kinds/walkers"
	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

// Rooms of arena and walkers are the same when they are played again: with players who join and leave, are
// away and come back, watch, steer and shout.
func TestReplay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind    world.Kind
		options map[string]string
		act     func(p *gametest.Player, rnd *rand.Rand)
	}{
		{arena.Kind(), map[string]string{"bots": "8"}, func(p *gametest.Player, rnd *rand.Rand) {
			p.Input(&arenav1.ShipInput{Thrust: float32(rnd.IntN(2)), Turn: float32(rnd.IntN(3) - 1), Fire: rnd.IntN(3) == 0})
		}},
		{walkers.Kind(), map[string]string{"npcs": "20"}, func(p *gametest.Player, rnd *rand.Rand) {
			p.Input(&walkersv1.WalkerInput{Direction: rnd.Float32() * 6, Stop: rnd.IntN(4) == 0})
			if rnd.IntN(50) == 0 {
				_, _ = gametest.Call[walkersv1.Shout, walkersv1.ShoutReply](p, &walkersv1.Shout{Text: "hello"}) // it may be refused
			}
		}},
	} {
		t.Run(c.kind.Name, func(t *testing.T) {
			t.Parallel()
			r := gametest.New(t, c.kind, c.options)
			rnd := rand.New(rand.NewPCG(1, 2))
			var here []*gametest.Player
			for n := range 600 {
				if n%150 == 100 {
					r.SaveHere()
				}
				if len(here) < 6 && rnd.IntN(20) == 0 {
					here = append(here, r.Join("Ann"))
					if c.kind.Spectators && rnd.IntN(3) == 0 {
						r.Spectate("Bea")
					}
				}
				for _, p := range here {
					if !p.Away() {
						c.act(p, rnd)
					}
				}
				if len(here) > 2 && rnd.IntN(40) == 0 {
					if p := here[rnd.IntN(len(here))]; p.Away() {
						p.Return()
					} else {
						p.Lose()
					}
				}
				if len(here) > 3 && rnd.IntN(60) == 0 {
					here[0].Leave()
					here = here[1:]
				}
				r.Tick(1)
			}
			r.CheckReplay()
		})
	}
}
