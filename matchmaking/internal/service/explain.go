package service

import (
	"context"
	"errors"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tickroom/tickroom/matchmaking/internal/match"
	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// Explain explains why a ticket waits.
func (s *Service) Explain(ctx context.Context, req *connect.Request[tickroomv1.ExplainRequest]) (*connect.Response[tickroomv1.ExplainResponse], error) {
	c := caller(ctx)
	if s.o.Explainer == nil {
		return nil, failed(connect.CodeUnimplemented, "this server can't explain tickets")
	}
	id := req.Msg.GetTicket()
	if !c.CanExplain {
		st, err := s.ticket(ctx, &c, id)
		if err != nil {
			return nil, err
		}
		switch {
		case st.State.Ended():
			return nil, ended(st.State)
		case st.State == store.Gathering:
			return nil, failed(connect.CodeFailedPrecondition, "the party does not wait yet: %d of its members are not ready", len(st.Ticket.Missing()))
		}
	}
	var q request
	if q.id("ticket", id); q.err != nil {
		return nil, q.err
	}
	x, err := ask(ctx, func(ctx context.Context) (match.Explanation, error) { return s.o.Explainer.Explain(ctx, id) })
	switch {
	case errors.Is(err, store.ErrNoTicket):
		return nil, failed(connect.CodeNotFound, "there is no ticket %s", id)
	case errors.Is(err, match.ErrTicket):
		return nil, failed(connect.CodeFailedPrecondition, "the ticket is about to be given up: %w", err)
	}
	return connect.NewResponse(explained(&x)), err
}

// explained returns an explanation as clients are told it.
func explained(x *match.Explanation) *tickroomv1.ExplainResponse {
	out := &tickroomv1.ExplainResponse{
		Text: x.String(), Mode: x.Mode, Waited: durationpb.New(x.Wait),
		Needed: uint32(x.Players), Others: uint32(x.Waiting), Could: uint32(x.Suitable),
	}
	for _, r := range match.Rules {
		if n := x.Excluded[r]; n > 0 {
			out.Obstacles = append(out.Obstacles, &tickroomv1.Obstacle{Reason: string(r), Players: uint32(n), Alone: uint32(x.Only[r])})
		}
	}
	switch {
	case x.Own+x.Suitable >= x.Players:
		out.EnoughIn = durationpb.New(0)
	case x.Enough != nil && (x.GivesUp == nil || x.Enough.In < *x.GivesUp):
		out.EnoughIn = durationpb.New(x.Enough.In)
	}
	if x.GivesUp != nil {
		out.GivenUpIn = durationpb.New(*x.GivesUp)
	}
	return out
}
