package load

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// stats is what is counted in the window.
type stats struct {
	frames, bytes, payload   int64
	sent, sentBytes, blocked int64
	gaps, late               *hdrhistogram.Histogram
}

func newStats() stats {
	// In microseconds, up to a minute.
	return stats{gaps: hdrhistogram.New(1, 60e6, 3), late: hdrhistogram.New(1, 60e6, 3)}
}

func (s *stats) reset() {
	s.gaps.Reset()
	s.late.Reset()
	*s = stats{gaps: s.gaps, late: s.late}
}

// note records a duration. What is out of range counts as the nearest in it.
func note(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(min(max(d.Microseconds(), 1), 60e6))
}

func quantiles(h *hdrhistogram.Histogram) Quantiles {
	return Quantiles{
		P50: float64(h.ValueAtQuantile(50)) / 1e3,
		P99: float64(h.ValueAtQuantile(99)) / 1e3,
		Max: float64(h.Max()) / 1e3,
	}
}

// report fills in what was counted by a number of clients in a window.
func (s *stats) report(r *Report, clients int, window time.Duration) {
	r.WindowS = window.Seconds()
	r.Frames, r.Bytes, r.Sent, r.Blocked = s.frames, s.bytes, s.sent, s.blocked
	if s.frames > 0 {
		r.MeanFrame = float64(s.bytes) / float64(s.frames)
		r.MeanPayload = float64(s.payload) / float64(s.frames)
	}
	if s.sent > 0 {
		r.MeanSent = float64(s.sentBytes) / float64(s.sent)
	}
	if clients > 0 && window > 0 {
		r.FramesPerClientPerS = float64(s.frames) / float64(clients) / window.Seconds()
	}
	r.TickGapMS, r.LateMS = quantiles(s.gaps), quantiles(s.late)
}
