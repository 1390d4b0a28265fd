package world_test

import (
	"fmt"

	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

// A game changes plain structs. What it has changed is found out when the tick is
// committed.
func Example() {
	w := world.New(world.Config{})
	field := w.NewGroup("field")
	walkers := world.NewTable[walkersv1.Walker](w)

	ann := w.Spawn(field)
	walkers.Set(ann, walkersv1.Walker{X: 3, Health: 100})
	w.Commit()

	walkers.Get(ann).X = 4
	w.Commit()

	for e, row := range walkers.All() {
		fmt.Printf("tick %d: entity %d is at %g\n", w.Committed(), e, row.X)
	}
	// Output: tick 2: entity 1 is at 4
}

// race is a game in which whoever has joined runs, a metre in each tick.
type race struct {
	room    *world.Room
	track   *world.Group
	runners *world.Table[walkersv1.Walker]
}

func newRace(r *world.Room) (world.Game, error) {
	return &race{room: r, track: r.NewGroup("track"), runners: world.NewTable[walkersv1.Walker](r.World)}, nil
}

func (g *race) Join(p *world.Player, _ []byte) error {
	g.runners.Set(g.room.Spawn(g.track), walkersv1.Walker{Player: p.ID})
	p.Subscribe(g.track) // sees all who are on it
	return nil
}

func (g *race) Leave(*world.Player) {}

func (g *race) Tick() {
	for _, r := range g.runners.All() {
		r.X++
	}
}

// A kind of room is a game as the server knows it. A test can step a room of it by hand,
// without a server.
func ExampleKind() {
	kind := world.Kind{Name: "race", Schema: walkersv1.Schema, TickRate: 20, MaxPlayers: 8, New: newRace}
	room, game, err := world.NewRoom(kind, world.Setup{Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	ann := &world.Player{Interest: world.NewInterest(room.World), ID: 1}
	if err := game.Join(ann, nil); err != nil {
		fmt.Println(err)
		return
	}
	for range 5 {
		game.Tick()
		room.Commit()
	}
	ann.Each(func(e world.Entity) { fmt.Println("after", room.Committed(), "ticks Ann sees entity", e) })
	// Output: after 5 ticks Ann sees entity 1
}

// What is to happen later happens in a tick, not at a time.
func ExampleRoom_After() {
	room, _, err := world.NewRoom(world.Kind{Name: "race", Schema: walkersv1.Schema, TickRate: 20, New: newRace}, world.Setup{Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	room.After(room.Ticks(0.1), func() { fmt.Println("the start, in tick", room.Tick()) })
	room.Every(2, func() { fmt.Println("a lap, in tick", room.Tick()) })
	for range 6 {
		room.Step()
	}
	// Output:
	// the start, in tick 3
	// a lap, in tick 3
	// a lap, in tick 5
}

// Labels are what lists of rooms show, and what is asked for when one is sought.
func ExampleRoom_SetLabel() {
	room, _, err := world.NewRoom(world.Kind{Name: "race", Schema: walkersv1.Schema, TickRate: 20, New: newRace}, world.Setup{Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	for name, value := range map[string]any{"track": "forest", "laps": 3, "crew": room} {
		if err := room.SetLabel(name, value); err != nil {
			fmt.Println(err)
		}
	}
	labels, changes := room.Labels()
	fmt.Println(labels, "after", changes, "changes")
	// Output:
	// world: label crew is a *world.Room; it must be a string, a bool or a number
	// map[laps:3 track:forest] after 2 changes
}
