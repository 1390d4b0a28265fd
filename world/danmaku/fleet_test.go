package danmaku

import (
	"fmt"
	"sync"
	"testing"

	"github.com/tickroom/tickroom/gametest"
	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/world"
)

// fleet is a show with some houses.
type fleet struct {
	t      *testing.T
	show   *gametest.Room // nil: there is none
	s      *show
	houses []*gametest.Room
	h      []*house
}

// newFleet makes a show with houses that know of each other.
func newFleet(t *testing.T, houses int, options map[string]string) *fleet {
	t.Helper()
	f := &fleet{t: t}
	f.show, f.s = newRoom[*show](t, "show-1", ShowKind(), map[string]string{"epoch": "1"})
	all := []*gametest.Room{f.show}
	for i := range houses {
		r, h := newRoom[*house](t, fmt.Sprintf("house-%d", i+1), Kind(Outside{}), options)
		f.houses, f.h = append(f.houses, r), append(f.h, h)
		all = append(all, r)
	}
	gametest.Link(all...)
	f.run(15)
	for _, h := range f.h {
		if !h.link.live || !h.link.stated {
			t.Fatalf("%s has not found its show", h.r.ID())
		}
	}
	return f
}

// newRoom makes a room and returns its game, too.
func newRoom[G world.Game](t testing.TB, id string, k world.Kind, options map[string]string) (*gametest.Room, G) {
	t.Helper()
	var game world.Game
	inner := k.New
	k.New = func(r *world.Room) (g world.Game, err error) {
		game, err = inner(r)
		return game, err
	}
	r := gametest.NewNamed(t, id, k, options)
	t.Cleanup(func() { // whatever a test has done
		if _, ok := touched.Load(r); !ok {
			r.CheckReplay()
		}
	})
	return r, game.(G)
}

// touched has the rooms whose games a test has changed by itself, which no journal knows of.
var touched sync.Map

// run simulates windows of 200 ms.
func (f *fleet) run(windows int) {
	f.t.Helper()
	for range windows {
		for i, h := range f.houses {
			h.Tick(1)
			if i == 0 && f.show != nil {
				f.show.Tick(1)
			}
		}
		if f.show != nil {
			f.show.Tick(3)
		}
	}
}

// viewer joins a house.
func (f *fleet) viewer(house int, name string, roles ...string) *gametest.Player {
	f.t.Helper()
	return join(f.t, f.houses[house], name, roles...)
}

func join(t testing.TB, r *gametest.Room, name string, roles ...string) *gametest.Player {
	t.Helper()
	p, err := r.TryJoin(&world.Player{Name: name, PlayerID: "id-" + name, Roles: roles}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func say(t testing.TB, p *gametest.Player, text string) uint64 {
	t.Helper()
	said, err := gametest.Call[danmakuv1.Say, danmakuv1.Said](p, &danmakuv1.Say{Text: text})
	if err != nil {
		t.Fatalf("%s says %q: %v", p.Name, text, err)
	}
	return said.Comment
}

func sayErr(p *gametest.Player, text string) error {
	_, err := gametest.Call[danmakuv1.Say, danmakuv1.Said](p, &danmakuv1.Say{Text: text})
	return err
}

func do[C any, PC interface {
	*C
	schema.Command
}](t testing.TB, p *gametest.Player, cmd *C) {
	t.Helper()
	if err := gametest.Order[C, PC](p, cmd); err != nil {
		t.Fatalf("%s orders %T: %v", p.Name, cmd, err)
	}
}

// heard returns what a player was sent since it was last asked, "name: text" each: what all are shown,
// and what is meant for it.
func heard(p *gametest.Player) (public, own []string) {
	for _, c := range gametest.Events[danmakuv1.Comment](p) {
		line := c.Name + ": " + c.Text
		if c.Why == danmakuv1.Why_WHY_UNSPECIFIED {
			public = append(public, line)
		} else {
			own = append(own, c.Why.String()[len("WHY_"):]+" "+line)
		}
	}
	return public, own
}

// rowsOf returns the rows of a component that a player sees.
func rowsOf[T any, P schema.Row[T]](p *gametest.Player) (all []*T) {
	for _, row := range gametest.Rows[T, P](p) {
		all = append(all, row)
	}
	return all
}

// row returns the only one.
func row[T any, P schema.Row[T]](t testing.TB, p *gametest.Player) *T {
	t.Helper()
	all := rowsOf[T, P](p)
	if len(all) != 1 {
		t.Fatalf("%s sees %d rows of %T", p.Name, len(all), new(T))
	}
	return all[0]
}

// author returns the number of a player.
func author(p *gametest.Player) uint64 { return p.Data.(*viewer).author }
