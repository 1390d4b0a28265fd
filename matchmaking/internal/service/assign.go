package service

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// assign gives the caller a seat in the room of a match: its own one, if it is in the
// match, or that of a guest of the room.
func (s *Service) assign(ctx context.Context, c *call, m *store.Match) (*tickroomv1.Assignment, error) {
	team, seat, _ := m.Find(c.Player)
	a := &tickroomv1.Assignment{
		Url: m.URL, Kind: m.Kind, Room: m.ID, Mode: m.Mode, Team: uint32(team), Role: seat.Role,
		Code: m.Code, Teams: teams(m), Bots: uint32(m.Bots), Quality: m.Quality, Region: m.Region,
	}
	return a, s.sign(ctx, c, a, m.Node)
}

// sign puts a seat for the caller into an assignment.
func (s *Service) sign(ctx context.Context, c *call, a *tickroomv1.Assignment, node string) error {
	bounded, cancel := bound(ctx)
	defer cancel()
	token, expires, err := s.o.Seats.Issue(bounded, SeatFor{
		Player: c.Player, Room: a.GetRoom(), Node: node, Mode: a.GetMode(), Team: int(a.GetTeam()), Role: a.GetRole(),
	})
	if err != nil {
		return s.internal(ctx, "seat", err)
	}
	a.Seat, a.Expires = token, timestamppb.New(expires)
	return nil
}

// teams gives who is in a match.
func teams(m *store.Match) []*tickroomv1.Team {
	out := make([]*tickroomv1.Team, 0, len(m.Teams))
	for i := range m.Teams {
		t := &tickroomv1.Team{Win: m.Teams[i].Win}
		for _, p := range m.Teams[i].Slots {
			t.Seats = append(t.Seats, &tickroomv1.Seat{Player: p.Player, Name: p.Name, Role: p.Role})
		}
		out = append(out, t)
	}
	return out
}

// playing gives the match that the caller can go back to: one that it was put into or
// has joined, and whose node lives.
func (s *Service) playing(ctx context.Context, c *call) (*store.Match, error) {
	if c.GuestToken != "" {
		return nil, nil // it was never here
	}
	m, err := ask(ctx, func(ctx context.Context) (store.Match, error) { return s.o.Tickets.Playing(ctx, c.Player) })
	if err != nil {
		return nil, s.unless(ctx, "playing", err, store.ErrNoRoom)
	}
	if _, alive, err := s.node(ctx, m.Node); err != nil || !alive {
		return nil, err
	}
	return &m, nil
}

// made tells whether a matcher has made the match with a player in it.
func made(m *store.Match, player string) bool {
	_, _, ok := m.Find(player)
	return ok
}

// refilled tells whether the team of a player of the match has got players for those who
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

// rejoin gives the caller a new seat in its own match.
func (s *Service) rejoin(ctx context.Context, c *call, m *store.Match) (*tickroomv1.Assignment, error) {
	a, err := s.assign(ctx, c, m)
	if err != nil {
		return nil, err
	}
	a.Rejoin = true
	return a, nil
}
