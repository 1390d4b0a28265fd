package service_test

import (
	"math"
	"testing"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/matchmaking/internal/rating"
	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// keep keeps a match of teams, as a matcher would.
func (h *harness) keep(id, md string, teams ...[]string) {
	h.t.Helper()
	m := store.Match{ID: id, Mode: md, Kind: "arena", Node: "n1"}
	for _, t := range teams {
		var seats []store.Slot
		for _, p := range t {
			seats = append(seats, store.Slot{Player: p})
		}
		m.Teams = append(m.Teams, store.Team{Slots: seats})
	}
	if err := h.tickets.Keep(h.t.Context(), m); err != nil {
		h.t.Fatal(err)
	}
}

func team(rank uint32, players ...*tickroomv1.PlayerResult) *tickroomv1.TeamResult {
	return &tickroomv1.TeamResult{Rank: rank, Players: players}
}

func played(id string) *tickroomv1.PlayerResult { return &tickroomv1.PlayerResult{Player: id} }

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

// TestResultOfTeams compares what is kept with what package rating returns, and sees that
// a match is rated once.
func TestResultOfTeams(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.keep("m", "squads", []string{"a1", "a2", "a3"}, []string{"b1", "b2", "b3"})
	o := rating.Default()
	p := rating.Full(rating.New(o))
	left, absent, half := p, p, p
	left.Left, absent.Absent, half.Weight = true, true, 0.5
	want, err := rating.Rate([][]rating.Player{{p, left, absent}, {half, p}}, []int{1, 2}, o)
	if err != nil {
		t.Fatal(err)
	}
	req := &tickroomv1.ReportResultRequest{Room: "m", Teams: []*tickroomv1.TeamResult{
		team(1, played("a1"), &tickroomv1.PlayerResult{Player: "a2", Left: true}, &tickroomv1.PlayerResult{Player: "a3", Absent: true}),
		team(2, &tickroomv1.PlayerResult{Player: "b1", Weight: 0.5}, played("b2"), played("stranger")),
	}}
	_ = fails(t, h.as("ann").ReportResult, req, connect.CodePermissionDenied, "admin")
	for i := range 2 {
		r := call(t, h.as("admin").ReportResult, req)
		if r.GetRepeated() != (i == 1) || len(r.GetRatings()) != 5 {
			t.Fatalf("reported: %v", r)
		}
		for k, w := range append(want[0], want[1]...) {
			got := r.GetRatings()[k]
			matches := uint32(1)
			if got.GetPlayer() == "a3" {
				matches = 0
			}
			if !near(got.GetRating(), w.Mu) || !near(got.GetUncertainty(), w.Sigma) || got.GetMatches() != matches {
				t.Errorf("%d times reported: %v, not %v", i+1, got, w)
			}
		}
	}
	// Those of whom nothing was reported, and those who were not there, are as they were.
	for _, id := range []string{"a3", "b3", "stranger"} {
		r := call(t, h.as("admin").GetRating, &tickroomv1.GetRatingRequest{Mode: "squads", Players: []string{id}}).GetRatings()[0]
		if r.GetRating() != 1500 || r.GetUncertainty() != 500 || r.GetMatches() != 0 {
			t.Errorf("the rating of %s: %v", id, r)
		}
	}
	// The winner is known by its rating when it comes back.
	call(t, h.as("a1").Enqueue, &tickroomv1.EnqueueRequest{Mode: "squads"})
	r := call(t, h.as("a1").GetRating, &tickroomv1.GetRatingRequest{Mode: "squads"}).GetRatings()
	if len(r) != 1 || !near(r[0].GetRating(), want[0][0].Mu) || r[0].GetPlayer() != "a1" {
		t.Errorf("its own: %v", r)
	}
	if r := call(t, h.as("a1").GetRating, &tickroomv1.GetRatingRequest{Mode: "duel"}).GetRatings(); r[0].GetRating() != 1500 {
		t.Errorf("in another mode: %v", r)
	}
}

// TestResultOfAll sees that a free-for-all is rated by its order, with ties.
func TestResultOfAll(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.keep("m", "brawl", []string{"a"}, []string{"b"}, []string{"c"}, []string{"d"})
	out, err := h.Report(t.Context(), &tickroomv1.ReportResultRequest{Room: "m", Teams: []*tickroomv1.TeamResult{
		team(3, played("c")), team(1, played("a")), team(2, played("b")), team(2, played("d")),
	}})
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]float64{}
	for _, r := range out.GetRatings() {
		by[r.GetPlayer()] = r.GetRating()
	}
	if !(by["a"] > by["b"] && near(by["b"], by["d"]) && by["b"] > by["c"] && by["a"] > 1500 && by["c"] < 1500) {
		t.Errorf("rated: %v", by)
	}
}

// TestReportsAreChecked sees that what makes no sense is refused.
func TestReportsAreChecked(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.keep("m", "squads", []string{"a1", "a2", "a3"}, []string{"b1", "b2", "b3"})
	h.keep("f", "brawl", []string{"a"}, []string{"b"})
	h.keep("plain", "", nil)
	h.keep("old", "chess", []string{"a"})
	weight := func(w float64) *tickroomv1.PlayerResult { return &tickroomv1.PlayerResult{Player: "a1", Weight: w} }
	good := team(2, played("b1"))
	for _, c := range []struct {
		name  string
		room  string
		teams []*tickroomv1.TeamResult
		code  connect.Code
		words []string
	}{
		{"no room", "", nil, connect.CodeInvalidArgument, []string{"room is missing"}},
		{"unknown room", "x", nil, connect.CodeNotFound, []string{"no match x", "120 s"}},
		{"no mode", "plain", nil, connect.CodeFailedPrecondition, []string{"has no mode"}},
		{"a mode that is gone", "old", nil, connect.CodeFailedPrecondition, []string{"chess"}},
		{"one team", "m", []*tickroomv1.TeamResult{good}, connect.CodeInvalidArgument, []string{"there are 1", "2 to 2"}},
		{"three teams", "m", []*tickroomv1.TeamResult{good, good, good}, connect.CodeInvalidArgument, []string{"there are 3"}},
		{"large team", "m", []*tickroomv1.TeamResult{team(1, played("1"), played("2"), played("3"), played("4")), good}, connect.CodeInvalidArgument, []string{"4 players", "3"}},
		{"pairs in a free-for-all", "f", []*tickroomv1.TeamResult{team(1, played("a"), played("b")), good}, connect.CodeInvalidArgument, []string{"everybody is a team"}},
		{"twice", "m", []*tickroomv1.TeamResult{team(1, played("b1")), good}, connect.CodeInvalidArgument, []string{"b1 is there twice"}},
		{"no player", "m", []*tickroomv1.TeamResult{team(1, played("")), good}, connect.CodeInvalidArgument, []string{"teams.0.players.0"}},
		{"weight", "m", []*tickroomv1.TeamResult{team(1, weight(1.5)), good}, connect.CodeInvalidArgument, []string{"1.5"}},
		{"weight that is none", "m", []*tickroomv1.TeamResult{team(1, weight(math.NaN())), good}, connect.CodeInvalidArgument, []string{"NaN"}},
		{"strangers", "m", []*tickroomv1.TeamResult{team(1, played("x")), good}, connect.CodeFailedPrecondition, []string{"in 1 of the teams"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_ = fails(t, h.as("admin").ReportResult, &tickroomv1.ReportResultRequest{Room: c.room, Teams: c.teams}, c.code, c.words...)
		})
	}
	_ = fails(t, h.as("a1").GetRating, &tickroomv1.GetRatingRequest{Mode: "squads", Players: []string{"a1", "b1"}}, connect.CodePermissionDenied, "players.1")
	_ = fails(t, h.as("a1").GetRating, &tickroomv1.GetRatingRequest{}, connect.CodeInvalidArgument, "mode is missing")
	_ = fails(t, h.as("admin").GetRating, &tickroomv1.GetRatingRequest{Mode: "squads", Players: make([]string, 101)}, connect.CodeInvalidArgument, "101")
	_ = fails(t, h.as("admin").GetRating, &tickroomv1.GetRatingRequest{Mode: "squads", Players: []string{"a b"}}, connect.CodeInvalidArgument, "a b")
}

// TestResultWithThoseWhoWereReplaced rates matches in which there were more players than
// have a place at a time: some have left, and others were sent for them.
func TestResultWithThoseWhoWereReplaced(t *testing.T) {
	t.Parallel()
	h := start(t)
	gone := func(id string) *tickroomv1.PlayerResult { return &tickroomv1.PlayerResult{Player: id, Left: true} }
	h.keep("m", "squads", []string{"a1", "a2", "a3", "a4"}, []string{"b1", "b2", "b3"})
	r := call(t, h.as("admin").ReportResult, &tickroomv1.ReportResultRequest{Room: "m", Teams: []*tickroomv1.TeamResult{
		team(1, gone("a1"), played("a2"), played("a3"), played("a4")),
		team(2, played("b1"), played("b2"), played("b3")),
	}})
	if len(r.GetRatings()) != 7 {
		t.Errorf("teams: %v", r)
	}
}
