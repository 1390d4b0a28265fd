package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// What a matcher of match does.
const (
	perMatch = 4 // tickets
	leaseTTL = 60 * time.Millisecond
	// idle is how long nothing has come before it matches fewer.
	idle = 20 * time.Millisecond
)

// report is what has become of a Commit.
type report struct {
	match   string
	tickets []string
	fenced  bool // another one had the queue
	again   int  // how often it failed before
}

// match is a matcher of queue q that makes matches of four of whatever waits, while it
// has the queue and until ctx ends. Now and then it is held up before a Commit for so
// long that another one may take the queue over, or goes away without a word. An owner
// makes matches of the same names each time.
func match(ctx context.Context, s whole, owner string, report func(report)) error {
	m := &matcher{s: s, owner: owner, report: report, rnd: rand.New(rand.NewPCG(uint64(len(owner)), uint64(owner[len(owner)-1])))}
	for pause(ctx, 5*time.Millisecond) {
		l, err := s.Lease(ctx, "q", owner, leaseTTL)
		switch {
		case err == nil:
			err = m.hold(ctx, l)
		case errors.Is(err, store.ErrHeld) || errors.Is(err, store.ErrUnavailable):
			err = nil
		}
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("matcher %s: %w", owner, err)
		}
	}
	return nil
}

type matcher struct {
	s      whole
	owner  string
	report func(report)
	rnd    *rand.Rand
	made   int
}

// hold makes matches until the lease is lost, or it goes away.
func (m *matcher) hold(ctx context.Context, l store.Lease) error {
	var waiting []store.Ticket
	drop := func(ids []string) {
		waiting = slices.DeleteFunc(waiting, func(k store.Ticket) bool { return slices.Contains(ids, k.ID) })
	}
	after, came := uint64(0), time.Now()
	for pause(ctx, 2*time.Millisecond) {
		c, err := m.s.Changes(ctx, "q", after)
		switch {
		case errors.Is(err, store.ErrUnavailable):
			continue
		case err != nil:
			return err
		}
		after = c.Next
		if c.Anew {
			waiting = nil
		}
		if len(c.Tickets) > 0 {
			waiting, came = append(waiting, c.Tickets...), time.Now()
		}
		drop(c.Gone)
		for len(waiting) >= perMatch || len(waiting) > 0 && time.Since(came) > idle {
			o := m.outcome(waiting[:min(perMatch, len(waiting))])
			gone, fenced, err := m.commit(ctx, l, o)
			if fenced || err != nil {
				return err
			}
			if len(gone) == 0 {
				gone = o.Tickets
			}
			drop(gone)
		}
		if m.rnd.IntN(30) == 0 {
			return nil // goes away, and leaves the queue to run out
		}
		again, err := m.s.Lease(ctx, "q", m.owner, leaseTTL)
		if err == nil && again.Token != l.Token || errors.Is(err, store.ErrHeld) {
			return nil
		}
	}
	return nil
}

func (m *matcher) outcome(tickets []store.Ticket) store.Outcome {
	m.made++
	return store.Outcome{Match: duel(fmt.Sprintf("%s-%d", m.owner, m.made), tickets...), Tickets: ids(tickets...)}
}

// commit makes a match come true, or finds that another one has the queue.
func (m *matcher) commit(ctx context.Context, l store.Lease, o store.Outcome) (gone []string, fenced bool, err error) {
	if m.rnd.IntN(20) == 0 {
		pause(ctx, leaseTTL+leaseTTL/2)
	}
	n, err := again(ctx, 0, func(ctx context.Context) (err error) {
		gone, err = m.s.Commit(ctx, l, o)
		return err
	})
	fenced = errors.Is(err, store.ErrFenced)
	if fenced || err == nil && len(gone) == 0 {
		m.report(report{match: o.Match.ID, tickets: o.Tickets, fenced: fenced, again: n})
	}
	if fenced {
		err = nil
	}
	return gone, fenced, err
}

// again makes a call until the store is there, waiting for it no longer than patience each
// time unless that is 0, and returns how often it was not.
func again(ctx context.Context, patience time.Duration, call func(ctx context.Context) error) (n int, err error) {
	for {
		bounded, cancel := ctx, context.CancelFunc(func() {})
		if patience > 0 {
			bounded, cancel = context.WithTimeout(ctx, patience)
		}
		err := call(bounded)
		cancel()
		if !errors.Is(err, store.ErrUnavailable) {
			return n, err
		}
		n++
		if !pause(ctx, 5*time.Millisecond) {
			return n, err
		}
	}
}
