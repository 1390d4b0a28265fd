package quiz

import (
	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/world"
)

// Names of the kinds.
const (
	houseKind = "quiz"
	showKind  = "quiz-show"
)

// Kind returns the room kind "quiz": a house of a show, which clients join.
func Kind() world.Kind {
	return world.Kind{
		Name: houseKind, Doc: "a quiz show: a house, for contestants, spectators and hosts", Schema: quizv1.Schema,
		TickRate: 20, MaxPlayers: 10_000, Spectators: true, MaxSpectators: 10_000,
		Options: []world.Option{
			{Name: "show", Default: "main", Doc: "name of the show that the house is of", Clients: true},
			{Name: "players", Default: "10000", Doc: "contestants per house"},
			{Name: "role", Default: "host", Doc: "role in the token that makes a host; empty: everybody may host, for trying out"},
		},
		Show: &world.ShowOf{Kind: showKind, Option: "show"}, Spread: true,
		New: newHouse,
	}
}

// ShowKind returns the room kind "quiz-show": a show, which its houses hear and clients don't join.
func ShowKind() world.Kind {
	return world.Kind{
		Name: showKind, Doc: "a quiz show: what its houses have in common",
		Schema:   &schema.Schema{}, // of what clients see it has nothing
		TickRate: 20, MaxPlayers: 1, Backstage: true,
		Options: []world.Option{
			{Name: "show", Default: "main", Doc: "name of the show"},
			{Name: "epoch", Default: "0", Doc: "number of the claim to the show, which the server sets"},
		},
		New: newShow,
	}
}
