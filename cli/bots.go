package cli

import (
	"maps"
	"math/rand/v2"

	"github.com/spf13/cobra"

	"github.com/tickroom/tickroom/bots"
	"github.com/tickroom/tickroom/netcode/client"
)

// newBots returns the command that lets bots play the program's kinds.
func (p Program) newBots() *cobra.Command {
	all := map[string]bots.Behaviour{}
	for _, k := range p.Kinds {
		if k.Backstage {
			continue // nobody can join it
		}
		all[k.Name] = bots.Behaviour{Schema: k.Schema, NewPilot: func(*rand.Rand) bots.Pilot { return idler{} }}
	}
	maps.Copy(all, p.Bots)
	return bots.Command(all, signTokens)
}

// idler plays a kind that nobody said how to play: it looks on.
type idler struct{}

func (idler) Seated(*client.Session)                   {}
func (idler) Input(b []byte, _ *client.Session) []byte { return b }
