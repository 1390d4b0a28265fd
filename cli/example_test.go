package cli_test

import (
	"context"
	"os"
	"strings"

	"github.com/tickroom/tickroom/cli"
	"github.com/tickroom/tickroom/internal/kinds/walkers"
)

// A program of one's own has the whole command line; a test or a tool can run it.
func ExampleProgram_Run() {
	p := cli.Program{Name: "mygame"}
	p.Kinds = append(p.Kinds, walkers.Kind()) // game.Kind(), of one's own
	p.Run(context.Background(), []string{"serv"}, strings.NewReader(""), os.Stdout, os.Stdout)
	// Output: mygame: mygame does not know what to do with "serv"; did you mean "serve"? see mygame --help
}

// The main function of a game server.
func ExampleMain() {
	cli.Main(walkers.Kind()) // game.Kind(), of one's own
}
