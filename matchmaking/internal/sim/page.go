package sim

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// page is the page without the data: one file that draws plots and tables from what is
// put into it. Its source is in web/demo/src/report; `npm run report -w demo` bundles it.
//
//go:embed page/report.html
var page string

// place is where the data goes.
const place = "/*data*/"

// pageData is what the page shows.
type pageData struct {
	Title   string    `json:"title"`
	Text    string    `json:"text"`
	Columns []string  `json:"columns"` // the reports' titles
	Tables  []table   `json:"tables"`
	Reports []*Report `json:"reports"`
}

// Page writes reports side by side as one HTML page that needs nothing else.
func Page(w io.Writer, rs ...*Report) error {
	d := pageData{
		Title: rs[0].Mode, Text: fmt.Sprintf("%.1f hours, %d tickets, seed %d.", rs[0].Hours, rs[0].Tickets, rs[0].Seed),
		Tables: tables(rs), Reports: rs,
	}
	for _, r := range rs {
		d.Columns = append(d.Columns, r.Title())
	}
	b, err := json.Marshal(d) // <, > and & are escaped
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, strings.Replace(page, place, string(b), 1))
	return err
}
