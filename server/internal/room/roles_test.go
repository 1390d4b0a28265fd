package room

import (
	"log/slog"
	"slices"
	"testing"

	"github.com/tickroom/tickroom/internal/identity"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/world/danmaku"
)

// TestAModeratorOfOneShow has a token that is bound to a show used in the rooms of others.
func TestAModeratorOfOneShow(t *testing.T) {
	t.Parallel()
	id := identity.Identity{Player: "mod", Roles: identity.Moderator | identity.Subscriber, Shows: " ours "}
	for show, want := range map[string][]string{"ours": {"moderator", "subscriber"}, "theirs": {"subscriber"}, "our": {"subscriber"}, "": {"subscriber"}} {
		options := map[string]string{}
		if show != "" {
			options["show"] = show
		}
		e, err := New("r", danmaku.Kind(danmaku.Outside{}), 1, options, Config{}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		c, err := e.Join(&quiet{}, &Joiner{Hello: &tickroomv1.Hello{}, Identity: id})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(c.player.Roles, want) {
			t.Errorf("in show %q the player is %q, want %q", show, c.player.Roles, want)
		}
		e.identify(c, id) // with a newer token
		if !slices.Equal(c.player.Roles, want) {
			t.Errorf("in show %q the player is %q after a while, want %q", show, c.player.Roles, want)
		}
	}
	if none := (identity.Identity{Roles: identity.Host, Shows: " "}); none.RolesIn("x") != identity.Player {
		t.Error("who is host in no show is more than a player")
	}
}
