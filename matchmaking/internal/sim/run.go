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
	bot      bool
}

// ticket is one of the run: it waits, or wait is how long it did.
type ticket struct {
	*Arrival
	rating  float64 // the mean of its players'
	home    string  // its nearest region
	wait    float64
	matched bool
}

// run is a simulation under way.
type run struct {
	md      mode.Mode
	o       Options
	m       *match.Matcher
	rnd     *rand.Rand
	players map[string]*player
	tickets map[string]*ticket // that wait
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
	last := as[len(as)-1].At
	rep := Report{Name: o.Name, Mode: md.Name, Matcher: "best", Seed: o.Seed, Hours: last / 3600, Reasons: map[string]int{}}
	var opts []match.Option
	if o.FirstCome {
		rep.Matcher, opts = "first-come", append(opts, match.FirstCome())
	}
	m, err := match.New(md, opts...)
	if err != nil {
		return nil, err
	}
	r := &run{
		md: md, o: o, m: m, rnd: rand.New(rand.NewPCG(o.Seed, 0x656e64)),
		players: map[string]*player{}, tickets: map[string]*ticket{}, tally: tally{Report: rep, samples: map[string][]float64{}},
	}
	for i := range as {
		r.coming = append(r.coming, &as[i])
		if as[i].Patience > 0 {
			r.leaving = append(r.leaving, &as[i])
		}
	}
	slices.SortStableFunc(r.leaving, func(a, b *Arrival) int { return cmp.Compare(a.At+a.Patience, b.At+b.Patience) })
	step := o.Interval.Seconds()
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
	r.tally.Left = len(r.tickets)
	off := 0.0
	for _, p := range r.players {
		off += math.Abs(p.rating.Mu - p.strength)
	}
	r.tally.RatingError = math.Round(10*off/max(1, float64(len(r.players)))) / 10
	return r.tally.report(), nil
}

// arrive adds a ticket.
func (r *run) arrive(a *Arrival) error {
	if a.Mode != "" && a.Mode != r.md.Name {
		r.tally.Elsewhere++
		return nil
	}
	r.tally.Tickets++
	r.tally.Players += len(a.Players)
	r.tally.hour(a.At).Arrived++
	w := &ticket{Arrival: a, home: home(a)}
	t := &store.Ticket{ID: a.ID, Query: a.Query, Attributes: a.Attributes, Since: at(a.At)}
	for _, v := range a.Players {
		p := r.player(v)
		t.Members = append(t.Members, store.Member{Player: v.ID, Mu: p.rating.Mu, Sigma: p.rating.Sigma, Roles: v.Roles})
		w.rating += p.rating.Mu / float64(len(a.Players))
	}
	// That of the worst of the players.
	latency := make(map[string]time.Duration, len(a.Latency))
	for to, ms := range a.Latency {
		latency[to] = time.Duration(ms * float64(time.Millisecond))
	}
	t.Members[0].Latency = latency
	err := r.m.Add(t)
	var bad *query.Error
	switch {
	case errors.As(err, &bad):
		return fmt.Errorf("sim: ticket %s: %w", a.ID, bad)
	case errors.Is(err, match.ErrExists):
		return fmt.Errorf("sim: ticket %s comes twice", a.ID)
	}
	r.tickets[a.ID] = w
	if err != nil {
		r.tally.Refused++
		if len(r.tally.Reasons) < 10 || r.tally.Reasons[err.Error()] > 0 {
			r.tally.Reasons[err.Error()]++
		}
		r.done(a.ID, a.At, false)
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

func at(seconds float64) time.Time {
	return start.Add(time.Duration(math.Round(seconds * float64(time.Second))))
}

// leave cancels the tickets whose patience ends.
func (r *run) leave(now float64) {
	for ; len(r.leaving) > 0 && r.leaving[0].At+r.leaving[0].Patience <= now; r.leaving = r.leaving[1:] {
		if a := r.leaving[0]; r.m.Remove(a.ID) {
			r.tally.Cancelled++
			r.done(a.ID, a.At+a.Patience, false)
		}
	}
}

// pass has the matcher make matches.
func (r *run) pass(now float64) {
	res := r.m.Pass(at(now))
	for i := range res.Matches {
		x := &res.Matches[i]
		r.made(x)
		for _, id := range x.Tickets {
			r.done(id, now, true)
		}
		r.playing = append(r.playing, playing{now + r.o.Match.Seconds(), x})
	}
	for _, id := range res.TimedOut {
		r.tally.TimedOut++
		r.done(id, now, false)
	}
	h := r.tally.hour(now)
	h.passes++
	h.Waiting += float64(r.m.Len())
}

// sides returns the players of a match's teams, the teams' true strengths, and the scale of
// the curve by which they win. Bots are as the players are on the average.
func (r *run) sides(x *match.Proposal) (teams [][]*player, strengths []float64, scale float64) {
	bot, n := &player{bot: true}, 0.0
	for _, t := range x.Teams {
		var team []*player
		for _, s := range t.Slots {
			p := bot
			if s.Player != "" {
				p = r.players[s.Player]
				bot.strength, bot.rating.Mu, bot.rating.Sigma = bot.strength+p.strength, bot.rating.Mu+p.rating.Mu, bot.rating.Sigma+p.rating.Sigma
				n++
			}
			team = append(team, p)
		}
		teams = append(teams, team)
	}
	bot.strength, bot.rating.Mu, bot.rating.Sigma = bot.strength/n, bot.rating.Mu/n, bot.rating.Sigma/n
	for _, team := range teams {
		sum := 0.0
		scale += r.md.Rating.Options.Beta * r.md.Rating.Options.Beta
		for _, p := range team {
			sum += p.strength
			if !p.bot {
				scale += p.rating.Sigma * p.rating.Sigma
			}
		}
		strengths = append(strengths, sum)
	}
	return teams, strengths, math.Sqrt(scale)
}

// end decides the matches that are over: it ranks their teams and changes ratings. Teams end
// in the order that the model of the ratings gives to their true strengths: each adds noise of
// Gumbel's distribution to its strength, in the model's own scale. With another noise the unit
// of the ratings would drift away from that of the strengths.
func (r *run) end(now float64) {
	for ; len(r.playing) > 0 && r.playing[0].until <= now; r.playing = r.playing[1:] {
		sides, score, scale := r.sides(r.playing[0].match)
		for k := range score {
			score[k] -= scale * math.Log(-math.Log(1-r.rnd.Float64()))
		}
		order := slices.Sorted(slices.Values(score))
		ranks, teams := make([]int, len(sides)), make([][]rating.Player, len(sides))
		for k, side := range sides {
			ranks[k] = -slices.Index(order, score[k])
			for _, p := range side {
				teams[k] = append(teams[k], rating.Full(p.rating))
			}
		}
		out, err := rating.Rate(teams, ranks, r.md.Rating.Options)
		if err != nil {
			continue // ratings are checked when tickets come
		}
		for k, side := range sides {
			for j, p := range side {
				p.rating = out[k][j]
			}
		}
	}
}
