package sim

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/tickroom/tickroom/matchmaking/internal/match"
)

// tally gathers what a report is made of.
type tally struct {
	Report  // what is counted
	ended   []*ticket
	samples map[string][]float64 // of matches and their players, by name
	hours   []hour
	// Players who are not in their nearest region, matches with parties, and those of them
	// in which the teams' parties are unlike.
	away, withParties, uneven int
}

// hour is an hour's part of the report in the making. Its Waiting is the sum over the passes.
type hour struct {
	Hour
	passes int
	waits  []float64
}

func (t *tally) hour(at float64) *hour {
	for k := int(at / 3600); len(t.hours) <= k; {
		t.hours = append(t.hours, hour{Hour: Hour{Hour: len(t.hours)}})
	}
	return &t.hours[int(at/3600)]
}

func (t *tally) sample(name string, v float64) { t.samples[name] = append(t.samples[name], v) }

// done ends the waiting of a ticket and notes what became of it.
func (r *run) done(id string, now float64, matched bool) {
	t, w := &r.tally, r.tickets[id]
	delete(r.tickets, id)
	w.wait, w.matched = now-w.At, matched
	t.ended = append(t.ended, w)
	if matched {
		t.Matched++
		t.sample("wait", w.wait)
		h := t.hour(now)
		h.waits = append(h.waits, w.wait)
	}
}

// made notes a match of tickets that still wait.
func (r *run) made(x *match.Proposal) {
	t := &r.tally
	_, strengths, scale := r.sides(x)
	t.Matches++
	t.Bots += x.Bots
	favourite, all, best := 0.0, 0.0, slices.Max(strengths)
	for k, s := range strengths {
		favourite = max(favourite, x.Teams[k].Win)
		all += math.Exp((s - best) / scale)
	}
	for name, v := range map[string]float64{"rating": x.Spread, "gap": x.Gap, "quality": x.Quality, "favourite": favourite, "truth": 1 / all} {
		t.sample(name, v)
	}
	parties := false
	for _, id := range x.Tickets {
		w := r.tickets[id]
		parties = parties || len(w.Players) > 1
		if len(w.Latency) == 0 {
			continue
		}
		for range w.Players {
			t.sample("latency", w.Latency[x.Region])
			if w.home != x.Region {
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
	r.Curves = map[string][]float64{}
	for name, to := range map[string]*Spread{
		"wait": &r.Wait, "rating": &r.Rating, "gap": &r.Gap, "favourite": &r.Favourite,
		"truth": &r.TrueFavourite, "latency": &r.Latency, "quality": &r.Quality,
	} {
		*to = spread(t.samples[name])
		r.Curves[name] = hundredths(t.samples[name])
	}
	r.Away, r.Uneven = part(t.away, len(t.samples["latency"])), part(t.uneven, t.withParties)
	for _, h := range t.hours {
		h.Wait, h.Waiting = spread(h.waits), tidy(h.Waiting/max(1, float64(h.passes)))
		r.ByHour = append(r.ByHour, h.Hour)
	}
	var ratings []float64
	for _, w := range t.ended {
		ratings = append(ratings, w.rating)
	}
	slices.Sort(ratings)
	at := func(tenth int) float64 { return ratings[min(tenth*len(ratings)/10, len(ratings)-1)] }
	r.Deciles = groups(t.ended, func(w *ticket) int {
		k, _ := slices.BinarySearch(ratings, w.rating)
		return min(9, k*10/len(ratings))
	}, func(k int) string { return fmt.Sprintf("%.0f–%.0f", at(k), at(k+1)) })
	r.Parties = groups(t.ended, func(w *ticket) int { return len(w.Players) }, strconv.Itoa)
	r.Regions = groups(t.ended, func(w *ticket) string { return w.home }, func(home string) string { return home })
	if len(r.Regions) == 1 && r.Regions[0].Name == "" {
		r.Regions = nil
	}
	return r
}

// groups describes parts of the tickets, in the order of their keys.
func groups[K cmp.Ordered](all []*ticket, key func(*ticket) K, name func(K) string) []Group {
	waits, failed := map[K][]float64{}, map[K]int{}
	for _, w := range all {
		k := key(w)
		if w.matched {
			waits[k] = append(waits[k], w.wait)
			failed[k] += 0
		} else {
			failed[k]++
		}
	}
	var out []Group
	for _, k := range slices.Sorted(maps.Keys(failed)) {
		out = append(out, Group{name(k), spread(waits[k]), part(failed[k], failed[k]+len(waits[k]))})
	}
	return out
}

// spread sorts numbers and describes them.
func spread(x []float64) Spread {
	if len(x) == 0 {
		return Spread{}
	}
	slices.Sort(x)
	return Spread{len(x), tidy(sum(x) / float64(len(x))), quantile(x, 0.5), quantile(x, 0.95), quantile(x, 0.99), quantile(x, 1)}
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
