// Package sim runs a matcher through a day in virtual time: tickets come from a trace
// or are generated, wait, are matched, give up; matches end as the players' true
// strengths have it, and change their ratings. What came of it is a Report, as a
// table, as JSON and as a page with plots. The same seed gives the same report.
//
// It simulates no rooms: nobody leaves a match, so there is no backfill.
package sim

import (
	"fmt"
	"strconv"
	"time"

	"github.com/tickroom/tickroom/matchmaking/internal/fields"
	"github.com/tickroom/tickroom/matchmaking/mode"
)

// Population says who plays, for generated days. It is read from the key simulation of
// a configuration file.
type Population struct {
	// Players is how many there are; 0: one for each five tickets.
	Players int
	// Mean and Spread are those of the players' true strengths, which are normal.
	Mean, Spread float64
	// Sigma is how uncertain ratings are at first, and how far off.
	Sigma float64
	// Parties are the shares of tickets with so many players, from one on. They need
	// not add up to 1. Parties larger than the mode allows are made smaller.
	Parties []float64
	// PartySpread is how far the players of a party are from its leader in strength, as
	// a standard deviation.
	PartySpread float64
	// Regions are where players live; empty: those of the mode, all alike, or nowhere.
	Regions []Home
	// Trough is how many players there are at the quietest time of a day, by those at
	// the busiest; Peak is the busiest hour, of the time of the place.
	Trough, Peak float64
	// Patience is after how long half of those who wait cancel; 0: nobody does.
	// PatienceSpread is its spread, as the standard deviation of the logarithm.
	Patience       time.Duration
	PatienceSpread float64
	// Match is how long a match lasts.
	Match time.Duration
	// Interval is the time between passes of the matcher.
	Interval time.Duration
}

// Home is a region where players live.
type Home struct {
	Name string
	// Share is the part of the players who live there.
	Share float64
	// UTC is by how many hours its clocks are ahead.
	UTC float64
	// Latency is that to each region, home included. It varies between players.
	Latency map[string]time.Duration
}

// DefaultPopulation gives what is assumed where nothing is said.
func DefaultPopulation() Population {
	return Population{
		Mean: 1500, Spread: 350, Sigma: 80,
		Parties: []float64{0.6, 0.2, 0.1, 0.05, 0.05}, PartySpread: 150,
		Trough: 0.2, Peak: 20,
		Patience: 3 * time.Minute, PatienceSpread: 0.7,
		Match: 15 * time.Minute, Interval: time.Second,
	}
}

// Load reads a configuration file: its modes and its simulation. Other keys at the top
// level are left alone if they are named.
func Load(path string, text []byte, others ...string) (Population, []mode.Mode, error) {
	p := DefaultPopulation()
	modes, err := mode.Parse(path, text, append([]string{"simulation"}, others...)...)
	if err != nil {
		return p, nil, err
	}
	d, top := fields.Parse(path, text)
	if f := top.Sub("simulation"); f != nil {
		p.read(f)
		f.Done()
		if d.Problems() == 0 {
			p.validate(d)
		}
	}
	return p, modes, d.Err()
}

func (p *Population) read(f *fields.Map) {
	f.Int("players", &p.Players)
	if s := f.Sub("strength"); s != nil {
		s.Float("mean", &p.Mean)
		s.Float("spread", &p.Spread)
		s.Float("uncertainty", &p.Sigma)
		s.Done()
	}
	if s := f.Sub("parties"); s != nil {
		p.Parties = nil
		for _, key := range s.Keys() {
			n, err := strconv.Atoi(key)
			if err != nil || n < 1 || n > 64 {
				s.Bad(key, "below a number of players from 1 to 64")
				continue
			}
			for len(p.Parties) < n {
				p.Parties = append(p.Parties, 0)
			}
			s.Float(key, &p.Parties[n-1])
		}
	}
	f.Float("party_spread", &p.PartySpread)
	if s := f.Sub("regions"); s != nil {
		for _, name := range s.Keys() {
			h := Home{Name: name, Share: 1, Latency: map[string]time.Duration{}}
			if r := s.Sub(name); r != nil {
				r.Float("share", &h.Share)
				r.Float("utc", &h.UTC)
				if l := r.Sub("latency"); l != nil {
					for _, to := range l.Keys() {
						var x time.Duration
						l.Duration(to, &x)
						h.Latency[to] = x
					}
				}
				r.Done()
			}
			p.Regions = append(p.Regions, h)
		}
	}
	if s := f.Sub("daily"); s != nil {
		s.Float("trough", &p.Trough)
		s.Float("peak", &p.Peak)
		s.Done()
	}
	f.Duration("patience", &p.Patience)
	f.Float("patience_spread", &p.PatienceSpread)
	f.Duration("match", &p.Match)
	f.Duration("interval", &p.Interval)
}

func (p *Population) validate(d *fields.Document) {
	number := func(field string, x, low, high float64) {
		if !(x >= low && x <= high) {
			d.Fail("simulation."+field, "%v is not allowed; it must be from %v to %v", x, low, high)
		}
	}
	span := func(field string, x, low, high time.Duration) {
		if x < low || x > high {
			d.Fail("simulation."+field, "%v is not allowed; it must be from %v to %v", x, low, high)
		}
	}
	number("players", float64(p.Players), 0, 1e8)
	number("strength.mean", p.Mean, -1e6, 1e6)
	number("strength.spread", p.Spread, 0, 1e6)
	number("strength.uncertainty", p.Sigma, 1e-3, 1e6)
	sum := 0.0
	for i, s := range p.Parties {
		number(fmt.Sprintf("parties.%d", i+1), s, 0, 1e6)
		sum += s
	}
	if sum <= 0 {
		d.Fail("simulation.parties", "all shares are 0; one at least must be more")
	}
	number("party_spread", p.PartySpread, 0, 1e6)
	share := 0.0
	for _, h := range p.Regions {
		number("regions."+h.Name+".share", h.Share, 0, 1e6)
		number("regions."+h.Name+".utc", h.UTC, -12, 14)
		for to, l := range h.Latency {
			span("regions."+h.Name+".latency."+to, l, 0, time.Minute)
		}
		share += h.Share
	}
	if len(p.Regions) > 0 && share <= 0 {
		d.Fail("simulation.regions", "all shares are 0; one at least must be more")
	}
	number("daily.trough", p.Trough, 0, 1)
	number("daily.peak", p.Peak, 0, 24)
	span("patience", p.Patience, 0, 24*time.Hour)
	number("patience_spread", p.PatienceSpread, 0, 5)
	span("match", p.Match, 0, 24*time.Hour)
	span("interval", p.Interval, 10*time.Millisecond, time.Minute)
}
