// Package storetest holds the tests that every implementation of matchmaking's stores
// must pass.
//
// Each function takes an open that gives a store which nothing else uses, and a second
// one that shares everything with the first, as another program's would; it may be the
// same one. Their clocks must run like the real one.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// Store is a store of tickets, with the sides of all its callers.
type Store interface {
	store.Tickets
	store.Queues
	store.Matches
}

// limit is how long anything may take that is waited for.
const limit = 30 * time.Second

// until asks again and again until something is so, and says what if it never is.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), limit)
	defer cancel()
	for !so() {
		if !pause(ctx, 2*time.Millisecond) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// pause waits between two attempts, and tells whether ctx goes on.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, err, wanted error) {
	t.Helper()
	if !errors.Is(err, wanted) {
		t.Fatalf("got %v; want %v", err, wanted)
	}
}

func same(t *testing.T, what string, got, wanted any) {
	t.Helper()
	if d := cmp.Diff(wanted, got, cmpopts.EquateEmpty()); d != "" {
		t.Fatalf("%s (-want +got):\n%s", what, d)
	}
}

// start is when the tests' tickets were made. What is kept of it is exact.
var start = time.Date(2026, 2, 28, 23, 59, 58, 123456789, time.UTC)

// solo gives a ticket of one player, who is named like it.
func solo(queue, id string) store.Ticket {
	return store.Ticket{
		ID: id, Queue: queue, Created: start, Since: start,
		Members: []store.Member{{Player: "p-" + id, Name: "Player " + id, Mu: 1500, Sigma: 350, Ready: true}},
	}
}

// party gives a ticket of players of whom only the leader is ready.
func party(queue, id string, players ...string) store.Ticket {
	t := store.Ticket{ID: id, Queue: queue, Created: start}
	for i, p := range players {
		t.Members = append(t.Members, store.Member{Player: p, Ready: i == 0})
	}
	return t
}

// duel gives a match of one player against another.
func duel(id string, tickets ...store.Ticket) store.Match {
	m := store.Match{ID: id, Mode: "duel", Kind: "arena", Node: "n1", URL: "wss://n1.test", Region: "eu", Quality: 0.5, Created: start}
	for _, t := range tickets {
		team := store.Team{Win: 1 / float64(len(tickets))}
		for _, p := range t.Members {
			team.Slots = append(team.Slots, store.Slot{Ticket: t.ID, Player: p.Player, Name: p.Name, Mu: p.Mu, Sigma: p.Sigma})
		}
		m.Teams = append(m.Teams, team)
	}
	return m
}

func ids(tickets ...store.Ticket) []string {
	var out []string
	for i := range tickets {
		out = append(out, tickets[i].ID)
	}
	return out
}

func addAll(t *testing.T, s Store, tickets ...store.Ticket) {
	t.Helper()
	for i := range tickets {
		ok(t, s.Add(t.Context(), tickets[i]))
	}
}

func lease(t *testing.T, s Store, queue, owner string) store.Lease {
	t.Helper()
	l, err := s.Lease(t.Context(), queue, owner, time.Minute)
	ok(t, err)
	return l
}

// state fails unless a ticket is in a state.
func state(t *testing.T, s Store, id string, wanted store.State) store.Status {
	t.Helper()
	st, err := s.Ticket(t.Context(), id)
	ok(t, err)
	if st.State != wanted {
		t.Fatalf("ticket %s is in state %d; want %d", id, st.State, wanted)
	}
	return st
}

// reader follows the changes of a queue, as a matcher does.
type reader struct {
	s             Store
	queue, cursor string
}

// next gives the changes since the last call, as words: "+a" for a ticket that waits,
// "-a" for one that is gone, "+b" and "-b" for requests.
func (r *reader) next(t *testing.T, limit int) []string {
	t.Helper()
	var out []string
	for range 1000 {
		changes, cursor, err := r.s.Changes(t.Context(), r.queue, r.cursor, limit)
		ok(t, err)
		if len(changes) > limit+1 {
			t.Fatalf("%d changes at once; want about %d", len(changes), limit)
		}
		for _, c := range changes {
			switch {
			case c.Ticket != nil:
				out = append(out, "+"+c.Ticket.ID)
			case c.Gone != "":
				out = append(out, "-"+c.Gone)
			case c.Backfill != nil:
				out = append(out, "+"+c.Backfill.ID)
			case c.NoBackfill != "":
				out = append(out, "-"+c.NoBackfill)
			default:
				t.Fatal("a change that says nothing")
			}
		}
		if cursor == r.cursor && len(changes) == 0 {
			return out
		}
		r.cursor = cursor
	}
	t.Fatal("the changes never end")
	return nil
}

func (r *reader) expect(t *testing.T, wanted ...string) {
	t.Helper()
	if got := r.next(t, 100); !slices.Equal(got, wanted) {
		t.Fatalf("changes of %s: %v; want %v", r.queue, got, wanted)
	}
}

func name(i int) string { return fmt.Sprintf("t%04d", i) }
