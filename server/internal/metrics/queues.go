package metrics

import (
	"time"

	"github.com/tickroom/tickroom/matchmaking"
)

// Queues are the metrics of the queues of matchmaking, by mode. It implements
// matchmaking.Metrics, which documents its methods.
type Queues struct{ m *Metrics }

var _ matchmaking.Metrics = (*Queues)(nil)

// Queues returns the metrics of the queues of matchmaking.
func (m *Metrics) Queues() *Queues { return &Queues{m} }

// Held sets whether this server runs a mode's queue.
func (q *Queues) Held(mode string, held bool) {
	v := 0.0
	if held {
		v = 1
	}
	q.m.gauge(queueHeld, mode).Set(v)
}

// Waiting sets how many tickets wait, and of how many it is not known whether they are
// matched.
func (q *Queues) Waiting(mode string, tickets, undecided int) {
	q.m.gauge(queueWaiting, mode).Set(float64(tickets))
	q.m.gauge(queueUndecided, mode).Set(float64(undecided))
}

// Pass counts a pass.
func (q *Queues) Pass(mode string, took time.Duration) {
	q.m.histogram(queuePasses, mode).Observe(took.Seconds())
}

// Match counts a match.
func (q *Queues) Match(mode string, players, bots int, spread float64, waits []time.Duration) {
	q.m.counter(queueMatches, mode).Inc()
	q.m.counter(queueMatchedPlayers, mode).Add(float64(players))
	q.m.counter(queueMatchedBots, mode).Add(float64(bots))
	q.m.histogram(queueSpread, mode).Observe(spread)
	q.wait(mode, waits)
}

// Fill counts players who were sent to a room that runs.
func (q *Queues) Fill(mode string, players int, waits []time.Duration) {
	q.m.counter(queueFilled, mode).Add(float64(players))
	q.wait(mode, waits)
}

func (q *Queues) wait(mode string, waits []time.Duration) {
	h := q.m.histogram(queueWaits, mode)
	for _, w := range waits {
		h.Observe(w.Seconds())
	}
}

// TimedOut counts tickets that were given up.
func (q *Queues) TimedOut(mode string, tickets int) {
	q.m.counter(queueGivenUp, mode).Add(float64(tickets))
}

// NoNode counts a match that has to wait for a node.
func (q *Queues) NoNode(mode, region string) { q.m.counter(queueNoNode, mode, region).Inc() }

// Error counts a failure of the store.
func (q *Queues) Error(mode string) { q.m.counter(queueErrors, mode).Inc() }
