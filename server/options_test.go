package server_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/matchmaker"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/world"
)

// mapsKind is a kind of rooms of three whose map clients choose; it greets with it.
func mapsKind() world.Kind {
	k := whispersKind()
	k.Name, k.MaxPlayers = "maps", 3
	k.Options = []world.Option{
		{Name: "map", Default: "field", Clients: true, Check: world.OneOf("field", "yard", "moon")},
		{Name: "laps", Default: "3"},
	}
	k.New = func(r *world.Room) (world.Game, error) {
		if r.Text("map") == "moon" {
			return nil, errors.New("there is no air on the moon")
		}
		return greeter{fmt.Sprint(r.Text("map"), " ", r.Text("laps"))}, nil
	}
	return k
}

type greeter struct{ text string }

func (g greeter) Join(p *world.Player, _ []byte) error {
	p.Emit(&whisper{text: g.text})
	return nil
}
func (greeter) Leave(*world.Player) {}
func (greeter) Tick()               {}

// TestClientsChooseOptions has clients that choose, without a matchmaker and with one.
func TestClientsChooseOptions(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	kind := mapsKind()
	srv := start(t, nil, kind)
	url := "ws://" + srv.Addr().String() + server.Path
	// enter joins and returns the room and what it greets with.
	enter := func(dial func(client.Options) (*client.Client, error), cfg client.Config) (room, greeting string, err error) {
		heard := make(chan string, 1)
		cfg.Schema = kind.Schema
		c, err := dial(client.Options{Config: cfg, NoReconnect: true, Setup: func(s *client.Session) {
			client.OnEvent(s, func(w *whisper, _ uint32) { heard <- w.text })
		}})
		if err != nil {
			return "", "", err
		}
		t.Cleanup(func() { c.Close(client.CloseNormal, "") })
		select {
		case greeting = <-heard:
		case <-ctx.Done():
			t.Fatal("no greeting")
		}
		return c.Welcome().GetRoom(), greeting, nil
	}
	hello := func(options map[string]string) (room, greeting string, err error) {
		return enter(func(o client.Options) (*client.Client, error) { return client.Dial(ctx, url, o) }, client.Config{Kind: "maps", Options: options})
	}
	yard := map[string]string{"map": "yard"}
	usual, said, err := hello(nil)
	if err != nil || said != "field 3" {
		t.Fatalf("who chooses nothing is on %q, %v", said, err)
	}
	first, said, err := hello(yard)
	if err != nil || said != "yard 3" || first == usual {
		t.Errorf("who chooses the yard is on %q in %s, %v", said, first, err)
	}
	for _, c := range []struct {
		options map[string]string
		want    string
	}{{yard, first}, {nil, usual}, {map[string]string{"map": "field"}, usual}} {
		if room, said, err := hello(c.options); err != nil || room != c.want {
			t.Errorf("%v leads to %s (%s), %v; want %s", c.options, room, said, err, c.want)
		}
	}
	for _, c := range []struct{ name, value, says string }{
		{"map", "sea", `option map="sea": it must be one of: field, yard, moon`},
		{"laps", "9", `rooms of kind maps have no option "laps" that clients may choose; those are: map`},
		{"map", "moon", "kind maps: there is no air on the moon"},
	} {
		_, _, err := hello(map[string]string{c.name: c.value})
		var end *client.CloseError
		if !errors.As(err, &end) || end.Code != closecode.BadHello || end.Reason != c.says {
			t.Errorf("%s=%s: %v; want %q", c.name, c.value, err, c.says)
		}
	}

	// By the service: the same rooms, and private ones.
	ann := seek(t, srv, matchmaker.Options{})
	seated := func(s seeker, a *matchmaker.Assignment, err error) (room, greeting string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		room, greeting, err = enter(func(o client.Options) (*client.Client, error) { return s.Dial(ctx, a, o) }, client.Config{})
		if err != nil {
			t.Fatal(err)
		}
		return room, greeting
	}
	a, err := ann.QuickJoin(ctx, &tickroomv1.QuickJoinRequest{Kind: "maps", Options: yard})
	if room, said := seated(ann, a, err); room != first || said != "yard 3" {
		t.Errorf("quick join leads to %s (%s), want %s", room, said, first)
	}
	// The room is full: a new one, which the next one finds.
	bob, cid := seek(t, srv, matchmaker.Options{}), seek(t, srv, matchmaker.Options{})
	a, err = bob.QuickJoin(ctx, &tickroomv1.QuickJoinRequest{Kind: "maps", Options: yard})
	second, said := seated(bob, a, err)
	if second == first || said != "yard 3" {
		t.Errorf("quick join leads to %s (%s), which is full", second, said)
	}
	a, err = cid.QuickJoin(ctx, &tickroomv1.QuickJoinRequest{Kind: "maps", Options: yard, Query: "free > 0"})
	if room, said := seated(cid, a, err); room != second {
		t.Errorf("quick join leads to %s (%s), want %s", room, said, second)
	}
	if room, said, err := hello(yard); err != nil || room != second {
		t.Errorf("a hello leads to %s (%s), %v; want %s", room, said, err, second)
	}
	host := seek(t, srv, matchmaker.Options{})
	a, err = host.CreateRoom(ctx, &tickroomv1.CreateRoomRequest{Kind: "maps", Options: yard})
	if room, said := seated(host, a, err); room == second || said != "yard 3" {
		t.Errorf("a private room is %s (%s)", room, said)
	}
	for _, options := range []map[string]string{{"map": "sea"}, {"laps": "1"}} {
		if _, err := host.CreateRoom(ctx, &tickroomv1.CreateRoomRequest{Kind: "maps", Options: options}); connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("%v: %v", options, err)
		}
	}
}
