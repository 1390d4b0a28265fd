package redisdb_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/matchmaking"
	"github.com/tickroom/tickroom/matchmaking/redisdb"
)

// The conformance suite, which runs on this implementation as well, is that of
// package matchmaking.

func TestADeadRedisIsAnErrorAndLosesNothing(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	d := redisdb.NewDirectory(srv.Client(), "t:")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := d.Add(ctx, matchmaking.Room{ID: "a", Kind: "k", Node: "n", Capacity: 2}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Reserve(ctx, "k", ""); err != nil {
		t.Fatal(err)
	}
	srv.Kill()
	_, err := d.Reserve(ctx, "k", "")
	if err == nil || errors.Is(err, matchmaking.ErrNoRoom) || errors.Is(err, matchmaking.ErrFull) || ctx.Err() != nil {
		t.Fatalf("with no Redis: %v", err)
	}
	if ok, err := d.Close(ctx, "a", 2); ok || err == nil {
		t.Fatalf("closed with no Redis: %t, %v", ok, err)
	}
	srv.Run()
	r, err := d.Reserve(ctx, "k", "")
	if want := (matchmaking.Room{ID: "a", Kind: "k", Node: "n", Capacity: 2, Taken: 2}); err != nil || r != want {
		t.Fatalf("after a restart: %+v, %v; want %+v", r, err, want)
	}
}

func TestDirectoriesWithOtherPrefixesAreApart(t *testing.T) {
	t.Parallel()
	srv := redistest.Start(t)
	a, b := redisdb.NewDirectory(srv.Client(), "a:"), redisdb.NewDirectory(srv.Client(), "b:")
	if err := a.Add(t.Context(), matchmaking.Room{ID: "x", Kind: "k", Capacity: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Reserve(t.Context(), "k", ""); !errors.Is(err, matchmaking.ErrNoRoom) {
		t.Errorf("b: %v", err)
	}
	same := redisdb.NewDirectory(srv.Client(), "a:")
	if r, err := same.Reserve(t.Context(), "k", ""); err != nil || r.ID != "x" {
		t.Errorf("another node: %+v, %v", r, err)
	}
}
