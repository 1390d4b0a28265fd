package server_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/tickroom/tickroom/netcode/matchmaker"
	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/world"
)

// pairs is a game of rounds for two, which says so only when somebody comes.
type pairs struct {
	r       *world.Room
	players int
	locks   bool // it says so before
}

func (g *pairs) Join(p *world.Player, _ []byte) error {
	switch {
	case p.Spectator:
		return nil
	case g.players == 2:
		return fmt.Errorf("a round is going on: %w", world.ErrFull)
	}
	if g.players++; g.locks && g.players == 2 {
		g.r.Lock()
	}
	return nil
}

func (g *pairs) Leave(p *world.Player) {
	if !p.Spectator {
		g.players--
	}
}
func (g *pairs) Tick() {}

func pairsKind(name string, locks bool) world.Kind {
	return world.Kind{
		Name: name, Schema: arenav1.Schema, MaxPlayers: 4, Spectators: true, MaxSpectators: 2,
		New: func(r *world.Room) (world.Game, error) { return &pairs{r: r, locks: locks}, nil },
	}
}

func startPairs(t *testing.T) *server.Server {
	t.Helper()
	return start(t, func(c *config.Config) { c.Access.RoomsPerPlayer = 100 }, pairsKind("pairs", false), pairsKind("locked", true))
}

// enters says hello and returns the welcome.
func enters(t *testing.T, srv *server.Server, h *tickroomv1.Hello) *tickroomv1.Welcome {
	t.Helper()
	h.Version = 1
	ws := dial(t, srv)
	send(t, ws, &tickroomv1.ClientFrame{Hello: h})
	return readWelcome(t, ws)
}

// TestARoomWithoutAPlaceLeadsToAnother has players who want any room come to rooms whose game
// has no place for them, one after another and at once: with the same hello they are in
// another one.
func TestARoomWithoutAPlaceLeadsToAnother(t *testing.T) {
	t.Parallel()
	srv := startPairs(t)
	for _, kind := range []string{"pairs", "locked"} {
		in := map[string]int{}
		for range 7 {
			in[enters(t, srv, &tickroomv1.Hello{Kind: kind}).GetRoom()]++
		}
		if len(in) != 4 {
			t.Errorf("%s: seven players, two in a room, are in %v", kind, in)
		}
		for id, n := range in {
			if n == 2 {
				refused(t, srv, &tickroomv1.Hello{Kind: kind, Room: id}, tickroomv1.CloseCode_CLOSE_CODE_ROOM_FULL, map[string]string{"pairs": "a round is going on", "locked": "locked"}[kind])
				break
			}
		}
	}
}

func TestManyWhoFindNoPlaceMakeFewRooms(t *testing.T) {
	t.Parallel()
	srv := startPairs(t)
	const players = 16
	in := map[string]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range players {
		ws := dial(t, srv)
		wg.Go(func() {
			send(t, ws, &tickroomv1.ClientFrame{Hello: &tickroomv1.Hello{Version: 1, Kind: "locked"}})
			w := readWelcome(t, ws)
			mu.Lock()
			defer mu.Unlock()
			in[w.GetRoom()]++
		})
	}
	wg.Wait()
	if len(in) < players/2 || len(in) > players*3/4 {
		t.Errorf("%d players, two in a room, are in %d rooms: %v", players, len(in), in)
	}
}

// TestAQuickJoinIsLedOn has seats in a room that has no place after all.
func TestAQuickJoinIsLedOn(t *testing.T) {
	t.Parallel()
	srv := startPairs(t)
	first := enters(t, srv, &tickroomv1.Hello{Kind: "pairs"}).GetRoom()
	var at []*matchmaker.Assignment
	players := []seeker{seek(t, srv, matchmaker.Options{}), seek(t, srv, matchmaker.Options{}), seek(t, srv, matchmaker.Options{})}
	for _, p := range players {
		a, err := p.QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{Kind: "pairs"})
		if err != nil || a.GetRoom() != first {
			t.Fatalf("%v, %v", a, err)
		}
		at = append(at, a)
	}
	in := map[string]int{first: 1}
	for i, p := range players {
		c, err := p.tryEnter(at[i])
		if err != nil {
			t.Fatal(err)
		}
		in[c.Welcome().GetRoom()]++
	}
	if len(in) != 2 || in[first] != 2 {
		t.Errorf("four players are in %v", in)
	}
}

// TestPlacesToWatchFrom has rooms with watchers: they take nobody's place, and none is made
// for them.
func TestPlacesToWatchFrom(t *testing.T) {
	t.Parallel()
	srv := startPairs(t)
	watch := func(id string) *tickroomv1.Hello { return &tickroomv1.Hello{Kind: "pairs", Room: id, Spectate: true} }
	const noRoom, full = tickroomv1.CloseCode_CLOSE_CODE_NO_SUCH_ROOM, tickroomv1.CloseCode_CLOSE_CODE_ROOM_FULL
	refused(t, srv, watch(""), noRoom, "can be watched now")
	host := seek(t, srv, matchmaker.Options{})
	if list, err := host.ListRooms(t.Context(), &tickroomv1.ListRoomsRequest{}); err != nil || len(list.GetRooms()) != 0 {
		t.Fatalf("rooms were made to be watched: %v, %v", list, err)
	}
	at, err := host.CreateRoom(t.Context(), &tickroomv1.CreateRoomRequest{Kind: "pairs"})
	if err != nil {
		t.Fatal(err)
	}
	host.enter(at)
	// Friends watch, and then somebody else plays.
	for range 2 {
		friend := seek(t, srv, matchmaker.Options{})
		a, err := friend.Spectate(t.Context(), &tickroomv1.SpectateRequest{Code: at.GetCode()})
		if err != nil {
			t.Fatal(err)
		}
		if c := friend.enter(a); !c.Welcome().GetSpectator() {
			t.Error("who is to watch plays")
		}
	}
	refused(t, srv, watch(""), noRoom, "can be watched now") // it is private
	second := seek(t, srv, matchmaker.Options{})
	a, err := second.JoinRoom(t.Context(), &tickroomv1.JoinRoomRequest{Code: at.GetCode()})
	if err != nil {
		t.Fatal(err)
	}
	if c := second.enter(a); c.Welcome().GetSpectator() {
		t.Error("who is to play watches")
	}

	open := enters(t, srv, &tickroomv1.Hello{Kind: "pairs"})
	for range 2 {
		if w := enters(t, srv, watch("")); w.GetRoom() != open.GetRoom() || !w.GetSpectator() {
			t.Errorf("to watch: %v", w)
		}
	}
	refused(t, srv, watch(open.GetRoom()), full, "to watch from")
	if w := enters(t, srv, &tickroomv1.Hello{Kind: "pairs", Room: open.GetRoom()}); w.GetSpectator() {
		t.Errorf("to play: %v", w)
	}
	list, err := host.ListRooms(t.Context(), &tickroomv1.ListRoomsRequest{Kind: "pairs"})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the list has who plays and who watches", func() bool {
		list, err = host.ListRooms(t.Context(), &tickroomv1.ListRoomsRequest{Kind: "pairs"})
		return err == nil && len(list.GetRooms()) == 1 && list.GetRooms()[0].GetPlayers() == 2 && list.GetRooms()[0].GetWatching() == 2
	})
}
