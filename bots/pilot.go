package bots

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/proto/schema"
)

// Behaviour is how bots play a kind of room.
type Behaviour struct {
	// Schema is the kind's generated schema.
	Schema *schema.Schema
	// NewPilot returns what steers one bot through one session. rnd is the bot's own.
	NewPilot func(rnd *rand.Rand) Pilot
	// NewCrew, if it is not nil, returns what makes the pilots in the place of NewPilot,
	// anew for each run.
	NewCrew func(Setup) (Crew, error)
	// Alike says that most bots of a room are sent the same, as an audience is. They hold one
	// state then, and what comes is taken apart once: it is compared instead, byte by byte.
	Alike bool
	// Flags adds what the kind's bots can be told to the command's flags. Nil: nothing.
	Flags func(*pflag.FlagSet)
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
	// Received is called when a message has been applied, the first time after Seated. now
	// is by the run's clock.
	Received(s *client.Session, now time.Duration)
}

// Actor is implemented by a Pilot that does something at times of its own, such as sending
// a command.
type Actor interface {
	// Next returns when Act is to be called, by the run's clock; 0: not. It is asked each
	// time that the pilot has been called.
	Next() time.Duration
	// Act is called at that time, or a few milliseconds later.
	Act(s *client.Session, now time.Duration)
}

// Returner is implemented by a Pilot that wants to know that its bot's connection was lost,
// and that the bot is back in its session on another one. A session that is gone for good
// ends with its pilot: the bot gets another one.
type Returner interface {
	Lost(now time.Duration)
	// Back is called before what came with the welcome is given to Received.
	Back(s *client.Session, now time.Duration)
}

// names lists the kinds that there are behaviours for.
func names(kinds map[string]Behaviour) string {
	return strings.Join(slices.Sorted(maps.Keys(kinds)), ", ")
}
