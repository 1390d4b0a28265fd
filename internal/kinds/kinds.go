// Package kinds is the list of the room kinds that the program tickroom brings along.
// Each is a package below this one, or, of those that other programs import as well, below
// world; docs/adding-a-kind.md says what else there is to one.
package kinds

import (
	"context"
	"math/rand/v2"
	"os"

	"github.com/tickroom/tickroom/bots"
	"github.com/tickroom/tickroom/internal/audience"
	"github.com/tickroom/tickroom/internal/kinds/arena"
	"github.com/tickroom/tickroom/internal/kinds/walkers"
	"github.com/tickroom/tickroom/internal/pilots"
	"github.com/tickroom/tickroom/internal/reviewer"
	"github.com/tickroom/tickroom/world"
	"github.com/tickroom/tickroom/world/danmaku"
	"github.com/tickroom/tickroom/world/quiz"
)

// Entry is a kind of room with what the program knows of it besides its rules.
type Entry struct {
	world.Kind
	// NewPilot returns what plays in the place of one player, for tickroom bots, with
	// random numbers of its own. Nil: bots can't play this kind.
	NewPilot func(rnd *rand.Rand) bots.Pilot
	// Behaviour returns how bots play this kind together. Nil: each plays by itself.
	Behaviour func() bots.Behaviour
}

// All returns the kinds, in the order in which they are shown.
func All() []Entry {
	return []Entry{
		{Kind: arena.Kind(), NewPilot: pilot(pilots.NewGunner)},
		{Kind: danmaku.Kind(danmaku.Outside{Reviewer: reviewer.New(), ReadFile: readFile}), Behaviour: new(audience.Viewers).Behaviour},
		{Kind: danmaku.ShowKind()},
		{Kind: quiz.Kind(), Behaviour: new(audience.Contestants).Behaviour},
		{Kind: quiz.ShowKind(readFile)},
		{Kind: walkers.Kind(), NewPilot: pilot(pilots.NewWalker)},
	}
}

// Bots returns how bots play the kinds that they can play, by name.
func Bots() map[string]bots.Behaviour {
	all := map[string]bots.Behaviour{}
	for _, e := range All() {
		if e.Behaviour != nil {
			all[e.Name] = e.Behaviour()
		}
		if e.NewPilot != nil {
			all[e.Name] = bots.Behaviour{Schema: e.Schema, NewPilot: e.NewPilot}
		}
	}
	return all
}

// pilot makes a constructor of one type of pilots one of any pilot.
func pilot[P bots.Pilot](newPilot func(*rand.Rand) P) func(*rand.Rand) bots.Pilot {
	return func(rnd *rand.Rand) bots.Pilot { return newPilot(rnd) }
}

// readFile reads a file that an operator has named in an option, beside a room.
func readFile(_ context.Context, name string) ([]byte, error) { return os.ReadFile(name) }
