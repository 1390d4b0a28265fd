package storetest_test

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

var directoryCases = map[string]func(t *testing.T, a, b store.Directory){
	"fills the fullest room first":                   fillsUp,
	"fills rooms evenly that are spread":             spreads,
	"knows how full rooms are that are spread":       loads,
	"knows rooms by kind":                            byKind,
	"knows rooms by mode, region and node":           byMode,
	"tells rooms apart by what clients chose":        byOptions,
	"gives private rooms by id alone":                privateRooms,
	"passes over locked rooms, and those not wanted": lockedRooms,
	"has places to watch from":                       spectators,
	"keeps what games say of rooms":                  labels,
	"goes by the newest report":                      newestReport,
	"lists again what it has lost":                   listsAgain,
	"reserves once for a name":                       reservesOnce,
	"reserves once for a name that searches":         searchesOnce,
	"settles what was made before":                   settles,
	"closes a room that nobody is on the way to":     closesRooms,
	"lists any number of rooms, by id":               listsRooms,
	"frees places whose reservations have ended":     freesPlaces,
	"sees a place that is free again whatever looks": seesFreePlaces,
	"frees very many places":                         freesMany,
	"removes the rooms of a node":                    removesNode,
	"gives each place once":                          givesOnce,
	"does what a simple model does":                  obeysModel,
	"is set right by the next report":                heals,
}

var (
	hour = func() time.Time { return time.Now().Add(time.Hour) }
	past = func() time.Time { return time.Now().Add(-time.Second) }
)

// room returns a report of a room of kind k for so many players.
func room(id string, players int) store.Report {
	var r store.Report
	r.ID, r.Kind, r.MaxPlayers, r.Revision = id, "k", players, 1
	return r
}

// tell reports rooms, all of which are of the node of the first.
func tell(t *testing.T, d store.Directory, rooms ...store.Report) {
	t.Helper()
	_, err := d.Report(t.Context(), rooms[0].Node, rooms)
	ok(t, err)
}

// by returns what a place of kind k is reserved with for an hour.
func by(name string) store.Want { return store.Want{Kind: "k", Reservation: name, Until: hour()} }

// in returns the same for a place in a room.
func in(id, name string) store.Want { return store.Want{ID: id, Reservation: name, Until: hour()} }

func fillsUp(t *testing.T, d, _ store.Directory) {
	a, b := room("a", 3), room("b", 3)
	b.Players = 1
	tell(t, d, a, b)
	for i, want := range []string{"b", "b", "a", "a", "a"} {
		reserve(t, d, by(fmt.Sprint(i)), want)
	}
	reserve(t, d, by("x"), none)
	reserve(t, d, in("a", "x"), full)
	ok(t, d.Cancel(t.Context(), "a", store.Reservation{Name: "2"}))
	reserve(t, d, by("x"), "a")
}

func spreads(t *testing.T, d, _ store.Directory) {
	a, b := room("a", 4), room("b", 6)
	a.Spread, b.Spread = true, true
	a.MaxSpectators, b.MaxSpectators = 3, 2
	tell(t, d, a, b)
	for i, want := range []string{"b", "b"} { // four free places in either, then
		reserve(t, d, by(fmt.Sprint(i)), want)
	}
	got := map[string]int{}
	for i := range 8 {
		l, err := d.Reserve(t.Context(), by(fmt.Sprint("even", i)))
		ok(t, err)
		got[l.ID]++
		if more := got["a"] - got["b"]; more < -1 || more > 1 {
			t.Fatalf("%v", got)
		}
	}
	reserve(t, d, by("x"), none)
	for i, want := range []string{"a", "a b", "a b"} {
		w := by(fmt.Sprint("s", i))
		w.Spectate = true
		l, err := d.Reserve(t.Context(), w)
		if ok(t, err); !strings.Contains(want, l.ID) {
			t.Fatalf("spectator %d is sent to %s; want one of %s", i, l.ID, want)
		}
	}
	// What has become free counts at once.
	a.Revision, a.Players = 2, 0
	for i := range 8 {
		a.Settled = append(a.Settled, store.Reservation{Name: fmt.Sprint("even", i)})
	}
	tell(t, d, a)
	reserve(t, d, by("y"), "a")
}

func loads(t *testing.T, d, _ store.Directory) {
	is := func(w store.Want, rooms, places, taken int) {
		t.Helper()
		w.Kind = "k"
		got, err := d.Load(t.Context(), w)
		ok(t, err)
		if want := (store.Load{Rooms: rooms, Places: places, Taken: taken}); got != want {
			t.Fatalf("%+v: %+v; want %+v", w, got, want)
		}
	}
	is(store.Want{}, 0, 0, 0)
	show := store.OptionsText(map[string]string{"show": "one"})
	for i, l := range []store.Listing{
		{ID: "a", Node: "n1", Region: "eu"}, {ID: "b", Node: "n2", Region: "eu"}, {ID: "c", Node: "n3", Region: "us"}, {ID: "d", Node: "n1", Region: "eu", Options: show},
	} {
		l.Kind, l.Spread, l.MaxPlayers, l.Players, l.Revision = "k", true, 10*(i+1), i, 1
		tell(t, d, store.Report{Listing: l})
	}
	plain := room("plain", 90) // is not spread
	plain.Region, plain.Node = "eu", "n1"
	tell(t, d, plain)
	is(store.Want{}, 3, 60, 3)
	is(store.Want{Region: "eu"}, 2, 30, 1)
	is(store.Want{Region: "asia"}, 0, 0, 0)
	is(store.Want{Node: "n2", Region: "eu"}, 1, 20, 1)
	is(store.Want{Options: show}, 1, 40, 3)
	w := in("b", "x")
	reserve(t, d, w, "b")
	is(store.Want{Region: "eu"}, 2, 30, 2)
	l, err := d.Rooms(t.Context(), "k", "n2")
	ok(t, err)
	b := store.Report{Listing: l[0]}
	for i, change := range []func(*store.Report){
		func(r *store.Report) { r.Locked = true }, func(r *store.Report) { r.Locked, r.Private = false, true }, func(r *store.Report) { r.Private, r.Closed = false, true },
	} {
		change(&b)
		b.Revision = uint64(i + 2)
		tell(t, d, b)
		is(store.Want{Region: "eu"}, 1, 10, 0)
	}
	b.Closed, b.MaxPlayers, b.Players, b.Revision = false, 5, 4, 9
	tell(t, d, b)
	is(store.Want{Region: "eu"}, 2, 15, 5)
	ok(t, d.Cancel(t.Context(), "b", store.Reservation{Name: "x", Made: hour()}))
	is(store.Want{Region: "eu"}, 2, 15, 4)
	w.Until = past()
	reserve(t, d, w, "b")
	is(store.Want{Node: "n2"}, 1, 5, 4)
	ok(t, d.Remove(t.Context(), "b", 9))
	is(store.Want{}, 2, 40, 2)
	_, err = d.RemoveNode(t.Context(), "n1")
	ok(t, err)
	is(store.Want{}, 1, 30, 2)
	is(store.Want{Options: show}, 0, 0, 0)
}

func byKind(t *testing.T, d, _ store.Directory) {
	tell(t, d, room("a", 1))
	for _, w := range []store.Want{{Kind: "other"}, {Kind: "other", ID: "a"}, {Kind: "k", ID: "zzz"}, {}, {Kind: "k\x00"}, {Kind: "K"}} {
		reserve(t, d, w, none)
	}
	reserve(t, d, in("a", "x"), "a")
}

func byOptions(t *testing.T, d, _ store.Directory) {
	plain, yard := room("plain", 9), room("yard", 9)
	yard.Options = store.OptionsText(map[string]string{"map": "yard", "a&b": "c=d"})
	plain.Players, plain.Region, yard.Region = 5, "eu", "eu" // by fullness it would be preferred
	tell(t, d, plain, yard)
	for i, region := range []string{"", "eu"} {
		w := by(fmt.Sprint("plain", i))
		w.Region = region
		reserve(t, d, w, "plain")
		w = by(fmt.Sprint("yard", i))
		w.Region, w.Options = region, store.OptionsText(map[string]string{"a&b": "c=d", "map": "yard"})
		reserve(t, d, w, "yard")
		w = by(fmt.Sprint("roof", i))
		w.Options = store.OptionsText(map[string]string{"map": "roof"})
		reserve(t, d, w, none)
	}
	reserve(t, d, in("yard", "by id"), "yard") // whatever it is like
	rooms, err := d.Rooms(t.Context(), "k", "")
	ok(t, err)
	if len(rooms) != 2 || rooms[0].Options != "" || rooms[1].Options != yard.Options {
		t.Errorf("listed: %+v", rooms)
	}
}

func byMode(t *testing.T, d, _ store.Directory) {
	for _, l := range []store.Listing{
		{ID: "plain", Kind: "k", Node: "n1"},
		{ID: "plain-eu", Kind: "k", Region: "eu", Node: "n2"},
		{ID: "duel-eu", Kind: "k", Mode: "duel", Region: "eu", Node: "n1"},
		{ID: "duel-us", Kind: "k", Mode: "duel", Region: "us", Node: "n2"},
		{ID: "team", Kind: "k", Mode: "team"},
		{ID: "other", Kind: "other", Mode: "duel", Region: "eu"},
	} {
		l.Players = map[string]int{"plain": 1, "plain-eu": 2, "duel-eu": 3, "duel-us": 40}[l.ID]
		l.MaxPlayers, l.Revision = 90, 1
		tell(t, d, store.Report{Listing: l})
	}
	for i, c := range []struct{ mode, region, node, id, want string }{
		{"", "", "", "", "plain-eu"}, {"", "eu", "", "", "plain-eu"}, {"", "us", "", "", none},
		{"duel", "", "", "", "duel-us"}, {"duel", "eu", "", "", "duel-eu"}, {"duel", "us", "", "", "duel-us"}, {"duel", "asia", "", "", none},
		{"team", "", "", "", "team"}, {"team", "eu", "", "", none}, {"due", "", "", "", none},
		{"", "", "n1", "", "plain"}, {"", "eu", "n1", "", none}, {"duel", "eu", "n1", "", "duel-eu"}, {"", "", "n3", "", none},
		{"", "", "", "duel-eu", "duel-eu"}, {"duel", "", "", "duel-eu", "duel-eu"}, {"team", "", "", "duel-eu", none},
		{"", "us", "", "duel-eu", none}, {"duel", "eu", "", "duel-eu", "duel-eu"}, {"", "", "n2", "duel-eu", none}, {"", "", "n1", "duel-eu", "duel-eu"},
	} {
		w := by(fmt.Sprint(i))
		w.Mode, w.Region, w.Node, w.ID = c.mode, c.region, c.node, c.id
		reserve(t, d, w, c.want)
	}
}

func labels(t *testing.T, d, other store.Directory) {
	r := room("a", 1)
	for _, want := range []map[string]any{
		{"map": "dust", "level": 3.5, "friendly.fire": true, "wer": "Zoë \"7\" 語\\"}, {"map": "ice", "big": 1e300, "small": -1.0}, nil,
	} {
		r.Revision++
		r.Labels = want
		tell(t, d, r)
		list, err := other.Rooms(t.Context(), "", "")
		if err != nil || len(list) != 1 || !maps.Equal(list[0].Labels, want) {
			t.Errorf("%v, %v; want %v", list, err, want)
		}
	}
	r.Revision, r.Labels = 1, map[string]any{"late": true}
	tell(t, d, r)
	if list, err := d.Rooms(t.Context(), "", ""); err != nil || len(list) != 1 || len(list[0].Labels) != 0 {
		t.Errorf("after a late report: %v, %v", list, err)
	}
}

func privateRooms(t *testing.T, d, _ store.Directory) {
	r := room("a", 2)
	r.Mode, r.Region, r.Private, r.MaxSpectators = "m", "eu", true, 1
	tell(t, d, r)
	w := by("x")
	w.Mode = "m"
	reserve(t, d, w, none)
	w.Spectate = true
	reserve(t, d, w, none)
	reserve(t, d, in("a", "x"), "a")
}

func lockedRooms(t *testing.T, d, _ store.Directory) {
	a, b, c := room("a", 4), room("b", 4), room("c", 4)
	a.Players, b.Players, a.MaxSpectators = 3, 2, 1
	tell(t, d, a, b, c)
	reserve(t, d, in("a", "early"), "a")
	a.Revision, a.Locked, a.Players = 2, true, 2
	tell(t, d, a)
	reserve(t, d, by("x"), "b")
	reserve(t, d, in("a", "y"), full)
	reserve(t, d, in("a", "early"), "a") // was before the lock
	w := by("watches")
	w.Spectate = true
	reserve(t, d, w, "a")
	a.Revision, a.Locked = 3, false
	tell(t, d, a)
	w = by("z")
	w.Except = []string{"a", "gone"}
	reserve(t, d, w, "b")
	w.Except = append(w.Except, "b", "c")
	reserve(t, d, w, none)
	reserve(t, d, in("a", "y"), "a")
}

// spectators take no player's place, and players none of theirs.
func spectators(t *testing.T, d, _ store.Directory) {
	r := room("a", 1)
	r.MaxSpectators = 2
	tell(t, d, r, room("b", 9))
	watch := func(name string) store.Want { w := by(name); w.Spectate = true; return w }
	reserve(t, d, watch("s1"), "a")
	reserve(t, d, in("a", "p1"), "a")
	reserve(t, d, in("a", "p2"), full)
	reserve(t, d, watch("p1"), "a") // one may do both
	reserve(t, d, watch("s3"), none)
	w := watch("s3")
	w.ID = "a"
	reserve(t, d, w, full)
	w.ID = "b"
	reserve(t, d, w, full)
	l := listed(t, d, "a")
	if l.Players != 0 || l.ReservedPlayers != 1 || l.ReservedSpectators != 2 || l.Free() != 0 || l.FreeToWatch() != 0 || l.Taken() != 1 {
		t.Fatalf("%+v", l)
	}
	r.Revision, r.Spectators, r.Settled = 2, 1, []store.Reservation{{Name: "s1", Spectate: true}, {Name: "p1", Made: past()}}
	tell(t, d, r)
	if l := listed(t, d, "a"); l.Players != 0 || l.Spectators != 1 || l.ReservedPlayers != 0 || l.ReservedSpectators != 1 {
		t.Fatalf("%+v", l)
	}
}

func newestReport(t *testing.T, d, other store.Directory) {
	r := room("a", 4)
	r.Revision, r.Players = 1<<52, 3
	tell(t, d, r)
	taken(t, other, "a", 3)
	// What comes late or again changes nothing.
	for _, revision := range []uint64{0, 1, 1<<52 - 1, 1 << 52} {
		late := r
		late.Revision, late.Players, late.MaxPlayers, late.Locked, late.Closed = revision, 1, 9, true, true
		tell(t, other, late)
		if l := listed(t, d, "a"); !reflect.DeepEqual(l.Occupancy, r.Occupancy) || l.Revision != r.Revision {
			t.Fatalf("%+v; want %+v", l, r.Occupancy)
		}
	}
	r.Revision++
	r.Players, r.MaxPlayers = 2, 3
	tell(t, other, r)
	reserve(t, d, by("x"), "a")
	reserve(t, d, by("y"), none)
	r.Revision++
	r.MaxPlayers = 1 // fewer than are there
	tell(t, d, r)
	if l := listed(t, other, "a"); l.Free() != 0 || l.Players != 2 {
		t.Fatalf("%+v", l)
	}
	r.Revision++
	r.MaxPlayers = 5
	tell(t, d, r)
	reserve(t, d, by("y"), "a")
}

func listsAgain(t *testing.T, d, _ store.Directory) {
	ctx := t.Context()
	a, b := room("a", 4), room("b", 4)
	a.Node, b.Node, a.Revision, a.Players = "n", "n", 7, 3
	for i, rooms := range [][]store.Report{nil, {a}, {a}, {a, b}, {b}} {
		n, err := d.Report(ctx, "n", rooms)
		ok(t, err)
		if want := []int{0, 1, 1, 2, 2}[i]; n != want {
			t.Fatalf("%d rooms are listed; want %d", n, want)
		}
	}
	ok(t, d.Remove(ctx, "a", 6)) // a newer report has come
	taken(t, d, "a", 3)
	for range 2 {
		ok(t, d.Remove(ctx, "a", 7))
	}
	if rooms, err := d.Rooms(ctx, "", "n"); err != nil || len(rooms) != 1 || rooms[0].ID != "b" {
		t.Fatalf("%+v, %v", rooms, err)
	}
	tell(t, d, a)
	taken(t, d, "a", 3)
	if rooms, err := d.Rooms(ctx, "k", "nobody"); err != nil || len(rooms) != 0 {
		t.Fatalf("%+v, %v", rooms, err)
	}
}

func reservesOnce(t *testing.T, d, other store.Directory) {
	tell(t, d, room("a", 2), room("b", 2))
	reserve(t, d, in("a", "ann"), "a")
	reserve(t, other, in("a", "ann"), "a") // as after an answer that was lost
	taken(t, d, "a", 1)
	reserve(t, d, in("a", "bob"), "a")
	reserve(t, d, in("a", "cid"), full)
	reserve(t, d, in("a", "ann"), "a")
	a := room("a", 0)
	a.Revision, a.Closed = 2, true
	tell(t, d, a)
	reserve(t, other, in("a", "ann"), "a") // which is full and closed by now
	reserve(t, d, in("a", "cid"), none)
	taken(t, d, "a", 2)
	for range 2 {
		ok(t, d.Cancel(t.Context(), "a", store.Reservation{Name: "ann"}))
		taken(t, d, "a", 1)
	}
	for _, room := range []string{"b", "nowhere"} {
		ok(t, d.Cancel(t.Context(), room, store.Reservation{Name: "bob"}))
	}
	taken(t, d, "a", 1)
	// The later end counts.
	short := in("b", "ann")
	short.Until = past()
	reserve(t, d, in("b", "ann"), "b")
	reserve(t, d, short, "b")
	taken(t, d, "b", 1)
	short.Reservation = "bob"
	short.Until = time.Now().Add(20 * time.Millisecond)
	reserve(t, d, short, "b")
	reserve(t, d, in("b", "bob"), "b")
	<-time.After(25 * time.Millisecond)
	taken(t, d, "b", 2)
}

func searchesOnce(t *testing.T, d, other store.Directory) {
	a, b := room("a", 1), room("b", 2)
	a.Players, a.MaxPlayers = 2, 3
	tell(t, d, a, b)
	reserve(t, d, by("ann"), "a")
	reserve(t, other, by("ann"), "a") // though it is full now
	reserve(t, d, by("bob"), "b")
	w := by("ann")
	w.Except = []string{"a"}
	reserve(t, d, w, "b")
	reserve(t, d, by("ann"), "b") // the newest
	w = by("ann")
	w.Kind = "other"
	reserve(t, d, w, none)
	ok(t, d.Cancel(t.Context(), "b", store.Reservation{Name: "ann"}))
	ok(t, d.Cancel(t.Context(), "a", store.Reservation{Name: "ann"}))
	reserve(t, d, by("cid"), "a")
	reserve(t, d, by("ann"), "b")
}

func settles(t *testing.T, d, _ store.Directory) {
	at := func(ms int64) time.Time { return time.UnixMilli(ms) }
	r := room("a", 9)
	tell(t, d, r)
	w := in("a", "ann")
	w.Made = at(1000)
	reserve(t, d, w, "a")
	w.Made = at(2000)
	reserve(t, d, w, "a") // it was made before
	r.Players = 1
	for i, c := range []struct{ made, reserved int64 }{{999, 1}, {1000, 0}} {
		r.Revision, r.Settled = uint64(i+2), []store.Reservation{{Name: "bob", Made: at(9999)}, {Name: "ann", Made: at(c.made)}}
		tell(t, d, r)
		if l := listed(t, d, "a"); l.ReservedPlayers != int(c.reserved) || l.Players != 1 {
			t.Fatalf("settled at %d: %+v", c.made, l)
		}
	}
	w.Made = at(3000)
	reserve(t, d, w, "a") // ann has left, and comes again
	tell(t, d, r)
	ok(t, d.Cancel(t.Context(), "a", store.Reservation{Name: "ann", Made: at(2999)}))
	taken(t, d, "a", 2)
	// Reports that come late settle too.
	r.Revision, r.Settled = 1, []store.Reservation{{Name: "ann", Made: at(3000)}}
	tell(t, d, r)
	taken(t, d, "a", 1)
}

func closesRooms(t *testing.T, d, _ store.Directory) {
	ctx := t.Context()
	r := room("a", 2)
	r.MaxSpectators = 2
	closes := func(want bool) {
		t.Helper()
		for range 2 {
			if got, err := d.Close(ctx, r); got != want || err != nil {
				t.Fatalf("closed: %t, %v; want %t", got, err, want)
			}
		}
	}
	closes(true) // it is not there
	tell(t, d, r)
	reserve(t, d, in("a", "ann"), "a")
	w := in("a", "sue")
	w.Spectate = true
	reserve(t, d, w, "a")
	r.Revision++
	closes(false)
	r.Revision++
	r.Settled = []store.Reservation{{Name: "ann"}}
	closes(false) // somebody may come to watch
	r.Revision++
	r.Settled = []store.Reservation{{Name: "sue"}}
	closes(false)
	r.Revision++
	r.Settled[0].Spectate = true
	closes(true)
	if l := listed(t, d, "a"); !l.Closed || l.Revision != 5 {
		t.Fatalf("%+v", l)
	}
	reserve(t, d, by("x"), none)
	reserve(t, d, in("a", "x"), none)
	old := r
	old.Revision--
	tell(t, d, old) // opens nothing
	reserve(t, d, in("a", "x"), none)
	r.Revision++
	tell(t, d, r)
	reserve(t, d, by("x"), "a")
	r.Revision--
	closes(false) // is late
	reserve(t, d, by("y"), "a")
}

func listsRooms(t *testing.T, d, _ store.Directory) {
	const n = 1200
	made := time.Date(2026, 1, 2, 3, 4, 5, 6789, time.FixedZone("there", 3600))
	room := func(j int) store.Report {
		r := store.Listing{
			ID: fmt.Sprintf("%04d", (j*7)%n), Kind: fmt.Sprint("k", j%2), Mode: fmt.Sprint("m", j%3), Node: "here:1", URL: "wss://here/n/1", Region: []string{"", "eu"}[j%2],
			Occupancy: store.Occupancy{
				MaxPlayers: 5, Players: j % 5, Closed: j%3 == 0, Private: j%5 == 0, MaxSpectators: j % 7, Spectators: j % 4, Locked: j%4 == 0,
			},
			Revision: uint64(1e15) + uint64(j),
		}
		if j%11 != 0 {
			r.Created = made.Add(time.Duration(j) * time.Second)
		}
		return store.Report{Listing: r}
	}
	var reports []store.Report
	var want []store.Listing
	for j := range n {
		reports = append(reports, room(j))
		want = append(want, room(j).Listing)
	}
	if got, err := d.Report(t.Context(), "here:1", reports); got != n || err != nil {
		t.Fatal(got, err)
	}
	slices.SortFunc(want, func(a, b store.Listing) int { return cmp.Compare(a.ID, b.ID) })
	rooms, err := d.Rooms(t.Context(), "", "")
	ok(t, err)
	same(t, "rooms", rooms, want)
	if rooms, err := d.Rooms(t.Context(), "k1", ""); err != nil || len(rooms) != n/2 {
		t.Fatalf("%d rooms of k1, %v", len(rooms), err)
	}
	if rooms, err := d.Rooms(t.Context(), "k1", "here:1"); err != nil || len(rooms) != n/2 {
		t.Fatalf("%d rooms of k1 here, %v", len(rooms), err)
	}
}

func freesPlaces(t *testing.T, d, _ store.Directory) {
	r := room("a", 3)
	r.Players = 1
	tell(t, d, r)
	short := by("short")
	short.Until = time.Now().Add(100 * time.Millisecond)
	reserve(t, d, short, "a")
	reserve(t, d, by("long"), "a")
	until(t, "a place is free again", func() bool { l := listed(t, d, "a"); return l.Taken() == 2 })
	// A search finds the place, though the room was full.
	reserve(t, d, by("next"), "a")
	reserve(t, d, by("x"), none)
	taken(t, d, "a", 3)
}

func seesFreePlaces(t *testing.T, d, _ store.Directory) {
	ctx := t.Context()
	looks := map[string]func(id string) error{
		"list":   func(string) error { return nil },
		"cancel": func(id string) error { return d.Cancel(ctx, id, store.Reservation{Name: "r"}) },
		"close": func(id string) error {
			r := room(id, 1)
			r.Revision = 2
			ok, err := d.Close(ctx, r)
			return cmp.Or(err, failIf(!ok))
		},
		"report": func(id string) error { _, err := d.Report(ctx, "", []store.Report{room(id, 1)}); return err },
		"by id": func(id string) error {
			_, err := d.Reserve(ctx, store.Want{ID: id, Reservation: "x"})
			return err
		},
		"search": func(id string) error {
			_, err := d.Reserve(ctx, store.Want{Kind: id, Reservation: "x"})
			return err
		},
		"again": func(id string) error {
			_, err := d.Reserve(ctx, store.Want{ID: id, Reservation: "r", Until: hour()})
			return cmp.Or(err, d.Cancel(ctx, id, store.Reservation{Name: "r"}))
		},
	}
	for id, look := range looks {
		r := room(id, 1)
		r.Kind = id
		tell(t, d, r)
		reserve(t, d, store.Want{Kind: id, Reservation: "r", Until: past()}, id)
		if err := look(id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
		taken(t, d, id, 0)
	}
}

func freesMany(t *testing.T, d, _ store.Directory) {
	const n = 450
	var rooms []store.Report
	for i := range n {
		rooms = append(rooms, room(fmt.Sprint(i), 1))
	}
	last := room("last", 1)
	last.Kind = "z"
	tell(t, d, append(rooms, last)...)
	for i := range n {
		reserve(t, d, store.Want{ID: fmt.Sprint(i), Reservation: "r", Until: past()}, fmt.Sprint(i))
	}
	reserve(t, d, store.Want{Kind: "z", Reservation: "r", Until: past()}, "last")
	reserve(t, d, store.Want{Kind: "z", Reservation: "s", Until: hour()}, "last")
	for i := range n {
		reserve(t, d, by(fmt.Sprint(i)), some)
	}
	reserve(t, d, by("x"), none)
}

func removesNode(t *testing.T, d, _ store.Directory) {
	ctx := t.Context()
	const n = 250
	var rooms []store.Report
	for i := range n {
		r := room(fmt.Sprint("dead", i), 2)
		r.Node, r.Players = "dead", 1
		rooms = append(rooms, r)
	}
	tell(t, d, rooms...)
	reserve(t, d, in("dead7", "r"), "dead7")
	b := room("b", 2)
	b.Node = "alive"
	tell(t, d, b)
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
	reserve(t, d, by("x"), "b")
	// Of a node that was not dead all is there again with what it says next, but reservations.
	if got, err := d.Report(ctx, "dead", rooms); err != nil || got != n {
		t.Fatalf("%d rooms, %v", got, err)
	}
	taken(t, d, "dead7", 1)
	if _, err := d.RemoveNode(ctx, "dead"); err != nil {
		t.Fatal(err)
	}
	ok(t, d.Remove(ctx, "b", 1))
	owners(t, d)
}

func givesOnce(t *testing.T, a, b store.Directory) {
	for i := range 10 {
		tell(t, a, room(fmt.Sprint(i), 7))
	}
	var mu sync.Mutex
	got := map[string]int{}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				r, err := []store.Directory{a, b}[g%2].Reserve(t.Context(), by(fmt.Sprint(g, ".", i)))
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

// listed returns what the directory knows of a room.
func listed(t *testing.T, d store.Directory, room string) store.Listing {
	t.Helper()
	rooms, err := d.Rooms(t.Context(), "", "")
	ok(t, err)
	i := slices.IndexFunc(rooms, func(r store.Listing) bool { return r.ID == room })
	if i < 0 {
		t.Fatalf("room %s is not listed: %+v", room, rooms)
	}
	return rooms[i]
}

func taken(t *testing.T, d store.Directory, room string, want int) {
	t.Helper()
	if l := listed(t, d, room); l.Taken() != want {
		t.Fatalf("room %s: %d places are taken; want %d", room, l.Taken(), want)
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
