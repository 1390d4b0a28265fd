package server_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/netcode/client"
	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/world/danmaku"
)

// TestAModeratorsTokenElsewhere has a moderator of one show come to another one with its token: there it moderates
// nothing.
func TestAModeratorsTokenElsewhere(t *testing.T) {
	t.Parallel()
	a := newAccounts(t)
	srv := start(t, a.config, danmaku.Kind(danmaku.Outside{}), danmaku.ShowKind())
	token := a.mint(identity.Grant{Player: "mod", Roles: identity.Player | identity.Moderator, Shows: []string{"monday"}})
	for _, show := range []string{"monday", "tuesday"} {
		c := sit(t, srv, token, client.Config{Kind: "danmaku", Options: asks(show)})
		err := client.Order(t.Context(), c, &danmakuv1.Announce{Text: "hello"})
		var refused *client.ReplyError
		if mine := show == "monday"; mine && err != nil || !mine && (!errors.As(err, &refused) || !strings.Contains(refused.Text, "moderator")) {
			t.Errorf("in the show %s: %v", show, err)
		}
	}
}
