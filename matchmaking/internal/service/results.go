package service

import (
	"context"
	"errors"
	"fmt"
	"math"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/matchmaking/internal/rating"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// ReportResult tells how a match has ended.
func (s *Service) ReportResult(ctx context.Context, req *connect.Request[tickroomv1.ReportResultRequest]) (*connect.Response[tickroomv1.ReportResultResponse], error) {
	if !caller(ctx).CanReport {
		return nil, denied("only servers report results: it needs the role admin")
	}
	out, err := s.Report(ctx, req.Msg)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(out), nil
}

// Report moves the ratings of those who were in a match. It is what ReportResult does,
// for rooms of this server, and asks nobody's permission. Players who are not of the
// match do not count; those of whom nothing is said stay as they are. The error is a
// *connect.Error; CodeUnavailable may be tried again, since a match is rated once.
func (s *Service) Report(ctx context.Context, r *tickroomv1.ReportResultRequest) (*tickroomv1.ReportResultResponse, error) {
	if err := checkID("room", r.GetRoom()); err != nil {
		return nil, err
	}
	m, err := ask(ctx, func(ctx context.Context) (store.Match, error) { return s.o.Tickets.Match(ctx, r.GetRoom(), "") })
	if errors.Is(err, store.ErrNoRoom) {
		return nil, notFound("there is no match %s; matches are remembered for %d s after their rooms have ended", r.GetRoom(), seconds(store.MatchKept))
	}
	if err != nil {
		return nil, s.refuse(ctx, "match", err)
	}
	if m.Mode == "" {
		return nil, precondition("the room %s has no mode, and so no ratings", m.ID)
	}
	md := s.modes[m.Mode]
	if md == nil {
		return nil, precondition("the mode %s of the room is not there any more", m.Mode)
	}
	res, err := readResult(md, &m, r.GetTeams())
	if err != nil {
		return nil, err
	}
	bounded, cancel := bound(ctx)
	defer cancel()
	rated, done, err := s.o.Ratings.Rate(bounded, md.Name, m.ID, res.players, func(before []store.Rated) ([]store.Rated, error) {
		return res.rate(md, before)
	})
	if err != nil {
		if errors.Is(err, errRate) {
			return nil, s.internal(ctx, "rate", err)
		}
		return nil, s.refuse(ctx, "rate", err)
	}
	return &tickroomv1.ReportResultResponse{Repeated: !done, Ratings: ratingsOf(md, rated)}, nil
}

// result is what a match has come to.
type result struct {
	players []string // of all teams, one team after another
	teams   [][]rating.Player
	ranks   []int
}

// readResult reads what was reported, of the players who are of the match.
func readResult(md *mode.Mode, m *store.Match, in []*tickroomv1.TeamResult) (*result, error) {
	most, size := md.Format.Teams, md.Format.Size
	if md.Format.FreeForAll {
		most = md.Format.Size
	}
	// Who has left, and whose place somebody else has got, is of the match still.
	most = max(most, len(m.Teams))
	for i := range m.Teams {
		size = max(size, len(m.Teams[i].Slots))
	}
	if len(in) < 2 || len(in) > most {
		return nil, invalid("teams: there are %d; in the match %s there are 2 to %d", len(in), m.ID, most)
	}
	out := &result{}
	seen := map[string]bool{}
	for i, t := range in {
		if n := len(t.GetPlayers()); n > size {
			return nil, invalid("teams.%d has %d players; in the match %s there can be %d", i, n, m.ID, size)
		}
		if n := len(t.GetPlayers()); md.Format.FreeForAll && n > 1 {
			return nil, invalid("teams.%d has %d players; in the mode %s everybody is a team", i, n, md.Name)
		}
		var team []rating.Player
		for k, p := range t.GetPlayers() {
			where := fmt.Sprintf("teams.%d.players.%d", i, k)
			if err := checkID(where, p.GetPlayer()); err != nil {
				return nil, err
			}
			if seen[p.GetPlayer()] {
				return nil, invalid("%s: %s is there twice", where, p.GetPlayer())
			}
			seen[p.GetPlayer()] = true
			w := p.GetWeight()
			if !(w >= 0 && w <= 1) { // a NaN is not
				return nil, invalid("%s.weight is %v; it must be from 0 to 1", where, w)
			}
			if w == 0 {
				w = 1
			}
			if made(m, p.GetPlayer()) {
				out.players = append(out.players, p.GetPlayer())
				team = append(team, rating.Player{Weight: w, Left: p.GetLeft(), Absent: p.GetAbsent()})
			}
		}
		if len(team) > 0 {
			out.teams, out.ranks = append(out.teams, team), append(out.ranks, int(min(t.GetRank(), math.MaxInt32)))
		}
	}
	if len(out.teams) < 2 {
		return nil, precondition("in %d of the teams there are players of the match %s; to compare there must be 2", len(out.teams), m.ID)
	}
	return out, nil
}

// errRate is the error of ratings that can't be computed.
var errRate = errors.New("service: the ratings can't be computed")

// rate gives the ratings after the match, in the order of before. It changes nothing
// of the result, as it may be called again.
func (r *result) rate(md *mode.Mode, before []store.Rated) ([]store.Rated, error) {
	if len(before) != len(r.players) {
		return nil, fmt.Errorf("%w: %d ratings of %d players", errRate, len(before), len(r.players))
	}
	teams := make([][]rating.Player, len(r.teams))
	i := 0
	for k, t := range r.teams {
		teams[k] = append([]rating.Player(nil), t...)
		for j := range t {
			teams[k][j].Rating = known(md, before[i])
			i++
		}
	}
	after, err := rating.Rate(teams, r.ranks, md.Rating.Options)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRate, err)
	}
	out := append([]store.Rated(nil), before...)
	i = 0
	for k, t := range after {
		for j, x := range t {
			if !teams[k][j].Absent {
				out[i].Mu, out[i].Sigma = x.Mu, x.Sigma
				out[i].Matches++
			}
			i++
		}
	}
	return out, nil
}

// known gives a player's rating, or that of a new one.
func known(md *mode.Mode, r store.Rated) rating.Rating {
	if r.Matches == 0 {
		return md.Rating.Options.New()
	}
	return rating.Rating{Mu: r.Mu, Sigma: r.Sigma}
}

// ratings gives the ratings of players, in their order.
func (s *Service) ratings(ctx context.Context, md *mode.Mode, players []string) ([]store.Rated, error) {
	got, err := ask(ctx, func(ctx context.Context) ([]store.Rated, error) {
		return s.o.Ratings.Ratings(ctx, md.Name, players)
	})
	if err != nil {
		return nil, s.refuse(ctx, "ratings", err)
	}
	if len(got) != len(players) {
		return nil, s.internal(ctx, "ratings", fmt.Errorf("%d ratings of %d players", len(got), len(players)))
	}
	out := make([]store.Rated, len(got))
	for i, r := range got {
		x := known(md, r)
		out[i] = store.Rated{Player: players[i], Mu: x.Mu, Sigma: x.Sigma, Matches: r.Matches}
	}
	return out, nil
}

// GetRating tells how strong players are.
func (s *Service) GetRating(ctx context.Context, req *connect.Request[tickroomv1.GetRatingRequest]) (*connect.Response[tickroomv1.GetRatingResponse], error) {
	c := caller(ctx)
	md, err := s.findMode(req.Msg.GetMode())
	if err != nil {
		return nil, err
	}
	players := req.Msg.GetPlayers()
	if len(players) == 0 {
		players = []string{c.Player}
	}
	if len(players) > MaxRated {
		return nil, invalid("players: there are %d; there can be %d", len(players), MaxRated)
	}
	for i, p := range players {
		if err := checkID(fmt.Sprintf("players.%d", i), p); err != nil {
			return nil, err
		}
		if p != c.Player && !c.CanReport {
			return nil, denied("players.%d: the ratings of others are for servers: it needs the role admin", i)
		}
	}
	rated, err := s.ratings(ctx, md, players)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(&tickroomv1.GetRatingResponse{Ratings: ratingsOf(md, rated)}), nil
}

func ratingsOf(md *mode.Mode, rated []store.Rated) []*tickroomv1.PlayerRating {
	out := make([]*tickroomv1.PlayerRating, len(rated))
	for i, r := range rated {
		x := known(md, r)
		out[i] = &tickroomv1.PlayerRating{Player: r.Player, Rating: x.Mu, Uncertainty: x.Sigma, Matches: uint32(max(0, r.Matches))}
	}
	return out
}
