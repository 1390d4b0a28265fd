package sim

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strconv"
	"time"

	"github.com/tickroom/tickroom/matchmaking/mode"
)

// Arrival is a ticket of a trace: a line of JSON.
type Arrival struct {
	// At is when it comes, in seconds from the beginning.
	At float64 `json:"at"`
	ID string  `json:"id"`
	// Mode is the mode that it is for; empty: any.
	Mode    string    `json:"mode,omitempty"`
	Players []Visitor `json:"players"`
	// Latency is in milliseconds, by region.
	Latency map[string]float64 `json:"latency,omitempty"`
	// Attributes are numbers, strings, bools and lists of strings.
	Attributes map[string]any `json:"attributes,omitempty"`
	Query      string         `json:"query,omitempty"`
	// Patience is after how many seconds it cancels; 0: never.
	Patience float64 `json:"patience,omitempty"`
}

// Visitor is a player of a trace.
type Visitor struct {
	ID string `json:"id"`
	// Rating and Sigma are what is known of the player when it is first seen; from then
	// on its matches tell.
	Rating float64 `json:"rating"`
	Sigma  float64 `json:"sigma,omitempty"` // 0: that of a new player
	// Strength is the true one, by which matches end; none: it is the Rating.
	Strength *float64 `json:"strength,omitempty"`
	Roles    []string `json:"roles,omitempty"`
}

// ReadTrace reads the tickets of a trace, by time. Lines with nothing are passed over.
func ReadTrace(r io.Reader, name string) ([]Arrival, error) {
	var out []Arrival
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 1<<20)
	for line := 1; sc.Scan(); line++ {
		if len(sc.Bytes()) == 0 {
			continue
		}
		var a Arrival
		if err := json.Unmarshal(sc.Bytes(), &a); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, line, err)
		}
		switch {
		case a.ID == "":
			return nil, fmt.Errorf("%s:%d: the ticket has no id", name, line)
		case len(a.Players) == 0:
			return nil, fmt.Errorf("%s:%d: ticket %s has no players", name, line, a.ID)
		case !(a.At >= 0) || a.At > 1e9 || !(a.Patience >= 0):
			return nil, fmt.Errorf("%s:%d: ticket %s: times are seconds, 0 or more", name, line, a.ID)
		}
		out = append(out, a)
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	slices.SortStableFunc(out, func(a, b Arrival) int {
		switch {
		case a.At < b.At:
			return -1
		case a.At > b.At:
			return 1
		}
		return 0
	})
	return out, nil
}

// WriteTrace writes tickets as ReadTrace reads them.
func WriteTrace(w io.Writer, as []Arrival) error {
	b := bufio.NewWriter(w)
	enc := json.NewEncoder(b)
	for i := range as {
		if err := enc.Encode(&as[i]); err != nil {
			return err
		}
	}
	return b.Flush()
}

// resident is a player of a generated population.
type resident struct {
	v    Visitor
	lat  map[string]float64
	busy float64 // until when it is likely in a match
}

// Generate makes the tickets of some hours, beginning at midnight UTC.
func Generate(p Population, md mode.Mode, seed uint64, hours float64, tickets int) []Arrival {
	rnd := rand.New(rand.NewPCG(seed, 0x6d61746368))
	homes := p.Regions
	if len(homes) == 0 {
		for _, r := range md.Latency.Regions {
			h := Home{Name: r.Name, Share: 1, Latency: map[string]time.Duration{}}
			for _, to := range md.Latency.Regions {
				h.Latency[to.Name] = 110 * time.Millisecond
			}
			h.Latency[r.Name] = 30 * time.Millisecond
			homes = append(homes, h)
		}
	}
	if len(homes) == 0 {
		homes = []Home{{Share: 1}}
	}
	people := p.people(rnd, homes, md, tickets)
	curves := make([]curve, len(homes))
	var shares []float64
	for i, h := range homes {
		curves[i] = p.curve(h, hours)
		shares = append(shares, h.Share*curves[i].total)
	}
	type coming struct {
		at   float64
		home int
	}
	all := make([]coming, tickets)
	for i := range all {
		home := pick(rnd, shares)
		all[i] = coming{curves[home].at(rnd.Float64()), home}
	}
	slices.SortFunc(all, func(a, b coming) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return a.home - b.home
	})
	out := make([]Arrival, tickets)
	for i, c := range all {
		out[i] = p.arrival(rnd, people[c.home], c.at, strconv.Itoa(i+1), md)
	}
	return out
}

// people makes the players of each region, by strength.
func (p *Population) people(rnd *rand.Rand, homes []Home, md mode.Mode, tickets int) [][]*resident {
	total, share := p.Players, 0.0
	if total == 0 {
		total = max(100, tickets/5)
	}
	for _, h := range homes {
		share += h.Share
	}
	out := make([][]*resident, len(homes))
	for i, h := range homes {
		names := make([]string, 0, len(h.Latency))
		for to := range h.Latency {
			names = append(names, to)
		}
		slices.Sort(names)
		for k := range max(10, int(float64(total)*h.Share/share)) {
			s := p.Strength.Mean + p.Strength.Spread*rnd.NormFloat64()
			sigma := p.Strength.Sigma * (0.7 + 0.6*rnd.Float64())
			r := &resident{v: Visitor{ID: fmt.Sprint(h.Name, "-", k), Rating: s + sigma*rnd.NormFloat64(), Sigma: sigma, Strength: &s}}
			if len(names) > 0 {
				// Everybody's own line, and the way to each place a little different.
				r.lat = map[string]float64{}
				line := 1 + 0.35*math.Abs(rnd.NormFloat64())
				for _, to := range names {
					r.lat[to] = math.Round(10*float64(h.Latency[to])/1e6*line*(0.95+0.1*rnd.Float64())) / 10
				}
			}
			r.v.Roles = someRoles(rnd, md)
			out[i] = append(out[i], r)
		}
		slices.SortFunc(out[i], func(a, b *resident) int {
			if *a.v.Strength < *b.v.Strength {
				return -1
			}
			return 1
		})
	}
	return out
}

// someRoles draws what a player accepts: a role by how many seats it has, and others
// with luck.
func someRoles(rnd *rand.Rand, md mode.Mode) []string {
	if len(md.Roles) == 0 {
		return nil
	}
	var w []float64
	for _, r := range md.Roles {
		w = append(w, float64(r.Count))
	}
	main := pick(rnd, w)
	out := []string{md.Roles[main].Name}
	for i, r := range md.Roles {
		if i != main && rnd.Float64() < 0.3 {
			out = append(out, r.Name)
		}
	}
	return out
}

// pick draws an index by weight.
func pick(rnd *rand.Rand, weights []float64) int {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	x := rnd.Float64() * sum
	for i, w := range weights {
		if x -= w; x < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// curve is how many come until when, a minute a step.
type curve struct {
	sums  []float64
	total float64
}

func (p *Population) curve(h Home, hours float64) curve {
	c := curve{sums: []float64{0}}
	for k := range max(1, int(math.Ceil(hours*60))) {
		clock := float64(k)/60 + h.UTC
		day := 0.5 + 0.5*math.Cos((clock-p.Daily.Peak)/24*2*math.Pi)
		c.total += p.Daily.Trough + (1-p.Daily.Trough)*day
		c.sums = append(c.sums, c.total)
	}
	return c
}

// at gives the time in seconds at which a part of all have come.
func (c curve) at(part float64) float64 {
	x := part * c.total
	k := sort.SearchFloat64s(c.sums, x)
	if k == 0 {
		return 0
	}
	return math.Round(1000*60*(float64(k-1)+(x-c.sums[k-1])/(c.sums[k]-c.sums[k-1]))) / 1000
}

// arrival draws a ticket: a leader who is likely free, and players near it in strength.
func (p *Population) arrival(rnd *rand.Rand, people []*resident, at float64, id string, md mode.Mode) Arrival {
	size := min(1+pick(rnd, p.Parties), md.Party.Max, len(people))
	lead := rnd.IntN(len(people))
	for try := 0; try < 20 && people[lead].busy > at; try++ {
		lead = rnd.IntN(len(people))
	}
	a := Arrival{At: at, ID: id}
	chosen := []int{lead}
	for len(chosen) < size {
		next := (lead + len(chosen)) % len(people)
		for range 20 {
			want := *people[lead].v.Strength + p.PartySpread*rnd.NormFloat64()
			k := sort.Search(len(people), func(k int) bool { return *people[k].v.Strength >= want })
			k = min(max(0, k+rnd.IntN(5)-2), len(people)-1)
			if !slices.Contains(chosen, k) && people[k].busy <= at {
				next = k
				break
			}
		}
		for slices.Contains(chosen, next) {
			next = (next + 1) % len(people)
		}
		chosen = append(chosen, next)
	}
	if p.Patience > 0 {
		a.Patience = math.Round(1000*p.Patience.Seconds()*math.Exp(p.PatienceSpread*rnd.NormFloat64())) / 1000
	}
	for _, k := range chosen {
		r := people[k]
		r.busy = at + p.Match.Seconds() + 120
		a.Players = append(a.Players, r.v)
		for to, ms := range r.lat {
			if a.Latency == nil {
				a.Latency = map[string]float64{}
			}
			a.Latency[to] = max(a.Latency[to], ms)
		}
	}
	partyRoles(a.Players, md)
	return a
}

// partyRoles lets a party agree on roles that a team has room for.
func partyRoles(players []Visitor, md mode.Mode) {
	if len(md.Roles) == 0 || len(players) < 2 {
		return
	}
	left := map[string]int{}
	for _, r := range md.Roles {
		left[r.Name] = r.Count
	}
	for i := range players {
		at := slices.IndexFunc(players[i].Roles, func(r string) bool { return left[r] > 0 })
		if at >= 0 {
			left[players[i].Roles[at]]--
			continue
		}
		for _, r := range md.Roles {
			if left[r.Name] > 0 {
				players[i].Roles = append(slices.Clone(players[i].Roles), r.Name)
				left[r.Name]--
				break
			}
		}
	}
}
