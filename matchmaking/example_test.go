package matchmaking_test

import (
	"context"
	"fmt"
	"time"

	"github.com/tickroom/tickroom/matchmaking"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// A server lists itself as a node and competes for the queues of the modes; tickets that come
// are matched.
func Example() {
	ctx := context.Background()
	stores := matchmaking.OpenMemory()
	duel := mode.New("duel")
	duel.Room.Kind = "walkers"

	node := store.Node{ID: "a", Kinds: []string{"walkers"}, Spare: 2, MaxRooms: 10, MaxClients: 100}
	if err := stores.Nodes.Beat(ctx, node, time.Minute); err != nil {
		fmt.Println(err)
		return
	}
	m, err := matchmaking.New(matchmaking.Options{
		Stores: stores, Modes: []mode.Mode{duel}, Kinds: map[string]matchmaking.Kind{"walkers": {Capacity: 10}},
		// Nobody calls the service here, so nobody is identified, limited or given a seat.
		Identity: struct{ matchmaking.Identity }{}, Limits: struct{ matchmaking.Limits }{}, Seats: struct{ matchmaking.Seats }{},
		Matcher: true, Interval: 10 * time.Millisecond, NodeTTL: time.Minute,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	end, err := m.Start(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer end()

	now := time.Now()
	for _, name := range []string{"ann", "bob"} {
		m := store.Member{Player: name, Mu: 1500, Sigma: 80, Ready: true}
		if err := stores.Tickets.Add(ctx, store.Ticket{ID: "of " + name, Queue: "duel", Members: []store.Member{m}, Created: now, Since: now}); err != nil {
			fmt.Println(err)
			return
		}
	}
	changed, stop, err := stores.Tickets.Watch(ctx, "of ann")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()
	for {
		status, err := stores.Tickets.Ticket(ctx, "of ann")
		if err != nil {
			fmt.Println(err)
			return
		}
		if status.State == store.Matched {
			match, err := stores.Tickets.Match(ctx, status.Match, "")
			fmt.Println(err, "a match of", len(match.Teams), "teams on node", match.Node)
			return
		}
		<-changed
	}
	// Output: <nil> a match of 2 teams on node a
}
