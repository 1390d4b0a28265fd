package service

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// storeTime is how long a store may take to answer.
const storeTime = time.Second

// bound gives a context for one call of a store.
func bound(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, storeTime)
}

// ask calls a store, with a bound.
func ask[T any](ctx context.Context, fn func(context.Context) (T, error)) (T, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	return fn(ctx)
}

// recent keeps what a store has said for a moment, so that many calls at once ask it
// once. The zero value is ready.
type recent[T any] struct {
	flight singleflight.Group

	mu    sync.Mutex
	value T
	at    time.Time // zero: nothing is known
}

// get gives what fn says, or has said within ttl. The value is shared, and not to be
// changed.
func (r *recent[T]) get(ctx context.Context, ttl time.Duration, fn func(context.Context) (T, error)) (T, error) {
	r.mu.Lock()
	value, at := r.value, r.at
	r.mu.Unlock()
	if !at.IsZero() && time.Since(at) < ttl {
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

const (
	nodesTTL = 500 * time.Millisecond
	roomsTTL = 500 * time.Millisecond
)

// nodesNow gives the nodes, as they were within the last half second.
func (s *Service) nodesNow(ctx context.Context) ([]store.Node, error) {
	nodes, err := s.nodes.get(ctx, nodesTTL, s.o.Nodes.Nodes)
	if err != nil {
		return nil, s.refuse(ctx, "nodes", err)
	}
	return nodes, nil
}

// node gives the node with an id, if it lives.
func (s *Service) node(ctx context.Context, id string) (store.Node, bool, error) {
	nodes, err := s.nodesNow(ctx)
	if err != nil {
		return store.Node{}, false, err
	}
	i := slices.IndexFunc(nodes, func(n store.Node) bool { return n.ID == id })
	if i < 0 {
		return store.Node{}, false, nil
	}
	return nodes[i], true, nil
}

// roomsNow lists the rooms of a kind, or all, as they were within the last half
// second.
func (s *Service) roomsNow(ctx context.Context, kind string) ([]store.Listing, error) {
	rooms, err := s.rooms[kind].get(ctx, roomsTTL, func(ctx context.Context) ([]store.Listing, error) {
		return s.o.Directory.Rooms(ctx, kind)
	})
	if err != nil {
		return nil, s.refuse(ctx, "rooms", err)
	}
	return rooms, nil
}
