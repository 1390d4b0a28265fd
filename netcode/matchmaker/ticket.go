package matchmaker

import (
	"context"
	"errors"
	"fmt"
	"time"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// cancelLimit is how long a cancellation may take after the context has ended.
const cancelLimit = 3 * time.Second

// Ticket waits for a match.
type Ticket struct {
	c  *Client
	id string
	// back is set in the place of a ticket: a match that the player is in already.
	back *Assignment
}

// Ticket returns the ticket of a party that another player leads, whose id came from its
// leader. The caller has to call Ready before the party waits for a match.
func (c *Client) Ticket(id string) *Ticket { return &Ticket{c: c, id: id} }

// Enqueue begins to wait for a match, alone or as the leader of a party. A player who is
// in a match already has no ticket: Wait returns the way back to it at once. When the
// context ends meanwhile, what was enqueued is cancelled, which may take seconds.
func (c *Client) Enqueue(ctx context.Context, q *tickroomv1.EnqueueRequest) (*Ticket, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("matchmaker: enqueue: %w", context.Cause(ctx))
	}
	// A call that is broken off may have made a ticket, which nobody would cancel then.
	late, stop := linger(ctx, cancelLimit)
	defer stop()
	r, err := call(late, c, "enqueue", c.api.Enqueue, q)
	switch {
	case ctx.Err() != nil:
		if r.GetTicket() != "" {
			c.Ticket(r.GetTicket()).giveUp(ctx)
		}
		return nil, fmt.Errorf("matchmaker: enqueue: %w", context.Cause(ctx))
	case err != nil:
		return nil, err
	case r.GetRejoin() != nil:
		back, err := c.assignment(r.GetRejoin(), false)
		if err != nil {
			return nil, err
		}
		return &Ticket{c: c, back: back}, nil
	case r.GetTicket() == "":
		return nil, errors.New("matchmaker: enqueue: the server answered with no ticket")
	}
	return c.Ticket(r.GetTicket()), nil
}

// linger returns a context that ends so long after another one.
func linger(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-late.Done():
		}
	})
	return late, func() {
		stop()
		cancel()
	}
}

// FindMatch is Enqueue and Wait.
func (c *Client) FindMatch(ctx context.Context, q *tickroomv1.EnqueueRequest, told func(*tickroomv1.WatchResponse)) (*Assignment, error) {
	t, err := c.Enqueue(ctx, q)
	if err != nil {
		return nil, err
	}
	return t.Wait(ctx, told)
}

// ID returns the ticket's id, a secret of its players; empty for one that leads back to a
// match.
func (t *Ticket) ID() string { return t.id }

// Ready declares the caller, a member of the ticket's party, ready, and names the members
// who are not yet.
func (t *Ticket) Ready(ctx context.Context, self *tickroomv1.Member) (missing []string, err error) {
	r, err := call(ctx, t.c, "be ready", t.c.api.Ready, &tickroomv1.ReadyRequest{Ticket: t.id, Self: self})
	return r.GetMissing(), err
}

// Cancel ends the ticket. It reports whether the ticket was waiting still, and else how
// it had ended.
func (t *Ticket) Cancel(ctx context.Context) (bool, tickroomv1.TicketState, error) {
	if t.id == "" {
		return false, tickroomv1.TicketState_TICKET_STATE_MATCHED, nil
	}
	r, err := call(ctx, t.c, "cancel", t.c.api.Cancel, &tickroomv1.CancelRequest{Ticket: t.id})
	return r.GetCancelled(), r.GetState(), err
}

// Explain returns why the ticket has not matched yet, and what would change that.
func (t *Ticket) Explain(ctx context.Context) (*tickroomv1.ExplainResponse, error) {
	return t.c.Explain(ctx, t.id)
}

// Wait watches the ticket until it has ended and returns the assignment. told, which may
// be nil, is called with each state, also with one that it was told before. A lost
// connection, or a service that is away, is no error: the watch is begun again.
//
// When the context ends the ticket is cancelled, for a party's other members too; an
// assignment that comes at that moment is lost to the caller, who finds back to the match
// by a new Enqueue or QuickJoin. The error is the context's, an *EndedError, or an *Error
// if the service refuses to tell.
func (t *Ticket) Wait(ctx context.Context, told func(*tickroomv1.WatchResponse)) (*Assignment, error) {
	if t.back != nil {
		return t.back, nil
	}
	var a *Assignment
	err := t.c.watching(ctx, "a ticket", func(ctx context.Context) (heard bool, err error) {
		a, heard, err = t.watch(ctx, told)
		return heard, err
	})
	if err != nil && ctx.Err() != nil {
		t.giveUp(ctx)
		return nil, fmt.Errorf("matchmaker: waiting for a match: %w", context.Cause(ctx))
	}
	return a, err
}

// watch hears of the ticket on one stream, and reports whether it heard anything.
func (t *Ticket) watch(ctx context.Context, told func(*tickroomv1.WatchResponse)) (a *Assignment, heard bool, err error) {
	heard, err = hear(ctx, t.c, "watch a ticket", t.c.api.Watch, &tickroomv1.WatchRequest{Ticket: t.id}, func(w *tickroomv1.WatchResponse) (bool, error) {
		if told != nil {
			told(w)
		}
		switch w.GetState() {
		case tickroomv1.TicketState_TICKET_STATE_MATCHED:
			var err error
			a, err = t.c.assignment(w.GetAssignment(), false)
			return false, err
		case tickroomv1.TicketState_TICKET_STATE_CANCELLED, tickroomv1.TicketState_TICKET_STATE_TIMED_OUT:
			return false, &EndedError{t.id, w.GetState()}
		}
		return true, nil
	})
	return a, heard, err
}

// giveUp cancels the ticket after the context has ended.
func (t *Ticket) giveUp(ctx context.Context) {
	short, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelLimit)
	defer cancel()
	if _, _, err := t.Cancel(short); err != nil {
		t.c.log.Warn("a ticket could not be cancelled", "error", err)
	}
}
