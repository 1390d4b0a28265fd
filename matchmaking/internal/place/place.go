// Package place chooses the node on which a room is to run: the one with the most
// spare tick time, not the one with the fewest rooms, because rooms differ in what they
// cost and processors in what they can do.
package place

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// ErrNoNode means that no node can take the room now; what wraps it has the reasons. It may
// be tried again after a moment.
var ErrNoNode = errors.New("place: no node for the room")

const (
	// fresh is how long the list of nodes is used before it is asked for again.
	fresh = time.Second
	// stale is how long it is used when nobody answers.
	stale = 10 * time.Second
	// askLimit is how long the question may take.
	askLimit = 2 * time.Second
	// settling is how long a room that was placed on a node counts besides what the
	// node reports: the players come, the room begins to tick, and a beat counts it.
	settling = 5 * time.Second
	// guess is what a room is taken to cost while nothing is known, in seconds per
	// second; it counts as much as guessWeight rooms that are known.
	guess, guessWeight = 0.01, 8
	// remembered bounds the nodes whose most spare time is remembered, see cost.
	remembered = 10_000
)

// Placer chooses nodes. It may be used from many goroutines at once.
type Placer struct {
	nodes store.Nodes
	// lock is held by whoever has a value in it, so that waiting for it can end.
	lock chan struct{}

	// Under lock.
	list   []store.Node
	asked  time.Time       // when list was
	placed map[string]load // by node
	// most is the most spare time that was ever seen of a node.
	most map[string]float64
	cost float64 // of a room, in seconds per second
}

// load is what was placed on a node lately, the oldest first.
type load struct {
	rooms   []placed
	players int // of all of them
}

// placed is a room that was placed on a node.
type placed struct {
	at      time.Time
	players int
}

// New returns a placer for nodes.
func New(nodes store.Nodes) *Placer {
	return &Placer{
		nodes: nodes, lock: make(chan struct{}, 1), cost: guess,
		placed: map[string]load{}, most: map[string]float64{},
	}
}

// Place chooses a node for a room of a kind for so many players.
//
// The node runs the kind, is not draining, has spare time and is not full. Of those it
// is the one with the most spare time, less what the rooms that were placed on it in
// the last seconds will take; what a room takes is learnt from what the nodes report.
//
// It is in the region, if any node of the region runs the kind; if those are full the
// error is ErrNoNode, since elsewhere the players would be too far away. Where no node
// is in the region, or the region is "", it is anywhere.
//
// An error that does not wrap ErrNoNode means that the nodes could not be asked.
func (p *Placer) Place(ctx context.Context, now time.Time, kind, region string, players int) (store.Node, error) {
	select {
	case p.lock <- struct{}{}:
		defer func() { <-p.lock }()
	case <-ctx.Done():
		return store.Node{}, fmt.Errorf("place: %w", context.Cause(ctx))
	}
	if err := p.ask(ctx, now); err != nil {
		return store.Node{}, err
	}
	local := region != "" && slices.ContainsFunc(p.list, func(n store.Node) bool {
		return n.Region == region && slices.Contains(n.Kinds, kind)
	})
	var unfit [len(reasons)]int // nodes, by the reason
	best, spare := -1, 0.0
	for i := range p.list {
		n := &p.list[i]
		rooms, coming := p.coming(n.ID, now)
		switch {
		case !slices.Contains(n.Kinds, kind):
			unfit[otherKinds]++
		case local && n.Region != region:
			unfit[elsewhere]++
		case n.Draining:
			unfit[draining]++
		case n.Spare <= 0:
			unfit[busy]++
		case n.MaxRooms > 0 && n.Rooms+rooms >= n.MaxRooms || n.MaxClients > 0 && n.Clients+coming+players > n.MaxClients:
			unfit[full]++
		default:
			if s := n.Spare - p.cost*float64(rooms); best < 0 || s > spare {
				best, spare = i, s
			}
		}
	}
	if best < 0 {
		return store.Node{}, noNode(kind, region, unfit)
	}
	n := p.list[best]
	l := p.placed[n.ID]
	p.placed[n.ID] = load{append(l.rooms, placed{now, players}), l.players + players}
	return n, nil
}

// Why a node does not do, and how that is written.
const (
	otherKinds = iota
	elsewhere
	draining
	busy
	full
)

var reasons = [...]string{"not running the kind", "elsewhere", "draining", "without spare time", "full"}

// noNode returns the error for a room that no node can take.
func noNode(kind, region string, unfit [len(reasons)]int) error {
	var why []string
	for reason, n := range unfit {
		if n > 0 {
			why = append(why, fmt.Sprintf("%d %s", n, reasons[reason]))
		}
	}
	if len(why) == 0 {
		why = []string{"there are no nodes"}
	}
	if region != "" {
		region = " in " + region
	}
	return fmt.Errorf("%w of kind %s%s: %s", ErrNoNode, kind, region, strings.Join(why, ", "))
}

// ask gets the list of nodes if it is too old.
func (p *Placer) ask(ctx context.Context, now time.Time) error {
	age := now.Sub(p.asked) // centuries at first
	if age >= 0 && age < fresh {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	list, err := p.nodes.Nodes(ctx)
	if err != nil {
		if age < stale {
			return nil
		}
		return fmt.Errorf("place: which nodes there are: %w", err)
	}
	p.list, p.asked = list, now
	p.learn()
	maps.DeleteFunc(p.placed, func(id string, _ load) bool {
		return !slices.ContainsFunc(list, func(n store.Node) bool { return n.ID == id })
	})
	return nil
}

// learn finds what a room costs: what the nodes have less of than when they had the
// most, for each of their rooms. Kinds are not told apart. A placer that has never seen
// a node idle finds too little, which only makes it choose as if less was on its way.
func (p *Placer) learn() {
	if len(p.most) > remembered {
		clear(p.most)
	}
	used, rooms := guess*guessWeight, float64(guessWeight)
	for _, n := range p.list {
		p.most[n.ID] = max(p.most[n.ID], n.Spare)
		if n.Rooms > 0 {
			used += p.most[n.ID] - n.Spare
			rooms += float64(n.Rooms)
		}
	}
	p.cost = used / rooms
}

// coming counts the rooms that were placed on a node and their players, without those
// that count in what the node reports by now.
func (p *Placer) coming(id string, now time.Time) (rooms, players int) {
	l := p.placed[id]
	for len(l.rooms) > 0 && now.Sub(l.rooms[0].at) >= settling {
		l = load{l.rooms[1:], l.players - l.rooms[0].players}
		p.placed[id] = l
	}
	return len(l.rooms), l.players
}
