package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickroom/tickroom/matchmaking/internal/memory"
	"github.com/tickroom/tickroom/matchmaking/internal/place"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

var errAway = errors.New("the store is away")

// whole is a store with the sides of all its callers.
type whole interface {
	store.Tickets
	store.Queues
	store.Matches
}

// faulty is a store that fails when the test wants it to.
type faulty struct {
	whole
	mu sync.Mutex
	// before is asked before a call is passed on, after when the answer is there.
	before, after func(call string) error
	commits       []store.Outcome // that were asked for
}

func (s *faulty) hooks() (before, after func(string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.before, s.after
}

func (s *faulty) set(before, after func(string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before, s.after = before, after
}

func around[T any](s *faulty, call string, f func() (T, error)) (T, error) {
	before, after := s.hooks()
	var none T
	if before != nil {
		if err := before(call); err != nil {
			return none, err
		}
	}
	v, err := f()
	if after != nil {
		if err := after(call); err != nil {
			return none, err
		}
	}
	return v, err
}

func (s *faulty) Lease(ctx context.Context, queue, owner string, ttl time.Duration) (store.Lease, error) {
	return around(s, "Lease", func() (store.Lease, error) { return s.whole.Lease(ctx, queue, owner, ttl) })
}

func (s *faulty) Release(ctx context.Context, l store.Lease) error {
	_, err := around(s, "Release", func() (int, error) { return 0, s.whole.Release(ctx, l) })
	return err
}

func (s *faulty) Changes(ctx context.Context, queue string, after uint64) (store.Changes, error) {
	return around(s, "Changes", func() (store.Changes, error) { return s.whole.Changes(ctx, queue, after) })
}

func (s *faulty) Commit(ctx context.Context, l store.Lease, o store.Outcome) ([]string, error) {
	s.mu.Lock()
	s.commits = append(s.commits, o)
	s.mu.Unlock()
	return around(s, "Commit", func() ([]string, error) { return s.whole.Commit(ctx, l, o) })
}

func (s *faulty) GiveUp(ctx context.Context, l store.Lease, tickets []string) error {
	_, err := around(s, "GiveUp", func() (int, error) { return 0, s.whole.GiveUp(ctx, l, tickets) })
	return err
}

func (s *faulty) Match(ctx context.Context, id, code string) (store.Match, error) {
	return around(s, "Match", func() (store.Match, error) { return s.whole.Match(ctx, id, code) })
}

func (s *faulty) EndBackfill(ctx context.Context, id string) (bool, error) {
	return around(s, "EndBackfill", func() (bool, error) { return s.whole.EndBackfill(ctx, id) })
}

// Nodes of a test.
type nodes []store.Node

func (n nodes) Beat(context.Context, store.Node, time.Duration) error { return nil }
func (n nodes) Leave(context.Context, string) error                   { return nil }
func (n nodes) Nodes(context.Context) ([]store.Node, error) {
	return slices.Clone(n), nil
}

// duel is a mode of two who play each other.
func duel() mode.Mode {
	md := mode.New("duel")
	md.Room = mode.RoomSpec{Kind: "arena", Options: map[string]string{"map": "small"}}
	md.Party.Max = 1
	return md
}

// stepper works at a queue by hand.
type stepper struct {
	t *testing.T
	*desk
	s     *faulty
	clock time.Time
	told  told
}

// step begins to work at the queue of a mode.
func step(t *testing.T, md mode.Mode, list nodes) *stepper {
	t.Helper()
	q, err := New(md, DefaultInterval)
	if err != nil {
		t.Fatal(err)
	}
	b := &stepper{t: t, s: &faulty{}, clock: epoch}
	b.s.whole = b.newStore()
	l, err := b.s.Lease(t.Context(), md.Name, "me", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	b.desk = &desk{
		q: q, queues: b.s, placer: place.New(list), metrics: &b.told, log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		now: func() time.Time { return b.clock }, lease: l, good: func() bool { return true },
	}
	return b
}

// newStore returns an empty store that goes by the stepper's clock.
func (b *stepper) newStore() whole {
	return memory.NewTickets(func() time.Time { return b.clock })
}

func oneNode() nodes {
	return nodes{{ID: "n1", URL: "ws://n1", Kinds: []string{"arena"}, Spare: 2}}
}

// turn takes a turn after so much time, which must not end the lease.
func (b *stepper) turn(after time.Duration) time.Duration {
	b.t.Helper()
	b.clock = b.clock.Add(after)
	wait, err := b.desk.turn(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return wait
}

// add makes a player wait, whose ticket has its name.
func (b *stepper) add(player string, change ...func(*store.Ticket)) {
	b.t.Helper()
	t := store.Ticket{
		ID: player, Queue: b.q.mode.Name, Created: b.clock, Since: b.clock,
		Members: []store.Member{{Player: player, Name: strings.ToUpper(player), Mu: 1500, Sigma: 100, Ready: true}},
	}
	for _, c := range change {
		c(&t)
	}
	if err := b.s.Add(b.t.Context(), t); err != nil {
		b.t.Fatal(err)
	}
}

// want checks what has become of tickets: "waiting", "cancelled", "timed out", or the
// tickets with which each has a match.
func (b *stepper) want(want map[string]string) {
	b.t.Helper()
	matches := map[string][]string{}
	status := map[string]store.Status{}
	for _, id := range slices.Sorted(maps.Keys(want)) {
		s, err := b.s.Ticket(b.t.Context(), id)
		if err != nil {
			b.t.Fatal(err)
		}
		status[id] = s
		if s.State == store.Matched {
			matches[s.Match] = append(matches[s.Match], id)
		}
	}
	for id, w := range want {
		got := [...]string{"", "gathering", "waiting", strings.Join(matches[status[id].Match], "+"), "cancelled", "timed out"}[status[id].State]
		if got != w {
			b.t.Errorf("%s: %s, want %s", id, got, w)
		}
	}
	if b.t.Failed() {
		b.t.FailNow()
	}
}

func TestAMatchIsWhole(t *testing.T) {
	t.Parallel()
	md := duel()
	md.Format = mode.Format{Teams: 2, Size: 2, MinSize: 2}
	md.Party.Max = 2
	md.Roles = []mode.Role{{Name: "tank", Count: 1}, {Name: "healer", Count: 1}}
	md.Bots = mode.Bots{Enabled: true, Max: 2, MinPlayers: 2}
	md.Latency.Cap.Base = 100
	b := step(t, md, nodes{
		{ID: "far", Kinds: []string{"arena"}, Region: "us", Spare: 9},
		{ID: "near", URL: "ws://near", Kinds: []string{"arena"}, Region: "eu", Spare: 1},
	})
	b.add("ann", func(x *store.Ticket) {
		x.Members[0].Roles, x.Members[0].Mu = []string{"healer"}, 1550
		x.Members[0].Latency = map[string]time.Duration{"eu": 20 * time.Millisecond}
	})
	b.add("bob", func(x *store.Ticket) { x.Members[0].Roles = []string{"tank"} })
	b.turn(0)
	s, err := b.s.Ticket(t.Context(), "ann")
	if err != nil || s.State != store.Matched {
		t.Fatalf("%+v, %v", s, err)
	}
	m, err := b.s.Match(t.Context(), s.Match, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(m.ID) != len("arena-")+10 || !strings.HasPrefix(m.ID, "arena-") || strings.ToLower(m.ID) != m.ID {
		t.Errorf("its id is %q", m.ID)
	}
	if m.Mode != "duel" || m.Kind != "arena" || m.Options["map"] != "small" || m.Node != "near" || m.URL != "ws://near" || m.Region != "eu" ||
		m.Bots != 2 || !(m.Quality > 0 && m.Quality <= 1) || !m.Created.Equal(epoch) || len(m.Teams) != 2 {
		t.Errorf("it is %+v", m)
	}
	for _, want := range []store.Slot{
		{Ticket: "ann", Player: "ann", Name: "ANN", Role: "healer", Mu: 1550, Sigma: 100},
		{Ticket: "bob", Player: "bob", Name: "BOB", Role: "tank", Mu: 1500, Sigma: 100},
	} {
		if _, got, ok := m.Find(want.Player); !ok || got != want {
			t.Errorf("%s has %+v", want.Player, got)
		}
	}
	win, slots := 0.0, 0
	for _, tm := range m.Teams {
		win += tm.Win
		slots += len(tm.Slots)
	}
	if win < 0.99 || win > 1.01 || slots != 4 {
		t.Errorf("the teams are %+v", m.Teams)
	}
}

func TestWhatIsGoneIsLeftOut(t *testing.T) {
	t.Parallel()
	b := step(t, duel(), oneNode())
	b.add("ann")
	b.add("bob")
	b.s.set(func(call string) error {
		if call == "Commit" {
			_, _ = b.s.Cancel(t.Context(), "bob", "bob")
		}
		return nil
	}, nil)
	b.turn(0)
	b.want(map[string]string{"ann": "waiting", "bob": "cancelled"})
	b.s.set(nil, nil)
	b.turn(time.Second)
	if i := b.q.items["ann"]; b.q.tickets != 1 || i == nil || i.in != nil || !i.ticket.Since.Equal(epoch) {
		t.Fatalf("it knows %v", b.q.items)
	}
	b.add("cat")
	b.turn(time.Second)
	b.want(map[string]string{"ann": "ann+cat", "bob": "cancelled", "cat": "ann+cat"})
	if want := []time.Duration{2 * time.Second, time.Second}; !slices.Equal(b.told.waits, want) {
		t.Errorf("they waited %v", b.told.waits)
	}
}

// TestUntilItIsKnown: a commit whose answer is lost, or which did not arrive, is asked
// for again as it was, and nothing else is decided about its tickets meanwhile.
func TestUntilItIsKnown(t *testing.T) {
	t.Parallel()
	for _, lost := range []string{"question", "answer"} {
		t.Run(lost, func(t *testing.T) {
			t.Parallel()
			b := step(t, duel(), oneNode())
			fail := func(call string) error {
				if call == "Commit" {
					return errAway
				}
				return nil
			}
			if lost == "question" {
				b.s.set(fail, nil)
			} else {
				b.s.set(nil, fail)
			}
			b.add("ann")
			b.add("bob")
			wait := b.turn(0)
			for i := range 4 {
				wait = b.turn(wait) // so often it is tried
				if want := backoff(i + 2); wait != want {
					t.Errorf("after %d failures it waits %v, want %v", i+2, wait, want)
				}
			}
			b.add("cat")
			b.turn(wait)
			b.s.set(nil, nil)
			b.turn(2 * time.Second)
			b.turn(2 * time.Second)
			b.want(map[string]string{"ann": "ann+bob", "bob": "ann+bob", "cat": "waiting"})
			for _, o := range b.s.commits {
				if o.Match.ID != b.s.commits[0].Match.ID || !slices.Equal(o.Tickets, []string{"ann", "bob"}) {
					t.Errorf("it asked for %s of %s", o.Match.ID, o.Tickets)
				}
			}
			if len(b.s.commits) != 7 || b.told.matches != 1 || b.told.errors == 0 {
				t.Errorf("asked %d times, told %+v", len(b.s.commits), &b.told)
			}
		})
	}
}

func TestWhatEndsALease(t *testing.T) {
	t.Parallel()
	t.Run("fenced", func(t *testing.T) {
		t.Parallel()
		b := step(t, duel(), oneNode())
		b.add("ann")
		b.add("bob")
		b.s.set(func(call string) error {
			if call == "Commit" {
				return fmt.Errorf("a Commit: %w", store.ErrFenced)
			}
			return nil
		}, nil)
		if _, err := b.desk.turn(t.Context()); !errors.Is(err, store.ErrFenced) {
			t.Errorf("got %v", err)
		}
		b.want(map[string]string{"ann": "waiting", "bob": "waiting"})
	})
	t.Run("late", func(t *testing.T) {
		t.Parallel()
		b := step(t, duel(), oneNode())
		b.add("ann")
		b.add("bob")
		b.s.set(nil, func(call string) error {
			if call == "Changes" { // it took too long
				b.good = func() bool { return false }
			}
			return nil
		})
		if _, err := b.desk.turn(t.Context()); !errors.Is(err, errLate) {
			t.Errorf("got %v", err)
		}
		if _, err := b.desk.turn(t.Context()); !errors.Is(err, errLate) || len(b.s.commits) != 0 {
			t.Errorf("got %v and %d commits", err, len(b.s.commits))
		}
	})
	t.Run("over", func(t *testing.T) {
		t.Parallel()
		b := step(t, duel(), oneNode())
		ctx, cancel := context.WithCancelCause(t.Context())
		b.s.set(func(string) error { cancel(errStopped); return ctx.Err() }, nil)
		if _, err := b.desk.turn(ctx); !errors.Is(err, errStopped) {
			t.Errorf("got %v", err)
		}
	})
}

// TestTheStoreIsRight: it comes back without what was done last, as after a failover.
func TestTheStoreIsRight(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		before int // tickets that come and go, so that the store has read further than it remembers
		fail   bool
		after  time.Duration
	}{
		{"it has forgotten what changed", 4, false, time.Second},
		{"it has failed", 0, true, time.Second},
		{"it says nothing", 0, false, anewAfter},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := step(t, duel(), oneNode())
			for i := range c.before {
				b.add(fmt.Sprint("early", i))
			}
			b.turn(0)
			b.add("ann")
			b.add("bob")
			b.turn(time.Second)
			b.want(map[string]string{"ann": "ann+bob", "bob": "ann+bob"})
			since := b.clock
			b.s.whole = b.newStore()
			if _, err := b.s.Lease(t.Context(), "duel", "me", time.Hour); err != nil {
				t.Fatal(err)
			}
			then := func(x *store.Ticket) { x.Since = since }
			b.add("ann", then)
			b.add("bob", then)
			if c.fail {
				b.s.set(func(string) error { return errAway }, nil)
				b.turn(time.Second)
				b.s.set(nil, nil)
			}
			b.turn(c.after)
			b.want(map[string]string{"ann": "ann+bob", "bob": "ann+bob"})
			if b.told.matches != 2+c.before/2 {
				t.Errorf("told %+v", &b.told)
			}
		})
	}
}

func TestGivingUp(t *testing.T) {
	t.Parallel()
	md := duel()
	md.Timeout = time.Minute
	b := step(t, md, oneNode())
	b.add("ann")
	b.add("bad", func(x *store.Ticket) { x.Query = "level >" })
	b.add("odd", func(x *store.Ticket) {
		x.Members = append(x.Members, store.Member{Player: "other", Ready: true})
	})
	b.turn(0)
	b.want(map[string]string{"ann": "waiting", "bad": "timed out", "odd": "timed out"})
	fails := 2
	b.s.set(nil, func(call string) error {
		if call == "GiveUp" && fails > 0 {
			fails--
			return errAway
		}
		return nil
	})
	b.turn(time.Minute)
	for range 4 {
		b.turn(2 * time.Second)
	}
	b.want(map[string]string{"ann": "timed out"})
	if b.told.timedOut != 3 || b.q.tickets != 0 || b.q.undecided() != 0 {
		t.Errorf("told %+v; it knows %v", &b.told, b.q.items)
	}
}

func TestWithoutANodeTheyWait(t *testing.T) {
	t.Parallel()
	list := nodes{{ID: "n1", Kinds: []string{"arena"}, Spare: 2, Draining: true}}
	b := step(t, duel(), list)
	b.add("ann")
	b.add("bob")
	b.turn(0)
	b.turn(time.Second)
	b.want(map[string]string{"ann": "waiting", "bob": "waiting"})
	if b.told.noNode != 2 || len(b.s.commits) != 0 {
		t.Errorf("told %+v", &b.told)
	}
	list[0].Draining = false
	b.turn(time.Second)
	b.want(map[string]string{"ann": "ann+bob", "bob": "ann+bob"})
	if want := []time.Duration{2 * time.Second, 2 * time.Second}; !slices.Equal(b.told.waits, want) {
		t.Errorf("they waited %v", b.told.waits)
	}
}

func TestWhoHasGoneIsNotDecidedAbout(t *testing.T) {
	t.Parallel()
	b := step(t, duel(), oneNode())
	b.add("ann")
	b.turn(0)
	if _, err := b.s.Cancel(t.Context(), "ann", "ann"); err != nil {
		t.Fatal(err)
	}
	b.add("bob")
	b.turn(time.Second)
	b.want(map[string]string{"ann": "cancelled", "bob": "waiting"})
	if len(b.s.commits) != 0 || b.q.tickets != 1 {
		t.Errorf("%d commits; it knows %v", len(b.s.commits), b.q.items)
	}
}

// TestManyDecisionsFail: of many that are carried out at the same time, some fail.
func TestManyDecisionsFail(t *testing.T) {
	t.Parallel()
	b := step(t, duel(), nodes{{ID: "n1", Kinds: []string{"arena"}, Spare: 1000}})
	want := map[string]string{}
	for i := range 400 {
		b.add(fmt.Sprint(i))
		want[fmt.Sprint(i)] = ""
	}
	var mu sync.Mutex
	n := 0
	b.s.set(nil, func(call string) error {
		mu.Lock()
		defer mu.Unlock()
		if n++; call == "Commit" && n%37 == 0 {
			return errAway
		}
		return nil
	})
	for range 10 {
		b.turn(2 * time.Second)
	}
	size := map[string]int{}
	for id := range want {
		s, _ := b.s.Ticket(t.Context(), id)
		size[s.Match]++
	}
	if b.told.matches != 200 || len(size) != 200 || b.q.tickets != 0 {
		t.Errorf("told %+v; %d matches", &b.told, len(size))
	}
	for id, n := range size {
		if n != 2 {
			t.Errorf("%s has %d tickets", id, n)
		}
	}
}

// told is a Metrics that remembers.
type told struct {
	mu                                                        sync.Mutex
	held                                                      bool
	waiting, undecided, passes, matches, players, bots, fills int
	timedOut, noNode, errors                                  int
	waits                                                     []time.Duration
}

func (m *told) with(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
}

func (m *told) Held(_ string, held bool)      { m.with(func() { m.held = held }) }
func (m *told) Waiting(_ string, n, open int) { m.with(func() { m.waiting, m.undecided = n, open }) }
func (m *told) Pass(string, time.Duration)    { m.with(func() { m.passes++ }) }
func (m *told) TimedOut(_ string, n int)      { m.with(func() { m.timedOut += n }) }
func (m *told) NoNode(string, string)         { m.with(func() { m.noNode++ }) }
func (m *told) Error(string)                  { m.with(func() { m.errors++ }) }
func (m *told) Fill(_ string, players int, waits []time.Duration) {
	m.with(func() { m.fills += players; m.waits = append(m.waits, waits...) })
}
func (m *told) Match(_ string, players, bots int, _ float64, waits []time.Duration) {
	m.with(func() {
		m.matches++
		m.players += players
		m.bots += bots
		m.waits = append(m.waits, waits...)
	})
}
