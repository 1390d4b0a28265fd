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

// watches counts the streams of one kind.
type watches struct {
	what         string // is watched
	most, mostOf int    // streams in all, and of one player

	mu   sync.Mutex
	all  int
	each map[string]int // by player
}

func newWatches(what string, o *Options) watches {
	return watches{what: what, most: o.Watches, mostOf: o.WatchesEach, each: map[string]int{}}
}

// begin counts a stream of a player, until end is called.
func (w *watches) begin(player string) (end func(), err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.each[player] >= w.mostOf:
		return nil, later(connect.CodeResourceExhausted, lookEvery, "the caller watches %d %s already", w.each[player], w.what)
	case w.all >= w.most:
		return nil, later(connect.CodeUnavailable, lookEvery, "the server has too many who watch %s; try again in %d s", w.what, seconds(lookEvery))
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
func (s *Service) Watch(ctx context.Context, req *connect.Request[tickroomv1.WatchRequest], stream *connect.ServerStream[tickroomv1.WatchResponse]) (err error) {
	defer func() { err = s.tell(caller(ctx).Player, "Watch", err, s.refuse(ctx, "watch", err)) }()
	c, id := caller(ctx), req.Msg.GetTicket()
	end, err := s.watches.begin(c.Player)
	if err != nil {
		return err
	}
	defer end()
	if _, err := s.ticket(ctx, &c, id); err != nil { // before anything is held for it
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, store.CallTimeout)
	changed, stop, err := s.o.Tickets.Watch(bounded, id)
	if cancel(); err != nil {
		return err
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
		next := told(&st)
		// How many wait changes all the time, and comes with the next message.
		if last.GetState() != next.State || !slices.Equal(last.GetMissing(), next.Missing) || time.Since(sent) > keepAlive-lookEvery {
			if st.State == store.Matched {
				if next.Assignment, err = s.matched(ctx, &c, st.Match); err != nil {
					return err
				}
			}
			if err := stream.Send(next); err != nil {
				return err
			}
			last, sent = next, time.Now()
		}
		if st.State.Ended() {
			return nil
		}
		select {
		case <-changed:
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.closed:
			return later(connect.CodeUnavailable, time.Second, "the server is going away; watch again")
		}
	}
}

// told returns the message about a ticket, without an assignment.
func told(st *store.Status) *tickroomv1.WatchResponse {
	out := &tickroomv1.WatchResponse{State: states[st.State].told, Waiting: uint32(max(0, st.Waiting))}
	if st.State == store.Gathering {
		out.Missing = st.Ticket.Missing()
	}
	if !st.Ticket.Since.IsZero() {
		out.Since = timestamppb.New(st.Ticket.Since)
	}
	return out
}

// matched gives the caller a seat in the match of its ticket; nil if the match is over
// already.
func (s *Service) matched(ctx context.Context, c *call, id string) (*tickroomv1.Assignment, error) {
	m, err := s.match(ctx, id, "")
	if errors.Is(err, store.ErrNoRoom) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return s.assign(ctx, c, &m)
}
