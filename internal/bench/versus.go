package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/tw"
)

// Comparison is what a row of the table costs before and after a change.
type Comparison struct {
	Row  string `json:"row"`
	Work string `json:"work"`
	// What the figures are, with the unit.
	Measure string `json:"measure"`
	// Medians of the rounds; nil where there is none.
	Before *float64 `json:"before"`
	After  *float64 `json:"after"`
	// After over before, round by round: the median, the least and the most. A round's two
	// runs follow each other, so that a machine whose speed drifts tells the same.
	Ratio *float64 `json:"ratio"`
	Least *float64 `json:"least"`
	Most  *float64 `json:"most"`
	// What else is worth knowing.
	Notes []string `json:"notes,omitempty"`
	// All runs, whose sides are "before" and "after".
	Runs []Run `json:"runs,omitempty"`
}

// Versus runs the rows with two programs, Options.Before and Options.Tickroom, in turns, and
// returns what it found in order. The same load is put on both. A row that fails does not keep
// the others from being measured; its error is in its notes, and in the one that is returned.
func Versus(ctx context.Context, o Options) ([]Comparison, error) {
	r, chosen, err := prepare(o, (*row).versusEstimate)
	if err != nil {
		return nil, err
	}
	defer r.close()
	var results []Comparison
	var failed []error
	for _, row := range chosen {
		result, err := r.versus(ctx, &row)
		if err != nil {
			failed = append(failed, fmt.Errorf("bench: row %s: %w", row.name, err))
			result.Notes = append(result.Notes, fmt.Sprintf("failed: %v", err))
		}
		results = append(results, result)
		if ctx.Err() != nil {
			break
		}
	}
	return results, errors.Join(failed...)
}

// versus measures a row with both programs, the one that went first in one round second in the next.
func (r *runner) versus(ctx context.Context, row *row) (Comparison, error) {
	c := Comparison{Row: row.name, Work: row.work, Measure: row.measure}
	w := row.does
	before, after := *r, *r
	before.Tickroom = r.Before
	if row.loadsToShare() {
		run, err := after.tickroom(ctx, row.name+": cost of a client", w, nil)
		if err != nil {
			return c, err
		}
		w.clients = clientsFor(share, run.PerClientTick, w.rate)
	}
	for round := range r.Rounds {
		sides := []struct {
			name string
			of   *runner
		}{{"before", &before}, {"after", &after}}
		if round%2 == 1 {
			slices.Reverse(sides)
		}
		for _, side := range sides {
			run, err := side.of.tickroom(ctx, fmt.Sprintf("%s: round %d of %d, %s", row.name, round+1, r.Rounds, side.name), w, nil)
			if err != nil {
				return c, fmt.Errorf("%s: %w", side.name, err)
			}
			run.Side = side.name
			c.Runs = append(c.Runs, run)
		}
	}
	c.summarise(row.figure)
	return c, nil
}

// loadsToShare reports whether the row is measured with as many clients as use a share of a core.
func (r *row) loadsToShare() bool { return r.measure == lateness }

func (r *row) versusEstimate(o *Options) time.Duration {
	runs := 2 * o.Rounds
	if r.loadsToShare() {
		runs++
	}
	return time.Duration(runs) * (o.Warm + o.Window + upAndDown)
}

// summarise works the figures of all runs out.
func (c *Comparison) summarise(figure func(*Run) float64) {
	notes := Result{Runs: c.Runs}
	c.Before, c.After = notes.summarise("before", figure), notes.summarise("after", figure)
	c.Notes = notes.Notes
	var ratios []float64
	for pair := range slices.Chunk(c.Runs, 2) {
		if len(pair) < 2 {
			break
		}
		before, after := figure(&pair[0]), figure(&pair[1])
		if pair[0].Side == "after" {
			before, after = after, before
		}
		if before > 0 {
			ratios = append(ratios, after/before)
		}
	}
	if len(ratios) == 0 {
		return
	}
	m, least, most := median(ratios), slices.Min(ratios), slices.Max(ratios)
	c.Ratio, c.Least, c.Most = &m, &least, &most
}

// VersusTable writes comparisons as a table for people, with the notes below it.
func VersusTable(w io.Writer, results []Comparison) error {
	right, left := tw.AlignRight, tw.AlignLeft
	table := tablewriter.NewTable(w,
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithAlignment(tw.Alignment{left, left, right, right, right, right}),
	)
	table.Header("work", "measured", "before", "after", "after/before", "in pairs")
	for _, c := range results {
		pairs := "–"
		if c.Least != nil {
			pairs = fmt.Sprintf("%.3f to %.3f", *c.Least, *c.Most)
		}
		ratio := "–"
		if c.Ratio != nil {
			ratio = fmt.Sprintf("%.3f", *c.Ratio)
		}
		if err := table.Append(c.Work, c.Measure, cell(c.Before), cell(c.After), ratio, pairs); err != nil {
			return err
		}
	}
	if err := table.Render(); err != nil {
		return err
	}
	for _, c := range results {
		for _, note := range c.Notes {
			if _, err := fmt.Fprintf(w, "%s: %s\n", c.Row, note); err != nil {
				return err
			}
		}
	}
	return nil
}
