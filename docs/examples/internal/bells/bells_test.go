package bells_test

import (
	"context"
	"errors"
	"testing"

	"github.com/tickroom/tickroom/docs/examples/internal/bells"
	bellsv1 "github.com/tickroom/tickroom/docs/examples/internal/bells/proto/bells/v1"
	"github.com/tickroom/tickroom/gametest"
)

// titles are those of some players.
type titles map[string]string

func (t titles) Title(_ context.Context, player string) (string, error) {
	if title, ok := t[player]; ok {
		return title, nil
	}
	return "", errors.New("not known")
}

func TestBellsRingInAllHalls(t *testing.T) {
	t.Parallel()
	kind := bells.Kind(titles{"player-1": "Mayor"})
	one, two := gametest.NewNamed(t, "one", kind, nil), gametest.NewNamed(t, "two", kind, nil)
	gametest.Link(one, two)
	ann, bob := one.Join("Ann"), two.Join("Bob")
	one.Tick(1)
	two.Tick(1)
	if err := gametest.Order(ann, &bellsv1.Pull{}); err != nil {
		t.Fatal(err)
	}
	one.Tick(2)
	two.Tick(1)
	for _, p := range []*gametest.Player{ann, bob} {
		if rang := gametest.Events[bellsv1.Rang](p); len(rang) != 1 || rang[0].By != "Ann" {
			t.Errorf("%s hears %v", p.Name, rang)
		}
	}
	two.Post("bells/oldtown", &bellsv1.Bell{}) // as a backend
	two.Tick(1)
	if rang := gametest.Events[bellsv1.Rang](bob); len(rang) != 1 || rang[0].By != "the town" {
		t.Errorf("of the town, Bob hears %v", rang)
	}
	for _, g := range gametest.Rows[bellsv1.Guest](ann) {
		if g.Name != "Ann" || g.Title != "Mayor" {
			t.Errorf("%+v", g)
		}
	}
	one.CheckReplay() // a game that does the same when it is called the same
	two.CheckReplay()
}
