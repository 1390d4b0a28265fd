package metrics

import (
	"testing"
	"time"
)

func TestTotals(t *testing.T) {
	t.Parallel()
	m := New("test")
	k := m.Kind("arena")
	k.Tick(&TickStats{Duration: time.Millisecond, Counts: Counts{MessagesIn: 1, MessagesOut: 2, BytesIn: 10, BytesOut: 100, Snapshots: 2}})
	before := k.Totals()
	k.Tick(&TickStats{Duration: 3 * time.Millisecond, Counts: Counts{MessagesIn: 4, MessagesOut: 3, BytesIn: 40, BytesOut: 300, Snapshots: 3}})
	k.Room().Joined()
	if n := k.Clients(); n != 1 {
		t.Errorf("%d clients", n)
	}
	m.Kind("walkers").Tick(&TickStats{Counts: Counts{MessagesIn: 1000}})
	got := k.Totals().Sub(before)
	// The time is a sum of binary fractions.
	if got.TickSeconds < 0.00299 || got.TickSeconds > 0.00301 {
		t.Errorf("ticks took %g s", got.TickSeconds)
	}
	got.TickSeconds = 0
	if want := (Totals{MessagesIn: 4, MessagesOut: 3, BytesIn: 40, BytesOut: 300, Snapshots: 3, Ticks: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	before.TickSeconds = 0
	if want := (Totals{MessagesIn: 5, MessagesOut: 5, BytesIn: 50, BytesOut: 400, Snapshots: 5, Ticks: 2}); before.Add(got) != want {
		t.Errorf("%+v, want %+v", before.Add(got), want)
	}
}
