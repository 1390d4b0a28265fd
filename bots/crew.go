package bots

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/tickroom/tickroom/netcode/client"
)

// Crew is what all bots of a run share, for kinds of rooms in which what one bot does is to
// be looked for at others: who has sent what when, and who has seen it. Its methods may be
// called by several goroutines at the same time.
type Crew interface {
	// Hello adds to what a bot, by its number from 0, joins with.
	Hello(bot int, cfg *client.Config)
	// NewPilot returns what steers a bot through one session, until that is over: also over
	// several connections. rnd is the bot's own.
	NewPilot(bot int, rnd *rand.Rand) Pilot
	// Play is called once all bots have joined, and runs beside them. When ctx ends nothing
	// more is to be begun; Play then waits, within bounds, for what has been sent to come,
	// and returns. If it returns before, the run is over. The bots leave afterwards.
	Play(ctx context.Context) error
	// Figures returns what has been measured. It is called before the first bot joins, for the
	// names, and when the last one has left.
	Figures() []Figure
}

// Setup is what a Crew is made for.
type Setup struct {
	// Server is the address that the bots connect to, or several with commas between them.
	Server string
	// Options are those of the rooms that bots join.
	Options map[string]string
	// Clients is how many bots there are, and Seed what the run is repeatable by.
	Clients int
	Seed    uint64
	// Disturbed reports whether a bot is one that reads slowly, or whose connection breaks: its
	// latencies are not those of the server.
	Disturbed func(bot int) bool
	// Now is the clock of the run, the same that pilots are told.
	Now func() time.Duration
	// Logger gets what should not happen.
	Logger *slog.Logger
}
