package service

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// recentTTL is how long an answer is used that many calls ask for.
const recentTTL = 500 * time.Millisecond

// newestTTL is the same for those who look for what recent answers do not have.
const newestTTL = 50 * time.Millisecond

// ask calls a store, with a bound.
func ask[T any](ctx context.Context, fn func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, store.CallTimeout)
	defer cancel()
	return fn(ctx)
}

// do is ask for a call that returns an error alone.
func do(ctx context.Context, fn func(context.Context) error) error {
	_, err := ask(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, fn(ctx) })
	return err
}

// recent returns a function that returns what fn returns, or has returned within
// ttl, so that many calls at once ask a store once. The value is shared, and not to
// be changed.
func recent[T any](ttl time.Duration, fn func(context.Context) (T, error)) func(context.Context) (T, error) {
	type answer struct {
		value T
		at    time.Time
	}
	var flight singleflight.Group
	var last atomic.Pointer[answer]
	return func(ctx context.Context) (none T, _ error) {
		if a := last.Load(); a != nil && time.Since(a.at) < ttl {
			return a.value, nil
		}
		// Who asks first must not take the others along when it goes.
		c := flight.DoChan("", func() (any, error) {
			a := answer{at: time.Now()}
			var err error
			if a.value, err = ask(context.WithoutCancel(ctx), fn); err == nil {
				last.Store(&a)
			}
			return a.value, err
		})
		select {
		case got := <-c:
			return got.Val.(T), got.Err
		case <-ctx.Done():
			return none, ctx.Err()
		}
	}
}

// alive reports whether a node lives.
func (s *Service) alive(ctx context.Context, node string) (bool, error) {
	nodes, err := s.nodes(ctx)
	return contains(nodes, node), err
}

func contains(nodes []store.Node, id string) bool {
	return slices.ContainsFunc(nodes, func(n store.Node) bool { return n.ID == id })
}

// match returns a match by its id, or, if that is empty, by its code.
func (s *Service) match(ctx context.Context, id, code string) (store.Match, error) {
	return ask(ctx, func(ctx context.Context) (store.Match, error) { return s.o.Tickets.Match(ctx, id, code) })
}
