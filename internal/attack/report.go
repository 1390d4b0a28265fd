package attack

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/tickroom/tickroom/internal/reportpage"
)

// Bars that an attack must stay below.
const (
	GapBar    = 1.5 // gaps during the attack by those in calm, 99th percentile
	CPUBar    = 10  // the server's processor time by the attacker's
	MemoryBar = 64  // MB
	BackBar   = 60  // seconds
	// Noise is how much of a core is no matter whose it is: less can't be measured.
	Noise = 0.03
)

// Broken returns which bars the attack has broken, as texts; none: all is well.
func (o *Outcome) Broken() []string {
	if o.Failed != "" {
		return []string{o.Failed}
	}
	var out []string
	if o.During.GapP99 > GapBar*o.Calm.GapP99 {
		out = append(out, fmt.Sprintf("gap x%.1f", o.During.GapP99/o.Calm.GapP99))
	}
	if o.During.Refused > 0 {
		out = append(out, fmt.Sprintf("%d joins refused", o.During.Refused))
	}
	if o.CPU > Noise*o.Seconds && o.CPU > CPUBar*o.Attacker.CPU {
		out = append(out, fmt.Sprintf("CPU x%.0f", o.CPU/o.Attacker.CPU))
	}
	if o.Memory > MemoryBar {
		out = append(out, fmt.Sprintf("+%.0f MB", o.Memory))
	}
	if o.Back < 0 || o.Back > BackBar {
		out = append(out, "not back")
	}
	return out
}

// columns are what tables show of each kind.
var columns = []string{"attacker", "its CPU", "done", "server's CPU", "memory", "files", "goroutines", "rooms", "gap p99", "join p99", "refused", "match p99", "back", "verdict"}

// row returns the values of columns.
func (o *Outcome) row() []string {
	verdict := "ok"
	if b := o.Broken(); len(b) > 0 {
		verdict = strings.Join(b, ", ")
	}
	back := fmt.Sprintf("%.0f s", o.Back)
	if o.Back < 0 {
		back = "never"
	}
	return []string{
		Bytes(o.Attacker.Sent + o.Attacker.Received), fmt.Sprintf("%.2f s", o.Attacker.CPU), fmt.Sprintf("%d of %d", o.Attacker.Done, o.Attacker.Actions),
		fmt.Sprintf("%+.2f s", o.CPU), fmt.Sprintf("%+.0f MB", o.Memory), fmt.Sprintf("%+d", o.Files), fmt.Sprintf("%+d", o.Goroutines), fmt.Sprintf("%+d", o.Rooms),
		fmt.Sprintf("%.0f > %.0f ms", o.Calm.GapP99, o.During.GapP99), fmt.Sprintf("%.0f > %.0f ms", o.Calm.JoinP99, o.During.JoinP99),
		fmt.Sprintf("%d of %d", o.During.Refused, o.During.Refused+o.During.Joins),
		fmt.Sprintf("%.1f > %.1f s", o.Calm.MatchP99/1000, o.During.MatchP99/1000), back, verdict,
	}
}

// Bytes tells a number of bytes for people.
func Bytes(n int64) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.0f KB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d B", n)
}

// Table writes a table of the outcomes.
func Table(out io.Writer, all []*Outcome) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "attack\t"+strings.Join(columns, "\t"))
	for _, o := range all {
		fmt.Fprintln(w, o.Kind+"\t"+strings.Join(o.row(), "\t"))
	}
	return w.Flush()
}

// Line returns what is told of an outcome when it is there.
func (o *Outcome) Line() string {
	r := o.row()
	why := ""
	if o.Attacker.Refusal != "" {
		why = "\n    told: " + o.Attacker.Refusal
	}
	if len(o.During.Why) > 0 {
		why += "\n    the crowd: " + strings.Join(o.During.Why, "; ")
	}
	return fmt.Sprintf("%s: %s\n    attacker %s, CPU %s, %s; server CPU %s, %s, back after %s\n    gap p99 %s, join p99 %s, match p99 %s, refused %s, unmatched %d, pages p99 %.0f > %.0f ms, refused %d: %s%s",
		o.Kind, o.Doc, r[0], r[1], r[2], r[3], r[4], r[12], r[8], r[9], r[11], r[10], o.During.Unmatched, o.Calm.PageP99, o.During.PageP99, o.During.Unread, r[13], why)
}

// JSON writes the outcomes as JSON.
func JSON(out io.Writer, all []*Outcome) error {
	e := json.NewEncoder(out)
	e.SetIndent("", " ")
	return e.Encode(all)
}

// HTML writes the outcomes as a page with plots.
func HTML(out io.Writer, target string, all []*Outcome) error {
	p := reportpage.Page{Title: "What attacks cost: " + target, Runs: columns}
	for _, o := range all {
		p.Rows = append(p.Rows, append([]string{o.Kind}, o.row()...))
		p.Plots = append(p.Plots, o.plot())
	}
	return p.Write(out)
}

// plot returns the run of an attack.
func (o *Outcome) plot() reportpage.Plot {
	cpu, memory := reportpage.Line{Name: "server's CPU, % of a core"}, reportpage.Line{Name: "memory above calm, MB", Run: 1}
	gap, files := reportpage.Line{Name: "gap p99, ms", Run: 2}, reportpage.Line{Name: "descriptors", Run: 3, Dashed: true}
	for i, s := range o.Samples {
		if i == 0 {
			continue
		}
		for _, l := range []struct {
			line *reportpage.Line
			y    float64
		}{{&cpu, 100 * s.CPU}, {&memory, max(0, s.Memory-o.CalmMemory)}, {&gap, s.GapP99}, {&files, float64(s.Files)}} {
			l.line.Xs, l.line.Ys = append(l.line.Xs, s.AtS), append(l.line.Ys, l.y)
		}
	}
	return reportpage.Plot{
		Title: o.Kind, X: "seconds", Y: "see the legend", Zero: true,
		Text:  fmt.Sprintf("The attacker %s. It did so from %.0f s to %.0f s; the verdict: %s.", o.Doc, o.Begin, o.End, o.row()[len(columns)-1]),
		Lines: []reportpage.Line{cpu, memory, gap, files},
	}
}
