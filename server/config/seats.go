package config

import "time"

// Seats is about how the matchmaker's seats are made and checked.
//
// A seat's times, from when it is made:
//
//	TTL           it expires, by the clock of the matchmaker that has made it
//	Reserved()    it is refused everywhere: clocks may be apart by Leeway. So long the
//	              place in the room is reserved, and so long a player of a match counts
//	              as one who is still to come
//
// What happens to a player who has come is no matter of the seat: a session whose
// connection is lost is kept for Config.Hold.
type Seats struct {
	// Required refuses clients that come without a seat from the matchmaker, but for
	// those who come back.
	Required bool `yaml:"required" default:"false"`
	// SecretFiles are files with the secrets that the matchmaker and all nodes share, each
	// of 32 bytes or more. The first makes seats, all are good for checking. Empty: a
	// random one, for a matchmaker and rooms in one process.
	SecretFiles []string `yaml:"secret_files" max:"8"`
	// TTL is how long a player may take to come with a seat.
	TTL time.Duration `yaml:"ttl" default:"30s" min:"1s" max:"10m"`
	// Leeway is how far the clocks of matchmaker and node may be apart.
	Leeway time.Duration `yaml:"leeway" default:"5s" min:"0s" max:"1m"`
	// MaxUsed is the most used seats that a node remembers: those of about seats.ttl and
	// seats.leeway. When it is reached players are told to come back.
	MaxUsed int `yaml:"max_used" default:"200000" min:"1" max:"100000000"`
}

// Reserved returns how long a place is kept for a player who has a seat and has not
// come with it yet; see Seats.
func (s *Seats) Reserved() time.Duration { return s.TTL + s.Leeway }
