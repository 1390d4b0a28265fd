package queue

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tickroom/tickroom/matchmaking/internal/match"
	"github.com/tickroom/tickroom/matchmaking/internal/query"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	md := duel()
	md.Format = mode.Format{Teams: 2, Size: 3, MinSize: 3}
	md.Party.Max = 3
	md.Rating.Party = mode.Each
	md.Rating.Window = mode.Window{Base: 100}
	md.Latency.Cap.Base = 100
	md.Roles = []mode.Role{{Name: "tank", Count: 1}, {Name: "damage", Count: 2}}
	ms := func(x map[string]int) map[string]time.Duration {
		out := map[string]time.Duration{}
		for k, v := range x {
			out[k] = time.Duration(v) * time.Millisecond
		}
		return out
	}
	for _, c := range []struct {
		name   string
		change func(*store.Ticket)
		want   string // what the error says; "": there is none
	}{
		{"good", func(*store.Ticket) {}, ""},
		{"all of it", func(x *store.Ticket) {
			x.Attributes = map[string]any{"level": 3.0, "map": "small", "fast": true, "tags": []string{"a"}}
			x.Query = `level in 1..5 and tags has "a"`
			x.Members[0].Roles, x.Members[1].Roles = []string{"tank"}, []string{"damage"}
			x.Members[0].Latency = ms(map[string]int{"eu": 20, "us": 300})
		}, ""},
		{"nobody", func(x *store.Ticket) { x.Members = nil }, "it has no players"},
		{"too many", func(x *store.Ticket) { x.Members = append(x.Members, x.Members...) }, "the party has 4 players; duel takes parties of at most 3"},
		{"too far apart", func(x *store.Ticket) { x.Members[1].Mu = 1700 }, "its players' ratings are 200 apart; duel allows 100 in the end"},
		{"no rating", func(x *store.Ticket) { x.Members[1].Mu = math.NaN() }, "player b has the rating"},
		{"two of one role", func(x *store.Ticket) {
			x.Members[0].Roles, x.Members[1].Roles = []string{"tank"}, []string{"tank"}
		}, "2 players of the party accept only tank, of which a team has 1"},
		{"no such role", func(x *store.Ticket) { x.Members[0].Roles = []string{"bard"} }, "player a accepts none of the roles of duel"},
		{"too far away", func(x *store.Ticket) { x.Members[0].Latency = ms(map[string]int{"eu": 200}) }, "no region is near enough for duel, which allows 100 ms in the end"},
		{"one of them too far away", func(x *store.Ticket) {
			x.Members[0].Latency, x.Members[1].Latency = ms(map[string]int{"eu": 20}), ms(map[string]int{"eu": 200})
		}, "no region is near enough"},
		{"no region in common", func(x *store.Ticket) {
			x.Members[0].Latency, x.Members[1].Latency = ms(map[string]int{"eu": 20}), ms(map[string]int{"us": 20, "asia": 30})
		}, "there is no region that all of the party have a latency to; player b names asia, us"},
		{"an attribute", func(x *store.Ticket) { x.Attributes = map[string]any{"level": 3} }, `the attribute "level" is a int; it must be a number`},
		{"a query", func(x *store.Ticket) { x.Query = "level >" }, "its query: query 1:8: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := store.Ticket{ID: "x", Members: []store.Member{
				{Player: "a", Mu: 1500, Sigma: 100}, {Player: "b", Mu: 1550, Sigma: 100},
			}}
			c.change(&x)
			err := Check(md, &x)
			if c.want == "" && err == nil {
				return
			}
			if !errors.Is(err, match.ErrTicket) || c.want == "" || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if q := (*query.Error)(nil); errors.As(err, &q) != (c.name == "a query") {
				t.Errorf("the query is to blame: %v", q)
			}
		})
	}
	if err := Check(mode.Mode{}, &store.Ticket{}); err == nil || errors.Is(err, match.ErrTicket) {
		t.Errorf("of a mode that makes no sense: %v", err)
	}
}

func TestTheWorstLatencyCounts(t *testing.T) {
	t.Parallel()
	one := map[string]time.Duration{"eu": 20, "us": 90, "asia": 200}
	got, err := worst([]store.Member{{}, {Latency: one}, {}, {Latency: map[string]time.Duration{"eu": 30, "us": 80, "sa": 1}}})
	if err != nil || len(got) != 2 || got["eu"] != 30 || got["us"] != 90 {
		t.Errorf("got %v, %v", got, err)
	}
	if len(one) != 3 || one["eu"] != 20 {
		t.Error("a member's map was changed")
	}
	if got, err := worst([]store.Member{{}, {}}); got != nil || err != nil {
		t.Errorf("of those who don't care: %v, %v", got, err)
	}
}
