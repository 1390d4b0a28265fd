package matchmaking

import (
	"context"
	"fmt"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// Reaper takes the rooms of dead nodes off a directory. A node whose process has died can't do
// it itself, and players would be sent there for ever.
//
// Every node may run one: what two do is done once. It owns no goroutine: Pass is called now
// and then, from one goroutine at a time.
type Reaper struct {
	Directory store.Directory
	Nodes     store.Nodes
	// Grace is how long a node must have been missing, beyond the time to live of its beats.
	// It is longer than the time between two beats: after a store has lost them, nodes that
	// live send new ones meanwhile.
	Grace time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time

	missing map[string]time.Time // node: since when
}

// Pass removes the rooms of nodes that have been missing for Grace, and returns these nodes
// with the number of their rooms.
func (r *Reaper) Pass(ctx context.Context) (removed map[string]int, err error) {
	now := time.Now()
	if r.Now != nil {
		now = r.Now()
	}
	// In this order: a node that begins in between is not taken for one that is missing.
	owners, err := r.Directory.Owners(ctx)
	if err != nil {
		return nil, fmt.Errorf("matchmaking: rooms of dead nodes: %w", err)
	}
	nodes, err := r.Nodes.Nodes(ctx)
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
		since, known := r.missing[id]
		if !known {
			since = now
		}
		missing[id] = since
	}
	r.missing = missing
	for id, since := range missing {
		if now.Sub(since) < r.Grace {
			continue
		}
		n, err := r.Directory.RemoveNode(ctx, id)
		if err != nil {
			return removed, fmt.Errorf("matchmaking: rooms of node %s, which is gone: %w", id, err)
		}
		if removed == nil {
			removed = map[string]int{}
		}
		removed[id] = n
		delete(r.missing, id)
	}
	return removed, nil
}
