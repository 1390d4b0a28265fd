package sim

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/tickroom/tickroom/matchmaking/internal/match"
)

// tally gathers what a report is made of.
type tally struct {
	Report   // what is counted
	outcomes []outcome
	samples  map[string][]float64 // of matches and their players, by name
	hours    []hour
	// Players who are not in their nearest region, matches with parties, and those of them
	// in which the teams' parties are unlike.
	away, withParties, uneven int
}

// outcome is what became of a ticket.
type outcome struct {
	rating, wait float64
	size         int
	home         string
	matched      bool
}

type hour struct {
	arrived, passes, waiting int
	waits                    []float64
}

func newTally() tally {
	return tally{Report: Report{Reasons: map[string]int{}, Curves: map[string][]float64{}}, samples: map[string][]float64{}}
}

func (t *tally) hour(at float64) *hour {
	for k := int(at / 3600); len(t.hours) <= k; {
		t.hours = append(t.hours, hour{})
	}
	return &t.hours[int(at/3600)]
}

// arrived counts a ticket that comes.
func (t *tally) arrived(a *Arrival) {
	t.Tickets++
	t.Players += len(a.Players)
	t.hour(a.At).arrived++
}

// waiting counts how many tickets wait after a pass.
func (t *tally) waiting(now float64, n int) {
	h := t.hour(now)
	h.passes++
	h.waiting += n
}

// done notes what became of a ticket that waited.
func (t *tally) done(w waiting, now float64, matched bool) {
	t.outcomes = append(t.outcomes, outcome{w.mean, now - w.At, len(w.Players), home(w.Arrival), matched})
	if matched {
		t.Matched++
		t.samples["wait"] = append(t.samples["wait"], now-w.At)
		h := t.hour(now)
		h.waits = append(h.waits, now-w.At)
	}
}

// refuse notes a ticket that can never be matched.
func (t *tally) refuse(w waiting, err error) {
	t.Refused++
	t.done(w, w.At, false)
	if len(t.Reasons) < 10 || t.Reasons[err.Error()] > 0 {
		t.Reasons[err.Error()]++
	}
}

// match notes a match. Its teams have these strengths, on a scale as of run.strengths.
func (t *tally) match(r *run, x *match.Proposal, strengths []float64, scale float64) {
	t.Matches++
	t.Bots += x.Bots
	favourite, all, best := 0.0, 0.0, slices.Max(strengths)
	for _, team := range x.Teams {
		favourite = max(favourite, team.Win)
	}
	for _, s := range strengths {
		all += math.Exp((s - best) / scale)
	}
	for name, v := range map[string]float64{"rating": x.Spread, "gap": x.Gap, "quality": x.Quality, "favourite": favourite, "truth": 1 / all} {
		t.samples[name] = append(t.samples[name], v)
	}
	parties := false
	for _, id := range x.Tickets {
		a := r.tickets[id]
		parties = parties || len(a.Players) > 1
		if len(a.Latency) == 0 {
			continue
		}
		for range a.Players {
			t.samples["latency"] = append(t.samples["latency"], a.Latency[x.Region])
			if home(a.Arrival) != x.Region {
				t.away++
			}
		}
	}
	if parties && !r.md.Format.FreeForAll {
		t.withParties++
		if x.Parts.Party < 1 {
			t.uneven++
		}
	}
}

// home returns the nearest region of a ticket, of those as near the first by name.
func home(a *Arrival) string {
	best, at := "", math.Inf(1)
	for name, ms := range a.Latency {
		if ms < at || ms == at && name < best {
			best, at = name, ms
		}
	}
	return best
}

// report describes what was gathered.
func (t *tally) report() *Report {
	r := &t.Report
	for name, to := range map[string]*Spread{
		"wait": &r.Wait, "rating": &r.Rating, "gap": &r.Gap, "favourite": &r.Favourite,
		"truth": &r.TrueFavourite, "latency": &r.Latency, "quality": &r.Quality,
	} {
		*to = spread(t.samples[name])
		r.Curves[name] = hundredths(t.samples[name])
	}
	r.Away, r.Uneven = part(t.away, len(t.samples["latency"])), part(t.uneven, t.withParties)
	t.group()
	for k, h := range t.hours {
		r.ByHour = append(r.ByHour, Hour{k, h.arrived, spread(h.waits), tidy(float64(h.waiting) / max(1, float64(h.passes)))})
	}
	return r
}

// group describes parts of the tickets: by rating, size and home.
func (t *tally) group() {
	ratings := make([]float64, len(t.outcomes))
	homes := map[string]int{}
	for i, o := range t.outcomes {
		ratings[i] = o.rating
		homes[o.home] = 0
	}
	slices.Sort(ratings)
	at := func(tenth int) float64 { return ratings[min(tenth*len(ratings)/10, len(ratings)-1)] }
	t.Deciles = groups(t.outcomes, func(o outcome) (int, string) {
		k, _ := slices.BinarySearch(ratings, o.rating)
		k = min(9, k*10/len(ratings))
		return k, fmt.Sprintf("%.0f–%.0f", at(k), at(k+1))
	})
	t.Parties = groups(t.outcomes, func(o outcome) (int, string) { return o.size, fmt.Sprint(o.size) })
	names := slices.Sorted(maps.Keys(homes))
	if len(names) > 1 || len(names) == 1 && names[0] != "" {
		t.Regions = groups(t.outcomes, func(o outcome) (int, string) { return slices.Index(names, o.home), o.home })
	}
}

// groups describes parts of the tickets, in the order of their keys.
func groups(all []outcome, key func(outcome) (int, string)) []Group {
	type members struct {
		name  string
		n     int
		waits []float64
	}
	by := map[int]*members{}
	for _, o := range all {
		k, name := key(o)
		if by[k] == nil {
			by[k] = &members{name: name}
		}
		by[k].n++
		if o.matched {
			by[k].waits = append(by[k].waits, o.wait)
		}
	}
	var out []Group
	for _, k := range slices.Sorted(maps.Keys(by)) {
		g := by[k]
		out = append(out, Group{g.name, spread(g.waits), part(g.n-len(g.waits), g.n)})
	}
	return out
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
	return Spread{len(x), tidy(sum / float64(len(x))), quantile(x, 0.5), quantile(x, 0.95), quantile(x, 0.99), quantile(x, 1)}
}

// quantile returns the value that a part of sorted numbers has at most.
func quantile(x []float64, p float64) float64 { return tidy(x[int(p*float64(len(x)-1)+0.5)]) }

// hundredths returns the value that each hundredth part of sorted numbers has at most.
func hundredths(x []float64) []float64 {
	var out []float64
	for k := 0; k <= 100 && len(x) > 0; k++ {
		out = append(out, quantile(x, float64(k)/100))
	}
	return out
}

// tidy keeps five digits: more means nothing.
func tidy(x float64) float64 {
	if x == 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return 0
	}
	d := math.Pow(10, 4-math.Floor(math.Log10(math.Abs(x))))
	return math.Round(x*d) / d
}

func part(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return tidy(float64(n) / float64(of))
}
