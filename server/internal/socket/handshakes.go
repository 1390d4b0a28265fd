package socket

import (
	"os"
	"runtime"
	"sync/atomic"
	"time"
)

// Handshakes bounds how many TLS handshakes compute at a time, so that a storm of them leaves
// room for ticks. A handshake has a turn from when a message of the client is there until it
// waits for the next one; so whoever does not go on takes nobody's turn. Those beyond the bound wait,
// for as long as a handshake may take. Who makes how many is for package door.
type Handshakes struct {
	turns   chan struct{}
	waiting atomic.Int64
	taken   atomic.Uint64
	late    atomic.Uint64
}

// HandshakeStats are the gauges and counters of Handshakes.
type HandshakeStats struct {
	Waiting int    // handshakes that wait for their turn
	Turns   uint64 // turns that were taken: one in a handshake of TLS 1.3, two in one of TLS 1.2
	Late    uint64 // handshakes that have waited for longer than a handshake may take
}

// NewHandshakes returns a bound for handshakes: at most so many compute at a time. 0 stands for half of the
// cores, at least one.
func NewHandshakes(most int) *Handshakes {
	if most <= 0 {
		most = max(1, runtime.GOMAXPROCS(0)/2)
	}
	return &Handshakes{turns: make(chan struct{}, most)}
}

// Stats returns a copy of the gauges and counters.
func (h *Handshakes) Stats() HandshakeStats {
	return HandshakeStats{Waiting: int(h.waiting.Load()), Turns: h.taken.Load(), Late: h.late.Load()}
}

// take waits for a turn, which is to be given back; not longer than until, if that is not zero.
func (h *Handshakes) take(until time.Time) error {
	h.taken.Add(1)
	select {
	case h.turns <- struct{}{}:
		return nil
	default:
	}
	h.waiting.Add(1)
	defer h.waiting.Add(-1)
	var late <-chan time.Time
	if !until.IsZero() {
		t := time.NewTimer(time.Until(until))
		defer t.Stop()
		late = t.C
	}
	select {
	case h.turns <- struct{}{}:
		return nil
	case <-late:
		h.late.Add(1)
		return os.ErrDeadlineExceeded
	}
}

func (h *Handshakes) give() { <-h.turns }
