package matchmaking

import (
	"context"
	"fmt"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// reaper takes the rooms of dead nodes off a directory. A node whose process has died can't do
// it itself, and players would be sent there for ever. Every server may run one: what two do
// is done once.
type reaper struct {
	directory store.Directory
	nodes     store.Nodes
	// grace is how long a node must have been missing, beyond the time to live of its beats.
	// It is longer than the time between two beats: after a store has lost them, nodes that
	// live send new ones meanwhile.
	grace time.Duration

	missing map[string]time.Time // node: since when
}

// pass removes the rooms of nodes that have been missing for so long, and returns these nodes
// with the number of their rooms.
func (r *reaper) pass(ctx context.Context, now time.Time) (removed map[string]int, err error) {
	// In this order: a node that begins in between is not taken for one that is missing.
	owners, err := r.directory.Owners(ctx)
	if err != nil {
		return nil, fmt.Errorf("matchmaking: rooms of dead nodes: %w", err)
	}
	nodes, err := r.nodes.Nodes(ctx)
	if err != nil {
		return nil, fmt.Errorf("matchmaking: rooms of dead nodes: %w", err)
	}
	alive := map[string]bool{}
	for i := range nodes {
		alive[nodes[i].ID] = true
	}
	missing := map[string]time.Time{}
	for _, id := range owners {
		if alive[id] {
			continue
		}
		missing[id] = now
		if since, known := r.missing[id]; known {
			missing[id] = since
		}
	}
	r.missing = missing
	removed = map[string]int{}
	for id, since := range missing {
		if now.Sub(since) < r.grace {
			continue
		}
		if removed[id], err = r.directory.RemoveNode(ctx, id); err != nil {
			return removed, fmt.Errorf("matchmaking: rooms of node %s, which is gone: %w", id, err)
		}
		delete(r.missing, id)
	}
	return removed, nil
}

// reap looks for dead nodes until ctx is done.
func (m *Matchmaker) reap(ctx context.Context) {
	r := &reaper{directory: m.o.Stores.Directory, nodes: m.o.Stores.Nodes, grace: 2 * m.o.NodeTTL}
	tick := time.NewTicker(m.o.NodeTTL)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		removed, err := r.pass(ctx, time.Now())
		for node, rooms := range removed {
			m.o.Logger.Warn("a server has died; its rooms are off the list", "node", node, "rooms", rooms)
		}
		if err != nil && ctx.Err() == nil {
			m.o.Logger.Debug("servers that have died could not be looked for", "error", err)
		}
	}
}
