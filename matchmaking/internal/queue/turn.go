package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"github.com/tickroom/tickroom/matchmaking/internal/place"
	"github.com/tickroom/tickroom/matchmaking/store"
)

const (
	// pages is how often changes are read at most before what has come is decided upon, if
	// it never ends.
	pages = 50
	// callLimit bounds what is asked of the stores for one decision, or at once.
	callLimit = 2 * store.CallTimeout
	// atOnce is how many decisions are committed at the same time, so that the store's
	// answers need not be waited for one after another.
	atOnce = 16
	// anewAfter is how long a queue is followed before it is read from the beginning
	// again, in case that the store has lost something without telling; and anewShare how
	// many times longer than that takes.
	anewAfter, anewShare = 30 * time.Second, 50
	// complainEvery is how often the log is told of the same trouble.
	complainEvery = 10 * time.Second
)

var (
	// errLate means that the lease ends too soon to decide anything with it.
	errLate = errors.New("queue: the lease was not renewed in time")
	// errLater means that a decision was not tried yet.
	errLater = errors.New("queue: left for later")
)

// desk is where a queue is worked at while its lease is held. It is for one goroutine.
type desk struct {
	q       *Queue
	queues  store.Queues
	placer  *place.Placer
	metrics Metrics
	log     *slog.Logger
	now     func() time.Time
	lease   store.Lease
	// good reports whether the lease can be used.
	good func() bool

	after    uint64    // the changes that were read
	anew     time.Time // when to begin anew
	lost     bool      // begin anew as soon as the store answers
	failures int       // turns in a row
	// What the log is told now and then.
	trouble, noNode rate.Sometimes
}

// turn does what there is to do: it commits what is open, reads what is new, decides and
// commits. It returns how long to wait until the next one.
//
// An error ends the lease, and all that the desk knows is to be forgotten: it wraps
// store.ErrFenced, errLate, or the cause of ctx's end. Others are dealt with: the
// turn ends early, and the next one tries again.
func (d *desk) turn(ctx context.Context) (wait time.Duration, err error) {
	err = d.work(ctx)
	switch {
	case err == nil:
		d.failures = 0
	case errors.Is(err, store.ErrFenced), errors.Is(err, errLate):
		return 0, err
	case ctx.Err() != nil:
		return 0, context.Cause(ctx)
	default:
		d.failures++
		d.lost = true
		d.metrics.Error(d.q.mode.Name)
		d.trouble.Do(func() { d.log.Warn("the queue can't be worked at; it is tried again", "error", err) })
		return backoff(d.failures), nil
	}
	now := d.now()
	d.metrics.Waiting(d.q.mode.Name, d.q.tickets, d.q.undecided())
	return d.q.Next(now), nil
}

func (d *desk) work(ctx context.Context) error {
	if err := d.carryOut(ctx, d.q.Open(d.now())); err != nil {
		return err
	}
	if err := d.follow(ctx); err != nil {
		return err
	}
	begun := d.now()
	due := d.q.Due(begun)
	decisions := d.q.Decide(begun, due)
	if now := d.now(); due {
		d.q.Passed(now, now.Sub(begun))
		d.metrics.Pass(d.q.mode.Name, now.Sub(begun))
	}
	return d.carryOut(ctx, decisions)
}

// follow reads what is new, or everything if need be.
func (d *desk) follow(ctx context.Context) error {
	begun := d.now()
	if d.lost || !begun.Before(d.anew) {
		d.after, d.lost = 0, false
	}
	begin := d.after == 0
	for more, read := true, 0; more && (begin || read < pages); read++ {
		if !d.good() {
			return errLate
		}
		call, cancel := context.WithTimeout(ctx, callLimit)
		c, err := d.queues.Changes(call, d.q.mode.Name, d.after)
		cancel()
		if err != nil {
			return fmt.Errorf("queue: what is new: %w", err)
		}
		d.q.Apply(&c)
		begin = begin || c.Anew
		d.after, more = c.Next, c.More
	}
	if begin {
		now := d.now()
		d.anew = now.Add(max(anewAfter, anewShare*now.Sub(begun)))
	}
	return nil
}

// carryOut makes decisions come true, several at the same time, and settles them. After
// an error that is not about one decision alone, the rest is left for later.
func (d *desk) carryOut(ctx context.Context, decisions []*Decision) error {
	gone, errs := make([][]string, len(decisions)), make([]error, len(decisions))
	var stop atomic.Bool
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i, x := range decisions {
		g.Go(func() error {
			if errs[i] = errLater; stop.Load() {
				return nil
			}
			gone[i], errs[i] = d.attempt(ctx, x)
			if err := errs[i]; err != nil && !errors.Is(err, place.ErrNoNode) && !errors.Is(err, store.ErrNoRoom) {
				stop.Store(true)
			}
			return nil
		})
	}
	_ = g.Wait()
	var first error
	for i, x := range decisions {
		if err := d.settle(x, gone[i], errs[i]); err != nil && (first == nil || errors.Is(err, store.ErrFenced)) {
			first = err
		}
	}
	return first
}

// unsent is an error for which nothing was sent to the store.
type unsent struct{ error }

func (e unsent) Unwrap() error { return e.error }

// attempt tries to make a decision come true. It runs beside others of the same desk,
// and changes nothing but the decision.
func (d *desk) attempt(ctx context.Context, x *Decision) (gone []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	switch x.Kind {
	case Begin:
		if x.Match.Node == "" {
			n, err := d.placer.Place(ctx, d.now(), x.Match.Kind, x.Region, x.Players)
			if err != nil {
				return nil, unsent{err}
			}
			x.Match.Node, x.Match.URL = n.ID, n.URL
			if n.Region != "" {
				x.Match.Region = n.Region
			}
		}
	case Fill:
		if x.Match.ID == "" {
			m, err := d.queues.Match(ctx, d.q.items[x.Request].backfill.Room, "")
			if err != nil {
				return nil, unsent{err}
			}
			d.q.With(x, m)
		}
	}
	if !d.good() {
		return nil, errLate
	}
	switch x.Kind {
	case GiveUp:
		err = d.queues.GiveUp(ctx, d.lease, x.Tickets)
	case End:
		_, err = d.queues.EndBackfill(ctx, x.Request)
	default:
		gone, err = d.queues.Commit(ctx, d.lease, store.Outcome{Match: x.Match, Tickets: x.Tickets, Backfill: x.Request})
	}
	return gone, err
}

// settle draws the conclusions of an attempt.
func (d *desk) settle(x *Decision, gone []string, err error) error {
	var none unsent
	switch {
	case err == nil:
		d.q.Settle(x, gone)
		if len(gone) == 0 {
			d.tell(x)
		}
		return nil
	case errors.Is(err, errLater):
		d.q.Fail(x, d.now())
		return nil
	case errors.Is(err, place.ErrNoNode):
		d.q.Undo(x)
		d.metrics.NoNode(d.q.mode.Name, x.Region)
		d.noNode.Do(func() { d.log.Warn("matches wait for a node", "region", x.Region, "error", err) })
		return nil
	case x.Kind == Fill && errors.Is(err, store.ErrNoRoom):
		d.q.NoRoom(x, err)
		return nil
	case errors.As(err, &none), errors.Is(err, store.ErrExists):
		d.q.Undo(x) // it is not so, and is known not to be
	default:
		d.q.Fail(x, d.now())
	}
	return fmt.Errorf("queue: to %s: %w", x.Kind, err)
}

// tell counts and logs a decision that has come true.
func (d *desk) tell(x *Decision) {
	name := d.q.mode.Name
	switch x.Kind {
	case Begin:
		d.metrics.Match(name, x.Players, x.Match.Bots, x.Spread, x.Waits)
	case Fill:
		d.metrics.Fill(name, x.Players, x.Waits)
	case GiveUp:
		d.metrics.TimedOut(name, len(x.Tickets))
	}
	if x.Why != nil {
		d.log.Warn("what waits does not fit the mode, and was given up", "what", string(x.Kind), "error", x.Why)
	}
}
