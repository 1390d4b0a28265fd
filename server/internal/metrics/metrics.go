// Package metrics counts what a server does, for Prometheus, on a registry of its
// own. It knows nothing of rooms or connections; those who do hand it numbers.
//
// A metric is declared once, in catalogue.go. Nothing here costs a room much: a room
// counts in Counts while it ticks, and hands them over once per tick with
// KindMetrics.Tick, which looks up no label and allocates nothing.
package metrics

import (
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// Metrics are a server's metrics. Its methods may be called at any time from any
// goroutine.
type Metrics struct {
	registry *prometheus.Registry

	// Each metric's values, by its declaration. The maps do not change after New.
	counters   map[*metric]*prometheus.CounterVec
	gauges     map[*metric]*prometheus.GaugeVec
	histograms map[*metric]*prometheus.HistogramVec

	mu    sync.Mutex
	kinds map[string]*KindMetrics
}

// New returns the metrics of a server. version is the server's own, for
// tickroom_build_info.
func New(version string) *Metrics {
	m := &Metrics{
		registry:   prometheus.NewRegistry(),
		counters:   map[*metric]*prometheus.CounterVec{},
		gauges:     map[*metric]*prometheus.GaugeVec{},
		histograms: map[*metric]*prometheus.HistogramVec{},
		kinds:      map[string]*KindMetrics{},
	}
	for _, d := range declared {
		m.register(d)
		m.export(d)
	}
	m.gauge(buildInfo, version).Set(1)
	m.registry.MustRegister(
		collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(collectors.MetricsScheduler, collectors.MetricsGC)),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Registry returns the registry, to gather from and to register more with.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

// Connections sets the number of connections that are carried by a transport, "raw" or
// "gws".
func (m *Metrics) Connections(transport string, n int) {
	m.gauge(connections, transport).Set(float64(n))
}

// Pending sets the number of connections that have not joined a room yet.
func (m *Metrics) Pending(n int) { m.gauge(connectionsPending).Set(float64(n)) }

// TLSHandshakes sets how many handshakes wait for their turn, and counts turns that were taken, and handshakes
// that had to wait for too long, since the last call.
func (m *Metrics) TLSHandshakes(waiting int, turns, late uint64) {
	m.gauge(tlsWaiting).Set(float64(waiting))
	m.counter(tlsTurns).Add(float64(turns))
	m.counter(tlsLate).Add(float64(late))
}

// Rejected counts a connection or joiner that was turned away.
func (m *Metrics) Rejected(reason string) { m.counter(rejected, reason).Inc() }

// Open sets how many connections there are to the clients' address, and may be.
func (m *Metrics) Open(n, limit int) {
	m.gauge(openConnections).Set(float64(n))
	m.gauge(openMax).Set(float64(limit))
}

// Shed counts a connection that was closed before its time.
func (m *Metrics) Shed(reason string) { m.counter(shed, reason).Inc() }

// Refused counts a client or call that was turned away, by how far it had come and the
// operator's reason; see package refusal. A hello or joiner that was told a close code
// counts as Rejected too, as handshakes do by the gateway's own reasons. code is 0 for
// what is answered by HTTP.
func (m *Metrics) Refused(stage, why string, code int) {
	m.counter(refusals, stage, why).Inc()
	if stage == "hello" || stage == "room" {
		m.Rejected(codeLabel(code))
	}
}

// Denied counts a handshake or player that was kept out by a limit or a ban.
func (m *Metrics) Denied(reason string) { m.counter(denied, reason).Inc() }

// TokenRefused counts a hello without a good token.
func (m *Metrics) TokenRefused(reason string) { m.counter(tokensRefused, reason).Inc() }

// TokenRenewed counts a token that was sent within a session.
func (m *Metrics) TokenRenewed(result string) { m.counter(tokenRenewals, result).Inc() }

// Seat counts a seat that a client came with.
func (m *Metrics) Seat(result string) { m.counter(seats, result).Inc() }

// Show counts what becomes of a show: begun, ended, failed or lost.
func (m *Metrics) Show(what string) { m.counter(showChanges, what).Inc() }

// OpenedAhead counts a room that was opened before others were full.
func (m *Metrics) OpenedAhead(kind string) { m.counter(openedAhead, kind).Inc() }

// Banned counts a ban.
func (m *Metrics) Banned() { m.counter(bans).Inc() }

// Keys sets how many keys there are to check tokens with, and the time since they were
// last read, of the source for which that is longest. A negative time means that a
// source was never read.
func (m *Metrics) Keys(n int, age time.Duration) {
	m.gauge(identityKeys).Set(float64(n))
	m.gauge(identityKeysAge).Set(age.Seconds())
}

// Memory sets how much memory there may be and is, and whether there is too little.
func (m *Metrics) Memory(limit, used uint64, under bool) {
	m.gauge(memoryLimit).Set(float64(limit))
	m.gauge(memoryUsed).Set(float64(used))
	short := 0.0
	if under {
		short = 1
	}
	m.gauge(memoryPressure).Set(short)
}

// Tracked sets how many addresses are remembered.
func (m *Metrics) Tracked(n int) { m.gauge(addressesTracked).Set(float64(n)) }

// codeLabel returns the label of a close code. Codes without a meaning here, which
// clients may send as they like, share one, so that nobody can make labels.
func codeLabel(code int) string {
	if _, ours := tickroomv1.CloseCode_name[int32(code)]; ours || code >= 1000 && code <= 1015 {
		return strconv.Itoa(code)
	}
	return "other"
}
