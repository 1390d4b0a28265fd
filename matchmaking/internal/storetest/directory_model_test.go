package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// obeysModel compares a directory with a plain list of rooms and reservations, under random
// calls, any of which may come again later. Reservations are for an hour or have ended when
// they are made.
func obeysModel(t *testing.T, d, _ store.Directory) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &model{d: d, spread: rapid.Bool().Draw(rt, "spread"), rooms: map[string]*modelRoom{}, last: map[string]string{}}
		for _, id := range modelRooms {
			m.fine(rt, d.Remove(context.Background(), id, 1<<60))
		}
		rt.Repeat(map[string]func(*rapid.T){
			"": m.check, "report": m.report, "report again": m.report, "reserve": m.reserve, "search": m.search, "search again": m.search,
			"cancel": m.cancel, "close": m.close, "remove": m.remove, "late": m.late, "repeated": m.late,
		})
	})
}

var (
	modelRooms = []string{"a", "b", "c"}
	modelNames = []string{"x", "y", "z"}
)

// model is a directory and what it ought to have.
type model struct {
	d      store.Directory
	spread bool // the rooms are
	rooms  map[string]*modelRoom
	last   map[string]string // by "p" or "s" and name: the room that a search has found
	calls  []func(*rapid.T)  // that were made
	tick   int64
}

type modelRoom struct {
	store.Listing
	held map[string]int64 // by "p" or "s" and name: when it was made
}

func as(spectate bool, name string) string {
	if spectate {
		return "s" + name
	}
	return "p" + name
}

// now returns the room as the directory ought to list it.
func (r *modelRoom) now() store.Listing {
	l := r.Listing
	for key := range r.held {
		if key[0] == 's' {
			l.ReservedSpectators++
		} else {
			l.ReservedPlayers++
		}
	}
	return l
}

func (r *modelRoom) open(spectate bool) bool {
	l := r.now()
	if spectate {
		return l.Spectators+l.ReservedSpectators < l.MaxSpectators
	}
	return !l.Locked && l.Players+l.ReservedPlayers < l.MaxPlayers
}

func (r *modelRoom) settle(s store.Reservation) {
	maps.DeleteFunc(r.held, func(key string, made int64) bool { return key == as(s.Spectate, s.Name) && made <= s.Made.UnixMilli() })
}

func pick(rt *rapid.T, what string, from ...string) string {
	return rapid.SampledFrom(from).Draw(rt, what)
}

func (m *model) fine(rt *rapid.T, err error) {
	if err != nil {
		rt.Fatal(err)
	}
}

// do makes a call, which may come again.
func (m *model) do(rt *rapid.T, call func(*rapid.T)) {
	m.calls = append(m.calls, call)
	call(rt)
}

func (m *model) late(rt *rapid.T) {
	if len(m.calls) > 0 {
		rapid.SampledFrom(m.calls).Draw(rt, "call")(rt)
	}
}

func (m *model) check(rt *rapid.T) {
	for key, id := range m.last {
		if r := m.rooms[id]; r == nil {
			delete(m.last, key)
		} else if _, held := r.held[key]; !held {
			delete(m.last, key)
		}
	}
	list, err := m.d.Rooms(context.Background(), "", "")
	if err != nil || len(list) != len(m.rooms) {
		rt.Fatalf("%+v, %v; want %d", list, err, len(m.rooms))
	}
	loads := map[string]store.Load{"": {}, "m": {}}
	for _, got := range list {
		want := m.rooms[got.ID].now()
		if !reflect.DeepEqual(got, want) {
			rt.Fatalf("%+v; want %+v", got, want)
		}
		if m.spread && !want.Closed && !want.Private && !want.Locked {
			n := loads[want.Mode]
			loads[want.Mode] = store.Load{Rooms: n.Rooms + 1, Places: n.Places + want.MaxPlayers, Taken: n.Taken + want.Taken()}
		}
	}
	for mode, want := range loads {
		if got, err := m.d.Load(context.Background(), store.Want{Kind: "k", Mode: mode}); got != want || err != nil {
			rt.Fatalf("load of mode %q: %+v, %v; want %+v", mode, got, err, want)
		}
	}
}

// news draws a report.
func (m *model) news(rt *rapid.T) store.Report {
	m.tick++
	up := func(what string, to int) int { return rapid.IntRange(0, to).Draw(rt, what) }
	n := store.Report{Listing: store.Listing{
		ID: pick(rt, "room", modelRooms...), Node: "n", Revision: uint64(m.tick), Occupancy: store.Occupancy{
			Players: up("players", 4), MaxPlayers: up("max players", 5), Spectators: up("spectators", 2), MaxSpectators: up("max spectators", 3),
			Locked: up("locked", 3) == 0, Closed: up("closed", 5) == 0, Private: up("private", 5) == 0,
		},
	}}
	if up("labelled", 1) == 1 {
		n.Labels = map[string]any{"map": pick(rt, "map", "dust", "ice"), "level": float64(up("level", 2)), "open": n.Locked}
	}
	n.Spread = m.spread
	n.Kind, n.Mode = "k", []string{"", "m", ""}[strings.Index("abc", n.ID)]
	if rapid.Bool().Draw(rt, "settles") {
		n.Settled = []store.Reservation{m.reservation(rt)}
	}
	return n
}

// reservation draws those that are to end.
func (m *model) reservation(rt *rapid.T) store.Reservation {
	return store.Reservation{Name: pick(rt, "name", modelNames...), Spectate: rapid.Bool().Draw(rt, "spectate"), Made: time.UnixMilli(m.tick - int64(rapid.IntRange(0, 5).Draw(rt, "age")))}
}

func (m *model) report(rt *rapid.T) {
	n := m.news(rt)
	m.do(rt, func(rt *rapid.T) {
		_, err := m.d.Report(context.Background(), "n", []store.Report{n})
		m.fine(rt, err)
		m.take(n)
	})
}

// take takes a report in.
func (m *model) take(n store.Report) *modelRoom {
	r := m.rooms[n.ID]
	if r == nil {
		r = &modelRoom{Listing: n.Listing, held: map[string]int64{}}
		m.rooms[n.ID] = r
	}
	for _, s := range n.Settled {
		r.settle(s)
	}
	if n.Revision > r.Revision {
		r.Listing = n.Listing
	}
	return r
}

func (m *model) close(rt *rapid.T) {
	n := m.news(rt)
	n.Closed = false
	m.do(rt, func(rt *rapid.T) {
		want := true
		if m.rooms[n.ID] != nil {
			r := m.take(n)
			if want = r.Revision == n.Revision && len(r.held) == 0; want {
				r.Closed = true
			}
		}
		if got, err := m.d.Close(context.Background(), n); got != want || err != nil {
			rt.Fatalf("close %+v: %v, %v", n, got, err)
		}
	})
}

func (m *model) cancel(rt *rapid.T) {
	id, which := pick(rt, "room", modelRooms...), m.reservation(rt)
	m.do(rt, func(rt *rapid.T) {
		m.fine(rt, m.d.Cancel(context.Background(), id, which))
		if r := m.rooms[id]; r != nil {
			r.settle(which)
		}
	})
}

func (m *model) remove(rt *rapid.T) {
	id, revision := pick(rt, "room", modelRooms...), uint64(max(0, m.tick-int64(rapid.IntRange(0, 4).Draw(rt, "age"))))
	m.do(rt, func(rt *rapid.T) {
		m.fine(rt, m.d.Remove(context.Background(), id, revision))
		if r := m.rooms[id]; r != nil && r.Revision <= revision {
			delete(m.rooms, id)
		}
	})
}

// wanted draws what a place is asked for with.
func (m *model) wanted(rt *rapid.T) store.Want {
	m.tick++
	w := store.Want{
		Kind: "k", Mode: pick(rt, "mode", "", "m"), Spectate: rapid.IntRange(0, 2).Draw(rt, "spectate") == 0,
		Reservation: pick(rt, "name", modelNames...), Made: time.UnixMilli(m.tick), Until: hour(),
	}
	if rapid.IntRange(0, 3).Draw(rt, "ended") == 0 {
		w.Until = past()
	}
	return w
}

func (m *model) reserve(rt *rapid.T) {
	w := m.wanted(rt)
	w.ID, w.Kind = pick(rt, "room", modelRooms...), pick(rt, "any kind", "k", "l", "")
	m.do(rt, func(rt *rapid.T) {
		m.check(rt)
		r := m.rooms[w.ID]
		var held bool
		if r != nil {
			_, held = r.held[as(w.Spectate, w.Reservation)]
		}
		var want error
		switch {
		case r == nil || w.Kind != "" && r.Kind != w.Kind || w.Mode != "" && r.Mode != w.Mode:
			want = store.ErrNoRoom
		case held:
		case r.Closed:
			want = store.ErrNoRoom
		case !r.open(w.Spectate):
			want = store.ErrFull
		}
		got, err := m.d.Reserve(context.Background(), w)
		if !errors.Is(err, want) || want == nil && err != nil || err == nil && got.ID != w.ID {
			rt.Fatalf("%+v: %+v, %v; want %v", w, got, err, want)
		}
		if err == nil {
			m.hold(rt, &w, got)
		}
	})
}

func (m *model) search(rt *rapid.T) {
	w := m.wanted(rt)
	w.Except = rapid.SliceOfNDistinct(rapid.SampledFrom(modelRooms), 0, 2, rapid.ID[string]).Draw(rt, "except")
	m.do(rt, func(rt *rapid.T) {
		m.check(rt)
		fits := func(r *modelRoom) bool {
			return r != nil && r.Mode == w.Mode && !r.Closed && !slices.Contains(w.Except, r.ID)
		}
		last := m.last[as(w.Spectate, w.Reservation)]
		best := -1 // the highest rank
		for _, r := range m.rooms {
			if l := r.now(); fits(r) && !r.Private && r.open(w.Spectate) {
				best = max(best, l.Rank(w.Spectate))
			}
		}
		got, err := m.d.Reserve(context.Background(), w)
		r := m.rooms[got.ID]
		switch {
		case fits(m.rooms[last]):
			if got.ID != last {
				rt.Fatalf("%+v: got %+v, %v; want %s again", w, got, err, last)
			}
		case best < 0 && !errors.Is(err, store.ErrNoRoom) || best >= 0 && err != nil:
			rt.Fatalf("%+v: got %+v, %v; there is one with %d", w, got, err, best)
		case err != nil:
			return
		default:
			if l := r.now(); !fits(r) || r.Private || l.Rank(w.Spectate) != best {
				rt.Fatalf("%+v: got %+v; there is one with %d", w, got, best)
			}
		}
		m.last[as(w.Spectate, w.Reservation)] = got.ID
		m.hold(rt, &w, got)
	})
}

// hold notes that a place is reserved.
func (m *model) hold(rt *rapid.T, w *store.Want, got store.Listing) {
	r, key := m.rooms[got.ID], as(w.Spectate, w.Reservation)
	_, held := r.held[key]
	if !held {
		r.held[key] = w.Made.UnixMilli()
	}
	if want := r.now(); !reflect.DeepEqual(got, want) {
		rt.Fatalf("%+v: got %+v; want %+v", *w, got, want)
	}
	if !held && w.Until.Before(time.Now()) {
		delete(r.held, key)
	}
}

// heals has players come to rooms and leave them, while calls are lost, repeated and late:
// whatever has happened, the first report that arrives sets it right.
func heals(t *testing.T, d, _ store.Directory) {
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		w := &healed{d: d, truth: map[string]*store.Report{}, coming: map[string]string{}, held: map[string][]store.Reservation{}}
		for i := range 2 {
			r := room(fmt.Sprint(run, ".", i), 3)
			r.Kind, r.Node, r.Revision = fmt.Sprint(run), fmt.Sprint(run), 0
			w.rooms = append(w.rooms, r.ID)
			w.truth[r.ID] = &r
		}
		rt.Repeat(map[string]func(*rapid.T){
			"reserve": w.reserve, "come": w.come, "leave": w.leave, "report": w.report, "arrive": w.arrive, "and": w.arrive, "": func(*rapid.T) {},
		})
		// Nobody is on the way any more, and the node reports.
		var all []store.Report
		for _, id := range w.rooms {
			w.truth[id].Revision++
			w.truth[id].Settled = w.held[id]
			all = append(all, *w.truth[id])
		}
		n, err := d.Report(context.Background(), all[0].Node, all)
		rooms, bad := d.Rooms(context.Background(), "", all[0].Node)
		if n != len(all) || err != nil || bad != nil {
			rt.Fatal(n, err, bad)
		}
		for i := range rooms {
			if want := w.truth[rooms[i].ID].Listing; !reflect.DeepEqual(rooms[i], want) {
				rt.Fatalf("%+v; want %+v", rooms[i], want)
			}
		}
	})
}

// healed is a node with rooms, and what is under way between it and the directory.
type healed struct {
	d      store.Directory
	rooms  []string
	truth  map[string]*store.Report
	coming map[string]string              // players who have a reservation, and where
	held   map[string][]store.Reservation // by room, all that were made
	calls  []func() error                 // that may arrive, or not, or twice
	made   int
}

// send has a call made at some time, or never, or often.
func (w *healed) send(call func() error) { w.calls = append(w.calls, call) }

func (w *healed) arrive(rt *rapid.T) {
	if len(w.calls) > 0 {
		if err := rapid.SampledFrom(w.calls).Draw(rt, "call")(); err != nil {
			rt.Fatal(err)
		}
	}
}

func (w *healed) reserve(rt *rapid.T) {
	w.made++
	name := fmt.Sprint("p", w.made)
	want := store.Want{Kind: w.truth[w.rooms[0]].Kind, Reservation: name, Until: hour()}
	if rapid.Bool().Draw(rt, "by id") {
		want.ID = pick(rt, "room", w.rooms...)
	}
	call := func() error {
		l, err := w.d.Reserve(context.Background(), want)
		if err == nil {
			w.coming[name] = l.ID
			w.held[l.ID] = append(w.held[l.ID], store.Reservation{Name: name})
			return nil
		}
		if errors.Is(err, store.ErrNoRoom) || errors.Is(err, store.ErrFull) {
			return nil
		}
		return err
	}
	w.send(call)
	if err := call(); err != nil {
		rt.Fatal(err)
	}
}

func (w *healed) come(*rapid.T) {
	for _, name := range slices.Sorted(maps.Keys(w.coming)) {
		r := w.truth[w.coming[name]]
		r.Players++
		r.Settled = append(r.Settled, store.Reservation{Name: name})
		delete(w.coming, name)
		return
	}
}

func (w *healed) leave(rt *rapid.T) {
	if r := w.truth[pick(rt, "room", w.rooms...)]; r.Players > 0 {
		r.Players--
	}
}

func (w *healed) report(rt *rapid.T) {
	r := w.truth[pick(rt, "room", w.rooms...)]
	r.Revision++
	n := *r
	n.Settled = slices.Clone(r.Settled)
	node := n.Node
	w.send(func() error { _, err := w.d.Report(context.Background(), node, []store.Report{n}); return err })
	w.send(func() error { return w.d.Remove(context.Background(), n.ID, n.Revision) })
	w.send(func() error { _, err := w.d.Close(context.Background(), n); return err })
	w.send(func() error { _, err := w.d.RemoveNode(context.Background(), node); return err })
}
