package queue

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/tickroom/tickroom/matchmaking/internal/place"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// Defaults of a Config.
const (
	DefaultInterval = 500 * time.Millisecond
	DefaultTTL      = 5 * time.Second
)

// Config is what a Runner runs, and how.
type Config struct {
	Queues  store.Queues
	Placer  *place.Placer
	Metrics Metrics
	// Modes are those whose queues it competes for.
	Modes []mode.Mode
	// Owner is the name under which it has leases. Nobody else may have it, not even the
	// same server after a restart. Empty: one that nobody has.
	Owner string
	// Interval is the time between passes; see Queue.Due. 0: DefaultInterval.
	Interval time.Duration
	// TTL is how long a queue stays with a runner that has died. 0: DefaultTTL.
	TTL time.Duration
	// Log may be nil.
	Log *slog.Logger
}

// Runner runs the queues that it has the leases of.
type Runner struct {
	cfg    Config
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup
}

// errStopped is why everything ends when the Runner is stopped.
var errStopped = errors.New("queue: the runner is stopped")

// Start begins to compete for the queues.
func Start(cfg Config) (*Runner, error) {
	cfg.Owner = cmp.Or(cfg.Owner, rand.Text())
	cfg.Interval, cfg.TTL = cmp.Or(cfg.Interval, DefaultInterval), cmp.Or(cfg.TTL, DefaultTTL)
	cfg.Log = cmp.Or(cfg.Log, slog.New(slog.DiscardHandler))
	for _, md := range cfg.Modes {
		if _, err := New(md, cfg.Interval); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	r := &Runner{cfg: cfg, cancel: cancel}
	for _, md := range cfg.Modes {
		r.wg.Go(func() { r.compete(ctx, md) })
	}
	return r, nil
}

// Stop ends what is under way, gives the leases back and waits until that is done,
// which takes seconds at most. It may be called more than once.
func (r *Runner) Stop() {
	r.cancel(errStopped)
	r.wg.Wait()
}

// compete tries to get the lease of a queue, again and again, and runs the queue while
// it has it.
func (r *Runner) compete(ctx context.Context, md mode.Mode) {
	warn := rate.Sometimes{Interval: complainEvery}
	for ctx.Err() == nil {
		var t tenure
		err := r.take(ctx, md.Name, &t, time.Now().Add(min(callLimit, r.cfg.TTL/2)))
		if err == nil {
			r.run(ctx, md, &t)
			continue
		}
		if !errors.Is(err, store.ErrHeld) && ctx.Err() == nil {
			r.cfg.Metrics.Error(md.Name)
			warn.Do(func() {
				r.cfg.Log.Warn("a queue's lease can't be had; it is tried again", "mode", md.Name, "error", err)
			})
		}
		// Not in step with those who wait for it too.
		sleep(ctx, r.cfg.TTL/10+time.Duration(mathrand.Int64N(int64(r.cfg.TTL/10)+1)))
	}
}

// sleep waits, unless the context ends.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// tenure is the time for which a lease is held.
type tenure struct {
	store.Lease
	// until is when to stop unless the lease is renewed, as Unix nanoseconds of this
	// machine's clock: a fifth before it ends, counted from before it was asked for.
	until atomic.Int64
}

func (t *tenure) end() time.Time { return time.Unix(0, t.until.Load()) }
func (t *tenure) good() bool     { return time.Now().Before(t.end()) }

// take takes or renews the lease of a queue, and notes until when it is good.
func (r *Runner) take(ctx context.Context, queue string, t *tenure, limit time.Time) error {
	asked := time.Now()
	ctx, cancel := context.WithDeadline(ctx, limit)
	defer cancel()
	l, err := r.cfg.Queues.Lease(ctx, queue, r.cfg.Owner, r.cfg.TTL)
	if err != nil {
		return err
	}
	if t.Token == 0 {
		t.Lease = l
	} else if l.Token != t.Token {
		return fmt.Errorf("queue: the store gave a new lease (%d) for a good one (%d): %w", l.Token, t.Token, errLate)
	}
	t.until.Store(asked.Add(r.cfg.TTL - r.cfg.TTL/5).UnixNano())
	return nil
}

// run works at a queue until its lease is over.
func (r *Runner) run(ctx context.Context, md mode.Mode, t *tenure) {
	log := r.cfg.Log.With("mode", md.Name, "token", t.Token)
	q, err := New(md, r.cfg.Interval)
	if err != nil {
		panic("queue: a mode that was good is not any more: " + err.Error())
	}
	held, end := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { end(r.renew(held, t)) })
	r.cfg.Metrics.Held(md.Name, true)
	log.Info("the queue is held here now")

	d := &desk{
		q: q, queues: r.cfg.Queues, placer: r.cfg.Placer, metrics: r.cfg.Metrics, log: log,
		now: time.Now, lease: t.Lease, good: t.good,
		trouble: rate.Sometimes{Interval: complainEvery}, noNode: rate.Sometimes{Interval: complainEvery},
	}
	for err = nil; err == nil; {
		var wait time.Duration
		if wait, err = d.turn(held); err == nil {
			sleep(held, wait)
			err = context.Cause(held)
		}
	}
	end(err)
	wg.Wait()
	r.cfg.Metrics.Held(md.Name, false)
	r.cfg.Metrics.Waiting(md.Name, 0, 0)
	if errors.Is(err, errStopped) {
		log.Info("the queue is given back")
	} else {
		log.Warn("the queue is lost", "error", err)
	}
	if errors.Is(err, store.ErrFenced) || errors.Is(err, store.ErrHeld) {
		return
	}
	// Nobody has to wait for the end of a lease that nobody uses.
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := r.cfg.Queues.Release(back, t.Lease); err != nil {
		log.Warn("the lease could not be given back; it ends by itself", "error", err)
	}
}

// renew renews a lease, three times in its length, until that fails for too long or the
// context ends, and returns the reason.
func (r *Runner) renew(ctx context.Context, t *tenure) error {
	wait := r.cfg.TTL / 3
	for {
		sleep(ctx, min(wait, time.Until(t.end())))
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !t.good() {
			return errLate
		}
		switch err := r.take(ctx, t.Queue, t, t.end()); {
		case err == nil:
			wait = r.cfg.TTL / 3
		case errors.Is(err, store.ErrHeld), errors.Is(err, errLate):
			return err
		default:
			wait = r.cfg.TTL / 20 // it may answer yet, before it is too late
		}
	}
}
