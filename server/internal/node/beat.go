package node

import (
	"context"
	"runtime"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/server/internal/room"
)

// beatsMissed is how many beats a node may miss before it counts as gone.
const beatsMissed = 3

// beat tells how this server is doing, again and again, and at the end that it is gone.
func (n *Node) beat(ctx context.Context) {
	tick := time.NewTicker(n.o.Config.Matchmaking.Beat)
	defer tick.Stop()
	failing := false
	for {
		err := n.report(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			n.o.Logger.Warn("this server can't tell the matchmaker that it is there", "error", err)
		} else if err == nil && failing {
			n.o.Logger.Info("the matchmaker hears of this server again")
		}
		failing = err != nil
		select {
		case <-tick.C:
		case <-ctx.Done():
			n.leave(context.WithoutCancel(ctx))
			return
		}
	}
}

// report tells the matchmaker once that this server is there.
func (n *Node) report(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, store.CallTimeout)
	defer cancel()
	return n.o.Stores.Nodes.Beat(ctx, n.state(), n.ttl())
}

// ttl is for how long this server counts as there after a beat.
func (n *Node) ttl() time.Duration { return beatsMissed * n.o.Config.Matchmaking.Beat }

func (n *Node) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, store.CallTimeout)
	defer cancel()
	if err := n.o.Stores.Nodes.Leave(ctx, n.o.ID); err != nil {
		n.o.Logger.Warn("this server could not take its leave of the matchmaker", "error", err)
	}
}

// state returns how this server is doing, as one that rooms are placed on.
func (n *Node) state() store.Node {
	cfg, list := n.o.Config, n.o.Registry.List()
	return store.Node{
		ID: n.o.ID, URL: cfg.Matchmaking.URL, Region: cfg.Matchmaking.Region, Kinds: n.o.Registry.Kinds(),
		Spare: spare(runtime.GOMAXPROCS(0), list), Rooms: len(list), Clients: n.o.Registry.Clients(),
		MaxRooms: cfg.MaxRooms, MaxClients: cfg.MaxConnections, Draining: n.o.GoingAway() || n.o.Short(),
	}
}

// spare returns the time that is left for ticks, in seconds per second: the
// processors less what the rooms' ticks take, as measured over about their last
// hundred ticks. It is 0 at least.
func spare(processors int, rooms []room.Info) float64 {
	left := float64(processors)
	for _, i := range rooms {
		left -= i.TickTime.Seconds() * i.TickRate
	}
	return max(0, left)
}
