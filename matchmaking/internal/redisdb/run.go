package redisdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/internal/redisdata"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// Option changes how a store uses Redis.
type Option func(*db)

// WithReplicas has every change wait for n replicas to have it, for at most so long, which
// must be less than store.CallTimeout and than the client's timeout for an answer. If they
// have not, the call returns store.ErrUnavailable; repeated, it finds what is there, or does
// it anew. So nothing that was answered is lost when one of those replicas takes over.
func WithReplicas(n int, wait time.Duration) Option {
	return func(b *db) { b.replicas = redisdata.Replicas{Number: n, Wait: wait} }
}

// db runs the functions of a script on the keys of a space.
type db struct {
	c        redis.UniversalClient
	script   *redis.Script
	prefix   string // of all keys; its hash tag says where in a cluster they are
	replicas redisdata.Replicas
}

func newDB(c redis.UniversalClient, s *redis.Script, prefix string, opts []Option) db {
	d := db{c: c, script: s, prefix: prefix}
	for _, o := range opts {
		o(&d)
	}
	return d
}

// read calls a function that changes nothing of value. It may be called several times.
func (d *db) read(ctx context.Context, fn string, args ...any) (answer, error) {
	return d.try(ctx, func(ctx context.Context) (any, error) { return d.run(ctx, fn, args) })
}

// write calls a function that changes something. It may be called several times, when an
// answer is lost: doing it again must change nothing.
func (d *db) write(ctx context.Context, fn string, args ...any) (answer, error) {
	return d.try(ctx, func(ctx context.Context) (any, error) {
		keys, argv := redisdata.Call(d.prefix, fn, args)
		return d.replicas.Run(ctx, d.c, d.script, keys, argv)
	})
}

func (d *db) run(ctx context.Context, fn string, args []any) (any, error) {
	keys, argv := redisdata.Call(d.prefix, fn, args)
	return d.script.Run(ctx, d.c, keys, argv...).Result()
}

// pauses are made before another attempt: a Redis that starts again, or connections
// that it has left behind, should not be a player's trouble.
var pauses = []time.Duration{10 * time.Millisecond, 40 * time.Millisecond, 160 * time.Millisecond}

// try makes an attempt, and a few more, within store.CallTimeout.
func (d *db) try(ctx context.Context, once func(context.Context) (any, error)) (answer, error) {
	bounded, cancel := context.WithTimeout(ctx, store.CallTimeout)
	defer cancel()
	for n := 0; ; n++ {
		v, err := once(bounded)
		if err == nil {
			return parse(v)
		}
		if n == len(pauses) || !passing(err) || !pause(bounded, pauses[n]) {
			return nil, failure(ctx, err)
		}
	}
}

// parse returns the list that a script has answered with, or the error that its word means.
func parse(v any) (answer, error) {
	if l, ok := v.([]any); ok {
		return l, nil
	}
	word, _ := v.(string)
	err, known := words[word]
	if !known {
		return nil, fmt.Errorf("matchmaking: redis: an answer that is none: %.100v", v)
	}
	return nil, err
}

// passing reports whether what went wrong may be over in a moment.
func passing(err error) bool {
	if errors.Is(err, redisdata.ErrNotCopied) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if said := redis.Error(nil); errors.As(err, &said) {
		// It has answered: it starts, or has another part in the cluster now.
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

// failure returns what a call that has failed returns. ctx is the caller's.
func failure(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("matchmaking: redis: %w", ctx.Err())
	}
	return fmt.Errorf("%w: redis: %w", store.ErrUnavailable, err)
}
