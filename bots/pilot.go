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
type Behaviour struct {
	// Schema is the kind's generated schema.
	Schema *schema.Schema
	// NewPilot returns what steers one bot through one session. rnd is the bot's own.
	NewPilot func(rnd *rand.Rand) Pilot
}

// Pilot steers one bot. Its methods are called one at a time.
type Pilot interface {
	// Seated is called when the session has been welcomed, before any state.
	Seated(s *client.Session)
	// Input appends the next input, encoded. It may read the session's replica.
	Input(b []byte, s *client.Session) []byte
}

// Receiver is implemented by a Pilot that looks at each message: at the events and replies
// in the session's Frame, and what has become of the state. It may send commands.
type Receiver interface {
	// Received is called when a message has been applied, the first time after Seated.
	Received(s *client.Session)
}

// names lists the kinds that there are behaviours for.
func names(kinds map[string]Behaviour) string {
	return strings.Join(slices.Sorted(maps.Keys(kinds)), ", ")
}
