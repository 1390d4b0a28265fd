package service

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/matchmaking/internal/query"
	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

const (
	// makeWait is how long a call waits for others that make a room of the same kind.
	makeWait = 3 * time.Second
	// reserveTries is how many rooms that the list shows are tried.
	reserveTries = 8
)

// QuickJoin gives a seat at once.
func (s *Service) QuickJoin(ctx context.Context, req *connect.Request[tickroomv1.QuickJoinRequest]) (*connect.Response[tickroomv1.QuickJoinResponse], error) {
	c := caller(ctx)
	w, err := s.readWish(ctx, &c, req.Msg.GetMode(), req.Msg.GetKind(), req.Msg.GetQuery(), req.Msg.GetSelf())
	if err != nil {
		return nil, err
	}
	m, err := s.playing(ctx, &c)
	if err != nil {
		return nil, err
	}
	var a *tickroomv1.Assignment
	if m != nil && (isIn(m, c.Player) || m.Kind == w.kind && m.Mode == w.modeName()) {
		a, err = s.rejoin(ctx, &c, m)
	} else {
		a, err = s.openSeat(ctx, &c, w)
	}
	return respond(&tickroomv1.QuickJoinResponse{Assignment: a, GuestToken: c.GuestToken}, err)
}

// wish is what room a player wants.
type wish struct {
	purpose
	regions []string     // the nearest first; "" is anywhere
	query   *query.Query // nil: all will do
}

// readWish reads a room that a player wants to play in.
func (s *Service) readWish(ctx context.Context, c *call, modeName, kind, about string, self *tickroomv1.Member) (*wish, error) {
	var q request
	w := &wish{purpose: q.purpose(s, modeName, kind), query: q.query(about)}
	q.name(c, self)
	if w.mode != nil {
		q.roles(w.mode, self.GetRoles())
	}
	far := q.latency(self.GetLatencyMs())
	if q.err != nil {
		return nil, q.err
	}
	var err error
	w.regions, err = s.nearest(ctx, w.mode, far)
	return w, err
}

// openSeat gives a seat in a room that is open to all: one that is there, else a new
// one.
func (s *Service) openSeat(ctx context.Context, c *call, w *wish) (*tickroomv1.Assignment, error) {
	r, err := s.openRoom(ctx, c, w)
	if r == nil && err == nil {
		r, err = s.openAnother(ctx, c, w)
	}
	if err != nil {
		return nil, err
	}
	return s.assignListing(ctx, c, r)
}

// openAnother makes a room that is open to all, unless somebody else has made one
// meanwhile: one at a time makes a room of a kind, so that the others find it then.
func (s *Service) openAnother(ctx context.Context, c *call, w *wish) (*store.Listing, error) {
	wait, cancel := context.WithTimeout(ctx, makeWait)
	defer cancel()
	select {
	case s.making[w.kind] <- struct{}{}:
		defer func() { <-s.making[w.kind] }()
	case <-wait.Done():
		return nil, s.refuse(ctx, "waiting to make a room", wait.Err())
	}
	if r, err := s.openRoom(ctx, c, w); r != nil || err != nil {
		return r, err
	}
	m, err := s.newMatch(ctx, w, func(m *store.Match) { m.Open = true })
	if err != nil {
		return nil, err
	}
	return s.list(ctx, c, m)
}

// openRoom reserves a place in an open room that is there; nil if none will do.
func (s *Service) openRoom(ctx context.Context, c *call, w *wish) (*store.Listing, error) {
	for _, region := range w.regions {
		if w.query == nil {
			r, err := s.reserveIfFree(ctx, c, store.Want{Kind: w.kind, Mode: w.modeName(), Region: region})
			if err != nil {
				return nil, err
			}
			if r == nil {
				continue
			}
			if alive, err := s.alive(ctx, r.Node); err != nil || alive {
				return r, err
			}
			// Its node has died, and it is about to be taken off the list. The list knows
			// others.
			s.cancelReservation(ctx, c, r.ID)
		}
		if r, err := s.chooseRoom(ctx, c, w, region); r != nil || err != nil {
			return r, err
		}
	}
	return nil, nil
}

// chooseRoom reserves a place in the fullest room of the list that will do.
func (s *Service) chooseRoom(ctx context.Context, c *call, w *wish, region string) (*store.Listing, error) {
	all, err := s.roomsNow(ctx, w.kind)
	if err != nil {
		return nil, err
	}
	nodes, err := s.nodesNow(ctx)
	if err != nil {
		return nil, err
	}
	now := s.o.Now()
	fits := func(r *store.Listing) bool {
		return open(r) && r.Taken < r.Capacity && r.Mode == w.modeName() && (region == "" || r.Region == region) &&
			slices.ContainsFunc(nodes, func(n store.Node) bool { return n.ID == r.Node }) && holds(w.query, r, now)
	}
	var fit []store.Listing
	for i := range all {
		if fits(&all[i]) {
			fit = append(fit, all[i])
		}
	}
	slices.SortStableFunc(fit, func(a, b store.Listing) int { return cmp.Compare(b.Taken, a.Taken) })
	for _, r := range fit[:min(len(fit), reserveTries)] {
		if got, err := s.reserveIfFree(ctx, c, store.Want{ID: r.ID}); got != nil || err != nil {
			return got, err
		}
	}
	return nil, nil
}

// reserveIfFree reserves a place; nil if there is none.
func (s *Service) reserveIfFree(ctx context.Context, c *call, w store.Want) (*store.Listing, error) {
	r, err := s.reserve(ctx, c, w)
	switch {
	case errors.Is(err, store.ErrNoRoom), errors.Is(err, store.ErrFull):
		return nil, nil
	case err != nil:
		return nil, s.refuse(ctx, "reserve", err)
	}
	return &r, nil
}
