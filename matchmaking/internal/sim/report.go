package sim

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Spread says how numbers are spread.
type Spread struct {
	Count int     `json:"count"`
	Mean  float64 `json:"mean"`
	P50   float64 `json:"p50"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// Group is how long a part of the tickets waited, in seconds.
type Group struct {
	Name string `json:"name"`
	Wait Spread `json:"wait"`
	// Failed is the part of its tickets that were not matched.
	Failed float64 `json:"failed"`
}

// Hour is an hour of the day.
type Hour struct {
	Hour    int     `json:"hour"`
	Arrived int     `json:"arrived"` // tickets
	Wait    Spread  `json:"wait"`    // of those matched in it
	Waiting float64 `json:"waiting"` // tickets, on the average
}

// Report is what came of a run. Times are in seconds, latencies in milliseconds.
type Report struct {
	Name    string  `json:"name"`
	Mode    string  `json:"mode"`
	Matcher string  `json:"matcher"`
	Seed    uint64  `json:"seed"`
	Hours   float64 `json:"hours"`

	Tickets int `json:"tickets"`
	Players int `json:"players"` // of tickets, each time they come
	Matches int `json:"matches"`
	Bots    int `json:"bots"`
	// Matched, TimedOut, Cancelled, Refused and Left are tickets, and all there are.
	// Refused are those that can never be matched in the mode, Left those that waited
	// when the run ended.
	Matched   int            `json:"matched"`
	TimedOut  int            `json:"timed_out"`
	Cancelled int            `json:"cancelled"`
	Refused   int            `json:"refused"`
	Left      int            `json:"left"`
	Reasons   map[string]int `json:"reasons,omitempty"` // examples of why, by refusal
	// Elsewhere are tickets of the trace for other modes.
	Elsewhere int `json:"elsewhere,omitempty"`

	Wait Spread `json:"wait"`
	// Rating is the spread of ratings within a match as the matcher sees it, Gap that
	// of all its players.
	Rating Spread `json:"rating"`
	Gap    Spread `json:"gap"`
	// Favourite is the predicted chance of the likeliest team to win, and TrueFavourite
	// what it would be if strengths were known.
	Favourite     Spread `json:"favourite"`
	TrueFavourite Spread `json:"true_favourite"`
	// Latency is that of each player to the place of its match.
	Latency Spread `json:"latency"`
	// Away is the part of the players who played elsewhere than where it is nearest.
	Away    float64 `json:"away"`
	Quality Spread  `json:"quality"`
	// Uneven is the part of the matches with parties whose teams are made up of parties
	// in different ways.
	Uneven float64 `json:"uneven"`
	// RatingError is how far ratings are from strengths in the end, on the average.
	RatingError float64 `json:"rating_error"`

	Deciles []Group `json:"deciles"`
	Parties []Group `json:"parties"`
	Regions []Group `json:"regions,omitempty"`
	ByHour  []Hour  `json:"by_hour"`

	// Curves are for plots: by what it is of, the value that each hundredth part has at
	// most.
	Curves map[string][]float64 `json:"curves"`
}

// Title names a report.
func (r *Report) Title() string {
	if r.Matcher != "best" {
		return r.Name + ", " + r.Matcher
	}
	return r.Name
}

// rows returns what is shown of reports, side by side: what they are of and their titles,
// then names with a value of each report, and headings without values.
func rows(rs []*Report) [][]string {
	out := [][]string{{fmt.Sprintf("%s, %.1f hours, seed %d", rs[0].Mode, rs[0].Hours, rs[0].Seed)}}
	for i, r := range rs {
		out[0] = append(out[0], r.Title())
		for k, line := range r.lines(rs[0]) {
			if i == 0 {
				out = append(out, line)
			} else {
				out[k+1] = append(out[k+1], line[1:]...)
			}
		}
	}
	return out
}

// lines returns what is shown of a report, with the parts of the tickets that the first has.
func (r *Report) lines(first *Report) [][]string {
	tickets := func(n int) string { return fmt.Sprintf("%d (%s)", n, percent(part(n, r.Tickets))) }
	made := fmt.Sprint(r.Matches)
	if r.Bots > 0 {
		made += fmt.Sprintf(", %d bots", r.Bots)
	}
	out := [][]string{
		{"Tickets"},
		{"came", fmt.Sprintf("%d, %d players", r.Tickets, r.Players)},
		{"matched", tickets(r.Matched)},
		{"cancelled", tickets(r.Cancelled)},
		{"timed out", tickets(r.TimedOut)},
		{"refused", tickets(r.Refused)},
		{"left at the end", tickets(r.Left)},
		{"Matches, p50 / p95 / p99"},
		{"made", made},
		{"rating spread", r.Rating.format(points)},
		{"gap between players", r.Gap.format(points)},
		{"favourite's chance", r.Favourite.format(percent)},
		{"the same by true strength", r.TrueFavourite.format(percent)},
		{"latency", r.Latency.format(millis)},
		{"players not in their nearest region", percent(r.Away)},
		{"parties unlike, of matches with parties", percent(r.Uneven)},
		{"quality, mean", fmt.Sprintf("%.3f", r.Quality.Mean)},
		{"ratings off by, in the end", points(r.RatingError)},
		{"Waiting, p50 / p95 / p99, and not matched"},
		{"all", Group{Wait: r.Wait, Failed: part(r.Tickets-r.Matched, r.Tickets)}.String()},
	}
	for _, by := range []struct {
		name          string
		groups, shown []Group
	}{
		{"rating", r.Deciles, first.Deciles},
		{"party of", r.Parties, first.Parties},
		{"region", r.Regions, first.Regions},
	} {
		for k, g := range by.shown {
			value := "–"
			if k < len(by.groups) {
				value = by.groups[k].String()
			}
			out = append(out, []string{by.name + " " + g.Name, value})
		}
	}
	return out
}

func seconds(x float64) string {
	switch {
	case x >= 600:
		return fmt.Sprintf("%.0f m", x/60)
	case x >= 100:
		return fmt.Sprintf("%.0f s", x)
	}
	return fmt.Sprintf("%.1f s", x)
}

func percent(x float64) string { return fmt.Sprintf("%.1f%%", 100*x) }
func points(x float64) string  { return fmt.Sprintf("%.0f", x) }
func millis(x float64) string  { return fmt.Sprintf("%.0f ms", x) }

func (s Spread) format(f func(float64) string) string {
	if s.Count == 0 {
		return "–"
	}
	return f(s.P50) + " / " + f(s.P95) + " / " + f(s.P99)
}

// String returns how long the tickets waited, and which part was not matched.
func (g Group) String() string { return g.Wait.format(seconds) + "  " + percent(g.Failed) }

// Table writes reports side by side, as text.
func Table(w io.Writer, rs ...*Report) error {
	tw := tabwriter.NewWriter(w, 0, 8, 3, ' ', 0)
	for k, x := range rows(rs) {
		switch {
		case len(x) == 1:
			fmt.Fprint(tw, "\n\n")
		case k > 0:
			fmt.Fprint(tw, "\n  ")
		}
		fmt.Fprint(tw, strings.Join(x, "\t"))
	}
	fmt.Fprintln(tw)
	return tw.Flush()
}

// page is the page without the data: one file that draws plots and tables from what is
// put into it. Its source is in web/demo/src/report; `npm run report -w demo` bundles it.
//
//go:embed page/report.html
var page string

// Page writes reports side by side as one HTML page that needs nothing else.
func Page(w io.Writer, rs ...*Report) error {
	b, err := json.Marshal(map[string]any{"rows": rows(rs), "reports": rs}) // <, > and & are escaped
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, strings.Replace(page, "/*data*/", string(b), 1))
	return err
}
