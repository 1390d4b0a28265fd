package storetest_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

var queueCases = map[string]func(t *testing.T, a, b whole){
	"lease":                         leases,
	"changes":                       changes,
	"changes of many, page by page": pages,
	"commit":                        commit,
	"commit is whole or nothing":    commitGone,
	"commit again":                  commitAgain,
	"commit with an old lease":      fenced,
	"give up":                       giveUp,
}

func leases(t *testing.T, a, b whole) {
	l := lease(t, a, "q", "m1")
	if l.Queue != "q" || l.Owner != "m1" || l.Token == 0 || time.Until(l.Until) > time.Minute || time.Until(l.Until) < 30*time.Second {
		t.Fatalf("%+v", l)
	}
	_, err := b.Lease(t.Context(), "q", "m2", time.Minute)
	want(t, err, store.ErrHeld)
	other := lease(t, b, "q2", "m2") // another queue is free
	if again := lease(t, b, "q", "m1"); again.Token != l.Token {
		t.Fatalf("renewed, the token is %d; want %d", again.Token, l.Token)
	}
	ok(t, b.Release(t.Context(), l))
	l2, err := b.Lease(t.Context(), "q", "m2", 20*time.Millisecond)
	ok(t, err)
	if l2.Token <= l.Token {
		t.Fatalf("token %d after %d", l2.Token, l.Token)
	}
	ok(t, a.Release(t.Context(), l)) // has no effect
	var l3 store.Lease
	until(t, "the lease of m2 runs out", func() bool {
		l3, err = a.Lease(t.Context(), "q", "m3", time.Minute)
		if err != nil {
			want(t, err, store.ErrHeld)
		}
		return err == nil
	})
	if l3.Token <= l2.Token {
		t.Fatalf("token %d after %d", l3.Token, l2.Token)
	}
	ok(t, b.Release(t.Context(), l2)) // has no effect
	_, err = b.Lease(t.Context(), "q", "m2", time.Minute)
	want(t, err, store.ErrHeld)
	if again := lease(t, a, "q2", "m2"); again.Token != other.Token {
		t.Fatalf("the other queue's token is %d; want %d", again.Token, other.Token)
	}
}

func changes(t *testing.T, a, b whole) {
	early, late := reader{s: a, queue: "q"}, reader{s: b, queue: "q"}
	early.expect(t)
	addAll(t, b, solo("q", "one"), solo("elsewhere", "two"), solo("q", "three"))
	early.expect(t, "+one", "+three")
	late.expect(t, "+one", "+three")
	_, err := b.Cancel(t.Context(), "one", "p-one")
	ok(t, err)
	addAll(t, a, solo("q", "four"))
	early.expect(t, "-one", "+four")
	late.expect(t, "-one", "+four")
	(&reader{s: a, queue: "q"}).expect(t, "+three", "+four")
	early.expect(t)
	// The store has lost what was read.
	c, err := a.Changes(t.Context(), "q", early.after+1<<40)
	ok(t, err)
	if !c.Anew || len(c.Tickets) != 2 || c.Next != early.after {
		t.Fatalf("%+v; want all that waits", c)
	}
}

func pages(t *testing.T, a, b whole) {
	const n = 2100
	for i := range n {
		addAll(t, a, solo("q", name(i)))
	}
	// What happens while it reads, page by page, is told too, and nothing twice.
	there := map[string]bool{}
	next, pages := n, 0
	for c := (store.Changes{More: true}); c.More; pages++ {
		var err error
		c, err = b.Changes(t.Context(), "q", c.Next)
		ok(t, err)
		if len(c.Tickets) > 1000 {
			t.Fatalf("%d at once", len(c.Tickets))
		}
		for i := range c.Tickets {
			if there[c.Tickets[i].ID] {
				t.Fatalf("%s came twice", c.Tickets[i].ID)
			}
			there[c.Tickets[i].ID] = true
		}
		for _, id := range c.Gone {
			delete(there, id)
		}
		if pages == 0 {
			for i := range 5 { // some seen, some not
				for _, id := range []string{name(i), name(n - 1 - i)} {
					_, err := a.Cancel(t.Context(), id, "p-"+id)
					ok(t, err)
				}
				addAll(t, a, solo("q", name(next)))
				next++
			}
		}
	}
	if pages < 3 {
		t.Fatalf("all in %d pages", pages)
	}
	for i := range next {
		if wanted := i >= 5 && i < n-5 || i >= n; there[name(i)] != wanted {
			t.Fatalf("%s: there %t; want %t", name(i), there[name(i)], wanted)
		}
	}
	if st := state(t, b, name(6), store.Waiting); st.Waiting != len(there) {
		t.Fatalf("%d wait; want %d", st.Waiting, len(there))
	}
}

func commit(t *testing.T, a, b whole) {
	t1, t2 := solo("q", "one"), solo("q", "two")
	addAll(t, a, t1, t2, solo("q", "three"))
	r := reader{s: a, queue: "q"}
	r.expect(t, "+one", "+two", "+three")
	l := lease(t, b, "q", "m")
	m := duel("m1", t1, t2)
	m.Options, m.Bots = map[string]string{"map": "x"}, 2
	gone, err := b.Commit(t.Context(), l, store.Outcome{Match: m, Tickets: ids(t1, t2)})
	ok(t, err)
	same(t, "gone", gone, []string(nil))
	for _, id := range ids(t1, t2) {
		st := state(t, a, id, store.Matched)
		if st.Match != "m1" || st.Waiting != 1 {
			t.Fatalf("%+v", st)
		}
		_, err := a.Of(t.Context(), "p-"+id)
		want(t, err, store.ErrNoTicket)
		got, err := a.Playing(t.Context(), "p-"+id)
		ok(t, err)
		same(t, "the match of "+id, got, m)
	}
	got, err := a.Match(t.Context(), "m1", "")
	ok(t, err)
	same(t, "the match", got, m)
	if team, seat, found := got.Find("p-two"); !found || team != 1 || seat.Ticket != "two" {
		t.Fatalf("p-two is in %d, %+v", team, seat)
	}
	r.expect(t) // the matcher knows
	(&reader{s: b, queue: "q"}).expect(t, "+three")
	_, err = b.Commit(t.Context(), l, store.Outcome{Match: duel("m1"), Tickets: []string{"three"}})
	want(t, err, store.ErrExists)
	state(t, b, "three", store.Waiting)
	addAll(t, a, party("q", "four", "p-one")) // is free again
}

func commitGone(t *testing.T, a, b whole) {
	addAll(t, a, solo("q", "one"), solo("q", "two"), solo("q", "three"), solo("elsewhere", "four"), party("q", "five", "x", "y"))
	_, err := b.Cancel(t.Context(), "two", "p-two")
	ok(t, err)
	l := lease(t, b, "q", "m")
	gone, err := b.Commit(t.Context(), l, store.Outcome{Match: duel("m1"), Tickets: []string{"one", "two", "three", "four", "five", "nope"}, Backfill: "no request"})
	ok(t, err)
	slices.Sort(gone)
	same(t, "gone", gone, []string{"five", "four", "no request", "nope", "two"})
	for _, id := range []string{"one", "three", "four"} {
		state(t, a, id, store.Waiting)
	}
	_, err = a.Match(t.Context(), "m1", "")
	want(t, err, store.ErrNoRoom)
	_, err = a.Playing(t.Context(), "p-one")
	want(t, err, store.ErrNoRoom)
}

func commitAgain(t *testing.T, a, b whole) {
	t1, t2 := solo("q", "one"), solo("q", "two")
	addAll(t, a, t1, t2)
	l := lease(t, b, "q", "m")
	o := store.Outcome{Match: duel("m1", t1, t2), Tickets: ids(t1, t2)}
	for range 3 {
		gone, err := b.Commit(t.Context(), l, o)
		ok(t, err)
		same(t, "gone", gone, []string(nil))
	}
	o.Match.ID = "m2"
	gone, err := b.Commit(t.Context(), l, o)
	ok(t, err)
	slices.Sort(gone)
	same(t, "gone", gone, ids(t1, t2))
	if st := state(t, a, "one", store.Matched); st.Match != "m1" {
		t.Fatalf("matched twice: %+v", st)
	}
}

func fenced(t *testing.T, a, b whole) {
	addAll(t, a, solo("q", "one"), solo("q", "two"))
	old := lease(t, a, "q", "m1")
	ok(t, a.Release(t.Context(), old))
	l := lease(t, b, "q", "m2")
	for _, bad := range []store.Lease{old, {Queue: "q"}, {Queue: "q", Owner: "m2", Token: l.Token + 1}, {Queue: "other", Owner: "m2", Token: l.Token}} {
		_, err := a.Commit(t.Context(), bad, store.Outcome{Match: duel("m1"), Tickets: []string{"one"}})
		want(t, err, store.ErrFenced)
		want(t, a.GiveUp(t.Context(), bad, []string{"one"}), store.ErrFenced)
	}
	state(t, b, "one", store.Waiting)
	_, err := b.Commit(t.Context(), l, store.Outcome{Match: duel("m1"), Tickets: []string{"one"}})
	ok(t, err)
	ok(t, b.GiveUp(t.Context(), l, []string{"two"}))
}

func giveUp(t *testing.T, a, b whole) {
	addAll(t, a, solo("q", "one"), solo("q", "two"), solo("q", "three"), solo("elsewhere", "four"))
	r := reader{s: a, queue: "q"}
	r.expect(t, "+one", "+two", "+three")
	_, err := b.Cancel(t.Context(), "two", "p-two")
	ok(t, err)
	l := lease(t, b, "q", "m")
	for range 2 {
		ok(t, b.GiveUp(t.Context(), l, []string{"one", "two", "four", "nope"}))
	}
	state(t, a, "one", store.TimedOut)
	state(t, a, "two", store.Cancelled)
	state(t, a, "three", store.Waiting)
	state(t, a, "four", store.Waiting)
	_, err = a.Of(t.Context(), "p-one")
	want(t, err, store.ErrNoTicket)
	r.expect(t, "-two")
	ok(t, b.GiveUp(t.Context(), l, nil))
}
