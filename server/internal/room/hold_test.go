package room_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/kinds/walkers"
	"github.com/tickroom/tickroom/server/internal/room"
	"github.com/tickroom/tickroom/world"
)

// TestALongerHoldIsRemembered sees that who comes back late in a hold that the configuration
// has made longer is sent a difference still.
func TestALongerHoldIsRemembered(t *testing.T) {
	t.Parallel()
	const away = 2 * time.Minute // more than the kind's hold
	for hold, want := range map[time.Duration]bool{0: false, 10 * time.Minute: true} {
		e, err := room.New("r", walkers.Kind(), 1, nil, room.Config{Hold: hold}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		w := e.World()
		base := w.Commit()
		for range int(away.Seconds() * w.TickRate) {
			w.Commit()
		}
		if got := world.NewInterest(w.World).Reaches(base); got != want {
			t.Errorf("hold %v: after %v a difference can be had: %v, want %v", hold, away, got, want)
		}
	}
}
