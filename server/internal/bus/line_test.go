package bus_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickroom/tickroom/server/internal/bus"
	"github.com/tickroom/tickroom/server/internal/bustest"
	"github.com/tickroom/tickroom/world"
)

// taken returns what a line takes, in short.
func taken(l *bus.Line) (all []string) {
	for _, a := range l.Take() {
		switch {
		case a.Message != nil:
			all = append(all, a.Topic+" "+string(a.Message.Data))
		case a.Deaf:
			all = append(all, a.Topic+" deaf")
		case a.Missed:
			all = append(all, a.Topic+" missed")
		default:
			all = append(all, a.Topic+" heard")
		}
	}
	return all
}

func TestLine(t *testing.T) {
	t.Parallel()
	b := bus.NewMemory(bustest.Keep)
	l := bus.NewLine(b, "r")
	l.Tune([]world.Topic{{Name: "room/r"}, {Name: "z"}, {Name: "a"}})
	if !l.Waiting() {
		t.Error("nothing waits")
	}
	if got, want := taken(l), []string{"room/r heard", "z heard", "a heard"}; !slices.Equal(got, want) || l.Waiting() {
		t.Errorf("taken: %q", got)
	}
	l.Join("bob")
	l.Join("bob")
	l.Join("ann")
	l.Join("no | topic")
	for _, topic := range []string{"player/bob", "a", "z", "player/ann", "a", "room/r", "player/eve", world.PlayerTopic("no | topic")} {
		bustest.Post(t, b, topic, "", "1")
	}
	want := []string{"room/r 1", "z 1", "a 1", "a 1", "player/ann 1", "player/bob 1", world.PlayerTopic("no | topic") + " 1"}
	if got := taken(l); !slices.Equal(got, want) {
		t.Errorf("taken: %q", got)
	}
	l.Tune([]world.Topic{{Name: "room/r"}, {Name: "a"}})
	l.Leave("bob")
	l.Leave("ann")
	l.Leave("nobody")
	for _, topic := range []string{"player/bob", "a", "z", "player/ann"} {
		bustest.Post(t, b, topic, "", "2")
	}
	if got, want := taken(l), []string{"a 2", "player/bob 2"}; !slices.Equal(got, want) {
		t.Errorf("taken: %q", got)
	}
	l.Close()
	bustest.Post(t, b, "a", "", "3")
	if got := taken(l); got != nil {
		t.Errorf("taken: %q", got)
	}
}

// TestAFullBox posts more than may wait, in messages and in bytes.
func TestAFullBox(t *testing.T) {
	t.Parallel()
	b := bus.NewMemory(bus.Keep{Age: time.Hour, Messages: 100_000, Bytes: 1 << 30, Keys: time.Hour})
	l := bus.NewLine(b, "r")
	l.Tune([]world.Topic{{Name: "room/r"}, {Name: "a"}})
	l.Take()
	long := strings.Repeat("x", world.MaxPost)
	for text, n := range map[string]int{"short": 10_000, long: 100} {
		for range n {
			b.Send("s", bustest.Posts("a", text))
		}
		most, all, takes := 0, 0, 0
		for l.Waiting() {
			got := len(l.Take())
			most, all, takes = max(most, got), all+got, takes+1
		}
		if all != n || takes < 3 {
			t.Errorf("%d of %d messages were taken, %d at once, in %d takes", all, n, most, takes)
		}
	}
}
