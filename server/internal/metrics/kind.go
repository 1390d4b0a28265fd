package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// KindMetrics are the metrics of one kind of room. Its methods may be called from
// any goroutine.
type KindMetrics struct {
	m    *Metrics
	name string

	// What is needed in each tick, looked up once.
	duration, late    prometheus.Observer
	caughtUp          prometheus.Counter
	backlog, entities prometheus.Gauge
	counts            [numCounts]prometheus.Counter // nil: not exported
}

// Kind returns the metrics of a kind of room, the same each time.
func (m *Metrics) Kind(name string) *KindMetrics {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k := m.kinds[name]; k != nil {
		return k
	}
	for _, d := range declared {
		if len(d.labels) > 0 && d.labels[0].name == byKind.name {
			m.export(d, name)
		}
	}
	k := &KindMetrics{
		m: m, name: name,
		duration: m.histogram(tickDuration, name), late: m.histogram(tickLateness, name), caughtUp: m.counter(ticksCaughtUp, name),
		backlog: m.gauge(backlogBytes, name), entities: m.gauge(entities, name),
	}
	for i, c := range countOf {
		switch {
		case c.counter == notExported:
		case c.value == "":
			k.counts[i] = m.counter(c.counter, name)
		default:
			k.counts[i] = m.counter(c.counter, name, c.value)
		}
	}
	m.kinds[name] = k
	return k
}

// TickStats is what a room has to tell of a tick.
type TickStats struct {
	// Duration is how long the tick took, Late how much later than due it began.
	Duration, Late time.Duration
	// CaughtUp reports whether several ticks were simulated at once, since they were late.
	CaughtUp bool
	Counts   Counts
}

// Tick records a tick and what happened in it. It costs two histogram
// observations and an atomic addition for each count that is not 0, and
// allocates nothing.
func (k *KindMetrics) Tick(s *TickStats) {
	k.duration.Observe(s.Duration.Seconds())
	k.late.Observe(max(0, s.Late).Seconds())
	if s.CaughtUp {
		k.caughtUp.Inc()
	}
	for i, n := range &s.Counts {
		if c := k.counts[i]; n > 0 && c != nil {
			c.Add(float64(n))
		}
	}
}

// Dropped counts ticks that were never simulated.
func (k *KindMetrics) Dropped(ticks int) { k.counter(ticksDropped).Add(float64(ticks)) }

// Failed counts a room whose game has panicked. Closed is to be called as well.
func (k *KindMetrics) Failed() { k.counter(roomFailures).Inc() }

// JournalLost counts a room whose journal is not kept any more.
func (k *KindMetrics) JournalLost() { k.counter(journalsLost).Inc() }

// Restored counts a room that goes on after the end of its server.
func (k *KindMetrics) Restored() { k.counter(roomsRestored).Inc() }

func (k *KindMetrics) counter(c counter, value ...string) prometheus.Counter {
	return k.m.counter(c, append([]string{k.name}, value...)...)
}

func (k *KindMetrics) gauge(g gauge) prometheus.Gauge { return k.m.gauge(g, k.name) }
