// Package async does the work that games hand to world.Async, beside their rooms.
package async

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/tickroom/tickroom/world"
)

// Metrics is who counts the work. A metrics.Metrics is one.
type Metrics interface {
	// AsyncBegun counts work that is begun, AsyncReturned work that has returned.
	AsyncBegun()
	AsyncReturned()
	// AsyncEnded counts work whose outcome is known.
	AsyncEnded(how string, took time.Duration)
}

// Runner does the work of all rooms of a process. Its methods may be called from any goroutine.
type Runner struct {
	slots   chan struct{} // one for each piece of work that may be done at once
	metrics Metrics
	log     *slog.Logger
	all     sync.WaitGroup
}

// New returns a Runner that does so many pieces of work at once. Others wait for a place, within
// their limits; they are no more than the rooms may have under way.
func New(atOnce int, m Metrics, log *slog.Logger) *Runner {
	return &Runner{slots: make(chan struct{}, atOnce), metrics: m, log: log}
}

// Run has a job of a room done in a goroutine, and calls done once with the outcome: when that is
// known, or the job's limit has passed. life is the room's: when it has ended the job's context is
// done, and done is not called any more.
func (r *Runner) Run(life context.Context, room string, job *world.Job, done func(o world.Outcome)) {
	begun := time.Now()
	r.all.Go(func() {
		ctx, cancel := context.WithTimeout(life, time.Duration(job.Limit*float64(time.Second)))
		defer cancel()
		outcome := make(chan ended, 1)
		select {
		case r.slots <- struct{}{}:
			r.metrics.AsyncBegun()
			r.all.Go(func() {
				defer func() {
					<-r.slots
					r.metrics.AsyncReturned()
				}()
				outcome <- r.work(ctx, room, job)
			})
		case <-ctx.Done():
		}
		var how string
		select {
		case o := <-outcome:
			if how = o.how; ctx.Err() == nil || life.Err() == nil && o.Err == "" {
				done(o.Outcome)
				break
			}
			how = r.passed(life, job, done)
		case <-ctx.Done():
			how = r.passed(life, job, done)
		}
		r.metrics.AsyncEnded(how, time.Since(begun))
	})
}

// passed tells that a job's limit has passed, unless its room has ended.
func (r *Runner) passed(life context.Context, job *world.Job, done func(o world.Outcome)) (how string) {
	if life.Err() != nil {
		return "abandoned"
	}
	done(world.Outcome{Job: job.ID, Late: true, Err: fmt.Sprintf("it had %g s", job.Limit)})
	return "late"
}

// ended is an Outcome, and how it is counted.
type ended struct {
	world.Outcome
	how string
}

// work does a job. A panic of it is its error.
func (r *Runner) work(ctx context.Context, room string, job *world.Job) (e ended) {
	e = ended{world.Outcome{Job: job.ID}, "done"}
	defer func() {
		if p := recover(); p != nil {
			r.log.Error("work beside a room panicked", "room", room, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			e = ended{world.Outcome{Job: job.ID, Err: fmt.Sprintf("the work panicked: %v", p)}, "panicked"}
		}
	}()
	data, err := job.Work(ctx)
	switch {
	case err == nil:
		e.Data = data
	case err.Error() == "":
		e.Err, e.how = errNoText.Error(), "failed"
	default:
		e.Err, e.how = err.Error(), "failed"
	}
	return e
}

var errNoText = errors.New("an error without a text")

// Wait waits until all work has returned, or ctx is done, whose error it returns then.
func (r *Runner) Wait(ctx context.Context) error {
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		r.all.Wait()
	}()
	select {
	case <-returned:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("work beside rooms has not returned, though its context is done: %w", ctx.Err())
	}
}
