package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tickroom/tickroom/matchmaking/internal/memory"
	"github.com/tickroom/tickroom/matchmaking/store"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	suite(t, func(*testing.T) (a, b store.Stores) {
		st := memory.Open()
		return st, st
	})
}

// whole is a store of tickets, with the sides of all its callers.
type whole interface {
	store.Tickets
	store.Queues
	store.Matches
}

// opener opens stores that nothing else uses, by the real clock: two views of the same, as
// those of two programs. It may be one view twice.
type opener func(t *testing.T) (a, b store.Stores)

// suite runs all cases, each on stores of its own.
func suite(t *testing.T, open opener) {
	cases(t, open, "tickets", ticketCases, func(st store.Stores) whole { return st.Tickets.(whole) })
	cases(t, open, "queues", queueCases, func(st store.Stores) whole { return st.Tickets.(whole) })
	cases(t, open, "matches", matchCases, func(st store.Stores) whole { return st.Tickets.(whole) })
	cases(t, open, "ratings", ratingCases, func(st store.Stores) store.Ratings { return st.Ratings })
	cases(t, open, "nodes", nodeCases, func(st store.Stores) store.Nodes { return st.Nodes })
	cases(t, open, "directory", directoryCases, func(st store.Stores) store.Directory { return st.Directory })
}

// cases runs the cases of one store.
func cases[S any](t *testing.T, open opener, name string, all map[string]func(t *testing.T, a, b S), one func(store.Stores) S) {
	for what, fn := range all {
		t.Run(name+"/"+what, func(t *testing.T) {
			t.Parallel()
			a, b := open(t)
			fn(t, one(a), one(b))
		})
	}
}

// limit is how long anything may take that is waited for.
const limit = 30 * time.Second

// until asks again and again until something is so, and fails with what if it never is.
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

// pause waits between two attempts, and reports whether ctx goes on.
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

// solo returns a ticket of one player, who is named like it.
func solo(queue, id string) store.Ticket {
	return store.Ticket{
		ID: id, Queue: queue, Created: start, Since: start,
		Members: []store.Member{{Player: "p-" + id, Name: "Player " + id, Mu: 1500, Sigma: 350, Ready: true}},
	}
}

// party returns a ticket of players of whom only the leader is ready.
func party(queue, id string, players ...string) store.Ticket {
	t := store.Ticket{ID: id, Queue: queue, Created: start}
	for i, p := range players {
		t.Members = append(t.Members, store.Member{Player: p, Ready: i == 0})
	}
	return t
}

// duel returns a match of one player against another.
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

func addAll(t *testing.T, s whole, tickets ...store.Ticket) {
	t.Helper()
	for i := range tickets {
		ok(t, s.Add(t.Context(), tickets[i]))
	}
}

func lease(t *testing.T, s whole, queue, owner string) store.Lease {
	t.Helper()
	l, err := s.Lease(t.Context(), queue, owner, time.Minute)
	ok(t, err)
	return l
}

// state fails unless a ticket is in a state.
func state(t *testing.T, s whole, id string, wanted store.State) store.Status {
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
	s     whole
	queue string
	after uint64
}

// next returns the changes since the last call, as words: "-a" for a ticket or a request that
// is gone, "+a" for a ticket that waits, then "+b" for a request.
func (r *reader) next(t *testing.T) []string {
	t.Helper()
	var out []string
	for more := true; more; {
		c, err := r.s.Changes(t.Context(), r.queue, r.after)
		ok(t, err)
		if c.Anew != (r.after == 0) {
			t.Fatalf("after %d, anew: %t", r.after, c.Anew)
		}
		for _, id := range c.Gone {
			out = append(out, "-"+id)
		}
		for i := range c.Tickets {
			out = append(out, "+"+c.Tickets[i].ID)
		}
		for i := range c.Backfills {
			out = append(out, "+"+c.Backfills[i].ID)
		}
		r.after, more = c.Next, c.More
	}
	return out
}

func (r *reader) expect(t *testing.T, wanted ...string) {
	t.Helper()
	if got := r.next(t); !slices.Equal(got, wanted) {
		t.Fatalf("changes of %s: %v; want %v", r.queue, got, wanted)
	}
}

func name(i int) string { return fmt.Sprintf("t%04d", i) }
