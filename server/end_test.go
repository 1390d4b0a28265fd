package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/tickroom/tickroom/internal/kinds/walkers"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/admin"
	"github.com/tickroom/tickroom/world"
)

// fragile is a game that panics where it is told to: in the phase that the
// room's first joiner names in its hello's data.
type fragile struct{ phase string }

func fragileKind() world.Kind {
	return world.Kind{
		Name: "fragile", Schema: walkersv1.Schema, TickRate: 50, MaxPlayers: 2,
		New: func(r *world.Room) (world.Game, error) {
			g := &fragile{}
			world.OnInput(r, func(*world.Player, *walkersv1.WalkerInput) { g.at("input") })
			world.OnCommand(r, func(*world.Player, *walkersv1.Shout) (*walkersv1.ShoutReply, error) {
				g.at("command")
				return nil, nil
			})
			return g, nil
		},
	}
}

func (g *fragile) at(phase string) {
	if g.phase == phase {
		panic("as asked: " + phase)
	}
}

func (g *fragile) Join(p *world.Player, data []byte) error {
	if g.phase == "" {
		g.phase = string(data)
	}
	g.at("join")
	if string(data) == "kick me" {
		p.Remove("as asked")
	}
	if string(data) == "no" {
		return errors.New("not you")
	}
	return nil
}
func (g *fragile) Leave(*world.Player) { g.at("leave") }
func (g *fragile) Tick()               { g.at("tick") }

func TestAPanicInAGameEndsItsRoomAlone(t *testing.T) {
	t.Parallel()
	srv := start(t, nil, walkers.Kind(), fragileKind())
	honest := join(t, srv, nil)
	for _, phase := range []string{"join", "tick", "input", "command", "leave"} {
		ws := dial(t, srv)
		send(t, ws, &tickroomv1.ClientFrame{Hello: &tickroomv1.Hello{Version: 1, Kind: "fragile", Data: []byte(phase)}})
		switch phase {
		case "input":
			send(t, ws, &tickroomv1.ClientFrame{Inputs: []*tickroomv1.Input{{Seq: 1}}})
		case "command":
			send(t, ws, &tickroomv1.ClientFrame{Commands: []*tickroomv1.CommandData{{Id: 1, Command: 1}}})
		case "leave":
			other := dial(t, srv)
			send(t, other, &tickroomv1.ClientFrame{Hello: &tickroomv1.Hello{Version: 1, Kind: "fragile"}})
			if _, _, err := other.Read(t.Context()); err != nil {
				t.Fatal(err)
			}
			_ = other.Close(websocket.StatusNormalClosure, "")
		}
		if code, reason := closedWith(t, ws); code != int(tickroomv1.CloseCode_CLOSE_CODE_ROOM_FAILED) {
			t.Errorf("panic in %s: closed with %d %q", phase, code, reason)
		}
		seq := honest.input(&walkersv1.WalkerInput{Direction: 2})
		for f := honest.frame(); f.InputAck < seq; f = honest.frame() {
		}
	}
	if m := get(t, srv, "/metrics"); !strings.Contains(m, `tickroom_room_failures_total{kind="fragile"} 5`) {
		t.Error("the metrics do not count 5 failed rooms")
	}
}

func TestAGameTurnsPlayersAway(t *testing.T) {
	t.Parallel()
	srv := start(t, nil, fragileKind())
	for data, want := range map[string]int{"kick me": 4011, "no": 4001} {
		ws := dial(t, srv)
		send(t, ws, &tickroomv1.ClientFrame{Hello: &tickroomv1.Hello{Version: 1, Kind: "fragile", Data: []byte(data)}})
		if code, reason := closedWith(t, ws); code != want || reason == "" {
			t.Errorf("%s: %d %q, want %d", data, code, reason, want)
		}
	}
}

func get(t *testing.T, srv *server.Server, path string) string {
	t.Helper()
	r, err := http.Get(fmt.Sprintf("http://%s%s", srv.AdminAddr(), path))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// post changes something at the admin address.
func post(t *testing.T, srv *server.Server, method, path string) (code int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, fmt.Sprintf("http://%s%s", srv.AdminAddr(), path), nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

func TestAdminListsAndClosesRooms(t *testing.T) {
	t.Parallel()
	srv := start(t, nil)
	p := join(t, srv, nil)
	var list struct{ Rooms []admin.RoomInfo }
	raw := get(t, srv, "/rooms")
	if err := json.Unmarshal([]byte(raw), &list); err != nil {
		if err := json.Unmarshal([]byte(raw), &list.Rooms); err != nil {
			t.Fatal(err, raw)
		}
	}
	if len(list.Rooms) != 1 || list.Rooms[0].ID != p.welc.GetRoom() || list.Rooms[0].Players != 1 {
		t.Fatalf("rooms: %s", raw)
	}
	r, err := http.Post(fmt.Sprintf("http://%s/rooms/%s/close", srv.AdminAddr(), p.welc.GetRoom()), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	if code, _ := closedWith(t, p.ws); code != 4004 {
		t.Errorf("closed with %d", code)
	}
}

func TestShutdownTellsClients(t *testing.T) {
	t.Parallel()
	cfg := config.Default()
	cfg.Listen, cfg.Admin = "127.0.0.1:0", ""
	srv, err := server.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Register(walkers.Kind()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- srv.Run(ctx) }()
	<-srv.Ready()
	inRoom, pending := join(t, srv, nil), dial(t, srv)
	silent := join(t, srv, nil) // never reads again, so never completes the close
	_ = silent
	begun := time.Now()
	stop()
	if code, reason := closedWith(t, inRoom.ws); code != 1001 || reason == "" {
		t.Errorf("a player: %d %q", code, reason)
	}
	if code, reason := closedWith(t, pending); code != 1001 || reason == "" {
		t.Errorf("one who has not said hello: %d %q", code, reason)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if took := time.Since(begun); took > 30*time.Second { // it would wait for ever
		t.Errorf("it took %v", took)
	}
}

func TestRoomsFillAndEmptyOnesEnd(t *testing.T) {
	t.Parallel()
	srv := start(t, func(c *config.Config) {
		c.EmptyRoomLinger = 100 * time.Millisecond
		c.KindOptions["walkers"] = map[string]string{"players": "2", "rate": "50"}
	})
	a, b, c := join(t, srv, nil), join(t, srv, nil), join(t, srv, nil)
	if a.welc.GetRoom() != b.welc.GetRoom() || a.welc.GetRoom() == c.welc.GetRoom() {
		t.Fatalf("rooms %s, %s, %s", a.welc.GetRoom(), b.welc.GetRoom(), c.welc.GetRoom())
	}
	_ = c.ws.Close(websocket.StatusNormalClosure, "")
	for strings.Contains(get(t, srv, "/rooms"), c.welc.GetRoom()) {
		a.frame() // as good a clock as any
	}
	_ = a.ws.Close(websocket.StatusNormalClosure, "")
	d := join(t, srv, nil)
	if d.welc.GetRoom() != b.welc.GetRoom() {
		// a's place is free with the tick after its close.
		b.frame()
		b.frame()
		if d = join(t, srv, nil); d.welc.GetRoom() != b.welc.GetRoom() {
			t.Errorf("a new player went to %s, not to the free place in %s", d.welc.GetRoom(), b.welc.GetRoom())
		}
	}
}

func TestWrongOptionsAreFoundAtTheStart(t *testing.T) {
	t.Parallel()
	for opts, says := range map[string]string{
		"walkers.nope=1": "players", "walkers.players=many": "whole number", "chess.players=2": "walkers",
	} {
		cfg := config.Default()
		cfg.Listen, cfg.Admin = "127.0.0.1:0", ""
		kind, rest, _ := strings.Cut(opts, ".")
		name, v, _ := strings.Cut(rest, "=")
		cfg.KindOptions[kind] = map[string]string{name: v}
		srv, err := server.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := srv.Register(walkers.Kind()); err != nil {
			t.Fatal(err)
		}
		if err := srv.Run(t.Context()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v; want it to say %q", opts, err, says)
		}
	}
}
