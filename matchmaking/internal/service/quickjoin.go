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
	w, err := s.readWish(ctx, &c, req.Msg.GetMode(), req.Msg.GetKind(), req.Msg.GetSelf())
	if err != nil {
		return nil, err
	}
	if w.query, err = readQuery(req.Msg.GetQuery()); err != nil {
		return nil, err
	}
	m, err := s.playing(ctx, &c)
	if err != nil {
		return nil, err
	}
	var a *tickroomv1.Assignment
	if m != nil && (made(m, c.Player) || m.Kind == w.kind && m.Mode == w.modeName()) {
		a, err = s.rejoin(ctx, &c, m)
	} else {
		a, err = s.openSeat(ctx, &c, w)
	}
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(&tickroomv1.QuickJoinResponse{Assignment: a, GuestToken: c.GuestToken}), nil
}

// wish is what room a player wants.
type wish struct {
	purpose
	regions []string     // the nearest first; "" is anywhere
	query   *query.Query // nil: all will do
}

// readWish reads a room that a player wants to play in.
func (s *Service) readWish(ctx context.Context, c *call, modeName, kind string, self *tickroomv1.Member) (*wish, error) {
	if !c.CanPlay {
		return nil, denied("the caller may not play")
	}
	p, err := s.readPurpose(modeName, kind)
	if err != nil {
		return nil, err
	}
	if _, err := name(c, self); err != nil {
		return nil, err
	}
	if p.mode != nil {
		if _, err := readRoles(p.mode, self.GetRoles()); err != nil {
			return nil, err
		}
	}
	far, err := readLatency(self.GetLatencyMs())
	if err != nil {
		return nil, err
	}
	w := &wish{purpose: p}
	w.regions, err = s.reach(ctx, p, far)
	return w, err
}

// regionsNow gives the regions that nodes are in, without those that name none.
func (s *Service) regionsNow(ctx context.Context) (map[string]bool, error) {
	nodes, err := s.nodesNow(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for i := range nodes {
		if r := nodes[i].Region; r != "" {
			out[r] = true
		}
	}
	return out, nil
}

// reach gives the regions that a player can play in, the nearest first: those that it
// names, that there are, and that the mode allows in the end.
func (s *Service) reach(ctx context.Context, p purpose, far map[string]time.Duration) ([]string, error) {
	if len(far) == 0 {
		return []string{""}, nil
	}
	there, err := s.regionsNow(ctx)
	if err != nil {
		return nil, err
	}
	if len(there) == 0 {
		return []string{""}, nil
	}
	var out []string
	for region, d := range far {
		if there[region] && p.near(region, d) {
			out = append(out, region)
		}
	}
	if len(out) == 0 {
		return nil, precondition("no server is near enough: self.latency_ms names %s; there are servers in %s", names(far), names(there))
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(cmp.Compare(far[a], far[b]), cmp.Compare(a, b)) })
	return out, nil
}

// near tells whether the mode lets somebody play who is that far from a region.
func (p purpose) near(region string, d time.Duration) bool {
	if p.mode == nil {
		return true
	}
	limit := &p.mode.Latency.Cap
	for i := range p.mode.Latency.Regions {
		if r := &p.mode.Latency.Regions[i]; r.Name == region && r.Cap != nil {
			limit = r.Cap
		}
	}
	return float64(d)/float64(time.Millisecond) <= limit.Max()
}

// openSeat gives a seat in a room that is open to all: one that is there, else a new
// one.
func (s *Service) openSeat(ctx context.Context, c *call, w *wish) (*tickroomv1.Assignment, error) {
	r, err := s.openRoom(ctx, c, w)
	if err != nil {
		return nil, err
	}
	if r == nil {
		// One at a time makes a room of a kind: the others find it then.
		wait, cancel := context.WithTimeout(ctx, makeWait)
		defer cancel()
		select {
		case s.making[w.kind] <- struct{}{}:
			defer func() { <-s.making[w.kind] }()
		case <-wait.Done():
			return nil, s.refuse(ctx, "waiting to make a room", wait.Err())
		}
		if r, err = s.openRoom(ctx, c, w); err != nil {
			return nil, err
		}
		if r == nil {
			m, err := s.newMatch(ctx, w, func(m *store.Match) { m.Open = true })
			if err != nil {
				return nil, err
			}
			if r, err = s.list(ctx, c, m); err != nil {
				return nil, err
			}
		}
	}
	return s.assignRoom(ctx, c, r)
}

// openRoom takes a seat in an open room that is there; nil if none will do.
func (s *Service) openRoom(ctx context.Context, c *call, w *wish) (*store.Listing, error) {
	for _, region := range w.regions {
		if w.query == nil {
			r, err := s.reserve(ctx, c, store.Want{Kind: w.kind, Mode: w.modeName(), Region: region})
			if errors.Is(err, store.ErrNoRoom) || errors.Is(err, store.ErrFull) {
				continue
			}
			if err != nil {
				return nil, s.refuse(ctx, "reserve", err)
			}
			_, alive, err := s.node(ctx, r.Node)
			if err != nil || alive {
				return &r, err
			}
			// Its node has died, and it is about to be taken off the list. The list knows
			// others.
			s.release(ctx, c, r.ID)
		}
		if r, err := s.chooseRoom(ctx, c, w, region); r != nil || err != nil {
			return r, err
		}
	}
	return nil, nil
}

// chooseRoom takes a seat in the fullest room of the list that will do.
func (s *Service) chooseRoom(ctx context.Context, c *call, w *wish, region string) (*store.Listing, error) {
	all, err := s.roomsNow(ctx, w.kind)
	if err != nil {
		return nil, err
	}
	nodes, err := s.nodesNow(ctx)
	if err != nil {
		return nil, err
	}
	alive := map[string]bool{}
	for i := range nodes {
		alive[nodes[i].ID] = true
	}
	var fit []store.Listing
	now := s.o.Now()
	for _, r := range all {
		if open(&r) && r.Taken < r.Capacity && r.Mode == w.modeName() && (region == "" || r.Region == region) && alive[r.Node] && holds(w.query, &r, now) {
			fit = append(fit, r)
		}
	}
	slices.SortStableFunc(fit, func(a, b store.Listing) int { return cmp.Compare(b.Taken, a.Taken) })
	for _, r := range fit[:min(len(fit), reserveTries)] {
		got, err := s.reserve(ctx, c, store.Want{ID: r.ID})
		if errors.Is(err, store.ErrNoRoom) || errors.Is(err, store.ErrFull) {
			continue
		}
		if err != nil {
			return nil, s.refuse(ctx, "reserve", err)
		}
		return &got, nil
	}
	return nil, nil
}

// reserve holds a seat of a room for the caller until the seat's token has expired.
// Each player has one at most in a room, whose name is the player's id.
func (s *Service) reserve(ctx context.Context, c *call, w store.Want) (store.Listing, error) {
	w.Reservation, w.Until = c.Player, time.Now().Add(s.o.SeatTime)
	return ask(ctx, func(ctx context.Context) (store.Listing, error) { return s.o.Directory.Reserve(ctx, w) })
}

// release gives a reserved seat back. If that fails it ends by itself.
func (s *Service) release(ctx context.Context, c *call, room string) {
	bounded, cancel := bound(context.WithoutCancel(ctx))
	defer cancel()
	if err := s.o.Directory.Cancel(bounded, room, c.Player); err != nil {
		s.o.Logger.WarnContext(ctx, "matchmaking: a reservation was left to end by itself", "room", room, "error", err)
	}
}

// assignRoom gives the caller, for whom a seat is reserved, what it needs to take it.
func (s *Service) assignRoom(ctx context.Context, c *call, r *store.Listing) (*tickroomv1.Assignment, error) {
	// A room that nobody has come to yet is made from its match, which is to be there
	// when the caller comes.
	bounded, cancel := bound(ctx)
	defer cancel()
	if err := s.o.Tickets.Touch(bounded, r.ID); err != nil && !errors.Is(err, store.ErrNoRoom) {
		return nil, s.refuse(ctx, "touch", err)
	}
	a := &tickroomv1.Assignment{Url: r.URL, Kind: r.Kind, Room: r.ID, Mode: r.Mode, Region: r.Region}
	return a, s.sign(ctx, c, a, r.Node)
}
