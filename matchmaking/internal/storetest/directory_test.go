package storetest_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

var directoryCases = map[string]func(t *testing.T, a, b store.Directory){
	"fills the fullest room first":                    fillsUp,
	"knows rooms by kind":                             byKind,
	"knows rooms by mode and region":                  byMode,
	"gives private rooms by id alone":                 privateRooms,
	"closes a room only while it is as empty as said": closesRooms,
	"lists any number of rooms, by id":                listsRooms,
	"holds a place until it is confirmed":             holdsPlaces,
	"frees places whose reservations have ended":      freesPlaces,
	"sees a place that is free again whatever looks":  seesFreePlaces,
	"frees very many places":                          freesMany,
	"removes the rooms of a node":                     removesNode,
	"gives each place once":                           givesOnce,
	"counts exactly in a storm":                       storm,
	"does what a simple model does":                   obeysModel,
}

var (
	hour = func() time.Time { return time.Now().Add(time.Hour) }
	past = func() time.Time { return time.Now().Add(-time.Second) }
)

func fillsUp(t *testing.T, d, _ store.Directory) {
	add(t, d, store.Listing{ID: "a", Kind: "k", Capacity: 3})
	add(t, d, store.Listing{ID: "b", Kind: "k", Capacity: 3, Taken: 1})
	for _, want := range []string{"b", "b", "a", "a", "a"} {
		reserve(t, d, store.Want{Kind: "k"}, want)
	}
	reserve(t, d, store.Want{Kind: "k"}, none)
	reserve(t, d, store.Want{Kind: "k", ID: "a"}, full)
	release(t, d, "a")
	reserve(t, d, store.Want{Kind: "k"}, "a")
}

func byKind(t *testing.T, d, _ store.Directory) {
	add(t, d, store.Listing{ID: "a", Kind: "k", Capacity: 1})
	for _, w := range []store.Want{{Kind: "other"}, {Kind: "other", ID: "a"}, {Kind: "k", ID: "zzz"}, {}, {Kind: "k\x00"}, {Kind: "K"}} {
		reserve(t, d, w, none)
	}
	if err := d.Add(t.Context(), store.Listing{ID: "a", Kind: "x"}); !errors.Is(err, store.ErrExists) {
		t.Errorf("a second room a: got %v", err)
	}
	reserve(t, d, store.Want{ID: "a"}, "a")
}

func byMode(t *testing.T, d, _ store.Directory) {
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
}

func privateRooms(t *testing.T, d, _ store.Directory) {
	add(t, d, store.Listing{ID: "a", Kind: "k", Mode: "m", Region: "eu", Capacity: 2, Private: true})
	reserve(t, d, store.Want{Kind: "k", Mode: "m"}, none)
	reserve(t, d, store.Want{Kind: "k", Mode: "m", Region: "eu"}, none)
	reserve(t, d, store.Want{Kind: "k", ID: "a"}, "a")
	release(t, d, "a")
	reserve(t, d, store.Want{Kind: "k", Mode: "m"}, none)
}

func closesRooms(t *testing.T, d, _ store.Directory) {
	ctx := t.Context()
	add(t, d, store.Listing{ID: "a", Kind: "k", Capacity: 2})
	reserve(t, d, store.Want{Kind: "k", ID: "a"}, "a")
	if ok, err := d.Close(ctx, "a", 0); ok || err != nil {
		t.Fatalf("closed a room with a place taken: %t, %v", ok, err)
	}
	release(t, d, "a")
	reserve(t, d, store.Want{Kind: "k", Reservation: "r", Until: hour()}, "a")
	if ok, err := d.Close(ctx, "a", 0); ok || err != nil {
		t.Fatalf("closed a room with a place reserved: %t, %v", ok, err)
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
}

func listsRooms(t *testing.T, d, _ store.Directory) {
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
		want = append(want, room(j))
		add(t, d, room(j))
	}
	slices.SortFunc(want, func(a, b store.Listing) int { return cmp.Compare(a.ID, b.ID) })
	rooms, err := d.Rooms(t.Context(), "")
	ok(t, err)
	same(t, "rooms", rooms, want)
	if rooms, err := d.Rooms(t.Context(), "k1"); err != nil || len(rooms) != n/2 {
		t.Fatalf("%d rooms of k1, %v", len(rooms), err)
	}
}

func holdsPlaces(t *testing.T, d, _ store.Directory) {
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
}

func freesPlaces(t *testing.T, d, _ store.Directory) {
	add(t, d, store.Listing{ID: "a", Kind: "k", Capacity: 3, Taken: 1})
	reserve(t, d, store.Want{Kind: "k", Reservation: "short", Until: time.Now().Add(100 * time.Millisecond)}, "a")
	reserve(t, d, store.Want{Kind: "k", Reservation: "long", Until: hour()}, "a")
	until(t, "a place is free again", func() bool { return takenOf(t, d, "a") == 2 })
	// A search finds the place, though the room was full.
	reserve(t, d, store.Want{Kind: "k", Reservation: "next", Until: hour()}, "a")
	reserve(t, d, store.Want{Kind: "k"}, none)
	confirm(t, d, "a", "short", false)
	confirm(t, d, "a", "long", true)
	confirm(t, d, "a", "next", true)
	taken(t, d, "a", 3)
}

func seesFreePlaces(t *testing.T, d, _ store.Directory) {
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
}

func freesMany(t *testing.T, d, _ store.Directory) {
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
}

func removesNode(t *testing.T, d, _ store.Directory) {
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
}

func givesOnce(t *testing.T, d, _ store.Directory) {
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
			t.Errorf("room %s: %d places given of 7", id, n)
		}
	}
	if len(got) != 10 {
		t.Errorf("%d rooms filled of 10", len(got))
	}
}

// storm has many players reserve, come or not come, and leave, all at once.
func storm(t *testing.T, d, _ store.Directory) {
	const rooms, players = 4, 12
	s := &stormy{d: d}
	for i := range rooms {
		add(t, d, store.Listing{ID: fmt.Sprint(i), Kind: "k", Capacity: stormCapacity})
	}
	var wg sync.WaitGroup
	for p := range players {
		wg.Go(func() {
			for i := range 25 {
				if err := s.visit(t, p, i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	for i := range rooms {
		want := int(s.inside[i].Load())
		until(t, "all other places are free", func() bool { return takenOf(t, d, fmt.Sprint(i)) == want })
	}
}

const stormCapacity = 5

type stormy struct {
	d store.Directory
	// inside counts those who are in each room: never more than there are places.
	inside [4]atomic.Int64
}

// visit has a player look for a room for the i-th time, where every third reservation ends
// soon.
func (s *stormy) visit(t *testing.T, player, i int) error {
	ctx, name, until := t.Context(), fmt.Sprint(player, "-", i), hour()
	short := i%3 == 0
	if short {
		until = time.Now().Add(time.Duration(i) * time.Millisecond / 2)
	}
	r, err := s.d.Reserve(ctx, store.Want{Kind: "k", Reservation: name, Until: until})
	if errors.Is(err, store.ErrNoRoom) {
		return nil
	}
	var at int
	if _, bad := fmt.Sscan(r.ID, &at); err != nil || bad != nil {
		return cmp.Or(err, bad)
	}
	switch i % 4 {
	case 0: // does not come
		if short {
			return nil
		}
		return s.d.Cancel(ctx, r.ID, name)
	case 1: // asks again
		_, err := s.d.Reserve(ctx, store.Want{ID: r.ID, Reservation: name, Until: until})
		if err != nil && !errors.Is(err, store.ErrFull) {
			return err
		}
	}
	ok, err := s.d.Confirm(ctx, r.ID, name)
	switch {
	case err != nil || !ok && short:
		return err
	case !ok:
		return fmt.Errorf("the reservation %s has ended before its time", name)
	}
	if n := s.inside[at].Add(1); n > stormCapacity {
		t.Errorf("room %s: %d players in %d places", r.ID, n, stormCapacity)
	}
	if i%5 == 4 && player%3 == 0 {
		return nil // stays
	}
	s.inside[at].Add(-1)
	return s.d.Release(ctx, r.ID)
}

// What reserve expects besides the ids of rooms.
const (
	none = "(no room)"
	full = "(full)"
	some = "(some room)"
)

// reserve reserves a place, and fails unless it is in the room that is wanted.
func reserve(t *testing.T, d store.Directory, w store.Want, want string) {
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

func confirm(t *testing.T, d store.Directory, room, reservation string, want bool) {
	t.Helper()
	if ok, err := d.Confirm(t.Context(), room, reservation); ok != want || err != nil {
		t.Fatalf("confirmed %s in %s: %t, %v; want %t", reservation, room, ok, err, want)
	}
}

func release(t *testing.T, d store.Directory, room string) {
	t.Helper()
	if err := d.Release(t.Context(), room); err != nil {
		t.Fatal(err)
	}
}

// takenOf returns how many places of a room are taken.
func takenOf(t *testing.T, d store.Directory, room string) int {
	t.Helper()
	rooms, err := d.Rooms(t.Context(), "")
	ok(t, err)
	i := slices.IndexFunc(rooms, func(r store.Listing) bool { return r.ID == room })
	if i < 0 {
		t.Fatalf("room %s is not listed: %+v", room, rooms)
	}
	return rooms[i].Taken
}

func taken(t *testing.T, d store.Directory, room string, want int) {
	t.Helper()
	if got := takenOf(t, d, room); got != want {
		t.Fatalf("room %s: %d places are taken; want %d", room, got, want)
	}
}

func owners(t *testing.T, d store.Directory, want ...string) {
	t.Helper()
	if got, err := d.Owners(t.Context()); err != nil || !slices.Equal(got, want) {
		t.Fatalf("owners: %q, %v; want %q", got, err, want)
	}
}

func failIf(bad bool) error {
	if bad {
		return errors.New("the place is not seen as free")
	}
	return nil
}

func add(t *testing.T, d store.Directory, r store.Listing) {
	t.Helper()
	if err := d.Add(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}
