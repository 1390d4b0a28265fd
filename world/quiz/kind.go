package quiz

import (
	"context"
	"fmt"
	"strings"

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
			{Name: "show", Default: "main", Doc: "name of the show that the house is of", Clients: true, Check: checkShow},
			{Name: "players", Default: "10000", Doc: "contestants per house"},
			{Name: "role", Default: "host", Doc: "role in the token that makes a host; empty: everybody may host, for trying out"},
		},
		Show: &world.ShowOf{Kind: showKind, Option: "show"}, Spread: true, Inbox: inbox(),
		New: newHouse,
	}
}

// ShowKind returns the room kind "quiz-show": a show, which its houses hear and clients don't join.
// read reads the file that the option file names; nil: there are no files, and hosts send what is to
// be asked.
func ShowKind(read Reader) world.Kind {
	return world.Kind{
		Name: showKind, Doc: "a quiz show: what its houses have in common",
		Schema:   &schema.Schema{Package: quizv1.Schema.Package, Messages: quizv1.Schema.Messages, Descriptor: quizv1.Schema.Descriptor},
		TickRate: 20, MaxPlayers: 1, Backstage: true, Inbox: inbox(),
		Options: []world.Option{
			{Name: "show", Default: "main", Doc: "name of the show"},
			{Name: "epoch", Default: "0", Doc: "number of the claim to the show, which the server sets"},
			{Name: "opens", Default: "files", Doc: "who may have a show opened: files: anybody, one that has a file; hosts: hosts alone; anybody: one of any name"},
			{Name: "file", Default: "", Doc: "file of the show, in which * stands for its name; none: a host sends it; empty: a few questions to try it out"},
		},
		Opens: func(ctx context.Context, o *world.Opening) error { return mayOpen(ctx, o, read) },
		New:   func(r *world.Room) (world.Game, error) { return newShow(r, read) },
	}
}

// inbox is what backends may post: what a host could order.
func inbox() *world.Inbox {
	return &world.Inbox{
		Messages: []schema.Posted{new(quizv1.Order)},
		Check: func(topic string, _ schema.Posted) (show string, err error) {
			name, ok := strings.CutPrefix(topic, orderTopic(""))
			if !ok || world.CheckShowName(name) != nil {
				return "", fmt.Errorf("topic %q: orders go to %s", topic, orderTopic("NAME"))
			}
			return name, nil
		},
	}
}
