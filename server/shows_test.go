package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/matchmaker"
	"github.com/tickroom/tickroom/netcode/replica"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/server"
)

// viewer is a client in a house of a tally.
type viewer struct {
	t *testing.T
	*client.Client
}

// view joins a house of a show; empty: of the default one.
func view(t *testing.T, addr, show string) viewer {
	t.Helper()
	v, err := tryView(t, addr, client.Config{Options: asks(show)})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func asks(show string) map[string]string {
	if show == "" {
		return nil
	}
	return map[string]string{"show": show}
}

func tryView(t *testing.T, addr string, c client.Config) (viewer, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c.Kind, c.Schema, c.HashEvery = "tally", walkersv1.Schema, 1
	got, err := client.Dial(ctx, "ws://"+addr+server.Path, client.Options{Config: c})
	if err != nil {
		return viewer{}, err
	}
	t.Cleanup(func() { got.Close(client.CloseNormal, "") })
	return viewer{t, got}, nil
}

// shout has the house count one more.
func (v viewer) shout() {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.t.Context(), 30*time.Second)
	defer cancel()
	if _, err := client.Call[walkersv1.Shout, walkersv1.ShoutReply](ctx, v.Client, &walkersv1.Shout{Text: "here"}); err != nil {
		v.t.Fatal(err)
	}
}

// row returns what the viewer sees.
func (v viewer) row() (row walkersv1.Walker) {
	v.View(func(r *replica.Replica) {
		for _, w := range replica.All[walkersv1.Walker](r) {
			row = *w
		}
	})
	return row
}

// counts waits until viewers see a count in all houses, and hear their show.
func counts(t *testing.T, total uint32, all ...viewer) {
	t.Helper()
	for i, v := range all {
		until(t, fmt.Sprintf("viewer %d sees %d", i, total), func() bool {
			row := v.row()
			return row.Health == total && row.Player == tallyHears
		})
	}
}

// adminRooms returns what the admin address tells of the rooms of a kind.
func adminRooms(t *testing.T, addr, kind string) (rooms []map[string]any) {
	t.Helper()
	resp, err := http.Get("http://" + addr + "/rooms")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var list struct {
		Rooms []map[string]any `json:"rooms"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(list.Rooms, func(r map[string]any) bool { return r["kind"] != kind })
}

// TestAShowWithThreeHouses has viewers fill three houses of a show in one process.
func TestAShowWithThreeHouses(t *testing.T) {
	t.Parallel()
	srv := start(t, nil, tallyKinds(4)...)
	addr := srv.Addr().String()
	in := map[string]int{}
	var all []viewer
	for range 9 {
		v := view(t, addr, "one")
		in[v.Welcome().GetRoom()]++
		all = append(all, v)
	}
	if len(in) != 3 {
		t.Fatalf("nine viewers, four in a house, are in %v", in)
	}
	for _, v := range all {
		v.shout()
	}
	counts(t, 9, all...)
	other := view(t, addr, "two")
	other.shout()
	counts(t, 1, other)
	counts(t, 9, all...)
	epoch := all[0].row().LastInput
	for _, v := range all {
		if row := v.row(); row.LastInput != epoch || row.Y != 0 {
			t.Errorf("%+v; another viewer sees the epoch %d", row, epoch)
		}
	}
	// The show is seen by operators, and by nobody else.
	shows := adminRooms(t, srv.AdminAddr().String(), "tally-show")
	if len(shows) != 2 {
		t.Fatalf("%v", shows)
	}
	for _, kind := range []string{"tally-show", "tally"} {
		_, err := tryView(t, addr, client.Config{Room: shows[0]["id"].(string), Kind: kind})
		if err == nil && kind == "tally-show" {
			t.Error("a client has joined a show")
		}
	}
	m := seek(t, srv, matchmaker.Options{})
	list, err := m.ListRooms(t.Context(), &tickroomv1.ListRoomsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]int{}
	for _, r := range list.GetRooms() {
		if r.GetKind() != "tally" || r.GetOptions()["show"] != r.GetShow() {
			t.Errorf("listed: %v", r)
		}
		of[r.GetShow()]++
	}
	if of["one"] < 3 || of["two"] < 1 || len(of) != 2 { // others may be opened ahead
		t.Errorf("listed: %v", of)
	}
	list, err = m.ListRooms(t.Context(), &tickroomv1.ListRoomsRequest{Query: `show == "two"`})
	if err != nil || len(list.GetRooms()) != of["two"] {
		t.Errorf("%v, %v", list, err)
	}
	for what, call := range map[string]func() error{
		"quick join": func() error {
			_, err := m.QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{Kind: "tally-show"})
			return err
		},
		"join": func() error {
			_, err := m.JoinRoom(t.Context(), &tickroomv1.JoinRoomRequest{Room: shows[0]["id"].(string)})
			return err
		},
		"spectate": func() error {
			_, err := m.Spectate(t.Context(), &tickroomv1.SpectateRequest{Room: shows[0]["id"].(string)})
			return err
		},
		"create": func() error {
			_, err := m.CreateRoom(t.Context(), &tickroomv1.CreateRoomRequest{Kind: "tally-show"})
			return err
		},
	} {
		if err := call(); err == nil {
			t.Errorf("%s leads to a show", what)
		}
	}
}

// TestShowsHaveGoodNames has clients ask for shows that can't be.
func TestShowsHaveGoodNames(t *testing.T) {
	t.Parallel()
	srv := start(t, nil, tallyKinds(4)...)
	for _, name := range []string{"a/b", "", "ä", strings.Repeat("x", 65)} {
		_, err := tryView(t, srv.Addr().String(), client.Config{Options: map[string]string{"show": name}})
		if ce := (*client.CloseError)(nil); !errors.As(err, &ce) || int(ce.Code) != int(tickroomv1.CloseCode_CLOSE_CODE_BAD_HELLO) {
			t.Errorf("%q: %v", name, err)
		}
		if _, err := seek(t, srv, matchmaker.Options{}).QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{Kind: "tally", Options: map[string]string{"show": name}}); err == nil {
			t.Errorf("%q: a seat", name)
		}
	}
}

// TestAHouseIsARoom has players who come back, watch, and are in two shows.
func TestAHouseIsARoom(t *testing.T) {
	t.Parallel()
	srv := start(t, nil, tallyKinds(4)...)
	addr := srv.Addr().String()

	// The connection is lost, and the session goes on with one delta.
	hello := func() *tickroomv1.Hello {
		return &tickroomv1.Hello{Kind: "tally", Options: asks("one")}
	}
	p := join(t, srv, hello())
	room, token := p.welc.GetRoom(), p.welc.GetSession()
	p.frame()
	send(t, p.ws, &tickroomv1.ClientFrame{Ack: p.rep.Tick()})
	for p.row().Player != tallyHears {
		p.frame()
		send(t, p.ws, &tickroomv1.ClientFrame{Ack: p.rep.Tick()})
	}
	_ = p.ws.CloseNow()
	p.ws, p.welc = dial(t, srv), nil
	send(t, p.ws, &tickroomv1.ClientFrame{Hello: &tickroomv1.Hello{Version: 1, Kind: "tally", Room: room, Resume: token, ResumeTick: p.rep.Tick(), HashEvery: 1}})
	for p.welc == nil {
		p.frame()
	}
	if !p.welc.GetResumed() || p.welc.GetRoom() != room {
		t.Errorf("welcome: %v", p.welc)
	}
	if p.frame(); p.row().Player != tallyHears {
		t.Errorf("%+v", p.row())
	}
	// One whose house is gone is in another one of the show.
	again := hello()
	again.Room, again.Resume, again.ResumeTick, again.OrJoin = "tally-elsewhere", "of another life", 77, true
	if q := join(t, srv, again); q.welc.GetRoom() != room || q.welc.GetResumed() {
		t.Errorf("welcome: %v", q.welc)
	}

	watch := hello()
	watch.Spectate = true
	if w := join(t, srv, watch); w.welc.GetRoom() != room || !w.welc.GetSpectator() {
		t.Errorf("welcome: %v", w.welc)
	}

	// A player with a session in one show is sent there by that show's name alone.
	s := seek(t, srv, matchmaker.Options{})
	a, err := s.QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{Kind: "tally", Options: asks("one")})
	if err != nil || a.GetRoom() != room {
		t.Fatalf("%v, %v", a, err)
	}
	as := func(show string) viewer {
		v, err := tryView(t, addr, client.Config{Options: asks(show), Token: s.Token()})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	one := as("one")
	two := as("two")
	if one.Welcome().GetRoom() != room || two.Welcome().GetRoom() == room {
		t.Errorf("in %s and %s; the house of the first show is %s", one.Welcome().GetRoom(), two.Welcome().GetRoom(), room)
	}
	back := as("one")
	if back.Welcome().GetRoom() != room || back.Welcome().GetPlayer() != one.Welcome().GetPlayer() {
		t.Errorf("back in %s as player %d", back.Welcome().GetRoom(), back.Welcome().GetPlayer())
	}
	<-one.Done()
}

// row returns what the player sees of a tally.
func (p *player) row() (row walkersv1.Walker) {
	for _, w := range replica.All[walkersv1.Walker](p.rep) {
		row = *w
	}
	return row
}
