// Command tickroom runs a tickroom server, and what goes with it.
package main

import (
	"github.com/spf13/cobra"

	"github.com/tickroom/tickroom/cli"
	"github.com/tickroom/tickroom/internal/kinds"
	"github.com/tickroom/tickroom/web"
)

func main() { program().Main() }

// program is the command line with the kinds and pages that come with tickroom.
func program() cli.Program {
	p := cli.Program{
		Name:  "tickroom",
		Short: "A state-sync server for multiplayer games and live rooms",
		Long: `tickroom keeps the state of multiplayer games in sync: rooms simulate a game at a
fixed rate, and every client holds an exact copy of what it may see.`,
		Bots:  kinds.Bots(),
		Pages: web.Handler(),

		HostPages: []string{"/live/host", "/quiz/host"},

		Commands: []*cobra.Command{newNew(), newDev(), newGenerate(), newRecord()},
	}
	for _, k := range kinds.All() {
		p.Kinds = append(p.Kinds, k.Kind)
	}
	if !web.Built() {
		p.Greeting = "It was built without its pages; make web builds them, with Node.js."
	}
	return p
}
