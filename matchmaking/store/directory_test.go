package store_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/matchmaking/internal/redisdb"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// directory is an empty directory to test.
type directory struct {
	store.Directory
	// pass returns when the directory's clock has come to until.
	pass func(t *testing.T, until time.Time)
}

// directories gives the implementations that the suite runs on: each call of one
// makes an empty directory.
func directories(t *testing.T) map[string]func() directory {
	srv := redistest.Start(t)
	c := srv.Client()
	var made atomic.Int64
	return map[string]func() directory{
		"memory": func() directory {
			var ahead atomic.Int64
			now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
			return directory{store.NewMemoryAt(now), func(_ *testing.T, until time.Time) {
				ahead.Store(max(ahead.Load(), int64(time.Until(until))+1))
			}}
		},
		"redis": func() directory {
			return directory{redisdb.NewDirectory(c, fmt.Sprintf("test%d:", made.Add(1))), func(t *testing.T, until time.Time) {
				for {
					now, err := c.Time(context.Background()).Result()
					if err != nil {
						t.Fatal(err)
					}
					// Redis's clock is this machine's, in milliseconds, and takes the time that a
					// script takes to come there as the reservation's.
					left := until.Add(20 * time.Millisecond).Sub(now)
					if left <= 0 {
						return
					}
					<-time.After(left)
				}
			}}
		},
	}
}

var (
	hour = func() time.Time { return time.Now().Add(time.Hour) }
	past = func() time.Time { return time.Now().Add(-time.Second) }
)

func TestDirectory(t *testing.T) {
	t.Parallel()
	cases := map[string]func(t *testing.T, d directory){
		"fills the fullest room first": func(t *testing.T, d directory) {
			add(t, d, store.Listing{ID: "a", Kind: "k", Capacity: 3})
			add(t, d, store.Listing{ID: "b", Kind: "k", Capacity: 3, Taken: 1})
			for _, want := range []string{"b", "b", "a", "a", "a"} {
				reserve(t, d, store.Want{Kind: "k"}, want)
			}
			reserve(t, d, store.Want{Kind: "k"}, none)
			reserve(t, d, store.Want{Kind: "k", ID: "a"}, full)
			release(t, d, "a")
			reserve(t, d, store.Want{Kind: "k"}, "a")
		},
		"knows rooms by kind": func(t *testing.T, d directory) {
			add(t, d, store.Listing{ID: "a", Kind: "k", Capacity: 1})
			for _, w := range []store.Want{{Kind: "other"}, {Kind: "other", ID: "a"}, {Kind: "k", ID: "zzz"}, {}, {Kind: "k\x00"}, {Kind: "K"}} {
				reserve(t, d, w, none)
			}
			if err := d.Add(t.Context(), store.Listing{ID: "a", Kind: "x"}); !errors.Is(err, store.ErrExists) {
				t.Errorf("a second room a: got %v", err)
			}
			reserve(t, d, store.Want{ID: "a"}, "a")
		},
		"knows rooms by mode and region": func(t *testing.T, d directory) {
			const k = "k"
			add(t, d, store.Listing{ID: "plain", Kind: k, Capacity: 90, Taken: 1})
			add(t, d, store.Listing{ID: "plain-eu", Kind: k, Region: "eu", Capacity: 90, Taken: 2})
			add(t, d, store.Listing{ID: "duel-eu", Kind: k, Mode: "duel", Region: "eu", Capacity: 90, Taken: 3})
			add(t, d, store.Listing{ID: "duel-us", Kind: k, Mode: "duel", Region: "us", Capacity: 90, Taken: 40})
			add(t, d, store.Listing{ID: "team", Kind: k, Mode: "team", Capacity: 90, Taken: 5})
			add(t, d, store.Listing{ID: "other", Kind: "other", Mode: "duel", Region: "eu", Capacity: 90, Taken: 6})
			for _, c := range []struct{ mode, region, id, want string }{
				{"", "", "", "plain-eu"}, {"", "eu", "", "plain-eu"}, {"", "us", "", none},
				{"duel", "", "", "duel-us"}, {"duel", "eu", "", "duel-eu"}, {"duel", "us", "", "duel-us"}, {"duel", "asia", "", none},
				{"team", "", "", "team"}, {"team", "eu", "", none}, {"due", "", "", none},
				{"", "", "duel-eu", "duel-eu"}, {"duel", "", "duel-eu", "duel-eu"}, {"team", "", "duel-eu", none},
				{"", "us", "duel-eu", none}, {"duel", "eu", "duel-eu", "duel-eu"},
			} {
				reserve(t, d, store.Want{Kind: k, Mode: c.mode, Region: c.region, ID: c.id}, c.want)
			}
		},
		"gives private rooms by id alone": func(t *testing.T, d directory) {
			add(t, d, store.Listing{ID: "a", Kind: "k", Mode: "m", Region: "eu", Capacity: 2, Private: true})
			reserve(t, d, store.Want{Kind: "k", Mode: "m"}, none)
			reserve(t, d, store.Want{Kind: "k", Mode: "m", Region: "eu"}, none)
			reserve(t, d, store.Want{Kind: "k", ID: "a"}, "a")
			release(t, d, "a")
			reserve(t, d, store.Want{Kind: "k", Mode: "m"}, none)
		},
		"closes a room only while it is as empty as said": func(t *testing.T, d directory) {
			ctx := t.Context()
			add(t, d, store.Listing{ID: "a", Kind: "k", Capacity: 2})
			reserve(t, d, store.Want{Kind: "k", ID: "a"}, "a")
			if ok, err := d.Close(ctx, "a", 0); ok || err != nil {
				t.Fatalf("closed a room with a seat taken: %t, %v", ok, err)
			}
			release(t, d, "a")
			reserve(t, d, store.Want{Kind: "k", Reservation: "r", Until: hour()}, "a")
			if ok, err := d.Close(ctx, "a", 0); ok || err != nil {
				t.Fatalf("closed a room with a seat reserved: %t, %v", ok, err)
			}
			if err := d.Cancel(ctx, "a", "r"); err != nil {
				t.Fatal(err)
			}
			if ok, err := d.Close(ctx, "a", 0); !ok || err != nil {
				t.Fatalf("did not close an empty room: %t, %v", ok, err)
			}
			reserve(t, d, store.Want{Kind: "k"}, none)
			reserve(t, d, store.Want{Kind: "k", ID: "a"}, none)
			for range 2 {
				if err := d.Remove(ctx, "a"); err != nil {
					t.Fatal(err)
				}
			}
			if ok, err := d.Close(ctx, "a", 0); !ok || err != nil {
				t.Fatalf("a room that is not there: %t, %v", ok, err)
			}
			if rooms, err := d.Rooms(ctx, ""); len(rooms) != 0 || err != nil {
				t.Fatalf("left: %v, %v", rooms, err)
			}
		},
		"lists any number of rooms, by id": func(t *testing.T, d directory) {
			const n = 1200
			made := time.Date(2026, 1, 2, 3, 4, 5, 6789, time.FixedZone("there", 3600))
			room := func(j int) store.Listing {
				r := store.Listing{ID: fmt.Sprintf("%04d", (j*7)%n), Kind: fmt.Sprint("k", j%2), Mode: fmt.Sprint("m", j%3), Node: "here:1", URL: "wss://here/n/1",
					Region: []string{"", "eu"}[j%2], Capacity: 5, Taken: j % 5, Closed: j%3 == 0, Private: j%5 == 0, Spectators: j%7 == 0}
				if j%11 != 0 {
					r.Created = made.Add(time.Duration(j) * time.Second)
				}
				return r
			}
			var want []store.Listing
			for j := range n {
				r := room(j)
				add(t, d, r)
				if !r.Created.IsZero() {
					r.Created = r.Created.UTC().Truncate(time.Millisecond)
				}
				want = append(want, r)
			}
			slices.SortFunc(want, func(a, b store.Listing) int { return cmp.Compare(a.ID, b.ID) })
			rooms, err := d.Rooms(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(rooms, want) {
				t.Fatal(gocmp.Diff(want, rooms))
			}
			if rooms, err := d.Rooms(t.Context(), "k1"); err != nil || len(rooms) != n/2 {
				t.Fatalf("%d rooms of k1, %v", len(rooms), err)
			}
		},
		"holds a seat until it is confirmed": func(t *testing.T, d directory) {
			ctx := t.Context()
			add(t, d, store.Listing{ID: "a", Kind: "k", Capacity: 2})
			ann := store.Want{Kind: "k", Reservation: "ann", Until: hour()}
			reserve(t, d, ann, "a")
			taken(t, d, "a", 1)
			// The same again, as after an answer that was lost.
			ann.ID = "a"
			reserve(t, d, ann, "a")
			taken(t, d, "a", 1)
			reserve(t, d, store.Want{Kind: "k", Reservation: "bob", Until: hour()}, "a")
			reserve(t, d, store.Want{Kind: "k", ID: "a", Reservation: "cid", Until: hour()}, full)
			reserve(t, d, ann, "a") // which is full now
			if ok, err := d.Close(ctx, "a", 2); !ok || err != nil {
				t.Fatal(ok, err)
			}
			reserve(t, d, ann, "a") // and closed
			for _, c := range []struct {
				room, reservation string
				want              bool
			}{{"a", "cid", false}, {"b", "ann", false}, {"a", "", false}, {"a", "ann", true}, {"a", "ann", false}} {
				confirm(t, d, c.room, c.reservation, c.want)
			}
			taken(t, d, "a", 2)
			// What is confirmed can't be cancelled, and what is reserved not released.
			if err := d.Cancel(ctx, "a", "ann"); err != nil {
				t.Fatal(err)
			}
			taken(t, d, "a", 2)
			release(t, d, "a")
			taken(t, d, "a", 1)
			release(t, d, "a")
			taken(t, d, "a", 1)
			for _, c := range [][2]string{{"a", "bob"}, {"a", "bob"}, {"b", "bob"}, {"a", ""}} {
				if err := d.Cancel(ctx, c[0], c[1]); err != nil {
					t.Fatal(err)
				}
				taken(t, d, "a", 0)
			}
			confirm(t, d, "a", "bob", false)
			release(t, d, "a")
			taken(t, d, "a", 0)
		},
		"frees seats whose reservations have ended": func(t *testing.T, d directory) {
			add(t, d, store.Listing{ID: "a", Kind: "k", Capacity: 3, Taken: 1})
			until := time.Now().Add(100 * time.Millisecond)
			reserve(t, d, store.Want{Kind: "k", Reservation: "short", Until: until}, "a")
			reserve(t, d, store.Want{Kind: "k", Reservation: "long", Until: hour()}, "a")
			d.pass(t, until)
			// A search finds the seat, though the room was full.
			reserve(t, d, store.Want{Kind: "k", Reservation: "next", Until: hour()}, "a")
			reserve(t, d, store.Want{Kind: "k"}, none)
			confirm(t, d, "a", "short", false)
			confirm(t, d, "a", "long", true)
			confirm(t, d, "a", "next", true)
			taken(t, d, "a", 3)
		},
		"sees a seat that is free again whatever looks": func(t *testing.T, d directory) {
			ctx := t.Context()
			looks := map[string]func(id string) error{
				"list":    func(string) error { return nil },
				"confirm": func(id string) error { ok, err := d.Confirm(ctx, id, "r"); return cmp.Or(err, failIf(ok)) },
				"cancel":  func(id string) error { return d.Cancel(ctx, id, "r") },
				"release": func(id string) error { return d.Release(ctx, id) },
				"close":   func(id string) error { ok, err := d.Close(ctx, id, 0); return cmp.Or(err, failIf(!ok)) },
				"by id": func(id string) error {
					_, err := d.Reserve(ctx, store.Want{ID: id})
					return cmp.Or(err, d.Release(ctx, id))
				},
				"search": func(id string) error {
					_, err := d.Reserve(ctx, store.Want{Kind: id})
					return cmp.Or(err, d.Release(ctx, id))
				},
				"again": func(id string) error {
					_, err := d.Reserve(ctx, store.Want{ID: id, Reservation: "r", Until: hour()})
					return cmp.Or(err, d.Cancel(ctx, id, "r"))
				},
			}
			for id, look := range looks {
				add(t, d, store.Listing{ID: id, Kind: id, Capacity: 1})
				reserve(t, d, store.Want{Kind: id, Reservation: "r", Until: past()}, id)
				if err := look(id); err != nil {
					t.Errorf("%s: %v", id, err)
				}
				taken(t, d, id, 0)
			}
		},
		"frees very many seats": func(t *testing.T, d directory) {
			const n = 450
			for i := range n {
				add(t, d, store.Listing{ID: fmt.Sprint(i), Kind: "k", Capacity: 1})
				reserve(t, d, store.Want{ID: fmt.Sprint(i), Reservation: "r", Until: past()}, fmt.Sprint(i))
			}
			add(t, d, store.Listing{ID: "last", Kind: "z", Capacity: 1})
			reserve(t, d, store.Want{Kind: "z", Reservation: "r", Until: past()}, "last")
			reserve(t, d, store.Want{Kind: "z", Reservation: "s", Until: hour()}, "last")
			for range n {
				reserve(t, d, store.Want{Kind: "k"}, some)
			}
			reserve(t, d, store.Want{Kind: "k"}, none)
		},
		"removes the rooms of a node": func(t *testing.T, d directory) {
			ctx := t.Context()
			const n = 250
			for i := range n {
				add(t, d, store.Listing{ID: fmt.Sprint("dead", i), Kind: "k", Node: "dead", Capacity: 2, Taken: 1})
			}
			reserve(t, d, store.Want{ID: "dead7", Reservation: "r", Until: hour()}, "dead7")
			add(t, d, store.Listing{ID: "b", Kind: "k", Node: "alive", Capacity: 2})
			owners(t, d, "alive", "dead")
			if got, err := d.RemoveNode(ctx, "dead"); err != nil || got != n {
				t.Fatalf("removed %d rooms, %v", got, err)
			}
			owners(t, d, "alive")
			for _, node := range []string{"dead", "", "nobody"} {
				if got, err := d.RemoveNode(ctx, node); err != nil || got != 0 {
					t.Fatalf("%q: removed %d rooms, %v", node, got, err)
				}
			}
			reserve(t, d, store.Want{Kind: "k"}, "b")
			confirm(t, d, "dead7", "r", false)
			release(t, d, "dead7")
			// Of a node that has none any more there is nothing to be removed.
			add(t, d, store.Listing{ID: "dead7", Kind: "k", Node: "dead", Capacity: 1})
			taken(t, d, "dead7", 0)
			if err := errors.Join(d.Remove(ctx, "b"), d.Remove(ctx, "dead7")); err != nil {
				t.Fatal(err)
			}
			owners(t, d)
		},
		"gives each seat once": func(t *testing.T, d directory) {
			for i := range 10 {
				add(t, d, store.Listing{ID: fmt.Sprint(i), Kind: "k", Capacity: 7})
			}
			var mu sync.Mutex
			got := map[string]int{}
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					for {
						r, err := d.Reserve(t.Context(), store.Want{Kind: "k"})
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
		"counts exactly in a storm":     storm,
		"does what a simple model does": model,
	}
	for impl, open := range directories(t) {
		for name, fn := range cases {
			t.Run(impl+"/"+name, func(t *testing.T) {
				t.Parallel()
				fn(t, open())
			})
		}
	}
}

// storm lets many players reserve, come or not come, and leave, all at once.
func storm(t *testing.T, d directory) {
	const rooms, capacity, players, rounds = 4, 5, 12, 25
	for i := range rooms {
		add(t, d, store.Listing{ID: fmt.Sprint(i), Kind: "k", Capacity: capacity})
	}
	// Those who are inside, by the room: never more than there are seats.
	var inside [rooms]atomic.Int64
	last := time.Now().Add(time.Second)
	var wg sync.WaitGroup
	for p := range players {
		wg.Go(func() {
			ctx := t.Context()
			fail := func(err error) bool {
				if err != nil {
					t.Error(err)
				}
				return err != nil
			}
			for i := range rounds {
				until := hour()
				if i%3 == 0 {
					until = time.Now().Add(time.Duration(i) * time.Millisecond / 2)
				}
				name := fmt.Sprint(p, "-", i)
				r, err := d.Reserve(ctx, store.Want{Kind: "k", Reservation: name, Until: until})
				if errors.Is(err, store.ErrNoRoom) {
					continue
				}
				if fail(err) {
					return
				}
				var at int
				if _, err := fmt.Sscan(r.ID, &at); fail(err) {
					return
				}
				switch i % 4 {
				case 0: // does not come
					if i%3 != 0 && fail(d.Cancel(ctx, r.ID, name)) {
						return
					}
					continue
				case 1: // asks again
					if _, err := d.Reserve(ctx, store.Want{ID: r.ID, Reservation: name, Until: until}); err != nil && !errors.Is(err, store.ErrFull) {
						t.Error(err)
						return
					}
				}
				ok, err := d.Confirm(ctx, r.ID, name)
				if fail(err) {
					return
				}
				if !ok {
					if i%3 != 0 {
						t.Errorf("the reservation %s has ended before its time", name)
					}
					continue
				}
				if n := inside[at].Add(1); n > capacity {
					t.Errorf("room %s: %d players in %d seats", r.ID, n, capacity)
				}
				if i%5 == 4 && p%3 == 0 {
					continue // stays
				}
				inside[at].Add(-1)
				if fail(d.Release(ctx, r.ID)) {
					return
				}
			}
		})
	}
	wg.Wait()
	d.pass(t, last)
	for i := range rooms {
		taken(t, d, fmt.Sprint(i), int(inside[i].Load()))
	}
}

// model compares a directory with a plain list of seats, under random calls.
// Reservations are for an hour or have ended when they are made.
func model(t *testing.T, d directory) {
	type modelRoom struct {
		store.Listing
		sure int
		held map[string]bool
	}
	rooms := map[string]*modelRoom{}
	made := 0
	rapid.Check(t, func(rt *rapid.T) {
		ctx := context.Background()
		for id := range rooms {
			if err := d.Remove(ctx, id); err != nil {
				rt.Fatal(err)
			}
		}
		clear(rooms)
		pick := func(what string, from ...string) string { return rapid.SampledFrom(from).Draw(rt, what) }
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			id := pick("room", "a", "b", "c")
			r := rooms[id]
			name := pick("reservation", "", "x", "y", "z")
			switch do := pick("do", "add", "reserve", "reserve", "reserve", "search", "search", "confirm", "cancel", "release", "close", "remove"); do {
			case "add":
				n := store.Listing{ID: id, Kind: pick("kind", "k", "l"), Mode: pick("mode", "", "m"), Capacity: rapid.IntRange(0, 4).Draw(rt, "capacity"), Private: made%4 == 3, Node: "n"}
				made++
				err := d.Add(ctx, n)
				if (err == nil) != (r == nil) || err != nil && !errors.Is(err, store.ErrExists) {
					rt.Fatalf("add %s: %v", id, err)
				}
				if r == nil {
					rooms[id] = &modelRoom{Listing: n, held: map[string]bool{}}
				}
			case "reserve", "search":
				w := store.Want{Kind: pick("kind", "k", "l"), Mode: pick("mode", "", "m"), Reservation: name, Until: hour()}
				ended := name != "" && rapid.Bool().Draw(rt, "ended")
				if ended {
					w.Until = past()
				}
				var want error
				var best int // how full the fullest is
				if do == "reserve" {
					w.ID, w.Kind = id, pick("any kind", w.Kind, "")
					switch {
					case r == nil || w.Kind != "" && r.Kind != w.Kind || w.Mode != "" && r.Mode != w.Mode:
						want = store.ErrNoRoom
					case name != "" && r.held[name]:
					case r.Closed:
						want = store.ErrNoRoom
					case r.sure+len(r.held) >= r.Capacity:
						want = store.ErrFull
					}
				} else {
					best = -1
					for _, o := range rooms {
						if n := o.sure + len(o.held); o.Kind == w.Kind && o.Mode == w.Mode && !o.Closed && !o.Private && n < o.Capacity {
							best = max(best, n)
						}
					}
					if best < 0 {
						want = store.ErrNoRoom
					}
				}
				got, err := d.Reserve(ctx, w)
				if !errors.Is(err, want) || want == nil && err != nil {
					rt.Fatalf("%s %+v: %v; want %v", do, w, err, want)
				}
				if err != nil {
					break
				}
				r = rooms[got.ID]
				before := r.sure + len(r.held)
				if do == "search" && (r.Kind != w.Kind || r.Mode != w.Mode || r.Closed || r.Private || before != best) {
					rt.Fatalf("%+v: got %+v, with %d taken; there is one with %d", w, got, before, best)
				}
				switch {
				case name == "":
					r.sure++
				case r.held[name]:
					before--
				case !ended:
					r.held[name] = true
				}
				if got.Taken != before+1 {
					rt.Fatalf("%s: %d are taken; want %d", got.ID, got.Taken, before+1)
				}
			case "confirm":
				ok, err := d.Confirm(ctx, id, name)
				if want := r != nil && r.held[name]; ok != want || err != nil {
					rt.Fatalf("confirm %s %s: %v, %v", id, name, ok, err)
				}
				if ok {
					delete(r.held, name)
					r.sure++
				}
			case "cancel":
				if err := d.Cancel(ctx, id, name); err != nil {
					rt.Fatal(err)
				}
				if r != nil {
					delete(r.held, name)
				}
			case "release":
				if err := d.Release(ctx, id); err != nil {
					rt.Fatal(err)
				}
				if r != nil && r.sure > 0 {
					r.sure--
				}
			case "close":
				at := rapid.IntRange(0, 3).Draw(rt, "at")
				ok, err := d.Close(ctx, id, at)
				if want := r == nil || r.sure+len(r.held) <= at; ok != want || err != nil {
					rt.Fatalf("close %s at %d: %v, %v", id, at, ok, err)
				}
				if ok && r != nil {
					r.Closed = true
				}
			case "remove":
				if err := d.Remove(ctx, id); err != nil {
					rt.Fatal(err)
				}
				delete(rooms, id)
			}
			list, err := d.Rooms(ctx, "")
			if err != nil || len(list) != len(rooms) {
				rt.Fatalf("%+v, %v; want %d", list, err, len(rooms))
			}
			for _, got := range list {
				want := rooms[got.ID]
				want.Taken = want.sure + len(want.held)
				if got != want.Listing {
					rt.Fatalf("%+v; want %+v", got, want.Listing)
				}
			}
		}
	})
}

// What reserve gives besides the ids of rooms.
const (
	none = "(no room)"
	full = "(full)"
	some = "(some room)"
)

// reserve reserves a seat, and fails unless it is in the room that is wanted.
func reserve(t *testing.T, d directory, w store.Want, want string) {
	t.Helper()
	r, err := d.Reserve(t.Context(), w)
	got := r.ID
	switch {
	case errors.Is(err, store.ErrNoRoom):
		got = none
	case errors.Is(err, store.ErrFull):
		got = full
	case err == nil && want == some:
		got = some
	}
	if got != want {
		t.Fatalf("%+v: got %s, %v; want %s", w, got, err, want)
	}
}

func confirm(t *testing.T, d directory, room, reservation string, want bool) {
	t.Helper()
	if ok, err := d.Confirm(t.Context(), room, reservation); ok != want || err != nil {
		t.Fatalf("confirmed %s in %s: %t, %v; want %t", reservation, room, ok, err, want)
	}
}

func release(t *testing.T, d directory, room string) {
	t.Helper()
	if err := d.Release(t.Context(), room); err != nil {
		t.Fatal(err)
	}
}

// taken fails unless a room has so many seats taken or reserved.
func taken(t *testing.T, d directory, room string, want int) {
	t.Helper()
	rooms, err := d.Rooms(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(rooms, func(r store.Listing) bool { return r.ID == room })
	if i < 0 || rooms[i].Taken != want {
		t.Fatalf("room %s: want %d seats taken, of %+v", room, want, rooms)
	}
}

func owners(t *testing.T, d directory, want ...string) {
	t.Helper()
	if got, err := d.Owners(t.Context()); err != nil || !slices.Equal(got, want) {
		t.Fatalf("owners: %q, %v; want %q", got, err, want)
	}
}

func failIf(bad bool) error {
	if bad {
		return errors.New("the seat is not seen as free")
	}
	return nil
}

func add(t *testing.T, d directory, r store.Listing) {
	t.Helper()
	if err := d.Add(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}
