package cli

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tickroom/tickroom/internal/journal"
	"github.com/tickroom/tickroom/internal/replay"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/world"
)

func (p Program) newReplay() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Play journals of rooms again, and look into them",
		Long: `Play journals of rooms again, and look into them. A journal is the list of all that
reached a room's game, such as the black box that a server writes when a game panics. See
docs/journal.md.`,
		Example: `  tickroom replay info FILE                   # what it is, and why it was kept
  tickroom replay verify FILE                 # play it again: is it the same? Does it panic?
  tickroom replay bisect FILE                 # where does it differ first, down to the field?
  tickroom replay events FILE                 # who came and went, and what they asked for
  tickroom replay serve FILE                  # watch it in a browser`,
		Args: NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newReplayInfo(), p.newReplayVerify(), p.newReplayBisect(), newReplayEvents(), p.newReplayServe())
	return cmd
}

// files is for commands that take some names of files.
func files(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= least && len(args) <= most {
			return nil
		}
		return usageError{fmt.Errorf("%s needs the file of a journal, and was told %d names; see %s --help", cmd.CommandPath(), len(args), cmd.CommandPath())}
	}
}

// openJournal opens the file of a journal. The file is the caller's to close.
func openJournal(name string) (*journal.Journal, *os.File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil {
		var j *journal.Journal
		if j, err = journal.Open(f, info.Size()); err == nil {
			return j, f, nil
		}
	}
	return nil, nil, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
}

// withJournal calls fn with a journal.
func withJournal(name string, fn func(j *journal.Journal) error) error {
	j, f, err := openJournal(name)
	if err != nil {
		return err
	}
	return errors.Join(fn(j), f.Close())
}

// kindOf returns the kind that a journal is of.
func (p Program) kindOf(j *journal.Journal, warn io.Writer) (world.Kind, error) {
	h := j.Header
	i := slices.IndexFunc(p.Kinds, func(k world.Kind) bool { return k.Name == h.GetKind() })
	if i < 0 {
		return world.Kind{}, fmt.Errorf("the journal is of a room of the kind %q, which this program does not have: use the one that has written it", h.GetKind())
	}
	k := p.Kinds[i]
	if own := k.Schema.Fingerprint(); own != h.GetSchema() {
		return k, fmt.Errorf("the journal is of the kind %s with the schema %016x, and this program has it with %016x: use the one that has written it, build %s", k.Name, h.GetSchema(), own, h.GetBuild())
	}
	if own := journal.Build(); !strings.HasPrefix(h.GetBuild(), own) {
		fmt.Fprintf(warn, "note: the journal was written by build %s, and this is %s, which may simulate otherwise\n", h.GetBuild(), own)
	}
	return k, nil
}

func newReplayInfo() *cobra.Command {
	return &cobra.Command{
		Use: "info FILE", Short: "Say what a journal is of, and why it was kept",
		Long: `Say what a journal is of: the room, how long it is, whether it is whole, and why it was
kept. Nothing is played.`,
		Args: files(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withJournal(args[0], func(j *journal.Journal) error { return printInfo(cmd.OutOrStdout(), j) })
		},
	}
}

func printInfo(w io.Writer, j *journal.Journal) error {
	h := j.Header
	fmt.Fprintf(w, "room     %s, of the kind %s with the schema %016x\n", h.GetRoom(), h.GetKind(), h.GetSchema())
	fmt.Fprintf(w, "build    %s\n", h.GetBuild())
	fmt.Fprintf(w, "made     %s, seed %d\n", at(h.GetNowUs()), h.GetSeed())
	for _, o := range h.GetOptions() {
		fmt.Fprintf(w, "option   %s=%s\n", o.GetName(), o.GetValue())
	}
	first, last, entries, kinds := uint32(0), uint32(0), 0, map[journal.Op]int{}
	for i, c := range j.Chunks {
		if c.Type != journal.TypeBlock {
			continue
		}
		b, err := j.Block(c)
		if err != nil {
			return err
		}
		if entries == 0 {
			first = b.GetTick()
			last = first - 1
		} else if b.GetTick() != last+1 {
			return fmt.Errorf("chunk %d begins in tick %d, and those before it end with %d", i, b.GetTick(), last)
		}
		for _, e := range b.GetEntries() {
			op := journal.Op(e.GetOp())
			kinds[op]++
			if e.GetOp() != tickroomv1.JournalOp_JOURNAL_OP_HASH {
				entries++
			}
			if op == journal.OpStep {
				last++
			}
		}
	}
	fmt.Fprintf(w, "ticks    %d to %d\n", first, last)
	fmt.Fprintf(w, "calls    %d: %d inputs, %d commands, %d joins, %d messages\n", entries, kinds[journal.OpInput], kinds[journal.OpCommand], kinds[journal.OpJoin], kinds[journal.OpMessage])
	switch {
	case j.Cut >= 0:
		fmt.Fprintf(w, "whole    no: it was cut off or damaged after %d bytes\n", j.Cut)
	case first > 1:
		fmt.Fprintln(w, "whole    no: the beginning is gone, so it can't be played again")
	default:
		fmt.Fprintln(w, "whole    yes")
	}
	return printMarks(w, j)
}

func at(us int64) string { return time.UnixMicro(us).UTC().Format(time.RFC3339Nano) }

// printMarks says why a journal was kept.
func printMarks(w io.Writer, j *journal.Journal) error {
	for _, c := range j.Chunks {
		if c.Type != journal.TypeMark {
			continue
		}
		m, err := j.Mark(c)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "kept     %s, in tick %d, at %s\n", m.GetReason(), m.GetTick(), at(m.GetAtUs()))
		if m.GetText() != "" {
			fmt.Fprintf(w, "         %s\n", m.GetText())
		}
		if m.GetStack() != "" {
			fmt.Fprintf(w, "%s\n", strings.TrimRight(m.GetStack(), "\n"))
		}
	}
	return nil
}

// replayFlags are those of the commands that play.
type replayFlags struct{ log bool }

// logger returns where the game logs to.
func (f *replayFlags) logger(w io.Writer) *slog.Logger {
	if !f.log {
		return nil
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (f *replayFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.log, "log", false, "print what the game logs")
}

func (p Program) newReplayVerify() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use: "verify FILE", Short: "Play a journal again, and compare",
		Long: `Play a journal again, as fast as it goes, and compare the state with what the journal says
of it. A panic of the game comes again, and its stack is printed. The exit code is 1 if the
room is not the same, or the game panics.`,
		Args: files(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withJournal(args[0], func(j *journal.Journal) error { return p.verify(cmd, j, &f) })
		},
	}
	f.add(cmd)
	return cmd
}

func (p Program) verify(cmd *cobra.Command, j *journal.Journal, f *replayFlags) error {
	k, err := p.kindOf(j, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	begun := time.Now()
	res, err := replay.Verify(j, k, f.logger(cmd.ErrOrStderr()))
	if err != nil {
		return err
	}
	took := time.Since(begun).Seconds()
	w := cmd.OutOrStdout()
	switch {
	case res.Panicked != nil:
		fmt.Fprintln(w, res.Panicked)
		fmt.Fprint(w, res.Panicked.Stack)
		return fmt.Errorf("the game panics in tick %d", res.Panicked.Tick)
	case res.Bad != 0:
		return fmt.Errorf("the replay differs in tick %d: %s. It was the same in tick %d. tickroom replay bisect says more", res.Bad, res.Differs, res.Good)
	}
	fmt.Fprintf(w, "the same: %d ticks, %d calls, %d hashes compared, the last of tick %d\n", res.Ticks, res.Entries, res.Hashes, res.Good)
	if res.Rate > 0 {
		played := float64(res.Ticks) / res.Rate
		fmt.Fprintf(cmd.ErrOrStderr(), "%.1f s of the room in %.3f s, %.0f times as fast\n", played, took, played/max(took, 1e-6))
	}
	return nil
}

func (p Program) newReplayBisect() *cobra.Command {
	var f replayFlags
	replays := 3
	cmd := &cobra.Command{
		Use: "bisect FILE [FILE]", Short: "Find where a room differs first, down to the field",
		Long: `Find the first tick in which a room that is played again is not the same, and the table, the
entity and the field that differ: what a game does that is not deterministic, such as going
through a map, differs from replay to replay. If the replays are the same among themselves the
hashes in the journal, one a second, and the state that it ends with say where the room differed from
them. With two files both are played and compared. The exit code is 1 if there is a difference.`,
		Example: `  tickroom replay bisect FILE --replays 10    # what differs seldom
  tickroom replay bisect ONE OTHER`,
		Args: files(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if replays < 2 || replays > 1000 {
				return usageError{fmt.Errorf("--replays: %d; it must be 2 to 1000", replays)}
			}
			return withJournal(args[0], func(j *journal.Journal) error {
				if len(args) == 1 {
					return p.bisect(cmd, j, nil, replays, &f)
				}
				return withJournal(args[1], func(o *journal.Journal) error { return p.bisect(cmd, j, o, replays, &f) })
			})
		},
	}
	f.add(cmd)
	cmd.Flags().IntVar(&replays, "replays", replays, "how often the journal is played, 2 to 1000")
	return cmd
}

func (p Program) bisect(cmd *cobra.Command, j, other *journal.Journal, replays int, f *replayFlags) error {
	k, err := p.kindOf(j, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	var found replay.Finding
	if other == nil {
		found, err = replay.BisectReplay(j, k, replays, f.logger(cmd.ErrOrStderr()))
	} else if _, err = p.kindOf(other, cmd.ErrOrStderr()); err == nil {
		found, err = replay.Bisect(j, other, k, f.logger(cmd.ErrOrStderr()))
	}
	if err != nil {
		return err
	}
	w := cmd.OutOrStdout()
	if found.Tick == 0 {
		fmt.Fprintln(w, "no difference was found")
		return nil
	}
	fmt.Fprintf(w, "tick     %d; the same in tick %d\n", found.Tick, found.After)
	fmt.Fprintf(w, "differs  %s\n", found.What)
	if found.Entity != 0 {
		fmt.Fprintf(w, "entity   %d\n", found.Entity)
	}
	if found.Field != "" {
		fmt.Fprintf(w, "field    %s\n", found.Field)
	}
	if found.One != "" || found.Other != "" {
		fmt.Fprintf(w, "values   %s and %s\n", found.One, found.Other)
	}
	return fmt.Errorf("the room differs in tick %d", found.Tick)
}

func newReplayEvents() *cobra.Command {
	var inputs bool
	cmd := &cobra.Command{
		Use: "events FILE", Short: "List who came and went, and what they asked for",
		Long: `List, tick by tick, what reached the room: joins and leaves, connections that were lost and
came back, commands, messages. Nothing is played.`,
		Args: files(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withJournal(args[0], func(j *journal.Journal) error { return printEvents(cmd.OutOrStdout(), j, inputs) })
		},
	}
	cmd.Flags().BoolVar(&inputs, "inputs", false, "list inputs, too")
	return cmd
}

func printEvents(w io.Writer, j *journal.Journal, inputs bool) error {
	for _, c := range j.Chunks {
		if c.Type != journal.TypeBlock {
			continue
		}
		b, err := j.Block(c)
		if err != nil {
			return err
		}
		tick := b.GetTick()
		for _, e := range b.GetEntries() {
			if text := eventText(e, inputs); text != "" {
				fmt.Fprintf(w, "%7d  %s\n", tick, text)
			}
			if journal.Op(e.GetOp()) == journal.OpStep {
				tick++
			}
		}
	}
	return printMarks(w, j)
}

// eventText says what an entry is, for people; empty: nothing that they want to see.
func eventText(e *tickroomv1.JournalEntry, inputs bool) string {
	op := journal.Op(e.GetOp())
	switch op {
	case journal.OpJoin:
		who := e.GetWho()
		text := fmt.Sprintf("player %d joins: %q, %s", e.GetPlayer(), who.GetName(), or(who.GetPlayerId(), "without an id"))
		if who.GetSpectator() {
			text += ", to watch"
		}
		return text
	case journal.OpLeave, journal.OpAway, journal.OpBack:
		return fmt.Sprintf("player %d: %s", e.GetPlayer(), op)
	case journal.OpRoles:
		return fmt.Sprintf("player %d has the roles %q", e.GetPlayer(), e.GetRoles())
	case journal.OpCommand:
		return fmt.Sprintf("player %d: command %d, %d bytes", e.GetPlayer(), e.GetId(), len(e.GetData()))
	case journal.OpInput:
		if inputs {
			return fmt.Sprintf("player %d: input, %d bytes", e.GetPlayer(), len(e.GetData()))
		}
	case journal.OpMessage:
		return fmt.Sprintf("message %d on %s from %s, %d bytes", e.GetId(), e.GetFrom().GetTopic(), or(e.GetFrom().GetFrom(), "a backend"), len(e.GetData()))
	case journal.OpOutcome:
		return fmt.Sprintf("outcome of work %d: %s", e.GetOutcome().GetJob(), or(e.GetOutcome().GetError(), fmt.Sprint(len(e.GetOutcome().GetData()), " bytes")))
	case journal.OpDeaf, journal.OpHears:
		return fmt.Sprintf("%s %s", op, e.GetTopic())
	}
	return ""
}
