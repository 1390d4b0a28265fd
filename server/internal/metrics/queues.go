package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tickroom/tickroom/matchmaking"
)

var (
	// waitBuckets are how long players wait for a match, from at once to forever.
	waitBuckets = []float64{0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600}
	// passBuckets are how long a pass takes, up to where one server is not enough.
	passBuckets = []float64{100e-6, 300e-6, 1e-3, 3e-3, 10e-3, 30e-3, 100e-3, 300e-3, 1, 3, 10}
	// spreadBuckets are in points of rating.
	spreadBuckets = []float64{10, 20, 30, 40, 60, 80, 100, 150, 200, 300, 400, 600, 1000}
)

// Queues are the metrics of the queues of matchmaking, by mode.
type Queues struct {
	held, waiting, undecided *prometheus.GaugeVec
	passes, waits, spread    *prometheus.HistogramVec
	matches, players, bots   *prometheus.CounterVec
	filled, timedOut, noNode *prometheus.CounterVec
	errors                   *prometheus.CounterVec
}

var _ matchmaking.QueueMetrics = (*Queues)(nil)

// Queues registers the metrics of the queues. It is to be called once.
func (m *Metrics) Queues() *Queues {
	mode := []string{"mode"}
	gauge := func(name, help string) *prometheus.GaugeVec {
		v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "tickroom", Subsystem: "queue", Name: name, Help: help}, mode)
		m.registry.MustRegister(v)
		return v
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "tickroom", Subsystem: "queue", Name: name, Help: help}, append(mode, labels...))
		m.registry.MustRegister(v)
		return v
	}
	histogram := func(name, help string, buckets []float64) *prometheus.HistogramVec {
		v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "tickroom", Subsystem: "queue", Name: name, Help: help, Buckets: buckets}, mode)
		m.registry.MustRegister(v)
		return v
	}
	return &Queues{
		held:      gauge("held", "1 while this server runs the queue, else 0."),
		waiting:   gauge("waiting_tickets", "Tickets that wait in the queue, as the server knows that runs it."),
		undecided: gauge("undecided_tickets", "Tickets of which the store has not said whether they are matched."),
		passes:    histogram("pass_seconds", "Time that a matching pass takes.", passBuckets),
		waits:     histogram("wait_seconds", "How long tickets that were matched have waited.", waitBuckets),
		spread:    histogram("rating_spread", "The highest less the lowest rating of the tickets of a match.", spreadBuckets),
		matches:   counter("matches_total", "Matches that were made."),
		players:   counter("matched_players_total", "Players of the matches that were made."),
		bots:      counter("matched_bots_total", "Bots of the matches that were made."),
		filled:    counter("filled_players_total", "Players who were sent to rooms that run."),
		timedOut:  counter("given_up_total", "Tickets that were given up: they waited too long, or don't fit the mode."),
		noNode:    counter("no_node_total", "Times that a match had to wait since no node could take it.", "region"),
		errors:    counter("errors_total", "Times that the store did not answer as it should."),
	}
}

// Held implements matchmaking.QueueMetrics, as do the others.
func (q *Queues) Held(mode string, held bool) {
	v := 0.0
	if held {
		v = 1
	}
	q.held.WithLabelValues(mode).Set(v)
}

// Waiting sets how many tickets wait.
func (q *Queues) Waiting(mode string, tickets, undecided int) {
	q.waiting.WithLabelValues(mode).Set(float64(tickets))
	q.undecided.WithLabelValues(mode).Set(float64(undecided))
}

// Pass counts a pass.
func (q *Queues) Pass(mode string, took time.Duration) {
	q.passes.WithLabelValues(mode).Observe(took.Seconds())
}

// Match counts a match.
func (q *Queues) Match(mode string, players, bots int, spread float64, waits []time.Duration) {
	q.matches.WithLabelValues(mode).Inc()
	q.players.WithLabelValues(mode).Add(float64(players))
	q.bots.WithLabelValues(mode).Add(float64(bots))
	q.spread.WithLabelValues(mode).Observe(spread)
	q.wait(mode, waits)
}

// Fill counts players who were sent to a room that runs.
func (q *Queues) Fill(mode string, players int, waits []time.Duration) {
	q.filled.WithLabelValues(mode).Add(float64(players))
	q.wait(mode, waits)
}

func (q *Queues) wait(mode string, waits []time.Duration) {
	h := q.waits.WithLabelValues(mode)
	for _, w := range waits {
		h.Observe(w.Seconds())
	}
}

// TimedOut counts tickets that were given up.
func (q *Queues) TimedOut(mode string, tickets int) {
	q.timedOut.WithLabelValues(mode).Add(float64(tickets))
}

// NoNode counts a match that has to wait for a node.
func (q *Queues) NoNode(mode, region string) { q.noNode.WithLabelValues(mode, region).Inc() }

// Error counts a failure of the store.
func (q *Queues) Error(mode string) { q.errors.WithLabelValues(mode).Inc() }
