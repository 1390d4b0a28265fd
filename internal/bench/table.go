package bench

import (
	"fmt"
	"io"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/tw"
)

// Table writes the results as a table for people, with the notes below it.
func Table(w io.Writer, results []Result) error {
	right, left := tw.AlignRight, tw.AlignLeft
	table := tablewriter.NewTable(w,
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithAlignment(tw.Alignment{left, left, right, right, right, right, left, left}),
	)
	table.Header("work", "measured", "frame", "against", "tickroom", "score", "aim", "met")
	for _, r := range results {
		met := ""
		if r.Met != nil {
			met = map[bool]string{true: "yes", false: "no"}[*r.Met]
		}
		frame := ""
		if r.Frame > 0 {
			frame = fmt.Sprintf("%.0f B", r.Frame)
		}
		if err := table.Append(r.Work, r.Measure, frame, cell(r.Floor), cell(r.Tickroom), cell(r.Score), r.Aim, met); err != nil {
			return err
		}
	}
	if err := table.Render(); err != nil {
		return err
	}
	for _, r := range results {
		for _, note := range r.Notes {
			if _, err := fmt.Fprintf(w, "%s: %s\n", r.Row, note); err != nil {
				return err
			}
		}
	}
	return nil
}

func cell(v *float64) string {
	if v == nil {
		return "–"
	}
	return fmt.Sprintf("%.2f", *v)
}
