package service_test

import (
	"context"
	"errors"
	"testing"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/matchmaking/internal/service"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

type watcher = func(context.Context, *connect.Request[tickroomv1.WatchRequest]) (*connect.ServerStreamForClient[tickroomv1.WatchResponse], error)

// watchFirst returns the first message about a ticket.
func watchFirst(t *testing.T, watch watcher, id string) *tickroomv1.WatchResponse {
	t.Helper()
	s := begin(t, watch, id)
	defer s.Close()
	return next(t, s)
}

// begin begins to watch.
func begin(t *testing.T, watch watcher, id string) *connect.ServerStreamForClient[tickroomv1.WatchResponse] {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	s, err := watch(ctx, connect.NewRequest(&tickroomv1.WatchRequest{Ticket: id}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); s.Close() })
	return s
}

func next(t *testing.T, s *connect.ServerStreamForClient[tickroomv1.WatchResponse]) *tickroomv1.WatchResponse {
	t.Helper()
	if !s.Receive() {
		t.Fatalf("the stream ended: %v", s.Err())
	}
	return s.Msg()
}

// watchOnce watches a ticket that has ended.
func watchOnce(t *testing.T, watch watcher, id string) *tickroomv1.WatchResponse {
	t.Helper()
	all, err := watchAll(t, watch, id)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d messages, %v", len(all), err)
	}
	return all[0]
}

// watchAll watches a ticket to its end.
func watchAll(t *testing.T, watch watcher, id string) (all []*tickroomv1.WatchResponse, err error) {
	t.Helper()
	s, err := watch(t.Context(), connect.NewRequest(&tickroomv1.WatchRequest{Ticket: id}))
	if err != nil {
		return nil, err
	}
	defer s.Close()
	for s.Receive() {
		all = append(all, s.Msg())
	}
	return all, s.Err()
}

// detail returns the ticket in the details of an error.
func detail(t *testing.T, err *connect.Error) string {
	t.Helper()
	for _, d := range err.Details() {
		v, e := d.Value()
		if e != nil {
			t.Fatal(e)
		}
		if r, ok := v.(*tickroomv1.EnqueueResponse); ok {
			return r.GetTicket()
		}
	}
	return ""
}

// TestWatchEnds sees that a stream ends with the last state, when the store fails, and
// when the server goes away.
func TestWatchEnds(t *testing.T) {
	t.Parallel()
	h := start(t, func(o *service.Options) { o.WatchesEach = 2 })
	ann := h.as("ann")
	id := call(t, ann.Enqueue, &tickroomv1.EnqueueRequest{Mode: "duel"}).GetTicket()
	one, two := begin(t, ann.Watch, id), begin(t, ann.Watch, id)
	next(t, one)
	next(t, two)
	_, err := watchAll(t, ann.Watch, id)
	if e := refused(t, err, connect.CodeResourceExhausted, "watches 2 tickets already"); e.Meta().Get("Retry-After") == "" {
		t.Error("it is not told when to come back")
	}
	call(t, ann.Cancel, &tickroomv1.CancelRequest{Ticket: id})
	for _, s := range []*connect.ServerStreamForClient[tickroomv1.WatchResponse]{one, two} {
		if m := next(t, s); m.GetState() != tickroomv1.TicketState_TICKET_STATE_CANCELLED || m.GetAssignment() != nil {
			t.Errorf("the last state: %v", m)
		}
		if s.Receive() || s.Err() != nil {
			t.Errorf("after the last state: %v, %v", s.Msg(), s.Err())
		}
	}

	id = call(t, ann.Enqueue, &tickroomv1.EnqueueRequest{Mode: "pairs", Party: []string{"bob"}}).GetTicket()
	s := begin(t, ann.Watch, id)
	next(t, s)
	h.stores.fail(errors.New("redis: connection refused"), "Ticket", false)
	// A change has the stream look.
	if _, err := h.tickets.Cancel(t.Context(), id, "bob"); err != nil {
		t.Fatal(err)
	}
	if s.Receive() {
		t.Fatalf("it goes on without a store: %v", s.Msg())
	}
	_ = refused(t, s.Err(), connect.CodeUnavailable)
	h.stores.fail(nil, "", false)
	// Who watches again learns what has happened.
	if m := watchOnce(t, ann.Watch, id); m.GetState() != tickroomv1.TicketState_TICKET_STATE_CANCELLED {
		t.Errorf("watched again: %v", m)
	}

	id = call(t, ann.Enqueue, &tickroomv1.EnqueueRequest{Mode: "duel"}).GetTicket()
	s = begin(t, ann.Watch, id)
	next(t, s)
	h.Close()
	if s.Receive() {
		t.Fatalf("it goes on without a server: %v", s.Msg())
	}
	_ = refused(t, s.Err(), connect.CodeUnavailable, "going away")
}

// TestWatchInAll sees that the watched tickets of all players are bounded.
func TestWatchInAll(t *testing.T) {
	t.Parallel()
	h := start(t, func(o *service.Options) { o.Watches = 1 })
	ids := map[string]string{}
	for _, p := range []string{"ann", "bob"} {
		ids[p] = call(t, h.as(p).Enqueue, &tickroomv1.EnqueueRequest{Mode: "pairs"}).GetTicket()
	}
	next(t, begin(t, h.as("ann").Watch, ids["ann"]))
	_, err := watchAll(t, h.as("bob").Watch, ids["bob"])
	_ = refused(t, err, connect.CodeUnavailable, "too many")
}

// TestWatchForgotten sees what is told of a match that is over already.
func TestWatchForgotten(t *testing.T) {
	t.Parallel()
	h := start(t)
	ids := map[string]string{}
	for _, p := range []string{"ann", "bob"} {
		ids[p] = call(t, h.as(p).Enqueue, &tickroomv1.EnqueueRequest{Mode: "duel"}).GetTicket()
	}
	h.match("duel")
	room := watchOnce(t, h.as("ann").Watch, ids["ann"]).GetAssignment().GetRoom()
	if err := h.tickets.Forget(t.Context(), room); err != nil {
		t.Fatal(err)
	}
	if m := watchOnce(t, h.as("bob").Watch, ids["bob"]); m.GetState() != tickroomv1.TicketState_TICKET_STATE_MATCHED || m.GetAssignment() != nil {
		t.Errorf("of a match that is over: %v", m)
	}
}
