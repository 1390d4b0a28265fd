package queue

import (
	"fmt"
	"testing"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

func TestWhenToMakeAPass(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for _, c := range []struct {
		name    string
		waiting int
		news    bool
		took    time.Duration
		due     time.Duration // after the end of the last one
	}{
		{"every interval", 1, false, 0, DefaultInterval},
		{"every interval, counted from the beginning", 1, false, 20 * ms, DefaultInterval - 20*ms},
		{"half of the time at most", 1, false, 2 * time.Second, 2 * time.Second},
		{"at once for one who may be missing", 2, true, 0, 0},
		{"but not all the time", 2, true, 10 * ms, 100 * ms},
		{"not for one of many", 20, true, 0, DefaultInterval},
	} {
		q, err := New(duel(), DefaultInterval)
		if err != nil {
			t.Fatal(err)
		}
		if !q.Due(epoch) {
			t.Errorf("%s: not at first", c.name)
		}
		for i := range c.waiting {
			q.Apply(&store.Changes{Tickets: []store.Ticket{{ID: fmt.Sprint(i), Since: epoch, Members: []store.Member{{Player: fmt.Sprint(i)}}}}})
		}
		q.Passed(epoch, c.took)
		q.news = c.news
		if !q.Due(epoch.Add(c.due)) || c.due > 0 && q.Due(epoch.Add(c.due-1)) {
			t.Errorf("%s: not %v after the last", c.name, c.due)
		}
	}
}

func TestWhenToLookAgain(t *testing.T) {
	t.Parallel()
	q, err := New(duel(), DefaultInterval)
	if err != nil {
		t.Fatal(err)
	}
	if got := q.Next(epoch); got != DefaultInterval {
		t.Errorf("of an empty queue: %v", got)
	}
	change := &store.Changes{Tickets: []store.Ticket{{ID: "a", Since: epoch, Members: []store.Member{{Player: "a"}}}}}
	q.Apply(change)
	q.Apply(change)
	if got := q.Next(epoch); got != DefaultInterval/5 || q.players != 1 {
		t.Errorf("with %d who wait: %v", q.players, got)
	}
	d := &Decision{}
	q.open = append(q.open, d)
	q.Fail(d, epoch)
	if got := q.Next(epoch); got != 50*time.Millisecond {
		t.Errorf("with a decision to try again: %v", got)
	}
	if got := q.Next(epoch.Add(time.Hour)); got != time.Millisecond {
		t.Errorf("with one that is due: %v", got)
	}
	q.Anew()
	if len(q.items) != 0 || q.tickets != 0 || q.players != 0 || q.m.Len() != 0 {
		t.Error("it remembers what it was told to forget")
	}
}
