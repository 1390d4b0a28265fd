// Package reportpage writes what came of some runs as one HTML page, with plots and tables
// side by side, which needs nothing else. It knows nothing of what the runs are of.
package reportpage

import (
	_ "embed"
	"encoding/json"
	"io"
	"strings"
)

// Page is what a page shows.
type Page struct {
	// Title is the page's, Runs are the names of the runs.
	Title string   `json:"title"`
	Runs  []string `json:"runs"`
	// Rows are names with a value of each run; those without values are headings.
	Rows [][]string `json:"rows"`
	// Plots without lines are left out.
	Plots []Plot `json:"plots"`
}

// Plot is a plot with its explanation.
type Plot struct {
	Title string `json:"title"`
	Text  string `json:"text"`
	// X and Y are what the axes are.
	X string `json:"x"`
	Y string `json:"y"`
	// Log makes the axis of values logarithmic, Zero makes it begin at 0.
	Log  bool `json:"log,omitempty"`
	Zero bool `json:"zero,omitempty"`
	// Marks are the distances that marks of the x axis may have; nil: any.
	Marks []float64 `json:"marks,omitempty"`
	Lines []Line    `json:"lines"`
}

// Line is a line of a plot, of one of the runs, by its number from 0. Xs rise; there are
// as many Ys, all of them finite.
type Line struct {
	Name   string    `json:"name"`
	Run    int       `json:"run"`
	Dashed bool      `json:"dashed,omitempty"`
	Xs     []float64 `json:"xs"`
	Ys     []float64 `json:"ys"`
}

// page is the page without the data: one file that draws plots and tables from what is
// put into it. Its source is in web/demo/src/report; `npm run report -w demo` bundles it.
//
//go:embed report.html
var page string

// Write writes the page. The error is that of w, or of a number that is not finite.
func (p *Page) Write(w io.Writer) error {
	b, err := json.Marshal(p) // <, > and & are escaped
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, strings.Replace(page, "/*data*/", string(b), 1))
	return err
}
