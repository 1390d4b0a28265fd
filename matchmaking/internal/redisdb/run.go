package redisdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// DefaultTimeout is how long a call may take, all attempts together.
const DefaultTimeout = time.Second

// Option changes how a store uses Redis.
type Option func(*db)

// WithTimeout has calls take at most so long, in the place of DefaultTimeout. A
// context that ends earlier counts.
func WithTimeout(d time.Duration) Option { return func(b *db) { b.timeout = d } }

// WithReplicas has every change wait for n replicas to have it, for at most so long,
// which must be less than the timeout, and than the client's for an answer. If they have not, the call gives
// store.ErrUnavailable; made again it finds what is there, or does it anew.
// So nothing that was answered is lost when one of those replicas takes over.
func WithReplicas(n int, wait time.Duration) Option {
	return func(b *db) { b.replicas, b.replicaWait = n, wait }
}

// db runs scripts on keys that have one hash tag, and so are on one node of a cluster.
type db struct {
	c           redis.UniversalClient
	prefix      string // of all keys; it is their tag
	timeout     time.Duration
	replicas    int
	replicaWait time.Duration
}

func newDB(c redis.UniversalClient, tag string, opts []Option) db {
	d := db{c: c, prefix: "{" + tag + "}:", timeout: DefaultTimeout}
	for _, o := range opts {
		o(&d)
	}
	return d
}

// read runs a script that changes nothing of value.
func (d *db) read(ctx context.Context, s *redis.Script, args ...any) (any, error) {
	args = append([]any{d.prefix}, args...)
	return d.try(ctx, func(ctx context.Context) (any, error) {
		return s.Run(ctx, d.c, d.keys(), args...).Result()
	})
}

// write runs a script that changes something. It may run more than once, when an
// answer is lost: to do it again must change nothing.
func (d *db) write(ctx context.Context, s *redis.Script, args ...any) (any, error) {
	if d.replicas == 0 {
		return d.read(ctx, s, args...)
	}
	args = append([]any{d.prefix}, args...)
	return d.try(ctx, func(ctx context.Context) (any, error) {
		v, err := d.replicated(ctx, func(p redis.Pipeliner) *redis.Cmd { return p.EvalSha(ctx, s.Hash(), d.keys(), args...) })
		if redis.HasErrorPrefix(err, "NOSCRIPT") {
			v, err = d.replicated(ctx, func(p redis.Pipeliner) *redis.Cmd { return s.Eval(ctx, p, d.keys(), args...) })
		}
		return v, err
	})
}

// pauses are made before another attempt: a Redis that starts again, or connections
// that it has left behind, should not be a player's trouble.
var pauses = []time.Duration{10 * time.Millisecond, 40 * time.Millisecond, 160 * time.Millisecond}

// try makes a few attempts, within the timeout.
func (d *db) try(ctx context.Context, once func(context.Context) (any, error)) (any, error) {
	bounded, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	for n := 0; ; n++ {
		v, err := once(bounded)
		if err == nil {
			return v, nil
		}
		if n == len(pauses) || !passing(err) || !pause(bounded, pauses[n]) {
			return nil, failure(ctx, err)
		}
	}
}

// passing tells whether what went wrong may be over in a moment.
func passing(err error) bool {
	if errors.Is(err, errNotCopied) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if said := redis.Error(nil); errors.As(err, &said) {
		// An answer: of a server that starts, or has another part in a cluster now.
		for _, p := range []string{"LOADING", "READONLY", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "MOVED", "ASK"} {
			if redis.HasErrorPrefix(err, p) {
				return true
			}
		}
		return false
	}
	return true
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// errNotCopied tells that too few replicas have a change.
var errNotCopied = errors.New("replicas are late")

// replicated runs a script and waits until the replicas have what it has changed.
func (d *db) replicated(ctx context.Context, run func(redis.Pipeliner) *redis.Cmd) (any, error) {
	var node redis.Cmdable = d.c
	cluster, _ := d.c.(*redis.ClusterClient)
	if cluster != nil {
		// WAIT has no key that would lead it to the script's node.
		var err error
		if node, err = cluster.MasterForKey(ctx, d.prefix); err != nil {
			return nil, err
		}
	}
	var script, acks *redis.Cmd
	_, err := node.Pipelined(ctx, func(p redis.Pipeliner) error {
		script = run(p)
		// WAIT waits for what its connection has written. If the script finds its work
		// done, by a call before whose answer was lost, that is this.
		p.Incr(ctx, d.prefix+"acks")
		acks = p.Do(ctx, "WAIT", d.replicas, d.replicaWait.Milliseconds())
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
	} else if n < int64(d.replicas) {
		return nil, fmt.Errorf("%w: %d of %d have got it within %v", errNotCopied, n, d.replicas, d.replicaWait)
	}
	return script.Val(), nil
}

// keys tells a cluster which node is meant. Scripts make the names of the others.
func (d *db) keys() []string { return []string{d.prefix} }

// failure tells what a call that has failed gives. ctx is the caller's.
func failure(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("matchmaking: redis: %w", ctx.Err())
	}
	return fmt.Errorf("%w: redis: %w", store.ErrUnavailable, err)
}

// strange tells that an answer is not what a script gives.
func strange(v any) error { return fmt.Errorf("matchmaking: redis: an answer that is none: %.100v", v) }

// parts gives an answer of several parts.
func parts(v any, atLeast int) ([]any, error) {
	l, ok := v.([]any)
	if !ok || len(l) < atLeast {
		return nil, strange(v)
	}
	return l, nil
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
