package danmaku

import (
	"context"
	"fmt"
	"slices"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/world"
)

// Names of the kinds.
const (
	houseKind = "danmaku"
	showKind  = "danmaku-show"
)

// windowRate is how many windows a second has.
const windowRate = 5

// Reviewer asks a service outside which comments must not be shown.
type Reviewer interface {
	// Review returns the comments that are refused, of up to 200. address is what the option
	// "review" of the house says. It is called in a goroutine of its own, several times at
	// once, and should give up when ctx is done.
	Review(ctx context.Context, address, show string, comments []*danmakuv1.Comment) (*danmakuv1.Verdicts, error)
}

// Outside is what houses ask of the world outside, beside their ticks. The zero Outside is nothing: then the
// options that need it are errors.
type Outside struct {
	// Reviewer is asked for the option "review".
	Reviewer Reviewer
	// ReadFile returns a file's content, for the option "words". It is called as Reviewer is.
	ReadFile func(ctx context.Context, name string) ([]byte, error)
}

// Kind returns the room kind "danmaku": a house, which viewers join.
func Kind(outside Outside) world.Kind {
	return world.Kind{
		Name: houseKind, Doc: "comments over a live stream, with gifts, polls and moderation", Schema: danmakuv1.Schema,
		TickRate: windowRate, MaxPlayers: 10_000,
		Show: &world.ShowOf{Kind: showKind, Option: "show"}, Spread: true,
		Options: houseOptions(), Inbox: inbox(),
		// Comments that a client has not been sent for 5 s are no news to it.
		World: world.Config{TransientTicks: 25, MaxEvents: 8192},
		New:   func(r *world.Room) (world.Game, error) { return newHouse(r, outside) },
	}
}

// ShowKind returns the room kind "danmaku-show": a show, which its houses hear and clients don't join.
func ShowKind() world.Kind {
	return world.Kind{
		Name: showKind, Doc: "comments over a live stream: what the houses have in common",
		// Of what clients see it has nothing.
		Schema:   &schema.Schema{Messages: danmakuv1.Schema.Messages, Descriptor: danmakuv1.Schema.Descriptor},
		TickRate: 20, MaxPlayers: 1, Backstage: true, Inbox: inbox(),
		Options: []world.Option{
			{Name: "show", Default: "main", Doc: "name of the show"},
			{Name: "epoch", Default: "0", Doc: "number of the claim to the show, which the server sets"},
			{Name: "opens", Default: "anybody", Doc: "who may have a show opened by coming to it: anybody; hosts: hosts, moderators and admins"},
			{Name: "tiers", Default: "5,20,60", Doc: "comments a second that viewers get, of the first tier, the first two, all three"},
			{Name: "candidates", Default: "40", Doc: "comments that a house may send in a window of 200 ms"},
			{Name: "max_age", Default: "3", Doc: "seconds after which a comment is not shown any more"},
			{Name: "slow", Default: "0", Doc: "seconds between two comments of a viewer at the beginning"},
			{Name: "slow_auto", Default: "true", Doc: "whether the slow mode follows the number of viewers at the beginning"},
		},
		Opens: mayOpen,
		New:   newShow,
	}
}

var checkOpens = world.OneOf("anybody", "hosts")

// mayOpen returns why a client may not have a show opened.
func mayOpen(_ context.Context, o *world.Opening) error {
	moderates := func(role string) bool { return role == "host" || role == "moderator" || role == "admin" }
	if o.Stage["opens"] == "hosts" && !slices.ContainsFunc(o.Roles, moderates) {
		return fmt.Errorf("there is no show %q; a host opens it", o.Show)
	}
	return nil
}

// Topics of a show.
func topicDown(show string) string  { return "show/" + houseKind + "/" + show }
func topicUp(show string) string    { return "houses/" + houseKind + "/" + show }
func topicGifts(show string) string { return "gifts/" + houseKind + "/" + show }

// topicWords is that of the list of blocked words for all shows.
const topicWords = "words/" + houseKind
