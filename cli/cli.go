// Package cli is the command line of a program that runs a tickroom server: serve, and
// what goes with it (config, limits, kinds, token, bots, matchsim, explain, hooks, version). The
// program tickroom is it with the kinds that come along; one's own is, with one's own:
//
//	func main() { cli.Main(game.Kind()) }
//
// The package holds the commands alone. What they do is in the packages server, bots and
// matchmaking, which can be used without it.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tickroom/tickroom/bots"
	"github.com/tickroom/tickroom/world"
)

// Exit codes of a program.
const (
	ExitOK     = 0
	ExitFailed = 1 // something went wrong
	ExitUsage  = 2 // the command line makes no sense
)

// Main runs the command line of a program that has the kinds, as [Program.Main] does. It
// does not return.
func Main(kinds ...world.Kind) { Program{Kinds: kinds}.Main() }

// Program is what a program has besides the commands. The zero value has nothing, and is
// of use only to look at them.
type Program struct {
	// Name is what the program is called in its help and errors. Default: the name of its
	// file.
	Name string
	// Short says in one line what the program is, Long in several. They have defaults.
	Short, Long string
	// Kinds are the kinds of rooms that serve runs. Names must differ.
	Kinds []world.Kind
	// Bots is how bots play the kinds, by name. Those of a kind that is not in it stand
	// still.
	Bots map[string]bots.Behaviour
	// Pages serves what is at / and below of the server's address for players, but for
	// what the server has itself. Nil: nothing is there.
	Pages http.Handler
	// HostPages are the paths of those of the Pages that hosts of shows need a token for, such
	// as /quiz/host. On a developer's own machine serve prints links to them that have one: at
	// a terminal, if only this machine can connect and no keys are configured.
	HostPages []string
	// Greeting is what serve says besides, once it runs, to somebody at a terminal. Empty:
	// nothing.
	Greeting string
	// Commands are more commands. Errors in how they are called are made by [UsageError].
	Commands []*cobra.Command
}

// Main runs the command line of the process and ends it: with [ExitOK], [ExitFailed] or
// [ExitUsage].
func (p Program) Main() {
	os.Exit(p.Run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// Run runs a command line, without the program's name, and returns the exit code. It
// writes errors to stderr. It returns soon after ctx is done.
func (p Program) Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if p.Name == "" {
		p.Name = strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	}
	root := p.newRoot()
	if args == nil {
		args = []string{} // nil would mean the process's own
	}
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return ExitOK
	}
	for line := range strings.Lines(p.ownName(err.Error())) {
		fmt.Fprintln(stderr, p.Name+":", strings.TrimRight(line, "\n"))
	}
	var u usageError
	if errors.As(err, &u) || strings.HasPrefix(err.Error(), "unknown command") {
		return ExitUsage
	}
	return ExitFailed
}

// usageError is an error in the command line.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

// UsageError returns err as an error in the command line, for which a program ends with
// [ExitUsage].
func UsageError(err error) error { return usageError{err} }

func (p Program) newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   p.Name,
		Short: or(p.Short, "A game server, made with tickroom"),
		Long: or(p.Long, `A game server, made with tickroom: rooms simulate a game at a fixed rate, and every
client holds an exact copy of what it may see.`),
		Example: `  tickroom serve                              # then clients connect to ws://127.0.0.1:7777/ws
  tickroom kinds                              # the games, and their options
  tickroom bots --clients 50                  # bots that play, on a server that runs`,
		Args:          NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },

		SuggestionsMinimumDistance: 2,
	}
	if p.Pages != nil {
		root.Example = strings.Replace(root.Example, "clients connect to ws://127.0.0.1:7777/ws", "open http://127.0.0.1:7777", 1)
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(p.newReplay())
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
	})
	root.AddCommand(p.newServe(), newConfig(p.Kinds), newLimits(), newKinds(p.Kinds), newVersion(), newToken(), p.newBots(), newMatchsim(), newExplain(), newHooks(), newLink())
	for _, cmd := range append(root.Commands(), root) {
		cmd.Long, cmd.Example = p.ownName(cmd.Long), p.ownName(cmd.Example)
	}
	root.AddCommand(p.Commands...)
	return root
}

// called finds where a text tells how the program is called.
var called = regexp.MustCompile(`\btickroom (serve|config|limits|kinds|token|bots|matchsim|explain|replay)\b`)

// ownName returns a text that tells how tickroom is called as one about this program.
func (p Program) ownName(text string) string {
	return called.ReplaceAllString(text, strings.ReplaceAll(p.Name, "$", "$$")+" $1")
}

// or returns a text, or another one if it is empty.
func or(text, instead string) string {
	if text == "" {
		return instead
	}
	return text
}

// NoArgs is for commands that take flags alone: it refuses what is none, and says what
// may be meant.
func NoArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	if s := cmd.SuggestionsFor(args[0]); len(s) > 0 {
		hint = fmt.Sprintf("did you mean %q? ", s[0])
	}
	return usageError{fmt.Errorf("%s does not know what to do with %q; %ssee %s --help", cmd.CommandPath(), args[0], hint, cmd.CommandPath())}
}
