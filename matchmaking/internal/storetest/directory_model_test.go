package storetest_test

import (
	"context"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// obeysModel compares a directory with a plain list of places, under random calls.
// Reservations are for an hour or have ended when they are made.
func obeysModel(t *testing.T, d, _ store.Directory) {
	m := &model{d: d, rooms: map[string]*modelRoom{}}
	rapid.Check(t, func(rt *rapid.T) {
		for id := range m.rooms {
			m.fine(rt, d.Remove(context.Background(), id))
		}
		clear(m.rooms)
		rt.Repeat(map[string]func(*rapid.T){
			"": m.check, "add": m.add, "reserve": m.reserve, "reserve again": m.reserve, "search": m.search, "search again": m.search,
			"confirm": m.confirm, "cancel": m.cancel, "release": m.release, "close": m.close, "remove": m.remove,
		})
	})
}

// model is a directory and what it ought to have.
type model struct {
	d     store.Directory
	rooms map[string]*modelRoom
	made  int
}

type modelRoom struct {
	store.Listing
	sure int // places that are occupied
	held map[string]bool
}

func (r *modelRoom) taken() int { return r.sure + len(r.held) }

func pick(rt *rapid.T, what string, from ...string) string {
	return rapid.SampledFrom(from).Draw(rt, what)
}

// room draws the id of a room, which may not be there.
func (m *model) room(rt *rapid.T) (string, *modelRoom) {
	id := pick(rt, "room", "a", "b", "c")
	return id, m.rooms[id]
}

func (m *model) fine(rt *rapid.T, err error) {
	if err != nil {
		rt.Fatal(err)
	}
}

func (m *model) check(rt *rapid.T) {
	list, err := m.d.Rooms(context.Background(), "")
	if err != nil || len(list) != len(m.rooms) {
		rt.Fatalf("%+v, %v; want %d", list, err, len(m.rooms))
	}
	for _, got := range list {
		want := m.rooms[got.ID]
		want.Taken = want.taken()
		if got != want.Listing {
			rt.Fatalf("%+v; want %+v", got, want.Listing)
		}
	}
}

func (m *model) add(rt *rapid.T) {
	id, r := m.room(rt)
	n := store.Listing{
		ID: id, Kind: pick(rt, "kind", "k", "l"), Mode: pick(rt, "mode", "", "m"), Node: "n",
		Capacity: rapid.IntRange(0, 4).Draw(rt, "capacity"), Private: m.made%4 == 3,
	}
	m.made++
	err := m.d.Add(context.Background(), n)
	if (err == nil) != (r == nil) || err != nil && !errors.Is(err, store.ErrExists) {
		rt.Fatalf("add %s: %v", id, err)
	}
	if r == nil {
		m.rooms[id] = &modelRoom{Listing: n, held: map[string]bool{}}
	}
}

// wanted draws what a place is asked for with, and whether its reservation has ended.
func (m *model) wanted(rt *rapid.T) (w store.Want, ended bool) {
	w = store.Want{Kind: pick(rt, "kind", "k", "l"), Mode: pick(rt, "mode", "", "m"), Reservation: pick(rt, "reservation", "", "x", "y", "z"), Until: hour()}
	if ended = w.Reservation != "" && rapid.Bool().Draw(rt, "ended"); ended {
		w.Until = past()
	}
	return w, ended
}

func (m *model) reserve(rt *rapid.T) {
	w, ended := m.wanted(rt)
	id, r := m.room(rt)
	w.ID, w.Kind = id, pick(rt, "any kind", w.Kind, "")
	var want error
	switch {
	case r == nil || w.Kind != "" && r.Kind != w.Kind || w.Mode != "" && r.Mode != w.Mode:
		want = store.ErrNoRoom
	case r.held[w.Reservation]:
	case r.Closed:
		want = store.ErrNoRoom
	case r.taken() >= r.Capacity:
		want = store.ErrFull
	}
	m.take(rt, w, ended, want)
}

func (m *model) search(rt *rapid.T) {
	w, ended := m.wanted(rt)
	best := -1 // how full the fullest is
	for _, r := range m.rooms {
		if r.Kind == w.Kind && r.Mode == w.Mode && !r.Closed && !r.Private && r.taken() < r.Capacity {
			best = max(best, r.taken())
		}
	}
	if best < 0 {
		m.take(rt, w, ended, store.ErrNoRoom)
	} else if r, before := m.take(rt, w, ended, nil); r.Kind != w.Kind || r.Mode != w.Mode || r.Closed || r.Private || before != best {
		rt.Fatalf("%+v: got %+v, with %d taken; there is one with %d", w, r, before, best)
	}
}

// take reserves a place, and returns the room, if there is to be one, and how many places
// were taken before.
func (m *model) take(rt *rapid.T, w store.Want, ended bool, want error) (r *modelRoom, before int) {
	got, err := m.d.Reserve(context.Background(), w)
	if !errors.Is(err, want) || want == nil && err != nil {
		rt.Fatalf("%+v: %v; want %v", w, err, want)
	}
	if err != nil {
		return nil, 0
	}
	r = m.rooms[got.ID]
	before = r.taken()
	after := before + 1
	switch {
	case w.Reservation == "":
		r.sure++
	case r.held[w.Reservation]:
		after = before
	case !ended:
		r.held[w.Reservation] = true
	}
	if got.Taken != after {
		rt.Fatalf("%s: %d are taken; want %d", got.ID, got.Taken, after)
	}
	return r, before
}

func (m *model) confirm(rt *rapid.T) {
	id, r := m.room(rt)
	name := pick(rt, "reservation", "", "x", "y", "z")
	ok, err := m.d.Confirm(context.Background(), id, name)
	if want := r != nil && r.held[name]; ok != want || err != nil {
		rt.Fatalf("confirm %s %s: %v, %v", id, name, ok, err)
	}
	if ok {
		delete(r.held, name)
		r.sure++
	}
}

func (m *model) cancel(rt *rapid.T) {
	id, r := m.room(rt)
	name := pick(rt, "reservation", "", "x", "y", "z")
	m.fine(rt, m.d.Cancel(context.Background(), id, name))
	if r != nil {
		delete(r.held, name)
	}
}

func (m *model) release(rt *rapid.T) {
	id, r := m.room(rt)
	m.fine(rt, m.d.Release(context.Background(), id))
	if r != nil && r.sure > 0 {
		r.sure--
	}
}

func (m *model) close(rt *rapid.T) {
	id, r := m.room(rt)
	at := rapid.IntRange(0, 3).Draw(rt, "at")
	ok, err := m.d.Close(context.Background(), id, at)
	if want := r == nil || r.taken() <= at; ok != want || err != nil {
		rt.Fatalf("close %s at %d: %v, %v", id, at, ok, err)
	}
	if ok && r != nil {
		r.Closed = true
	}
}

func (m *model) remove(rt *rapid.T) {
	id, _ := m.room(rt)
	m.fine(rt, m.d.Remove(context.Background(), id))
	delete(m.rooms, id)
}
