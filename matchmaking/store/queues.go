package store

import (
	"context"
	"time"
)

// Lease is a matcher's right to a queue.
type Lease struct {
	Queue string
	Owner string
	// Token is greater than that of every earlier lease of the queue: changes with an older
	// one are refused (a fencing token).
	Token uint64
	// Until is when it ends unless it is renewed, by the caller's clock.
	Until time.Time
}

// Changes are what has happened in a queue, or what waits in it.
type Changes struct {
	// Anew means that this is the beginning of all that waits: what was read before is to be
	// forgotten.
	Anew bool
	// Tickets have begun to wait, Backfills have asked for players. Those that have ended
	// since are left out.
	Tickets   []Ticket
	Backfills []Backfill
	// Gone are the ids of tickets and of backfill requests that have ended otherwise than by
	// Commit or GiveUp. It is a hint, which spares the matcher a Commit that fails: those which
	// expire may be missing, and so may the older ones of very many.
	Gone []string
	// Next is what to call Changes with for what comes after these. More means that something
	// has come already.
	Next uint64
	More bool
}

// Outcome is what a matcher has decided.
type Outcome struct {
	// Match is the match that the tickets come into. If Backfill, the ID of a request, is set,
	// it is a match that runs: its Teams and Bots are those with the new players in it, and
	// the request ends.
	Match    Match
	Tickets  []string
	Backfill string
}

// Queues is the matcher's side: the runner of queues calls it.
//
// What a matcher changes needs the newest lease of the queue, so that one which has lost it
// without noticing changes nothing (ErrFenced). Calls are atomic and can be repeated, as
// those of Tickets.
type Queues interface {
	// Lease takes a queue for ttl, or renews an own lease, which keeps its token. The error is
	// ErrHeld if another owner has it. A lease that has run out gets a new token, even if
	// nobody has had the queue since.
	Lease(ctx context.Context, queue, owner string, ttl time.Duration) (Lease, error)
	// Release gives a lease back. It has no effect if the lease is not the newest.
	Release(ctx context.Context, l Lease) error
	// Changes returns what has happened in a queue since an earlier answer, whose Next is
	// after: what began to wait, in this order, at most some hundreds at a time, and what has
	// ended. If after is 0, or beyond what the store remembers, since it has lost data, it
	// begins anew with all that waits.
	Changes(ctx context.Context, queue string, after uint64) (Changes, error)
	// Commit makes a decision come true: the match is kept, its tickets become Matched, and
	// their players are Playing in it. If some tickets do not wait any more, or the backfill
	// request has ended, nothing is changed, and their ids are returned as gone. Committing the
	// same match of the same tickets again has no effect. The error is ErrFenced if the lease is
	// not the newest, and ErrExists if the match's id or code belongs to another match.
	Commit(ctx context.Context, l Lease, o Outcome) (gone []string, err error)
	// GiveUp makes tickets that wait TimedOut. The error is ErrFenced if the lease is not the
	// newest.
	GiveUp(ctx context.Context, l Lease, tickets []string) error
	// EndBackfill and Match are those of Matches, for the rooms that are filled.
	EndBackfill(ctx context.Context, id string) (bool, error)
	Match(ctx context.Context, id, code string) (Match, error)
}
