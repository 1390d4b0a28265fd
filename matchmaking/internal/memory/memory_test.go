package memory_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/matchmaking/internal/memory"
	"github.com/tickroom/tickroom/matchmaking/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is one that is set by hand.
type clock struct{ time.Time }

func (c *clock) now() time.Time          { return c.Time }
func (c *clock) advance(d time.Duration) { c.Time = c.Add(d) }

func ticket(id string, ready bool) store.Ticket {
	return store.Ticket{ID: id, Queue: "q", Members: []store.Member{{Player: "p-" + id, Ready: ready}}}
}

func TestForgetsTickets(t *testing.T) {
	t.Parallel()
	c := &clock{time.Unix(1e9, 0)}
	s := memory.NewTickets(c.now)
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
	first, err := s.Changes(ctx, "q", 0)
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
	changes, err := s.Changes(ctx, "q", first.Next)
	if err != nil || !slices.Equal(changes.Gone, []string{"ends", "waits"}) {
		t.Errorf("changes %+v, %v; want that ends and waits are gone", changes, err)
	}
}

func TestForgetsMatches(t *testing.T) {
	t.Parallel()
	c := &clock{time.Unix(1e9, 0)}
	s := memory.NewTickets(c.now)
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
	first, err := s.Changes(ctx, "q", 0)
	if err != nil {
		t.Fatal(err)
	}
	c.advance(store.MatchKept - 1)
	if err := s.Touch(ctx, "touched"); err != nil {
		t.Fatal(err)
	}
	c.advance(1)
	changes, err := s.Changes(ctx, "q", first.Next)
	if err != nil || !slices.Equal(changes.Gone, []string{"b-silent"}) {
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

func TestRemembersRatedMatchesForAWhile(t *testing.T) {
	t.Parallel()
	c := &clock{time.Unix(1e9, 0)}
	s := memory.NewRatings(c.now)
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

// TestRemembersTheLastThatAreGone sees that a queue does not remember for ever who has left
// it.
func TestRemembersTheLastThatAreGone(t *testing.T) {
	t.Parallel()
	const kept = 10_000
	s := memory.NewTickets(time.Now)
	ctx := t.Context()
	if err := s.Add(ctx, ticket("stays", true)); err != nil {
		t.Fatal(err)
	}
	first, err := s.Changes(ctx, "q", 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2*kept + 5 {
		k := ticket(fmt.Sprint(i), true)
		if err := s.Add(ctx, k); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Cancel(ctx, k.ID, k.Members[0].Player); err != nil {
			t.Fatal(err)
		}
	}
	c, err := s.Changes(ctx, "q", first.Next)
	if err != nil || c.Anew || len(c.Tickets) != 0 || len(c.Gone) != kept+5 || c.Gone[0] != fmt.Sprint(kept) {
		t.Fatalf("%d are gone, %d wait, %v; want the last %d", len(c.Gone), len(c.Tickets), err, kept+5)
	}
	c, err = s.Changes(ctx, "q", 0)
	if err != nil || !c.Anew || len(c.Tickets) != 1 || len(c.Gone) != 0 {
		t.Fatalf("from the beginning: %d are gone, %d wait, %v", len(c.Gone), len(c.Tickets), err)
	}
}

func BenchmarkAdd(b *testing.B) {
	s := memory.NewTickets(time.Now)
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

// BenchmarkChanges reads all of 100,000 tickets that wait, page by page.
func BenchmarkChanges(b *testing.B) {
	s := memory.NewTickets(time.Now)
	for i := range 100_000 {
		if err := s.Add(b.Context(), ticket(fmt.Sprint(i), true)); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		for c := (store.Changes{More: true}); c.More; {
			var err error
			if c, err = s.Changes(b.Context(), "q", c.Next); err != nil {
				b.Fatal(err)
			}
		}
	}
}
