package world

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tickroom/tickroom/proto/schema"
)

// Errors of Async, and of what it runs.
var (
	// ErrBusy is what Async returns when too much work of the room is under way.
	ErrBusy = errors.New("too much work of the room is under way")
	// ErrLate is wrapped by the error with which done is called when the limit has passed.
	ErrLate = errors.New("the work took too long")
)

// Async has work done beside the room, which must not wait for it: a question to a database, a call
// of a service. The server calls work in a goroutine of its own, which must not touch the room, and
// done with what it returns between two ticks, in the order in which work ends. The context of work
// is done after limit seconds, and when the room ends; done is called with an error that wraps
// ErrLate as soon as the limit has passed, and not at all after the room's end. A panic of work is an
// error. Errors reach done as text: only ErrLate can be told by errors.Is.
//
// Async returns ErrBusy if as much work of the room is under way as the server allows; a game should
// say so to whoever waits for it, or try again in a later tick.
func Async[R any, PR interface {
	*R
	schema.Message
}](r *Room, limit float64, work func(ctx context.Context) (*R, error), done func(res *R, err error)) error {
	if len(r.running) >= r.maxAsync {
		return fmt.Errorf("%w: %d, the most that it may have", ErrBusy, len(r.running))
	}
	if !(limit > 0) {
		return fmt.Errorf("a limit of %g s: it must be positive", limit)
	}
	r.lastJob++
	if r.running == nil {
		r.running = map[uint64]func(o *Outcome) error{}
	}
	r.running[r.lastJob] = func(o *Outcome) error {
		if err := o.err(); err != nil {
			done(nil, err)
			return nil
		}
		res := new(R)
		if err := PR(res).UnmarshalProto(o.Data); err != nil {
			return fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		done(res, nil)
		return nil
	}
	r.jobs = append(r.jobs, Job{ID: r.lastJob, Limit: limit, Work: func(ctx context.Context) ([]byte, error) {
		res, err := work(ctx)
		if err != nil || res == nil {
			return nil, err
		}
		return PR(res).AppendProto(nil), nil
	}})
	return nil
}

// Job is work that a room wants to have done beside it.
type Job struct {
	ID    uint64
	Limit float64 // seconds
	Work  func(ctx context.Context) ([]byte, error)
}

// Outcome is what has become of a Job.
type Outcome struct {
	Job  uint64
	Data []byte // the encoded result
	Err  string // empty: none
	Late bool   // the limit has passed
}

func (o *Outcome) err() error {
	switch {
	case o.Late:
		return fmt.Errorf("%w: %s", ErrLate, o.Err)
	case o.Err != "":
		return errors.New(o.Err)
	}
	return nil
}

// TakeJobs returns the work that was handed to Async since the last call. It is for servers, which
// call it after each tick, and HandleOutcome for each Job once.
func (r *Room) TakeJobs() []Job {
	jobs := r.jobs
	r.jobs = nil
	return jobs
}

// HandleOutcome hands the outcome of a Job to the game. That of one that is not under way is passed
// over. It is for servers.
func (r *Room) HandleOutcome(o *Outcome) error {
	handle, ok := r.running[o.Job]
	if !ok {
		return nil
	}
	delete(r.running, o.Job)
	return handle(o)
}

// Running returns how much work of Async is under way.
func (r *Room) Running() int { return len(r.running) }

// Jobs returns the IDs of the work of Async that is under way, in the order in which it was begun. It is for
// servers.
func (r *Room) Jobs() []uint64 { return slices.Sorted(maps.Keys(r.running)) }
