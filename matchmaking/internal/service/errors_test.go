package service_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/matchmaking/internal/match"
	"github.com/tickroom/tickroom/matchmaking/internal/memory"
	"github.com/tickroom/tickroom/matchmaking/internal/service"
	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/gen/tickroom/v1/tickroomv1connect"
)

var errRedis = errors.New("dial tcp 10.0.0.7:6379: connection refused")

// attempt is a call of the service.
type attempt struct {
	name string
	do   func(context.Context, tickroomv1connect.MatchmakingServiceClient) error
}

func unary[Req, Res any](name string, fn func(tickroomv1connect.MatchmakingServiceClient, context.Context, *connect.Request[Req]) (*connect.Response[Res], error), req *Req) attempt {
	return attempt{name, func(ctx context.Context, c tickroomv1connect.MatchmakingServiceClient) error {
		_, err := fn(c, ctx, connect.NewRequest(req))
		return err
	}}
}

// attempts are all calls, about a ticket that is not ready and a room with a match.
func attempts(ticket, room string) []attempt {
	type C = tickroomv1connect.MatchmakingServiceClient
	return []attempt{
		unary("QuickJoin", C.QuickJoin, &tickroomv1.QuickJoinRequest{Kind: "arena"}),
		unary("QuickJoin with a query", C.QuickJoin, &tickroomv1.QuickJoinRequest{Kind: "arena", Query: "players > 0"}),
		unary("Enqueue", C.Enqueue, &tickroomv1.EnqueueRequest{Mode: "brawl"}),
		unary("Ready", C.Ready, &tickroomv1.ReadyRequest{Ticket: ticket}),
		{"Watch", func(ctx context.Context, c C) error {
			s, err := c.Watch(ctx, connect.NewRequest(&tickroomv1.WatchRequest{Ticket: ticket}))
			if err != nil {
				return err
			}
			defer s.Close()
			for s.Receive() {
			}
			return s.Err()
		}},
		unary("Cancel", C.Cancel, &tickroomv1.CancelRequest{Ticket: ticket}),
		unary("Explain", C.Explain, &tickroomv1.ExplainRequest{Ticket: ticket}),
		unary("CreateRoom", C.CreateRoom, &tickroomv1.CreateRoomRequest{Kind: "arena"}),
		unary("JoinRoom", C.JoinRoom, &tickroomv1.JoinRoomRequest{Code: "ABCDEF"}),
		unary("ListRooms", C.ListRooms, &tickroomv1.ListRoomsRequest{}),
		unary("Spectate", C.Spectate, &tickroomv1.SpectateRequest{Room: "somewhere"}),
		unary("ReportResult", C.ReportResult, &tickroomv1.ReportResultRequest{Room: room, Teams: []*tickroomv1.TeamResult{team(1, played("x")), team(2, played("y"))}}),
		unary("GetRating", C.GetRating, &tickroomv1.GetRatingRequest{Mode: "duel"}),
	}
}

// prepared makes what attempts are about. The caller is to be admin, of whom the ticket
// is, too.
func prepared(t *testing.T, change ...func(*service.Options)) (*harness, []attempt) {
	t.Helper()
	var h *harness
	h = start(t, append(change, func(o *service.Options) { o.Explainer = lazy{&h} })...)
	id := call(t, h.as("bob").Enqueue, &tickroomv1.EnqueueRequest{Mode: "pairs", Party: []string{"admin"}}).GetTicket()
	h.keep("m", "duel", []string{"x"}, []string{"y"})
	return h, attempts(id, "m")
}

type lazy struct{ h **harness }

func (l lazy) Explain(ctx context.Context, id string) (match.Explanation, error) {
	return explainer{*l.h}.Explain(ctx, id)
}

// TestStoresFail sees that every call sends the client away for a while when the stores
// are away, in every protocol, without telling why.
func TestStoresFail(t *testing.T) {
	t.Parallel()
	for _, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			h, all := prepared(t)
			h.stores.fail(errRedis, "", false)
			for _, a := range all {
				err := a.do(t.Context(), h.as("admin", p))
				e := refused(t, err, connect.CodeUnavailable, "not available")
				if got := e.Meta().Get("Retry-After"); got != "2" {
					t.Errorf("%s: Retry-After is %q", a.name, got)
				}
				if strings.Contains(e.Message(), "10.0.0.7") {
					t.Errorf("%s tells %q", a.name, e.Message())
				}
			}
			if !strings.Contains(h.log.String(), "10.0.0.7") {
				t.Error("it is not logged")
			}
		})
	}
}

// TestOneCallFails has each call of the stores fail alone.
func TestOneCallFails(t *testing.T) {
	t.Parallel()
	for name, calls := range map[string][]string{
		"Nodes":   {"QuickJoin with a query"},
		"Playing": {"QuickJoin", "Enqueue", "Ready"},
		"Reserve": {"QuickJoin"},
		"Rooms":   {"QuickJoin with a query", "ListRooms", "Spectate"},
		"Keep":    {"QuickJoin", "CreateRoom"},
		"List":    {"QuickJoin"},
		"Touch":   {"QuickJoin"},
		"Ratings": {"Enqueue", "Ready", "GetRating"},
		"Ready":   {"Ready"},
		"Ticket":  {"Ready", "Watch", "Cancel"},
		"Watch":   {"Watch"},
		"Cancel":  {"Cancel"},
		"Match":   {"JoinRoom", "Spectate", "ReportResult"},
		"Rate":    {"ReportResult"},
		"Explain": {"Explain"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, all := prepared(t)
			if name == "Touch" {
				h.lists(store.Listing{ID: "there"}) // a new room's match is new as well
			}
			h.stores.fail(errRedis, name, false)
			for _, a := range all {
				if slices.Contains(calls, a.name) {
					_ = refused(t, a.do(t.Context(), h.as("admin")), connect.CodeUnavailable)
				}
			}
		})
	}
	t.Run("Add", func(t *testing.T) {
		t.Parallel()
		h := start(t)
		h.stores.fail(errRedis, "Add", false)
		_ = fails(t, h.as("ann").Enqueue, &tickroomv1.EnqueueRequest{Mode: "duel"}, connect.CodeUnavailable)
		h.stores.fail(nil, "", false)
		call(t, h.as("ann").Enqueue, &tickroomv1.EnqueueRequest{Mode: "duel"})
	})
}

// TestUnknownOutcome sees that a ticket whose adding was not answered is taken out
// again, since its player would never learn of it.
func TestUnknownOutcome(t *testing.T) {
	t.Parallel()
	var o *memory.Tickets
	h := start(t, func(opts *service.Options) {
		o = memory.NewTickets(time.Now)
		opts.Tickets = forgetful{o}
	})
	_ = fails(t, h.as("ann").Enqueue, &tickroomv1.EnqueueRequest{Mode: "duel"}, connect.CodeUnavailable)
	if id, err := o.Of(t.Context(), "ann"); !errors.Is(err, store.ErrNoTicket) {
		t.Errorf("ann has the ticket %q, %v", id, err)
	}
}

// forgetful adds tickets and returns an error nevertheless.
type forgetful struct{ *memory.Tickets }

func (f forgetful) Add(ctx context.Context, t store.Ticket) error {
	return errors.Join(f.Tickets.Add(ctx, t), errRedis)
}

// TestWhoCalls sees who is let in, by every call.
func TestWhoCalls(t *testing.T) {
	t.Parallel()
	h, all := prepared(t)
	for _, a := range all {
		e := refused(t, a.do(t.Context(), h.as("expired")), connect.CodeUnauthenticated, "the token has expired")
		if strings.Contains(e.Error(), "secret") {
			t.Error(e)
		}
		e = refused(t, a.do(t.Context(), h.as("broken")), connect.CodeUnavailable)
		if strings.Contains(e.Error(), "secret") {
			t.Errorf("%s tells %q", a.name, e)
		}
		// A new guest can do what needs no past.
		err := a.do(t.Context(), h.as(""))
		switch a.name {
		case "Ready", "Watch", "Cancel", "Explain", "ReportResult", "GetRating":
			if e := refused(t, err, connect.CodeUnauthenticated, "Bearer TOKEN"); e.Meta().Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s: %v", a.name, e.Meta())
			}
		default:
			if connect.CodeOf(err) == connect.CodeUnauthenticated {
				t.Errorf("%s: %v", a.name, err)
			}
		}
	}
}

// TestLimits sees what is counted for which call, and what who asks too much is told.
func TestLimits(t *testing.T) {
	t.Parallel()
	h, all := prepared(t)
	works := map[string]service.Work{"Watch": service.Ask, "Explain": service.Ask, "ListRooms": service.Ask, "GetRating": service.Ask}
	for _, a := range all {
		want, ok := works[a.name]
		if !ok {
			want = service.Change
		}
		var got []service.Work
		h.limits.set(func(peer string, w service.Work) (time.Duration, error) {
			if !strings.HasPrefix(peer, "127.0.0.1:") {
				t.Errorf("the address is %q", peer)
			}
			got = append(got, w)
			return 1500 * time.Millisecond, nil
		}, nil)
		e := refused(t, a.do(t.Context(), h.as("admin")), connect.CodeResourceExhausted, "too many requests; try again in 2 s")
		if e.Meta().Get("Retry-After") != "2" || len(got) != 1 || got[0] != want {
			t.Errorf("%s: %v, %v", a.name, e.Meta(), got)
		}
		h.limits.set(nil, func(player string, w service.Work) (time.Duration, error) {
			if player != "admin" || w != want {
				t.Errorf("%s counts as %v of %s", a.name, w, player)
			}
			return time.Second, nil
		})
		_ = refused(t, a.do(t.Context(), h.as("admin")), connect.CodeResourceExhausted)
	}
	// Codes have a limit of their own, and guests are limited by their address.
	h.limits.set(func(_ string, w service.Work) (time.Duration, error) {
		if w == service.Code {
			return time.Minute, nil
		}
		return 0, nil
	}, nil)
	for _, c := range []tickroomv1connect.MatchmakingServiceClient{h.as("ann"), h.as("")} {
		_ = fails(t, c.JoinRoom, &tickroomv1.JoinRoomRequest{Code: "ABCDEF"}, connect.CodeResourceExhausted, "60 s")
		_ = fails(t, c.Spectate, &tickroomv1.SpectateRequest{Code: "ABCDEF"}, connect.CodeResourceExhausted)
		_ = fails(t, c.JoinRoom, &tickroomv1.JoinRoomRequest{Room: "x"}, connect.CodeNotFound)
	}
	h.limits.set(nil, func(_ string, w service.Work) (time.Duration, error) {
		if w == service.Code {
			return time.Minute, nil
		}
		return 0, nil
	})
	_ = fails(t, h.as("ann").JoinRoom, &tickroomv1.JoinRoomRequest{Code: "ABCDEF"}, connect.CodeResourceExhausted)
	h.limits.set(func(string, service.Work) (time.Duration, error) {
		return 0, connect.NewError(connect.CodePermissionDenied, errors.New("banned: spam"))
	}, nil)
	_ = fails(t, h.as("ann").QuickJoin, &tickroomv1.QuickJoinRequest{Kind: "arena"}, connect.CodePermissionDenied, "banned: spam")
}

// TestSeatsFail sees that what is wrong inside is logged and not told.
func TestSeatsFail(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.seats.broken.Store(true)
	e := fails(t, h.as("ann").QuickJoin, &tickroomv1.QuickJoinRequest{Kind: "arena"}, connect.CodeInternal)
	if strings.Contains(e.Message(), "secret") || !strings.Contains(h.log.String(), "/etc/secret") {
		t.Errorf("told: %v; logged: %s", e, h.log)
	}
}

// TestExplain sees what is explained, and to whom.
func TestExplain(t *testing.T) {
	t.Parallel()
	h, _ := prepared(t)
	ann := h.as("ann")
	id := call(t, ann.Enqueue, &tickroomv1.EnqueueRequest{Mode: "squads"}).GetTicket()
	_, _, err := h.ratings.Rate(t.Context(), "squads", "m1", []string{"pro"}, func([]store.Rated) ([]store.Rated, error) {
		return []store.Rated{{Player: "pro", Mu: 1550, Sigma: 50, Matches: 1}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = h.ratings.Rate(t.Context(), "squads", "m2", []string{"star"}, func([]store.Rated) ([]store.Rated, error) {
		return []store.Rated{{Player: "star", Mu: 2500, Sigma: 50, Matches: 1}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"pro", "star"} {
		call(t, h.as(p).Enqueue, &tickroomv1.EnqueueRequest{Mode: "squads"})
	}
	x := call(t, ann.Explain, &tickroomv1.ExplainRequest{Ticket: id})
	if x.GetMode() != "squads" || x.GetNeeded() != 6 || x.GetOthers() != 2 || x.GetCould() != 1 || x.GetEnoughIn() != nil {
		t.Errorf("explained: %v", x)
	}
	if o := x.GetObstacles(); len(o) == 0 || o[0].GetReason() != "rating" || o[0].GetPlayers() != 1 {
		t.Errorf("the obstacles: %v", o)
	}
	if d := x.GetGivenUpIn().AsDuration(); d <= 0 || d > 90*time.Second || !strings.Contains(x.GetText(), "1 player") {
		t.Errorf("given up in %v: %s", d, x.GetText())
	}
	_ = fails(t, h.as("eve").Explain, &tickroomv1.ExplainRequest{Ticket: id}, connect.CodeNotFound)
	call(t, h.as("admin").Explain, &tickroomv1.ExplainRequest{Ticket: id})
	_ = fails(t, h.as("admin").Explain, &tickroomv1.ExplainRequest{Ticket: "x"}, connect.CodeNotFound)
	_ = fails(t, h.as("admin").Explain, &tickroomv1.ExplainRequest{}, connect.CodeInvalidArgument)
	call(t, ann.Cancel, &tickroomv1.CancelRequest{Ticket: id})
	_ = fails(t, ann.Explain, &tickroomv1.ExplainRequest{Ticket: id}, connect.CodeFailedPrecondition, "cancelled")
	_ = fails(t, h.as("admin").Explain, &tickroomv1.ExplainRequest{Ticket: id}, connect.CodeFailedPrecondition)
	id = call(t, ann.Enqueue, &tickroomv1.EnqueueRequest{Mode: "pairs", Party: []string{"dan"}}).GetTicket()
	_ = fails(t, ann.Explain, &tickroomv1.ExplainRequest{Ticket: id}, connect.CodeFailedPrecondition, "1 of its members")
	_ = fails(t, h.as("admin").Explain, &tickroomv1.ExplainRequest{Ticket: id}, connect.CodeFailedPrecondition, "not ready")
	// One that no matcher would take, since the mode was another one when it came.
	odd := store.Ticket{ID: "odd", Queue: "duel", Since: time.Now(), Members: []store.Member{{Player: "x", Ready: true, Sigma: 1}, {Player: "y", Ready: true, Sigma: 1}}}
	if err := h.tickets.Add(t.Context(), odd); err != nil {
		t.Fatal(err)
	}
	_ = fails(t, h.as("admin").Explain, &tickroomv1.ExplainRequest{Ticket: "odd"}, connect.CodeFailedPrecondition, "given up", "at most 1")

	plain := start(t)
	_ = fails(t, plain.as("ann").Explain, &tickroomv1.ExplainRequest{Ticket: id}, connect.CodeUnimplemented)
}
