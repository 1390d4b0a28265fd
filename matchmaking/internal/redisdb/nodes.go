package redisdb

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// Nodes is a store.Nodes in Redis, by whose clock nodes are forgotten: a hash of
// the nodes, and a sorted set of when each is silent for too long.
type Nodes struct{ db }

var _ store.Nodes = (*Nodes)(nil)

// NewNodes makes a store whose keys begin with a prefix; see NewTickets.
func NewNodes(c redis.UniversalClient, prefix string, opts ...Option) *Nodes {
	return &Nodes{newDB(c, prefix+"nodes", opts)}
}

const nodeClock = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
`

var (
	beatNode = redis.NewScript(nodeClock + `
redis.call('HSET', ARGV[1] .. 'nodes', ARGV[2], ARGV[3])
redis.call('ZADD', ARGV[1] .. 'until', now + ARGV[4], ARGV[2])
return 'done'
`)
	leaveNode = redis.NewScript(`
redis.call('HDEL', ARGV[1] .. 'nodes', ARGV[2])
redis.call('ZREM', ARGV[1] .. 'until', ARGV[2])
return 'done'
`)
	listNodes = redis.NewScript(nodeClock + `
for _, id in ipairs(redis.call('ZRANGEBYSCORE', ARGV[1] .. 'until', '-inf', now)) do
  redis.call('HDEL', ARGV[1] .. 'nodes', id)
  redis.call('ZREM', ARGV[1] .. 'until', id)
end
return redis.call('HVALS', ARGV[1] .. 'nodes')
`)
)

// Beat implements store.Nodes.
func (n *Nodes) Beat(ctx context.Context, node store.Node, ttl time.Duration) error {
	blob, err := encode(node)
	if err != nil {
		return err
	}
	_, err = n.write(ctx, beatNode, node.ID, blob, ttl.Milliseconds())
	return err
}

// Leave implements store.Nodes.
func (n *Nodes) Leave(ctx context.Context, id string) error {
	_, err := n.write(ctx, leaveNode, id)
	return err
}

// Nodes implements the interface.
func (n *Nodes) Nodes(ctx context.Context) ([]store.Node, error) {
	v, err := n.read(ctx, listNodes)
	if err != nil {
		return nil, err
	}
	blobs, err := parts(v, 0)
	if err != nil {
		return nil, err
	}
	out := make([]store.Node, len(blobs))
	for i := range blobs {
		if err := decode(text(blobs[i]), &out[i]); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(a, b store.Node) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}
