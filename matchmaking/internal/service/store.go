package service

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// recentTTL is how long an answer is used that many calls ask for.
const recentTTL = 500 * time.Millisecond

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

// recent keeps what a store has returned for a moment, so that many calls at once ask it
// once. The zero value is ready.
type recent[T any] struct {
	flight singleflight.Group

	mu    sync.Mutex
	value T
	at    time.Time // zero: nothing is known
}

// get returns what fn returns, or has returned within recentTTL. The value is shared, and not to be
// changed.
func (r *recent[T]) get(ctx context.Context, fn func(context.Context) (T, error)) (T, error) {
	r.mu.Lock()
	value, at := r.value, r.at
	r.mu.Unlock()
	if !at.IsZero() && time.Since(at) < recentTTL {
		return value, nil
	}
	// Who asks first must not take the others along when it goes.
	c := r.flight.DoChan("", func() (any, error) {
		began := time.Now()
		v, err := ask(context.WithoutCancel(ctx), fn)
		if err == nil {
			r.mu.Lock()
			r.value, r.at = v, began
			r.mu.Unlock()
		}
		return v, err
	})
	var none T
	select {
	case got := <-c:
		if got.Err != nil {
			return none, got.Err
		}
		return got.Val.(T), nil
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// nodesNow returns the nodes, as they were within the last half second.
func (s *Service) nodesNow(ctx context.Context) ([]store.Node, error) {
	nodes, err := s.nodes.get(ctx, s.o.Nodes.Nodes)
	if err != nil {
		return nil, s.refuse(ctx, "nodes", err)
	}
	return nodes, nil
}

// alive reports whether a node lives.
func (s *Service) alive(ctx context.Context, node string) (bool, error) {
	nodes, err := s.nodesNow(ctx)
	return slices.ContainsFunc(nodes, func(n store.Node) bool { return n.ID == node }), err
}

// roomsNow lists the rooms of a kind, or all, as they were within the last half
// second.
func (s *Service) roomsNow(ctx context.Context, kind string) ([]store.Listing, error) {
	rooms, err := s.rooms[kind].get(ctx, func(ctx context.Context) ([]store.Listing, error) {
		return s.o.Directory.Rooms(ctx, kind)
	})
	if err != nil {
		return nil, s.refuse(ctx, "rooms", err)
	}
	return rooms, nil
}
