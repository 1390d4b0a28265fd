package faults

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/tickroom/tickroom/internal/redisfault"
)

// bar shows on the terminal how far a long run is.
type bar struct {
	p     *progressbar.ProgressBar
	tty   *os.File
	begun time.Time
	all   time.Duration
}

// newBar returns one that shows nothing for a short run, or where there is no terminal.
func newBar(all time.Duration) *bar {
	b := &bar{begun: time.Now(), all: all}
	if all > short {
		// Where go test prints is no terminal.
		if tty, err := os.OpenFile("/dev/tty", os.O_WRONLY, 0); err == nil {
			b.tty, b.p = tty, progressbar.NewOptions(1000, progressbar.OptionSetWriter(tty), progressbar.OptionSetWidth(24),
				progressbar.OptionSetPredictTime(false), progressbar.OptionClearOnFinish())
		}
	}
	return b
}

func (b *bar) show(text string) {
	if b.p != nil {
		b.p.Describe(text)
		_ = b.p.Set(min(999, int(1000*time.Since(b.begun)/b.all)))
	}
}

func (b *bar) close() {
	if b.p != nil {
		_ = b.p.Finish()
		_ = b.tty.Close()
	}
}

// row is what was seen of one kind of round.
type row struct {
	rounds, calls, harmed, failed int
	slowest                       map[string]time.Duration // by what was waited for
}

// report is the table at the end.
type report struct {
	rows   map[string]*row
	faults map[redisfault.Kind]int
}

var waited = []string{"truth", "empty", "again"}

func (r *report) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "harm\trounds\tcalls\tharmed\tslowest to tell the truth\tto be empty\tto let all in again\tfailed\t")
	for _, name := range slices.Sorted(maps.Keys(r.rows)) {
		o := r.rows[name]
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t", name, o.rounds, o.calls, o.harmed)
		for _, what := range waited {
			fmt.Fprintf(w, "%.2f s\t", o.slowest[what].Seconds())
		}
		fmt.Fprintf(w, "%d\t\n", o.failed)
	}
	_ = w.Flush()
	var kinds []string
	for _, k := range redisfault.Kinds() {
		kinds = append(kinds, fmt.Sprintf("%d %s", r.faults[k], k))
	}
	return "\n" + b.String() + strings.Join(kinds, ", ")
}

// counted returns what was done, the most frequent first.
func counted(done map[string]int) string {
	keys := slices.SortedFunc(maps.Keys(done), func(a, b string) int { return done[b] - done[a] })
	var b strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&b, "\n%7d %s", done[k], k)
	}
	return b.String()
}
