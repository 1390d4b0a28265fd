package server_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/internal/kinds/arena"
	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/matchmaker"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

const watched = `
modes:
  hidden: {room: {kind: arena, options: {bots: 0}}, rating: {window: any}}
  shown: {room: {kind: arena, options: {bots: 0}}, rating: {window: any}, spectators: true}
`

// notAllowed fails unless a call was refused since its mode lets no spectators in.
func notAllowed(t *testing.T, s seeker, q *tickroomv1.SpectateRequest) {
	t.Helper()
	_, err := s.Spectate(t.Context(), q)
	if connect.CodeOf(err) != connect.CodeFailedPrecondition || !strings.Contains(err.Error(), "mode hidden can't be watched") {
		t.Errorf("%v: %v", q, err)
	}
}

// seatless returns what somebody knows who knows a room's id alone.
func seatless(a *matchmaker.Assignment) *matchmaker.Assignment {
	return &matchmaker.Assignment{Assignment: &tickroomv1.Assignment{Kind: a.GetKind(), Room: a.GetRoom()}, URL: a.URL}
}

// turnedAway fails unless a hello to watch was refused for good, with a code and a reason.
func turnedAway(t *testing.T, s seeker, a *matchmaker.Assignment, code uint16, says string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	b := *a
	b.Spectator = true
	_, err := s.Dial(ctx, &b, client.Options{Config: client.Config{Schema: arenav1.Schema}, NoReconnect: true})
	var ce *client.CloseError
	if !errors.As(err, &ce) || ce.Code != code || !strings.Contains(ce.Reason, says) {
		t.Errorf("watching %s: %v; want %d with %q", a.GetRoom(), err, code, says)
	}
}

// TestMatchesAreWatchedWhereTheirModeSaysSo has a stranger who knows a room's id, and players
// of the match themselves, who would see what is hidden from their team.
func TestMatchesAreWatchedWhereTheirModeSaysSo(t *testing.T) {
	t.Parallel()
	srv := start(t, quick(t, watched), arena.Kind())
	stranger := seek(t, srv, matchmaker.Options{})
	if advice := closecode.For(closecode.Forbidden).Advice; advice != closecode.For(closecode.Banned).Advice {
		t.Errorf("who may not watch is advised to %v", advice)
	}

	players, at := pair(t, srv, "hidden")
	players[0].enter(at[0])
	room := at[0].GetRoom()
	notAllowed(t, stranger, &tickroomv1.SpectateRequest{Room: room})
	notAllowed(t, stranger, &tickroomv1.SpectateRequest{Mode: "hidden"})
	none := seatless(at[0])
	turnedAway(t, stranger, none, closecode.SeatRefused, "with a seat from the matchmaker")
	// Bob has a seat to play, and asks for less; it is good still.
	turnedAway(t, players[1], at[1], closecode.Forbidden, "lets no spectators in")
	players[1].enter(at[1])

	// In a room that quick join has made everybody may play.
	open, err := players[0].QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{Mode: "hidden"})
	if err != nil || !open.GetRejoin() {
		t.Fatalf("%v, %v", open, err)
	}
	cat := seek(t, srv, matchmaker.Options{})
	if open, err = cat.QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{Mode: "hidden"}); err != nil {
		t.Fatal(err)
	}
	cat.enter(open)
	notAllowed(t, stranger, &tickroomv1.SpectateRequest{Room: open.GetRoom()})
	turnedAway(t, stranger, seatless(open), closecode.Forbidden, "lets no spectators in")
	if list, err := cat.ListRooms(t.Context(), &tickroomv1.ListRoomsRequest{}); err != nil || len(list.GetRooms()) != 1 || list.GetRooms()[0].GetSpectators() {
		t.Errorf("the list says that it can be watched: %v, %v", list, err)
	}

	// Where the mode says so, watchers are told names, and no ids.
	_, at = pair(t, srv, "shown")
	a, err := stranger.Spectate(t.Context(), &tickroomv1.SpectateRequest{Room: at[0].GetRoom()})
	if err != nil {
		t.Fatal(err)
	}
	if len(a.GetTeams()) != 2 {
		t.Errorf("watchers are told %v", a)
	}
	for i, team := range a.GetTeams() {
		if mine := at[0].GetTeams()[i].GetSeats()[0].GetPlayer(); mine == "" || team.GetSeats()[0].GetPlayer() != "" {
			t.Errorf("a watcher is told of player %q; players %q", team.GetSeats()[0].GetPlayer(), mine)
		}
	}
	if c := stranger.enter(a); !c.Welcome().GetSpectator() {
		t.Error("it does not watch")
	}
	if a, err = cat.Spectate(t.Context(), &tickroomv1.SpectateRequest{Mode: "shown"}); err == nil {
		t.Errorf("a match that is private is chosen for a stranger: %v", a)
	}
}

// TestAPrivateRoomIsWatchedByItsCode has rooms of a mode without spectators that were made by
// players, one of which is on the list.
func TestAPrivateRoomIsWatchedByItsCode(t *testing.T) {
	t.Parallel()
	srv := start(t, quick(t, watched), arena.Kind())
	stranger := seek(t, srv, matchmaker.Options{})
	for _, open := range []bool{false, true} {
		host := seek(t, srv, matchmaker.Options{})
		a, err := host.CreateRoom(t.Context(), &tickroomv1.CreateRoomRequest{Mode: "hidden", Open: open})
		if err != nil {
			t.Fatal(err)
		}
		host.enter(a)
		if got, err := stranger.Spectate(t.Context(), &tickroomv1.SpectateRequest{Room: a.GetRoom()}); err == nil {
			t.Errorf("watched without the code: %v", got)
		}
		turnedAway(t, stranger, seatless(a), closecode.SeatRefused, "with a seat")
		w, err := stranger.Spectate(t.Context(), &tickroomv1.SpectateRequest{Code: a.GetCode()})
		if err != nil {
			t.Fatal(err)
		}
		if c := stranger.enter(w); !c.Welcome().GetSpectator() {
			t.Error("it does not watch")
		}
	}
}
