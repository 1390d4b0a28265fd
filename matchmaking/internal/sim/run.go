package sim

import (
	"cmp"
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
	*Arrival
	mean float64 // rating
}

// run is a simulation under way.
type run struct {
	md      mode.Mode
	o       Options
	m       *match.Matcher
	rnd     *rand.Rand
	players map[string]*player
	tickets map[string]waiting
	tally   tally

	// What is still to happen, in order of time: tickets that come, tickets that cancel if
	// they still wait, matches that end.
	coming, leaving []*Arrival
	playing         []playing
}

// playing is a match that ends at some time.
type playing struct {
	until float64
	match *match.Proposal
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
		players: map[string]*player{}, tickets: map[string]waiting{}, tally: newTally(),
	}
	for i := range as {
		r.coming = append(r.coming, &as[i])
		if as[i].Patience > 0 {
			r.leaving = append(r.leaving, &as[i])
		}
	}
	slices.SortStableFunc(r.leaving, func(a, b *Arrival) int { return cmp.Compare(a.At+a.Patience, b.At+b.Patience) })
	step, last := o.Interval.Seconds(), as[len(as)-1].At
	for k := 1; ; k++ {
		now := float64(k) * step
		for ; len(r.coming) > 0 && r.coming[0].At <= now; r.coming = r.coming[1:] {
			if err := r.arrive(r.coming[0]); err != nil {
				return nil, err
			}
		}
		r.leave(now)
		r.end(now)
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
		if len(r.coming) == 0 && (r.m.Len() == 0 || now > last+max(600, r.md.Timeout.Seconds()+2*step)) {
			break
		}
	}
	r.leave(math.Inf(1))
	r.end(math.Inf(1))
	return r.report(last), nil
}

// arrive adds a ticket.
func (r *run) arrive(a *Arrival) error {
	if a.Mode != "" && a.Mode != r.md.Name {
		r.tally.Elsewhere++
		return nil
	}
	r.tally.arrived(a)
	t := &store.Ticket{ID: a.ID, Query: a.Query, Since: at(a.At)}
	w := waiting{Arrival: a}
	for _, v := range a.Players {
		p := r.player(v)
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
		r.tally.refuse(w, err)
	default:
		r.tickets[a.ID] = w
	}
	return nil
}

// player returns what is known of a player, from what it was first seen with.
func (r *run) player(v Visitor) *player {
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
	return p
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

// leave cancels the tickets whose patience ends.
func (r *run) leave(now float64) {
	for ; len(r.leaving) > 0 && r.leaving[0].At+r.leaving[0].Patience <= now; r.leaving = r.leaving[1:] {
		a := r.leaving[0]
		if w, ok := r.tickets[a.ID]; ok {
			r.m.Remove(a.ID)
			delete(r.tickets, a.ID)
			r.tally.Cancelled++
			r.tally.done(w, a.At+a.Patience, false)
		}
	}
}

// pass has the matcher make matches.
func (r *run) pass(now float64) {
	res := r.m.Pass(at(now))
	for i := range res.Matches {
		x := &res.Matches[i]
		strengths, scale := r.strengths(x)
		r.tally.match(r, x, strengths, scale)
		for _, id := range x.Tickets {
			r.tally.done(r.tickets[id], now, true)
			delete(r.tickets, id)
		}
		r.playing = append(r.playing, playing{now + r.o.Match.Seconds(), x})
	}
	for _, id := range res.TimedOut {
		r.tally.TimedOut++
		r.tally.done(r.tickets[id], now, false)
		delete(r.tickets, id)
	}
	r.tally.waiting(now, r.m.Len())
}

// strengths returns the true strengths of a match's teams, and the scale of the curve by
// which they win. A bot is as strong as the players are on the average.
func (r *run) strengths(x *match.Proposal) (sums []float64, scale float64) {
	beta := r.md.Rating.Options.Beta
	bot, _ := r.average(x)
	for _, t := range x.Teams {
		sum := 0.0
		scale += beta * beta
		for _, s := range t.Slots {
			if s.Player == "" {
				sum += bot
				continue
			}
			p := r.players[s.Player]
			sum += p.strength
			scale += p.rating.Sigma * p.rating.Sigma
		}
		sums = append(sums, sum)
	}
	return sums, math.Sqrt(scale)
}

// average returns the mean strength and rating of a match's players.
func (r *run) average(x *match.Proposal) (strength float64, mean rating.Rating) {
	n := 0.0
	for _, t := range x.Teams {
		for _, s := range t.Slots {
			if s.Player != "" {
				p := r.players[s.Player]
				strength, mean.Mu, mean.Sigma, n = strength+p.strength, mean.Mu+p.rating.Mu, mean.Sigma+p.rating.Sigma, n+1
			}
		}
	}
	return strength / n, rating.Rating{Mu: mean.Mu / n, Sigma: mean.Sigma / n}
}

// end decides the matches that are over.
func (r *run) end(now float64) {
	for ; len(r.playing) > 0 && r.playing[0].until <= now; r.playing = r.playing[1:] {
		r.decide(r.playing[0].match)
	}
}

// decide ranks a match's teams and changes ratings. Teams end in the order that the
// model of the ratings gives to their true strengths: each adds noise of Gumbel's
// distribution to its strength, in the model's own scale. With another noise the unit of
// the ratings would drift away from that of the strengths.
func (r *run) decide(x *match.Proposal) {
	score, scale := r.strengths(x)
	for k := range score {
		score[k] -= scale * math.Log(-math.Log(1-r.rnd.Float64()))
	}
	ranks := make([]int, len(score))
	for k := range ranks {
		ranks[k] = 1
		for _, other := range score {
			if other > score[k] {
				ranks[k]++
			}
		}
	}
	_, bot := r.average(x)
	teams := make([][]rating.Player, len(x.Teams))
	for k, t := range x.Teams {
		for _, s := range t.Slots {
			p := bot
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
}

// report makes the report, when the last ticket has come at some time.
func (r *run) report(last float64) *Report {
	r.tally.Left = len(r.tickets)
	off := 0.0
	for _, p := range r.players {
		off += math.Abs(p.rating.Mu - p.strength)
	}
	rep := r.tally.report()
	rep.Name, rep.Mode, rep.Seed, rep.Matcher, rep.Hours = r.o.Name, r.md.Name, r.o.Seed, "best", last/3600
	if r.o.FirstCome {
		rep.Matcher = "first-come"
	}
	rep.RatingError = math.Round(10*off/max(1, float64(len(r.players)))) / 10
	return rep
}
