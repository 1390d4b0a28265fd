package redisdb_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/redisdata"
	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/matchmaking/internal/redisdb"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// room returns a report of a room of node n for so many players.
func room(id string, players int) store.Report {
	var r store.Report
	r.ID, r.Kind, r.Node, r.MaxPlayers, r.Revision = id, "k", "n", players, 1
	return r
}

// by returns what a place in a room of kind k is reserved with.
func by(name string) store.Want {
	return store.Want{Kind: "k", Reservation: name, Until: time.Now().Add(time.Hour)}
}

func TestADeadRedisIsAnErrorAndLosesNothing(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	d := redisdb.NewDirectory(srv.Client(), "t:")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if n, err := d.Report(ctx, "n", []store.Report{room("a", 2)}); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if _, err := d.Reserve(ctx, by("ann")); err != nil {
		t.Fatal(err)
	}
	srv.Kill()
	_, err := d.Reserve(ctx, by("bob"))
	if !errors.Is(err, store.ErrUnavailable) || ctx.Err() != nil {
		t.Fatalf("with no Redis: %v", err)
	}
	if ok, err := d.Close(ctx, room("a", 2)); ok || err == nil {
		t.Fatalf("closed with no Redis: %t, %v", ok, err)
	}
	srv.Run()
	r, err := d.Reserve(ctx, by("bob"))
	want := room("a", 2).Listing
	want.ReservedPlayers = 2
	if err != nil || !reflect.DeepEqual(r, want) {
		t.Fatalf("after a restart: %+v, %v; want %+v", r, err, want)
	}
}

func TestDirectoriesWithOtherPrefixesAreApart(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	a, b := redisdb.NewDirectory(srv.Client(), "a:"), redisdb.NewDirectory(srv.Client(), "b:")
	if _, err := a.Report(t.Context(), "n", []store.Report{room("x", 1)}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Reserve(t.Context(), by("ann")); !errors.Is(err, store.ErrNoRoom) {
		t.Errorf("b: %v", err)
	}
	same := redisdb.NewDirectory(srv.Client(), "a:")
	if r, err := same.Reserve(t.Context(), by("ann")); err != nil || r.ID != "x" {
		t.Errorf("another node: %+v, %v", r, err)
	}
}

func TestReservationsOutliveRedis(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	d := redisdb.NewDirectory(srv.Client(), "t:")
	ctx := t.Context()
	if _, err := d.Report(ctx, "n", []store.Report{room("a", 9)}); err != nil {
		t.Fatal(err)
	}
	short := by("short")
	short.Until = time.Now().Add(10 * time.Millisecond)
	for _, w := range []store.Want{by("long"), short} {
		if _, err := d.Reserve(ctx, w); err != nil {
			t.Fatal(err)
		}
	}
	srv.Kill()
	<-time.After(20 * time.Millisecond) // short ends while Redis is away
	srv.Run()
	if rooms, err := d.Rooms(ctx, "", ""); err != nil || len(rooms) != 1 || rooms[0].ReservedPlayers != 1 {
		t.Errorf("%+v, %v", rooms, err)
	}
}

// TestNothingIsLeftBehind looks for keys when all rooms are gone, whatever state
// they were in.
func TestNothingIsLeftBehind(t *testing.T) {
	t.Parallel()
	c := redistest.Start(t).Client()
	d := redisdb.NewDirectory(c, "t:")
	ctx := t.Context()
	for i, id := range []string{"a", "b", "c", "d", "e", "f"} {
		r := room(id, 2)
		r.Mode, r.Region, r.Node, r.MaxSpectators, r.Private = "m", []string{"", "eu"}[i%2], []string{"x", "y"}[i/3], 1, i == 5
		if _, err := d.Report(ctx, r.Node, []store.Report{r}); err != nil {
			t.Fatal(err)
		}
		for j := range i % 3 {
			w := by(id)
			w.ID, w.Spectate = id, j == 1
			if _, err := d.Reserve(ctx, w); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, spectate := range []bool{false, true} {
		w := by("searches")
		w.Mode, w.Spectate = "m", spectate
		if _, err := d.Reserve(ctx, w); err != nil {
			t.Fatal(err)
		}
	}
	e := room("e", 2)
	e.Revision = 2
	if _, err := d.Close(ctx, e); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"a", "b", "c"} {
		if err := d.Remove(ctx, id, 1); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := d.RemoveNode(ctx, "y"); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	if keys, err := c.Keys(ctx, "*").Result(); err != nil || len(keys) > 0 {
		t.Errorf("left: %q, %v", keys, err)
	}
}

// TestOneThatCannotBeReadIsPassedOver: whatever somebody has put in the place of one room, of a
// server or of a ticket, the others are there.
func TestOneThatCannotBeReadIsPassedOver(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	c, ctx := srv.Client(), t.Context()
	d := redisdb.NewDirectory(c, "t:")
	names := []string{"a", "b", "c", "d", "e", "f"}
	for _, id := range names {
		if _, err := d.Report(ctx, "n", []store.Report{room(id, 2)}); err != nil {
			t.Fatal(err)
		}
	}
	key := func(id string) string { return redisdata.Rooms.Key("t:", "room", id) }
	for _, cmd := range [][]any{
		{"HSET", key("a"), "b", "no JSON"},
		{"HDEL", key("b"), "o"},
		{"DEL", key("c")},
		{"SET", key("c"), "no hash"},
		{"DEL", key("f")},
	} {
		if err := c.Do(ctx, cmd...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, node := range []string{"", "n"} {
		rooms, err := d.Rooms(ctx, "", node)
		var got []string
		for _, r := range rooms {
			got = append(got, r.ID)
		}
		if err != nil || !slices.Equal(got, []string{"d", "e"}) {
			t.Errorf("of %q: %v, %v", node, got, err)
		}
	}

	nodes := redisdb.NewNodes(c, "t:")
	for _, id := range []string{"n", "m"} {
		if err := nodes.Beat(ctx, store.Node{ID: id, URL: "ws://" + id}, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.HSet(ctx, redisdata.Nodes.Key("t:", "nodes"), "n", "{").Err(); err != nil {
		t.Fatal(err)
	}
	if all, err := nodes.Nodes(ctx); err != nil || len(all) != 1 || all[0].ID != "m" {
		t.Errorf("%+v, %v", all, err)
	}
}
