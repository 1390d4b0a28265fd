package danmaku

import (
	"github.com/tickroom/tickroom/world"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
)

// HouseTickRate and ShowTickRate are the ticks per second of the two kinds.
const (
	HouseTickRate = 5
	ShowTickRate  = 20
)

// Kind returns the room kind "danmaku", a house.
func Kind() world.Kind {
	return world.Kind{
		Name: "danmaku", Doc: "comments over a live stream, with gifts and polls", Schema: danmakuv1.Schema,
		TickRate: HouseTickRate, MaxPlayers: 10000,
		Options: []world.Option{
			{Name: "show", Default: "main", Doc: "name of the show that the room is a house of", Clients: true},
		},
		New: newHouse,
	}
}
