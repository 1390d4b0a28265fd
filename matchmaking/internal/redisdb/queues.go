package redisdb

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tickroom/tickroom/internal/redisdata"
	"github.com/tickroom/tickroom/matchmaking/store"
)

const (
	// changesPage is how many tickets one answer of Changes has, and giveUpPage how many one
	// script ends: it must not keep Redis for long.
	changesPage = 500
	giveUpPage  = 500
)

// Lease implements store.Queues.
func (t *Tickets) Lease(ctx context.Context, queue, owner string, ttl time.Duration) (store.Lease, error) {
	asked := time.Now() // before Redis looks at its clock, so that the lease ends no earlier than it says
	a, err := t.write(ctx, "lease", queue, owner, ttl.Milliseconds())
	if err != nil {
		return store.Lease{}, err
	}
	token, err := strconv.ParseUint(a.text(0), 10, 64)
	if err != nil {
		return store.Lease{}, fmt.Errorf("matchmaking: redis: the token of queue %s: %w", queue, err)
	}
	return store.Lease{Queue: queue, Owner: owner, Token: token, Until: asked.Add(ttl)}, nil
}

// Release implements store.Queues.
func (t *Tickets) Release(ctx context.Context, l store.Lease) error {
	_, err := t.write(ctx, "release", l.Queue, l.Token, l.Owner)
	return err
}

// Changes implements store.Queues.
func (t *Tickets) Changes(ctx context.Context, queue string, after uint64) (c store.Changes, err error) {
	a, err := t.read(ctx, "changes", queue, after, changesPage)
	if err != nil {
		return c, err
	}
	c = store.Changes{Anew: a.int(0) == 1, More: a.int(2) == 1, Gone: a.list(5).texts()}
	if c.Next, err = strconv.ParseUint(a.text(1), 10, 64); err != nil {
		return store.Changes{}, fmt.Errorf("matchmaking: redis: the last number of queue %s: %w", queue, err)
	}
	c.Tickets = decode[store.Ticket](a.list(3))
	for i := range c.Tickets {
		attributes(c.Tickets[i].Attributes)
	}
	c.Backfills = decode[store.Backfill](a.list(4))
	for i := range c.Backfills {
		attributes(c.Backfills[i].Attributes)
	}
	return c, nil
}

// Commit implements store.Queues.
func (t *Tickets) Commit(ctx context.Context, l store.Lease, o store.Outcome) (gone []string, err error) {
	blob, err := redisdata.Encode(o.Match)
	if err != nil {
		return nil, err
	}
	args := []any{l.Queue, l.Token, l.Owner, o.Match.ID, o.Match.Code, blob, o.Backfill}
	a, err := t.write(ctx, "commit", list(args, o.Tickets)...)
	return a.texts(), err
}

// GiveUp implements store.Queues, but many tickets are ended a part at a time.
func (t *Tickets) GiveUp(ctx context.Context, l store.Lease, tickets []string) error {
	parts := slices.Collect(slices.Chunk(tickets, giveUpPage))
	if len(parts) == 0 {
		parts = [][]string{nil} // whether the lease is good is told all the same
	}
	for _, part := range parts {
		if _, err := t.write(ctx, "giveup", list([]any{l.Queue, l.Token, l.Owner}, part)...); err != nil {
			return err
		}
	}
	return nil
}
