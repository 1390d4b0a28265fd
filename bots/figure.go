package bots

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tickroom/tickroom/internal/reportpage"
)

// Figure is what a Crew has measured beyond what is measured of all bots: a number, or
// counts by what they are of, or latencies.
type Figure struct {
	// Name is the figure's in the report's JSON, such as gifts_lost.
	Name string
	// Text is what it is called for people.
	Text string
	// Value is the number, if it is one.
	Value float64
	// Counts are numbers by what they are of, such as the reason; nil: it is something else.
	Counts map[string]float64
	// Latency is nil for what is none; Curve and Moments are those of Latencies.
	Latency *Latency
	Curve   []float64
	Moments []Moment
}

// Moment is a second of a run in which latencies were recorded.
type Moment struct {
	// AtS is when it ended, in seconds since the run began.
	AtS float64 `json:"at_s"`
	// P50, P99 and Max are in milliseconds.
	P50   float64 `json:"p50_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
	Count int64   `json:"count"`
}

// maxMoments is how many seconds with their latencies are kept. Later ones count in the
// whole alone.
const maxMoments = 7200

// Latencies gathers durations, from one microsecond to ten minutes, from any number of
// goroutines.
type Latencies struct {
	mu sync.Mutex
	// Guarded by mu.
	all, second *hdrhistogram.Histogram
	at          int64 // second that is counted
	moments     []Moment
}

// NewLatencies returns one that holds nothing.
func NewLatencies() *Latencies { return &Latencies{all: whole(), second: windowed()} }

// whole returns a histogram for a run: in microseconds, up to ten minutes, to three digits.
func whole() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, int64(10*time.Minute/time.Microsecond), 3)
}

// Record adds a duration that ended now, by the run's clock.
func (l *Latencies) Record(d, now time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := int64(now / time.Second); s > l.at {
		l.turn(s)
	}
	record(l.all, d)
	record(l.second, d)
}

// turn begins a second. The caller holds mu.
func (l *Latencies) turn(s int64) {
	if n := l.second.TotalCount(); n > 0 && len(l.moments) < maxMoments {
		m := latency(l.second)
		// The clock begins at a second.
		l.moments = append(l.moments, Moment{AtS: float64(l.at), P50: m.P50, P99: m.P99, Max: m.Max, Count: n})
	}
	l.second.Reset()
	l.at = s
}

// Count returns how many durations were recorded.
func (l *Latencies) Count() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.TotalCount()
}

// Figure returns what was recorded.
func (l *Latencies) Figure(name, text string) Figure {
	l.mu.Lock()
	defer l.mu.Unlock()
	sum := latency(l.all)
	return Figure{Name: name, Text: text, Latency: &sum, Curve: curve(l.all), Moments: slices.Clone(l.moments)}
}

// value returns the figure as the report's JSON has it.
func (f *Figure) value() any {
	switch {
	case f.Latency != nil:
		return f.Latency
	case f.Counts != nil:
		return f.Counts
	}
	return f.Value
}

// text returns a number or counts for people.
func (f *Figure) text() string {
	if f.Counts == nil {
		return fmt.Sprintf("%.6g", f.Value)
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(f.Counts)) {
		if n := f.Counts[name]; n != 0 {
			parts = append(parts, fmt.Sprintf("%s %.6g", name, n))
		}
	}
	if len(parts) == 0 {
		return "0"
	}
	return strings.Join(parts, ", ")
}

// MarshalJSON encodes the report, with its figures among its own, and what their latencies
// were over time in over_time.
func (r *Report) MarshalJSON() ([]byte, error) {
	type plain Report
	b, err := json.Marshal((*plain)(r))
	if err != nil || len(r.Figures) == 0 {
		return b, err
	}
	more := []struct {
		name  string
		value any
	}{}
	over := map[string][]Moment{}
	for i := range r.Figures {
		f := &r.Figures[i]
		more = append(more, struct {
			name  string
			value any
		}{f.Name, f.value()})
		if len(f.Moments) > 0 {
			over[f.Name] = f.Moments
		}
	}
	if len(over) > 0 {
		more = append(more, struct {
			name  string
			value any
		}{"over_time", over})
	}
	b = b[:len(b)-1]
	for _, m := range more {
		v, err := json.Marshal(m.value)
		if err != nil {
			return nil, fmt.Errorf("bots: figure %s: %w", m.name, err)
		}
		name, _ := json.Marshal(m.name)
		b = append(append(append(append(b, ','), name...), ':'), v...)
	}
	return append(b, '}'), nil
}

// plots returns plots of the latencies of figures over time.
func plots(figures []Figure) (all []reportpage.Plot) {
	for i := range figures {
		f := &figures[i]
		if len(f.Moments) < 2 {
			continue
		}
		p50, p99 := reportpage.Line{Name: "median"}, reportpage.Line{Name: "99th", Dashed: true}
		for _, m := range f.Moments {
			p50.Xs, p50.Ys = append(p50.Xs, m.AtS), append(p50.Ys, m.P50)
			p99.Xs, p99.Ys = append(p99.Xs, m.AtS), append(p99.Ys, m.P99)
		}
		all = append(all, reportpage.Plot{
			Title: f.Text, Text: "The line is the median of each second, the dashed one the 99th percentile.",
			X: "seconds", Y: "milliseconds", Zero: true, Lines: []reportpage.Line{p50, p99},
		})
	}
	return all
}
