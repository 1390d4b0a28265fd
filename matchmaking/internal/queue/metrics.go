package queue

import "time"

// Metrics is told how the queues do. Its methods are called from many goroutines, and
// must not block.
type Metrics interface {
	// Held tells whether this server has a queue.
	Held(mode string, held bool)
	// Waiting gives the tickets that wait in a queue that is held, as of now, and how many
	// of them are in decisions that are not known to have come true.
	Waiting(mode string, tickets, undecided int)
	// Pass tells of a pass and how long it took.
	Pass(mode string, took time.Duration)
	// Match tells of a match that has come true: its players and bots, how far apart the
	// ratings of its tickets are, and how long each of those has waited.
	Match(mode string, players, bots int, spread float64, waits []time.Duration)
	// Fill tells of players who were sent to a room that runs.
	Fill(mode string, players int, waits []time.Duration)
	// TimedOut tells of tickets that were given up.
	TimedOut(mode string, tickets int)
	// NoNode tells of a match that waits since no node can take it.
	NoNode(mode, region string)
	// Error tells that the store did not answer, or not as it should.
	Error(mode string)
}

// Nobody is a Metrics that does not care.
type Nobody struct{}

// Held does nothing.
func (Nobody) Held(string, bool) {}

// Waiting does nothing.
func (Nobody) Waiting(string, int, int) {}

// Pass does nothing.
func (Nobody) Pass(string, time.Duration) {}

// Match does nothing.
func (Nobody) Match(string, int, int, float64, []time.Duration) {}

// Fill does nothing.
func (Nobody) Fill(string, int, []time.Duration) {}

// TimedOut does nothing.
func (Nobody) TimedOut(string, int) {}

// NoNode does nothing.
func (Nobody) NoNode(string, string) {}

// Error does nothing.
func (Nobody) Error(string) {}
