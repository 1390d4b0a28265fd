// Command tickroom runs a tickroom server, and what goes with it.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tickroom/tickroom/bots"
	"github.com/tickroom/tickroom/internal/kinds"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // something went wrong
	exitUsage  = 2 // the command line makes no sense
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run runs a command line and returns its exit code.
func run(args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.Execute()
	if err == nil {
		return exitOK
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintln(stderr, "tickroom:", strings.TrimRight(line, "\n"))
	}
	var u usageError
	if errors.As(err, &u) || strings.HasPrefix(err.Error(), "unknown command") {
		return exitUsage
	}
	return exitFailed
}

// usageError is an error in the command line.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "tickroom",
		Short: "A state-sync server for multiplayer games and live rooms",
		Long: `tickroom keeps the state of multiplayer games in sync: rooms simulate a game at a
fixed rate, and every client holds an exact copy of what it may see.`,
		Example: `  tickroom serve                              # then open http://127.0.0.1:7777
  tickroom bots --server http://127.0.0.1:7777 --kind arena --clients 50
  tickroom kinds                              # the games, and their options`,
		Args:          noArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },

		SuggestionsMinimumDistance: 2,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
	})
	root.AddCommand(newServe(), newConfig(), newKinds(), newVersion(), newToken(), bots.Command(kinds.Bots(), signTokens), newMatchsim(), newExplain())
	return root
}

// noArgs refuses arguments that are no flags.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	if s := cmd.SuggestionsFor(args[0]); len(s) > 0 {
		hint = fmt.Sprintf("did you mean %q? ", s[0])
	}
	return usageError{fmt.Errorf("%s does not know what to do with %q; %ssee %s --help", cmd.CommandPath(), args[0], hint, cmd.CommandPath())}
}
