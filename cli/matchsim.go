package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/tickroom/tickroom/matchmaking"
)

// matchsim holds the flags of the command.
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
		Args: NoArgs,
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

func (s *matchsim) run(ctx context.Context, stdout, stderr io.Writer) error {
	if err := s.check(); err != nil {
		return usageError{err}
	}
	sim, err := s.load()
	if err != nil {
		return usageError{err}
	}
	if err := s.arrivals(sim); err != nil {
		return err
	}
	if err := play(ctx, sim, stderr); err != nil {
		return err
	}
	if err := sim.WriteTable(stdout); err != nil {
		return err
	}
	if s.json != "" {
		if err := writeFile(s.json, sim.WriteJSON); err != nil {
			return err
		}
	}
	if s.html != "" {
		return writeFile(s.html, sim.WritePage)
	}
	return nil
}

// load returns the simulation with its variants.
func (s *matchsim) load() (*matchmaking.Simulation, error) {
	type variant struct {
		file, mode string
		firstCome  bool
	}
	firstCome := s.matcher == "first-come"
	variants := []variant{{s.config, s.mode, firstCome}}
	if s.baseline && !firstCome {
		variants = append(variants, variant{s.config, s.mode, true})
	}
	if s.compare != "" {
		variants = append(variants, variant{s.compare, "", firstCome})
	}
	sim := matchmaking.NewSimulation(s.seed)
	for _, v := range variants {
		text, err := os.ReadFile(v.file)
		if err != nil {
			return nil, fmt.Errorf("the configuration file can't be read: %w", err)
		}
		if err := sim.Add(v.file, text, v.mode, v.firstCome); err != nil {
			return nil, err
		}
	}
	return sim, nil
}

// arrivals makes up the tickets, or reads them.
func (s *matchsim) arrivals(sim *matchmaking.Simulation) error {
	if s.trace == "" {
		sim.Generate(s.hours, s.tickets)
		if s.saveTrace != "" {
			return writeFile(s.saveTrace, sim.WriteTrace)
		}
		return nil
	}
	f, err := os.Open(s.trace)
	if err != nil {
		return fmt.Errorf("the trace can't be read: %w", err)
	}
	defer f.Close()
	return sim.ReadTrace(f, s.trace)
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

// play runs the simulation, and shows on a terminal how far it is.
func play(ctx context.Context, sim *matchmaking.Simulation, out io.Writer) error {
	if !isTerminal(out) {
		return sim.Run(ctx, func(string, float64) {})
	}
	bar := progressbar.NewOptions(1000, progressbar.OptionSetWriter(out), progressbar.OptionSetWidth(40),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond))
	defer func() { _ = bar.Finish() }()
	return sim.Run(ctx, func(variant string, done float64) {
		bar.Describe(variant)
		_ = bar.Set(int(1000 * done))
	})
}
