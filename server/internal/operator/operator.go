// Package operator is the rooms and players of a server as its operator sees them: what
// the admin address asks about, and does to them.
package operator

import (
	"context"
	"time"

	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/internal/admin"
	"github.com/tickroom/tickroom/server/internal/registry"
	"github.com/tickroom/tickroom/server/internal/shows"
)

// Rooms implements admin.Rooms.
type Rooms struct{ Registry *registry.Registry }

// Rooms returns all rooms.
func (o Rooms) Rooms() []admin.RoomInfo {
	var out []admin.RoomInfo
	known := o.Registry.Shows()
	for _, e := range o.Registry.Entries() {
		out = append(out, roomInfo(e, known))
	}
	return out
}

// Room returns one room.
func (o Rooms) Room(id string) (admin.RoomInfo, error) {
	e := o.Registry.Get(id)
	if e == nil {
		return admin.RoomInfo{}, admin.ErrNoRoom
	}
	return roomInfo(e, o.Registry.Shows()), nil
}

// CloseRoom ends a room. A show that has houses is made anew.
func (o Rooms) CloseRoom(_ context.Context, id, reason string) error {
	e := o.Registry.Get(id)
	if e == nil {
		return admin.ErrNoRoom
	}
	e.Stop(closecode.RoomClosed, reason)
	return nil
}

func roomInfo(e *registry.Entry, known []shows.State) admin.RoomInfo {
	i := e.Info()
	return admin.RoomInfo{
		ID: i.ID, Kind: i.Kind, Players: i.Clients - i.Spectators, MaxPlayers: i.Places.MaxPlayers,
		Spectators: i.Spectators, Locked: i.Places.Locked, Asleep: i.Asleep, Durable: string(i.Durable), Epoch: i.Epoch, Tick: i.Tick, TickRate: i.TickRate,
		TickMillis: float64(i.TickTime) / float64(time.Millisecond), Entities: i.Entities, Created: i.Created,
		Labels: i.Labels, Options: e.Chosen(), Show: showInfo(e, known),
	}
}

// showInfo returns what is known of the show that a room is, or is a house of; nil: neither.
func showInfo(e *registry.Entry, known []shows.State) *admin.ShowInfo {
	s, house, ok := e.Show()
	if !ok {
		return nil
	}
	out := &admin.ShowInfo{Kind: s.Kind, Name: s.Name, House: house, Epoch: s.Epoch}
	for _, k := range known {
		if k.Show != s.Show {
			continue
		}
		out.Owner, out.Room, out.Houses = k.Owner, k.Room, k.Houses
		if house {
			out.Epoch = k.Epoch
		}
	}
	return out
}
