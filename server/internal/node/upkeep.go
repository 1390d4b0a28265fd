package node

import (
	"context"
	"time"

	"github.com/tickroom/tickroom/matchmaking"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// relistBeats is how many beats pass from one look at the directory to the next.
const relistBeats = 8

// relist looks now and then whether the directory knows the rooms that run here.
func (n *Node) relist(ctx context.Context) {
	every(ctx, relistBeats*n.o.Config.Matchmaking.Beat, func() {
		for _, e := range n.o.Registry.Entries() {
			call, cancel := context.WithTimeout(ctx, store.CallTimeout)
			_, err := n.o.Registry.Relist(call, e)
			cancel()
			if err != nil {
				return // the directory is away
			}
		}
	})
}

// reap takes the rooms of servers that have died off the directory.
func (n *Node) reap(ctx context.Context) {
	r := &matchmaking.Reaper{Directory: n.o.Stores.Directory, Nodes: n.o.Stores.Nodes, Grace: 2 * n.ttl()}
	every(ctx, n.ttl(), func() {
		removed, err := r.Pass(ctx)
		for node, rooms := range removed {
			n.o.Logger.Warn("a server has died; its rooms are off the list", "node", node, "rooms", rooms)
		}
		if err != nil && ctx.Err() == nil {
			n.o.Logger.Debug("servers that have died could not be looked for", "error", err)
		}
	})
}

// every calls fn each interval until ctx is done.
func every(ctx context.Context, interval time.Duration, fn func()) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			fn()
		case <-ctx.Done():
			return
		}
	}
}
