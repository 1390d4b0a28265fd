package service

import (
	"context"
	"errors"
	"sync"
	"time"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/matchmaking/internal/place"
	"github.com/tickroom/tickroom/matchmaking/internal/queue"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// noNode is when to try again when no node takes a room.
const noNode = 5 * time.Second

// newMatch keeps a match that no matcher has made, on the node that has the most to
// spare. set fills in what it is, and is called again if its id or code was taken.
func (s *Service) newMatch(ctx context.Context, w *wish, set func(*store.Match)) (*store.Match, error) {
	node, err := s.place(ctx, w)
	if err != nil {
		return nil, err
	}
	for range tries {
		m := store.Match{
			ID: queue.NewID(w.kind), Mode: w.modeName(), Kind: w.kind,
			Node: node.ID, URL: node.URL, Region: node.Region, Created: s.o.Now(),
		}
		if w.mode != nil {
			m.Options = w.mode.Room.Options
		}
		set(&m)
		err = do(ctx, func(ctx context.Context) error { return s.o.Tickets.Keep(ctx, m) })
		if err == nil {
			return &m, nil
		}
		if !errors.Is(err, store.ErrExists) {
			return nil, s.refuse(ctx, "keep", err)
		}
	}
	return nil, s.internal(ctx, "keep", err)
}

// place chooses a node in the nearest region where one takes the room.
func (s *Service) place(ctx context.Context, w *wish) (store.Node, error) {
	for _, region := range w.regions {
		node, err := ask(ctx, func(ctx context.Context) (store.Node, error) {
			return s.o.Placer.Place(ctx, s.o.Now(), w.kind, region, 1)
		})
		if err == nil {
			return node, nil
		}
		if !errors.Is(err, place.ErrNoNode) {
			return node, s.refuse(ctx, "place", err)
		}
		s.o.Logger.WarnContext(ctx, "matchmaking: no node for a room", "kind", w.kind, "region", region, "error", err)
	}
	return store.Node{}, later(connect.CodeUnavailable, noNode, "no server has room for another %s at the moment; try again in %d s", w.kind, seconds(noNode))
}

// list puts the room of an open match on the list, and reserves the caller's place in it.
func (s *Service) list(ctx context.Context, c *call, m *store.Match) (*store.Listing, error) {
	k := s.o.Kinds[m.Kind]
	r := store.Listing{
		ID: m.ID, Kind: m.Kind, Mode: m.Mode, Node: m.Node, URL: m.URL, Region: m.Region,
		Capacity: k.capacity(m.Mode), Spectators: k.Spectators, Created: m.Created,
	}
	// Before it is there, so that it is never there without being known.
	s.listed.add(m.ID, time.Now())
	err := do(ctx, func(ctx context.Context) error { return s.o.Directory.Add(ctx, r) })
	if err != nil {
		return nil, s.refuse(ctx, "list", err)
	}
	if r, err = s.reserve(ctx, c, store.Want{ID: m.ID}); err != nil {
		return nil, s.refuse(ctx, "reserve", err)
	}
	return &r, nil
}

// listed are the rooms that this service has put on the list, with when to look at them.
// The node that runs a room takes it off when it ends; but if nobody ever comes, no node
// runs it. That shows in its match, which a node keeps from being forgotten.
type listed struct {
	mu   sync.Mutex
	next map[string]time.Time
}

func (l *listed) add(id string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next[id] = now.Add(store.MatchKept + sweepEvery)
}

// due returns the rooms to look at now.
func (l *listed) due(now time.Time) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for id, at := range l.next {
		if !now.Before(at) {
			out = append(out, id)
		}
	}
	return out
}

func (l *listed) drop(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.next, id)
}

// sweep takes the rooms off the list whose matches are forgotten.
func (s *Service) sweep(ctx context.Context) {
	now := time.Now()
	for _, id := range s.listed.due(now) {
		_, err := ask(ctx, func(ctx context.Context) (store.Match, error) { return s.o.Tickets.Match(ctx, id, "") })
		if err == nil {
			s.listed.add(id, now)
			continue
		}
		if errors.Is(err, store.ErrNoRoom) {
			err = do(ctx, func(ctx context.Context) error { return s.o.Directory.Remove(ctx, id) })
		}
		if err != nil {
			if ctx.Err() == nil {
				s.o.Logger.WarnContext(ctx, "matchmaking: rooms that nobody came to stay on the list for now", "error", err)
			}
			return
		}
		s.listed.drop(id)
	}
}
