// Package async does the work that games hand to world.Async, beside their rooms.
package async

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/tickroom/tickroom/world"
)

// Runner does the work of all rooms of a process. Its methods may be called from any goroutine.
type Runner struct {
	slots chan struct{} // one for each piece of work that may be done at once
	log   *slog.Logger
	all   sync.WaitGroup
}

// New returns a Runner that does so many pieces of work at once; others wait for a place, as many
// as the rooms may have under way.
func New(atOnce int, log *slog.Logger) *Runner {
	return &Runner{slots: make(chan struct{}, atOnce), log: log}
}

// Run has a job done in a goroutine, and calls done once with the outcome, by then or when its limit
// has passed. It is not done any more, nor is done called, once ctx has ended.
func (r *Runner) Run(ctx context.Context, room string, job *world.Job, done func(o world.Outcome)) {
	r.all.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, time.Duration(job.Limit*float64(time.Second)))
		defer cancel()
		outcome := make(chan world.Outcome, 1)
		select {
		case r.slots <- struct{}{}:
			r.all.Go(func() {
				defer func() { <-r.slots }()
				outcome <- r.work(ctx, room, job)
			})
		case <-ctx.Done():
		}
		select {
		case o := <-outcome:
			done(o)
		case <-ctx.Done():
			if context.Cause(ctx) == context.DeadlineExceeded {
				done(world.Outcome{Job: job.ID, Late: true, Err: fmt.Sprintf("it has %g s", job.Limit)})
			}
		}
	})
}

// work does a job. A panic of it is its error.
func (r *Runner) work(ctx context.Context, room string, job *world.Job) (o world.Outcome) {
	o.Job = job.ID
	defer func() {
		if p := recover(); p != nil {
			r.log.Error("work beside a room panicked", "room", room, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			o.Data, o.Err = nil, fmt.Sprintf("the work panicked: %v", p)
		}
	}()
	data, err := job.Work(ctx)
	if err != nil {
		o.Err = err.Error()
		if o.Err == "" {
			o.Err = "an error without a text"
		}
		return o
	}
	o.Data = data
	return o
}

// Wait waits until all work has ended, or ctx is done, whose error it returns.
func (r *Runner) Wait(ctx context.Context) error {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.all.Wait()
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
