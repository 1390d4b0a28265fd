package redisdata

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrNotCopied means that too few replicas have a change.
var ErrNotCopied = errors.New("replicas are late")

// Replicas says how many replicas must have a change, and how long they may take, which must be
// less than the client's timeout for an answer.
type Replicas struct {
	Number int
	Wait   time.Duration
}

// Run runs a script with keys and arguments as Call returns them, and waits until the replicas have
// what it has changed. The error is, or wraps, ErrNotCopied if they have not: the script may be run
// again then, when it must find its work done.
func (r Replicas) Run(ctx context.Context, c redis.UniversalClient, s *redis.Script, keys []string, argv []any) (any, error) {
	if r.Number == 0 {
		return s.Run(ctx, c, keys, argv...).Result()
	}
	v, err := r.acknowledged(ctx, c, keys[0], func(p redis.Pipeliner) *redis.Cmd { return s.EvalSha(ctx, p, keys, argv...) })
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		v, err = r.acknowledged(ctx, c, keys[0], func(p redis.Pipeliner) *redis.Cmd { return s.Eval(ctx, p, keys, argv...) })
	}
	return v, err
}

func (r Replicas) acknowledged(ctx context.Context, c redis.UniversalClient, prefix string, run func(redis.Pipeliner) *redis.Cmd) (any, error) {
	var node redis.Cmdable = c
	cluster, _ := c.(*redis.ClusterClient)
	if cluster != nil {
		// WAIT has no key that would lead it to the script's node.
		var err error
		if node, err = cluster.MasterForKey(ctx, prefix); err != nil {
			return nil, err
		}
	}
	var script, acks *redis.Cmd
	_, err := node.Pipelined(ctx, func(p redis.Pipeliner) error {
		script = run(p)
		// WAIT waits for what its connection has written. If the script finds its work
		// done, by a call before whose answer was lost, that is this.
		p.Incr(ctx, prefix+Acks)
		acks = p.Do(ctx, "WAIT", r.Number, r.Wait.Milliseconds())
		return nil
	})
	if script.Err() != nil {
		err = script.Err()
	}
	if err != nil {
		if cluster != nil {
			cluster.ReloadState(ctx) // another node may have the keys now
		}
		return nil, err
	}
	if n, err := acks.Int64(); err != nil {
		return nil, err
	} else if n < int64(r.Number) {
		return nil, fmt.Errorf("%w: %d of %d have got it within %v", ErrNotCopied, n, r.Number, r.Wait)
	}
	return script.Val(), nil
}
