package sim

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tickroom/tickroom/matchmaking/internal/match"
	"github.com/tickroom/tickroom/matchmaking/internal/query"
	"github.com/tickroom/tickroom/matchmaking/internal/rating"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// Options say how a run goes.
type Options struct {
	// Name is what the report is called.
	Name string
	Seed uint64
	// FirstCome takes the matcher that doesn't choose.
	FirstCome bool
	// Interval is the time between passes, Match how long a match lasts.
	Interval, Match time.Duration
	// Progress is told now and then which part is done, from 0 to 1.
	Progress func(float64)
}

// start is when virtual time begins.
var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// player is what is known of a player, and what is true.
type player struct {
	rating   rating.Rating
	strength float64
}

// waiting is a ticket that waits.
type waiting struct {
	a     *Arrival
	since float64
	mean  float64 // rating
	until float64 // patience
}

// event is something that happens later.
type event struct {
	at   float64
	seq  int
	id   string          // of a ticket that cancels
	over *match.Proposal // a match that ends
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].seq < e[j].seq
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	x := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return x
}

// run is a simulation under way.
type run struct {
	md      mode.Mode
	o       Options
	m       *match.Matcher
	rnd     *rand.Rand
	players map[string]*player
	tickets map[string]*waiting
	// who gives the players of the tickets in matches that are not over.
	who    map[string]*Arrival
	later  events
	seq    int
	report *collector
}

// Run plays the tickets through, to the end of the last match.
func Run(ctx context.Context, md mode.Mode, as []Arrival, o Options) (*Report, error) {
	if len(as) == 0 {
		return nil, errors.New("sim: there are no tickets")
	}
	var opts []match.Option
	if o.FirstCome {
		opts = append(opts, match.FirstCome())
	}
	m, err := match.New(md, opts...)
	if err != nil {
		return nil, err
	}
	r := &run{
		md: md, o: o, m: m, rnd: rand.New(rand.NewPCG(o.Seed, 0x656e64)),
		players: map[string]*player{}, tickets: map[string]*waiting{}, who: map[string]*Arrival{},
		report: newCollector(),
	}
	step := o.Interval.Seconds()
	next, last := 0, as[len(as)-1].At
	for k := 1; ; k++ {
		now := float64(k) * step
		for ; next < len(as) && as[next].At <= now; next++ {
			if err := r.arrive(&as[next]); err != nil {
				return nil, err
			}
		}
		r.happen(now)
		r.pass(now)
		if k%512 == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if o.Progress != nil {
				o.Progress(min(1, now/(last+step)))
			}
		}
		// What still waits when nobody comes any more gets as long as it may.
		if next == len(as) && (r.m.Len() == 0 || now > last+max(600, r.md.Timeout.Seconds()+2*step)) {
			break
		}
	}
	r.happen(math.Inf(1))
	return r.finish(as), nil
}

// arrive adds a ticket.
func (r *run) arrive(a *Arrival) error {
	if a.Mode != "" && a.Mode != r.md.Name {
		r.report.elsewhere++
		return nil
	}
	r.report.arrived(a)
	t := &store.Ticket{ID: a.ID, Query: a.Query, Since: at(a.At)}
	w := &waiting{a: a, since: a.At, until: math.Inf(1)}
	for _, v := range a.Players {
		p := r.players[v.ID]
		if p == nil {
			p = &player{rating: rating.Rating{Mu: v.Rating, Sigma: v.Sigma}, strength: v.Rating}
			if v.Sigma <= 0 {
				p.rating.Sigma = r.md.Rating.Options.Sigma
			}
			if v.Strength != nil {
				p.strength = *v.Strength
			}
			r.players[v.ID] = p
		}
		t.Members = append(t.Members, store.Member{Player: v.ID, Mu: p.rating.Mu, Sigma: p.rating.Sigma, Roles: v.Roles})
		w.mean += p.rating.Mu / float64(len(a.Players))
	}
	if len(a.Latency) > 0 {
		// That of the worst of the players.
		t.Members[0].Latency = make(map[string]time.Duration, len(a.Latency))
		for to, ms := range a.Latency {
			t.Members[0].Latency[to] = time.Duration(ms * float64(time.Millisecond))
		}
	}
	if _, err := query.Compile(a.Query); err != nil {
		return fmt.Errorf("sim: ticket %s: %w", a.ID, err)
	}
	var err error
	if t.Attributes, err = attributes(a); err != nil {
		return err
	}
	switch err := r.m.Add(t); {
	case errors.Is(err, match.ErrExists):
		return fmt.Errorf("sim: ticket %s comes twice", a.ID)
	case err != nil:
		r.report.refuse(a, w.mean, err)
		return nil
	}
	r.tickets[a.ID] = w
	if a.Patience > 0 {
		w.until = a.At + a.Patience
		r.push(event{at: w.until, id: a.ID})
	}
	return nil
}

func attributes(a *Arrival) (map[string]any, error) {
	out := map[string]any{}
	for name, v := range a.Attributes {
		switch v := v.(type) {
		case float64, string, bool:
			out[name] = v
		case []any:
			var set []string
			for _, x := range v {
				s, ok := x.(string)
				if !ok {
					return nil, fmt.Errorf("sim: ticket %s: attribute %s is a list of something else than strings", a.ID, name)
				}
				set = append(set, s)
			}
			out[name] = set
		default:
			return nil, fmt.Errorf("sim: ticket %s: attribute %s must be a number, a string, a bool or a list of strings", a.ID, name)
		}
	}
	return out, nil
}

func at(seconds float64) time.Time {
	return start.Add(time.Duration(math.Round(seconds * float64(time.Second))))
}

func (r *run) push(e event) {
	r.seq++
	e.seq = r.seq
	heap.Push(&r.later, e)
}

// happen lets happen what was to happen until now.
func (r *run) happen(now float64) {
	for len(r.later) > 0 && r.later[0].at <= now {
		e := heap.Pop(&r.later).(event)
		if e.over != nil {
			r.end(e.over)
			continue
		}
		if w := r.tickets[e.id]; w != nil {
			r.m.Remove(e.id)
			r.report.failed(&r.report.cancelled, w, e.at)
			delete(r.tickets, e.id)
		}
	}
}

// pass has the matcher make matches.
func (r *run) pass(now float64) {
	res := r.m.Pass(at(now))
	for i := range res.Matches {
		x := &res.Matches[i]
		r.report.match(r, x, now)
		for _, id := range x.Tickets {
			w := r.tickets[id]
			r.report.matched(w, now)
			r.who[id] = w.a
			delete(r.tickets, id)
		}
		r.push(event{at: now + r.o.Match.Seconds(), over: x})
	}
	for _, id := range res.TimedOut {
		r.report.failed(&r.report.timedOut, r.tickets[id], now)
		delete(r.tickets, id)
	}
	r.report.waiting(now, r.m.Len())
}

// strengths gives the true strengths of a match's teams, and the scale of the curve by
// which they win. A bot is as strong as the players are on the average.
func (r *run) strengths(x *match.Proposal) (sums []float64, scale float64) {
	mean, n := 0.0, 0
	for _, t := range x.Teams {
		for _, s := range t.Slots {
			if s.Player != "" {
				mean += r.players[s.Player].strength
				n++
			}
		}
	}
	mean /= float64(n)
	o := r.md.Rating.Options
	sums = make([]float64, len(x.Teams))
	for k, t := range x.Teams {
		scale += o.Beta * o.Beta
		for _, s := range t.Slots {
			if s.Player == "" {
				sums[k] += mean
				continue
			}
			p := r.players[s.Player]
			sums[k] += p.strength
			scale += p.rating.Sigma * p.rating.Sigma
		}
	}
	return sums, math.Sqrt(scale)
}

// end decides a match and changes ratings. Teams end in the order that the model of
// the ratings gives to their true strengths: each adds noise of Gumbel's distribution
// to its strength, in the model's own scale. With another noise the unit of the
// ratings would drift away from that of the strengths.
func (r *run) end(x *match.Proposal) {
	sums, scale := r.strengths(x)
	score := make([]float64, len(sums))
	for k, s := range sums {
		score[k] = s - scale*math.Log(-math.Log(1-r.rnd.Float64()))
	}
	order := make([]int, len(sums))
	for k := range order {
		order[k] = k
	}
	slices.SortFunc(order, func(a, b int) int {
		if score[a] > score[b] {
			return -1
		}
		return 1
	})
	ranks := make([]int, len(sums))
	for place, k := range order {
		ranks[k] = place + 1
	}
	teams := make([][]rating.Player, len(x.Teams))
	mean := rating.Rating{}
	n := 0.0
	for _, t := range x.Teams {
		for _, s := range t.Slots {
			if s.Player != "" {
				p := r.players[s.Player].rating
				mean.Mu, mean.Sigma, n = mean.Mu+p.Mu, mean.Sigma+p.Sigma, n+1
			}
		}
	}
	mean.Mu, mean.Sigma = mean.Mu/n, mean.Sigma/n
	for k, t := range x.Teams {
		for _, s := range t.Slots {
			p := mean
			if s.Player != "" {
				p = r.players[s.Player].rating
			}
			teams[k] = append(teams[k], rating.Full(p))
		}
	}
	out, err := rating.Rate(teams, ranks, r.md.Rating.Options)
	if err != nil {
		return // ratings are checked when tickets come
	}
	for k, t := range x.Teams {
		for j, s := range t.Slots {
			if s.Player != "" {
				r.players[s.Player].rating = out[k][j]
			}
		}
	}
	for _, id := range x.Tickets {
		delete(r.who, id)
	}
}

// finish makes the report.
func (r *run) finish(as []Arrival) *Report {
	for _, w := range r.tickets {
		r.report.left++
		_ = w
	}
	rep := r.report.report()
	rep.Name, rep.Mode, rep.Seed = r.o.Name, r.md.Name, r.o.Seed
	rep.Matcher = "best"
	if r.o.FirstCome {
		rep.Matcher = "first-come"
	}
	rep.Hours = as[len(as)-1].At / 3600
	off, n := 0.0, 0.0
	for _, p := range r.players {
		off += math.Abs(p.rating.Mu - p.strength)
		n++
	}
	if n > 0 {
		rep.RatingError = math.Round(10*off/n) / 10
	}
	return rep
}
