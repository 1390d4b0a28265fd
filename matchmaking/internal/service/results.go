package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/matchmaking/internal/rating"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// ReportResult moves the ratings of the players of a match by how it has ended.
func (s *Service) ReportResult(ctx context.Context, req *connect.Request[tickroomv1.ReportResultRequest]) (*connect.Response[tickroomv1.ReportResultResponse], error) {
	out, err := s.Report(ctx, req.Msg)
	return connect.NewResponse(out), err
}

// Report moves the ratings of those who were in a match. It is what ReportResult does,
// for rooms of this server, and asks nobody's permission. Players who are not of the
// match do not count; those of whom nothing is told stay as they are. The error is a
// *connect.Error; CodeUnavailable may be tried again, since a match is rated once.
func (s *Service) Report(ctx context.Context, r *tickroomv1.ReportResultRequest) (*tickroomv1.ReportResultResponse, error) {
	out, err := s.report(ctx, r)
	return out, s.refuse(ctx, "report", err)
}

func (s *Service) report(ctx context.Context, r *tickroomv1.ReportResultRequest) (*tickroomv1.ReportResultResponse, error) {
	var q request
	if q.id("room", r.GetRoom()); q.err != nil {
		return nil, q.err
	}
	m, err := s.match(ctx, r.GetRoom(), "")
	md := s.modes[m.Mode]
	switch {
	case errors.Is(err, store.ErrNoRoom):
		return nil, failed(connect.CodeNotFound, "there is no match %s; matches are remembered for %d s after their rooms have ended", r.GetRoom(), seconds(store.MatchKept))
	case err != nil:
		return nil, err
	case m.Mode == "":
		return nil, failed(connect.CodeFailedPrecondition, "the room %s has no mode, and so no ratings", m.ID)
	case md == nil:
		return nil, failed(connect.CodeFailedPrecondition, "the mode %s of the room is not there any more", m.Mode)
	}
	res := q.result(md, &m, r.GetTeams())
	if q.err != nil {
		return nil, q.err
	}
	done := false
	rated, err := ask(ctx, func(ctx context.Context) (now []store.Rated, err error) {
		now, done, err = s.o.Ratings.Rate(ctx, md.Name, m.ID, res.players, func(before []store.Rated) ([]store.Rated, error) {
			after, err := res.rate(md, before)
			if err != nil {
				return nil, s.internal(ctx, "rate", err)
			}
			return after, nil
		})
		return now, err
	})
	return &tickroomv1.ReportResultResponse{Repeated: !done, Ratings: ratingsOf(md, rated)}, err
}

// result is what a match has come to.
type result struct {
	players []string // of all teams, one team after another
	parts   []part   // theirs
	ranks   []int    // of the teams
}

// part is how a player took part in a match.
type part struct {
	rating.Player
	team int // in the order of the ranks
}

// result reads what was reported, of the players who are of the match.
func (q *request) result(md *mode.Mode, m *store.Match, in []*tickroomv1.TeamResult) *result {
	most, size := md.Format.Teams, md.Format.Size
	if md.Format.FreeForAll {
		most = md.Format.Size
	}
	// Who has left, and whose place somebody else has got, is of the match still.
	most = max(most, len(m.Teams))
	for i := range m.Teams {
		size = max(size, len(m.Teams[i].Slots))
	}
	q.must(2 <= len(in) && len(in) <= most, "teams: there are %d; in the match %s there are 2 to %d", len(in), m.ID, most)
	out := &result{}
	seen := map[string]bool{}
	for i, t := range in {
		n := len(t.GetPlayers())
		q.must(n <= size, "teams.%d has %d players; in the match %s there can be %d", i, n, m.ID, size)
		q.must(n <= 1 || !md.Format.FreeForAll, "teams.%d has %d players; in the mode %s everybody is a team", i, n, md.Name)
		before := len(out.players)
		for k, p := range t.GetPlayers() {
			id, weight := p.GetPlayer(), cmp.Or(p.GetWeight(), 1)
			where := fmt.Sprintf("teams.%d.players.%d", i, k)
			q.id(where, id)
			q.must(!seen[id], "%s: %s is there twice", where, id)
			q.must(weight >= 0 && weight <= 1, "%s.weight is %v; it must be from 0 to 1", where, weight) // a NaN is not
			seen[id] = true
			if isIn(m, id) {
				out.players = append(out.players, id)
				out.parts = append(out.parts, part{rating.Player{Weight: weight, Left: p.GetLeft(), Absent: p.GetAbsent()}, len(out.ranks)})
			}
		}
		if len(out.players) > before {
			out.ranks = append(out.ranks, int(min(t.GetRank(), math.MaxInt32)))
		}
	}
	if n := len(out.ranks); n < 2 && q.err == nil {
		q.err = failed(connect.CodeFailedPrecondition, "in %d of the teams there are players of the match %s; to compare there must be 2", n, m.ID)
	}
	return out
}

// rate returns the ratings after the match, in the order of before, which is that of the
// players. It changes nothing of the result, as it may be called again.
func (r *result) rate(md *mode.Mode, before []store.Rated) ([]store.Rated, error) {
	teams := make([][]rating.Player, len(r.ranks))
	for i, p := range r.parts {
		p.Rating = known(md, before[i])
		teams[p.team] = append(teams[p.team], p.Player)
	}
	after, err := rating.Rate(teams, r.ranks, md.Rating.Options)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(before)
	for i, x := range slices.Concat(after...) {
		if !r.parts[i].Absent {
			out[i].Mu, out[i].Sigma = x.Mu, x.Sigma
			out[i].Matches++
		}
	}
	return out, nil
}

// known returns a player's rating, or that of a new one.
func known(md *mode.Mode, r store.Rated) rating.Rating {
	if r.Matches == 0 {
		return rating.New(md.Rating.Options)
	}
	return rating.Rating{Mu: r.Mu, Sigma: r.Sigma}
}

// ratings returns what is known of players, in their order.
func (s *Service) ratings(ctx context.Context, md *mode.Mode, players []string) ([]store.Rated, error) {
	return ask(ctx, func(ctx context.Context) ([]store.Rated, error) { return s.o.Ratings.Ratings(ctx, md.Name, players) })
}

// GetRating returns how strong players are.
func (s *Service) GetRating(ctx context.Context, req *connect.Request[tickroomv1.GetRatingRequest]) (*connect.Response[tickroomv1.GetRatingResponse], error) {
	c := caller(ctx)
	var q request
	md, players := q.mode(s.modes, req.Msg.GetMode()), req.Msg.GetPlayers()
	if len(players) == 0 {
		players = []string{c.Player}
	}
	q.must(len(players) <= MaxRated, "players: there are %d; there can be %d", len(players), MaxRated)
	for i, p := range players {
		if q.id(fmt.Sprintf("players.%d", i), p); q.err == nil && p != c.Player && !c.CanReport {
			q.err = failed(connect.CodePermissionDenied, "players.%d: the ratings of others are for servers: it needs the role admin", i)
		}
	}
	if q.err != nil {
		return nil, q.err
	}
	rated, err := s.ratings(ctx, md, players)
	return connect.NewResponse(&tickroomv1.GetRatingResponse{Ratings: ratingsOf(md, rated)}), err
}

func ratingsOf(md *mode.Mode, rated []store.Rated) []*tickroomv1.PlayerRating {
	out := make([]*tickroomv1.PlayerRating, len(rated))
	for i, r := range rated {
		x := known(md, r)
		out[i] = &tickroomv1.PlayerRating{Player: r.Player, Rating: x.Mu, Uncertainty: x.Sigma, Matches: uint32(max(0, r.Matches))}
	}
	return out
}
