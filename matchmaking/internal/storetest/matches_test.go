package storetest_test

import (
	"testing"

	"github.com/tickroom/tickroom/matchmaking/store"
)

var matchCases = map[string]func(t *testing.T, a, b whole){
	"keep and forget":             matches,
	"codes":                       codes,
	"who plays where":             playing,
	"a room asks for players":     backfillAsked,
	"a room gets players":         backfillGranted,
	"backfill ends with its room": backfillEnds,
}

// running keeps a room that a matcher has made of two tickets, one of whose players has left,
// and adds a third ticket, "three".
func running(t *testing.T, a, b whole) (l store.Lease, room store.Match) {
	t1, t2 := solo("q", "one"), solo("q", "two")
	addAll(t, a, t1, t2, solo("q", "three"))
	l = lease(t, b, "q", "m")
	room = duel("room", t1, t2)
	room.Options, room.Code = map[string]string{"map": "x"}, "CODE"
	_, err := b.Commit(t.Context(), l, store.Outcome{Match: room, Tickets: ids(t1, t2)})
	ok(t, err)
	ok(t, a.Left(t.Context(), "p-one", "room"))
	return l, room
}

// unask ends a request, and fails unless it is as certain as that not to have been granted.
func unask(t *testing.T, s whole, id string, certain bool) {
	t.Helper()
	if got, err := s.EndBackfill(t.Context(), id); got != certain || err != nil {
		t.Fatalf("ended %s: %t, %v; want %t", id, got, err, certain)
	}
}

func backfillAsked(t *testing.T, a, b whole) {
	l, room := running(t, a, b)
	r := reader{s: b, queue: "q"}
	r.expect(t, "+three")
	ask := store.Backfill{
		ID: "b1", Room: "room", Queue: "q", Since: start, Region: "eu", Query: "x > 1",
		Attributes: map[string]any{"x": 2.5, "tags": []string{"a"}},
		Teams:      []store.BackfillTeam{{Free: 1, Roles: []string{"tank"}}, {Mu: []float64{1500}, Sigma: []float64{350}}},
	}
	for range 2 {
		ok(t, a.AskBackfill(t.Context(), ask)) // again: no change
	}
	c, err := b.Changes(t.Context(), "q", r.after)
	ok(t, err)
	same(t, "changes", c.Backfills, []store.Backfill{ask})
	r.after = c.Next
	if st := state(t, a, "three", store.Waiting); st.Waiting != 1 {
		t.Fatalf("%d tickets wait; want 1", st.Waiting)
	}
	ask.ID = "b2" // takes the place of b1
	ok(t, a.AskBackfill(t.Context(), ask))
	r.expect(t, "-b1", "+b2")
	(&reader{s: a, queue: "q"}).expect(t, "+three", "+b2")
	unask(t, a, "b2", true)
	r.expect(t, "-b2")
	gone, err := b.Commit(t.Context(), l, store.Outcome{Match: room, Tickets: []string{"three"}, Backfill: "b2"})
	ok(t, err)
	same(t, "gone", gone, []string{"b2"})
	state(t, a, "three", store.Waiting)
}

func backfillGranted(t *testing.T, a, b whole) {
	l, room := running(t, a, b)
	ok(t, a.AskBackfill(t.Context(), store.Backfill{ID: "b1", Room: "room", Queue: "q"}))
	r := reader{s: b, queue: "q"}
	r.expect(t, "+three", "+b1")
	more := room
	more.Teams, more.Bots = duel("room", solo("q", "three"), solo("q", "two")).Teams, 7
	for range 2 { // again: no change
		gone, err := b.Commit(t.Context(), l, store.Outcome{Match: more, Tickets: []string{"three"}, Backfill: "b1"})
		ok(t, err)
		same(t, "gone", gone, []string(nil))
	}
	r.expect(t)
	(&reader{s: a, queue: "q"}).expect(t)
	for range 2 {
		unask(t, a, "b1", false)
	}
	got, err := a.Match(t.Context(), "", "CODE")
	ok(t, err)
	same(t, "the room", got, more)
	got, err = a.Playing(t.Context(), "p-three")
	ok(t, err)
	same(t, "the room of the new player", got, more)
	_, err = a.Playing(t.Context(), "p-one") // does not want to go back
	want(t, err, store.ErrNoRoom)
}

func backfillEnds(t *testing.T, a, b whole) {
	ok(t, a.Keep(t.Context(), duel("room")))
	r := reader{s: b, queue: "q"}
	r.expect(t)
	ok(t, a.AskBackfill(t.Context(), store.Backfill{ID: "b1", Room: "room", Queue: "q"}))
	r.expect(t, "+b1")
	ok(t, a.Forget(t.Context(), "room"))
	r.expect(t, "-b1")
	unask(t, a, "b1", true)
	r.expect(t)
}

func matches(t *testing.T, a, b whole) {
	m := duel("m1", solo("q", "one"), party("q", "two", "x", "y"))
	m.Options, m.Bots, m.Open, m.Host = map[string]string{"a": "b"}, 3, true, "x"
	m.Teams[0].Slots = append(m.Teams[0].Slots, store.Slot{Name: "Bot", Role: "tank"})
	for range 2 { // again: no change
		ok(t, a.Keep(t.Context(), m))
	}
	got, err := b.Match(t.Context(), "m1", "")
	ok(t, err)
	same(t, "the match", got, m)
	for _, p := range []string{"p-one", "x", "y"} {
		got, err := b.Playing(t.Context(), p)
		ok(t, err)
		same(t, "the match of "+p, got, m)
	}
	want(t, b.Keep(t.Context(), duel("m1")), store.ErrExists)
	ok(t, b.Touch(t.Context(), "m1"))
	ok(t, b.Forget(t.Context(), "m1"))
	ok(t, b.Forget(t.Context(), "m1"))
	_, err = a.Match(t.Context(), "m1", "")
	want(t, err, store.ErrNoRoom)
	for _, p := range []string{"p-one", "x", "y", ""} {
		_, err = a.Playing(t.Context(), p)
		want(t, err, store.ErrNoRoom)
	}
	want(t, a.Touch(t.Context(), "m1"), store.ErrNoRoom)
	ok(t, a.Keep(t.Context(), duel("m1")))
}

func codes(t *testing.T, a, b whole) {
	m := duel("m1")
	m.Code = "ABC"
	ok(t, a.Keep(t.Context(), m))
	other := duel("m2")
	other.Code = "ABC"
	want(t, b.Keep(t.Context(), other), store.ErrExists)
	_, err := b.Match(t.Context(), "m2", "")
	want(t, err, store.ErrNoRoom)
	got, err := b.Match(t.Context(), "", "ABC")
	ok(t, err)
	same(t, "the match", got, m)
	for _, c := range [][2]string{{"", ""}, {"", "abc"}, {"ABC", ""}} {
		_, err = b.Match(t.Context(), c[0], c[1])
		want(t, err, store.ErrNoRoom)
	}
	addAll(t, a, solo("q", "one"))
	l := lease(t, a, "q", "m")
	_, err = a.Commit(t.Context(), l, store.Outcome{Match: other, Tickets: []string{"one"}})
	want(t, err, store.ErrExists)
	state(t, b, "one", store.Waiting)
	ok(t, a.Forget(t.Context(), "m1"))
	ok(t, b.Keep(t.Context(), other))
}

func playing(t *testing.T, a, b whole) {
	in := func(player, wanted string) {
		t.Helper()
		m, err := b.Playing(t.Context(), player)
		if wanted == "" {
			want(t, err, store.ErrNoRoom)
			return
		}
		ok(t, err)
		if m.ID != wanted {
			t.Fatalf("%s is in %s; want %s", player, m.ID, wanted)
		}
	}
	ok(t, a.Keep(t.Context(), duel("m1")))
	ok(t, a.Keep(t.Context(), duel("m2")))
	in("x", "")
	want(t, a.Joined(t.Context(), "x", "nope"), store.ErrNoRoom)
	in("x", "")
	ok(t, a.Joined(t.Context(), "x", "m1"))
	ok(t, a.Joined(t.Context(), "x", "m1"))
	in("x", "m1")
	ok(t, a.Joined(t.Context(), "x", "m2"))
	ok(t, a.Joined(t.Context(), "y", "m1"))
	in("x", "m2")
	ok(t, a.Left(t.Context(), "x", "m1")) // is not there any more
	ok(t, a.Forget(t.Context(), "m1"))
	in("x", "m2")
	in("y", "")
	ok(t, a.Left(t.Context(), "x", "m2"))
	ok(t, a.Left(t.Context(), "x", "m2"))
	in("x", "")
	_, err := a.Match(t.Context(), "m2", "")
	ok(t, err)
}
