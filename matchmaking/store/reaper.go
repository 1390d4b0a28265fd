package store

import (
	"context"
	"fmt"
	"time"
)

// Reaper takes the rooms of dead nodes off a directory. A node whose process died
// can't do it itself, and players would be sent there for ever.
//
// Each node may have one that runs: what two do is done once. It owns no goroutine;
// call Pass now and then, from one goroutine at a time.
type Reaper struct {
	Directory Directory
	Nodes     Nodes
	// Grace is how long a node must have been missing, beyond its heartbeats' time to
	// live. It covers a store that has lost the heartbeats: those that live send new
	// ones meanwhile. So it must be longer than the time between two heartbeats.
	Grace time.Duration
	// Now is the clock; nil: time.Now.
	Now func() time.Time

	missing map[string]time.Time // node: since when
}

// Pass looks for nodes that have rooms and are not there any more, and removes the
// rooms of those that have been missing for Grace. It gives the removed nodes with
// the number of their rooms.
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
