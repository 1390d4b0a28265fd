package server_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/netcode/matchmaker"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/world"
)

// hall is a game that does nothing but change its labels as it is told.
type hall struct {
	r    *world.Room
	maps <-chan string
}

func (*hall) Join(*world.Player, []byte) error { return nil }
func (*hall) Leave(*world.Player)              {}

func (h *hall) Tick() {
	select {
	case m := <-h.maps:
		_ = h.r.SetLabel("map", m) // the test would not hear of it
	default:
	}
}

func hallKind(maps <-chan string) world.Kind {
	return world.Kind{
		Name: "hall", Schema: walkersv1.Schema, MaxPlayers: 8, Options: []world.Option{{Name: "level", Default: "3"}},
		New: func(r *world.Room) (world.Game, error) {
			level, err := r.Int("level", 1, 9)
			if err == nil {
				err = r.SetLabel("level", level)
			}
			if err == nil {
				err = r.SetLabel("map", "dust")
			}
			return &hall{r, maps}, err
		},
	}
}

// TestLabels finds a room by what its game says of it, and watches that change, with the
// directory in memory and in Redis.
func TestLabels(t *testing.T) {
	t.Parallel()
	for name, where := range map[string]func(c *config.Config){
		"memory": func(*config.Config) {},
		"Redis": func(c *config.Config) {
			file := filepath.Join(t.TempDir(), "secret")
			if err := os.WriteFile(file, bytes.Repeat([]byte("s"), 48), 0o600); err != nil {
				t.Fatal(err)
			}
			c.Redis.Addresses, c.Seats.SecretFiles = []string{redistest.Start(t).Addr()}, []string{file}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			maps := make(chan string)
			srv := start(t, where, hallKind(maps))
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			joined := join(t, srv, &tickroomv1.Hello{Kind: "hall"}).welc.GetRoom()
			m := seek(t, srv, matchmaker.Options{})

			for query, want := range map[string]int{`map == "dust" and level in 2..4`: 1, `level > 3`: 0, `map == "ice"`: 0, "": 1} {
				l, err := m.ListRooms(ctx, &tickroomv1.ListRoomsRequest{Query: query})
				if err != nil || len(l.GetRooms()) != want {
					t.Fatalf("%s: %v, %v; want %d", query, l, err, want)
				}
			}
			a, err := m.QuickJoin(ctx, &tickroomv1.QuickJoinRequest{Kind: "hall", Query: `map == "dust"`})
			if err != nil || a.GetRoom() != joined {
				t.Errorf("quick join leads to %v, %v; want %s", a, err, joined)
			}
			a, err = seek(t, srv, matchmaker.Options{}).QuickJoin(ctx, &tickroomv1.QuickJoinRequest{Kind: "hall", Query: `map == "ice"`})
			if err != nil || a.GetRoom() == joined {
				t.Errorf("quick join leads to %v, %v, whose map is another", a, err)
			}

			seen := ""
			err = m.WatchRooms(ctx, &tickroomv1.WatchRoomsRequest{Kind: "hall", Query: "level == 3"}, func(rooms []*tickroomv1.RoomInfo, _ bool) {
				for _, r := range rooms {
					if is := r.GetLabels()["map"].GetText(); r.GetRoom() == joined && is != seen {
						switch seen = is; seen {
						case "dust":
							go func() { maps <- "ice" }()
						case "ice":
							cancel()
						}
					}
				}
			})
			if seen != "ice" {
				t.Errorf("the last map that was seen is %q: %v", seen, err)
			}
		})
	}
}
