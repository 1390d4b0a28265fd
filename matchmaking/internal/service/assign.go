package service

import (
	"cmp"
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// assign gives the caller a seat in the room of a match: its own one, if it is in the
// match, or that of a guest of the room.
func (s *Service) assign(ctx context.Context, c *call, m *store.Match) (*tickroomv1.Assignment, error) {
	a := ofMatch(m, c.Player)
	team, slot, _ := m.Find(c.Player)
	a.Team, a.Role, a.Code = uint32(team), slot.Role, m.Code
	return s.sign(ctx, c, a, m.Node, cmp.Or(slot.Name, c.Name))
}

// rejoin gives the caller a new seat in its own match.
func (s *Service) rejoin(ctx context.Context, c *call, m *store.Match) (*tickroomv1.Assignment, error) {
	a, err := s.assign(ctx, c, m)
	a.Rejoin = true
	return a, err
}

// assignListing gives the caller, for whom a place is reserved, a seat in a room of the list.
func (s *Service) assignListing(ctx context.Context, c *call, r *store.Listing) (*tickroomv1.Assignment, error) {
	// A room that nobody has come to yet is made from its match, which is to be there
	// when the caller comes.
	err := do(ctx, func(ctx context.Context) error { return s.o.Tickets.Touch(ctx, r.ID) })
	if err != nil && !errors.Is(err, store.ErrNoRoom) {
		return nil, err
	}
	return s.sign(ctx, c, ofListing(r), r.Node, c.Name)
}

// ofMatch returns what an assignment of a player's has of a match. The ids of those who are in
// it are for them alone.
func ofMatch(m *store.Match, player string) *tickroomv1.Assignment {
	member := isIn(m, player)
	a := &tickroomv1.Assignment{Url: m.URL, Kind: m.Kind, Room: m.ID, Mode: m.Mode, Region: m.Region, Bots: uint32(m.Bots), Quality: m.Quality}
	for i := range m.Teams {
		t := &tickroomv1.Team{Win: m.Teams[i].Win}
		for _, p := range m.Teams[i].Slots {
			seat := &tickroomv1.Seat{Name: p.Name, Role: p.Role}
			if member {
				seat.Player = p.Player
			}
			t.Seats = append(t.Seats, seat)
		}
		a.Teams = append(a.Teams, t)
	}
	return a
}

// ofListing returns what an assignment has of a room of the list.
func ofListing(r *store.Listing) *tickroomv1.Assignment {
	return &tickroomv1.Assignment{Url: r.URL, Kind: r.Kind, Room: r.ID, Mode: r.Mode, Region: r.Region}
}

// sign puts a seat for the caller, by the name that it wants, into an assignment, and returns it.
func (s *Service) sign(ctx context.Context, c *call, a *tickroomv1.Assignment, node, name string) (*tickroomv1.Assignment, error) {
	return a, do(ctx, func(bounded context.Context) error {
		token, expires, err := s.o.Seats.Issue(bounded, SeatFor{
			Player: c.Player, Room: a.GetRoom(), Node: node, Mode: a.GetMode(), Team: int(a.GetTeam()), Role: a.GetRole(), Name: name, AnyRoom: c.anyRoom,
		})
		if err != nil {
			return s.internal(ctx, "seat", err)
		}
		a.Seat, a.Expires = token, timestamppb.New(expires)
		return nil
	})
}

// playing returns the match that the caller can go back to: one that it was put into or
// has joined, and whose node lives; nil if there is none.
func (s *Service) playing(ctx context.Context, c *call) (*store.Match, error) {
	if c.GuestToken != "" {
		return nil, nil // it was never here
	}
	m, err := ask(ctx, func(ctx context.Context) (store.Match, error) { return s.o.Tickets.Playing(ctx, c.Player) })
	if errors.Is(err, store.ErrNoRoom) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if alive, err := s.alive(ctx, m.Node); !alive {
		return nil, err
	}
	return &m, nil
}

// isIn reports whether a matcher has made the match with a player in it; not for nil.
func isIn(m *store.Match, player string) bool {
	if m == nil {
		return false
	}
	_, _, ok := m.Find(player)
	return ok
}

// refilled reports whether the team of a player of the match has got players for those who
// have left, who are in it still.
func (s *Service) refilled(m *store.Match, player string) bool {
	md := s.modes[m.Mode]
	team, _, ok := m.Find(player)
	switch {
	case md == nil || !ok:
		return false
	case md.Format.FreeForAll:
		return len(m.Teams) > md.Format.Size
	}
	return len(m.Teams[team].Slots) > md.Format.Size
}

// reserve holds a place in a room for the caller until the seat's token has expired.
// Each player has one at most in a room to play and one to watch, whose name is the player's
// id. The seat is made after it, by which the node knows it when the player comes.
func (s *Service) reserve(ctx context.Context, c *call, w store.Want) (store.Listing, error) {
	now := time.Now()
	w.Reservation, w.Made, w.Until = c.Player, now, now.Add(s.o.Reserved)
	return ask(ctx, func(ctx context.Context) (store.Listing, error) { return s.o.Directory.Reserve(ctx, w) })
}

// cancelReservation gives a reserved place back. If that fails it ends by itself.
func (s *Service) cancelReservation(ctx context.Context, c *call, room string) {
	err := do(context.WithoutCancel(ctx), func(ctx context.Context) error {
		return s.o.Directory.Cancel(ctx, room, store.Reservation{Name: c.Player, Made: time.Now()})
	})
	if err != nil {
		s.o.Logger.WarnContext(ctx, "matchmaking: a reservation was left to end by itself", "room", room, "error", err)
	}
}
