package service

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"connectrpc.com/connect"

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
	w, err := s.readWish(ctx, &c, req.Msg, req.Msg.GetQuery())
	if err != nil {
		return nil, err
	}
	var q request
	if w.except = q.except(req.Msg.GetExcept()); q.err != nil {
		return nil, q.err
	}
	m, err := s.playing(ctx, &c)
	if err != nil {
		return nil, err
	}
	var a *tickroomv1.Assignment
	if isIn(m, c.Player) || m != nil && w.like(m) {
		a, err = s.rejoin(ctx, &c, m)
	} else {
		c.anyRoom = w.query == nil // the room's server knows nothing of queries
		a, err = s.openSeat(ctx, &c, w)
	}
	return connect.NewResponse(&tickroomv1.QuickJoinResponse{Assignment: a, GuestToken: c.GuestToken, GuestExpires: c.guestExpires(), PlayerId: c.Player}), err
}

// newRequest is the request for a room of a mode or a kind.
type newRequest interface {
	GetMode() string
	GetKind() string
	GetSelf() *tickroomv1.Member
	GetOptions() map[string]string
}

// readWish reads a room that a player wants to play in.
func (s *Service) readWish(ctx context.Context, c *call, r newRequest, about string) (*wish, error) {
	var q request
	w := q.wish(s, r.GetMode(), r.GetKind(), about)
	q.must(w.kind != "", "mode and kind are missing; the modes are: %s; the kinds are: %s", names(s.modes), names(s.o.Kinds))
	c.Name = q.name(c, r.GetSelf())
	q.options(s, w, r.GetOptions())
	if w.mode != nil {
		q.roles(w.mode, r.GetSelf().GetRoles())
	}
	far := q.latency(r.GetSelf().GetLatencyMs())
	if q.err != nil {
		return nil, q.err
	}
	var err error
	w.regions, err = s.nearest(ctx, w.mode, far)
	return w, err
}

// openSeat gives a seat in a room that is open to all: one that is there, else a new
// one. One call at a time makes a room of a kind, so that the others find it then.
func (s *Service) openSeat(ctx context.Context, c *call, w *wish) (*tickroomv1.Assignment, error) {
	if a, err := s.openRoom(ctx, c, w); a != nil || err != nil {
		return a, err
	}
	wait, cancel := context.WithTimeout(ctx, makeWait)
	defer cancel()
	select {
	case s.making[w.kind] <- struct{}{}:
		defer func() { <-s.making[w.kind] }()
	case <-wait.Done():
		return nil, wait.Err()
	}
	if a, err := s.openRoom(ctx, c, w); a != nil || err != nil {
		return a, err
	}
	m, err := s.newRoom(ctx, c, w, store.Match{Open: true})
	if err != nil {
		return nil, err
	}
	return s.assign(ctx, c, m)
}

// openRoom gives a seat in an open room that is there; nil if none will do.
func (s *Service) openRoom(ctx context.Context, c *call, w *wish) (*tickroomv1.Assignment, error) {
	for _, region := range w.regions {
		if w.query == nil {
			r, err := s.reserveIfFree(ctx, c, store.Want{Kind: w.kind, Mode: w.modeName, Options: w.alike, Region: region, Except: w.except})
			if err != nil {
				return nil, err
			}
			if r == nil {
				continue
			}
			alive, err := s.alive(ctx, r.Node)
			if err != nil {
				return nil, err
			}
			if alive {
				return s.assignListing(ctx, c, r)
			}
			// Its node has died, and it is about to be taken off the list. The list knows
			// others.
			s.cancelReservation(ctx, c, r.ID)
		}
		if a, err := s.chooseRoom(ctx, c, w, region); a != nil || err != nil {
			return a, err
		}
	}
	return nil, nil
}

// chooseRoom gives a seat in the best room of the list that will do; nil if none will.
func (s *Service) chooseRoom(ctx context.Context, c *call, w *wish, region string) (*tickroomv1.Assignment, error) {
	all, err := s.rooms(ctx)
	if err != nil {
		return nil, err
	}
	nodes, err := s.nodes(ctx)
	if err != nil {
		return nil, err
	}
	fit := slices.DeleteFunc(slices.Clone(all), func(r store.Listing) bool {
		return !w.fits(&r) || r.Mode != w.modeName || r.Options != w.alike || r.Free() == 0 || r.Locked || slices.Contains(w.except, r.ID) || region != "" && r.Region != region || !contains(nodes, r.Node)
	})
	slices.SortStableFunc(fit, func(a, b store.Listing) int { return cmp.Compare(b.Rank(false), a.Rank(false)) })
	for _, r := range fit[:min(len(fit), reserveTries)] {
		got, err := s.reserveIfFree(ctx, c, store.Want{ID: r.ID})
		if err != nil {
			return nil, err
		}
		if got != nil {
			return s.assignListing(ctx, c, got)
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
		return nil, err
	}
	return &r, nil
}
