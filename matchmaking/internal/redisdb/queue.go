package redisdb

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// Lease implements store.Tickets.
func (t *Tickets) Lease(ctx context.Context, queue, owner string, ttl time.Duration) (store.Lease, error) {
	asked := time.Now() // before Redis looks at its clock, so that it ends no later than it says
	v, err := t.write(ctx, takeLease, queue, owner, ttl.Milliseconds())
	if err != nil {
		return store.Lease{}, err
	}
	if v == "held" {
		return store.Lease{}, store.ErrHeld
	}
	token, err := strconv.ParseUint(text(v), 10, 64)
	if err != nil {
		return store.Lease{}, fmt.Errorf("matchmaking: redis: the token of queue %s: %w", queue, err)
	}
	return store.Lease{Queue: queue, Owner: owner, Token: token, Until: asked.Add(ttl)}, nil
}

// Release implements store.Tickets.
func (t *Tickets) Release(ctx context.Context, l store.Lease) error {
	_, err := t.write(ctx, releaseLease, l.Queue, l.Token, l.Owner)
	return err
}

// changesPage is how many changes one script gives: it must not keep Redis for long.
const changesPage = 500

// A cursor is the last entry of the stream that was read: its id, and what it says, for
// when Redis has lost its last entries and others have come since. While what waited at
// first is given, from number given+1 up to number first, it is the mark that was set
// in the stream then.
type cursor struct {
	id, what, given, first string
}

// parseCursor reads one that String has made.
func parseCursor(s string) (cursor, error) {
	if s == "" {
		return cursor{given: "0", first: "0"}, nil
	}
	f := strings.SplitN(s, " ", 4)
	if len(f) == 4 {
		_, err1 := strconv.ParseUint(f[1], 10, 64)
		_, err2 := strconv.ParseUint(f[2], 10, 64)
		a, b, _ := strings.Cut(f[0], "-")
		_, err3 := strconv.ParseUint(a, 10, 64)
		_, err4 := strconv.ParseUint(b, 10, 64)
		if err1 == nil && err2 == nil && err3 == nil && err4 == nil {
			return cursor{id: f[0], given: f[1], first: f[2], what: f[3]}, nil
		}
	}
	return cursor{}, fmt.Errorf("matchmaking: %.50q is no cursor", s)
}

func (c cursor) String() string { return strings.Join([]string{c.id, c.given, c.first, c.what}, " ") }

// Changes implements store.Tickets. It gives at most 500 at once.
func (t *Tickets) Changes(ctx context.Context, queue, after string, limit int) ([]store.Change, string, error) {
	c, err := parseCursor(after)
	if err != nil {
		return nil, "", err
	}
	v, err := t.read(ctx, readChanges, queue, c.id, c.what, c.given, c.first, min(max(limit, 1), changesPage), rand.Text())
	if err != nil {
		return nil, "", err
	}
	if v == "cursor" {
		return nil, "", store.ErrCursor
	}
	l, err := parts(v, 5)
	if err != nil {
		return nil, "", err
	}
	found, err := parts(l[4], 0)
	if err != nil {
		return nil, "", err
	}
	out := make([]store.Change, 0, len(found))
	for _, f := range found {
		f, err := parts(f, 2)
		if err != nil {
			return nil, "", err
		}
		ch, err := parseChange(text(f[0]), text(f[1]))
		if err != nil {
			return nil, "", err
		}
		out = append(out, ch)
	}
	next := cursor{id: text(l[0]), what: text(l[1]), given: text(l[2]), first: text(l[3])}
	return out, next.String(), nil
}

func parseChange(kind, what string) (store.Change, error) {
	switch kind {
	case "t":
		k, err := decodeTicket(what)
		return store.Change{Ticket: &k}, err
	case "g":
		return store.Change{Gone: what}, nil
	case "b":
		b, err := decodeBackfill(what)
		return store.Change{Backfill: &b}, err
	case "n":
		return store.Change{NoBackfill: what}, nil
	}
	return store.Change{}, fmt.Errorf("matchmaking: redis: a change of kind %.20q: run the same version everywhere", kind)
}

// Commit implements store.Tickets.
func (t *Tickets) Commit(ctx context.Context, l store.Lease, o store.Outcome) ([]string, error) {
	head, teams, err := encodeMatch(o.Match)
	if err != nil {
		return nil, err
	}
	args := []any{l.Queue, l.Token, l.Owner, o.Match.ID, o.Match.Code, head, teams, o.Backfill}
	for _, id := range o.Tickets {
		args = append(args, id)
	}
	v, err := t.write(ctx, commitMatch, args...)
	switch {
	case err != nil:
		return nil, err
	case v == "done":
		return nil, nil
	case v == "fenced":
		return nil, store.ErrFenced
	case v == "exists":
		return nil, store.ErrExists
	}
	found, err := parts(v, 1)
	if err != nil {
		return nil, err
	}
	gone := make([]string, len(found))
	for i := range found {
		gone[i] = text(found[i])
	}
	return gone, nil
}

// giveUpPage is how many tickets one script ends: it must not keep Redis for long.
const giveUpPage = 500

// GiveUp implements store.Tickets, but many tickets are ended a part at a time.
func (t *Tickets) GiveUp(ctx context.Context, l store.Lease, tickets []string) error {
	chunks := slices.Collect(slices.Chunk(tickets, giveUpPage))
	if len(chunks) == 0 {
		chunks = [][]string{nil} // whether the lease is good is told all the same
	}
	for _, part := range chunks {
		args := []any{l.Queue, l.Token, l.Owner}
		for _, id := range part {
			args = append(args, id)
		}
		v, err := t.write(ctx, giveUp, args...)
		if err != nil {
			return err
		}
		if v == "fenced" {
			return store.ErrFenced
		}
	}
	return nil
}

// AskBackfill implements store.Tickets.
func (t *Tickets) AskBackfill(ctx context.Context, b store.Backfill) error {
	blob, err := encode(b)
	if err != nil {
		return err
	}
	_, err = t.write(ctx, askBackfill, b.Queue, b.ID, b.Room, blob)
	return err
}

// EndBackfill implements store.Tickets.
func (t *Tickets) EndBackfill(ctx context.Context, _, id string) (bool, error) {
	v, err := t.write(ctx, endBackfill, id)
	return err == nil && v == "sure", err
}
