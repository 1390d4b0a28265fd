package sim

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/tickroom/tickroom/internal/reportpage"
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

// Page writes reports side by side as one HTML page that needs nothing else.
func Page(w io.Writer, rs ...*Report) error {
	all := rows(rs)
	p := reportpage.Page{Title: "matchsim: " + all[0][0], Runs: all[0][1:], Rows: all[1:], Plots: []reportpage.Plot{
		curve(rs, "wait", reportpage.Plot{
			Title: "Waiting time", Y: "seconds", Log: true,
			Text: "How long each hundredth part of the matched tickets waited at most. The axis is logarithmic.",
		}),
		waits(rs, reportpage.Plot{
			Title: "Waiting over the day", X: "hour (UTC)", Marks: []float64{1, 3, 6, 12, 24},
			Text: "Of the tickets matched in an hour: the line is the median, the dashed one the 95th percentile.",
		}, func(r *Report, add func(x int, wait Spread)) {
			for _, h := range r.ByHour {
				add(h.Hour, h.Wait)
			}
		}),
		waits(rs, reportpage.Plot{
			Title: "Waiting by rating", X: "tenth, by rating", Marks: []float64{1, 2, 5},
			Text: "Tenths of the tickets, from the lowest ratings to the highest: median and, dashed, 95th percentile.",
		}, func(r *Report, add func(x int, wait Spread)) {
			for i, g := range r.Deciles {
				add(i+1, g.Wait)
			}
		}),
		curve(rs, "rating", reportpage.Plot{Title: "Rating spread within a match", Y: "points", Text: "Highest less lowest, as the matcher sees tickets."}),
		curve(rs, "favourite", reportpage.Plot{Title: "Favourite’s chance", Y: "chance to win", Text: "The predicted chance of the likeliest team; even is best."}),
		curve(rs, "latency", reportpage.Plot{Title: "Latency", Y: "milliseconds", Text: "Of each player to the place of its match."}),
	}}
	return p.Write(w)
}

// curve plots how a number is spread: each hundredth part of all, and the value that it has
// at most.
func curve(rs []*Report, name string, p reportpage.Plot) reportpage.Plot {
	p.X = "% of all"
	for run, r := range rs {
		c := r.Curves[name]
		if len(c) == 0 || c[0] >= c[len(c)-1] {
			continue
		}
		l := reportpage.Line{Name: r.Title(), Run: run}
		for i, v := range c {
			if p.Log {
				v = max(v, 0.5)
			}
			l.Xs, l.Ys = append(l.Xs, float64(i)), append(l.Ys, v)
		}
		p.Lines = append(p.Lines, l)
	}
	return p
}

// waits plots the median and the 95th percentile of waiting along an axis.
func waits(rs []*Report, p reportpage.Plot, points func(r *Report, add func(x int, wait Spread))) reportpage.Plot {
	p.Y, p.Zero = "seconds", true
	for run, r := range rs {
		median := reportpage.Line{Name: r.Title() + ", median", Run: run}
		high := reportpage.Line{Name: r.Title() + ", 95th", Run: run, Dashed: true}
		points(r, func(x int, wait Spread) {
			if wait.Count > 0 {
				median.Xs, median.Ys = append(median.Xs, float64(x)), append(median.Ys, wait.P50)
				high.Xs, high.Ys = append(high.Xs, float64(x)), append(high.Ys, wait.P95)
			}
		})
		if len(median.Xs) > 1 {
			p.Lines = append(p.Lines, median, high)
		}
	}
	return p
}
