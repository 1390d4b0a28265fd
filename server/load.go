package server

import (
	"runtime"

	"github.com/tickroom/tickroom/server/internal/room"
)

// spare gives the time that is left for ticks, in seconds per second: the
// processors less what the rooms' ticks take, as measured over about their last
// hundred ticks. It is 0 at least.
func spare(processors int, rooms []room.Info) float64 {
	left := float64(processors)
	for _, i := range rooms {
		left -= i.TickTime.Seconds() * i.TickRate
	}
	return max(0, left)
}

func processors() int { return runtime.GOMAXPROCS(0) }
