package service_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/matchmaking/internal/service"
	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// TestPrivateRoom sees that a private room is found by its code alone.
func TestPrivateRoom(t *testing.T) {
	t.Parallel()
	for _, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			h := start(t)
			ann, bob := h.as("ann", p), h.as("", p)
			a := call(t, ann.CreateRoom, &tickroomv1.CreateRoomRequest{Mode: "duel"}).GetAssignment()
			sits(t, a, "ann|n1|duel|0|")
			if len(a.GetCode()) != 6 || strings.Trim(a.GetCode(), "23456789ABCDEFGHJKMNPQRSTVWXYZ") != "" {
				t.Fatalf("the code is %q", a.GetCode())
			}
			m, err := h.tickets.Match(t.Context(), a.GetRoom(), "")
			if err != nil || m.Host != "ann" || m.Open || m.Options["map"] != "small" || m.Code != a.GetCode() {
				t.Errorf("kept: %+v, %v", m, err)
			}
			r := call(t, bob.JoinRoom, &tickroomv1.JoinRoomRequest{Code: strings.ToLower(a.GetCode()[:3]) + "-" + a.GetCode()[3:]})
			if b := r.GetAssignment(); b.GetRoom() != a.GetRoom() || b.GetCode() != a.GetCode() || b.GetMode() != "duel" || b.GetUrl() != "wss://n1/ws" {
				t.Errorf("joined: %v", r)
			}
			sits(t, r.GetAssignment(), r.GetGuestToken()+"|n1|duel|0|")
			// Its host may come back by the id; others may not even know that there is one.
			call(t, ann.JoinRoom, &tickroomv1.JoinRoomRequest{Room: a.GetRoom()})
			private := fails(t, bob.JoinRoom, &tickroomv1.JoinRoomRequest{Room: a.GetRoom()}, connect.CodeNotFound)
			unknown := fails(t, bob.JoinRoom, &tickroomv1.JoinRoomRequest{Room: "arena-1"}, connect.CodeNotFound)
			if strings.ReplaceAll(private.Message(), a.GetRoom(), "arena-1") != unknown.Message() {
				t.Errorf("they differ: %v; %v", private, unknown)
			}
			_ = fails(t, bob.Spectate, &tickroomv1.SpectateRequest{Room: a.GetRoom()}, connect.CodeNotFound)
			s := call(t, bob.Spectate, &tickroomv1.SpectateRequest{Code: a.GetCode()})
			sits(t, s.GetAssignment(), s.GetGuestToken()+"|n1|duel|0|spectator")
			if l := call(t, bob.ListRooms, &tickroomv1.ListRoomsRequest{}); len(l.GetRooms()) != 0 {
				t.Errorf("listed: %v", l)
			}

			// When its node has listed it, it may be full.
			h.lists(store.Listing{ID: a.GetRoom(), Mode: "duel", Occupancy: store.Occupancy{Players: 2, MaxPlayers: 2, Private: true}})
			_ = fails(t, h.as("eve", p).JoinRoom, &tickroomv1.JoinRoomRequest{Code: a.GetCode()}, connect.CodeResourceExhausted, "full")
			if l := call(t, bob.ListRooms, &tickroomv1.ListRoomsRequest{}); len(l.GetRooms()) != 0 {
				t.Errorf("listed: %v", l)
			}
			h.lists(store.Listing{ID: a.GetRoom(), Revision: 2, Occupancy: store.Occupancy{Players: 1, MaxPlayers: 2, Private: true}})
			call(t, h.as("eve", p).JoinRoom, &tickroomv1.JoinRoomRequest{Code: a.GetCode()})
			if n, _ := h.reserved(a.GetRoom()); n != 1 {
				t.Errorf("%d places are reserved", n)
			}
			for _, c := range []*tickroomv1.JoinRoomRequest{{}, {Code: a.GetCode(), Room: a.GetRoom()}, {Code: "AAAAA"}, {Code: "AAAAA0"}, {Code: strings.Repeat(" ", 1000)}, {Room: "a b"}} {
				_ = fails(t, bob.JoinRoom, c, connect.CodeInvalidArgument)
			}
			_ = fails(t, bob.JoinRoom, &tickroomv1.JoinRoomRequest{Code: "AAAAAA"}, connect.CodeNotFound, "AAAAAA")
		})
	}
}

// TestOpenRoom sees that a room made open is for all.
func TestOpenRoom(t *testing.T) {
	t.Parallel()
	h := start(t)
	a := call(t, h.as("ann").CreateRoom, &tickroomv1.CreateRoomRequest{Kind: "arena", Open: true}).GetAssignment()
	if b := call(t, h.as("bob").QuickJoin, &tickroomv1.QuickJoinRequest{Kind: "arena"}).GetAssignment(); b.GetRoom() != a.GetRoom() || b.GetCode() != "" {
		t.Errorf("joined: %v", b)
	}
	call(t, h.as("eve").JoinRoom, &tickroomv1.JoinRoomRequest{Room: a.GetRoom()})
	call(t, h.as("dan").JoinRoom, &tickroomv1.JoinRoomRequest{Code: a.GetCode()})
	_ = fails(t, h.as("fay").JoinRoom, &tickroomv1.JoinRoomRequest{Room: a.GetRoom()}, connect.CodeResourceExhausted, "full")
	l := call(t, h.as("fay").ListRooms, &tickroomv1.ListRoomsRequest{Kind: "arena"})
	if len(l.GetRooms()) != 1 || l.GetRooms()[0].GetPlayers() != 4 || !l.GetRooms()[0].GetSpectators() || l.GetRooms()[0].GetCreated() == nil {
		t.Errorf("listed: %v", l)
	}
	s := call(t, h.as("viewer").Spectate, &tickroomv1.SpectateRequest{Room: a.GetRoom()}).GetAssignment()
	sits(t, s, "viewer|n1||0|spectator")
	_ = fails(t, h.as("viewer").JoinRoom, &tickroomv1.JoinRoomRequest{Room: a.GetRoom()}, connect.CodePermissionDenied)
	_ = fails(t, h.as("viewer").CreateRoom, &tickroomv1.CreateRoomRequest{Kind: "arena"}, connect.CodePermissionDenied)
	_ = fails(t, h.as("nobody").Spectate, &tickroomv1.SpectateRequest{Room: a.GetRoom()}, connect.CodePermissionDenied)
	_ = fails(t, h.as("ann").CreateRoom, &tickroomv1.CreateRoomRequest{}, connect.CodeInvalidArgument, "mode and kind are missing")
}

// TestRoomsThatAreAskedForAreBounded has an address, and a player, ask for more rooms than they may: those
// beyond are not made, while calls that make none go on.
func TestRoomsThatAreAskedForAreBounded(t *testing.T) {
	t.Parallel()
	const most = 3
	for _, whose := range []string{"address", "player"} {
		h := start(t)
		left := most
		bound := func(_ string, w service.Work) (time.Duration, error) {
			if w != service.Room {
				return 0, nil
			}
			if left--; left < 0 {
				return time.Minute, nil
			}
			return 0, nil
		}
		if whose == "address" {
			h.limits.set(bound, nil)
		} else {
			h.limits.set(nil, bound)
		}
		for range most {
			call(t, h.as("ann").CreateRoom, &tickroomv1.CreateRoomRequest{Kind: "arena", Open: true})
		}
		_ = fails(t, h.as("ann").CreateRoom, &tickroomv1.CreateRoomRequest{Kind: "arena", Open: true}, connect.CodeResourceExhausted, "try again in 60 s")
		if n := len(call(t, h.as("ann").ListRooms, &tickroomv1.ListRoomsRequest{}).GetRooms()); n != most {
			t.Errorf("%d rooms are listed; the bound of the %s is %d", n, whose, most)
		}
		call(t, h.as("bob").QuickJoin, &tickroomv1.QuickJoinRequest{Kind: "arena"}) // there is a place
	}
}

// TestRoomsOfNoMatch sees what can be done with rooms that were made without
// matchmaking, of which the list alone knows.
func TestRoomsOfNoMatch(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.lists(store.Listing{ID: "made", Region: "eu", Occupancy: store.Occupancy{MaxSpectators: 4}})
	h.lists(store.Listing{ID: "quiz", Kind: "quiz"})
	h.lists(store.Listing{ID: "secret", Occupancy: store.Occupancy{Private: true}})
	a := call(t, h.as("ann").JoinRoom, &tickroomv1.JoinRoomRequest{Room: "made"}).GetAssignment()
	sits(t, a, "ann|n1||0|")
	if a.GetRegion() != "eu" || a.GetUrl() != "wss://n1/ws" {
		t.Errorf("joined: %v", a)
	}
	sits(t, call(t, h.as("ann").Spectate, &tickroomv1.SpectateRequest{Room: "made"}).GetAssignment(), "ann|n1||0|spectator")
	_ = fails(t, h.as("ann").Spectate, &tickroomv1.SpectateRequest{Room: "quiz"}, connect.CodeFailedPrecondition, "quiz can't be watched")
	_ = fails(t, h.as("ann").Spectate, &tickroomv1.SpectateRequest{Room: "secret"}, connect.CodeNotFound)
	_ = fails(t, h.as("ann").Spectate, &tickroomv1.SpectateRequest{Room: "nowhere"}, connect.CodeNotFound)
	_ = fails(t, h.as("ann").JoinRoom, &tickroomv1.JoinRoomRequest{Room: "secret"}, connect.CodeNotFound)
	if n, _ := h.reserved("secret"); n != 0 {
		t.Error("a seat of a secret room is held")
	}
	_ = fails(t, h.as("ann").Spectate, &tickroomv1.SpectateRequest{Room: "made", Self: &tickroomv1.Member{Name: "\x01"}}, connect.CodeInvalidArgument)
	_ = fails(t, h.as("ann").JoinRoom, &tickroomv1.JoinRoomRequest{Room: "made", Self: &tickroomv1.Member{Name: "\x01"}}, connect.CodeInvalidArgument)
}

// TestARoomOfThisMomentIsWatched has rooms come right after somebody has seen the list.
func TestARoomOfThisMomentIsWatched(t *testing.T) {
	t.Parallel()
	for _, req := range []*tickroomv1.SpectateRequest{{Kind: "arena"}, {Room: "new"}} {
		h := start(t)
		_ = call(t, h.as("ann").ListRooms, &tickroomv1.ListRoomsRequest{})
		h.lists(store.Listing{ID: "new", Occupancy: store.Occupancy{MaxSpectators: 1}})
		if a := call(t, h.as("bob").Spectate, req).GetAssignment(); a.GetRoom() != "new" {
			t.Errorf("%v: %v", req, a)
		}
	}
}

// TestMatchesAreClosed sees that the match of a queue is for its players, and may be
// watched where its mode says so.
func TestMatchesAreClosed(t *testing.T) {
	t.Parallel()
	h := start(t)
	ids := map[string]string{}
	for _, p := range []string{"ann", "bob"} {
		ids[p] = call(t, h.as(p).Enqueue, &tickroomv1.EnqueueRequest{Mode: "duel"}).GetTicket()
	}
	h.match("duel")
	room := watchOnce(t, h.as("ann").Watch, ids["ann"]).GetAssignment().GetRoom()
	_ = fails(t, h.as("eve").JoinRoom, &tickroomv1.JoinRoomRequest{Room: room}, connect.CodeNotFound)
	if a := call(t, h.as("bob").JoinRoom, &tickroomv1.JoinRoomRequest{Room: room}).GetAssignment(); !a.GetRejoin() || a.GetRoom() != room {
		t.Errorf("its own: %v", a)
	}
	_ = fails(t, h.as("eve").Spectate, &tickroomv1.SpectateRequest{Room: room}, connect.CodeFailedPrecondition, "duel can't be watched")
	_ = fails(t, h.as("eve").Spectate, &tickroomv1.SpectateRequest{Mode: "duel"}, connect.CodeFailedPrecondition, "duel can't be watched")
	_ = fails(t, h.as("bob").Spectate, &tickroomv1.SpectateRequest{Room: room}, connect.CodeFailedPrecondition, "plays in the room")
	if err := h.nodes.Leave(t.Context(), "n1"); err != nil {
		t.Fatal(err)
	}
	fresh := start(t, func(o *service.Options) {
		o.Tickets, o.Nodes = guarded{h.tickets, h.stores, h.deaf}, guardedNodes{h.nodes, h.stores}
	})
	_ = fails(t, fresh.as("bob").JoinRoom, &tickroomv1.JoinRoomRequest{Room: room}, connect.CodeNotFound, "its server is not there")
}

// TestListRooms sees that filters hold and that pages have each room once.
func TestListRooms(t *testing.T) {
	t.Parallel()
	h := start(t)
	for i := range 23 {
		h.lists(store.Listing{ID: fmt.Sprintf("a%02d", i), Region: []string{"eu", "us"}[i%2], Created: time.Now().Add(-time.Duration(i) * time.Minute), Occupancy: store.Occupancy{Players: i % 5 % 4}})
	}
	h.lists(store.Listing{ID: "q", Kind: "quiz"})
	h.lists(store.Listing{ID: "m", Mode: "duel"})
	h.lists(store.Listing{ID: "closed", Occupancy: store.Occupancy{Closed: true}})
	ann := h.as("ann")
	for _, c := range []struct {
		req  *tickroomv1.ListRoomsRequest
		want int
	}{
		{&tickroomv1.ListRoomsRequest{}, 25},
		{&tickroomv1.ListRoomsRequest{Kind: "arena"}, 24},
		{&tickroomv1.ListRoomsRequest{Kind: "quiz"}, 1},
		{&tickroomv1.ListRoomsRequest{Mode: "duel"}, 1},
		{&tickroomv1.ListRoomsRequest{Mode: "pairs"}, 0},
		{&tickroomv1.ListRoomsRequest{Query: `region == "us"`}, 11},
		{&tickroomv1.ListRoomsRequest{Query: `players == 0 and kind == "arena" and mode != "duel"`}, 9},
		{&tickroomv1.ListRoomsRequest{Query: `free == 1`}, 4},
		{&tickroomv1.ListRoomsRequest{Query: `age < 90 and region in ("eu", "us")`}, 2},
	} {
		var got []string
		for size := range uint32(3) {
			got = got[:0]
			req := &tickroomv1.ListRoomsRequest{Kind: c.req.GetKind(), Mode: c.req.GetMode(), Query: c.req.GetQuery(), PageSize: size * 4}
			for {
				r := call(t, ann.ListRooms, req)
				for _, room := range r.GetRooms() {
					got = append(got, room.GetRoom())
				}
				if size > 0 && len(r.GetRooms()) > int(size*4) {
					t.Errorf("%d rooms on a page of %d", len(r.GetRooms()), size*4)
				}
				if req.PageToken = r.GetNextPageToken(); req.GetPageToken() == "" {
					break
				}
			}
			if len(got) != c.want || !slices.IsSorted(got) || len(slices.Compact(got)) != c.want {
				t.Errorf("%v: %d rooms, not %d: %v", req, len(got), c.want, got)
			}
		}
	}
	_ = fails(t, ann.ListRooms, &tickroomv1.ListRoomsRequest{PageSize: 201}, connect.CodeInvalidArgument, "201", "200")
	_ = fails(t, ann.ListRooms, &tickroomv1.ListRoomsRequest{PageToken: "!"}, connect.CodeInvalidArgument, "page_token")
	_ = fails(t, ann.ListRooms, &tickroomv1.ListRoomsRequest{Kind: "chess"}, connect.CodeInvalidArgument, "chess")
	_ = fails(t, ann.ListRooms, &tickroomv1.ListRoomsRequest{Query: "players in ("}, connect.CodeInvalidArgument, "query 1:")
	// A page goes on after a room that has gone meanwhile.
	r := call(t, ann.ListRooms, &tickroomv1.ListRoomsRequest{PageSize: 2})
	if err := h.dir.Remove(t.Context(), r.GetRooms()[1].GetRoom(), 1); err != nil {
		t.Fatal(err)
	}
	if r := call(t, ann.ListRooms, &tickroomv1.ListRoomsRequest{PageSize: 1, PageToken: r.GetNextPageToken()}); r.GetRooms()[0].GetRoom() != "a02" {
		t.Errorf("the next page: %v", r)
	}
	// Everybody may look.
	call(t, h.as("").ListRooms, &tickroomv1.ListRoomsRequest{})
	call(t, h.as("nobody").ListRooms, &tickroomv1.ListRoomsRequest{})
}

// TestJoinRoomAgain has a player of a full room come back, who needs no second place.
func TestJoinRoomAgain(t *testing.T) {
	t.Parallel()
	h := start(t)
	a := call(t, h.as("ann").CreateRoom, &tickroomv1.CreateRoomRequest{Kind: "arena"}).GetAssignment()
	h.lists(store.Listing{ID: a.GetRoom(), Occupancy: store.Occupancy{Players: 2, MaxPlayers: 2, Private: true}})
	if err := h.tickets.Joined(t.Context(), "bob", a.GetRoom()); err != nil {
		t.Fatal(err)
	}
	for _, req := range []*tickroomv1.JoinRoomRequest{{Code: a.GetCode()}, {Room: a.GetRoom()}} {
		if b := call(t, h.as("bob").JoinRoom, req).GetAssignment(); b.GetRoom() != a.GetRoom() || !b.GetRejoin() {
			t.Errorf("joined: %v", b)
		}
	}
	if err := h.tickets.Left(t.Context(), "bob", a.GetRoom()); err != nil {
		t.Fatal(err)
	}
	_ = fails(t, h.as("bob").JoinRoom, &tickroomv1.JoinRoomRequest{Code: a.GetCode()}, connect.CodeResourceExhausted, "full")
}

// TestJoinRoomAfterLeaving has players who have left a match come back to it by its id: as
// long as nobody else was sent there for them.
func TestJoinRoomAfterLeaving(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.keep("arena-1", "duel", []string{"ann"}, []string{"bob"})
	h.keep("arena-2", "duel", []string{"ann", "eve"}, []string{"bob"}) // eve has replaced ann
	for _, room := range []string{"arena-1", "arena-2"} {
		if err := h.tickets.Left(t.Context(), "ann", room); err != nil {
			t.Fatal(err)
		}
	}
	join := func(room string) *tickroomv1.JoinRoomRequest { return &tickroomv1.JoinRoomRequest{Room: room} }
	if a := call(t, h.as("ann").JoinRoom, join("arena-1")).GetAssignment(); !a.GetRejoin() {
		t.Errorf("joined: %v", a)
	}
	_ = fails(t, h.as("ann").JoinRoom, join("arena-2"), connect.CodeFailedPrecondition, "somebody else")
	call(t, h.as("eve").JoinRoom, join("arena-2"))
}

// TestPlacesOfRooms sees what players, those who watch, and locks mean to the service.
func TestPlacesOfRooms(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.lists(store.Listing{ID: "full", Occupancy: store.Occupancy{Players: 4, MaxPlayers: 4, Spectators: 1, MaxSpectators: 2}})
	h.lists(store.Listing{ID: "locked", Occupancy: store.Occupancy{Players: 3, MaxPlayers: 4, Spectators: 2, MaxSpectators: 2, Locked: true}})
	h.lists(store.Listing{ID: "other", Occupancy: store.Occupancy{Players: 2, MaxPlayers: 4}})
	h.lists(store.Listing{ID: "open", Occupancy: store.Occupancy{Players: 1, MaxPlayers: 4, MaxSpectators: 2}})
	l := call(t, h.as("ann").ListRooms, &tickroomv1.ListRoomsRequest{Kind: "arena"}).GetRooms()
	if len(l) != 4 || l[0].GetPlayers() != 4 || l[0].GetWatching() != 1 || l[0].GetMaxWatching() != 2 || !l[1].GetLocked() || l[1].GetWatching() != 2 || l[2].GetLocked() {
		t.Errorf("listed: %v", l)
	}
	if l = call(t, h.as("ann").ListRooms, &tickroomv1.ListRoomsRequest{Query: "free > 0"}).GetRooms(); len(l) != 2 || l[0].GetRoom() != "open" || l[1].GetRoom() != "other" {
		t.Errorf("with places: %v", l)
	}
	if l = call(t, h.as("ann").ListRooms, &tickroomv1.ListRoomsRequest{Query: "locked and watching == 2"}).GetRooms(); len(l) != 1 || l[0].GetRoom() != "locked" {
		t.Errorf("locked ones: %v", l)
	}
	_ = fails(t, h.as("ann").JoinRoom, &tickroomv1.JoinRoomRequest{Room: "locked"}, connect.CodeResourceExhausted, "no new players")

	// To play: not where it is full or locked, nor in a room that is excepted. A seat insists
	// on its room if there is a query, which the room's server can't read.
	for _, c := range []struct {
		q       *tickroomv1.QuickJoinRequest
		in      string
		anyRoom bool
	}{
		{&tickroomv1.QuickJoinRequest{Kind: "arena"}, "other", true},
		{&tickroomv1.QuickJoinRequest{Kind: "arena", Except: []string{"other"}}, "open", true},
		{&tickroomv1.QuickJoinRequest{Kind: "arena", Except: []string{"other"}, Query: "players > 0"}, "open", false},
	} {
		a := call(t, h.as("").QuickJoin, c.q).GetAssignment()
		if a.GetRoom() != c.in || strings.Contains(a.GetSeat(), "any room") != c.anyRoom {
			t.Errorf("%v: %v", c.q, a)
		}
	}
	_ = fails(t, h.as("ann").QuickJoin, &tickroomv1.QuickJoinRequest{Kind: "arena", Except: make([]string, 17)}, connect.CodeInvalidArgument, "except")

	// To watch: where there are most players, and nowhere if there is no such place.
	viewer := h.as("viewer")
	a := call(t, viewer.Spectate, &tickroomv1.SpectateRequest{Kind: "arena"}).GetAssignment()
	sits(t, a, "viewer|n1||0|spectator")
	if _, n := h.reserved("full"); a.GetRoom() != "full" || n != 1 {
		t.Errorf("to watch: %v; %d places reserved", a, n)
	}
	if a := call(t, h.as("bob").Spectate, &tickroomv1.SpectateRequest{Kind: "arena", Query: "players < 4"}).GetAssignment(); a.GetRoom() != "open" {
		t.Errorf("to watch: %v", a)
	}
	_ = fails(t, viewer.Spectate, &tickroomv1.SpectateRequest{Kind: "arena", Query: "players > 9"}, connect.CodeNotFound, "none is made")
	_ = fails(t, viewer.Spectate, &tickroomv1.SpectateRequest{Kind: "quiz"}, connect.CodeFailedPrecondition, "can't be watched")
	_ = fails(t, viewer.Spectate, &tickroomv1.SpectateRequest{}, connect.CodeInvalidArgument, "give room, code, mode or kind")
}
