package queue

import "time"

// Metrics is told how the queues do. Its methods are called from many goroutines, and
// must not block.
type Metrics interface {
	// Held is called when this server gets or loses a queue.
	Held(mode string, held bool)
	// Waiting is called with the tickets that wait in a queue that is held, as of now, and
	// how many of them are in decisions that are not known to have come true.
	Waiting(mode string, tickets, undecided int)
	// Pass is called after a pass, with how long it took.
	Pass(mode string, took time.Duration)
	// Match is called for a match that has come true: its players and bots, how far apart
	// the ratings of its tickets are, and how long each of those has waited.
	Match(mode string, players, bots int, spread float64, waits []time.Duration)
	// Fill is called for players who were sent to a room that runs.
	Fill(mode string, players int, waits []time.Duration)
	// TimedOut is called for tickets that were given up.
	TimedOut(mode string, tickets int)
	// NoNode is called for a match that waits since no node can take it.
	NoNode(mode, region string)
	// Error is called when the store did not answer, or not as it should.
	Error(mode string)
}
