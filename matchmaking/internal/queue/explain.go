package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tickroom/tickroom/matchmaking/internal/match"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
)

const (
	// pictureKept is how long what waits in a queue is explained from one reading of it.
	pictureKept = time.Second
	// pictureForgotten is how long its memory is held for the next one who asks.
	pictureForgotten = 10 * time.Second
	// pictureMost is about how many tickets are read. Where more wait, an explanation
	// speaks of these, which are enough to see what is wrong.
	pictureMost = 20_000
	// picturePages is how often more is asked for, as long as more comes.
	picturePages = 100
)

// ErrGathering is the error of a ticket that does not wait yet, since not all of its
// members are ready; the ticket's Missing returns who is not.
var ErrGathering = errors.New("queue: the ticket does not wait yet: members are not ready")

// Explainer explains why tickets have not matched yet. Any server can ask, also one that
// does not have the queue. It may be used from many goroutines at once.
//
// It reads what waits in a queue from the store, at most once a second for each mode and
// by one caller at a time, while the others wait for it. So it costs the store little,
// however often it is asked.
type Explainer struct {
	tickets  store.Tickets
	queues   store.Queues
	now      func() time.Time
	pictures map[string]*picture // by mode
}

// picture is what waits for a mode, as it was read at a time.
type picture struct {
	mode   mode.Mode
	lock   chan struct{} // held by whoever has a value in it
	q      *Queue
	at     time.Time
	forget *time.Timer // drops q, unless somebody is at it
}

// drop lets go of what was read, if nobody asks just now.
func (p *picture) drop() {
	select {
	case p.lock <- struct{}{}:
		p.q = nil
		<-p.lock
	default: // who is at it sets the timer anew
	}
}

// NewExplainer returns an explainer of the tickets that wait for modes.
func NewExplainer(t store.Tickets, q store.Queues, modes []mode.Mode) *Explainer {
	e := &Explainer{tickets: t, queues: q, now: time.Now, pictures: map[string]*picture{}}
	for _, md := range modes {
		p := &picture{mode: md, lock: make(chan struct{}, 1)}
		p.forget = time.AfterFunc(pictureForgotten, p.drop)
		p.forget.Stop()
		e.pictures[md.Name] = p
	}
	return e
}

// Explain explains why a ticket has not matched yet, and what would end that; see
// match.Explanation, whose String is for people. Who may ask is for the caller to decide: a
// ticket's id is a secret of its players, and the explanation counts the others but names
// nobody.
//
// The error is store.ErrNoTicket if there is no such ticket or not its mode,
// store.ErrEnded if it waits no more, ErrGathering if it does not wait yet, and wraps
// match.ErrTicket if it can never match, in which case it is about to be given up. Other
// errors are those of the store, or of ctx's end.
func (e *Explainer) Explain(ctx context.Context, id string) (match.Explanation, error) {
	var none match.Explanation
	st, err := e.tickets.Ticket(ctx, id)
	if err != nil {
		return none, err
	}
	p := e.pictures[st.Ticket.Queue]
	switch {
	case p == nil:
		return none, fmt.Errorf("%w: this server has no mode %s", store.ErrNoTicket, st.Ticket.Queue)
	case st.State.Ended():
		return none, store.ErrEnded
	case st.State != store.Waiting:
		return none, ErrGathering
	}
	if err := match.Check(p.mode, &st.Ticket); err != nil {
		return none, err
	}
	select {
	case p.lock <- struct{}{}:
		defer func() {
			<-p.lock
			p.forget.Reset(pictureForgotten)
		}()
	case <-ctx.Done():
		return none, fmt.Errorf("queue: to explain a ticket: %w", context.Cause(ctx))
	}
	now := e.now()
	if age := now.Sub(p.at); p.q == nil || age >= pictureKept || age < 0 {
		q, err := e.read(ctx, p.mode)
		if err != nil {
			return none, err
		}
		p.q, p.at = q, now
	}
	p.q.Apply(&store.Changes{Tickets: []store.Ticket{st.Ticket}}) // if it came later
	x, ok, err := p.q.m.Explain(ctx, id, now)
	if err == nil && !ok {
		err = store.ErrNoTicket
	}
	return x, err
}

// read reads what waits for a mode.
func (e *Explainer) read(ctx context.Context, md mode.Mode) (*Queue, error) {
	q, err := New(md, 0)
	if err != nil {
		return nil, err
	}
	var c store.Changes
	for range picturePages {
		call, cancel := context.WithTimeout(ctx, callLimit)
		c, err = e.queues.Changes(call, md.Name, c.Next)
		cancel()
		if err != nil {
			return nil, fmt.Errorf("queue: what waits for %s: %w", md.Name, err)
		}
		q.Apply(&c)
		if !c.More || q.tickets >= pictureMost {
			break
		}
	}
	return q, nil
}
