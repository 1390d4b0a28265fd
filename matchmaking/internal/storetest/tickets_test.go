package storetest_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

var ticketCases = map[string]func(t *testing.T, a, b whole){
	"keep all of a ticket":           keepsTicket,
	"a player waits once":            waitsOnce,
	"a party waits when it is ready": partyReady,
	"cancel":                         cancel,
	"watch":                          watch,
	"strange names":                  strange,
	"many at once": func(t *testing.T, a, b whole) {
		account(t, load{stores: []whole{a, b}, tickets: 300})
	},
}

func keepsTicket(t *testing.T, a, b whole) {
	k := store.Ticket{
		ID: "k", Queue: "q", Query: "skill > 3", NoBackfill: true, Created: start, Since: start.Add(time.Second),
		Attributes: map[string]any{"skill": 3.25, "map": "café", "voice": true, "likes": []string{"a", "", "ü"}},
		Members: []store.Member{
			{Player: "p1", Name: "Änne <&>", Roles: []string{"tank", "healer"}, Latency: map[string]time.Duration{"eu": 1234567, "us": time.Second}, Mu: 1 / 3.0, Sigma: 1e-9, Ready: true},
			{Player: "p2", Ready: true},
		},
	}
	addAll(t, a, k)
	st, err := b.Ticket(t.Context(), "k")
	ok(t, err)
	same(t, "status", st, store.Status{Ticket: k, State: store.Waiting, Waiting: 1})
	c, err := b.Changes(t.Context(), "q", 0)
	ok(t, err)
	same(t, "changes", c.Tickets, []store.Ticket{k})
	_, err = a.Ticket(t.Context(), "other")
	want(t, err, store.ErrNoTicket)
}

func waitsOnce(t *testing.T, a, b whole) {
	addAll(t, a, solo("q", "one"), party("q", "two", "x", "y"))
	// Whoever is named in a party is bound to it when it is ready, not before.
	_, err := b.Of(t.Context(), "y")
	want(t, err, store.ErrNoTicket)
	_, err = b.Ready(t.Context(), "two", store.Member{Player: "y", Ready: true}, start)
	ok(t, err)
	for _, again := range []store.Ticket{solo("q", "one"), party("q", "two", "x", "y")} {
		ok(t, b.Add(t.Context(), again)) // the same
	}
	for _, c := range []struct {
		ticket      store.Ticket
		player, has string
	}{
		{party("q2", "three", "p-one"), "p-one", "one"},
		{party("q", "four", "y"), "y", "two"},
	} {
		var q *store.QueuedError
		if err := b.Add(t.Context(), c.ticket); !errors.As(err, &q) || *q != (store.QueuedError{Player: c.player, Ticket: c.has}) {
			t.Fatalf("a second ticket of %s: %v", c.player, err)
		}
		if id, err := b.Of(t.Context(), c.player); err != nil || id != c.has {
			t.Fatalf("%s waits with %q, %v", c.player, id, err)
		}
		_, err := b.Ticket(t.Context(), c.ticket.ID)
		want(t, err, store.ErrNoTicket)
	}
	// Somebody's party may name whoever waits elsewhere, who can't get ready in it then.
	addAll(t, a, party("q", "five", "z", "p-one"))
	var q *store.QueuedError
	if _, err := b.Ready(t.Context(), "five", store.Member{Player: "p-one", Ready: true}, start); !errors.As(err, &q) || *q != (store.QueuedError{Player: "p-one", Ticket: "one"}) {
		t.Fatalf("ready in a second ticket: %v", err)
	}
	if st := state(t, b, "five", store.Gathering); !slices.Equal(st.Ticket.Missing(), []string{"p-one"}) {
		t.Fatalf("missing: %v", st.Ticket.Missing())
	}
	_, err = b.Cancel(t.Context(), "one", "p-one")
	ok(t, err)
	addAll(t, a, party("q2", "three", "p-one"))
	// The ended one, again, changes nothing.
	ok(t, a.Add(t.Context(), solo("q", "one")))
	state(t, b, "one", store.Cancelled)
	if id, err := b.Of(t.Context(), "p-one"); err != nil || id != "three" {
		t.Fatalf("p-one waits with %q, %v", id, err)
	}
}

func partyReady(t *testing.T, a, b whole) {
	r := reader{s: b, queue: "q"}
	r.expect(t)
	addAll(t, a, party("q", "k", "x", "y", "z"))
	st := state(t, b, "k", store.Gathering)
	if got := st.Ticket.Missing(); !slices.Equal(got, []string{"y", "z"}) || st.Waiting != 0 {
		t.Fatalf("missing %v, %d wait", got, st.Waiting)
	}
	r.expect(t)
	_, err := b.Ready(t.Context(), "k", store.Member{Player: "stranger", Ready: true}, start)
	want(t, err, store.ErrNoTicket)
	_, err = b.Ready(t.Context(), "nope", store.Member{Player: "y", Ready: true}, start)
	want(t, err, store.ErrNoTicket)
	z := store.Member{Player: "z", Name: "Zoe", Mu: 3, Sigma: 2, Roles: []string{"tank"}, Latency: map[string]time.Duration{"eu": 5}, Ready: true}
	st, err = b.Ready(t.Context(), "k", z, start.Add(time.Second))
	ok(t, err)
	if st.State != store.Gathering || !st.Ticket.Since.IsZero() {
		t.Fatalf("with one missing: %+v", st)
	}
	r.expect(t)
	st, err = a.Ready(t.Context(), "k", store.Member{Player: "y", Ready: true}, start.Add(time.Minute))
	ok(t, err)
	whole := party("q", "k", "x", "y", "z")
	whole.Members[1].Ready, whole.Members[2], whole.Since = true, z, start.Add(time.Minute)
	wanted := store.Status{Ticket: whole, State: store.Waiting, Waiting: 1}
	same(t, "the party", st, wanted)
	r.expect(t, "+k")
	// Again, after a lost answer.
	st, err = b.Ready(t.Context(), "k", store.Member{Player: "y", Ready: true}, start.Add(time.Hour))
	ok(t, err)
	same(t, "the party, again", st, wanted)
	r.expect(t)
	_, err = b.Cancel(t.Context(), "k", "z")
	ok(t, err)
	_, err = b.Ready(t.Context(), "k", z, start)
	want(t, err, store.ErrEnded)
}

func cancel(t *testing.T, a, b whole) {
	r := reader{s: b, queue: "q"}
	addAll(t, a, solo("q", "one"), solo("q", "two"), party("q", "three", "x", "y"))
	r.expect(t, "+one", "+two")
	_, err := b.Cancel(t.Context(), "one", "p-two")
	want(t, err, store.ErrNoTicket)
	_, err = b.Cancel(t.Context(), "nope", "p-one")
	want(t, err, store.ErrNoTicket)
	for range 2 {
		st, err := b.Cancel(t.Context(), "one", "p-one")
		ok(t, err)
		same(t, "cancelled", st, store.Status{Ticket: solo("q", "one"), State: store.Cancelled, Waiting: 1})
	}
	st, err := a.Cancel(t.Context(), "three", "y")
	ok(t, err)
	if st.State != store.Cancelled {
		t.Fatalf("a party that gathers, cancelled: %+v", st)
	}
	r.expect(t, "-one")
	for _, p := range []string{"p-one", "x", "y"} {
		_, err = a.Of(t.Context(), p)
		want(t, err, store.ErrNoTicket)
	}
	// What is matched stays so.
	l := lease(t, a, "q", "m")
	_, err = a.Commit(t.Context(), l, store.Outcome{Match: duel("m1", solo("q", "two")), Tickets: []string{"two"}})
	ok(t, err)
	st, err = b.Cancel(t.Context(), "two", "p-two")
	ok(t, err)
	if st.State != store.Matched || st.Match != "m1" {
		t.Fatalf("cancelled too late: %+v", st)
	}
	// Nothing that came and went is told to those who come later.
	(&reader{s: a, queue: "q"}).expect(t)
}

func watch(t *testing.T, a, b whole) {
	see := func(c <-chan struct{}, s whole, id string, wanted store.State) {
		t.Helper()
		timeout := time.NewTimer(limit)
		defer timeout.Stop()
		for {
			st, err := s.Ticket(t.Context(), id)
			ok(t, err)
			if st.State == wanted {
				return
			}
			select {
			case <-c:
			case <-timeout.C:
				t.Fatalf("ticket %s: nobody told that it is in state %d", id, wanted)
			}
		}
	}
	addAll(t, a, party("q", "k", "x", "y"), solo("q", "one"))
	type view struct {
		s whole
		c <-chan struct{}
	}
	var views []view
	for _, s := range []whole{a, b, b} {
		c, stop, err := s.Watch(t.Context(), "k")
		ok(t, err)
		defer stop()
		views = append(views, view{s, c})
	}
	stopped, stop, err := b.Watch(t.Context(), "k")
	ok(t, err)
	stop()
	stop() // may be called twice
	for len(stopped) > 0 {
		<-stopped
	}
	step := func(wanted store.State) {
		t.Helper()
		for _, v := range views {
			see(v.c, v.s, "k", wanted)
		}
	}
	_, err = b.Ready(t.Context(), "k", store.Member{Player: "y", Ready: true}, start)
	ok(t, err)
	step(store.Waiting)
	l := lease(t, a, "q", "m")
	_, err = a.Commit(t.Context(), l, store.Outcome{Match: duel("m1", solo("q", "one")), Tickets: []string{"k", "one"}})
	ok(t, err)
	step(store.Matched)
	if len(stopped) > 0 {
		t.Fatal("told after stop")
	}
}

// strange names must not be taken for something else.
func strange(t *testing.T, a, b whole) {
	odd := []string{"a b", "a:b", "{x}", "*", "a\nb", "\x00", "é", "--", "[1]", "\""}
	for i, s := range odd {
		k := party(s, "id"+s, s)
		k.Members[0].Ready, k.Query = true, ""
		addAll(t, a, k)
		if id, err := b.Of(t.Context(), s); err != nil || id != "id"+s {
			t.Fatalf("%q: %q, %v", s, id, err)
		}
		l := lease(t, a, s, "m"+s)
		(&reader{s: b, queue: s}).expect(t, "+id"+s)
		m := store.Match{ID: "m" + s, Code: "c" + s}
		gone, err := a.Commit(t.Context(), l, store.Outcome{Match: m, Tickets: []string{"id" + s}})
		ok(t, err)
		same(t, "gone", gone, []string(nil))
		if m, err := b.Playing(t.Context(), s); err != nil || m.ID != "m"+s {
			t.Fatalf("%q plays in %q, %v", s, m.ID, err)
		}
		if st := state(t, b, "id"+s, store.Matched); st.Match != "m"+s || st.Ticket.Members[0].Player != s {
			t.Fatalf("%q: %+v", s, st)
		}
		ok(t, a.AskBackfill(t.Context(), store.Backfill{ID: fmt.Sprint("b", i, s), Room: "m" + s, Queue: s}))
		(&reader{s: b, queue: s}).expect(t, fmt.Sprint("+b", i, s))
	}
}
