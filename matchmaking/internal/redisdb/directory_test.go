package redisdb_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/matchmaking/internal/redisdb"
	"github.com/tickroom/tickroom/matchmaking/store"
)

func TestADeadRedisIsAnErrorAndLosesNothing(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	d := redisdb.NewDirectory(srv.Client(), "t:")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := d.Add(ctx, store.Listing{ID: "a", Kind: "k", Node: "n", Capacity: 2}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Reserve(ctx, store.Want{Kind: "k"}); err != nil {
		t.Fatal(err)
	}
	srv.Kill()
	_, err := d.Reserve(ctx, store.Want{Kind: "k"})
	if err == nil || errors.Is(err, store.ErrNoRoom) || errors.Is(err, store.ErrFull) || ctx.Err() != nil {
		t.Fatalf("with no Redis: %v", err)
	}
	if ok, err := d.Close(ctx, "a", 2); ok || err == nil {
		t.Fatalf("closed with no Redis: %t, %v", ok, err)
	}
	srv.Run()
	r, err := d.Reserve(ctx, store.Want{Kind: "k"})
	if want := (store.Listing{ID: "a", Kind: "k", Node: "n", Capacity: 2, Taken: 2}); err != nil || r != want {
		t.Fatalf("after a restart: %+v, %v; want %+v", r, err, want)
	}
}

func TestDirectoriesWithOtherPrefixesAreApart(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	a, b := redisdb.NewDirectory(srv.Client(), "a:"), redisdb.NewDirectory(srv.Client(), "b:")
	if err := a.Add(t.Context(), store.Listing{ID: "x", Kind: "k", Capacity: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Reserve(t.Context(), store.Want{Kind: "k"}); !errors.Is(err, store.ErrNoRoom) {
		t.Errorf("b: %v", err)
	}
	same := redisdb.NewDirectory(srv.Client(), "a:")
	if r, err := same.Reserve(t.Context(), store.Want{Kind: "k"}); err != nil || r.ID != "x" {
		t.Errorf("another node: %+v, %v", r, err)
	}
}

func TestReservationsOutliveRedis(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	d := redisdb.NewDirectory(srv.Client(), "t:")
	ctx := t.Context()
	if err := d.Add(ctx, store.Listing{ID: "a", Kind: "k", Node: "n", Capacity: 9}); err != nil {
		t.Fatal(err)
	}
	for _, w := range []store.Want{
		{Kind: "k", Reservation: "long", Until: time.Now().Add(time.Hour)},
		{Kind: "k", Reservation: "short", Until: time.Now().Add(10 * time.Millisecond)},
	} {
		if _, err := d.Reserve(ctx, w); err != nil {
			t.Fatal(err)
		}
	}
	srv.Kill()
	if ok, err := d.Confirm(ctx, "a", "long"); ok || err == nil {
		t.Fatalf("with no Redis: %v, %v", ok, err)
	}
	<-time.After(20 * time.Millisecond) // short ends while Redis is away
	srv.Run()
	for name, want := range map[string]bool{"long": true, "short": false} {
		if ok, err := d.Confirm(ctx, "a", name); ok != want || err != nil {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
	if rooms, err := d.Rooms(ctx, ""); err != nil || len(rooms) != 1 || rooms[0].Taken != 1 {
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
		r := store.Listing{ID: id, Kind: "k", Mode: "m", Region: []string{"", "eu"}[i%2], Node: []string{"x", "y"}[i/3], URL: "u", Capacity: 2, Private: i == 5}
		if err := d.Add(ctx, r); err != nil {
			t.Fatal(err)
		}
		for j := range i % 3 {
			w := store.Want{ID: id, Reservation: []string{"", "r"}[j], Until: time.Now().Add(time.Hour)}
			if _, err := d.Reserve(ctx, w); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := d.Close(ctx, "e", 2); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"a", "b", "c"} {
		if err := d.Remove(ctx, id); err != nil {
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
