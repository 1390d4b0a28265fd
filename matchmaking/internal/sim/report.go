package sim

import (
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

// table is a part of what is shown of reports, side by side.
type table struct {
	Title string `json:"title"`
	Rows  []row  `json:"rows"`
}

// row is a line of a table: a name, and a value of each report.
type row struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// tables returns what is shown of reports.
func tables(rs []*Report) []table {
	line := func(name string, value func(*Report) string) row {
		x := row{Name: name}
		for _, r := range rs {
			x.Values = append(x.Values, value(r))
		}
		return x
	}
	tickets := func(name string, n func(*Report) int) row {
		return line(name, func(r *Report) string { return fmt.Sprintf("%d (%s)", n(r), percent(part(n(r), r.Tickets))) })
	}
	return []table{
		{"Tickets", []row{
			line("came", func(r *Report) string { return fmt.Sprintf("%d, %d players", r.Tickets, r.Players) }),
			tickets("matched", func(r *Report) int { return r.Matched }),
			tickets("cancelled", func(r *Report) int { return r.Cancelled }),
			tickets("timed out", func(r *Report) int { return r.TimedOut }),
			tickets("refused", func(r *Report) int { return r.Refused }),
			tickets("left at the end", func(r *Report) int { return r.Left }),
		}},
		{"Matches, p50 / p95 / p99", []row{
			line("made", func(r *Report) string {
				if r.Bots > 0 {
					return fmt.Sprintf("%d, %d bots", r.Matches, r.Bots)
				}
				return fmt.Sprint(r.Matches)
			}),
			line("rating spread", func(r *Report) string { return r.Rating.format(points) }),
			line("gap between players", func(r *Report) string { return r.Gap.format(points) }),
			line("favourite's chance", func(r *Report) string { return r.Favourite.format(percent) }),
			line("the same by true strength", func(r *Report) string { return r.TrueFavourite.format(percent) }),
			line("latency", func(r *Report) string { return r.Latency.format(millis) }),
			line("players not in their nearest region", func(r *Report) string { return percent(r.Away) }),
			line("parties unlike, of matches with parties", func(r *Report) string { return percent(r.Uneven) }),
			line("quality, mean", func(r *Report) string { return fmt.Sprintf("%.3f", r.Quality.Mean) }),
			line("ratings off by, in the end", func(r *Report) string { return points(r.RatingError) }),
		}},
		{"Waiting, p50 / p95 / p99, and not matched", append([]row{
			line("all", func(r *Report) string {
				return Group{Wait: r.Wait, Failed: part(r.Tickets-r.Matched, r.Tickets)}.String()
			}),
		}, waitRows(rs)...)},
	}
}

// waitRows returns how long the parts of the tickets waited that the first report has.
func waitRows(rs []*Report) []row {
	var out []row
	for _, by := range []struct {
		name   string
		groups func(*Report) []Group
	}{
		{"rating", func(r *Report) []Group { return r.Deciles }},
		{"party of", func(r *Report) []Group { return r.Parties }},
		{"region", func(r *Report) []Group { return r.Regions }},
	} {
		for k, g := range by.groups(rs[0]) {
			x := row{Name: by.name + " " + g.Name}
			for _, r := range rs {
				if gs := by.groups(r); k < len(gs) {
					x.Values = append(x.Values, gs[k].String())
				} else {
					x.Values = append(x.Values, "–")
				}
			}
			out = append(out, x)
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

// Table writes reports side by side.
func Table(w io.Writer, rs ...*Report) error {
	tw := tabwriter.NewWriter(w, 0, 8, 3, ' ', 0)
	fmt.Fprintf(tw, "%s, %.1f hours, seed %d", rs[0].Mode, rs[0].Hours, rs[0].Seed)
	for _, r := range rs {
		fmt.Fprint(tw, "\t", r.Title())
	}
	for _, t := range tables(rs) {
		fmt.Fprintf(tw, "\n\n%s", t.Title)
		for _, x := range t.Rows {
			fmt.Fprintf(tw, "\n  %s\t%s", x.Name, strings.Join(x.Values, "\t"))
		}
	}
	fmt.Fprintln(tw)
	return tw.Flush()
}
