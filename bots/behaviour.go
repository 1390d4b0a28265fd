package bots

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/proto/schema"
)

// Behaviour is how bots play a kind of room.
type Behaviour interface {
	// Schema returns the kind's generated schema.
	Schema() *schema.Schema
	// NewPilot makes what steers one bot, through one session. rnd is the bot's
	// own.
	NewPilot(rnd *rand.Rand) Pilot
}

// Pilot steers one bot. Its methods are called one at a time.
type Pilot interface {
	// Seated is called when the session has been welcomed, before any state.
	Seated(s *client.Session)
	// Input appends the next input, encoded. It may read the session's replica.
	Input(b []byte, s *client.Session) []byte
}

// behaviours by kind. It is not written after the package is initialised.
var behaviours = map[string]Behaviour{
	"walkers": walkers{},
	"arena":   arena{},
}

// kinds lists what bots can play.
func kinds() string { return strings.Join(slices.Sorted(maps.Keys(behaviours)), ", ") }
