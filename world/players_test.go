package world_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/tickroom/tickroom/world"
)

// diary is a game that notes what it is told.
type diary struct {
	room    *world.Room
	refuse  bool
	entries []string
}

func (d *diary) note(what string) { d.entries = append(d.entries, what) }

func (d *diary) Join(p *world.Player, _ []byte) error {
	d.note("join " + d.names())
	if d.refuse {
		return errors.New("no")
	}
	return nil
}
func (d *diary) Leave(*world.Player)  { d.note("leave " + d.names()) }
func (d *diary) Tick()                { d.note("tick") }
func (d *diary) Away(p *world.Player) { d.note("away") }
func (d *diary) Back(p *world.Player) { d.note("back") }

// names returns who plays and, after a stroke, who watches.
func (d *diary) names() (all string) {
	for p := range d.room.Players() {
		all += p.Name
	}
	all += "/"
	for p := range d.room.Spectators() {
		all += p.Name
	}
	return all
}

func newDiary(t *testing.T) *diary {
	t.Helper()
	d := &diary{}
	k := kind(func(r *world.Room) error { d.room = r; return nil })
	made := k.New
	k.New = func(r *world.Room) (world.Game, error) {
		_, err := made(r)
		return d, err
	}
	if _, _, err := world.NewRoom(k, world.Setup{Seed: 1}); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *diary) player(id uint32, name string, spectator bool) *world.Player {
	return &world.Player{Interest: world.NewInterest(d.room.World), ID: id, Name: name, Spectator: spectator}
}

func TestPlayersOfARoom(t *testing.T) {
	t.Parallel()
	d := newDiary(t)
	ann, bob, eve, cid := d.player(1, "a", false), d.player(2, "b", false), d.player(3, "e", true), d.player(4, "c", false)
	for _, p := range []*world.Player{cid, ann, eve, bob} { // whatever the order, they are listed by ID
		if err := d.room.Join(p, nil); err != nil {
			t.Fatal(err)
		}
	}
	d.refuse = true
	if err := d.room.Join(d.player(5, "x", false), nil); err == nil {
		t.Error("the game's refusal is lost")
	}
	d.room.SetAway(bob, true)
	if got := d.names(); got != "abc/e" || !bob.Away() || ann.Away() {
		t.Errorf("in the room are %s; away: %t %t", got, bob.Away(), ann.Away())
	}
	d.room.SetAway(bob, false)
	if bob.Away() {
		t.Error("who is back is away")
	}
	d.room.Leave(ann)
	d.room.Leave(eve)
	if n, m := d.room.PlayerCount(), d.room.SpectatorCount(); n != 2 || m != 0 {
		t.Errorf("%d players, %d spectators", n, m)
	}
	want := []string{"join c/", "join ac/", "join ac/e", "join abc/e", "join abcx/e", "away", "back", "leave bc/e", "leave bc/"}
	if !slices.Equal(d.entries, want) {
		t.Errorf("the game was told %q, want %q", d.entries, want)
	}
}

func TestGoingThroughPlayersAllocatesNothing(t *testing.T) {
	d := newDiary(t)
	for id := range uint32(3) {
		if err := d.room.Join(d.player(id+1, "p", false), nil); err != nil {
			t.Fatal(err)
		}
	}
	n, want := 0, 0
	if allocs := testing.AllocsPerRun(100, func() {
		want += 3
		for p := range d.room.Players() {
			n += len(p.Name)
		}
	}); allocs != 0 || n != want {
		t.Errorf("%g allocations, %d players; want %d", allocs, n, want)
	}
}
