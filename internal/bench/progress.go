package bench

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows how far the whole is: a bar on a terminal, else a line per run.
type progress struct {
	out   io.Writer // nil: show nothing
	total time.Duration
	spent time.Duration
	bar   *progressbar.ProgressBar
	tty   bool
}

func newProgress(out io.Writer) *progress {
	p := &progress{out: out}
	if f, ok := out.(*os.File); ok {
		p.tty = term.IsTerminal(int(f.Fd()))
	}
	return p
}

// expect adds to the time that all will take.
func (p *progress) expect(d time.Duration) { p.total += d }

// during shows that something is done that takes about so long, until the
// function that it returns is called.
func (p *progress) during(what string, about time.Duration) func() {
	if p.out == nil {
		return func() {}
	}
	if !p.tty {
		fmt.Fprintln(p.out, what)
		return func() {}
	}
	if p.bar == nil {
		p.bar = progressbar.NewOptions64(int64(p.total/time.Millisecond),
			progressbar.OptionSetWriter(p.out), progressbar.OptionFullWidth(),
			progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true))
	}
	p.bar.Describe(what)
	start, base, end := time.Now(), p.spent, p.spent+about
	set := func(d time.Duration) { _ = p.bar.Set64(int64(min(d, end, p.total) / time.Millisecond)) }
	done := make(chan struct{})
	var shown sync.WaitGroup
	shown.Go(func() {
		ticker := time.NewTicker(500 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				set(base + time.Since(start))
			case <-done:
				return
			}
		}
	})
	return func() {
		close(done)
		shown.Wait()
		p.spent = end
		set(end)
	}
}

// close clears the bar.
func (p *progress) close() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
