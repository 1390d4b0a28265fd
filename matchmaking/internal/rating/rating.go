// Package rating estimates how strong players are from the matches they have
// played, and predicts how a match will end. It is the Bayesian approximation
// method of R. C. Weng and C.-J. Lin, "A Bayesian Approximation Method for Online
// Ranking", Journal of Machine Learning Research 12 (2011), with the Plackett-Luce
// model (their algorithm 4): teams of any number and size, with ties.
//
// A player's strength is a normal distribution: Mu is the estimate, Sigma how
// uncertain it is. A team's is the sum of its players'. The package keeps nothing:
// ratings go in, ratings come out.
//
// # Weights
//
// A player may have played a part of the match only; its Weight is that part, from
// 0 to 1. A team's strength is then the sum of w·Mu, its variance that of w²·Sigma²,
// and what the method derives for a player follows: Mu moves by w times as much, and
// the variance shrinks by w² times as much.
//
// # Those who leave
//
// A player who left before the end (Left) counts in its team for its weight, as
// anybody does, so that the others are not blamed for a hole; but it is itself rated
// as if its team had come last, alone, and as if it had played all the time, whatever
// became of the team. To leave is therefore never better than to lose. A team that
// everybody has left is last for all; several such teams share the last place.
//
// A player who never joined (Absent) counts for nothing, and its rating stays as it
// was. A team in which nobody has played is not in the match.
package rating

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Rating is what is known of a player's strength.
type Rating struct {
	Mu    float64 // the estimate
	Sigma float64 // its standard deviation, more than 0
}

// Options are the parameters of the method. The unit of Mu, Sigma, Beta and Tau is
// free, as long as it is the same: the method is indifferent to the scale.
type Options struct {
	// Mu and Sigma are those of a player of whom nothing is known.
	Mu    float64 `yaml:"start" min:"-1e6" max:"1e6"`
	Sigma float64 `yaml:"uncertainty" min:"1e-3" max:"1e6"`
	// Beta is the standard deviation of a team's performance in one match, around
	// its strength. Of two certain teams whose strengths are Beta apart the stronger
	// wins three times of four.
	Beta float64 `yaml:"beta" min:"1e-3" max:"1e6"`
	// Tau is what a match adds to the uncertainty before it is rated, as a standard
	// deviation: players change. 0 lets ratings settle for good.
	Tau float64 `yaml:"tau" min:"0" max:"1e6"`
	// Kappa is the least factor by which one match may shrink the variance.
	Kappa float64
	// LimitSigma keeps Sigma from ever growing.
	LimitSigma bool
}

// Default returns the paper's parameters in a unit in which a new player has 1500.
func Default() Options {
	return Options{Mu: 1500, Sigma: 500, Beta: 250, Tau: 5, Kappa: 0.0001}
}

// New returns the rating of a player of whom nothing is known.
func New(o Options) Rating { return Rating{o.Mu, o.Sigma} }

// valid reports whether the method works with the options.
func (o Options) valid() bool {
	return !math.IsNaN(o.Mu) && !math.IsInf(o.Mu+o.Sigma+o.Beta+o.Tau, 0) && o.Sigma > 0 && o.Beta > 0 && o.Tau >= 0 && o.Kappa > 0 && o.Kappa <= 1
}

// Player is one who was in a match.
type Player struct {
	Rating
	// Weight is the part of the match that the player took part in, from 0 to 1.
	Weight float64
	Left   bool // before the end
	Absent bool // never joined
}

// Full returns a player who was there from the beginning to the end.
func Full(r Rating) Player { return Player{Rating: r, Weight: 1} }

// Errors of Rate.
var (
	ErrRanks  = errors.New("rating: there must be a rank for each team")
	ErrPlayer = errors.New("rating: a player's numbers make no sense")
)

// Rate returns the players' ratings after a match, in the places of teams. ranks has a
// rank per team; the lower is the better, equal ones are ties. In a free-for-all
// every team is of one.
//
// With fewer than two teams in the match nothing changes.
func Rate(teams [][]Player, ranks []int, o Options) ([][]Rating, error) {
	if !o.valid() {
		return nil, fmt.Errorf("rating: the options make no sense: %+v", o)
	}
	if len(ranks) != len(teams) {
		return nil, fmt.Errorf("%w: %d teams, %d ranks", ErrRanks, len(teams), len(ranks))
	}
	out := make([][]Rating, len(teams))
	for i, t := range teams {
		out[i] = make([]Rating, len(t))
		for j, p := range t {
			if !(p.Sigma > 0 && p.Weight >= 0 && p.Weight <= 1) || math.IsNaN(p.Mu) || math.IsInf(p.Mu, 0) || math.IsInf(p.Sigma, 0) {
				return nil, fmt.Errorf("%w: %+v (team %d, player %d)", ErrPlayer, p, i, j)
			}
			out[i][j] = p.Rating
		}
	}
	m := newMatch(teams, ranks, o)
	if len(m.teams) < 2 {
		return out, nil
	}
	update := func(t team, left bool) {
		for j, p := range teams[t.index] {
			if !p.Absent && p.Left == left {
				out[t.index][j] = m.update(t, p)
			}
		}
	}
	m.rate(m.ranks)
	for _, t := range m.teams {
		update(t, false)
	}
	for k, t := range m.teams {
		if !t.left {
			continue
		}
		last := slices.Clone(m.ranks)
		last[k] = m.last
		m.rate(last)
		update(m.teams[k], true)
	}
	return out, nil
}

// team is a side of a match as the method sees it.
type team struct {
	index        int     // among those given
	mu, variance float64 // sums
	left         bool    // somebody has left
	empty        bool    // everybody has
	omega        float64 // how much better than expected
	delta        float64 // how much was learnt
	exp          float64 // of its strength, for the logistic curves
}

// match is the method at work.
type match struct {
	o     Options
	teams []team
	ranks []int
	last  int     // a rank worse than all others, for leavers
	c     float64 // the scale of the logistic curves
}

func newMatch(teams [][]Player, ranks []int, o Options) *match {
	m := &match{o: o, last: math.MinInt}
	for i, players := range teams {
		t := team{index: i, empty: true}
		played := false
		for _, p := range players {
			if p.Absent {
				continue
			}
			played = true
			t.left = t.left || p.Left
			t.empty = t.empty && p.Left
			t.mu += p.Weight * p.Mu
			t.variance += p.Weight * p.Weight * m.variance(p.Rating)
		}
		if played {
			m.teams = append(m.teams, t)
			m.ranks = append(m.ranks, ranks[i])
			m.last = max(m.last, ranks[i])
		}
	}
	// Ranks from 1 on would do, but any are allowed; those who left come after.
	if m.last < math.MaxInt {
		m.last++
	}
	c := 0.0
	for k, t := range m.teams {
		c += t.variance + o.Beta*o.Beta
		if t.empty {
			m.ranks[k] = m.last
		}
	}
	m.c = math.Sqrt(c)
	return m
}

// variance is a player's before the match, with what time has added.
func (m *match) variance(r Rating) float64 { return r.Sigma*r.Sigma + m.o.Tau*m.o.Tau }

// rate finds omega and delta of every team, given their ranks.
func (m *match) rate(ranks []int) {
	top := math.Inf(-1)
	for _, t := range m.teams {
		top = max(top, t.mu)
	}
	// Taking the largest out of the exponents changes no quotient, and nothing
	// overflows.
	for i := range m.teams {
		t := &m.teams[i]
		t.omega, t.delta, t.exp = 0, 0, math.Exp((t.mu-top)/m.c)
	}
	for q := range m.teams {
		sum, ties := 0.0, 0.0
		for s := range m.teams {
			if ranks[s] >= ranks[q] {
				sum += m.teams[s].exp
			}
			if ranks[s] == ranks[q] {
				ties++
			}
		}
		for i := range m.teams {
			t := &m.teams[i]
			if ranks[q] > ranks[i] {
				continue
			}
			p := 0.0 // that i comes next of those from q's rank on
			if sum > 0 {
				p = t.exp / sum
			}
			if i == q {
				t.omega += (1 - p) / ties
			} else {
				t.omega -= p / ties
			}
			t.delta += p * (1 - p) / ties
		}
	}
	for i := range m.teams {
		t := &m.teams[i]
		t.omega /= m.c
		t.delta *= math.Sqrt(t.variance) / m.c / (m.c * m.c)
	}
}

// update returns the new rating of a player of a team.
func (m *match) update(t team, p Player) Rating {
	weight, v := p.Weight, m.variance(p.Rating)
	if p.Left {
		weight = 1
	}
	r := Rating{
		Mu:    p.Mu + weight*v*t.omega,
		Sigma: math.Sqrt(v * max(1-weight*weight*v*t.delta, m.o.Kappa)),
	}
	if m.o.LimitSigma {
		r.Sigma = min(r.Sigma, p.Sigma)
	}
	return r
}
