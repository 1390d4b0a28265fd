// Package operator is the rooms and players of a server as its operator sees them: what
// the admin address asks about, and does to them.
package operator

import (
	"context"
	"time"

	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/internal/admin"
	"github.com/tickroom/tickroom/server/internal/registry"
	"github.com/tickroom/tickroom/server/internal/room"
)

// Rooms implements admin.Rooms.
type Rooms struct{ Registry *registry.Registry }

// Rooms returns all rooms.
func (o Rooms) Rooms() []admin.RoomInfo {
	var out []admin.RoomInfo
	for _, i := range o.Registry.List() {
		out = append(out, roomInfo(i))
	}
	return out
}

// Room returns one room.
func (o Rooms) Room(id string) (admin.RoomInfo, error) {
	e := o.Registry.Get(id)
	if e == nil {
		return admin.RoomInfo{}, admin.ErrNoRoom
	}
	return roomInfo(e.Info()), nil
}

// CloseRoom ends a room.
func (o Rooms) CloseRoom(_ context.Context, id, reason string) error {
	e := o.Registry.Get(id)
	if e == nil {
		return admin.ErrNoRoom
	}
	e.Stop(closecode.RoomClosed, reason)
	return nil
}

func roomInfo(i room.Info) admin.RoomInfo {
	return admin.RoomInfo{
		ID: i.ID, Kind: i.Kind, Players: i.Clients - i.Spectators, MaxPlayers: i.Places.MaxPlayers,
		Spectators: i.Spectators, Locked: i.Places.Locked, Tick: i.Tick, TickRate: i.TickRate,
		TickMillis: float64(i.TickTime) / float64(time.Millisecond), Entities: i.Entities, Created: i.Created,
	}
}
