package memory

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// Nodes is a store.Nodes.
type Nodes struct {
	now func() time.Time

	mu    sync.Mutex
	nodes map[string]node
}

type node struct {
	store.Node
	until time.Time
}

var _ store.Nodes = (*Nodes)(nil)

// NewNodes returns an empty store that goes by the clock now.
func NewNodes(now func() time.Time) *Nodes { return &Nodes{now: now, nodes: map[string]node{}} }

// Beat implements store.Nodes.
func (s *Nodes) Beat(_ context.Context, n store.Node, ttl time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n.Kinds = slices.Clone(n.Kinds)
	s.nodes[n.ID] = node{n, s.now().Add(ttl)}
	return nil
}

// Leave implements store.Nodes.
func (s *Nodes) Leave(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.nodes, id)
	return nil
}

// Nodes implements the interface.
func (s *Nodes) Nodes(context.Context) ([]store.Node, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	var out []store.Node
	for id, n := range s.nodes {
		if !now.Before(n.until) {
			delete(s.nodes, id)
			continue
		}
		out = append(out, n.Node)
	}
	slices.SortFunc(out, func(a, b store.Node) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}
