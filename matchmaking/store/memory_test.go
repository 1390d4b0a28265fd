package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/matchmaking/internal/storetest"
	"github.com/tickroom/tickroom/matchmaking/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemoryTickets(t *testing.T) {
	t.Parallel()
	storetest.Tickets(t, func(*testing.T) (_, _ storetest.Store) {
		s := store.NewMemoryTickets(nil)
		return s, s
	})
}

func TestMemoryRatings(t *testing.T) {
	t.Parallel()
	storetest.Ratings(t, func(*testing.T) (_, _ store.Ratings) {
		s := store.NewMemoryRatings(nil)
		return s, s
	})
}

func TestMemoryNodes(t *testing.T) {
	t.Parallel()
	storetest.Nodes(t, func(*testing.T) (_, _ store.Nodes) {
		s := store.NewMemoryNodes(nil)
		return s, s
	})
}

// clock is one that is set by hand.
type clock struct{ time.Time }

func (c *clock) now() time.Time          { return c.Time }
func (c *clock) advance(d time.Duration) { c.Time = c.Add(d) }

func ticket(id string, ready bool) store.Ticket {
	return store.Ticket{ID: id, Queue: "q", Members: []store.Member{{Player: "p-" + id, Ready: ready}}}
}

func TestMemoryForgetsTickets(t *testing.T) {
	t.Parallel()
	c := &clock{time.Unix(1e9, 0)}
	s := store.NewMemoryTickets(c.now)
	ctx := t.Context()
	there := func(id string, want bool) {
		t.Helper()
		_, err := s.Ticket(ctx, id)
		if want && err != nil || !want && !errors.Is(err, store.ErrNoTicket) {
			t.Errorf("ticket %s: %v; want it there: %t", id, err, want)
		}
		_, err = s.Of(ctx, "p-"+id)
		if !want && !errors.Is(err, store.ErrNoTicket) {
			t.Errorf("the player of ticket %s: %v", id, err)
		}
	}
	for _, k := range []store.Ticket{ticket("gathers", false), ticket("waits", true), ticket("ends", true)} {
		if err := s.Add(ctx, k); err != nil {
			t.Fatal(err)
		}
	}
	_, cursor, err := s.Changes(ctx, "q", "", 10)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Cancel(ctx, "ends", "p-ends"); err != nil {
		t.Fatal(err)
	}
	c.advance(store.EndedKept - 1)
	there("ends", true)
	c.advance(1)
	there("ends", false)
	c.advance(store.GatheringKept - store.EndedKept - 1)
	there("gathers", true)
	c.advance(1)
	there("gathers", false)
	c.advance(store.WaitingKept - store.GatheringKept - 1)
	there("waits", true)
	c.advance(1)
	there("waits", false)
	changes, _, err := s.Changes(ctx, "q", cursor, 10)
	if err != nil || len(changes) != 2 || changes[0].Gone != "ends" || changes[1].Gone != "waits" {
		t.Errorf("changes %+v, %v; want that ends and waits are gone", changes, err)
	}
}

func TestMemoryForgetsMatches(t *testing.T) {
	t.Parallel()
	c := &clock{time.Unix(1e9, 0)}
	s := store.NewMemoryTickets(c.now)
	ctx := t.Context()
	for _, id := range []string{"touched", "silent"} {
		m := store.Match{ID: id, Code: "c-" + id, Teams: []store.Team{{Slots: []store.Slot{{Player: "p-" + id}}}}}
		if err := s.Keep(ctx, m); err != nil {
			t.Fatal(err)
		}
		if err := s.AskBackfill(ctx, store.Backfill{ID: "b-" + id, Room: id, Queue: "q"}); err != nil {
			t.Fatal(err)
		}
	}
	_, cursor, err := s.Changes(ctx, "q", "", 10)
	if err != nil {
		t.Fatal(err)
	}
	c.advance(store.MatchKept - 1)
	if err := s.Touch(ctx, "touched"); err != nil {
		t.Fatal(err)
	}
	c.advance(1)
	changes, _, err := s.Changes(ctx, "q", cursor, 10)
	if err != nil || len(changes) != 1 || changes[0].NoBackfill != "b-silent" {
		t.Errorf("changes %+v, %v; want that b-silent has ended", changes, err)
	}
	look := func(id string) []error {
		_, err1 := s.Match(ctx, id, "")
		_, err2 := s.Match(ctx, "", "c-"+id)
		_, err3 := s.Playing(ctx, "p-"+id)
		return []error{err1, err2, err3}
	}
	for _, step := range []struct {
		after time.Duration
		id    string
		want  error
	}{{0, "silent", store.ErrNoRoom}, {store.MatchKept - 2, "touched", nil}, {1, "touched", store.ErrNoRoom}} {
		c.advance(step.after)
		for _, err := range look(step.id) {
			if !errors.Is(err, step.want) {
				t.Errorf("%s: %v; want %v", step.id, err, step.want)
			}
		}
	}
}

func TestMemoryRemembersRatedMatchesForAWhile(t *testing.T) {
	t.Parallel()
	c := &clock{time.Unix(1e9, 0)}
	s := store.NewMemoryRatings(c.now)
	for _, step := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {store.RatedKept - 1, false}, {1, true}} {
		c.advance(step.after)
		_, done, err := s.Rate(t.Context(), "m", "match", nil, func(r []store.Rated) ([]store.Rated, error) { return r, nil })
		if err != nil || done != step.want {
			t.Errorf("after %v: %t, %v; want %t", step.after, done, err, step.want)
		}
	}
}

func TestMemoryChangesAreForgotten(t *testing.T) {
	t.Parallel()
	s := store.NewMemoryTickets(nil)
	ctx := t.Context()
	_, cursor, err := s.Changes(ctx, "q", "", 10)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1 << 16 {
		k := ticket(fmt.Sprint(i), true)
		if err := s.Add(ctx, k); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Cancel(ctx, k.ID, k.Members[0].Player); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := s.Changes(ctx, "q", cursor, 10); err != nil {
		t.Fatalf("before they are too many: %v", err)
	}
	if err := s.Add(ctx, ticket("last", true)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Changes(ctx, "q", cursor, 10); !errors.Is(err, store.ErrCursor) {
		t.Fatalf("got %v; want ErrCursor", err)
	}
	changes, _, err := s.Changes(ctx, "q", "", 10)
	if err != nil || len(changes) != 1 || changes[0].Ticket.ID != "last" {
		t.Fatalf("from the beginning: %+v, %v", changes, err)
	}
}

func BenchmarkMemoryAdd(b *testing.B) {
	s := store.NewMemoryTickets(nil)
	tickets := make([]store.Ticket, b.N)
	for i := range tickets {
		tickets[i] = ticket(fmt.Sprint(i), true)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range tickets {
		if err := s.Add(b.Context(), tickets[i]); err != nil {
			b.Fatal(err)
		}
	}
}
