package gametest_test

import (
	"fmt"
	"testing"

	"github.com/tickroom/tickroom/gametest"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

// tally is a game in which each input is a step, and a whistle blows after a second.
type tally struct {
	room  *world.Room
	track *world.Group
	steps *world.Table[walkersv1.Walker]
}

func kind() world.Kind {
	return world.Kind{Name: "tally", Schema: walkersv1.Schema, TickRate: 20, Spectators: true, New: func(r *world.Room) (world.Game, error) {
		g := &tally{room: r, track: r.NewGroup("track"), steps: world.NewTable[walkersv1.Walker](r.World)}
		world.OnInput(r, func(p *world.Player, _ *walkersv1.WalkerInput) { p.Data.(*walkersv1.Walker).X++ })
		world.OnCommand(r, func(p *world.Player, c *walkersv1.Shout) (*walkersv1.ShoutReply, error) {
			if c.Text == "" {
				return nil, fmt.Errorf("there is nothing to shout")
			}
			for other := range r.Players() {
				if other != p {
					other.Emit(&walkersv1.Heard{Player: p.ID, Text: c.Text})
				}
			}
			return &walkersv1.ShoutReply{Count: uint32(r.PlayerCount() - 1)}, nil
		})
		r.After(r.Ticks(1), func() { g.track.Emit(&walkersv1.Heard{Text: "time!"}) })
		return g, nil
	}}
}

func (g *tally) Join(p *world.Player, _ []byte) error {
	p.Subscribe(g.track)
	if p.Spectator {
		return nil
	}
	if g.room.PlayerCount() > 2 {
		return world.ErrFull
	}
	e := g.room.Spawn(g.track)
	g.steps.Set(e, walkersv1.Walker{Player: p.ID})
	p.Data = g.steps.Get(e)
	return nil
}

func (g *tally) Leave(p *world.Player) {}
func (g *tally) Tick()                 {}

func Example() {
	t := new(testing.T) // a test has it from its parameter
	room := gametest.New(t, kind(), nil)
	ann, bob := room.Join("Ann"), room.Join("Bob")
	ann.Input(&walkersv1.WalkerInput{})
	reply, err := gametest.Call[walkersv1.Shout, walkersv1.ShoutReply](ann, &walkersv1.Shout{Text: "hello"})
	fmt.Println("heard by", reply.Count, err)
	room.Tick(1)
	for e, w := range gametest.Rows[walkersv1.Walker](bob) {
		fmt.Printf("Bob sees %d at %g\n", e, w.X)
	}
	for _, ev := range gametest.Events[walkersv1.Heard](bob) {
		fmt.Println("Bob hears", ev.Text)
	}
	// Output:
	// heard by 1 <nil>
	// Bob sees 1 at 1
	// Bob sees 2 at 0
	// Bob hears hello
}
