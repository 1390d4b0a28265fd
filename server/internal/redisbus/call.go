package redisbus

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/internal/redisdata"
)

//go:embed bus.lua
var lua string

// errNotCopied means that too few replicas have a message.
var errNotCopied = errors.New("replicas are late")

// call calls a function of the script.
func (p *part) call(ctx context.Context, fn string, args ...any) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, p.bus.o.Timeout)
	defer cancel()
	keys, argv := redisdata.Call(p.prefix, fn, args)
	return p.bus.script.Run(ctx, p.bus.c, keys, argv...).Result()
}

// write calls a function of the script, and waits until the replicas have what it has written.
func (p *part) write(ctx context.Context, fn string, args ...any) (any, error) {
	if p.bus.o.Replicas == 0 {
		return p.call(ctx, fn, args...)
	}
	ctx, cancel := context.WithTimeout(ctx, p.bus.o.Timeout+p.bus.o.ReplicaWait)
	defer cancel()
	keys, argv := redisdata.Call(p.prefix, fn, args)
	script := p.bus.script
	v, err := p.acknowledged(ctx, func(pipe redis.Pipeliner) *redis.Cmd { return script.EvalSha(ctx, pipe, keys, argv...) })
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		v, err = p.acknowledged(ctx, func(pipe redis.Pipeliner) *redis.Cmd { return script.Eval(ctx, pipe, keys, argv...) })
	}
	return v, err
}

func (p *part) acknowledged(ctx context.Context, run func(redis.Pipeliner) *redis.Cmd) (any, error) {
	var node redis.Cmdable = p.bus.c
	if cluster, ok := p.bus.c.(*redis.ClusterClient); ok {
		// WAIT has no key that would lead it to the script's node.
		var err error
		if node, err = cluster.MasterForKey(ctx, p.prefix); err != nil {
			return nil, err
		}
	}
	var script, acks *redis.Cmd
	_, err := node.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		script = run(pipe)
		// WAIT waits for what its connection has written. If the script finds its work done, by a
		// call before whose answer was lost, that is this.
		pipe.Incr(ctx, p.prefix+redisdata.Acks)
		acks = pipe.Do(ctx, "WAIT", p.bus.o.Replicas, p.bus.o.ReplicaWait.Milliseconds())
		return nil
	})
	if script.Err() != nil {
		err = script.Err()
	}
	if err != nil {
		return nil, err
	}
	if n, err := acks.Int64(); err != nil {
		return nil, err
	} else if n < int64(p.bus.o.Replicas) {
		return nil, fmt.Errorf("%w: %d of %d have got it within %v", errNotCopied, n, p.bus.o.Replicas, p.bus.o.ReplicaWait)
	}
	return script.Val(), nil
}

// failed has a cluster looked at anew: another node may have the part now.
func (p *part) failed(ctx context.Context) {
	if cluster, ok := p.bus.c.(*redis.ClusterClient); ok && ctx.Err() == nil {
		cluster.ReloadState(ctx)
	}
}

// texts returns the list of texts that a script has answered with.
func texts(v any, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	list, ok := v.([]any)
	all := make([]string, len(list))
	for i, x := range list {
		s, isText := x.(string)
		ok = ok && isText
		all[i] = s
	}
	if !ok {
		return nil, fmt.Errorf("bus: redis: an answer that is none: %.100v", v)
	}
	return all, nil
}

// backoff is the time between attempts while Redis is away.
type backoff struct{ next time.Duration }

const minBackoff, maxBackoff = 20 * time.Millisecond, time.Second

// wait waits, longer each time, and reports whether ctx is not done yet.
func (b *backoff) wait(ctx context.Context) bool {
	b.next = min(max(2*b.next, minBackoff), maxBackoff)
	t := time.NewTimer(b.next)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (b *backoff) reset() { b.next = 0 }
