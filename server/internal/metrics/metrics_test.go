package metrics

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"
)

// exposition holds lines of what TestExposition counts.
const exposition = `
tickroom_backlog_bytes{kind="arena"} 250
tickroom_build_info{version="v1.2.3"} 1
tickroom_clients{kind="arena"} 2
tickroom_closes_total{code="1006"} 1
tickroom_commands_total{kind="arena",result="done"} 1
tickroom_commands_total{kind="arena",result="limited"} 5
tickroom_commands_total{kind="arena",result="malformed"} 3
tickroom_commands_total{kind="arena",result="refused"} 4
tickroom_commands_total{kind="arena",result="unknown"} 2
tickroom_connections_pending 4
tickroom_connections{transport="gws"} 9
tickroom_connections{transport="raw"} 1
tickroom_entities{kind="arena"} 36
tickroom_hash_mismatches_total{kind="arena"} 1
tickroom_inputs_total{kind="arena",result="accepted"} 7
tickroom_inputs_total{kind="arena",result="dropped"} 9
tickroom_inputs_total{kind="arena",result="late"} 8
tickroom_joins_total{kind="arena"} 3
tickroom_leaves_total{kind="arena"} 1
tickroom_received_bytes_total{kind="arena"} 10
tickroom_received_messages_total{kind="arena"} 2
tickroom_rejected_total{reason="4003"} 1
tickroom_rejected_total{reason="origin"} 1
tickroom_room_failures_total{kind="arena"} 1
tickroom_rooms_closed_total{kind="arena"} 0
tickroom_rooms_created_total{kind="arena"} 2
tickroom_rooms{kind="arena"} 2
tickroom_sent_bytes_total{kind="arena"} 1000
tickroom_sent_messages_total{kind="arena"} 3
tickroom_snapshots_sent_total{kind="arena"} 5
tickroom_snapshots_skipped_total{kind="arena",reason="busy"} 4
tickroom_snapshots_skipped_total{kind="arena",reason="rate"} 6
tickroom_snapshots_skipped_total{kind="arena",reason="window"} 5
tickroom_tick_duration_seconds_count{kind="arena"} 2
tickroom_tick_duration_seconds_sum{kind="arena"} 0.003
tickroom_tick_lateness_seconds_bucket{kind="arena",le="5e-05"} 1
tickroom_tick_lateness_seconds_bucket{kind="arena",le="0.0001"} 2
tickroom_ticks_caught_up_total{kind="arena"} 1
tickroom_ticks_dropped_total{kind="arena"} 3
`

func TestExposition(t *testing.T) {
	t.Parallel()
	m := New("v1.2.3")
	k := m.Kind("arena")
	if m.Kind("arena") != k {
		t.Error("a kind's metrics are not the same the second time")
	}
	r := k.Room()
	r.Joined()
	r.Joined()
	r.Left(1006)
	r.Size(500, 30)
	r.Size(200, 31)
	other := k.Room()
	other.Joined()
	other.Size(50, 5)
	k.Tick(&TickStats{
		Duration: 2 * time.Millisecond, Late: 60 * time.Microsecond, CaughtUp: true,
		Counts: Counts{
			BytesIn: 10, BytesOut: 1000, MessagesIn: 2, MessagesOut: 3, Snapshots: 3, SkippedBusy: 4, SkippedWindow: 5, SkippedRate: 6,
			InputsAccepted: 7, InputsLate: 8, InputsDropped: 9,
			CommandsDone: 1, CommandsUnknown: 2, CommandsMalformed: 3, CommandsRefused: 4, CommandsLimited: 5, Mismatches: 1,
		},
	})
	k.Tick(&TickStats{Duration: time.Millisecond, Late: -time.Second, Counts: Counts{Snapshots: 2}})
	k.Dropped(3)
	k.Failed()
	m.Refused("room", "room_full", 4003)
	m.Rejected("origin")
	m.Connections("raw", 1)
	m.Connections("gws", 9)
	m.Pending(4)

	got := text(t, m)
	for line := range strings.Lines(strings.TrimPrefix(exposition, "\n")) {
		if !strings.Contains(got, "\n"+line) {
			t.Errorf("there is no line %q", line)
		}
	}
	for _, name := range []string{"go_goroutines ", "process_open_fds "} {
		if !strings.Contains(got, "\n"+name) {
			t.Errorf("there is no %s", name)
		}
	}

	r.Closed()
	r.Closed()
	other.Left(1001)
	other.Closed()
	got = text(t, m)
	for _, line := range []string{
		`tickroom_rooms{kind="arena"} 0`, `tickroom_clients{kind="arena"} 0`, `tickroom_backlog_bytes{kind="arena"} 0`,
		`tickroom_entities{kind="arena"} 0`, `tickroom_rooms_closed_total{kind="arena"} 2`,
	} {
		if !strings.Contains(got, "\n"+line+"\n") {
			t.Errorf("with all rooms closed there is no line %q", line)
		}
	}
}

func TestLint(t *testing.T) {
	t.Parallel()
	m := New("test")
	m.Kind("arena").Room().Joined()
	problems, err := testutil.GatherAndLint(m.Registry())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "tickroom_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

func TestManyRoomsAtOnce(t *testing.T) {
	t.Parallel()
	m := New("test")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			r := m.Kind("walkers").Room()
			for i := range 100 {
				r.Joined()
				r.Size(i, i)
				m.Kind("walkers").Tick(&TickStats{Counts: Counts{Snapshots: 1}})
			}
			r.Closed()
		})
	}
	wg.Wait()
	got := text(t, m)
	for _, line := range []string{
		`tickroom_snapshots_sent_total{kind="walkers"} 800`, `tickroom_clients{kind="walkers"} 0`, `tickroom_backlog_bytes{kind="walkers"} 0`,
	} {
		if !strings.Contains(got, "\n"+line+"\n") {
			t.Errorf("there is no line %q", line)
		}
	}
}

func text(t *testing.T, m *Metrics) string {
	t.Helper()
	families, err := m.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteByte('\n')
	enc := expfmt.NewEncoder(&b, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, f := range families {
		if err := enc.Encode(f); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func busyTick() *TickStats {
	return &TickStats{
		Duration: 2 * time.Millisecond, Late: 60 * time.Microsecond,
		Counts: Counts{
			BytesIn: 10, BytesOut: 1000, MessagesIn: 2, MessagesOut: 3, Snapshots: 3, SkippedBusy: 4, SkippedWindow: 5, SkippedRate: 6,
			InputsAccepted: 7, InputsLate: 8, CommandsDone: 1,
		},
	}
}

func TestTickAllocatesNothing(t *testing.T) {
	m := New("test")
	k, s := m.Kind("arena"), busyTick()
	r := k.Room()
	n := 0
	if a := testing.AllocsPerRun(1000, func() { n++; k.Tick(s); r.Size(n, n) }); a != 0 {
		t.Errorf("%g allocations", a)
	}
}

func BenchmarkTick(b *testing.B) {
	k, s := New("test").Kind("arena"), busyTick()
	r := k.Room()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		k.Tick(s)
		r.Size(n, n)
	}
}
