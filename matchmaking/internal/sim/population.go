// Package sim runs a matcher through a day in virtual time: tickets come from a trace
// or are generated, wait, are matched, give up; matches end as the players' true
// strengths have it, and change their ratings. What came of it is a Report, as a
// table, as JSON and as a page with plots. The same seed gives the same report.
//
// It simulates no rooms: nobody leaves a match, so there is no backfill.
package sim

import (
	"strconv"
	"time"

	"github.com/tickroom/tickroom/internal/strictyaml"
	"github.com/tickroom/tickroom/matchmaking/mode"
)

// Population is who plays, for generated days. It is read from the key simulation of a
// configuration file; see Load.
type Population struct {
	// Players is how many there are; 0: one for each five tickets.
	Players  int      `yaml:"players" min:"0" max:"1e8"`
	Strength Strength `yaml:"strength"`
	// Parties are the shares of tickets with so many players, from one on. They need
	// not add up to 1. Parties larger than the mode allows are made smaller.
	Parties []float64
	// PartySpread is how far the players of a party are from its leader in strength, as
	// a standard deviation.
	PartySpread float64 `yaml:"party_spread" default:"150" min:"0" max:"1e6"`
	// Regions are where players live; empty: those of the mode, all alike, or nowhere.
	Regions []Home
	Daily   Daily `yaml:"daily"`
	// Patience is after how long half of those who wait cancel; 0: nobody does.
	// PatienceSpread is its spread, as the standard deviation of the logarithm.
	Patience       time.Duration `yaml:"patience" default:"3m" min:"0s" max:"24h"`
	PatienceSpread float64       `yaml:"patience_spread" default:"0.7" min:"0" max:"5"`
	// Match is how long a match lasts.
	Match time.Duration `yaml:"match" default:"15m" min:"0s" max:"24h"`
	// Interval is the time between passes of the matcher.
	Interval time.Duration `yaml:"interval" default:"1s" min:"10ms" max:"1m"`
}

// Strength is how strong the players are.
type Strength struct {
	// Mean and Spread are those of the true strengths, which are normal.
	Mean   float64 `yaml:"mean" default:"1500" min:"-1e6" max:"1e6"`
	Spread float64 `yaml:"spread" default:"350" min:"0" max:"1e6"`
	// Sigma is how uncertain ratings are at first, and how far off.
	Sigma float64 `yaml:"uncertainty" default:"80" min:"1e-3" max:"1e6"`
}

// Daily is how the number of players changes in a day.
type Daily struct {
	// Trough is how many players there are at the quietest time, as a part of those at
	// the busiest.
	Trough float64 `yaml:"trough" default:"0.2" min:"0" max:"1"`
	// Peak is the busiest hour, of the time of the place.
	Peak float64 `yaml:"peak" default:"20" min:"0" max:"24"`
}

// Home is a region where players live.
type Home struct {
	Name string
	// Share is the part of the players who live there.
	Share float64 `yaml:"share" min:"0" max:"1e6"`
	// UTC is by how many hours its clocks are ahead.
	UTC float64 `yaml:"utc" min:"-12" max:"14"`
	// Latency is that to each region, home included. It varies between players.
	Latency map[string]time.Duration
}

// DefaultPopulation returns what is assumed where nothing is said.
func DefaultPopulation() Population {
	p := Population{Parties: []float64{0.6, 0.2, 0.1, 0.05, 0.05}}
	for _, f := range strictyaml.Fields(&p) {
		f.SetDefault()
	}
	return p
}

// Load reads a configuration file: its modes and its simulation. Other keys at the top
// level are left alone if they are named.
func Load(path string, text []byte, others ...string) (Population, []mode.Mode, error) {
	p := DefaultPopulation()
	modes, err := mode.Parse(path, text, append([]string{"simulation"}, others...)...)
	if err != nil {
		return p, nil, err
	}
	d, top := strictyaml.Parse(path, text)
	if f := top.Sub("simulation"); f != nil {
		p.read(d, f)
		f.Done()
	}
	return p, modes, d.Err()
}

func (p *Population) read(d *strictyaml.Document, f *strictyaml.Map) {
	f.Fields(p)
	d.Check("simulation.", p)
	if s := f.Sub("parties"); s != nil {
		p.Parties = nil
		for _, key := range s.Keys() {
			n, err := strconv.Atoi(key)
			if err != nil || n < 1 || n > 64 {
				s.Bad(key, "below a number of players from 1 to 64")
				continue
			}
			p.Parties = append(p.Parties, make([]float64, max(0, n-len(p.Parties)))...)
			share := &p.Parties[n-1]
			s.Value(key, share)
			if !(*share >= 0 && *share <= 1e6) {
				d.Fail("simulation.parties."+key, "%v is not allowed; it must be from 0 to 1e6", *share)
			}
		}
	}
	regions := f.Sub("regions")
	for _, name := range regions.Keys() {
		h := Home{Name: name, Share: 1, Latency: map[string]time.Duration{}}
		if r := regions.Sub(name); r != nil {
			r.Fields(&h)
			d.Check(r.Field()+".", &h)
			l := r.Sub("latency")
			for _, to := range l.Keys() {
				var x time.Duration
				if l.Value(to, &x); x < 0 || x > time.Minute {
					d.Fail(l.Field()+"."+to, "%v is not allowed; it must be from 0s to 1m", x)
				}
				h.Latency[to] = x
			}
			r.Done()
		}
		p.Regions = append(p.Regions, h)
	}
	// Whether there is anybody at all is a question once all could be read.
	if d.Problems() > 0 {
		return
	}
	if sum(p.Parties) <= 0 {
		d.Fail("simulation.parties", "all shares are 0; one at least must be more")
	}
	if len(p.Regions) > 0 && sum(p.shares()) <= 0 {
		d.Fail("simulation.regions", "all shares are 0; one at least must be more")
	}
}

// shares returns those of the regions.
func (p *Population) shares() []float64 {
	var out []float64
	for _, h := range p.Regions {
		out = append(out, h.Share)
	}
	return out
}
