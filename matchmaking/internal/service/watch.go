package service

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

const (
	// lookEvery is how often a ticket is looked at without being told of a change.
	lookEvery = 5 * time.Second
	// keepAlive is the longest time between two messages, so that nothing on the way
	// takes the stream for dead.
	keepAlive = 15 * time.Second
)

// watches counts the watched tickets.
type watches struct {
	max, maxEach int

	mu   sync.Mutex
	all  int
	each map[string]int // by player
}

// begin counts a stream of a player, until end is called.
func (w *watches) begin(player string) (end func(), err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.each[player] >= w.maxEach {
		return nil, later(connect.CodeResourceExhausted, lookEvery, "the caller watches %d tickets already", w.each[player])
	}
	if w.all >= w.max {
		return nil, later(connect.CodeUnavailable, lookEvery, "the server has too many who watch tickets; try again in %d s", seconds(lookEvery))
	}
	w.all++
	w.each[player]++
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.all--
		if w.each[player]--; w.each[player] == 0 {
			delete(w.each, player)
		}
	}, nil
}

// Watch tells the caller how a ticket is doing until it has ended.
func (s *Service) Watch(ctx context.Context, req *connect.Request[tickroomv1.WatchRequest], stream *connect.ServerStream[tickroomv1.WatchResponse]) error {
	c := caller(ctx)
	id := req.Msg.GetTicket()
	end, err := s.watches.begin(c.Player)
	if err != nil {
		return err
	}
	defer end()
	if _, err := s.ticket(ctx, &c, id); err != nil { // before anything is held for it
		return err
	}
	var changed <-chan struct{}
	var stop func()
	err = do(ctx, func(ctx context.Context) (err error) {
		changed, stop, err = s.o.Tickets.Watch(ctx, id)
		return err
	})
	if err != nil {
		return s.refuse(ctx, "watch", err)
	}
	defer stop()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	var last *tickroomv1.WatchResponse
	var sent time.Time
	for {
		st, err := s.ticket(ctx, &c, id)
		if err != nil {
			return err
		}
		if now := time.Now(); last == nil || differs(last, &st) || now.Sub(sent) > keepAlive-lookEvery {
			if last, err = s.tell(ctx, &c, &st); err != nil {
				return err
			}
			if err := stream.Send(last); err != nil {
				return err
			}
			sent = now
		}
		if st.State.Ended() {
			return nil
		}
		select {
		case <-changed:
		case <-look.C:
		case <-ctx.Done():
			return s.refuse(ctx, "watch", ctx.Err())
		case <-s.closed:
			return later(connect.CodeUnavailable, time.Second, "the server is going away; watch again")
		}
	}
}

// differs reports whether the caller is to be told of a state at once. How many wait
// changes all the time, and comes with the next message.
func differs(last *tickroomv1.WatchResponse, st *store.Status) bool {
	return last.GetState() != states[st.State].told || !slices.Equal(last.GetMissing(), missing(st))
}

func missing(st *store.Status) []string {
	if st.State != store.Gathering {
		return nil
	}
	return st.Ticket.Missing()
}

// tell makes the message about a ticket.
func (s *Service) tell(ctx context.Context, c *call, st *store.Status) (*tickroomv1.WatchResponse, error) {
	out := &tickroomv1.WatchResponse{State: states[st.State].told, Missing: missing(st), Waiting: uint32(max(0, st.Waiting))}
	if !st.Ticket.Since.IsZero() {
		out.Since = timestamppb.New(st.Ticket.Since)
	}
	if st.State != store.Matched {
		return out, nil
	}
	m, err := ask(ctx, func(ctx context.Context) (store.Match, error) { return s.o.Tickets.Match(ctx, st.Match, "") })
	if err != nil {
		if errors.Is(err, store.ErrNoRoom) {
			return out, nil // a match that is over already has no seats
		}
		return nil, s.refuse(ctx, "match", err)
	}
	out.Assignment, err = s.assign(ctx, c, &m)
	return out, err
}
