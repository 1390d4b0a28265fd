// Package mode says what a match must be: how many teams and players, whom its
// players may meet, and how that loosens while they wait. A Mode is made by New and
// changed, or read from a configuration file by Parse. The package makes no matches;
// the matcher does.
package mode

import (
	"math"
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
	Room    RoomSpec
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
	Party    Party    `yaml:"party"`
	Backfill Backfill `yaml:"backfill"`
	Bots     Bots     `yaml:"bots"`
	// Spectators lets others watch the rooms of the mode. Without it nobody may, but for those
	// who have the code of a private room.
	Spectators bool `yaml:"spectators"`
	// Timeout is how long a ticket waits at most; 0: for ever.
	Timeout time.Duration `yaml:"timeout" min:"0s" max:"24h"`
	Quality Quality       `yaml:"quality"`
}

// RoomSpec is what room a match takes place in.
type RoomSpec struct {
	Kind    string `yaml:"kind"`
	Options map[string]string
}

// Format is how many play.
type Format struct {
	// FreeForAll means that everybody plays for itself. Then Teams is 1, and Size is
	// the number of players.
	FreeForAll bool
	Teams      int `yaml:"count"`
	// Size is the number of players of each team.
	Size int `yaml:"size"`
	// MinSize is the number of players of each team that is enough once somebody in
	// the match has waited for StartAfter. All teams have the same number. It is at
	// most Size.
	MinSize    int           `yaml:"min_size"`
	StartAfter time.Duration `yaml:"start_after" min:"0s" max:"24h"`
}

// Players returns the number of players of a full match.
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
	// Party is which of its players' ratings stands for a party.
	Party Measure `yaml:"party" oneof:"mean highest each"`
	// Options are the parameters of the ratings.
	Options RatingOptions
}

// RatingOptions are the parameters of the method that ratings are made with.
type RatingOptions = rating.Options

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

// CapOf returns the cap of a region.
func (l *Latency) CapOf(region string) *Window {
	for i := range l.Regions {
		if r := &l.Regions[i]; r.Name == region && r.Cap != nil {
			return r.Cap
		}
	}
	return &l.Cap
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
	Max int `yaml:"max"`
	// Advantage is by how much, in points of rating, each player of a party plays
	// better for each other one of the party, when teams are balanced.
	Advantage float64 `yaml:"advantage" min:"-1e6" max:"1e6"`
}

// Backfill is how players join rooms that run.
type Backfill struct {
	Enabled bool `yaml:"enabled"`
	// After is how long a ticket waits before it goes to a room that runs.
	After time.Duration `yaml:"after" min:"0s" max:"24h"`
	// MaxAge is how old a room may be; 0: as old as it wants.
	MaxAge time.Duration `yaml:"max_age" min:"0s" max:"24h"`
	// MaxSeats is how many seats of one room are filled in this way at once; 0: as
	// many as are free.
	MaxSeats int `yaml:"max_seats" min:"0" max:"256"`
}

// Bots is how bots fill what players don't.
type Bots struct {
	Enabled bool `yaml:"enabled"`
	// After is how long somebody in the match has waited.
	After time.Duration `yaml:"after" min:"0s" max:"24h"`
	// Max is how many bots a match has at most, MinPlayers how many players at least.
	Max        int `yaml:"max"`
	MinPlayers int `yaml:"min_players"`
}

// Quality are the weights of what makes a match good: how near its ratings are, how even
// its teams, how quick its connections, and how alike its parties.
type Quality struct {
	Rating  float64 `yaml:"rating" min:"0" max:"1e6"`
	Balance float64 `yaml:"balance" min:"0" max:"1e6"`
	Latency float64 `yaml:"latency" min:"0" max:"1e6"`
	Party   float64 `yaml:"party" min:"0" max:"1e6"`
}

// New returns a mode of two teams of one, with the defaults.
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
