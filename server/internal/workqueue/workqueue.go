// Package workqueue has work done by goroutines of its own, for those who hand it in and
// must not wait: the rooms' loops. A queue is bounded. What happens when it is full is
// for the caller to say, and so each use does beside its size.
package workqueue

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Options of a Queue.
type Options[T any] struct {
	// Size is how many pieces of work may wait, besides those that are being done.
	Size int
	// Workers is how many are done at once. Default 1, which keeps their order.
	Workers int
	// Timeout bounds one attempt.
	Timeout time.Duration

	// Do does a piece of work. An error has it tried again if there is a Retry, and is of
	// no consequence otherwise.
	Do func(ctx context.Context, work T) error
	// Retry is the time between two attempts at a piece of work; its worker does nothing
	// else until one succeeds. 0: there is one attempt.
	Retry time.Duration
	// Failing is called with the first error of a piece of work that is tried again; nil:
	// nobody wants to know.
	Failing func(work T, err error)

	// Rest is called when Run ends, with each piece of work that has not been begun; its
	// ctx is not done, and each call is bounded by Timeout. An error ends it: the others are
	// forgotten. It is not called at all if the end comes while work is tried again, since
	// what is needed is away. nil: all are forgotten.
	Rest func(ctx context.Context, work T) error
}

// Queue is a bounded queue of work.
type Queue[T any] struct {
	o    Options[T]
	work chan T
}

// New returns a queue. Nothing is done before Run is called.
func New[T any](o Options[T]) *Queue[T] {
	o.Workers = max(1, o.Workers)
	return &Queue[T]{o: o, work: make(chan T, o.Size)}
}

// Add hands in a piece of work, and reports whether there was a place for it. It does not
// block.
func (q *Queue[T]) Add(work T) bool {
	select {
	case q.work <- work:
		return true
	default:
		return false
	}
}

// Len returns how many pieces of work wait.
func (q *Queue[T]) Len() int { return len(q.work) }

// Run does the work until ctx is done, and then what Options.Rest says. When it returns
// all its goroutines have ended. Work that is added later waits for another Run.
func (q *Queue[T]) Run(ctx context.Context) {
	var wg sync.WaitGroup
	var away atomic.Bool
	for range q.o.Workers {
		wg.Go(func() {
			if !q.serve(ctx) {
				away.Store(true)
			}
		})
	}
	wg.Wait()
	if !away.Load() {
		q.rest(context.WithoutCancel(ctx))
	}
}

// serve does work until ctx is done, and reports whether what is needed for it was there
// then.
func (q *Queue[T]) serve(ctx context.Context) bool {
	for {
		select {
		case w := <-q.work:
			if ctx.Err() != nil {
				return q.last(context.WithoutCancel(ctx), w)
			}
			if !q.insist(ctx, w) {
				return false
			}
		case <-ctx.Done():
			return true
		}
	}
}

// insist does a piece of work, in as many attempts as it takes. It reports false if ctx is
// done before one succeeds.
func (q *Queue[T]) insist(ctx context.Context, w T) bool {
	for attempt := 0; ; attempt++ {
		err := q.attempt(ctx, q.o.Do, w)
		if err == nil || q.o.Retry == 0 {
			return true
		}
		if attempt == 0 && q.o.Failing != nil && ctx.Err() == nil {
			q.o.Failing(w, err)
		}
		select {
		case <-time.After(q.o.Retry):
		case <-ctx.Done():
			return false
		}
	}
}

// rest says goodbye to what waits.
func (q *Queue[T]) rest(ctx context.Context) {
	for {
		select {
		case w := <-q.work:
			if !q.last(ctx, w) {
				return
			}
		default:
			return
		}
	}
}

// last calls Rest, and reports whether it is to be called on.
func (q *Queue[T]) last(ctx context.Context, w T) bool {
	return q.o.Rest == nil || q.attempt(ctx, q.o.Rest, w) == nil
}

func (q *Queue[T]) attempt(ctx context.Context, fn func(context.Context, T) error, w T) error {
	ctx, cancel := context.WithTimeout(ctx, q.o.Timeout)
	defer cancel()
	return fn(ctx, w)
}
