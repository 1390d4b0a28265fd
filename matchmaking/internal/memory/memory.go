// Package memory keeps what matchmaking knows in memory, for a server on its own. It
// lasts as long as the process.
//
// Nothing runs in the background: each call first forgets what is due by the store's
// clock.
package memory

import (
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// Open returns empty stores.
func Open() store.Stores {
	t := NewTickets(time.Now)
	return store.Stores{
		Tickets: t, Queues: t, Matches: t,
		Ratings: NewRatings(time.Now), Nodes: NewNodes(time.Now), Directory: NewDirectory(time.Now),
	}
}
