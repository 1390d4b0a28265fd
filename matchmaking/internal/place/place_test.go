package place

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// list is a store.Nodes that the test sets.
type list struct {
	nodes []store.Node
	err   error
	asked int
}

func (l *list) Nodes(context.Context) ([]store.Node, error) {
	l.asked++
	return l.nodes, l.err
}

func (*list) Beat(context.Context, store.Node, time.Duration) error { return nil }
func (*list) Leave(context.Context, string) error                   { return nil }

func node(id string, spare float64, change ...func(*store.Node)) store.Node {
	n := store.Node{ID: id, Kinds: []string{"arena"}, Spare: spare, MaxRooms: 100, MaxClients: 1000}
	for _, c := range change {
		c(&n)
	}
	return n
}

func within(region string) func(*store.Node) {
	return func(n *store.Node) { n.Region = region }
}

func TestPlace(t *testing.T) {
	t.Parallel()
	draining := func(n *store.Node) { n.Draining = true }
	rooms := func(n *store.Node) { n.Rooms = 100 }
	clients := func(n *store.Node) { n.Clients = 995 }
	quiz := func(n *store.Node) { n.Kinds = []string{"quiz"} }
	for _, c := range []struct {
		name   string
		nodes  []store.Node
		region string
		want   string // a node, or a part of the error
	}{
		{"the most spare time", []store.Node{node("a", 1), node("b", 3), node("c", 2)}, "", "b"},
		{"the fewest rooms don't count", []store.Node{node("a", 1), node("b", 3, func(n *store.Node) { n.Rooms = 50 })}, "", "b"},
		{"not draining", []store.Node{node("a", 1), node("b", 3, draining)}, "", "a"},
		{"not full of rooms", []store.Node{node("a", 1), node("b", 3, rooms)}, "", "a"},
		{"not full of clients", []store.Node{node("a", 1), node("b", 3, clients)}, "", "a"},
		{"the kind", []store.Node{node("a", 1), node("b", 3, quiz)}, "", "a"},
		{"the region", []store.Node{node("a", 1, within("eu")), node("b", 3, within("us"))}, "eu", "a"},
		{"no region", []store.Node{node("a", 1, within("eu")), node("b", 3, within("us"))}, "", "b"},
		{"an unknown region", []store.Node{node("a", 1, within("eu")), node("b", 3, within("us"))}, "asia", "b"},
		{"a region without the kind", []store.Node{node("a", 1), node("b", 3, within("us"), quiz)}, "us", "a"},
		{"a full region", []store.Node{node("a", 1, within("eu"), draining), node("b", 3, within("us"))}, "eu", "of kind arena in eu: 1 elsewhere, 1 draining"},
		{"nobody", nil, "", "there are no nodes"},
		{"no time", []store.Node{node("a", 0), node("b", -1), node("c", 1, quiz)}, "", "1 not running the kind, 2 without spare time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := New(&list{nodes: c.nodes}).Place(t.Context(), epoch, "arena", c.region, 10)
			if err != nil && (!errors.Is(err, ErrNoNode) || !strings.HasSuffix(err.Error(), c.want)) || err == nil && n.ID != c.want {
				t.Errorf("got %q, %v; want %s", n.ID, err, c.want)
			}
		})
	}
}

func TestWhatWasPlacedCounts(t *testing.T) {
	t.Parallel()
	l := &list{nodes: []store.Node{node("a", 1), node("b", 1.055)}}
	p := New(l)
	place := func(now time.Time) string {
		t.Helper()
		n, err := p.Place(t.Context(), now, "arena", "", 2)
		if err != nil {
			t.Fatal(err)
		}
		return n.ID
	}
	// A room costs 0.01: b gets six before it has less than a.
	got := ""
	for range 10 {
		got += place(epoch)
	}
	if got != "bbbbbbabab" {
		t.Errorf("placed on %s", got)
	}
	// What was placed is part of what they report by now.
	if got := place(epoch.Add(settling)); got != "b" {
		t.Errorf("later on %s", got)
	}
}

func TestWhatWasPlacedFills(t *testing.T) {
	t.Parallel()
	n := node("a", 1)
	n.MaxRooms, n.Rooms = 4, 1
	p := New(&list{nodes: []store.Node{n}})
	for range 3 {
		if _, err := p.Place(t.Context(), epoch, "arena", "", 2); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Place(t.Context(), epoch, "arena", "", 2); !errors.Is(err, ErrNoNode) {
		t.Errorf("the fifth room: %v", err)
	}
}

func TestWhatARoomCostsIsLearnt(t *testing.T) {
	t.Parallel()
	l := &list{nodes: []store.Node{node("a", 4)}}
	p := New(l)
	_, _ = p.Place(t.Context(), epoch, "arena", "", 2)
	l.nodes[0].Spare, l.nodes[0].Rooms = 2, 32
	_, _ = p.Place(t.Context(), epoch.Add(time.Minute), "arena", "", 2)
	if want := (2 + 0.08) / 40; math.Abs(p.cost-want) > 1e-9 {
		t.Errorf("a room costs %v, want %v", p.cost, want)
	}
}

func TestTheListIsKeptAWhile(t *testing.T) {
	t.Parallel()
	away := errors.New("away")
	l := &list{nodes: []store.Node{node("a", 1)}}
	p := New(l)
	for i, c := range []struct {
		after time.Duration
		err   error
		asked int
		ok    bool
	}{
		{0, nil, 1, true},
		{fresh - 1, nil, 1, true},
		{fresh, nil, 2, true},
		{fresh + stale - 1, away, 3, true},
		{fresh + stale, away, 4, false},
		{fresh + stale, nil, 5, true},
	} {
		l.err = c.err
		_, err := p.Place(t.Context(), epoch.Add(c.after), "arena", "", 1)
		if l.asked != c.asked || (err == nil) != c.ok || errors.Is(err, ErrNoNode) || err != nil && !errors.Is(err, away) {
			t.Errorf("%d: asked %d times, %v", i, l.asked, err)
		}
	}
}

func TestWaitingForAPlaceEnds(t *testing.T) {
	t.Parallel()
	p := New(&list{})
	p.lock <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Place(ctx, epoch, "arena", "", 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
