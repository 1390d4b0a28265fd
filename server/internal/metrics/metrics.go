// Package metrics counts what a server does, for Prometheus, on a registry of its
// own. It knows nothing of rooms or connections; those who do hand it numbers.
//
// Nothing here costs a room much: a room counts in plain fields while it ticks,
// and hands them over once per tick with KindMetrics.Tick, which finds no label
// and allocates nothing.
package metrics

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// Buckets of the histograms, in seconds.
var (
	// tickBuckets go from an idle room to one that can't keep up at any rate.
	tickBuckets = []float64{
		50e-6, 100e-6, 200e-6, 400e-6, 800e-6, 1.5e-3, 3e-3, 6e-3, 10e-3, 15e-3, 20e-3, 30e-3, 50e-3, 100e-3, 250e-3, 1,
	}
	// lateBuckets are fine where it matters whether players feel it.
	lateBuckets = []float64{
		50e-6, 100e-6, 200e-6, 300e-6, 500e-6, 750e-6, 1e-3, 1.5e-3, 2e-3, 3e-3, 5e-3, 7.5e-3, 10e-3, 20e-3, 50e-3, 100e-3,
	}
)

// Reasons for which a client is sent no snapshot in a tick.
const (
	skippedBusy = iota
	skippedWindow
	skippedRate
	skippedReasons
)

// Reasons for which a connection or a joiner is turned away, besides close codes.
const (
	RejectedHandshake = "handshake"       // no proper WebSocket upgrade
	RejectedOrigin    = "origin"          // a browser from elsewhere
	RejectedFull      = "max_connections" // no place for a further connection
	RejectedPending   = "max_pending"     // too many that have not joined yet
)

// Metrics are a server's metrics. Its methods may be called at any time from any
// goroutine.
type Metrics struct {
	registry *prometheus.Registry

	rooms, clients, held         *prometheus.GaugeVec
	backlog, entities            *prometheus.GaugeVec
	connections                  *prometheus.GaugeVec
	pending                      prometheus.Gauge
	joins, leaves, resumes       *prometheus.CounterVec
	rejected, closes, denied     *prometheus.CounterVec
	tick, late                   *prometheus.HistogramVec
	caughtUp, dropped, failures  *prometheus.CounterVec
	bytesIn, bytesOut            *prometheus.CounterVec
	messagesIn, messagesOut      *prometheus.CounterVec
	snapshots, skipped           *prometheus.CounterVec
	inputs, commands, mismatches *prometheus.CounterVec
	limited                      *prometheus.CounterVec
	tokens, renewals, seats      *prometheus.CounterVec
	bans                         prometheus.Counter
	keys, keysAge                prometheus.Gauge
	tracked                      prometheus.Gauge
	roomsCreated, roomsClosed    *prometheus.CounterVec

	mu    sync.Mutex
	kinds map[string]*KindMetrics
}

// New makes the metrics of a server. version is its own, for tickroom_build_info.
func New(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), kinds: map[string]*KindMetrics{}}
	kind := []string{"kind"}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "tickroom", Name: name, Help: help}, labels)
		m.registry.MustRegister(v)
		return v
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "tickroom", Name: name, Help: help}, labels)
		m.registry.MustRegister(v)
		return v
	}
	histogram := func(name, help string, buckets []float64) *prometheus.HistogramVec {
		v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "tickroom", Name: name, Help: help, Buckets: buckets}, kind)
		m.registry.MustRegister(v)
		return v
	}

	m.rooms = gauge("rooms", "Rooms that are running.", kind...)
	m.clients = gauge("clients", "Clients seated in rooms.", kind...)
	m.held = gauge("seats_held", "Seats kept for clients whose connection is lost.", kind...)
	m.entities = gauge("entities", "Entities in the rooms' worlds.", kind...)
	m.backlog = gauge("backlog_bytes", "Bytes waiting in clients' outboxes.", kind...)
	m.connections = gauge("connections", "Connections that have been upgraded, seated or not, by how they are carried.", "transport")
	pending := gauge("connections_pending", "Connections that have not joined a room yet.")
	m.pending = pending.WithLabelValues()

	m.joins = counter("joins_total", "Clients that took a seat.", kind...)
	m.leaves = counter("leaves_total", "Clients that gave up their seat.", kind...)
	m.resumes = counter("resumes_total", "Sessions that were taken up again by a new connection, by whether the old one was known to be lost.", "kind", "connection")
	m.rejected = counter("rejected_total", "Connections and joiners that were turned away, by close code or another reason.", "reason")
	m.denied = counter("denied_total", "Handshakes and players kept out by the limits of an address or a player, or by a ban.", "reason")
	m.closes = counter("closes_total", "Connections of seated clients that ended, by WebSocket close code; 1006: broken.", "code")
	m.roomsCreated = counter("rooms_created_total", "Rooms that were made.", kind...)
	m.roomsClosed = counter("rooms_closed_total", "Rooms that ended.", kind...)
	m.failures = counter("room_failures_total", "Rooms whose game panicked.", kind...)

	m.tick = histogram("tick_duration_seconds", "Time that a tick takes: reading, simulating, committing and writing.", tickBuckets)
	m.late = histogram("tick_lateness_seconds", "How much later than due a tick starts.", lateBuckets)
	m.caughtUp = counter("ticks_caught_up_total", "Late ticks that were simulated right after another.", kind...)
	m.dropped = counter("ticks_dropped_total", "Late ticks that were never simulated.", kind...)

	m.bytesIn = counter("received_bytes_total", "Bytes from clients.", kind...)
	m.bytesOut = counter("sent_bytes_total", "Bytes to clients.", kind...)
	m.messagesIn = counter("received_messages_total", "Messages from clients.", kind...)
	m.messagesOut = counter("sent_messages_total", "Messages to clients.", kind...)
	m.snapshots = counter("snapshots_sent_total", "Snapshots sent.", kind...)
	m.skipped = counter("snapshots_skipped_total", "Snapshots not sent: the socket was busy, the client's window of unacknowledged ticks full, or its rate lower.", "kind", "reason")
	m.inputs = counter("inputs_total", "Inputs from clients: accepted in time, late, or dropped.", "kind", "result")
	m.commands = counter("commands_total", "Commands from clients, by how they ended.", "kind", "result")
	m.mismatches = counter("hash_mismatches_total", "Clients that found their state's hash wrong.", kind...)

	m.limited = counter("limited_total", "Clients that were closed since they sent too much: messages, bytes or tokens.", "kind", "reason")
	m.tokens = counter("tokens_refused_total", "Hellos whose token was refused or missing.", "reason")
	m.renewals = counter("token_renewals_total", "Tokens that were sent within a session, by result: renewed, or why not.", "result")
	m.seats = counter("seats_total", "Seats that clients have come with, by result: used, or why they were refused.", "result")
	bans := counter("bans_total", "Bans that were made, here or on another node.")
	m.bans = bans.WithLabelValues()
	m.keys = gauge("identity_keys", "Keys that tokens are checked with.").WithLabelValues()
	m.keysAge = gauge("identity_keys_age_seconds", "How long ago the source of keys was read that was not for longest.").WithLabelValues()
	m.tracked = gauge("addresses_tracked", "Addresses whose handshakes are remembered.").WithLabelValues()

	gauge("build_info", "1; the label says which version runs.", "version").WithLabelValues(version).Set(1)
	m.registry.MustRegister(
		collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(collectors.MetricsScheduler, collectors.MetricsGC)),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Registry gives the registry, to gather from and to register more with.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

// Connection counts connections carried by a transport, "raw" or "gws": one more
// or, with -1, one fewer.
func (m *Metrics) Connection(transport string, by int) {
	m.connections.WithLabelValues(transport).Add(float64(by))
}

// Connections sets the number of connections carried by a transport.
func (m *Metrics) Connections(transport string, n int) {
	m.connections.WithLabelValues(transport).Set(float64(n))
}

// Pending sets the number of connections that have not joined a room yet.
func (m *Metrics) Pending(n int) { m.pending.Set(float64(n)) }

// Rejected counts a connection or joiner that was turned away.
func (m *Metrics) Rejected(reason string) { m.rejected.WithLabelValues(reason).Inc() }

// Denied counts a handshake that was refused for what its address has, or is, already.
func (m *Metrics) Denied(reason string) { m.denied.WithLabelValues(reason).Inc() }

// TokenRefused counts a hello without a good token.
func (m *Metrics) TokenRefused(reason string) { m.tokens.WithLabelValues(reason).Inc() }

// TokenRenewed counts a token that was sent within a session.
func (m *Metrics) TokenRenewed(result string) { m.renewals.WithLabelValues(result).Inc() }

// Seat counts a seat that a client came with.
func (m *Metrics) Seat(result string) { m.seats.WithLabelValues(result).Inc() }

// Banned counts a ban.
func (m *Metrics) Banned() { m.bans.Inc() }

// Keys sets how many keys there are to check tokens with, and the age of the oldest
// reading of a source; negative: one was never read.
func (m *Metrics) Keys(n int, age time.Duration) {
	m.keys.Set(float64(n))
	m.keysAge.Set(age.Seconds())
}

// Tracked sets how many addresses are remembered.
func (m *Metrics) Tracked(n int) { m.tracked.Set(float64(n)) }

// RejectedCode is Rejected for one that was told a close code.
func (m *Metrics) RejectedCode(code int) { m.Rejected(codeLabel(code)) }

// codeLabel gives the label of a close code. Those that have no meaning here, which
// clients may send as they like, share one, so that nobody can make labels.
func codeLabel(code int) string {
	if _, ours := tickroomv1.CloseCode_name[int32(code)]; ours || code >= 1000 && code <= 1015 {
		return strconv.Itoa(code)
	}
	return "other"
}

// TickStats is what a room counts during a tick.
type TickStats struct {
	// Duration is how long the tick took, Late how much later than due it began.
	Duration, Late time.Duration
	// CaughtUp tells that the tick began right after another, since it was late.
	CaughtUp bool

	BytesIn, BytesOut       int
	MessagesIn, MessagesOut int

	Snapshots     int
	SkippedBusy   int // the socket had not taken the last one whole
	SkippedWindow int // too many ticks unacknowledged
	SkippedRate   int // the client is sent fewer

	Inputs        int // those that came in time
	InputsLate    int // those that came after their tick
	InputsDropped int // those that were too many or too early

	Commands          int // those that were done
	CommandsUnknown   int
	CommandsMalformed int
	CommandsRefused   int
	CommandsLimited   int

	Mismatches int // clients that found their state's hash wrong

	// Clients that were closed since they sent too much of something.
	MessagesLimited, BytesLimited, TokensLimited int
}

// KindMetrics are the metrics of one kind of room. Its methods may be called from
// any goroutine.
type KindMetrics struct {
	m               *Metrics
	rooms           prometheus.Gauge
	clients, held   prometheus.Gauge
	entities        prometheus.Gauge
	backlog         prometheus.Gauge
	created, closed prometheus.Counter
	joins, leaves   prometheus.Counter
	resumed         prometheus.Counter // after the connection was lost
	resumedOver     prometheus.Counter // while there was another
	failures        prometheus.Counter
	tick, late      prometheus.Observer
	caughtUp        prometheus.Counter
	dropped         prometheus.Counter
	bytesIn         prometheus.Counter
	bytesOut        prometheus.Counter
	messagesIn      prometheus.Counter
	messagesOut     prometheus.Counter
	snapshots       prometheus.Counter
	skipped         [skippedReasons]prometheus.Counter
	inputs          [3]prometheus.Counter // accepted, late, dropped
	commands        [5]prometheus.Counter // done, unknown, malformed, refused, limited
	mismatches      prometheus.Counter
	limited         [3]prometheus.Counter // messages, bytes, tokens
}

// Kind gives the metrics of a kind of room, the same each time.
func (m *Metrics) Kind(name string) *KindMetrics {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k := m.kinds[name]; k != nil {
		return k
	}
	k := &KindMetrics{
		m:     m,
		rooms: m.rooms.WithLabelValues(name), clients: m.clients.WithLabelValues(name),
		entities: m.entities.WithLabelValues(name), backlog: m.backlog.WithLabelValues(name),
		created: m.roomsCreated.WithLabelValues(name), closed: m.roomsClosed.WithLabelValues(name),
		held:    m.held.WithLabelValues(name),
		resumed: m.resumes.WithLabelValues(name, "lost"), resumedOver: m.resumes.WithLabelValues(name, "taken_over"),
		joins: m.joins.WithLabelValues(name), leaves: m.leaves.WithLabelValues(name),
		failures: m.failures.WithLabelValues(name),
		tick:     m.tick.WithLabelValues(name), late: m.late.WithLabelValues(name),
		caughtUp: m.caughtUp.WithLabelValues(name), dropped: m.dropped.WithLabelValues(name),
		bytesIn: m.bytesIn.WithLabelValues(name), bytesOut: m.bytesOut.WithLabelValues(name),
		messagesIn: m.messagesIn.WithLabelValues(name), messagesOut: m.messagesOut.WithLabelValues(name),
		snapshots: m.snapshots.WithLabelValues(name), mismatches: m.mismatches.WithLabelValues(name),
	}
	for i, reason := range []string{"busy", "window", "rate"} {
		k.skipped[i] = m.skipped.WithLabelValues(name, reason)
	}
	for i, result := range []string{"accepted", "late", "dropped"} {
		k.inputs[i] = m.inputs.WithLabelValues(name, result)
	}
	for i, result := range []string{"done", "unknown", "malformed", "refused", "limited"} {
		k.commands[i] = m.commands.WithLabelValues(name, result)
	}
	for i, reason := range []string{"messages", "bytes", "tokens"} {
		k.limited[i] = m.limited.WithLabelValues(name, reason)
	}
	m.kinds[name] = k
	return k
}

// Tick records a tick and what happened in it. It costs two histogram
// observations and an atomic addition for each count that is not 0, and
// allocates nothing.
func (k *KindMetrics) Tick(s *TickStats) {
	k.tick.Observe(s.Duration.Seconds())
	k.late.Observe(max(0, s.Late).Seconds())
	if s.CaughtUp {
		k.caughtUp.Inc()
	}
	count(k.bytesIn, s.BytesIn)
	count(k.bytesOut, s.BytesOut)
	count(k.messagesIn, s.MessagesIn)
	count(k.messagesOut, s.MessagesOut)
	count(k.snapshots, s.Snapshots)
	count(k.skipped[skippedBusy], s.SkippedBusy)
	count(k.skipped[skippedWindow], s.SkippedWindow)
	count(k.skipped[skippedRate], s.SkippedRate)
	count(k.inputs[0], s.Inputs)
	count(k.inputs[1], s.InputsLate)
	count(k.inputs[2], s.InputsDropped)
	count(k.commands[0], s.Commands)
	count(k.commands[1], s.CommandsUnknown)
	count(k.commands[2], s.CommandsMalformed)
	count(k.commands[3], s.CommandsRefused)
	count(k.commands[4], s.CommandsLimited)
	count(k.mismatches, s.Mismatches)
	count(k.limited[0], s.MessagesLimited)
	count(k.limited[1], s.BytesLimited)
	count(k.limited[2], s.TokensLimited)
}

func count(c prometheus.Counter, n int) {
	if n > 0 {
		c.Add(float64(n))
	}
}

// Dropped counts ticks that were never simulated.
func (k *KindMetrics) Dropped(ticks int) { count(k.dropped, ticks) }

// Rejected counts a joiner that a room turned away with a close code.
func (k *KindMetrics) Rejected(code int) { k.m.RejectedCode(code) }

// Failed counts a room whose game has panicked. Closed is to be called as well.
func (k *KindMetrics) Failed() { k.failures.Inc() }

// RoomMetrics are one room's share of its kind's gauges: each room sets its own
// numbers, and the kind shows their sums.
type RoomMetrics struct {
	k                 *KindMetrics
	clients, held     int
	backlog, entities int
	closed            atomic.Bool
}

// Room counts a room that begins.
func (k *KindMetrics) Room() *RoomMetrics {
	k.created.Inc()
	k.rooms.Inc()
	return &RoomMetrics{k: k}
}

// Joined counts a client that has taken a seat.
func (r *RoomMetrics) Joined() {
	r.k.joins.Inc()
	r.clients++
	r.k.clients.Inc()
}

// Away counts a client whose connection ended with a close code and whose seat is
// kept.
func (r *RoomMetrics) Away(code int) {
	r.k.m.closes.WithLabelValues(codeLabel(code)).Inc()
	r.clients--
	r.k.clients.Dec()
	r.held++
	r.k.held.Inc()
}

// Resumed counts a session with a new connection; away tells that it had none.
func (r *RoomMetrics) Resumed(away bool) {
	if !away {
		r.k.resumedOver.Inc()
		return
	}
	r.k.resumed.Inc()
	r.clients++
	r.k.clients.Inc()
	r.held--
	r.k.held.Dec()
}

// Expired counts a seat that was kept for long enough.
func (r *RoomMetrics) Expired() {
	r.k.leaves.Inc()
	r.held--
	r.k.held.Dec()
}

// Left counts a client whose connection and session ended with a close code.
func (r *RoomMetrics) Left(code int) {
	r.k.leaves.Inc()
	r.k.m.closes.WithLabelValues(codeLabel(code)).Inc()
	r.clients--
	r.k.clients.Dec()
}

// Size tells how many bytes wait in the room's outboxes, and how many entities
// its world has. It costs nothing when nothing has changed.
func (r *RoomMetrics) Size(backlog, entities int) {
	if d := backlog - r.backlog; d != 0 {
		r.backlog = backlog
		r.k.backlog.Add(float64(d))
	}
	if d := entities - r.entities; d != 0 {
		r.entities = entities
		r.k.entities.Add(float64(d))
	}
}

// Closed takes the room out of the gauges. It may be called twice.
func (r *RoomMetrics) Closed() {
	if r.closed.Swap(true) {
		return
	}
	r.Size(0, 0)
	r.k.clients.Sub(float64(r.clients))
	r.k.held.Sub(float64(r.held))
	r.k.rooms.Dec()
	r.k.closed.Inc()
}
