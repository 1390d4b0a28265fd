package matchmaking_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/matchmaking"
	"github.com/tickroom/tickroom/matchmaking/redisdb"
)

// directories gives the implementations that the suite runs on: each call of one
// makes an empty directory.
func directories(t *testing.T) map[string]func(t *testing.T) matchmaking.Directory {
	srv := redistest.Start(t)
	var made atomic.Int64
	return map[string]func(t *testing.T) matchmaking.Directory{
		"memory": func(*testing.T) matchmaking.Directory { return matchmaking.NewMemory() },
		"redis": func(*testing.T) matchmaking.Directory {
			return redisdb.NewDirectory(srv.Client(), fmt.Sprintf("test%d:", made.Add(1)))
		},
	}
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	cases := map[string]func(t *testing.T, d matchmaking.Directory){
		"fills the fullest room first": func(t *testing.T, d matchmaking.Directory) {
			ctx := context.Background()
			add(t, d, matchmaking.Room{ID: "a", Kind: "k", Capacity: 3})
			add(t, d, matchmaking.Room{ID: "b", Kind: "k", Capacity: 3, Taken: 1})
			for _, want := range []string{"b", "b", "a", "a", "a"} {
				r, err := d.Reserve(ctx, "k", "")
				if err != nil || r.ID != want {
					t.Fatalf("got %q, %v; want %q", r.ID, err, want)
				}
			}
			if _, err := d.Reserve(ctx, "k", ""); !errors.Is(err, matchmaking.ErrNoRoom) {
				t.Fatalf("got %v with all seats taken", err)
			}
			if _, err := d.Reserve(ctx, "k", "a"); !errors.Is(err, matchmaking.ErrFull) {
				t.Fatalf("got %v for a full room by id", err)
			}
			if err := d.Release(ctx, "a"); err != nil {
				t.Fatal(err)
			}
			if r, err := d.Reserve(ctx, "k", ""); err != nil || r.ID != "a" {
				t.Fatalf("got %q, %v after a release", r.ID, err)
			}
		},
		"knows rooms by kind": func(t *testing.T, d matchmaking.Directory) {
			ctx := context.Background()
			add(t, d, matchmaking.Room{ID: "a", Kind: "k", Capacity: 1})
			for _, c := range []struct{ kind, id string }{{"other", ""}, {"other", "a"}, {"k", "zzz"}} {
				if _, err := d.Reserve(ctx, c.kind, c.id); !errors.Is(err, matchmaking.ErrNoRoom) {
					t.Errorf("%v: got %v", c, err)
				}
			}
			if err := d.Add(ctx, matchmaking.Room{ID: "a", Kind: "x"}); !errors.Is(err, matchmaking.ErrExists) {
				t.Errorf("a second room a: got %v", err)
			}
		},
		"closes a room only while it is as empty as said": func(t *testing.T, d matchmaking.Directory) {
			ctx := context.Background()
			add(t, d, matchmaking.Room{ID: "a", Kind: "k", Capacity: 2})
			if _, err := d.Reserve(ctx, "k", "a"); err != nil {
				t.Fatal(err)
			}
			if ok, err := d.Close(ctx, "a", 0); ok || err != nil {
				t.Fatalf("closed a room with a seat taken: %t, %v", ok, err)
			}
			if err := d.Release(ctx, "a"); err != nil {
				t.Fatal(err)
			}
			if ok, err := d.Close(ctx, "a", 0); !ok || err != nil {
				t.Fatalf("did not close an empty room: %t, %v", ok, err)
			}
			if _, err := d.Reserve(ctx, "k", ""); !errors.Is(err, matchmaking.ErrNoRoom) {
				t.Fatalf("reserved in a closed room: %v", err)
			}
			if err := d.Remove(ctx, "a"); err != nil {
				t.Fatal(err)
			}
			if err := d.Remove(ctx, "a"); err != nil {
				t.Fatal("a second Remove:", err)
			}
			if rooms, err := d.Rooms(ctx, ""); len(rooms) != 0 || err != nil {
				t.Fatalf("left: %v, %v", rooms, err)
			}
		},
		"lists any number of rooms, by id": func(t *testing.T, d matchmaking.Directory) {
			ctx := context.Background()
			const n = 1200
			for i := range n {
				add(t, d, matchmaking.Room{ID: fmt.Sprintf("%04d", (i*7)%n), Kind: fmt.Sprint("k", i%2), Node: "here:1", Capacity: 5, Taken: i % 5, Closed: i%3 == 0})
			}
			rooms, err := d.Rooms(ctx, "")
			if err != nil || len(rooms) != n {
				t.Fatalf("%d rooms, %v", len(rooms), err)
			}
			for i, r := range rooms {
				if r.ID != fmt.Sprintf("%04d", i) {
					t.Fatalf("room %d is %s", i, r.ID)
				}
				j := 0 // the room that was added j-th has this id
				for j = range n {
					if (j*7)%n == i {
						break
					}
				}
				if want := (matchmaking.Room{ID: r.ID, Kind: fmt.Sprint("k", j%2), Node: "here:1", Capacity: 5, Taken: j % 5, Closed: j%3 == 0}); r != want {
					t.Fatalf("%+v, want %+v", r, want)
				}
			}
			if rooms, err := d.Rooms(ctx, "k1"); err != nil || len(rooms) != n/2 {
				t.Fatalf("%d rooms of k1, %v", len(rooms), err)
			}
		},
		"gives each seat once": func(t *testing.T, d matchmaking.Directory) {
			ctx := context.Background()
			for i := range 10 {
				add(t, d, matchmaking.Room{ID: fmt.Sprint(i), Kind: "k", Capacity: 7})
			}
			var mu sync.Mutex
			got := map[string]int{}
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					for {
						r, err := d.Reserve(ctx, "k", "")
						if err != nil {
							return
						}
						mu.Lock()
						got[r.ID]++
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			for id, n := range got {
				if n != 7 {
					t.Errorf("room %s: %d seats given of 7", id, n)
				}
			}
			if len(got) != 10 {
				t.Errorf("%d rooms filled of 10", len(got))
			}
		},
	}
	for impl, open := range directories(t) {
		for name, fn := range cases {
			t.Run(impl+"/"+name, func(t *testing.T) {
				t.Parallel()
				fn(t, open(t))
			})
		}
	}
}

func add(t *testing.T, d matchmaking.Directory, r matchmaking.Room) {
	t.Helper()
	if err := d.Add(context.Background(), r); err != nil {
		t.Fatal(err)
	}
}
