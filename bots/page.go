package bots

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/tickroom/tickroom/internal/reportpage"
)

// WritePage writes the report as one HTML page that needs nothing else: what Summary says,
// and plots of the run over time and of how latencies are spread.
func (r *Report) WritePage(w io.Writer) error {
	p := reportpage.Page{
		Title: fmt.Sprintf("%d bots play %s", r.Clients, r.Kind), Runs: []string{"bots"}, Rows: r.rows(),
		Plots: []reportpage.Plot{
			r.over("Seated", "bots", "Bots that were in a room.", line{"seated", func(s *Sample) float64 { return float64(s.Seated) }}),
			r.over("Input to state", "milliseconds", "From when an input was sent to the first snapshot that includes it: the line is the median, the dashed one the 99th percentile.",
				line{"median", func(s *Sample) float64 { return s.InputToStateP50 }}, line{"99th", func(s *Sample) float64 { return s.InputToStateP99 }}),
			r.over("Gap between snapshots", "milliseconds", "The 99th percentile of the time from one snapshot to the next.", line{"99th", func(s *Sample) float64 { return s.SnapshotGapP99 }}),
			r.over("Snapshots", "per second", "What all bots were sent.", line{"snapshots", func(s *Sample) float64 { return s.SnapshotsPerS }}),
			r.over("Bytes", "KB per second", "What all bots were sent.", line{"bytes", func(s *Sample) float64 { return s.BytesInPerS / 1000 }}),
		},
	}
	p.Plots = append(p.Plots, plots(r.Figures)...)
	p.Plots = append(p.Plots, reportpage.Plot{
		Title: "How latencies are spread", X: "% of all", Y: "milliseconds", Log: true,
		Text: "The value that each hundredth part has at most. The axis is logarithmic.", Lines: r.spread(),
	})
	return p.Write(w)
}

// line is what a plot over time shows.
type line struct {
	name string
	of   func(*Sample) float64
}

// over plots figures over time; the second is dashed.
func (r *Report) over(title, unit, text string, lines ...line) reportpage.Plot {
	p := reportpage.Plot{Title: title, Text: text, X: "seconds", Y: unit, Zero: true}
	if len(r.Timeline) < 2 {
		return p
	}
	for i, l := range lines {
		drawn := reportpage.Line{Name: l.name, Dashed: i > 0}
		for k := range r.Timeline {
			drawn.Xs, drawn.Ys = append(drawn.Xs, r.Timeline[k].AtS), append(drawn.Ys, l.of(&r.Timeline[k]))
		}
		p.Lines = append(p.Lines, drawn)
	}
	return p
}

// spread returns a line for each kind of latency.
func (r *Report) spread() (lines []reportpage.Line) {
	for _, name := range slices.Sorted(maps.Keys(r.Curves)) {
		l := reportpage.Line{Name: name, Run: len(lines)}
		for i, v := range r.Curves[name] {
			l.Xs, l.Ys = append(l.Xs, float64(i)), append(l.Ys, max(v, 0.5))
		}
		lines = append(lines, l)
	}
	return lines
}
