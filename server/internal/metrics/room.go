package metrics

import "sync/atomic"

// RoomMetrics are one room's share of its kind's gauges: each room sets its own
// numbers, and the kind shows their sums.
type RoomMetrics struct {
	k      *KindMetrics
	closed atomic.Bool

	// The room's goroutine's.
	clients, held     int
	backlog, entities int
	asleep, kept      bool
}

// Room counts a room that begins, and returns its share of the metrics.
func (k *KindMetrics) Room() *RoomMetrics {
	k.counter(roomsCreated).Inc()
	k.gauge(rooms).Inc()
	return &RoomMetrics{k: k}
}

// Joined counts a client that has taken a seat.
func (r *RoomMetrics) Joined() {
	r.k.counter(joins).Inc()
	r.addClients(1)
}

// Away counts a client whose connection ended with a close code and whose session is
// held.
func (r *RoomMetrics) Away(code int) {
	r.k.m.counter(closes, codeLabel(code)).Inc()
	r.addClients(-1)
	r.addHeld(1)
}

// Resumed counts a session with a new connection. away reports whether it had none.
func (r *RoomMetrics) Resumed(away bool) {
	if !away {
		r.k.counter(resumes, "taken_over").Inc()
		return
	}
	r.k.counter(resumes, "lost").Inc()
	r.addClients(1)
	r.addHeld(-1)
}

// Held counts sessions that are held from the beginning, since the room was made again.
func (r *RoomMetrics) Held(n int) { r.addHeld(n) }

// Kept notes whether the room's journal is kept, so that it goes on when the server is started again.
func (r *RoomMetrics) Kept(kept bool) {
	if kept == r.kept {
		return
	}
	r.kept = kept
	if kept {
		r.k.gauge(roomsKept).Inc()
	} else {
		r.k.gauge(roomsKept).Dec()
	}
}

// Expired counts a session that was held, and has ended.
func (r *RoomMetrics) Expired() {
	r.k.counter(leaves).Inc()
	r.addHeld(-1)
}

// Left counts a client whose connection and session ended with a close code.
func (r *RoomMetrics) Left(code int) {
	r.k.counter(leaves).Inc()
	r.k.m.counter(closes, codeLabel(code)).Inc()
	r.addClients(-1)
}

// Size sets how many bytes wait in the room's outboxes, and how many entities its world
// has. It costs nothing when nothing has changed.
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

// Asleep notes whether the room sleeps.
func (r *RoomMetrics) Asleep(asleep bool) {
	switch {
	case asleep == r.asleep:
		return
	case asleep:
		r.k.gauge(roomsAsleep).Inc()
	default:
		r.k.gauge(roomsAsleep).Dec()
	}
	r.asleep = asleep
}

// Closed takes the room out of the gauges. It may be called twice.
func (r *RoomMetrics) Closed() {
	if r.closed.Swap(true) {
		return
	}
	r.Size(0, 0)
	r.Asleep(false)
	r.Kept(false)
	r.addClients(-r.clients)
	r.addHeld(-r.held)
	r.k.gauge(rooms).Dec()
	r.k.counter(roomsClosed).Inc()
}

func (r *RoomMetrics) addClients(n int) {
	r.clients += n
	r.k.gauge(clients).Add(float64(n))
}

func (r *RoomMetrics) addHeld(n int) {
	r.held += n
	r.k.gauge(held).Add(float64(n))
}
