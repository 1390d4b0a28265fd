package matchmaking

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/tickroom/tickroom/matchmaking/internal/memory"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// beats is for what is not asked.
type beats = store.Nodes

// heartbeats is a Nodes that is told who lives.
type heartbeats struct {
	beats
	alive []string
	err   error
}

func (h *heartbeats) Nodes(context.Context) ([]store.Node, error) {
	var nodes []store.Node
	for _, id := range h.alive {
		nodes = append(nodes, store.Node{ID: id})
	}
	return nodes, h.err
}

func TestReaper(t *testing.T) {
	t.Parallel()
	now := time.Now()
	d := memory.NewDirectory(time.Now)
	for id, node := range map[string]string{"1": "a", "2": "a", "3": "b", "4": "c"} {
		if _, err := d.Report(t.Context(), node, []store.Report{{Listing: store.Listing{ID: id, Kind: "k", Node: node}}}); err != nil {
			t.Fatal(err)
		}
	}
	n := &heartbeats{}
	r := reaper{directory: d, nodes: n, grace: 10 * time.Second}
	away := errors.New("the store is away")
	for i, c := range []struct {
		after   time.Duration
		alive   []string
		err     error
		removed map[string]int
	}{
		{0, []string{"a", "b", "c"}, nil, nil},
		{time.Hour, []string{"b", "z"}, nil, nil}, // a and c are missing from now on
		{9 * time.Second, []string{"b"}, nil, nil},
		{time.Second, nil, away, nil},                                  // nobody knows
		{time.Second, []string{"b", "c"}, nil, map[string]int{"a": 2}}, // c is back
		{9 * time.Second, nil, nil, nil},                               // c is missing anew, and b
		{9 * time.Second, []string{"b"}, nil, nil},
		{time.Second, []string{"b"}, nil, map[string]int{"c": 1}},
		{time.Hour, nil, nil, nil},
		{10 * time.Second, nil, nil, map[string]int{"b": 1}},
		{time.Hour, nil, nil, nil},
	} {
		now = now.Add(c.after)
		n.alive, n.err = c.alive, c.err
		removed, err := r.pass(t.Context(), now)
		if !errors.Is(err, c.err) || c.err == nil && err != nil || !maps.Equal(removed, c.removed) {
			t.Errorf("%d: removed %v, %v; want %v", i, removed, err, c.removed)
		}
	}
	if rooms, err := d.Rooms(t.Context(), "", ""); len(rooms) > 0 || err != nil {
		t.Errorf("%v, %v", rooms, err)
	}
}
