package matchmaker

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"connectrpc.com/connect"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// Times of a watch.
const (
	// watchBase and watchMax bound the pause before a watch is begun again, a random
	// part of a time that doubles. What the service asks for comes on top.
	watchBase = 200 * time.Millisecond
	watchMax  = 10 * time.Second
	// watchSilence is after how long without a word a watch is begun again: the
	// connection may be dead and neither side has noticed.
	watchSilence = 45 * time.Second
	// cancelLimit is how long a cancellation may take after the context has ended.
	cancelLimit = 3 * time.Second
)

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
	limit, renewed := watchBase, false
	for {
		a, heard, err := t.watch(ctx, told)
		if err == nil {
			return a, nil
		}
		var failed *Error
		switch {
		case ctx.Err() != nil:
			t.giveUp(ctx)
			return nil, fmt.Errorf("matchmaker: waiting for a match: %w", context.Cause(ctx))
		case !errors.As(err, &failed):
			return nil, err // it has ended, or was answered with what is no use
		case failed.Code == connect.CodeUnauthenticated && !renewed:
			other, rerr := t.c.renew(ctx, t.c.Token())
			if rerr != nil || !other {
				return nil, errors.Join(err, rerr)
			}
			renewed = true
			continue
		case !goesOn(failed.Code):
			return nil, err
		}
		if heard {
			limit, renewed = watchBase, false
		}
		pause := failed.RetryAfter + rand.N(limit)
		limit = min(2*limit, watchMax)
		t.c.log.Info("the watch of a ticket is broken; watching again", "error", err, "in", pause)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// goesOn reports whether a watch that ended with a code is to be begun again: the ticket
// is still there, as far as is known.
func goesOn(code connect.Code) bool {
	switch code {
	case connect.CodeUnavailable, connect.CodeUnknown, connect.CodeInternal, connect.CodeAborted, connect.CodeCanceled,
		connect.CodeDeadlineExceeded, connect.CodeResourceExhausted, connect.CodeDataLoss:
		return true
	}
	return false
}

// watch hears of the ticket on one stream, and reports whether it heard anything.
func (t *Ticket) watch(ctx context.Context, told func(*tickroomv1.WatchResponse)) (a *Assignment, heard bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	silence := time.AfterFunc(watchSilence, cancel)
	defer silence.Stop()
	ctx, wait := withAsked(ctx)
	req := connect.NewRequest(&tickroomv1.WatchRequest{Ticket: t.id})
	authorize(req.Header(), t.c.Token())
	stream, err := t.c.api.Watch(ctx, req)
	if err != nil {
		return nil, false, t.broken(wait, err)
	}
	defer func() { _ = stream.Close() }()
	for stream.Receive() {
		silence.Reset(watchSilence)
		heard = true
		w := stream.Msg()
		if told != nil {
			told(w)
		}
		switch w.GetState() {
		case tickroomv1.TicketState_TICKET_STATE_MATCHED:
			a, err = t.c.assignment(w.GetAssignment(), false)
			return a, true, err
		case tickroomv1.TicketState_TICKET_STATE_CANCELLED, tickroomv1.TicketState_TICKET_STATE_TIMED_OUT:
			return nil, true, &EndedError{t.id, w.GetState()}
		}
	}
	return nil, heard, t.broken(wait, stream.Err())
}

// broken returns the error of a stream that has ended before the ticket did.
func (t *Ticket) broken(wait *asked, err error) error {
	if err == nil {
		return &Error{What: "watch a ticket", Code: connect.CodeUnavailable, Text: "the stream ended before the ticket did"}
	}
	return wrap(context.Background(), "watch a ticket", wait, err)
}

// giveUp cancels the ticket after the context has ended.
func (t *Ticket) giveUp(ctx context.Context) {
	short, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelLimit)
	defer cancel()
	if _, _, err := t.Cancel(short); err != nil {
		t.c.log.Warn("a ticket could not be cancelled", "error", err)
	}
}
