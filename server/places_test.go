package server_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/matchmaking"
	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/netcode/replica"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
)

// fours is a server of rooms for four walkers, whose directory is in a Redis of its own.
type fours struct {
	t     *testing.T
	srv   *server.Server
	redis *redistest.Server
	dir   store.Directory
}

func newFours(t *testing.T) *fours {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(strings.Repeat("0123456789abcdef", 2)), 0o600); err != nil {
		t.Fatal(err)
	}
	f := &fours{t: t, redis: redistest.Start(t)}
	prefix := ""
	f.srv = start(t, func(c *config.Config) {
		c.KindOptions = map[string]map[string]string{"walkers": {"players": "4"}}
		c.Redis.Addresses, c.Seats.SecretFiles = []string{f.redis.Addr()}, []string{secret}
		c.EmptyRoomLinger = 200 * time.Millisecond
		prefix = c.Redis.Prefix
	})
	st, stop := matchmaking.OpenRedis(f.redis.Client(), prefix, 0, 0)
	t.Cleanup(stop)
	f.dir = st.Directory
	return f
}

// told waits until the directory has so many players in each room, in any order, and no
// reservations.
func (f *fours) told(want ...int) {
	f.t.Helper()
	until(f.t, fmt.Sprint("the directory knows of ", want), func() bool {
		rooms, err := f.dir.Rooms(f.t.Context(), "", "")
		if err != nil || len(rooms) != len(want) {
			return false
		}
		left := map[int]int{}
		for i := range rooms {
			left[want[i]]++
			left[rooms[i].Taken()]--
			if rooms[i].ReservedPlayers != 0 {
				return false
			}
		}
		for _, n := range left {
			if n != 0 {
				return false
			}
		}
		return true
	})
}

// TestRedisHangs has Redis hang while a player leaves, and others come: all that is called in
// vain is done when it goes on, some of it twice.
func TestRedisHangs(t *testing.T) {
	t.Parallel()
	f := newFours(t)
	var players []*player
	for range 4 {
		players = append(players, join(t, f.srv, nil))
	}
	room := players[0].welc.GetRoom()
	f.told(4)
	f.redis.Freeze()
	over := time.After(2500 * time.Millisecond)
	_ = players[3].ws.Close(websocket.StatusNormalClosure, "")
	for replica.Count[walkersv1.Walker](players[0].rep) != 3 {
		players[0].frame()
	}
	players[3] = join(t, f.srv, nil) // needs no directory, since there is a place here
	if players[3].welc.GetRoom() != room {
		t.Errorf("it is in %s; want %s", players[3].welc.GetRoom(), room)
	}
	// There is no place for a fifth, and no room can be made.
	refused(t, f.srv, &tickroomv1.Hello{Kind: "walkers"}, tickroomv1.CloseCode(1013), "")
	<-over
	f.redis.Thaw()
	f.told(4)
	fifth := join(t, f.srv, nil)
	if fifth.welc.GetRoom() == room {
		t.Error("five are in a room for four")
	}
	f.told(4, 1)
	for _, p := range append(players[1:], fifth) {
		_ = p.ws.Close(websocket.StatusNormalClosure, "")
	}
	f.told(1) // and the other room has ended
}

// TestRedisForgets has a fail-over, as it were, that has lost the directory's last state.
func TestRedisForgets(t *testing.T) {
	t.Parallel()
	f := newFours(t)
	a, b := join(t, f.srv, nil), join(t, f.srv, nil)
	f.told(2)
	c := f.redis.Client()
	keys, err := c.Keys(t.Context(), "*}:room:*").Result()
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	before := c.HGetAll(t.Context(), keys[0]).Val()
	_ = b.ws.Close(websocket.StatusNormalClosure, "")
	f.told(1)
	if err := c.HSet(t.Context(), keys[0], before).Err(); err != nil {
		t.Fatal(err)
	}
	f.told(1)
	// A reservation is there again whose holder came long ago.
	if _, err := f.dir.Reserve(t.Context(), store.Want{ID: a.welc.GetRoom(), Reservation: "long ago", Until: time.Now().Add(500 * time.Millisecond)}); err != nil {
		t.Fatal(err)
	}
	f.told(1)
	if err := c.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	f.told(1)
}
