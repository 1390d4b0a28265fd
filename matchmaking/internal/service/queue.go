package service

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/matchmaking/internal/match"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// Enqueue begins to wait for a match.
func (s *Service) Enqueue(ctx context.Context, req *connect.Request[tickroomv1.EnqueueRequest]) (*connect.Response[tickroomv1.EnqueueResponse], error) {
	c := caller(ctx)
	md, t, err := s.readTicket(&c, req.Msg)
	if err != nil {
		return nil, err
	}
	m, err := s.playing(ctx, &c)
	if isIn(m, c.Player) {
		a, err := s.rejoin(ctx, &c, m)
		return connect.NewResponse(&tickroomv1.EnqueueResponse{Rejoin: a, PlayerId: c.Player}), err
	}
	if err == nil {
		err = s.prepare(ctx, md, &t.Members[0])
	}
	if err == nil {
		err = s.fits(ctx, md, t)
	}
	if err == nil {
		err = s.add(ctx, &c, t)
	}
	return connect.NewResponse(&tickroomv1.EnqueueResponse{Ticket: t.ID, GuestToken: c.GuestToken, GuestExpires: c.guestExpires(), PlayerId: c.Player}), err
}

// readTicket reads the ticket that a caller wants.
func (s *Service) readTicket(c *call, r *tickroomv1.EnqueueRequest) (*mode.Mode, *store.Ticket, error) {
	var q request
	md := q.mode(s.modes, r.GetMode())
	if md == nil {
		return nil, nil, q.err
	}
	now := time.Now()
	t := &store.Ticket{ID: rand.Text(), Queue: md.Name, Query: r.GetQuery(), NoBackfill: r.GetNoBackfill(), Created: now}
	t.Members = append(t.Members, q.self(c, md, r.GetSelf()))
	t.Members = append(t.Members, q.party(md, c.Player, r.GetParty())...)
	if len(t.Members) == 1 {
		t.Since = now
	}
	t.Attributes = q.attributes(r.GetAttributes())
	q.query(t.Query)
	return md, t, q.err
}

// prepare adds what the service knows to what a player says of itself: its rating, and
// which of the regions that it names there are.
func (s *Service) prepare(ctx context.Context, md *mode.Mode, m *store.Member) error {
	if len(md.Latency.Regions) == 0 { // else the mode has those that there are
		near, err := s.inReach(ctx, m.Latency, func(string, time.Duration) bool { return true })
		if err != nil {
			return err
		}
		// A match elsewhere would find no node, and a matcher knows a bounded number of regions.
		m.Latency = near
	}
	rated, err := s.ratings(ctx, md, []string{m.Player})
	if err != nil {
		return err
	}
	r := known(md, rated[0])
	m.Mu, m.Sigma = r.Mu, r.Sigma
	return nil
}

// fits reports, as an error, that a ticket can never be matched, as far as its members
// that are ready are concerned.
func (s *Service) fits(ctx context.Context, md *mode.Mode, t *store.Ticket) error {
	known := *t
	known.Members = slices.Clone(t.Members)
	for i := range known.Members {
		if o := &known.Members[i]; !o.Ready {
			// As the leader, until it says otherwise; it accepts all roles.
			o.Mu, o.Sigma, o.Latency = t.Members[0].Mu, t.Members[0].Sigma, t.Members[0].Latency
		}
	}
	err := match.Check(*md, &known)
	switch {
	case errors.Is(err, match.ErrTicket):
		return failed(connect.CodeInvalidArgument, "the mode %s can never match this: %w", md.Name, err)
	case err != nil:
		return s.internal(ctx, "admission", err)
	}
	return nil
}

// add adds a ticket.
func (s *Service) add(ctx context.Context, c *call, t *store.Ticket) error {
	err := do(ctx, func(ctx context.Context) error { return s.o.Tickets.Add(ctx, *t) })
	if queued := (*store.QueuedError)(nil); err == nil || errors.As(err, &queued) {
		return err
	}
	// Nobody knows whether it is there. The client does not learn its id and could not
	// cancel it.
	if _, e := s.cancel(context.WithoutCancel(ctx), c, t.ID); e != nil && !errors.Is(e, store.ErrNoTicket) {
		s.o.Logger.WarnContext(ctx, "matchmaking: a ticket may wait that its player does not know of", "player", c.Player, "error", e)
	}
	return err
}

// ticket returns a ticket of the caller's.
func (s *Service) ticket(ctx context.Context, c *call, id string) (store.Status, error) {
	var q request
	if q.id("ticket", id); q.err != nil {
		return store.Status{}, q.err
	}
	st, err := ask(ctx, func(ctx context.Context) (store.Status, error) { return s.o.Tickets.Ticket(ctx, id) })
	if err == nil && !st.Ticket.Has(c.Player) {
		err = store.ErrNoTicket
	}
	return st, err
}

// Ready makes the caller ready.
func (s *Service) Ready(ctx context.Context, req *connect.Request[tickroomv1.ReadyRequest]) (*connect.Response[tickroomv1.ReadyResponse], error) {
	c := caller(ctx)
	st, err := s.ticket(ctx, &c, req.Msg.GetTicket())
	if err != nil {
		return nil, err
	}
	if st.State.Ended() {
		return nil, ended(st.State)
	}
	md := s.modes[st.Ticket.Queue]
	if md == nil {
		return nil, failed(connect.CodeFailedPrecondition, "the mode %s of the ticket is not there any more", st.Ticket.Queue)
	}
	var q request
	me := q.self(&c, md, req.Msg.GetSelf())
	if q.err != nil {
		return nil, q.err
	}
	m, err := s.playing(ctx, &c)
	if isIn(m, c.Player) {
		return nil, failed(connect.CodeFailedPrecondition, "the caller is in a match that runs, %s; it has to go back there or leave it first", m.ID)
	}
	if err == nil {
		err = s.prepare(ctx, md, &me)
	}
	if err != nil {
		return nil, err
	}
	t := st.Ticket.WithReady(me, time.Now())
	if err := s.fits(ctx, md, &t); err != nil {
		return nil, err
	}
	st, err = ask(ctx, func(ctx context.Context) (store.Status, error) {
		return s.o.Tickets.Ready(ctx, t.ID, me, time.Now())
	})
	return connect.NewResponse(&tickroomv1.ReadyResponse{Missing: st.Ticket.Missing()}), err
}

// Cancel ends a ticket.
func (s *Service) Cancel(ctx context.Context, req *connect.Request[tickroomv1.CancelRequest]) (*connect.Response[tickroomv1.CancelResponse], error) {
	c := caller(ctx)
	id := req.Msg.GetTicket()
	st, err := s.ticket(ctx, &c, id)
	if err != nil {
		return nil, err
	}
	before := st.State.Ended()
	if !before {
		st, err = s.cancel(ctx, &c, id)
	}
	return connect.NewResponse(&tickroomv1.CancelResponse{Cancelled: !before && st.State == store.Cancelled, State: states[st.State].told}), err
}

func (s *Service) cancel(ctx context.Context, c *call, id string) (store.Status, error) {
	return ask(ctx, func(ctx context.Context) (store.Status, error) { return s.o.Tickets.Cancel(ctx, id, c.Player) })
}

// states are the states of tickets as clients are told them.
var states = [...]struct {
	told  tickroomv1.TicketState
	words string
}{
	store.Gathering: {tickroomv1.TicketState_TICKET_STATE_GATHERING, "members of the party are missing"},
	store.Waiting:   {tickroomv1.TicketState_TICKET_STATE_WAITING, "it waits"},
	store.Matched:   {tickroomv1.TicketState_TICKET_STATE_MATCHED, "it has a match"},
	store.Cancelled: {tickroomv1.TicketState_TICKET_STATE_CANCELLED, "it was cancelled"},
	store.TimedOut:  {tickroomv1.TicketState_TICKET_STATE_TIMED_OUT, "it was given up"},
}

// ended makes the error for a ticket that has ended.
func ended(st store.State) error {
	return failed(connect.CodeFailedPrecondition, "the ticket has ended: %s", states[st].words)
}
