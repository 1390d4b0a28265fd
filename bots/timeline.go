package bots

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// maxSamples is how many samples a timeline has at most. When there are more, each two
// become one.
const maxSamples = 1200

// Sample is a part of a run: a second, or in long runs a few.
type Sample struct {
	// AtS is when it ended, in seconds since the run began.
	AtS float64 `json:"at_s"`
	// Seated is how many bots were in a room then.
	Seated int `json:"seated"`
	// SnapshotsPerS and BytesInPerS are what all bots were sent per second.
	SnapshotsPerS float64 `json:"snapshots_per_s"`
	BytesInPerS   float64 `json:"bytes_in_per_s"`
	// These are in milliseconds; of several seconds, the median's mean and the worst of
	// the others. 0: nothing was measured, as while bots still join.
	InputToStateP50 float64 `json:"input_to_state_p50_ms"`
	InputToStateP99 float64 `json:"input_to_state_p99_ms"`
	SnapshotGapP99  float64 `json:"snapshot_gap_p99_ms"`
}

// timeline gathers samples from the loops of a swarm.
type timeline struct {
	loops int

	mu sync.Mutex
	// Guarded by mu.
	open    map[int64]*second
	samples []Sample
	each    int // seconds in a sample
	pending []Sample
}

// second is what the loops have told of a second so far.
type second struct {
	loops             int
	seated            int
	snapshots, bytes  uint64
	inputToState, gap *hdrhistogram.Histogram
}

// windowed returns a histogram for a second: in microseconds, up to a minute, to two digits.
func windowed() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, int64(time.Minute/time.Microsecond), 2)
}

// window is what one loop counts in the second that runs.
type window struct {
	at                int64  // the second
	snapshots, bytes  uint64 // at its beginning
	inputToState, gap *hdrhistogram.Histogram
}

// tell takes in what a loop has counted in a second that is over.
func (t *timeline) tell(w *window, seated int, snapshots, bytes uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.open[w.at]
	if s == nil {
		s = &second{inputToState: windowed(), gap: windowed()}
		t.open[w.at] = s
	}
	s.loops++
	s.seated += seated
	s.snapshots += snapshots - w.snapshots
	s.bytes += bytes - w.bytes
	s.inputToState.Merge(w.inputToState)
	s.gap.Merge(w.gap)
	if s.loops < t.loops {
		return
	}
	delete(t.open, w.at)
	ms := func(h *hdrhistogram.Histogram, q float64) float64 { return float64(h.ValueAtQuantile(q)) / 1000 }
	t.add(Sample{
		AtS: float64(w.at), Seated: s.seated, SnapshotsPerS: float64(s.snapshots), BytesInPerS: float64(s.bytes),
		InputToStateP50: ms(s.inputToState, 50), InputToStateP99: ms(s.inputToState, 99), SnapshotGapP99: ms(s.gap, 99),
	})
}

// add adds the sample of a second. The caller holds mu.
func (t *timeline) add(s Sample) {
	if t.pending = append(t.pending, s); len(t.pending) < t.each {
		return
	}
	t.samples = append(t.samples, merge(t.pending))
	t.pending = t.pending[:0]
	if len(t.samples) < maxSamples {
		return
	}
	for i := range t.samples[:len(t.samples)/2] {
		t.samples[i] = merge(t.samples[2*i : 2*i+2])
	}
	t.samples = t.samples[:len(t.samples)/2]
	t.each *= 2
}

// merge makes one sample of several that follow each other.
func merge(all []Sample) Sample {
	out, n := all[len(all)-1], float64(len(all))
	out.SnapshotsPerS, out.BytesInPerS, out.InputToStateP50 = 0, 0, 0
	for _, s := range all {
		out.SnapshotsPerS += s.SnapshotsPerS / n
		out.BytesInPerS += s.BytesInPerS / n
		out.InputToStateP50 += s.InputToStateP50 / n
		out.InputToStateP99 = max(out.InputToStateP99, s.InputToStateP99)
		out.SnapshotGapP99 = max(out.SnapshotGapP99, s.SnapshotGapP99)
	}
	return out
}
