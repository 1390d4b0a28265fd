// Package restarts measures how soon clients are back in a game after their server was
// started again: real processes, ended by a signal, and real sockets.
package restarts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Config is what is measured.
type Config struct {
	// Program is the tickroom program.
	Program string
	// Clients are how many clients there are, one run for each.
	Clients []int
	// Restarts is how often the server is started again in a run.
	Restarts int
	// Down bounds how long there is no server between two: a random time up to it.
	Down time.Duration
	// Settle is how long clients play before the next restart.
	Settle time.Duration
	// Progress is where a progress bar goes, if that is a terminal; nil: nowhere.
	Progress io.Writer
}

// Run is what came of a run.
type Run struct {
	Clients int
	Signal  syscall.Signal // with which the server was ended
	// Back are the times from the moment that the server listened to the moment that a
	// client was in a room again, of all clients and restarts, in order.
	Back []time.Duration
	// Attempts is how many connections clients have begun for each that was let in.
	Attempts float64
}

// Quantile returns the time within which a share of the clients were back.
func (r *Run) Quantile(q float64) time.Duration {
	if len(r.Back) == 0 {
		return 0
	}
	return r.Back[min(len(r.Back)-1, int(q*float64(len(r.Back))))]
}

// String returns the run as a line.
func (r *Run) String() string {
	ms := func(q float64) int64 { return r.Quantile(q).Milliseconds() }
	return fmt.Sprintf("%5d clients, %-11s  p50 %5d ms   p99 %5d ms   max %5d ms   %.1f connections each", r.Clients, name(r.Signal), ms(0.5), ms(0.99), ms(1), r.Attempts)
}

func name(s syscall.Signal) string {
	if s == syscall.SIGKILL {
		return "kill -9"
	}
	return "SIGTERM"
}

// upWithin is how long a server may take to listen, and backWithin its clients to be back.
const upWithin, backWithin = 15 * time.Second, time.Minute

// Measure makes all runs, and calls each for each.
func Measure(ctx context.Context, cfg Config, each func(*Run)) error {
	signals := []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL}
	bar := newBar(cfg.Progress, len(cfg.Clients)*len(signals)*cfg.Restarts)
	defer bar.Clear() //nolint:errcheck // it is a bar
	for _, clients := range cfg.Clients {
		for _, signal := range signals {
			bar.Describe(fmt.Sprintf("%d clients, %s", clients, name(signal)))
			r, err := measure(ctx, &cfg, clients, signal, bar)
			if err != nil {
				return fmt.Errorf("restarts: %d clients, %s: %w", clients, name(signal), err)
			}
			_ = bar.Clear()
			each(r)
		}
	}
	return nil
}

func newBar(out io.Writer, steps int) *progressbar.ProgressBar {
	f, ok := out.(*os.File)
	return progressbar.NewOptions(steps, progressbar.OptionSetWriter(out), progressbar.OptionFullWidth(), progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetVisibility(ok && term.IsTerminal(int(f.Fd()))))
}

func measure(ctx context.Context, cfg *Config, clients int, signal syscall.Signal, bar *progressbar.ProgressBar) (r *Run, err error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	r = &Run{Clients: clients, Signal: signal}
	s, err := start(ctx, cfg.Program, addr)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.end(syscall.SIGKILL)) }()
	f, err := join(ctx, addr, clients)
	if err != nil {
		return nil, err
	}
	defer f.leave()
	for range cfg.Restarts {
		if !pause(ctx, cfg.Settle) {
			return nil, ctx.Err()
		}
		if err := s.end(signal); err != nil {
			return nil, err
		}
		if cfg.Down > 0 && !pause(ctx, rand.N(cfg.Down)) {
			return nil, ctx.Err()
		}
		f.restart()
		if s, err = start(ctx, cfg.Program, addr); err != nil {
			return nil, err
		}
		back, err := f.back(ctx, s.listens)
		if err != nil {
			return nil, err
		}
		r.Back = append(r.Back, back...)
		_ = bar.Add(1)
	}
	slices.Sort(r.Back)
	r.Attempts = float64(f.attempts.Load()) / float64(clients*cfg.Restarts)
	return r, nil
}

// pause waits, and reports whether ctx goes on.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
