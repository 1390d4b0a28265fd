package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// Tickets tests a Store.
func Tickets(t *testing.T, open func(t *testing.T) (first, second Store)) {
	run := func(name string, fn func(t *testing.T, a, b Store)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := open(t)
			fn(t, a, b)
		})
	}
	run("keeps all of a ticket", keepsTicket)
	run("a player waits once", waitsOnce)
	run("a party waits when it is ready", partyReady)
	run("cancel", cancel)
	run("watch", watch)
	run("lease", leases)
	run("changes", changes)
	run("changes of many, page by page", pages)
	run("commit", commit)
	run("commit is whole or nothing", commitGone)
	run("commit again", commitAgain)
	run("commit with an old lease", fenced)
	run("give up", giveUp)
	run("backfill", backfill)
	run("backfill ends with its room", backfillEnds)
	run("matches", matches)
	run("codes", codes)
	run("who plays where", playing)
	run("strange names", strange)
	run("many at once", func(t *testing.T, a, b Store) {
		Account(t, Load{Stores: []Store{a, b}, Tickets: 300})
	})
}

func keepsTicket(t *testing.T, a, b Store) {
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
	cs, _, err := b.Changes(t.Context(), "q", "", 10)
	ok(t, err)
	same(t, "changes", cs, []store.Change{{Ticket: &k}})
	_, err = a.Ticket(t.Context(), "other")
	want(t, err, store.ErrNoTicket)
}

func waitsOnce(t *testing.T, a, b Store) {
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

func partyReady(t *testing.T, a, b Store) {
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

func cancel(t *testing.T, a, b Store) {
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

func watch(t *testing.T, a, b Store) {
	see := func(c <-chan struct{}, s Store, id string, wanted store.State) {
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
		s Store
		c <-chan struct{}
	}
	var views []view
	for _, s := range []Store{a, b, b} {
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

func leases(t *testing.T, a, b Store) {
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

func changes(t *testing.T, a, b Store) {
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
	if _, _, err := a.Changes(t.Context(), "q", "nonsense", 10); err == nil {
		t.Fatal("took nonsense for a cursor")
	}
}

func pages(t *testing.T, a, b Store) {
	const n = 60
	for i := range n {
		addAll(t, a, solo("q", name(i)))
	}
	// What happens while it reads, page by page, is told too, and nothing twice.
	there := map[string]bool{}
	apply := func(cs []store.Change) {
		for _, c := range cs {
			if c.Ticket != nil {
				if there[c.Ticket.ID] {
					t.Fatalf("%s came twice", c.Ticket.ID)
				}
				there[c.Ticket.ID] = true
			}
			if c.Gone != "" {
				delete(there, c.Gone)
			}
		}
	}
	cursor, next := "", n
	for i := 0; ; i++ {
		cs, to, err := b.Changes(t.Context(), "q", cursor, 7)
		ok(t, err)
		if len(cs) > 7 {
			t.Fatalf("%d at once", len(cs))
		}
		apply(cs)
		if len(cs) == 0 && to == cursor {
			break
		}
		cursor = to
		if i < 5 {
			for _, id := range []string{name(i), name(n - 1 - i)} { // one seen, one not
				_, err := a.Cancel(t.Context(), id, "p-"+id)
				ok(t, err)
			}
			addAll(t, a, solo("q", name(next)))
			next++
		}
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

func commit(t *testing.T, a, b Store) {
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

func commitGone(t *testing.T, a, b Store) {
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

func commitAgain(t *testing.T, a, b Store) {
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

func fenced(t *testing.T, a, b Store) {
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

func giveUp(t *testing.T, a, b Store) {
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

func backfill(t *testing.T, a, b Store) {
	t1, t2, t3 := solo("q", "one"), solo("q", "two"), solo("q", "three")
	addAll(t, a, t1, t2, t3)
	l := lease(t, b, "q", "m")
	room := duel("room", t1, t2)
	room.Options, room.Code = map[string]string{"map": "x"}, "CODE"
	_, err := b.Commit(t.Context(), l, store.Outcome{Match: room, Tickets: ids(t1, t2)})
	ok(t, err)
	ok(t, a.Left(t.Context(), "p-one", "room"))
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
	cs, next, err := b.Changes(t.Context(), "q", r.cursor, 10)
	ok(t, err)
	same(t, "changes", cs, []store.Change{{Backfill: &ask}})
	r.cursor = next
	if st := state(t, a, "three", store.Waiting); st.Waiting != 1 {
		t.Fatalf("%d tickets wait; want 1", st.Waiting)
	}
	ask.ID = "b2"
	ok(t, a.AskBackfill(t.Context(), ask))
	r.expect(t, "-b1", "+b2")
	(&reader{s: a, queue: "q"}).expect(t, "+three", "+b2")

	// It was withdrawn.
	if sure, err := a.EndBackfill(t.Context(), "q", "b2"); !sure || err != nil {
		t.Fatalf("ended: %t, %v", sure, err)
	}
	r.expect(t, "-b2")
	more := duel("room", t3, t2)
	more.Bots = 7
	gone, err := b.Commit(t.Context(), l, store.Outcome{Match: more, Tickets: ids(t3), Backfill: "b2"})
	ok(t, err)
	same(t, "gone", gone, []string{"b2"})
	state(t, a, "three", store.Waiting)

	// It is granted.
	ask.ID = "b3"
	ok(t, a.AskBackfill(t.Context(), ask))
	r.expect(t, "+b3")
	for range 2 { // again: no change
		gone, err = b.Commit(t.Context(), l, store.Outcome{Match: more, Tickets: ids(t3), Backfill: "b3"})
		ok(t, err)
		same(t, "gone", gone, []string(nil))
	}
	r.expect(t)
	(&reader{s: a, queue: "q"}).expect(t)
	for range 2 {
		if sure, err := a.EndBackfill(t.Context(), "q", "b3"); sure || err != nil {
			t.Fatalf("ended after it was granted: %t, %v", sure, err)
		}
	}
	got, err := a.Match(t.Context(), "", "CODE")
	ok(t, err)
	room.Teams, room.Bots = more.Teams, 7
	same(t, "the room", got, room)
	got, err = a.Playing(t.Context(), "p-three")
	ok(t, err)
	same(t, "the room of the new player", got, room)
	_, err = a.Playing(t.Context(), "p-one") // does not want to go back
	want(t, err, store.ErrNoRoom)
}

func backfillEnds(t *testing.T, a, b Store) {
	ok(t, a.Keep(t.Context(), duel("room")))
	r := reader{s: b, queue: "q"}
	r.expect(t)
	ok(t, a.AskBackfill(t.Context(), store.Backfill{ID: "b1", Room: "room", Queue: "q"}))
	r.expect(t, "+b1")
	ok(t, a.Forget(t.Context(), "room"))
	r.expect(t, "-b1")
	if sure, err := a.EndBackfill(t.Context(), "q", "b1"); !sure || err != nil {
		t.Fatalf("ended: %t, %v", sure, err)
	}
	r.expect(t)
}

func matches(t *testing.T, a, b Store) {
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

func codes(t *testing.T, a, b Store) {
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

func playing(t *testing.T, a, b Store) {
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

// strange names must not be taken for something else.
func strange(t *testing.T, a, b Store) {
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
