package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// load is many players and several matchers at once.
type load struct {
	// stores are views of the same store, used in turn.
	stores []whole
	// tickets is how many come at least.
	tickets int
	// patience bounds each call, so that callers have to try again; 0: they don't.
	patience time.Duration
	// elsewhere means that the matchers are others, such as programs that call match. Then
	// none are made.
	elsewhere bool
	// disturb, if there is one, runs meanwhile, and more tickets come until it ends. It may
	// make the store fail with store.ErrUnavailable, but not for long.
	disturb func(ctx context.Context)
}

// Many at once, of each.
const (
	adders   = 6
	matchers = 4
)

// books are what a load has done, as far as the store has said that it did.
type books struct {
	t    *testing.T
	load load

	mu        sync.Mutex
	tickets   []store.Ticket
	cancelled map[string]bool
	commits   map[string][]string // by match
	retried   int                 // calls that failed, and were made again
	fenced    int
}

// account puts a load on a store, and proves afterwards, by what the store remembers and
// what it has answered, that no ticket was lost and none was matched twice. Matchers stop in
// the middle of what they do now and then, and come back when another one has the queue.
func account(t *testing.T, load load) {
	a := &books{t: t, load: load, cancelled: map[string]bool{}, commits: map[string][]string{}}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*limit)
	defer cancel()
	var matching, adding sync.WaitGroup
	done, stop := context.WithCancel(ctx)
	defer stop()
	if !load.elsewhere {
		for i := range matchers {
			matching.Go(func() { a.match(done, i) })
		}
	}
	disturbed := make(chan struct{})
	for i := range adders {
		adding.Go(func() { a.add(ctx, i, disturbed) })
	}
	if load.disturb != nil {
		load.disturb(ctx)
	}
	close(disturbed)
	adding.Wait()
	a.mu.Lock()
	tickets := slices.Clone(a.tickets)
	a.mu.Unlock()
	for _, k := range tickets {
		if !a.ended(ctx, k.ID) {
			break
		}
	}
	stop()
	matching.Wait()
	if t.Failed() {
		return
	}
	a.check(ctx)
}

// again makes a call until the store is there.
func (a *books) again(ctx context.Context, call func(ctx context.Context) error) error {
	n, err := again(ctx, a.load.patience, call)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.retried += n
	return err
}

// match is one of the matchers.
func (a *books) match(ctx context.Context, n int) {
	err := match(ctx, a.load.stores[n%len(a.load.stores)], fmt.Sprint("matcher", n), func(r report) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.retried += r.again
		if r.fenced {
			a.fenced++
		} else {
			a.commits[r.match] = r.tickets
		}
	})
	if err != nil {
		a.t.Error(err)
	}
}

// add is somebody who sends players in, some of whom change their minds.
func (a *books) add(ctx context.Context, n int, disturbed <-chan struct{}) {
	s := a.load.stores[n%len(a.load.stores)]
	rnd := rand.New(rand.NewPCG(uint64(n), 1))
	for i := 0; ; i++ {
		if i >= a.load.tickets/adders {
			select {
			case <-disturbed:
				return
			default:
				pause(ctx, 8*time.Millisecond)
			}
		}
		id := fmt.Sprintf("%d-%d", n, i)
		k := solo("q", id)
		together := rnd.IntN(3) == 0
		if together {
			k = party("q", id, "p-"+id, "p2-"+id)
		}
		if err := a.again(ctx, func(ctx context.Context) error { return s.Add(ctx, k) }); err != nil {
			a.t.Errorf("adding %s: %v", id, err)
			return
		}
		a.mu.Lock()
		a.tickets = append(a.tickets, k)
		a.mu.Unlock()
		if together {
			err := a.again(ctx, func(ctx context.Context) error {
				_, err := s.Ready(ctx, id, store.Member{Player: "p2-" + id}, start)
				// It may have been matched at a first attempt whose answer was lost.
				if errors.Is(err, store.ErrEnded) {
					return nil
				}
				return err
			})
			if err != nil {
				a.t.Errorf("%s, ready: %v", id, err)
				return
			}
		}
		if rnd.IntN(5) == 0 {
			var st store.Status
			err := a.again(ctx, func(ctx context.Context) (err error) {
				st, err = s.Cancel(ctx, id, "p-"+id)
				return err
			})
			if err != nil || !st.State.Ended() {
				a.t.Errorf("cancelling %s: %+v, %v", id, st, err)
				return
			}
			if st.State == store.Cancelled {
				a.mu.Lock()
				a.cancelled[id] = true
				a.mu.Unlock()
			}
		}
	}
}

// ended waits until a ticket has ended, and reports whether it has.
func (a *books) ended(ctx context.Context, id string) bool {
	for {
		st, err := a.load.stores[0].Ticket(ctx, id)
		if err == nil && st.State.Ended() {
			return true
		}
		if err != nil && !errors.Is(err, store.ErrUnavailable) || !pause(ctx, time.Millisecond) {
			a.t.Errorf("ticket %s has not ended: state %d, %v", id, st.State, err)
			return false
		}
	}
}

// check compares what the store remembers with what it has answered.
func (a *books) check(ctx context.Context) {
	a.t.Helper()
	s := a.load.stores[len(a.load.stores)-1]
	byMatch := map[string][]string{}
	cancelled := 0
	for _, k := range a.tickets {
		st, err := s.Ticket(ctx, k.ID)
		if err != nil {
			a.t.Errorf("ticket %s is lost: %v", k.ID, err)
			continue
		}
		switch {
		case st.State == store.Cancelled:
			cancelled++
			if !a.cancelled[k.ID] {
				a.t.Errorf("ticket %s: nobody has cancelled it", k.ID)
			}
		case a.cancelled[k.ID] || st.State != store.Matched:
			a.t.Errorf("ticket %s is in state %d, cancelled: %t", k.ID, st.State, a.cancelled[k.ID])
		default:
			byMatch[st.Match] = append(byMatch[st.Match], k.ID)
			a.checkMatched(ctx, s, &k, st.Match)
		}
	}
	for match, tickets := range a.commits {
		got := byMatch[match]
		slices.Sort(got)
		slices.Sort(tickets)
		if !slices.Equal(got, tickets) {
			a.t.Errorf("match %s is of %v; it was made of %v", match, got, tickets)
		}
		delete(byMatch, match)
	}
	// A matcher that has not got the answer may have been fenced at the next attempt:
	// then the match is whole all the same.
	for match, tickets := range byMatch {
		m, err := s.Match(ctx, match, "")
		if err != nil || len(m.Teams) != len(tickets) {
			a.t.Errorf("match %s is of %v, and has %d teams: %v", match, tickets, len(m.Teams), err)
		}
	}
	c, err := s.Changes(ctx, "q", 0)
	if err != nil || len(c.Tickets) > 0 {
		a.t.Errorf("there waits still: %d, %v", len(c.Tickets), err)
	}
	a.t.Logf("%d tickets, %d cancelled, %d matches, %d of them without an answer, %d commits fenced off, %d calls made again",
		len(a.tickets), cancelled, len(a.commits)+len(byMatch), len(byMatch), a.fenced, a.retried)
}

// checkMatched sees that a match has the players of a ticket, and that they know.
func (a *books) checkMatched(ctx context.Context, s whole, k *store.Ticket, match string) {
	a.t.Helper()
	m, err := s.Match(ctx, match, "")
	if err != nil {
		a.t.Errorf("ticket %s: its match %s is lost: %v", k.ID, match, err)
		return
	}
	for _, p := range k.Members {
		if _, _, in := m.Find(p.Player); !in {
			a.t.Errorf("ticket %s: no slot for %s in %s", k.ID, p.Player, m.ID)
		}
		if in, err := s.Playing(ctx, p.Player); err != nil || in.ID != m.ID {
			a.t.Errorf("%s plays in %q, %v; want %s", p.Player, in.ID, err, m.ID)
		}
		if id, err := s.Of(ctx, p.Player); !errors.Is(err, store.ErrNoTicket) {
			a.t.Errorf("%s waits still, with %q, %v", p.Player, id, err)
		}
	}
}
