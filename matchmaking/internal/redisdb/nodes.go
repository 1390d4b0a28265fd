package redisdb

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/internal/redisdata"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// Nodes is a store.Nodes.
type Nodes struct{ db }

var _ store.Nodes = (*Nodes)(nil)

// NewNodes returns the store of nodes; see Open.
func NewNodes(c redis.UniversalClient, prefix string) *Nodes {
	return &Nodes{newDB(c, nodeScript, redisdata.Nodes.Prefix(prefix), nil)}
}

// Beat implements store.Nodes.
func (n *Nodes) Beat(ctx context.Context, node store.Node, ttl time.Duration) error {
	blob, err := redisdata.Encode(node)
	if err != nil {
		return err
	}
	_, err = n.write(ctx, "beat", node.ID, blob, ttl.Milliseconds())
	return err
}

// Leave implements store.Nodes.
func (n *Nodes) Leave(ctx context.Context, id string) error {
	_, err := n.write(ctx, "leave", id)
	return err
}

// Nodes implements the interface.
func (n *Nodes) Nodes(ctx context.Context) ([]store.Node, error) {
	a, err := n.read(ctx, "nodes")
	if err != nil {
		return nil, err
	}
	out := decode[store.Node](a)
	slices.SortFunc(out, func(a, b store.Node) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}
