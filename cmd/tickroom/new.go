package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tickroom/tickroom/cli"
	"github.com/tickroom/tickroom/internal/newgame"
	"github.com/tickroom/tickroom/server"
)

func newNew() *cobra.Command {
	o := newgame.Options{Version: server.BuildVersion()}
	cmd := &cobra.Command{
		Use:   "new [DIR]",
		Short: "Write a new game with its page, which runs at once",
		Long: `Write a new game into a folder, which is made, or must be empty: a Go module with a
schema, the rules and a test of them, a server, and a page in TypeScript. It is a small
game that works, to be changed into one's own. It needs Go and Node.js, and nothing else.

The game is called after the folder. Without a folder the name is asked for.

The libraries are those of this program's version. Until there is a release they come
from a checkout of tickroom: the one that the program is run in, lies in, or was built
from, or --checkout.`,
		Example: `  tickroom new mygame && cd mygame && go tool tickroom dev
  tickroom new games/star-dust --module example.com/ann/stardust
  tickroom new . --name stardust              # into this folder, if it is empty
  tickroom new mygame --checkout ~/src/tickroom`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return cli.UsageError(fmt.Errorf("tickroom new makes one game, in one folder, and was told %q; see tickroom new --help", args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.Dir = args[0]
			} else {
				name, err := ask(cmd.InOrStdin(), cmd.ErrOrStderr())
				if err != nil {
					return err
				}
				o.Dir = name
			}
			name, err := newgame.Write(cmd.Context(), o)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), nextSteps, name, o.Dir, o.Dir)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Name, "name", "", "what the kind of room and the packages are called: a letter from a to z and then letters or digits (default: the folder's name)")
	f.StringVar(&o.Module, "module", "", "the `path` of the Go module (default: example.com/ and the name)")
	f.StringVar(&o.Checkout, "checkout", "", "the `folder` of a checkout of tickroom to take the libraries from")
	f.SortFlags = false
	return cmd
}

const nextSteps = `The game %s is in %s. Next:

  cd %s
  go tool tickroom dev        # runs the server and the page; open http://localhost:5173 in two windows

Then change game/game.go and page/src/draw.ts, and look. README.md says what is where.
`

// ask asks for the name of a game.
func ask(in io.Reader, out io.Writer) (string, error) {
	fmt.Fprint(out, "What is the game called? ")
	line, err := bufio.NewReader(in).ReadString('\n')
	name := strings.TrimSpace(line)
	if name == "" {
		if err != nil {
			fmt.Fprintln(out)
		}
		return "", cli.UsageError(errors.New("a new game needs a folder, such as: tickroom new mygame; see tickroom new --help"))
	}
	return name, nil
}
