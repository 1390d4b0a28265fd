package bots

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tickroom/tickroom/netcode/client"
)

// Report is what a run has seen. The package comment explains its figures.
type Report struct {
	Kind    string `json:"kind"`
	Clients int    `json:"clients"`
	// Joined counts bots that were let in at least once, Joins each time that one
	// was, Leaves those that left as they wanted to, and Stalls the times that a
	// slow bot stopped reading.
	Joined int `json:"joined"`
	Joins  int `json:"joins"`
	Leaves int `json:"leaves"`
	Stalls int `json:"stalls"`
	// Gone counts the times that matchmaking led a bot back to a match that was over,
	// or had forgotten it, when it came there; it asked again then.
	Gone int `json:"gone"`

	// Cuts counts connections that bots broke, and Losses those that were lost to them and
	// that they came back after: Resumes times into their session, Rejoins times into another
	// one. Back is from the loss to the next welcome.
	Cuts    int     `json:"cuts"`
	Losses  int     `json:"losses"`
	Resumes int     `json:"resumes"`
	Rejoins int     `json:"rejoins"`
	Back    Latency `json:"back_ms"`
	// Rooms is how many rooms bots were in, and Houses, if it was asked for, the most bots
	// that were in each at a time, by its id.
	Rooms  int            `json:"rooms"`
	Houses map[string]int `json:"houses,omitempty"`

	// JoinsPerS is Joined by the time that it took, and Seating from when a bot begins
	// to look for a seat, each time that it does, to its welcome.
	JoinsPerS float64 `json:"joins_per_s"`
	Seating   Latency `json:"seating_ms"`

	// DurationS is how long was measured, RampS how long the joining took before.
	DurationS float64 `json:"duration_s"`
	RampS     float64 `json:"ramp_s"`

	// These are of the time that was measured.
	Snapshots             uint64  `json:"snapshots"`
	RowsChanged           uint64  `json:"rows_changed"`
	BytesInPerClientS     float64 `json:"bytes_in_per_client_s"`
	BytesOutPerClientS    float64 `json:"bytes_out_per_client_s"`
	BytesPerEntityUpdate  float64 `json:"bytes_per_entity_update"`
	SnapshotsPerClientS   float64 `json:"snapshots_per_client_s"`
	BotCPUMicrosPerUpdate float64 `json:"bot_cpu_us_per_snapshot"`

	// These are of the whole run.
	HashChecks    uint64         `json:"hash_checks"`
	Desyncs       int            `json:"desyncs"`
	DesyncDetails []string       `json:"desync_details,omitempty"`
	Errors        map[string]int `json:"errors"`

	RTT          Latency `json:"rtt_ms"`
	InputToState Latency `json:"input_to_state_ms"`
	SnapshotGap  Latency `json:"snapshot_gap_ms"`

	// Figures are those of the kind's crew. In JSON they stand among the others, by their
	// names.
	Figures []Figure `json:"-"`

	// Timeline is the run from its beginning on, part by part, and Curves are how latencies
	// are spread, by what they are of: the milliseconds that each hundredth part has at most.
	Timeline []Sample             `json:"timeline,omitempty"`
	Curves   map[string][]float64 `json:"curves,omitempty"`
}

// Latency sums up a histogram, in milliseconds.
type Latency struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

func latency(h *hdrhistogram.Histogram) Latency {
	ms := func(us int64) float64 { return float64(us) / 1000 }
	return Latency{
		Count: h.TotalCount(), P50: ms(h.ValueAtQuantile(50)), P90: ms(h.ValueAtQuantile(90)),
		P95: ms(h.ValueAtQuantile(95)), P99: ms(h.ValueAtQuantile(99)), Max: ms(h.Max()),
	}
}

// curve returns the value that each hundredth part has at most; nil if there is none.
func curve(h *hdrhistogram.Histogram) (c []float64) {
	if h.TotalCount() == 0 {
		return nil
	}
	for q := range 101 {
		c = append(c, float64(h.ValueAtQuantile(float64(q)))/1000)
	}
	return c
}

func (sw *swarm) report(measured, ramp time.Duration, cpu float64) Report {
	r := Report{
		Kind: sw.cfg.Kind, Clients: sw.cfg.Clients, Joined: int(sw.joined.Load()),
		DurationS: measured.Seconds(), RampS: (ramp - time.Second).Seconds(),
		Desyncs: sw.desyncs, DesyncDetails: sw.details, Errors: sw.errors,
	}
	first := sw.loops[0]
	var whole, part client.Stats
	seconds := 0.0
	for _, l := range sw.loops {
		r.Joins += l.joins
		r.Leaves += l.leaves
		r.Stalls += l.stalls
		r.Gone += l.gone
		r.Cuts += l.cuts
		r.Losses += l.losses
		r.Resumes += l.resumes
		r.Rejoins += l.rejoins
		seconds += l.clientSeconds
		add(&whole, l.total())
		if measured > 0 {
			add(&part, l.base)
		}
		if l != first {
			first.rtt.Merge(l.rtt)
			first.gap.Merge(l.gap)
			first.inputToState.Merge(l.inputToState)
			first.seating.Merge(l.seating)
			first.backing.Merge(l.backing)
		}
	}
	r.HashChecks = whole.HashChecks
	r.Snapshots, r.RowsChanged = part.Snapshots, part.RowsChanged
	if seconds > 0 {
		r.BytesInPerClientS = float64(part.BytesIn) / seconds
		r.BytesOutPerClientS = float64(part.BytesOut) / seconds
		r.SnapshotsPerClientS = float64(part.Snapshots) / seconds
	}
	if part.RowsChanged > 0 {
		r.BytesPerEntityUpdate = float64(part.BytesIn) / float64(part.RowsChanged)
	}
	if part.Snapshots > 0 {
		r.BotCPUMicrosPerUpdate = cpu * 1e6 / float64(part.Snapshots)
	}
	if r.RampS > 0 {
		r.JoinsPerS = float64(r.Joined) / r.RampS
	}
	r.Seating, r.Back = latency(first.seating), latency(first.backing)
	r.RTT, r.InputToState, r.SnapshotGap = latency(first.rtt), latency(first.inputToState), latency(first.gap)
	seen := sw.houses.seen()
	if r.Rooms = len(seen); sw.cfg.Houses {
		r.Houses = seen
	}
	r.Figures = sw.figures()
	r.Timeline = sw.timeline.samples
	r.Curves = map[string][]float64{}
	for name, h := range map[string]*hdrhistogram.Histogram{nameSeating: first.seating, nameBack: first.backing, nameRTT: first.rtt, nameInput: first.inputToState, nameGap: first.gap} {
		if c := curve(h); c != nil {
			r.Curves[name] = c
		}
	}
	for i := range r.Figures {
		if f := &r.Figures[i]; f.Curve != nil {
			r.Curves[f.Text] = f.Curve
		}
	}
	return r
}

// What latencies are called for people.
const (
	nameSeating = "looking for a seat to seated"
	nameBack    = "connection lost to seated"
	nameInput   = "input to state"
	nameGap     = "snapshot gap"
	nameRTT     = "round trip"
)

// failed returns how many errors there were.
func (r *Report) failed() (n int) {
	for _, k := range r.Errors {
		n += k
	}
	return n
}

// verdict returns the error of a run that was not as it should be.
func (r *Report) verdict(required []requirement) error {
	var errs []error
	if r.Desyncs > 0 {
		errs = append(errs, fmt.Errorf("%d desyncs, the first of %s", r.Desyncs, r.DesyncDetails[0]))
	}
	n := r.failed()
	if n > 0 {
		errs = append(errs, fmt.Errorf("%d errors: see the summary", n))
	}
	if r.Joined < r.Clients && (r.DurationS > 0 || n > 0) {
		errs = append(errs, fmt.Errorf("only %d of %d clients could join", r.Joined, r.Clients))
	}
	for _, q := range required {
		errs = append(errs, q.unmet(r))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("bots: %w", err)
	}
	return nil
}

// WriteFile writes the report as JSON.
func (r *Report) WriteFile(name string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(b, '\n'), 0o644)
}

// Summary writes the report for people.
func (r *Report) Summary(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for i, row := range r.rows() {
		if len(row) == 1 && i > 0 {
			_, _ = fmt.Fprintf(w, "\t\n")
		}
		if len(row) > 1 || i > 0 {
			_, _ = fmt.Fprintln(w, strings.Join(row, "\t"))
		}
	}
	return w.Flush()
}

// rows returns what is shown of the report: names with their values, and headings without.
func (r *Report) rows() [][]string {
	rows := [][]string{{"The run"}}
	line := func(name, format string, args ...any) {
		rows = append(rows, []string{name, fmt.Sprintf(format, args...)})
	}
	line(r.Kind, "%d of %d clients joined, within %.1f s (%.0f per second)", r.Joined, r.Clients, r.RampS, r.JoinsPerS)
	line("measured", "%.1f s; %d joins, %d leaves, %d stalls in all", r.DurationS, r.Joins, r.Leaves, r.Stalls)
	if r.Gone > 0 {
		line("led back in vain", "%d times", r.Gone)
	}
	if r.Cuts+r.Losses > 0 {
		line("connections lost", "%d cut by the bots, %d others; %d times back in the session, %d times in another one", r.Cuts, r.Losses, r.Resumes, r.Rejoins)
	}
	line("rooms", "%d", r.Rooms)
	for _, room := range slices.Sorted(maps.Keys(r.Houses)) {
		line("  "+room, "%d bots at most", r.Houses[room])
	}
	line("snapshots", "%d (%.1f per client and second), %d rows changed", r.Snapshots, r.SnapshotsPerClientS, r.RowsChanged)
	line("hash checks", "%d", r.HashChecks)
	line("desyncs", "%d", r.Desyncs)
	line("bytes per client and second", "%.0f in, %.0f out", r.BytesInPerClientS, r.BytesOutPerClientS)
	line("bytes per row changed", "%.2f", r.BytesPerEntityUpdate)
	line("bots' own CPU per snapshot", "%.1f µs", r.BotCPUMicrosPerUpdate)
	for i := range r.Figures {
		if f := &r.Figures[i]; f.Latency == nil {
			line(f.Text, "%s", f.text())
		}
	}
	rows = append(rows, []string{"milliseconds: p50, p90, p95, p99, max"})
	spread := func(name string, l *Latency) {
		if l.Count > 0 {
			line(name, "%8.1f%8.1f%8.1f%8.1f%8.1f", l.P50, l.P90, l.P95, l.P99, l.Max)
		}
	}
	for i := range r.Figures {
		if f := &r.Figures[i]; f.Latency != nil {
			spread(f.Text, f.Latency)
		}
	}
	spread(nameSeating, &r.Seating)
	spread(nameBack, &r.Back)
	spread(nameInput, &r.InputToState)
	spread(nameGap, &r.SnapshotGap)
	spread(nameRTT, &r.RTT)
	if len(r.Errors) > 0 {
		rows = append(rows, []string{"errors"})
		for _, k := range slices.Sorted(maps.Keys(r.Errors)) {
			line(fmt.Sprint("  ", r.Errors[k]), "%s", k)
		}
	}
	for _, d := range r.DesyncDetails {
		line("desync", "%s", d)
	}
	return rows
}
