package store

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// MemoryNodes is a Nodes in memory: of a server on its own.
type MemoryNodes struct {
	now func() time.Time

	mu    sync.Mutex
	nodes map[string]memoryNode
}

type memoryNode struct {
	Node
	until time.Time
}

// NewMemoryNodes makes an empty MemoryNodes. now may be nil.
func NewMemoryNodes(now func() time.Time) *MemoryNodes {
	if now == nil {
		now = time.Now
	}
	return &MemoryNodes{now: now, nodes: map[string]memoryNode{}}
}

var _ Nodes = (*MemoryNodes)(nil)

// Beat implements Nodes.
func (m *MemoryNodes) Beat(_ context.Context, n Node, ttl time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n.Kinds = slices.Clone(n.Kinds)
	m.nodes[n.ID] = memoryNode{n, m.now().Add(ttl)}
	return nil
}

// Leave implements Nodes.
func (m *MemoryNodes) Leave(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.nodes, id)
	return nil
}

// Nodes implements the interface.
func (m *MemoryNodes) Nodes(context.Context) ([]Node, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	var out []Node
	for id, n := range m.nodes {
		if !now.Before(n.until) {
			delete(m.nodes, id)
			continue
		}
		out = append(out, n.Node)
	}
	slices.SortFunc(out, func(a, b Node) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}
