package client

import "time"

// Stats counts what a session has seen and done. Bytes include the headers of
// WebSocket frames.
type Stats struct {
	MessagesIn, BytesIn   uint64
	MessagesOut, BytesOut uint64
	Snapshots             uint64
	FullSnapshots         uint64
	SkippedTicks          uint64 // ticks that had no snapshot of their own
	RowsChanged           uint64 // rows created, changed or removed
	Events                uint64
	HashChecks            uint64
	Desyncs               uint64
	InputsSent            uint64
	InputsDropped         uint64 // forgotten since too many were waiting
	Resumes               uint64 // new connections that took the session up again
	RTT                   time.Duration
	MinRTT                time.Duration // of the last seconds
}

// Stats returns the counts so far.
func (s *Session) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.RTT, st.MinRTT = s.clock.lastRTT, s.clock.rtt.min()
	return st
}

// HeaderLen returns the length of the header of a WebSocket frame (RFC 6455
// section 5.2).
func HeaderLen(payload int, masked bool) int {
	n := 2
	if masked {
		n += 4
	}
	switch {
	case payload > 0xffff:
		n += 8
	case payload > 125:
		n += 2
	}
	return n
}
