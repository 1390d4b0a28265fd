package world_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

// crier is a game that tells all what anybody shouts.
type crier struct{ all *world.Group }

func (g *crier) Join(p *world.Player, _ []byte) error { p.Subscribe(g.all); return nil }
func (g *crier) Leave(*world.Player)                  {}
func (g *crier) Tick()                                {}

// criers is a room of a crier with players in it.
func criers(t *testing.T, perSecond float64, players int) (*world.Room, []*world.Player) {
	t.Helper()
	r, game, err := world.NewRoom(world.Kind{Name: "cries", Schema: walkersv1.Schema, TickRate: 20, Talk: perSecond, New: func(r *world.Room) (world.Game, error) {
		g := &crier{r.NewGroup("all")}
		world.OnCommand(r, func(p *world.Player, cmd *walkersv1.Shout) (*walkersv1.ShoutReply, error) {
			g.all.Emit(&walkersv1.Heard{Player: p.ID, Text: cmd.Text})
			return nil, nil
		})
		return g, nil
	}}, world.Setup{})
	if err != nil || game == nil {
		t.Fatal(err)
	}
	var all []*world.Player
	for i := range players {
		p := &world.Player{Interest: world.NewInterest(r.World), ID: uint32(i + 1)}
		if err := r.Join(p, nil); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return r, all
}

func shout(r *world.Room, p *world.Player, bytes int) error {
	cmd := &walkersv1.Shout{Text: strings.Repeat("a", bytes)}
	_, err := r.HandleCommand(p, cmd.CommandID(), cmd.AppendProto(nil), nil)
	return err
}

// TestWhatARoomSaysIsBounded has ten players shout as much as they can for a minute: the room says no more
// than it may, whoever they are, and goes on saying that.
func TestWhatARoomSaysIsBounded(t *testing.T) {
	t.Parallel()
	const perSecond, line = 1000, 100
	r, players := criers(t, perSecond, 10)
	said := 0
	for range 60 * 20 {
		for _, p := range players {
			switch err := shout(r, p, line); {
			case err == nil:
				said += line
			case !errors.Is(err, world.ErrTalk) || !strings.Contains(err.Error(), "try again in "):
				t.Fatal(err)
			}
		}
		r.Step()
	}
	if most := perSecond*64 + 20*line; said > most || said < perSecond*50 {
		t.Errorf("%d bytes were said in a minute; at most %d may be", said, most)
	}
}

// TestWhoFloodsIsRefusedFirst has one player shout without end: another one is heard beside it.
func TestWhoFloodsIsRefusedFirst(t *testing.T) {
	t.Parallel()
	r, players := criers(t, 1000, 2)
	refused := 0
	for tick := range 60 * 20 {
		for range 5 {
			if shout(r, players[0], 100) != nil {
				refused++
			}
		}
		if tick%20 == 0 {
			if err := shout(r, players[1], 100); err != nil {
				t.Fatalf("tick %d: who says something once a second is told: %v", tick, err)
			}
		}
		r.Step()
	}
	if refused < 5000 {
		t.Errorf("%d of 6000 were refused", refused)
	}
}

// TestNoBoundOfTalk has a kind without one, and sees that what nobody else hears counts nowhere.
func TestNoBoundOfTalk(t *testing.T) {
	t.Parallel()
	r, players := criers(t, -1, 1)
	for i := range 10_000 {
		if err := shout(r, players[0], 1000); err != nil {
			t.Fatal(fmt.Errorf("line %d: %w", i, err))
		}
	}
}
