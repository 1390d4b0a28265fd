// Package bells is the example of docs/bus.md: halls of a town whose bells ring in all of them.
package bells

import (
	"context"

	bellsv1 "github.com/tickroom/tickroom/docs/examples/internal/bells/proto/bells/v1"
	"github.com/tickroom/tickroom/world"
)

// Titles is where players' titles are kept.
type Titles interface {
	Title(ctx context.Context, player string) (string, error)
}

// Kind returns the kind of rooms.
func Kind(titles Titles) world.Kind {
	return world.Kind{
		Name: "hall", Doc: "a hall of a town, whose bells ring in all of them", Schema: bellsv1.Schema,
		Options: []world.Option{{Name: "town", Default: "oldtown", Doc: "whose bells are heard"}},
		New: func(r *world.Room) (world.Game, error) {
			h := &hall{Room: r, titles: titles, topic: "bells/" + r.Text("town")}
			h.all = r.NewGroup("all")
			h.guests = world.NewTable[bellsv1.Guest](r.World)
			world.OnOrder(r, h.pull)
			world.OnMessage(r, h.bell)
			r.Listen(h.topic, world.Now)
			return h, nil
		},
	}
}

type hall struct {
	*world.Room
	titles Titles
	topic  string
	all    *world.Group
	guests *world.Table[bellsv1.Guest]
}

// pull: a player rings the bell, for the whole town.
func (h *hall) pull(p *world.Player, _ *bellsv1.Pull) error {
	h.Post(h.topic, &bellsv1.Bell{By: p.Name})
	return nil
}

// bell: it was rung, here, in another hall, or by a backend.
func (h *hall) bell(from *world.Posting, m *bellsv1.Bell) {
	by := m.By
	if from.From == "" {
		by = "the town"
	}
	h.all.Emit(&bellsv1.Rang{By: by})
}

func (h *hall) Join(p *world.Player, _ []byte) error {
	p.Subscribe(h.all)
	e := h.Spawn(h.all)
	h.guests.Set(e, bellsv1.Guest{Name: p.Name})
	p.Data = e
	h.askTitle(p.PlayerID, e)
	return nil
}

// askTitle asks a database, while the room goes on.
func (h *hall) askTitle(player string, e world.Entity) {
	work := func(ctx context.Context) (*bellsv1.Title, error) { // beside the room, which it must not touch
		title, err := h.titles.Title(ctx, player)
		return &bellsv1.Title{Title: title}, err
	}
	done := func(t *bellsv1.Title, err error) { // between two ticks
		if err != nil {
			h.Log.Warn("no title", "player", player, "error", err)
		} else if g := h.guests.Get(e); g != nil { // else it has left
			g.Title = t.Title
		}
	}
	if err := world.Async(h.Room, 2, work, done); err != nil {
		done(nil, err)
	}
}

func (h *hall) Leave(p *world.Player) { h.Destroy(p.Data.(world.Entity)) }

func (h *hall) Tick() {}
