package quiz

import (
	"errors"

	"github.com/tickroom/tickroom/world"
)

// show is the room of a show.
type show struct{}

func newShow(*world.Room) (world.Game, error) { return &show{}, nil }

// Join turns clients away.
func (*show) Join(*world.Player, []byte) error {
	return errors.New("nobody joins a show; its houses, of the kind quiz, are for that")
}

// Leave does nothing, as nobody joins.
func (*show) Leave(*world.Player) {}

// Tick does nothing yet.
func (*show) Tick() {}
