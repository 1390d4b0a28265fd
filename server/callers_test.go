package server_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/kinds/arena"
	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/matchmaker"
	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/world"
)

// TestNamesTravelInSeats has players who tell the matchmaking service what they are called, and
// the room nothing.
func TestNamesTravelInSeats(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	names := make(chan string, 10)
	kind := arena.Kind()
	kind.Options = nil
	kind.New = func(r *world.Room) (world.Game, error) {
		world.NewTable[arenav1.Ship](r.World)
		return registrar{names}, nil
	}
	srv := start(t, quick(t, "modes:\n  duel:\n    room: {kind: arena}\n    teams: {count: 2, size: 1}\n    rating: {window: any}\n"), kind)
	joined := func(s seeker, a *matchmaker.Assignment, err error, o client.Options, want string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		o.NoReconnect = true
		c, err := s.Dial(ctx, a, o)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(client.CloseNormal, "")
		if got := <-names; got != want {
			t.Errorf("the room calls the player %q, want %q", got, want)
		}
		if id := c.Welcome().GetPlayerId(); id != s.PlayerID() || !strings.HasPrefix(id, "guest:") {
			t.Errorf("the service calls the player %q, the room %q", s.PlayerID(), id)
		}
	}
	named := func(name string) *tickroomv1.Member { return &tickroomv1.Member{Name: name} }

	ann := seek(t, srv, matchmaker.Options{})
	if id := ann.PlayerID(); id != "" {
		t.Errorf("who was never there is %q", id)
	}
	a, err := ann.QuickJoin(ctx, &tickroomv1.QuickJoinRequest{Kind: "arena", Self: named("Ann")})
	joined(ann, a, err, client.Options{}, "Ann")
	anna := seek(t, srv, matchmaker.Options{})
	a, err = anna.QuickJoin(ctx, &tickroomv1.QuickJoinRequest{Kind: "arena", Self: named("Ann")})
	joined(anna, a, err, client.Options{Config: client.Config{Name: "Anna"}}, "Anna") // the hello's comes first
	host, err := ann.CreateRoom(ctx, &tickroomv1.CreateRoomRequest{Kind: "arena", Self: named("Host")})
	joined(ann, host, err, client.Options{}, "Host")
	bob := seek(t, srv, matchmaker.Options{})
	a, err = bob.JoinRoom(ctx, &tickroomv1.JoinRoomRequest{Code: host.GetCode(), Self: named("Bob")})
	joined(bob, a, err, client.Options{}, "Bob")
	eve := seek(t, srv, matchmaker.Options{})
	a, err = eve.Spectate(ctx, &tickroomv1.SpectateRequest{Code: host.GetCode(), Self: named("Eve")})
	joined(eve, a, err, client.Options{}, "Eve")

	// The two of a match.
	var at [2]*matchmaker.Assignment
	players := [2]seeker{seek(t, srv, matchmaker.Options{}), seek(t, srv, matchmaker.Options{})}
	errs := make(chan error, 2)
	for i, name := range []string{"Cid", "Dan"} {
		go func() {
			m, err := players[i].FindMatch(ctx, &tickroomv1.EnqueueRequest{Mode: "duel", Self: named(name)}, nil)
			at[i] = m
			errs <- err
		}()
	}
	if e1, e2 := <-errs, <-errs; e1 != nil || e2 != nil {
		t.Fatal(e1, e2)
	}
	joined(players[0], at[0], nil, client.Options{}, "Cid")
	joined(players[1], at[1], nil, client.Options{}, "Dan")
}

// registrar is a game that notes the names of those who join.
type registrar struct{ names chan string }

func (g registrar) Join(p *world.Player, _ []byte) error {
	g.names <- p.Name
	return nil
}
func (registrar) Leave(*world.Player) {}
func (registrar) Tick()               {}
