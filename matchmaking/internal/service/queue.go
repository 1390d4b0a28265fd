package service

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
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
	if m, err := s.playing(ctx, &c); err != nil {
		return nil, err
	} else if m != nil && made(m, c.Player) {
		a, err := s.rejoin(ctx, &c, m)
		if err != nil {
			return nil, err
		}
		return connect.NewResponse(&tickroomv1.EnqueueResponse{Rejoin: a}), nil
	}
	if err := s.prepare(ctx, md, &t.Members[0]); err != nil {
		return nil, err
	}
	if err := s.admit(ctx, md, t); err != nil {
		return nil, err
	}
	if err := s.add(ctx, &c, t); err != nil {
		return nil, err
	}
	return connect.NewResponse(&tickroomv1.EnqueueResponse{Ticket: t.ID, GuestToken: c.GuestToken}), nil
}

// readTicket reads the ticket that a caller wants.
func (s *Service) readTicket(c *call, r *tickroomv1.EnqueueRequest) (*mode.Mode, *store.Ticket, error) {
	if !c.CanPlay {
		return nil, nil, denied("the caller may not play")
	}
	md, err := s.findMode(r.GetMode())
	if err != nil {
		return nil, nil, err
	}
	now := s.o.Now()
	t := &store.Ticket{ID: rand.Text(), Queue: md.Name, Query: r.GetQuery(), NoBackfill: r.GetNoBackfill(), Created: now}
	leader, err := readSelf(c, md, r.GetSelf())
	if err != nil {
		return nil, nil, err
	}
	if err := readParty(md, c.Player, r.GetParty()); err != nil {
		return nil, nil, err
	}
	t.Members = []store.Member{leader}
	for _, id := range r.GetParty() {
		t.Members = append(t.Members, store.Member{Player: id})
	}
	if len(t.Members) == 1 {
		t.Since = now
	}
	if t.Attributes, err = readAttributes(r.GetAttributes()); err != nil {
		return nil, nil, err
	}
	_, err = readQuery(t.Query)
	return md, t, err
}

// prepare adds what the service knows to what a player says of itself: its rating, and
// which of the regions that it names there are.
func (s *Service) prepare(ctx context.Context, md *mode.Mode, m *store.Member) error {
	if err := s.keepRegions(ctx, md, m); err != nil {
		return err
	}
	rated, err := s.ratings(ctx, md, []string{m.Player})
	if err != nil {
		return err
	}
	m.Mu, m.Sigma = rated[0].Mu, rated[0].Sigma
	return nil
}

// keepRegions leaves out regions that there are not: a match there would find no node,
// and a matcher knows a bounded number of them.
func (s *Service) keepRegions(ctx context.Context, md *mode.Mode, m *store.Member) error {
	if len(m.Latency) == 0 || len(md.Latency.Regions) > 0 {
		return nil // the mode says which there are
	}
	there, err := s.regionsNow(ctx)
	if err != nil {
		return err
	}
	if len(there) == 0 {
		m.Latency = nil // no node says where it is
		return nil
	}
	kept := maps.Clone(m.Latency)
	maps.DeleteFunc(kept, func(region string, _ time.Duration) bool { return !there[region] })
	if len(kept) == 0 {
		return precondition("no server is near enough: self.latency_ms names %s; there are servers in %s", names(m.Latency), names(there))
	}
	m.Latency = kept
	return nil
}

// admit tells whether a ticket can ever be matched, as far as its members that are
// ready are concerned.
func (s *Service) admit(ctx context.Context, md *mode.Mode, t *store.Ticket) error {
	known := *t
	known.Members = slices.Clone(t.Members)
	for i := range known.Members {
		if m := &known.Members[i]; !m.Ready {
			// As the leader, until it says otherwise; it accepts all roles.
			m.Mu, m.Sigma, m.Latency = t.Members[0].Mu, t.Members[0].Sigma, t.Members[0].Latency
		}
	}
	err := match.Check(*md, &known)
	if errors.Is(err, match.ErrTicket) {
		return invalid("the mode %s can never match this: %w", md.Name, err)
	}
	if err != nil {
		return s.internal(ctx, "admission", err)
	}
	return nil
}

// add adds a ticket.
func (s *Service) add(ctx context.Context, c *call, t *store.Ticket) error {
	_, err := ask(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, s.o.Tickets.Add(ctx, *t) })
	if err == nil {
		return nil
	}
	var queued *store.QueuedError
	if errors.As(err, &queued) {
		return alreadyQueued(c, queued)
	}
	// Nobody knows whether it is there. The client does not learn its id and could not
	// cancel it.
	bounded, cancel := bound(context.WithoutCancel(ctx))
	defer cancel()
	if _, err := s.o.Tickets.Cancel(bounded, t.ID, c.Player); err != nil && !errors.Is(err, store.ErrNoTicket) {
		s.o.Logger.WarnContext(ctx, "matchmaking: a ticket may wait that its player does not know of", "player", c.Player, "error", err)
	}
	return s.refuse(ctx, "add", err)
}

// alreadyQueued makes the error for a party of whom somebody waits. Only the caller
// is told its ticket, in a detail that is an EnqueueResponse: the ticket may be one
// that another player has put it into.
func alreadyQueued(c *call, q *store.QueuedError) error {
	if q.Player != c.Player {
		return connect.NewError(connect.CodeAlreadyExists, errors.New("player "+q.Player+" of the party waits already"))
	}
	err := connect.NewError(connect.CodeAlreadyExists, errors.New("the caller waits already; the ticket is in the details"))
	if d, e := connect.NewErrorDetail(&tickroomv1.EnqueueResponse{Ticket: q.Ticket}); e == nil {
		err.AddDetail(d)
	}
	return err
}

// ticket gives a ticket of the caller's.
func (s *Service) ticket(ctx context.Context, c *call, id string) (store.Status, error) {
	if err := checkID("ticket", id); err != nil {
		return store.Status{}, err
	}
	st, err := ask(ctx, func(ctx context.Context) (store.Status, error) { return s.o.Tickets.Ticket(ctx, id) })
	if errors.Is(err, store.ErrNoTicket) || err == nil && !st.Ticket.Has(c.Player) {
		return store.Status{}, noTicket()
	}
	if err != nil {
		return store.Status{}, s.refuse(ctx, "ticket", err)
	}
	return st, nil
}

// noTicket is for tickets that there are not, and for those of others: who guesses
// must not learn that there is one.
func noTicket() error {
	return notFound("the caller has no such ticket; ended ones are remembered for %d s", seconds(store.EndedKept))
}

// Ready says that the caller is ready.
func (s *Service) Ready(ctx context.Context, req *connect.Request[tickroomv1.ReadyRequest]) (*connect.Response[tickroomv1.ReadyResponse], error) {
	c := caller(ctx)
	if !c.CanPlay {
		return nil, denied("the caller may not play")
	}
	st, err := s.ticket(ctx, &c, req.Msg.GetTicket())
	if err != nil {
		return nil, err
	}
	if st.State.Ended() {
		return nil, ended(st.State)
	}
	md, err := s.findMode(st.Ticket.Queue)
	if err != nil {
		return nil, precondition("the mode %s of the ticket is not there any more", st.Ticket.Queue)
	}
	me, err := readSelf(&c, md, req.Msg.GetSelf())
	if err != nil {
		return nil, err
	}
	if m, err := s.playing(ctx, &c); err != nil {
		return nil, err
	} else if m != nil && made(m, c.Player) {
		return nil, precondition("the caller is in a match that runs, %s; it has to go back there or leave it first", m.ID)
	}
	if err := s.prepare(ctx, md, &me); err != nil {
		return nil, err
	}
	t := st.Ticket.WithReady(me, s.o.Now())
	if err := s.admit(ctx, md, &t); err != nil {
		return nil, err
	}
	var queued *store.QueuedError
	st, err = ask(ctx, func(ctx context.Context) (store.Status, error) {
		return s.o.Tickets.Ready(ctx, t.ID, me, s.o.Now())
	})
	switch {
	case errors.Is(err, store.ErrNoTicket):
		return nil, noTicket()
	case errors.Is(err, store.ErrEnded):
		return nil, precondition("the ticket has ended")
	case errors.As(err, &queued):
		return nil, alreadyQueued(&c, queued)
	case err != nil:
		return nil, s.refuse(ctx, "ready", err)
	}
	return connect.NewResponse(&tickroomv1.ReadyResponse{Missing: st.Ticket.Missing()}), nil
}

// ended makes the error for a ticket that has ended.
func ended(st store.State) error {
	return precondition("the ticket has ended: %s", stateWords[st])
}

var stateWords = map[store.State]string{
	store.Gathering: "members of the party are missing", store.Waiting: "it waits", store.Matched: "it has a match",
	store.Cancelled: "it was cancelled", store.TimedOut: "it was given up",
}

// Cancel ends a ticket.
func (s *Service) Cancel(ctx context.Context, req *connect.Request[tickroomv1.CancelRequest]) (*connect.Response[tickroomv1.CancelResponse], error) {
	c := caller(ctx)
	id := req.Msg.GetTicket()
	before, err := s.ticket(ctx, &c, id)
	if err != nil {
		return nil, err
	}
	if before.State.Ended() {
		return connect.NewResponse(&tickroomv1.CancelResponse{State: state(before.State)}), nil
	}
	st, err := ask(ctx, func(ctx context.Context) (store.Status, error) { return s.o.Tickets.Cancel(ctx, id, c.Player) })
	switch {
	case errors.Is(err, store.ErrNoTicket):
		return nil, noTicket()
	case err != nil:
		return nil, s.refuse(ctx, "cancel", err)
	}
	return connect.NewResponse(&tickroomv1.CancelResponse{Cancelled: st.State == store.Cancelled, State: state(st.State)}), nil
}

// state gives a state as clients are told it.
func state(s store.State) tickroomv1.TicketState {
	switch s {
	case store.Gathering:
		return tickroomv1.TicketState_TICKET_STATE_GATHERING
	case store.Waiting:
		return tickroomv1.TicketState_TICKET_STATE_WAITING
	case store.Matched:
		return tickroomv1.TicketState_TICKET_STATE_MATCHED
	case store.Cancelled:
		return tickroomv1.TicketState_TICKET_STATE_CANCELLED
	case store.TimedOut:
		return tickroomv1.TicketState_TICKET_STATE_TIMED_OUT
	}
	return tickroomv1.TicketState_TICKET_STATE_UNSPECIFIED
}
