package node

import (
	"context"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// relistBeats is how many beats pass from one look at the directory to the next.
const relistBeats = 8

// relist looks now and then whether the directory knows the rooms that run here.
func (n *Node) relist(ctx context.Context) {
	tick := time.NewTicker(relistBeats * n.o.Config.Matchmaking.Beat)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		for _, e := range n.o.Registry.Entries() {
			call, cancel := context.WithTimeout(ctx, store.CallTimeout)
			_, err := n.o.Registry.Relist(call, e)
			cancel()
			if err != nil {
				break // the directory is away
			}
		}
	}
}
