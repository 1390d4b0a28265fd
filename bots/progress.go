package bots

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// bar shows how far a run is; nothing if there is nowhere to show it.
type bar struct {
	sw *swarm
	p  *progressbar.ProgressBar
}

func newBar(sw *swarm) *bar {
	b := &bar{sw: sw}
	if sw.cfg.Progress != nil {
		b.p = progressbar.NewOptions(1000, progressbar.OptionSetWriter(sw.cfg.Progress), progressbar.OptionSetWidth(24),
			progressbar.OptionSetPredictTime(false), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	}
	return b
}

// run updates the bar until the bots leave.
func (b *bar) run(ctx context.Context) {
	if b.p == nil {
		return
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	var began time.Duration
	for {
		select {
		case <-ctx.Done():
			_ = b.p.Finish()
			return
		case <-tick.C:
		}
		var seated, snapshots, checks int64
		for _, l := range b.sw.loops {
			seated += l.shown.seated.Load()
			snapshots += l.shown.snapshots.Load()
			checks += l.shown.checks.Load()
		}
		b.sw.mu.Lock()
		desyncs := b.sw.desyncs
		b.sw.mu.Unlock()
		trouble := fmt.Sprintf("%d desyncs, %d errors", desyncs, b.sw.failures())
		if b.sw.phase.Load() == phaseJoin {
			joined := b.sw.joined.Load()
			b.p.Describe(fmt.Sprintf("joining: %d of %d, %s", joined, b.sw.cfg.Clients, trouble))
			_ = b.p.Set(int(1000 * joined / int64(b.sw.cfg.Clients)))
			continue
		}
		now := b.sw.now()
		if began == 0 {
			began = now
		}
		b.p.Describe(fmt.Sprintf("playing: %d clients, %d snapshots, %d hashes checked, %s", seated, snapshots, checks, trouble))
		_ = b.p.Set(min(999, int(1000*(now-began)/b.sw.cfg.Duration)))
	}
}
