package server_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tickroom/tickroom/matchmaking"
	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/matchmaker"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/world"
)

// standsKind is a kind whose rooms are spread, and have ten places.
func standsKind() world.Kind {
	return world.Kind{
		Name: "stands", Schema: walkersv1.Schema, MaxPlayers: 10, TickRate: 50, Spread: true,
		New: func(*world.Room) (world.Game, error) { return &fragile{}, nil },
	}
}

// secretFile returns a file with a secret that servers share.
func secretFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(strings.Repeat("s", 48)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// rooms returns the rooms of a kind in a directory.
func rooms(t *testing.T, d store.Directory, kind string) []store.Listing {
	t.Helper()
	list, err := d.Rooms(t.Context(), kind, "")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestTheNextRoomIsOpenedBeforeTheLastIsFull fills a room of a server on its own, which opens the
// next, keeps it while the first is well filled, and closes it when it is not.
func TestTheNextRoomIsOpenedBeforeTheLastIsFull(t *testing.T) {
	t.Parallel()
	st := matchmaking.OpenMemory()
	srv := startWith(t, []server.Option{server.WithStores(st)}, func(c *config.Config) {
		c.Matchmaking.Enabled, c.EmptyRoomLinger, c.Matchmaking.Beat = false, 100*time.Millisecond, beat
	}, standsKind())
	var in []func()
	come := func() string {
		ws := dial(t, srv)
		send(t, ws, &tickroomv1.ClientFrame{Hello: &tickroomv1.Hello{Version: 1, Kind: "stands"}})
		in = append(in, func() { _ = ws.Close(1000, "") })
		return readWelcome(t, ws).GetRoom()
	}
	first := come()
	for range 7 {
		if come() != first {
			t.Fatal("there is another room, and the first has places")
		}
	}
	if n := len(rooms(t, st.Directory, "stands")); n != 1 {
		t.Fatalf("%d rooms for eight of ten", n)
	}
	come()
	until(t, "the next room is opened", func() bool { return len(rooms(t, st.Directory, "stands")) == 2 })
	// Nobody is in it for many times as long as empty rooms are kept.
	next := func() *store.Listing {
		for _, l := range rooms(t, st.Directory, "stands") {
			if l.ID != first {
				return &l
			}
		}
		return nil
	}
	revision := next().Revision
	until(t, "the next room is told of again and again", func() bool {
		l := next()
		if l == nil {
			t.Fatal("the next room is gone, and the first is nearly full")
		}
		return l.Revision > revision+10
	})
	if come() == first {
		t.Error("somebody is sent to a room that is nearly full, and there is an empty one")
	}
	in[len(in)-1]()
	for _, leave := range in[:4] {
		leave()
	}
	until(t, "the next room is closed", func() bool { return next() == nil })
}

// TestTheNextRoomIsOpenedElsewhere fills a room of a server whose neighbour has more to spare.
func TestTheNextRoomIsOpenedElsewhere(t *testing.T) {
	t.Parallel()
	st := matchmaking.OpenMemory()
	var srvs [2]*server.Server
	secret := []string{secretFile(t)}
	for i := range srvs {
		srvs[i] = startWith(t, []server.Option{server.WithStores(st)}, func(c *config.Config) {
			c.Matchmaking.Beat, c.Seats.SecretFiles = beat, secret
		}, standsKind())
	}
	come := func() {
		ws := dial(t, srvs[0])
		send(t, ws, &tickroomv1.ClientFrame{Hello: &tickroomv1.Hello{Version: 1, Kind: "stands"}})
		readWelcome(t, ws)
	}
	for range 8 {
		come()
	}
	until(t, "the first server is known to have less to spare", func() bool {
		nodes, err := st.Nodes.Nodes(t.Context())
		spare := map[string]float64{}
		for _, n := range nodes {
			spare[n.ID] = n.Spare
		}
		return err == nil && spare[srvs[0].NodeID()] < spare[srvs[1].NodeID()]
	})
	come()
	var next store.Listing
	until(t, "the next room is opened", func() bool {
		for _, l := range rooms(t, st.Directory, "stands") {
			if l.Players == 0 && l.Taken() == 0 {
				next = l
				return true
			}
		}
		return false
	})
	if next.Node != srvs[1].NodeID() || !next.Spread {
		t.Errorf("it is %+v; the server with the most to spare is %s", next, srvs[1].NodeID())
	}
	s := seek(t, srvs[0], matchmaker.Options{})
	a, err := s.QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{Kind: "stands"})
	if err != nil || a.GetRoom() != next.ID {
		t.Fatalf("%v, %v; the emptiest room is %s", a, err, next.ID)
	}
	a.URL = "ws://" + srvs[1].Addr().String() + server.Path
	c, err := s.Dial(t.Context(), a, client.Options{Config: client.Config{Schema: walkersv1.Schema}})
	if err != nil {
		t.Fatal(err)
	}
	c.Close(client.CloseNormal, "")
}
