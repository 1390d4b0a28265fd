package sim

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/tickroom/tickroom/matchmaking/internal/match"
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

	// Curves for plots: the value below which each hundredth part is.
	curves map[string][]float64
}

// outcome is what became of a ticket.
type outcome struct {
	rating float64
	size   int
	home   string
	wait   float64
	ok     bool
}

// collector gathers what a report is made of.
type collector struct {
	outcomes                               []outcome
	tickets, players, elsewhere            int
	matches, bots, timedOut, cancelled     int
	refused, left                          int
	reasons                                map[string]int
	spread, gap, favourite, truth, quality []float64
	latency                                []float64
	away, uneven, withParties              int
	hours                                  []hour
}

type hour struct {
	arrived, passes, waiting int
	waits                    []float64
}

func newCollector() *collector { return &collector{reasons: map[string]int{}} }

func (c *collector) hour(at float64) *hour {
	k := int(at / 3600)
	for len(c.hours) <= k {
		c.hours = append(c.hours, hour{})
	}
	return &c.hours[k]
}

func (c *collector) arrived(a *Arrival) {
	c.tickets++
	c.players += len(a.Players)
	c.hour(a.At).arrived++
}

func (c *collector) waiting(now float64, n int) {
	h := c.hour(now)
	h.passes++
	h.waiting += n
}

// home gives the nearest region of a ticket.
func home(a *Arrival) string {
	best, at := "", math.Inf(1)
	for name, ms := range a.Latency {
		if ms < at || ms == at && name < best {
			best, at = name, ms
		}
	}
	return best
}

func (c *collector) matched(w *waiting, now float64) {
	c.outcomes = append(c.outcomes, outcome{w.mean, len(w.a.Players), home(w.a), now - w.since, true})
	h := c.hour(now)
	h.waits = append(h.waits, now-w.since)
}

func (c *collector) failed(count *int, w *waiting, now float64) {
	*count++
	c.outcomes = append(c.outcomes, outcome{w.mean, len(w.a.Players), home(w.a), now - w.since, false})
}

func (c *collector) refuse(a *Arrival, mean float64, err error) {
	c.refused++
	c.outcomes = append(c.outcomes, outcome{mean, len(a.Players), home(a), 0, false})
	if len(c.reasons) < 10 || c.reasons[err.Error()] > 0 {
		c.reasons[err.Error()]++
	}
}

func (c *collector) match(r *run, x *match.Proposal, _ float64) {
	c.matches++
	c.bots += x.Bots
	c.spread = append(c.spread, x.Spread)
	c.gap = append(c.gap, x.Gap)
	c.quality = append(c.quality, x.Quality)
	top := 0.0
	for _, t := range x.Teams {
		top = max(top, t.Win)
	}
	c.favourite = append(c.favourite, top)
	sums, scale := r.strengths(x)
	best, all := math.Inf(-1), 0.0
	for _, s := range sums {
		best = max(best, s)
	}
	for _, s := range sums {
		all += math.Exp((s - best) / scale)
	}
	c.truth = append(c.truth, 1/all)
	parties := false
	for _, id := range x.Tickets {
		a := r.tickets[id].a
		parties = parties || len(a.Players) > 1
		if len(a.Latency) == 0 {
			continue
		}
		for range a.Players {
			c.latency = append(c.latency, a.Latency[x.Region])
			if home(a) != x.Region {
				c.away++
			}
		}
	}
	if parties && !r.md.Format.FreeForAll {
		c.withParties++
		if x.Parts.Party < 1 {
			c.uneven++
		}
	}
}

// spread sorts numbers and describes them.
func spread(x []float64) Spread {
	if len(x) == 0 {
		return Spread{}
	}
	slices.Sort(x)
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	at := func(p float64) float64 { return tidy(x[int(p*float64(len(x)-1)+0.5)]) }
	return Spread{len(x), tidy(sum / float64(len(x))), at(0.5), at(0.95), at(0.99), at(1)}
}

// tidy keeps five digits: more means nothing.
func tidy(x float64) float64 {
	if x == 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return 0
	}
	d := math.Pow(10, 4-math.Floor(math.Log10(math.Abs(x))))
	return math.Round(x*d) / d
}

// curve gives the value of each hundredth part of sorted numbers.
func hundredths(x []float64) []float64 {
	if len(x) == 0 {
		return nil
	}
	out := make([]float64, 101)
	for k := range out {
		out[k] = x[int(float64(k)/100*float64(len(x)-1)+0.5)]
	}
	return out
}

func (c *collector) report() *Report {
	r := &Report{
		Tickets: c.tickets, Players: c.players, Matches: c.matches, Bots: c.bots, TimedOut: c.timedOut, Cancelled: c.cancelled,
		Refused: c.refused, Left: c.left, Elsewhere: c.elsewhere, Reasons: c.reasons, curves: map[string][]float64{},
	}
	var waits []float64
	for _, o := range c.outcomes {
		if o.ok {
			waits = append(waits, o.wait)
		}
	}
	r.Matched = len(waits)
	for _, s := range []struct {
		name string
		to   *Spread
		x    []float64
	}{
		{"wait", &r.Wait, waits}, {"rating", &r.Rating, c.spread}, {"gap", &r.Gap, c.gap}, {"favourite", &r.Favourite, c.favourite},
		{"truth", &r.TrueFavourite, c.truth}, {"latency", &r.Latency, c.latency}, {"quality", &r.Quality, c.quality},
	} {
		*s.to = spread(s.x)
		r.curves[s.name] = hundredths(s.x)
	}
	r.Away, r.Uneven = part(c.away, len(c.latency)), part(c.uneven, c.withParties)
	ratings := make([]float64, len(c.outcomes))
	for i, o := range c.outcomes {
		ratings[i] = o.rating
	}
	slices.Sort(ratings)
	decile := func(x float64) int {
		k, _ := slices.BinarySearch(ratings, x)
		return min(9, k*10/max(1, len(ratings)))
	}
	r.Deciles = groups(c.outcomes, func(o outcome) (int, string) {
		k := decile(o.rating)
		return k, fmt.Sprintf("%.0f–%.0f", ratings[k*len(ratings)/10], ratings[min((k+1)*len(ratings)/10, len(ratings)-1)])
	})
	r.Parties = groups(c.outcomes, func(o outcome) (int, string) { return o.size, fmt.Sprint(o.size) })
	homes := map[string]int{}
	for _, o := range c.outcomes {
		homes[o.home] = 0
	}
	names := make([]string, 0, len(homes))
	for n := range homes {
		names = append(names, n)
	}
	slices.Sort(names)
	if len(names) > 1 || len(names) == 1 && names[0] != "" {
		r.Regions = groups(c.outcomes, func(o outcome) (int, string) { return slices.Index(names, o.home), o.home })
	}
	for k := range c.hours {
		h := &c.hours[k]
		r.ByHour = append(r.ByHour, Hour{k, h.arrived, spread(h.waits), tidy(float64(h.waiting) / max(1, float64(h.passes)))})
	}
	return r
}

func part(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return tidy(float64(n) / float64(of))
}

// groups describes parts of the tickets, in the order of their keys.
func groups(all []outcome, key func(outcome) (int, string)) []Group {
	type of struct {
		key, failed, n int
		name           string
		waits          []float64
	}
	by := map[int]*of{}
	for _, o := range all {
		k, name := key(o)
		g := by[k]
		if g == nil {
			g = &of{key: k, name: name}
			by[k] = g
		}
		g.n++
		if o.ok {
			g.waits = append(g.waits, o.wait)
		} else {
			g.failed++
		}
	}
	sorted := make([]*of, 0, len(by))
	for _, g := range by {
		sorted = append(sorted, g)
	}
	slices.SortFunc(sorted, func(a, b *of) int { return cmp.Compare(a.key, b.key) })
	var out []Group
	for _, g := range sorted {
		out = append(out, Group{g.name, spread(g.waits), part(g.failed, g.n)})
	}
	return out
}

// row is a line of the table: a name, and a value of each report.
type row struct {
	name  string
	value func(*Report) string
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
	return fmt.Sprintf("%s / %s / %s", f(s.P50), f(s.P95), f(s.P99))
}

// sections are the parts of the table.
func sections(rs []*Report) []struct {
	title string
	rows  []row
} {
	of := func(n int, r *Report) string {
		return fmt.Sprintf("%d (%s)", n, percent(float64(n)/float64(max(1, r.Tickets))))
	}
	type section = struct {
		title string
		rows  []row
	}
	out := []section{
		{"Tickets", []row{
			{"came", func(r *Report) string { return fmt.Sprintf("%d, %d players", r.Tickets, r.Players) }},
			{"matched", func(r *Report) string { return of(r.Matched, r) }},
			{"cancelled", func(r *Report) string { return of(r.Cancelled, r) }},
			{"timed out", func(r *Report) string { return of(r.TimedOut, r) }},
			{"refused", func(r *Report) string { return of(r.Refused, r) }},
			{"left at the end", func(r *Report) string { return of(r.Left, r) }},
		}},
		{"Matches, p50 / p95 / p99", []row{
			{"made", func(r *Report) string {
				if r.Bots > 0 {
					return fmt.Sprintf("%d, %d bots", r.Matches, r.Bots)
				}
				return fmt.Sprint(r.Matches)
			}},
			{"rating spread", func(r *Report) string { return r.Rating.format(points) }},
			{"gap between players", func(r *Report) string { return r.Gap.format(points) }},
			{"favourite's chance", func(r *Report) string { return r.Favourite.format(percent) }},
			{"the same by true strength", func(r *Report) string { return r.TrueFavourite.format(percent) }},
			{"latency", func(r *Report) string { return r.Latency.format(millis) }},
			{"players not in their nearest region", func(r *Report) string { return percent(r.Away) }},
			{"parties unlike, of matches with parties", func(r *Report) string { return percent(r.Uneven) }},
			{"quality, mean", func(r *Report) string { return fmt.Sprintf("%.3f", r.Quality.Mean) }},
			{"ratings off by, in the end", func(r *Report) string { return points(r.RatingError) }},
		}},
	}
	waits := section{"Waiting, p50 / p95 / p99, and not matched", []row{{"all", func(r *Report) string {
		return r.Wait.format(seconds) + "  " + percent(1-float64(r.Matched)/float64(max(1, r.Tickets)))
	}}}}
	for _, part := range []struct {
		name string
		of   func(*Report) []Group
	}{{"rating", func(r *Report) []Group { return r.Deciles }}, {"party of", func(r *Report) []Group { return r.Parties }}, {"region", func(r *Report) []Group { return r.Regions }}} {
		for k, g := range part.of(rs[0]) {
			waits.rows = append(waits.rows, row{part.name + " " + g.Name, func(r *Report) string {
				gs := part.of(r)
				if k >= len(gs) {
					return "–"
				}
				return gs[k].Wait.format(seconds) + "  " + percent(gs[k].Failed)
			}})
		}
	}
	return append(out, waits)
}

// Title names a report.
func (r *Report) Title() string {
	if r.Matcher != "best" {
		return r.Name + ", " + r.Matcher
	}
	return r.Name
}

// Table writes reports side by side.
func Table(w io.Writer, rs ...*Report) error {
	tw := tabwriter.NewWriter(w, 0, 8, 3, ' ', 0)
	var names []string
	for _, r := range rs {
		names = append(names, r.Title())
	}
	fmt.Fprintf(tw, "%s, %.1f hours, seed %d\t%s\n", rs[0].Mode, rs[0].Hours, rs[0].Seed, strings.Join(names, "\t"))
	for _, s := range sections(rs) {
		fmt.Fprintf(tw, "\n%s\n", s.title)
		for _, row := range s.rows {
			fmt.Fprintf(tw, "  %s", row.name)
			for _, r := range rs {
				fmt.Fprintf(tw, "\t%s", row.value(r))
			}
			fmt.Fprintln(tw)
		}
	}
	return tw.Flush()
}
