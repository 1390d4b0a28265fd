package queue

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tickroom/tickroom/matchmaking/internal/memory"
	"github.com/tickroom/tickroom/matchmaking/internal/place"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// start begins a runner of a mode on a store.
func start(t *testing.T, s whole, owner string, md mode.Mode) (*Runner, *told) {
	t.Helper()
	m := &told{}
	r, err := Start(Config{
		Queues: s, Placer: place.New(nodes{{ID: "n1", Kinds: []string{"arena"}, Spare: 100}}), Modes: []mode.Mode{md}, Owner: owner,
		Metrics: m, Log: slog.New(slog.NewTextHandler(t.Output(), nil)).With("owner", owner),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, m
}

func enqueue(t *testing.T, s whole, players ...string) {
	t.Helper()
	for _, p := range players {
		err := s.Add(t.Context(), store.Ticket{
			ID: p, Queue: "duel", Created: time.Now(), Since: time.Now(),
			Members: []store.Member{{Player: p, Name: p, Mu: 1500, Sigma: 100, Ready: true}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func matched(t *testing.T, s whole, ticket string) bool {
	t.Helper()
	st, err := s.Ticket(t.Context(), ticket)
	if err != nil {
		t.Fatal(err)
	}
	return st.State == store.Matched
}

func (m *told) has() (held bool) {
	m.with(func() { held = m.held })
	return held
}

func TestOneRunnerAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := memory.NewTickets(time.Now)
		a, am := start(t, s, "a", duel())
		synctest.Wait()
		b, bm := start(t, s, "b", duel())
		<-time.After(time.Minute) // leases are renewed
		if !am.has() || bm.has() {
			t.Fatal("a does not have the queue alone")
		}
		enqueue(t, s, "ann", "bob")
		<-time.After(DefaultInterval + time.Millisecond)
		if !matched(t, s, "ann") || !matched(t, s, "bob") {
			t.Error("they were not matched in time")
		}
		a.Stop()
		a.Stop()
		if am.has() {
			t.Error("a has the queue still")
		}
		<-time.After(DefaultTTL/5 + time.Millisecond) // given back, not waited for
		if !bm.has() {
			t.Error("b does not have the queue")
		}
		b.Stop()
	})
}

// TestADeadRunnerIsReplaced: one whose store does not answer any more stops deciding
// before its lease is over, and another one takes the queue over within seconds.
func TestADeadRunnerIsReplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		base := memory.NewTickets(time.Now)
		s := &faulty{whole: base}
		a, am := start(t, s, "a", duel())
		<-time.After(time.Second)
		b, bm := start(t, base, "b", duel())
		<-time.After(time.Second)
		s.set(func(string) error { return errAway }, nil)
		died := time.Now()
		for am.has() {
			if bm.has() {
				t.Fatal("both have the queue")
			}
			<-time.After(10 * time.Millisecond)
		}
		if after := time.Since(died); after < DefaultTTL/4 || after > DefaultTTL-DefaultTTL/5+100*time.Millisecond {
			t.Errorf("a has stopped after %v", after)
		}
		for !bm.has() {
			<-time.After(10 * time.Millisecond)
		}
		if after := time.Since(died); after > DefaultTTL+DefaultTTL/5 {
			t.Errorf("b has begun after %v", after)
		}
		enqueue(t, s, "ann", "bob")
		<-time.After(time.Second)
		if !matched(t, base, "bob") {
			t.Error("they were not matched")
		}
		s.set(nil, nil)
		<-time.After(time.Minute)
		if am.has() || !bm.has() {
			t.Error("a is back while b has the queue")
		}
		b.Stop()
		<-time.After(time.Second)
		if !am.has() {
			t.Error("a does not take over from b")
		}
		a.Stop()
	})
}

// TestAStoreThatHangs: no call is waited for until the lease is over.
func TestAStoreThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &hung{whole: memory.NewTickets(time.Now)}
		a, am := start(t, s, "a", duel())
		<-time.After(time.Second)
		enqueue(t, s, "ann", "bob")
		s.hangs.Store(true)
		<-time.After(DefaultTTL)
		if am.has() {
			t.Error("a has the queue still")
		}
		s.hangs.Store(false)
		<-time.After(DefaultTTL)
		if !am.has() || !matched(t, s, "ann") {
			t.Error("it does not go on")
		}
		s.hangs.Store(true)
		<-time.After(time.Millisecond)
		began := time.Now()
		a.Stop()
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("Stop took %v", took)
		}
	})
}

// hung is a store that does not answer until the caller loses patience.
type hung struct {
	whole
	hangs atomic.Bool
}

func (h *hung) wait(ctx context.Context) error {
	if !h.hangs.Load() {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

func (h *hung) Lease(ctx context.Context, queue, owner string, ttl time.Duration) (store.Lease, error) {
	if err := h.wait(ctx); err != nil {
		return store.Lease{}, err
	}
	return h.whole.Lease(ctx, queue, owner, ttl)
}

func (h *hung) Release(ctx context.Context, l store.Lease) error {
	if err := h.wait(ctx); err != nil {
		return err
	}
	return h.whole.Release(ctx, l)
}

func (h *hung) Changes(ctx context.Context, queue string, after uint64) (store.Changes, error) {
	if err := h.wait(ctx); err != nil {
		return store.Changes{}, err
	}
	return h.whole.Changes(ctx, queue, after)
}

func (h *hung) Commit(ctx context.Context, l store.Lease, o store.Outcome) ([]string, error) {
	if err := h.wait(ctx); err != nil {
		return nil, err
	}
	return h.whole.Commit(ctx, l, o)
}

// TestALeaseThatIsLost: the store says that another one has it, or has lost it.
func TestALeaseThatIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		base := memory.NewTickets(time.Now)
		s := &faulty{whole: base}
		a, am := start(t, s, "a", duel())
		<-time.After(time.Second)
		// Somebody else takes it, as if the store had been told so.
		l, err := base.Lease(t.Context(), "duel", "a", DefaultTTL)
		if err != nil {
			t.Fatal(err)
		}
		if err := base.Release(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		other, err := base.Lease(t.Context(), "duel", "other", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		enqueue(t, s, "ann", "bob")
		<-time.After(time.Second)
		if am.has() || matched(t, base, "ann") {
			t.Error("a goes on though it is fenced")
		}
		<-time.After(10 * time.Second)
		if am.has() {
			t.Error("a has the queue again")
		}
		// It comes back by itself, with a new token.
		if err := base.Release(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		<-time.After(2 * time.Second)
		if !am.has() || !matched(t, base, "ann") {
			t.Error("a does not go on")
		}
		a.Stop()
	})
}

// TestADeathAnywhere has one of two runners die before and after each of the calls that
// it makes of the store, and counts what becomes of the tickets.
func TestADeathAnywhere(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		for at := range int64(50) { // more than what there is to do takes
			synctest.Test(t, func(t *testing.T) { dies(t, at+1, after) })
		}
	}
}

// dies has a runner die at one of its calls.
func dies(t *testing.T, at int64, after bool) {
	base := memory.NewTickets(time.Now)
	s := &faulty{whole: base}
	var calls atomic.Int64
	die := func(then bool) func(string) error {
		return func(string) error {
			n := calls.Load()
			if !then {
				n = calls.Add(1)
			}
			if n > at || n == at && then == after {
				return errAway
			}
			return nil
		}
	}
	s.set(die(false), die(true))
	md := duel()
	md.Backfill.Enabled, md.Backfill.After = true, 0
	a, _ := start(t, s, "a", md)
	synctest.Wait()
	b, _ := start(t, base, "b", md)

	running := store.Match{ID: "arena-runs", Mode: "duel", Kind: "arena", Node: "n1", Bots: 1, Teams: []store.Team{
		{Slots: []store.Slot{{Ticket: "old", Player: "old"}}}, {Slots: []store.Slot{{}}},
	}}
	if err := base.Keep(t.Context(), running); err != nil {
		t.Fatal(err)
	}
	all := []string{"filler"}
	enqueue(t, base, "filler")
	if err := base.AskBackfill(t.Context(), store.Backfill{
		ID: "ask", Room: running.ID, Queue: "duel", Since: time.Now(),
		Teams: []store.BackfillTeam{{Mu: []float64{1500}, Sigma: []float64{100}}, {Free: 1}},
	}); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		for k := range 4 {
			all = append(all, fmt.Sprintf("p%d-%d", i, k))
		}
		enqueue(t, base, all[len(all)-4:]...)
		<-time.After(250 * time.Millisecond)
	}
	if _, err := base.Cancel(t.Context(), all[len(all)-1], all[len(all)-1]); err != nil {
		t.Fatal(err)
	}
	enqueue(t, base, "late")
	all = append(all, "late")
	<-time.After(time.Minute)
	if calls.Load() < at {
		t.Errorf("it did not die at call %d", at)
	}
	a.Stop()
	b.Stop()
	account(t, base, all, running.ID)
	if t.Failed() {
		t.Logf("died at call %d, after it: %t", at, after)
	}
}

// account checks that each ticket is in one match, or was cancelled, or waits for want of
// another one; and that each match has its players.
func account(t *testing.T, s whole, all []string, running string) {
	t.Helper()
	matches := map[string]int{}
	left, cancelled := 0, 0
	for _, id := range all {
		st, err := s.Ticket(t.Context(), id)
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		switch st.State {
		case store.Matched:
			m, err := s.Match(t.Context(), st.Match, "")
			if err != nil {
				t.Errorf("%s of %s: %v", st.Match, id, err)
				continue
			}
			if _, slot, ok := m.Find(id); !ok || slot.Ticket != id {
				t.Errorf("%s is not in its match %+v", id, m)
			}
			matches[st.Match]++
		case store.Cancelled:
			cancelled++
		case store.Waiting:
			left++
		default:
			t.Errorf("%s is in state %d", id, st.State)
		}
	}
	for id, n := range matches {
		if id == running && n != 1 || id != running && n != 2 {
			t.Errorf("%s has %d tickets", id, n)
		}
	}
	if left > 1 || cancelled > 1 {
		t.Errorf("%d are left, %d cancelled", left, cancelled)
	}
}

func TestStartRefusesAModeThatMakesNoSense(t *testing.T) {
	t.Parallel()
	md := duel()
	md.Format.Size = 0
	if _, err := Start(Config{Modes: []mode.Mode{md}}); err == nil || !strings.Contains(err.Error(), "teams.size") {
		t.Errorf("got %v", err)
	}
}
