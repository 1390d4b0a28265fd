package door

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// sweepEvery is how often the door looks for what is idle for too long, and lineAfter how
// soon it logs what it did not at once.
const sweepEvery = 250 * time.Millisecond

// Run closes what is idle for too long, until ctx is done.
func (d *Door) Run(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			d.sweep(now)
		case <-ctx.Done():
			return
		}
	}
}

// shut closes a connection that is forgotten, at once, so that the kernel frees what it holds
// of it.
func (d *Door) shut(c *Conn, why string) {
	d.o.OnClosed(why)
	d.logMu.Lock()
	d.leftOut[why]++
	d.logMu.Unlock()
	if c.stage != idle { // whose answer may still be on its way
		_ = c.SetLinger(0)
	}
	_ = c.TCPConn.Close()
}

// report has the log say, once a minute, that there are no more places, with the figures and
// what to do.
func (d *Door) report(why string, cause error) {
	d.logMu.Lock()
	defer d.logMu.Unlock()
	if !d.lines.Allow() {
		return
	}
	d.mu.Lock()
	open, holders := d.open, len(d.holders)
	most, its := "", 0
	if h := d.heaviest(); h != nil {
		its = h.weight
		for s := range h.stages {
			if e := h.stages[s].Front(); e != nil {
				most = e.Value.(*Conn).peer.String()
			}
		}
	}
	d.mu.Unlock()
	attrs := []slog.Attr{
		slog.String("why", why), slog.Int("open", open), slog.Int("limit", d.o.Max), slog.Int("open_files_limit", d.o.Files),
		slog.Int("addresses", holders), slog.String("most", most), slog.Int("of_most", its),
	}
	for _, w := range []string{Full, Descriptors, Address, Refused} {
		if n := d.leftOut[w]; n > 0 {
			attrs = append(attrs, slog.Int("closed_"+w, n))
		}
	}
	clear(d.leftOut)
	if cause != nil {
		attrs = append(attrs, slog.Any("cause", cause))
	}
	attrs = append(attrs, slog.String("what_to_do", fmt.Sprintf(
		"if %s is no attack, allow the process more open files (LimitNOFILE=, ulimit -n); if it is, ban it, or lower access.connections_per_address", most)))
	d.o.Logger.LogAttrs(context.Background(), slog.LevelWarn, "no place for more connections: idle ones are closed", attrs...)
}
