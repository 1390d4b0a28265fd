package bench

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tickroom/tickroom/internal/load"
)

func TestNewRun(t *testing.T) {
	// 1,000 clients at 20 Hz for 10 s are 200,000 client ticks, of which half brought a message.
	run := newRun("floor", load.Report{Clients: 1000, WindowS: 10, CPUS: 2, Frames: 100_000}, 20)
	if run.PerClientTick != 10 || run.PerDelivery != 20 || run.Delivered != 0.5 || run.Core != 0.2 {
		t.Errorf("%+v", run)
	}
	if run := newRun("floor", load.Report{}, 20); run.PerClientTick != 0 || run.PerDelivery != 0 {
		t.Errorf("of nothing: %+v", run)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 2, 10}, 3}} {
		before := slices.Clone(c.values)
		if got := median(c.values); got != c.want || !slices.Equal(before, c.values) {
			t.Errorf("median of %v is %v, want %v", before, got, c.want)
		}
	}
}

func TestSummarise(t *testing.T) {
	r := Result{Runs: []Run{
		{Side: "floor", PerClientTick: 10, Delivered: 1},
		{Side: "tickroom", PerClientTick: 9, Delivered: 0.9},
		{Side: "floor", PerClientTick: 14, Delivered: 1},
		{Side: "tickroom", PerClientTick: 9, Delivered: 1, Load: load.Report{Errors: map[string]int{"closed": 2}}},
		{Side: "floor", PerClientTick: 12, Delivered: 1},
	}}
	figure := func(run *Run) float64 { return run.PerClientTick }
	floor, tickroom := r.summarise("floor", figure), r.summarise("tickroom", figure)
	if *floor != 12 || *tickroom != 9 {
		t.Errorf("medians %v and %v", *floor, *tickroom)
	}
	if q := ratio(tickroom, floor); *q != 0.75 {
		t.Errorf("ratio %v", *q)
	}
	if none := r.summarise("nobody", figure); none != nil || ratio(none, floor) != nil {
		t.Error("a median of nothing")
	}
	notes := strings.Join(r.Notes, "; ")
	for _, want := range []string{"floor: rounds differ by 40%", "tickroom: only 90% of the messages came", "2 clients lost: closed"} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes %q lack %q", notes, want)
		}
	}
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		aim   aim
		score float64
		met   bool
	}{
		{aim{bound: 0.9}, 0.9, true},
		{aim{bound: 0.9}, 0.91, false},
		{aim{bound: 1.8, atLeast: true}, 1.8, true},
		{aim{bound: 1.8, atLeast: true}, 1.7, false},
	} {
		r := Result{Score: &c.score}
		r.judge(c.aim)
		if *r.Met != c.met {
			t.Errorf("%v %v: met %v", c.score, c.aim, *r.Met)
		}
	}
	var r Result
	r.judge(aim{bound: 1})
	if r.Met != nil {
		t.Error("nothing measured, and yet judged")
	}
}

func TestClientsFor(t *testing.T) {
	// 10 µs 20 times a second are 200 µs a second: 3,500 of them are 0.7 s.
	if n := clientsFor(0.7, 10, 20); n != 3500 {
		t.Errorf("%d clients", n)
	}
}

func TestPerClientKB(t *testing.T) {
	if kb := perClientKB(1<<20, 1<<20+5000*3*1024, 5000); kb != 3 {
		t.Errorf("%v KB", kb)
	}
}

func TestInputSize(t *testing.T) {
	for mean, want := range map[float64]int{0: 7, 20.6: 21, 500: 131} {
		if got := inputSize(mean); got != want {
			t.Errorf("%v: %d", mean, got)
		}
	}
}

func TestChoose(t *testing.T) {
	if all, err := choose(nil); err != nil || len(all) != len(rows) {
		t.Errorf("%d rows, %v", len(all), err)
	}
	some, err := choose([]string{"map", "small"})
	if err != nil || len(some) != 2 || some[0].name != "map" {
		t.Errorf("%v, %v", some, err)
	}
	if _, err := choose([]string{"nap"}); err == nil || !strings.Contains(err.Error(), "small, map") {
		t.Errorf("error %v", err)
	}
}

func TestHistogram(t *testing.T) {
	const text = `# HELP late_seconds How late.
# TYPE late_seconds histogram
late_seconds_bucket{kind="a",le="0.001"} 50
late_seconds_bucket{kind="a",le="0.002"} 90
late_seconds_bucket{kind="a",le="+Inf"} 100
late_seconds_sum{kind="a"} 1
late_seconds_count{kind="a"} 100
late_seconds_bucket{kind="b",le="0.001"} 50
late_seconds_bucket{kind="b",le="0.002"} 90 1700000000000
late_seconds_bucket{kind="b",le="+Inf"} 100
other_seconds_bucket{le="+Inf"} 7
`
	h, err := parseHistogram(strings.NewReader(text), "late_seconds")
	if err != nil {
		t.Fatal(err)
	}
	for q, want := range map[float64]float64{0.25: 0.0005, 0.5: 0.001, 0.7: 0.0015, 0.9: 0.002, 0.99: 0.002} {
		if got := h.quantile(q); math.Abs(got-want) > 1e-9 {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	if n := h.minus(h).quantile(0.99); n != 0 {
		t.Errorf("nothing has a quantile of %v", n)
	}
	d := h.minus(histogram{0.001: 100, 0.002: 100, math.Inf(1): 100})
	if got := d.quantile(0.4); math.Abs(got-0.0015) > 1e-9 {
		t.Errorf("what came since: %v", got)
	}
	if h, err := parseHistogram(strings.NewReader(text), "no_seconds"); err != nil || h.quantile(0.5) != 0 {
		t.Errorf("%v, %v", h, err)
	}
	if n := histogram(nil).minus(h).quantile(0.5); n != 0 {
		t.Errorf("less than nothing has a quantile of %v", n)
	}
	for _, bad := range []string{`x_bucket{le="1"}`, `x_bucket{a="1"} 2`, `x_bucket{le="y"} 2`, `x_bucket{le="1"} y`} {
		if _, err := parseHistogram(strings.NewReader(bad), "x"); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

func TestReadReport(t *testing.T) {
	var phases []load.Phase
	keep := func(p load.Phase) error { phases = append(phases, p); return nil }
	r, err := readReport(strings.NewReader(`{"phase":"joining"}
{"phase":"measured"}
{"clients":3,"cpu_s":1.5,"errors":{}}
`), keep)
	if err != nil || r.Clients != 3 || r.CPUS != 1.5 || len(phases) != 2 || phases[1] != load.Measured {
		t.Errorf("%+v, %v, %v", r, phases, err)
	}
	for _, bad := range []string{"", "oops\n", `{"phase":"joining"}`} {
		if _, err := readReport(strings.NewReader(bad), nil); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestTable(t *testing.T) {
	f := func(v float64) *float64 { return &v }
	yes := true
	var b strings.Builder
	err := Table(&b, []Result{
		{
			Row: "small", Work: "rooms of 10", Measure: "µs/client/tick", Frame: 80, Floor: f(10), Tickroom: f(8.8), Score: f(0.88),
			Aim: "≤ 0.9 × floor", Met: &yes, Notes: []string{"all went well"},
		},
		{Row: "broadcast", Work: "broadcast", Measure: "µs/delivery", Floor: f(4.2), Aim: "≤ 1.1 × bare writes"},
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = `┌─────────────┬────────────────┬───────┬─────────┬──────────┬───────┬─────────────────────┬─────┐
│ work        │ measured       │ frame │ against │ tickroom │ score │ aim                 │ met │
├─────────────┼────────────────┼───────┼─────────┼──────────┼───────┼─────────────────────┼─────┤
│ rooms of 10 │ µs/client/tick │  80 B │   10.00 │     8.80 │  0.88 │ ≤ 0.9 × floor       │ yes │
│ broadcast   │ µs/delivery    │       │    4.20 │        – │     – │ ≤ 1.1 × bare writes │     │
└─────────────┴────────────────┴───────┴─────────┴──────────┴───────┴─────────────────────┴─────┘
small: all went well
`
	if b.String() != want {
		t.Errorf("got\n%s", b.String())
	}
}

func TestUndisturbed(t *testing.T) {
	quiet := Run{Load: load.Report{WindowS: 10, OthersCPUS: 1}}
	busy := Run{Load: load.Report{WindowS: 10, OthersCPUS: 9}}
	late := Run{Load: load.Report{WindowS: 10, LateMS: load.Quantiles{P99: 30}}}
	for name, c := range map[string]struct {
		runs  []Run
		tries int
	}{
		"at once":    {[]Run{quiet}, 1},
		"in the end": {[]Run{busy, late, quiet}, 3},
		"never":      {[]Run{busy, busy, busy, quiet}, 3},
	} {
		tries := 0
		run, err := undisturbed(func() (Run, error) { tries++; return c.runs[tries-1], nil })
		if err != nil || tries != c.tries || run.others() != c.runs[c.tries-1].others() {
			t.Errorf("%s: %d tries, %+v, %v", name, tries, run, err)
		}
	}
}

func TestComparison(t *testing.T) {
	run := func(side string, cost float64) Run { return Run{Side: side, PerClientTick: cost, Delivered: 1} }
	c := Comparison{Runs: []Run{
		run("before", 10), run("after", 11),
		run("after", 24), run("before", 20), // the machine got slower, and the other went first
		run("before", 10), run("after", 9),
		run("after", 9), // its other half is missing
	}}
	c.summarise(perClientTick)
	if *c.Before != 10 || *c.After != 10 || *c.Ratio != 1.1 || *c.Least != 0.9 || *c.Most != 1.2 {
		t.Errorf("before %v, after %v, ratio %v from %v to %v", *c.Before, *c.After, *c.Ratio, *c.Least, *c.Most)
	}
	var table strings.Builder
	if err := VersusTable(&table, []Comparison{c, {Row: "memory", Notes: []string{"failed: no"}}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1.100", "0.900 to 1.200", "memory: failed: no"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, table.String())
		}
	}
}

// Each row can be compared with an earlier program.
func TestRowsHaveFigures(t *testing.T) {
	for _, r := range rows {
		if r.figure == nil {
			t.Errorf("row %s does not say what its figure is", r.name)
		}
	}
	if _, err := Versus(t.Context(), Options{Rounds: 1, Window: 1, Before: "no/program", Load: "no/load", Tickroom: "no/tickroom"}); err == nil {
		t.Error("programs that are not there are measured")
	}
}
