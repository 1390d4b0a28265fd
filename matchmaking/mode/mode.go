// Package mode says what a match must be: how many teams and players, whom its
// players may meet, and how that loosens while they wait. A Mode is made by New and
// changed, or read from a configuration file by Parse. The package makes no matches;
// matchmaking/match does.
package mode

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tickroom/tickroom/matchmaking/internal/rating"
)

// Bounds of what a mode can ask for.
const (
	MaxPlayers = 256 // of a match
	MaxTeams   = 64
	MaxRoles   = 8
	MaxSteps   = 32 // of a window
	MaxRegions = 64
)

// Mode is what a match must be.
type Mode struct {
	Name    string
	Room    Room
	Format  Format
	Rating  Rating
	Latency Latency
	// Balance is how likely the favourite of two teams may be to win, by the prediction
	// of the ratings; from 0.5 to 1, which is no limit. It widens with each ticket's own
	// waiting, and the tightest counts.
	Balance Window
	// Roles are how many players of a role each team has. Empty: there are no roles;
	// otherwise they add up to the size of a team.
	Roles    []Role
	Party    Party
	Backfill Backfill
	Bots     Bots
	// Timeout is how long a ticket waits at most; 0: for ever.
	Timeout time.Duration
	Quality Quality
}

// Room is where a match takes place.
type Room struct {
	Kind    string
	Options map[string]string
}

// Format is how many play.
type Format struct {
	// FreeForAll means that everybody plays for itself. Then Teams is 1, and Size is
	// the number of players.
	FreeForAll bool
	Teams      int
	// Size is the number of players of each team.
	Size int
	// MinSize is the number of players of each team that is enough once somebody in
	// the match has waited for StartAfter. All teams have the same number. It is at
	// most Size.
	MinSize    int
	StartAfter time.Duration
}

// Players gives the number of players of a full match.
func (f Format) Players() int { return f.Teams * f.Size }

// Measure is which number stands for the rating of a party.
type Measure string

// The measures.
const (
	// Mean: a party counts as its players' mean.
	Mean Measure = "mean"
	// Highest: a party counts as its strongest player.
	Highest Measure = "highest"
	// Each: every player of a party counts, also against each other. A party whose
	// own players are too far apart is never matched.
	Each Measure = "each"
)

// Rating is how far apart players may be.
//
// Each ticket has a window, that widens with its own waiting. In a match the gap
// between the highest and the lowest rating of its tickets must be within the window
// of every one of them, so that the tightest counts; what a party's rating is, Party
// says.
type Rating struct {
	Window Window
	Party  Measure
	// Options are the parameters of the ratings.
	Options rating.Options
}

// Latency is how slow a connection may be to the region of a match.
//
// Each ticket has a cap, that widens with its own waiting, and may play in the regions
// to which its latency is within the cap. A party's latency is the worst of its
// players'. A ticket that names no latencies plays anywhere.
type Latency struct {
	// Cap is in milliseconds; it may be infinite.
	Cap Window
	// Regions are those that there are, with caps of their own where they have one.
	// Empty: whatever regions the tickets name.
	Regions []Region
}

// Region is a place where rooms run.
type Region struct {
	Name string
	Cap  *Window // nil: that of the mode
}

// Role is how many players of a role each team has.
type Role struct {
	Name  string
	Count int
}

// Party is what holds for those who come together.
type Party struct {
	// Max is the size of the largest party. 1: everybody comes alone.
	Max int
	// Advantage is by how much, in points of rating, each player of a party plays
	// better for each other one of the party, when teams are balanced.
	Advantage float64
}

// Backfill is how players join rooms that run.
type Backfill struct {
	Enabled bool
	// After is how long a ticket waits before it goes to a room that runs.
	After time.Duration
	// MaxAge is how old a room may be; 0: as old as it wants.
	MaxAge time.Duration
	// MaxSeats is how many seats of one room are filled in this way at once; 0: as
	// many as are free.
	MaxSeats int
}

// Bots is how bots fill what players don't.
type Bots struct {
	Enabled bool
	// After is how long somebody in the match has waited.
	After time.Duration
	// Max is how many bots a match has at most, MinPlayers how many players at least.
	Max, MinPlayers int
}

// Quality are the weights of what makes a match good. See match.Quality.
type Quality struct {
	Rating, Balance, Latency, Party float64
}

// New gives a mode of two teams of one, with the defaults.
func New(name string) Mode {
	return Mode{
		Name:   name,
		Format: Format{Teams: 2, Size: 1, MinSize: 1},
		Rating: Rating{
			Window:  Window{Base: 100, Pace: 5, After: 10 * time.Second, Cap: 400},
			Party:   Mean,
			Options: rating.Default(),
		},
		Latency:  Latency{Cap: Window{Base: math.Inf(1)}},
		Balance:  Window{Base: 1},
		Party:    Party{Max: 1},
		Backfill: Backfill{After: 5 * time.Second},
		Bots:     Bots{After: time.Minute, MinPlayers: 1},
		Timeout:  5 * time.Minute,
		Quality:  Quality{Rating: 1, Balance: 2, Latency: 1, Party: 1},
	}
}

// Problem is what is wrong with a field of a mode.
type Problem struct {
	Field string // as in the configuration file, with dots
	Text  string // what is wrong, and what is allowed
}

func (p Problem) Error() string { return p.Field + ": " + p.Text }

// Validate gives all that is wrong with the mode.
func (m *Mode) Validate() []Problem {
	var out problems
	f := m.Format
	size := "teams.size"
	minimum, start := "teams.min_size", "teams.start_after"
	if f.FreeForAll {
		size, minimum, start = "players.max", "players.min", "players.start_after"
		out.number(size, float64(f.Size), 2, MaxPlayers)
		out.number(minimum, float64(f.MinSize), 2, float64(f.Size))
	} else {
		out.number("teams.count", float64(f.Teams), 2, MaxTeams)
		out.number(size, float64(f.Size), 1, MaxPlayers)
		out.number(minimum, float64(f.MinSize), 1, float64(f.Size))
		if f.Teams > 0 && f.Size > 0 && f.Players() > MaxPlayers {
			out.add(size, "%d teams of %d are %d players; there can be %d", f.Teams, f.Size, f.Players(), MaxPlayers)
		}
	}
	out.time(start, f.StartAfter, 0)
	out.window("rating.window", "rating.widen", "", &m.Rating.Window)
	if !slices.Contains([]Measure{Mean, Highest, Each}, m.Rating.Party) {
		out.add("rating.party", "%q is not allowed; it must be mean, highest or each", m.Rating.Party)
	}
	o := m.Rating.Options
	out.number("rating.start", o.Mu, -1e6, 1e6)
	out.number("rating.uncertainty", o.Sigma, 1e-3, 1e6)
	out.number("rating.beta", o.Beta, 1e-3, 1e6)
	out.number("rating.tau", o.Tau, 0, 1e6)
	out.number("rating.draws", o.DrawRate, 0, 0.99)
	out.window("latency.cap", "latency.widen", "ms", &m.Latency.Cap)
	if n := len(m.Latency.Regions); n > MaxRegions {
		out.add("latency.regions", "there are %d; there can be %d", n, MaxRegions)
	}
	for _, r := range m.Latency.Regions {
		if r.Name == "" {
			out.add("latency.regions", "a region needs a name")
		}
		if r.Cap != nil {
			out.window("latency.regions."+r.Name+".cap", "latency.regions."+r.Name+".widen", "ms", r.Cap)
		}
	}
	out.window("balance.cap", "balance.widen", "", &m.Balance)
	if w := m.Balance; !(w.Base >= 0.5 && w.Max() <= 1) {
		out.add("balance.cap", "%v to %v is not allowed; it must be from 0.5 to 1", w.Base, w.Max())
	} else if w.Base < 1 && (f.FreeForAll || f.Teams != 2) {
		out.add("balance.cap", "it is for two teams")
	}
	m.roles(&out)
	largest := max(f.Size, 1)
	out.number("party.max", float64(m.Party.Max), 1, float64(largest))
	out.number("party.advantage", m.Party.Advantage, -1e6, 1e6)
	out.time("backfill.after", m.Backfill.After, 0)
	out.time("backfill.max_age", m.Backfill.MaxAge, 0)
	out.number("backfill.max_seats", float64(m.Backfill.MaxSeats), 0, MaxPlayers)
	out.time("bots.after", m.Bots.After, 0)
	if m.Bots.Enabled {
		out.number("bots.max", float64(m.Bots.Max), 1, float64(max(1, f.Players()-1)))
		out.number("bots.min_players", float64(m.Bots.MinPlayers), 1, float64(max(1, f.Players())))
	}
	out.time("timeout", m.Timeout, 0)
	q := m.Quality
	for _, w := range []struct {
		field string
		v     float64
	}{{"quality.rating", q.Rating}, {"quality.balance", q.Balance}, {"quality.latency", q.Latency}, {"quality.party", q.Party}} {
		out.number(w.field, w.v, 0, 1e6)
	}
	if q == (Quality{}) {
		out.add("quality", "all weights are 0; one at least must be more")
	}
	return out
}

func (m *Mode) roles(out *problems) {
	if len(m.Roles) == 0 {
		return
	}
	if m.Format.FreeForAll {
		out.add("roles", "there are no teams to have roles in")
		return
	}
	if len(m.Roles) > MaxRoles {
		out.add("roles", "there are %d; there can be %d", len(m.Roles), MaxRoles)
	}
	sum := 0
	for _, r := range m.Roles {
		if r.Name == "" {
			out.add("roles", "a role needs a name")
		}
		out.number("roles."+r.Name, float64(r.Count), 1, float64(m.Format.Size))
		sum += r.Count
	}
	if sum != m.Format.Size {
		out.add("roles", "they add up to %d players; a team has %d", sum, m.Format.Size)
	}
	if m.Format.MinSize != m.Format.Size {
		out.add("teams.min_size", "%d is not allowed where there are roles; it must be %d, as teams.size", m.Format.MinSize, m.Format.Size)
	}
}

type problems []Problem

func (p *problems) add(field, format string, args ...any) {
	*p = append(*p, Problem{field, fmt.Sprintf(format, args...)})
}

func (p *problems) number(field string, x, low, high float64) {
	if !(x >= low && x <= high) {
		p.add(field, "%v is not allowed; it must be from %v to %v", x, low, high)
	}
}

func (p *problems) time(field string, d, low time.Duration) {
	if high := 24 * time.Hour; d < low || d > high {
		p.add(field, "%v is not allowed; it must be from %v to %v", d, low, high)
	}
}

func (p *problems) window(base, widen, unit string, w *Window) {
	if !(w.Base >= 0) {
		p.add(base, "%v%s is not allowed; it must be 0 or more", w.Base, unit)
	}
	if len(w.Steps) > 0 && w.Pace != 0 {
		p.add(widen, "it goes by steps or at a pace, not both")
	}
	if len(w.Steps) > MaxSteps {
		p.add(widen, "there are %d steps; there can be %d", len(w.Steps), MaxSteps)
	}
	last := Step{-1, w.Base}
	for i, s := range w.Steps {
		p.time(fmt.Sprintf("%s.%d.after", widen, i), s.After, 0)
		if s.After <= last.After {
			p.add(fmt.Sprintf("%s.%d.after", widen, i), "%v is not later than the %v before", s.After, last.After)
		}
		if !(s.To > last.To) {
			p.add(fmt.Sprintf("%s.%d.to", widen, i), "%v%s is not wider than the %v%s before", s.To, unit, last.To, unit)
		}
		last = s
	}
	if w.Pace != 0 {
		p.time(widen+".after", w.After, 0)
		if !(w.Pace > 0) || math.IsInf(w.Pace, 0) {
			p.add(widen+".per_second", "%v%s is not allowed; it must be more than 0", w.Pace, unit)
		}
		if !(w.Cap > w.Base) || math.IsInf(w.Cap, 0) {
			p.add(widen+".to", "%v%s is not wider than the %v%s at first", w.Cap, unit, w.Base, unit)
		}
	}
}
