package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/tickroom/tickroom/matchmaking"
	"github.com/tickroom/tickroom/matchmaking/mode"
)

// matchsim is what the command is told.
type matchsim struct {
	config, compare  string
	mode, matcher    string
	trace, saveTrace string
	seed             uint64
	hours            float64
	tickets          int
	json, html       string
	baseline         bool
}

func newMatchsim() *cobra.Command {
	var s matchsim
	cmd := &cobra.Command{
		Use:   "matchsim",
		Short: "Try a mode's rules on a day of tickets, in virtual time",
		Long: `Try a mode's rules on a day of tickets, in virtual time: replay a trace, or make up
a day of tickets, match them, let matches end as true strengths have it, and report
how long tickets waited and how good the matches were.

The same seed gives the same tickets and the same report. --compare does the same
with a mode of the same name from another file, on the same tickets; --baseline with a
matcher that takes tickets in the order in which they come.`,
		Example: `  tickroom matchsim --config modes.yaml --mode ranked --html report.html
  tickroom matchsim --config modes.yaml --mode ranked --compare wider.yaml
  tickroom matchsim --config modes.yaml --mode ranked --trace monday.jsonl --baseline`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return s.run(ctx, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.config, "config", "", "file with the modes and the simulation")
	f.StringVar(&s.mode, "mode", "", "mode to try; needed if the file has more than one")
	f.StringVar(&s.trace, "trace", "", "replay the tickets of this file, a JSON object a line, instead of making them up")
	f.StringVar(&s.saveTrace, "save-trace", "", "write the tickets that were made up to this file")
	f.Uint64Var(&s.seed, "seed", 1, "seed of all that is random")
	f.Float64Var(&s.hours, "hours", 24, "hours to make up tickets for, from midnight UTC on")
	f.IntVar(&s.tickets, "tickets", 200_000, "tickets to make up")
	f.StringVar(&s.matcher, "matcher", "best", "matcher: best, or first-come, which keeps the rules but does not choose")
	f.StringVar(&s.compare, "compare", "", "file with the mode to compare with, on the same tickets")
	f.BoolVar(&s.baseline, "baseline", false, "compare with the first-come matcher as well")
	f.StringVar(&s.json, "json", "", "write the reports to this file as JSON")
	f.StringVar(&s.html, "html", "", "write the reports to this file as a page, which draws plots in the browser")
	f.SortFlags = false
	return cmd
}

// check returns what is wrong with what the command is told.
func (s *matchsim) check() error {
	switch {
	case s.config == "":
		return errors.New("matchsim needs --config, a file with modes; see tickroom matchsim --help")
	case s.matcher != "best" && s.matcher != "first-come":
		return fmt.Errorf("--matcher %q is not allowed; it must be best or first-come", s.matcher)
	case !(s.hours > 0 && s.hours <= 24*31):
		return fmt.Errorf("--hours %v is not allowed; it must be more than 0, at most 744", s.hours)
	case s.tickets < 1 || s.tickets > 50_000_000:
		return fmt.Errorf("--tickets %d is not allowed; it must be from 1 to 50000000", s.tickets)
	}
	return nil
}

// simJob is a run that was asked for.
type simJob struct {
	mode mode.Mode
	o    matchmaking.SimOptions
}

func (s *matchsim) run(ctx context.Context, stdout, stderr io.Writer) error {
	if err := s.check(); err != nil {
		return usageError{err}
	}
	pop, md, err := s.load(s.config)
	if err != nil {
		return usageError{err}
	}
	arrivals, err := s.arrivals(pop, md)
	if err != nil {
		return err
	}
	jobs, err := s.jobs(pop, md)
	if err != nil {
		return usageError{err}
	}
	reports, err := runJobs(ctx, stderr, jobs, arrivals)
	if err != nil {
		return err
	}
	return s.write(stdout, reports)
}

// jobs returns the runs: that of the mode, and those that it is compared with.
func (s *matchsim) jobs(pop matchmaking.SimPopulation, md mode.Mode) ([]simJob, error) {
	o := matchmaking.SimOptions{Name: name(s.config), Seed: s.seed, Interval: pop.Interval, Match: pop.Match, FirstCome: s.matcher == "first-come"}
	jobs := []simJob{{md, o}}
	if s.baseline && !o.FirstCome {
		first := o
		first.FirstCome = true
		jobs = append(jobs, simJob{md, first})
	}
	if s.compare != "" {
		other := *s
		other.mode = md.Name
		pop, md, err := other.load(s.compare)
		if err != nil {
			return nil, err
		}
		o.Name, o.Interval, o.Match = name(s.compare), pop.Interval, pop.Match
		jobs = append(jobs, simJob{md, o})
	}
	return jobs, nil
}

// runJobs runs one after the other, and shows on a terminal how far they are.
func runJobs(ctx context.Context, stderr io.Writer, jobs []simJob, arrivals []matchmaking.SimArrival) ([]*matchmaking.SimReport, error) {
	bar := newSimBar(stderr, len(jobs))
	defer bar.close()
	var reports []*matchmaking.SimReport
	for k, j := range jobs {
		j.o.Progress = func(part float64) { bar.set(j.o.Name, float64(k)+part) }
		r, err := matchmaking.SimRun(ctx, j.mode, arrivals, j.o)
		if err != nil {
			return nil, err
		}
		reports = append(reports, r)
	}
	return reports, nil
}

// write writes reports to standard output, and to the files that were named.
func (s *matchsim) write(stdout io.Writer, reports []*matchmaking.SimReport) error {
	if err := matchmaking.SimTable(stdout, reports...); err != nil {
		return err
	}
	if s.json != "" {
		if err := writeFile(s.json, func(w io.Writer) error {
			enc := json.NewEncoder(w)
			enc.SetIndent("", "  ")
			return enc.Encode(reports)
		}); err != nil {
			return err
		}
	}
	if s.html != "" {
		return writeFile(s.html, func(w io.Writer) error { return matchmaking.SimPage(w, reports...) })
	}
	return nil
}

// name returns what a run with a file is called.
func name(path string) string { return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)) }

// load reads a file and picks the mode.
func (s *matchsim) load(path string) (matchmaking.SimPopulation, mode.Mode, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return matchmaking.SimPopulation{}, mode.Mode{}, fmt.Errorf("the configuration file can't be read: %w", err)
	}
	pop, modes, err := matchmaking.SimLoad(path, text)
	if err != nil {
		return pop, mode.Mode{}, err
	}
	if s.mode == "" && len(modes) == 1 {
		return pop, modes[0], nil
	}
	md, ok := mode.Find(modes, s.mode)
	if !ok {
		var names []string
		for _, m := range modes {
			names = append(names, m.Name)
		}
		if s.mode == "" {
			return pop, md, fmt.Errorf("%s has several modes; choose one with --mode: %s", path, strings.Join(names, ", "))
		}
		return pop, md, fmt.Errorf("%s has no mode %q; it has: %s", path, s.mode, strings.Join(names, ", "))
	}
	return pop, md, nil
}

func (s *matchsim) arrivals(pop matchmaking.SimPopulation, md mode.Mode) ([]matchmaking.SimArrival, error) {
	if s.trace == "" {
		as := matchmaking.SimGenerate(pop, md, s.seed, s.hours, s.tickets)
		if s.saveTrace != "" {
			return as, writeFile(s.saveTrace, func(w io.Writer) error { return matchmaking.SimWriteTrace(w, as) })
		}
		return as, nil
	}
	f, err := os.Open(s.trace)
	if err != nil {
		return nil, fmt.Errorf("the trace can't be read: %w", err)
	}
	defer f.Close()
	return matchmaking.SimReadTrace(f, s.trace)
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.Close()
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return f.Close()
}

// barAfter is how long a run takes at least for a bar to be worth it.
const barAfter = 2 * time.Second

// simBar shows on a terminal how far a run is.
type simBar struct {
	out   io.Writer // nil: not a terminal
	runs  int
	begun time.Time
	bar   *progressbar.ProgressBar
}

func newSimBar(out io.Writer, runs int) *simBar {
	b := &simBar{runs: runs, begun: time.Now()}
	if isTerminal(out) {
		b.out = out
	}
	return b
}

// set shows how many runs are done.
func (b *simBar) set(what string, done float64) {
	if b.out == nil || b.bar == nil && time.Since(b.begun) < barAfter {
		return
	}
	if b.bar == nil {
		b.bar = progressbar.NewOptions(1000*b.runs, progressbar.OptionSetWriter(b.out), progressbar.OptionSetWidth(40),
			progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond))
	}
	b.bar.Describe(what)
	_ = b.bar.Set(int(1000 * done))
}

func (b *simBar) close() {
	if b.bar != nil {
		_ = b.bar.Finish()
	}
}
