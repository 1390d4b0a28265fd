package store_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tickroom/tickroom/matchmaking"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// Players look for a match by a ticket, and a matcher that has the lease of the queue
// reads what waits there.
func Example() {
	ctx := context.Background()
	stores := matchmaking.OpenMemory()
	now := time.Now()

	party := store.Ticket{ID: "t1", Queue: "duel", Created: now, Members: []store.Member{{Player: "ann", Ready: true}, {Player: "bob"}}}
	if err := stores.Tickets.Add(ctx, party); err != nil {
		fmt.Println(err)
		return
	}
	status, err := stores.Tickets.Ready(ctx, "t1", store.Member{Player: "bob"}, now)
	fmt.Println(err, status.State == store.Waiting)

	lease, err := stores.Queues.Lease(ctx, "duel", "server a", 5*time.Second)
	fmt.Println(err, lease.Owner)
	_, err = stores.Queues.Lease(ctx, "duel", "server b", 5*time.Second)
	fmt.Println(errors.Is(err, store.ErrHeld))

	changes, err := stores.Queues.Changes(ctx, "duel", 0)
	fmt.Println(err, len(changes.Tickets), "ticket of", len(changes.Tickets[0].Members))
	// Output:
	// <nil> true
	// <nil> server a
	// true
	// <nil> 1 ticket of 2
}
