package metrics

import "time"

// BusQueue sets how many messages wait to be posted.
func (m *Metrics) BusQueue(n int) { m.gauge(busQueue).Set(float64(n)) }

// BusUp sets whether the bus can be reached.
func (m *Metrics) BusUp(up bool) {
	v := 0.0
	if up {
		v = 1
	}
	m.gauge(busUp).Set(v)
}

// BusAgain counts messages that were posted once more.
func (m *Metrics) BusAgain(n int) { m.counter(busAgain).Add(float64(n)) }

// AsyncBegun counts work beside rooms that is begun.
func (m *Metrics) AsyncBegun() { m.gauge(asyncBusy).Inc() }

// AsyncReturned counts work that has returned.
func (m *Metrics) AsyncReturned() { m.gauge(asyncBusy).Dec() }

// AsyncEnded counts work whose outcome is known: "done", "failed", "late", "panicked", or "abandoned"
// with its room.
func (m *Metrics) AsyncEnded(how string, took time.Duration) {
	m.counter(asyncWork, how).Inc()
	m.histogram(asyncTimes).Observe(took.Seconds())
}
