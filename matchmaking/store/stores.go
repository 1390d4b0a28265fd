// Package store is what the parts of matchmaking have in common: the model of tickets,
// matches, ratings, nodes and rooms, and the interfaces of the stores that keep them. It
// keeps nothing itself, and knows nothing of connections or worlds. Package matchmaking
// opens stores in memory and in Redis.
package store

import (
	"errors"
	"fmt"
	"time"
)

// How long things are kept, and how long a call may take, whatever keeps them.
const (
	// EndedKept is how long a ticket is remembered after it has ended.
	EndedKept = 2 * time.Minute
	// GatheringKept is how long a ticket whose members are not all ready is kept, since Add.
	GatheringKept = 10 * time.Minute
	// WaitingKept is how long a ticket is kept that waits. It is longer than any mode's
	// timeout, and counts only where no matcher runs.
	WaitingKept = 25 * time.Hour
	// MatchKept is how long a match is kept after Commit, Keep or the last Touch, and with
	// it who plays in it and its backfill request.
	MatchKept = 2 * time.Minute
	// RatedKept is how long it is remembered that a match was rated.
	RatedKept = 7 * 24 * time.Hour
	// CallTimeout is how long a call of a store may take, with all its attempts.
	CallTimeout = time.Second
)

// Errors of the stores.
var (
	// ErrNoTicket means that there is no such ticket, or that it is not the player's.
	ErrNoTicket = errors.New("matchmaking: no such ticket")
	// ErrEnded means that the ticket does not wait any more; Tickets.Ticket returns why.
	ErrEnded = errors.New("matchmaking: the ticket has ended")
	// ErrHeld means that another matcher has the queue.
	ErrHeld = errors.New("matchmaking: another matcher has the queue")
	// ErrFenced means that the lease is not the newest of the queue: another matcher has
	// taken it over, and nothing was changed.
	ErrFenced = errors.New("matchmaking: the lease is not good any more")
	// ErrNoRoom means that no room fits: none of the kind has a free place, or there is none
	// with the id.
	ErrNoRoom = errors.New("matchmaking: no such room")
	// ErrFull means that the room asked for has no free place.
	ErrFull = errors.New("matchmaking: the room is full")
	// ErrExists means that there is another room or match with the id or the code.
	ErrExists = errors.New("matchmaking: a room with this id exists")
	// ErrUnavailable means that the store could not be reached in time, or is not certain to
	// remember what it was told: nobody knows whether anything has changed. The call can be
	// repeated after a moment.
	ErrUnavailable = errors.New("matchmaking: not available at the moment")
)

// QueuedError means that a player of a new ticket is in another one already.
type QueuedError struct {
	Player string
	Ticket string // the other one's ID
}

func (e *QueuedError) Error() string {
	return fmt.Sprintf("matchmaking: player %s waits already", e.Player)
}

// Stores are the stores of matchmaking, by who calls them. Tickets, Queues and Matches are
// three views of one store; the others may lie elsewhere.
//
// Implementations may be used from many goroutines, and those that lie outside of the
// process from many programs, at once. What is passed in either direction is shared and
// must not be changed by either side.
type Stores struct {
	Tickets   Tickets
	Queues    Queues
	Matches   Matches
	Ratings   Ratings
	Nodes     Nodes
	Directory Directory
}
