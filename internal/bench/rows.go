package bench

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"
)

// work is what both sides do.
type work struct {
	clients, rate int
	// Clients per room of the floor.
	room int
	// The floor's way to read inputs, and the frame's payload that is expected when
	// there is no server to tell it.
	mode string
	size int
	// How to start the server, and the kind that clients join.
	kind string
	args []string
	// The load's, for both sides.
	load []string
	// The load's, for tickroom alone.
	hello []string
	// How clients come to tickroom.
	front front
}

// row is a row of the table and how to measure it.
type row struct {
	name, work, measure string
	aim                 aim
	does                work
	figure              func(*Run) float64 // what is measured, of a run of a server
	run                 func(context.Context, *runner, *row, *Result) error
	runs                func(*Options) int // how many there will be, for the estimate
}

// About how long a server and a load take to come up and go.
const upAndDown = 2 * time.Second

// lateness is what the row measures that puts as many clients on the server as use a share of a core.
const lateness = "ms late, p99"

func (r *row) estimate(o *Options) time.Duration {
	return time.Duration(r.runs(o)) * (o.Warm + o.Window + upAndDown)
}

func options(pairs ...string) []string {
	var args []string
	for _, p := range pairs {
		args = append(args, "--kind-option", p)
	}
	return args
}

// small is what several rows build on.
var small = work{
	clients: 1000, rate: 20, room: 10, mode: "epoll", size: 78,
	kind: "walkers", args: options("walkers.players=10"),
}

// rows are the rows of the design that concern a served room.
var rows = append([]row{
	{
		name: "small", work: "1,000 clients in rooms of 10", measure: "µs/client/tick",
		aim: aim{bound: 0.9, unit: " × floor"}, does: small, figure: perClientTick, run: compare, runs: comparisons,
	},
	{
		name: "map", work: "1,000 on one map, about 30 visible", measure: "µs/client/tick",
		aim: aim{bound: 1.2, unit: " × floor"},
		does: work{
			clients: 1000, rate: 20, room: 1000, mode: "epoll", size: 180, kind: "walkers",
			// A circle of this radius holds a 30th part of 1,000 on average: pi r² / m² = 0.03,
			// and some more for those at the edge.
			args: options("walkers.players=1000", "walkers.map=4096", "walkers.radius=420"),
		},
		figure: perClientTick, run: compare, runs: comparisons,
	},
	{
		name: "broadcast", work: "broadcast to 10,000 viewers, 5 Hz", measure: "µs/delivery",
		aim: aim{bound: 1.1, unit: " × bare writes"},
		does: work{
			clients: 10000, rate: 5, room: 10000, mode: "write", size: 110,
			kind: "walkers", args: options("walkers.players=10000", "walkers.watch=1", "walkers.npcs=20", "walkers.rate=5"),
			load:  []string{"--send-every", "0"},
			hello: []string{"--send-every", "5", "--ack-only"},
		},
		figure: perDelivery, run: compare, runs: comparisons,
	},
	{
		name: "danmaku", work: "500 comments/s to 10,000 viewers, 5 Hz", measure: "µs/delivery",
		aim: aim{bound: 1.1, unit: " × bare writes"},
		does: work{
			clients: 10000, rate: 5, room: 10000, mode: "write", size: 1000,
			kind: "danmaku", args: append(options("danmaku.viewers=20000"), "--max-pending", "10000"),
			load:  []string{"--send-every", "0"},
			hello: []string{"--send-every", "5", "--ack-only", "--say-every", "20"},
		},
		figure: perDelivery, run: compare, runs: comparisons,
	},
	{
		name: "jitter", work: "rooms of 10, 70% of a core", measure: lateness,
		aim: aim{bound: 2, unit: " ms"}, does: small, figure: lateP99, run: jitter, runs: served(3),
	},
	{
		name: "memory", work: "5,000 idle clients, tick-driven", measure: "KB/client",
		aim: aim{bound: 3, unit: " KB"}, does: idle("auto"), figure: growth, run: memory, runs: served(1),
	},
	{
		name: "memory-gws", work: "5,000 idle clients, gws", measure: "KB/client",
		aim: aim{bound: 10, unit: " KB"}, does: idle("gws"), figure: growth, run: memory, runs: served(1),
	},
	{
		name: "cores", work: "rooms of 10 on two cores for one", measure: "µs/client/tick",
		aim: aim{bound: 1.8, atLeast: true, unit: " × clients"},
		does: work{
			clients: 3000, rate: 20, kind: "walkers", args: options("walkers.players=10"),
		},
		figure: perClientTick, run: cores, runs: inTurns,
	},
}, secureRows...)

// idle is the work of clients that have joined and do nearly nothing.
func idle(transport string) work {
	return work{
		clients: 5000, rate: 1, kind: "walkers",
		args: append(options("walkers.players=100", "walkers.rate=1"), "--transport", transport),
		load: []string{"--send-every", "5", "--ack-only"},
	}
}

func comparisons(o *Options) int {
	if o.FloorOnly {
		return o.Rounds
	}
	return 2*o.Rounds + 1
}

func served(n int) func(*Options) int {
	return func(o *Options) int {
		if o.FloorOnly {
			return 0
		}
		return n
	}
}

// compare measures the floor and tickroom in turns, with frames of the same size.
func compare(ctx context.Context, r *runner, row *row, result *Result) error {
	w := row.does
	serve := !r.FloorOnly && w.kind != ""
	if !r.FloorOnly && !serve {
		result.note("no room kind for this yet: the floor alone")
	}
	size := w.size
	if serve {
		run, err := r.tickroom(ctx, row.name+": how large frames are", w, nil)
		if err != nil {
			return err
		}
		size = max(1, int(math.Round(run.Load.MeanPayload)))
		w.load = append(w.load[:len(w.load):len(w.load)], "--input-size", strconv.Itoa(inputSize(run.Load.MeanSent)))
	}
	for round := range r.Rounds {
		what := fmt.Sprintf("%s: round %d of %d", row.name, round+1, r.Rounds)
		run, err := r.floor(ctx, what+", floor", w, size)
		if err != nil {
			return err
		}
		result.Runs = append(result.Runs, run)
		result.Frame = run.Load.MeanFrame
		if serve {
			if run, err = r.tickroom(ctx, what+", tickroom", w, nil); err != nil {
				return err
			}
			result.Runs = append(result.Runs, run)
			result.Frame = run.Load.MeanFrame
		}
	}
	result.Floor = result.summarise("floor", row.figure)
	result.Tickroom = result.summarise("tickroom", row.figure)
	result.Score = ratio(result.Tickroom, result.Floor)
	return nil
}

// inputSize is the size of the floor's inputs for a mean size of tickroom's.
func inputSize(mean float64) int {
	return min(max(int(math.Round(mean)), 7), 131)
}

// The share of a core at which the lateness of ticks is measured.
const share = 0.7

// jitter finds the number of clients that use 70% of a core, and reports how late
// ticks are then.
func jitter(ctx context.Context, r *runner, row *row, result *Result) error {
	if r.FloorOnly {
		return nil
	}
	w := row.does
	for attempt, what := range []string{"cost of a client", "70% of a core", "70% of a core again"} {
		run, err := r.tickroom(ctx, row.name+": "+what, w, nil)
		if err != nil {
			return err
		}
		if attempt > 0 {
			result.Runs = []Run{run}
			if math.Abs(run.Core-share) < 0.05 {
				break
			}
		}
		w.clients = clientsFor(share, run.PerClientTick, w.rate)
	}
	run := &result.Runs[0]
	result.Frame = run.Load.MeanFrame
	result.Tickroom = result.summarise("tickroom", row.figure)
	result.Score = result.Tickroom
	result.note("%d clients, %.0f%% of a core", run.Load.Clients, run.Core*100)
	if run.LateP99 == 0 {
		result.Tickroom, result.Score = nil, nil
		result.note("the server's metrics do not tell how late ticks are")
	}
	return nil
}

// memory measures by how much the server grows per client.
func memory(ctx context.Context, r *runner, row *row, result *Result) error {
	if r.FloorOnly {
		return nil
	}
	run, err := r.tickroom(ctx, row.name, row.does, nil)
	if err != nil {
		return err
	}
	result.Runs = []Run{run}
	kb := row.figure(&run)
	result.Tickroom, result.Score = &kb, &kb
	for why, n := range run.Load.Errors {
		result.note("%d clients lost: %s", n, why)
	}
	return nil
}

// What rows measure: microseconds of the server per client and tick, and per message that
// reached a client; milliseconds that ticks are late; kilobytes that a client adds.
func perClientTick(run *Run) float64 { return run.PerClientTick }
func perDelivery(run *Run) float64   { return run.PerDelivery }
func lateP99(run *Run) float64       { return run.LateP99 }
func growth(run *Run) float64 {
	return perClientKB(run.Load.RSSBefore, run.Load.RSSAfter, run.Load.Clients)
}

func perClientKB(before, after int64, clients int) float64 {
	return float64(after-before) / float64(clients) / 1024
}

// cores measures how many clients two cores serve for each that one core serves.
func cores(ctx context.Context, r *runner, row *row, result *Result) error {
	if r.FloorOnly {
		return nil
	}
	if len(r.cores) < 2 {
		result.note("there is one core only")
		return nil
	}
	w := row.does
	for round := range r.Rounds {
		what := fmt.Sprintf("%s: round %d of %d", row.name, round+1, r.Rounds)
		one, err := r.tickroom(ctx, what+", one", w, r.cores[:1])
		if err != nil {
			return err
		}
		one.Side = "one core"
		two, err := r.tickroom(ctx, what+", two", w, r.cores[:2])
		if err != nil {
			return err
		}
		two.Side = "two cores"
		result.Runs = append(result.Runs, one, two)
	}
	one, two := result.summarise("one core", row.figure), result.summarise("two cores", row.figure)
	result.Tickroom = two
	if q := ratio(one, two); q != nil {
		clients := 2 * *q
		result.Score = &clients
		result.note("worked out from the cost of a client: %.2f µs on one core, %.2f on two", *one, *two)
	}
	if len(r.cores) < 3 {
		result.note("the load had to share the second core")
	}
	return nil
}
