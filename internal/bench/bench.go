// Package bench measures what a served room costs, side by side with the floor:
// a bare loop that does the same socket work with raw system calls. Machines
// differ and so do their days, so what counts is the ratio of the two, measured
// in turns.
//
// Server and load run as processes of their own, each on its own core. The load
// reads the server's CPU time from the kernel.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tickroom/tickroom/internal/load"
)

// Options say what to measure, and with what.
type Options struct {
	// The floor program, the loader and the tickroom program.
	Floor, Load, Tickroom string
	// Names of the rows. Empty: all.
	Rows []string
	// Measure the floor only, with frames of the expected sizes.
	FloorOnly bool
	// Another tickroom program, that of an earlier revision, that [Versus] measures in turns with Tickroom.
	Before string
	// How often each side is measured, in turns; the median counts. At least 1.
	Rounds int
	// How long the load runs before it is measured, and how long it is measured.
	Warm, Window time.Duration
	// Where progress goes. A bar, if it is a terminal.
	Progress io.Writer
}

// Result is a row of the table.
type Result struct {
	Row  string `json:"row"`
	Work string `json:"work"`
	// What the figures are, with the unit.
	Measure string `json:"measure"`
	// Medians of the rounds; nil where there is none. Floor is that of what tickroom is compared with: the
	// floor, or what the aim names.
	Floor    *float64 `json:"floor"`
	Tickroom *float64 `json:"tickroom"`
	// What is compared with the aim: of the two above, or tickroom's figure itself.
	Score *float64 `json:"score"`
	Aim   string   `json:"aim"`
	Met   *bool    `json:"met"`
	// Mean frame, with header, that both sent.
	Frame float64 `json:"frame,omitempty"`
	// What else is worth knowing.
	Notes []string `json:"notes,omitempty"`
	// All rounds.
	Runs []Run `json:"runs,omitempty"`
}

// Run is one measurement of one side.
type Run struct {
	Side string `json:"side"`
	// CPU time of the server, in microseconds: per client and tick, and per message
	// that reached a client.
	PerClientTick float64 `json:"us_per_client_tick"`
	PerDelivery   float64 `json:"us_per_delivery"`
	// Share of one core that the server used.
	Core float64 `json:"core"`
	// Share of all client ticks in which a message came.
	Delivered float64 `json:"delivered"`
	// Lateness of ticks in milliseconds, as the server counts it; 99% are below.
	LateP99 float64     `json:"late_p99_ms,omitempty"`
	Load    load.Report `json:"load"`
}

// Measure runs the rows and returns their results in order. A row that fails does
// not keep the others from being measured; its error is in its notes, and in the
// one that is returned.
func Measure(ctx context.Context, o Options) ([]Result, error) {
	r, chosen, err := prepare(o, (*row).estimate)
	if err != nil {
		return nil, err
	}
	defer r.close()
	var results []Result
	var failed []error
	for _, row := range chosen {
		result := Result{Row: row.name, Work: row.work, Measure: row.measure, Aim: row.aim.String()}
		if err := row.run(ctx, r, &row, &result); err != nil {
			failed = append(failed, fmt.Errorf("bench: row %s: %w", row.name, err))
			result.note("failed: %v", err)
			if ctx.Err() != nil {
				return results, errors.Join(failed...)
			}
		}
		result.judge(row.aim)
		results = append(results, result)
	}
	return results, errors.Join(failed...)
}

// prepare returns what runs the rows, which is to be closed, and these; estimate is how long one takes.
func prepare(o Options, estimate func(*row, *Options) time.Duration) (*runner, []row, error) {
	if o.Rounds < 1 || o.Window <= 0 {
		return nil, nil, fmt.Errorf("bench: %d rounds of %v; there must be at least one", o.Rounds, o.Window)
	}
	chosen, err := choose(o.Rows)
	if err != nil {
		return nil, nil, err
	}
	r, err := newRunner(o)
	if err != nil {
		return nil, nil, err
	}
	for i := range chosen {
		r.progress.expect(estimate(&chosen[i], &o))
	}
	return r, chosen, nil
}

// close ends the progress and removes the files of the runs.
func (r *runner) close() {
	r.progress.close()
	r.files.remove()
}

// choose picks rows by name.
func choose(names []string) ([]row, error) {
	if len(names) == 0 {
		return rows, nil
	}
	var chosen []row
	for _, name := range names {
		i := slices.IndexFunc(rows, func(r row) bool { return r.name == name })
		if i < 0 {
			var all []string
			for _, r := range rows {
				all = append(all, r.name)
			}
			return nil, fmt.Errorf("bench: there is no row %q; there are %s", name, strings.Join(all, ", "))
		}
		chosen = append(chosen, rows[i])
	}
	return chosen, nil
}

// An aim is a bound for a score.
type aim struct {
	bound   float64
	atLeast bool // else at most
	unit    string
}

func (a aim) String() string {
	word := "≤"
	if a.atLeast {
		word = "≥"
	}
	return fmt.Sprintf("%s %g%s", word, a.bound, a.unit)
}

// judge compares the score with the aim.
func (r *Result) judge(a aim) {
	if r.Score == nil {
		return
	}
	met := *r.Score <= a.bound
	if a.atLeast {
		met = *r.Score >= a.bound
	}
	r.Met = &met
}

// note adds to the notes.
func (r *Result) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// summarise fills in the medians of a side's runs, and complains of runs that
// show something other than what they should.
func (r *Result) summarise(side string, figure func(*Run) float64) *float64 {
	var figures []float64
	var others float64 // most of a core that other programs took
	for i := range r.Runs {
		run := &r.Runs[i]
		if run.Side != side {
			continue
		}
		others = max(others, run.others())
		figures = append(figures, figure(run))
		if run.Delivered < 0.98 {
			r.note("%s: only %.0f%% of the messages came", side, run.Delivered*100)
		}
		if late := run.Load.LateMS.P99; late > 20 {
			r.note("the loader was late by %.0f ms (p99): the machine is too busy", late)
		}
		for why, n := range run.Load.Errors {
			r.note("%s: %d clients lost: %s", side, n, why)
		}
	}
	if len(figures) == 0 {
		return nil
	}
	if others > 0.15 {
		r.note("%s: other programs took up to %.0f%% of a core meanwhile: the figures are rough", side, others*100)
	}
	m := median(figures)
	if spread := slices.Max(figures) / slices.Min(figures); spread > 1.15 {
		r.note("%s: rounds differ by %.0f%%", side, (spread-1)*100)
	}
	return &m
}

// ratio returns a/b, or nil where one is missing.
func ratio(a, b *float64) *float64 {
	if a == nil || b == nil || *b == 0 {
		return nil
	}
	q := *a / *b
	return &q
}

// median of at least one value.
func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	n := len(s)
	return (s[(n-1)/2] + s[n/2]) / 2
}

// newRun works a load's report out.
func newRun(side string, report load.Report, rate int) Run {
	run := Run{Side: side, Load: report}
	ticks := float64(report.Clients) * float64(rate) * report.WindowS
	if ticks > 0 {
		run.PerClientTick = report.CPUS * 1e6 / ticks
		run.Delivered = float64(report.Frames) / ticks
		run.Core = report.CPUS / report.WindowS
	}
	if report.Frames > 0 {
		run.PerDelivery = report.CPUS * 1e6 / float64(report.Frames)
	}
	return run
}

// others is the share of a core that other programs took.
func (r *Run) others() float64 {
	if r.Load.WindowS == 0 {
		return 0
	}
	return r.Load.OthersCPUS / r.Load.WindowS
}

// disturbed reports whether other programs took so much, or kept the loader waiting
// for so long, that the figures mean nothing.
func (r *Run) disturbed() bool { return r.others() > 0.5 || r.Load.LateMS.P99 > 20 }

// clientsFor returns how many clients use a share of a core when each tick of one
// costs so many microseconds; not more than one address has ports for.
func clientsFor(share, perClientTick float64, rate int) int {
	const most = 18000
	return min(int(math.Round(share*1e6/(perClientTick*float64(rate)))), most)
}
