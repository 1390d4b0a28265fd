package server_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/netcode/client"
	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/world/danmaku"
)

// rose is a gift in JSON with some of its fields changed; nil takes one away.
func rose(change map[string]any) map[string]any {
	g := map[string]any{"playerId": "ann", "name": "Ann", "gift": "rose", "count": 3, "value": 30}
	for k, v := range change {
		if g[k] = v; v == nil {
			delete(g, k)
		}
	}
	return g
}

// TestGiftsRefused has gifts that make no sense, which get no number, and the same key for two.
func TestGiftsRefused(t *testing.T) {
	t.Parallel()
	k := newBackendKeys(t)
	srv := start(t, k.on, danmaku.Kind(danmaku.Outside{}), danmaku.ShowKind())
	shop := backend(t, srv, k.token(nil))
	sit(t, srv, k.playerToken("ann"), client.Config{Kind: "danmaku", Schema: danmakuv1.Schema, Options: map[string]string{"show": "tonight"}})
	post := func(topic, key string, json map[string]any) (uint64, error) {
		r, err := shop.Post(t.Context(), &tickroomv1.RoomServicePostRequest{To: toTopic(topic), Message: giftType, Content: jsonOf(t, json), Key: key})
		return r.GetNumber(), err
	}
	const tonight = "gifts/danmaku/tonight"
	for name, c := range map[string]struct {
		topic string
		json  map[string]any
		says  string
	}{
		"nothing":          {tonight, map[string]any{}, "playerId is missing"},
		"none":             {tonight, rose(map[string]any{"count": 0}), "count is 0"},
		"fewer than none":  {tonight, rose(map[string]any{"count": -1}), "count"},
		"worth less":       {tonight, rose(map[string]any{"value": "-5"}), "value"},
		"worth everything": {tonight, rose(map[string]any{"value": "18446744073709551615"}), "value is 18446744073709551615"},
		"no gift":          {tonight, rose(map[string]any{"gift": nil}), "gift is missing"},
		"no player":        {tonight, rose(map[string]any{"playerId": nil}), "playerId is missing"},
		"another topic":    {"gift/danmaku/tonight", rose(nil), "gifts/danmaku/NAME"},
		"no kind's topic":  {"somewhere", rose(nil), "gifts/danmaku/NAME"},
	} {
		n, err := post(c.topic, "k-"+strings.ReplaceAll(name, " ", "-"), c.json)
		refuses(t, name, err, connect.CodeInvalidArgument, c.says)
		if n != 0 {
			t.Errorf("%s has the number %d", name, n)
		}
	}
	_, err := post("gifts/danmaku/nowhere", "order-0", rose(nil))
	refuses(t, "to a show that is not there", err, connect.CodeFailedPrecondition, `there is no show "nowhere" now`)
	first, err := post(tonight, "order-1", rose(nil))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := post(tonight, "order-1", rose(nil)); err != nil || again != first {
		t.Errorf("the same again: %d, %v; it was %d", again, err, first)
	}
	_, err = post(tonight, "order-1", rose(map[string]any{"count": 4}))
	refuses(t, "another gift with its key", err, connect.CodeAlreadyExists, `key "order-1": another message was posted`)
	// The show that the server's option names may be posted to before anybody watches.
	if _, err := post("gifts/danmaku/main", "order-2", rose(nil)); err != nil {
		t.Error(err)
	}
	// It is made for that, so that the ledger has the gift.
	until(t, "the show of a gift", func() bool {
		l, err := shop.ListRooms(t.Context(), &tickroomv1.RoomServiceListRoomsRequest{Kind: "danmaku-show", Query: `show == "main"`})
		return err == nil && len(l.GetRooms()) == 1
	})
	for message, says := range map[string]string{
		"tickroom.danmaku.v1.ShowState": "take it from no backend; they take: tickroom.danmaku.v1.Gift, tickroom.danmaku.v1.Order, tickroom.danmaku.v1.PaidComment, tickroom.danmaku.v1.Words",
		"tickroom.danmaku.v1.Rose":      "there are: tickroom.danmaku.v1.Gift, tickroom.danmaku.v1.Order, tickroom.danmaku.v1.PaidComment, tickroom.danmaku.v1.Words",
	} {
		_, err := shop.Post(t.Context(), &tickroomv1.RoomServicePostRequest{To: toTopic(tonight), Message: message})
		refuses(t, message, err, connect.CodeInvalidArgument, says)
		if strings.Contains(err.Error(), "HouseReport") {
			t.Errorf("what rooms tell each other is listed: %v", err)
		}
	}
	_, err = backend(t, srv, k.token([]string{"quiz", "arena"})).Post(t.Context(), &tickroomv1.RoomServicePostRequest{To: toTopic(tonight), Message: giftType, Content: jsonOf(t, rose(nil))})
	refuses(t, "bound to others", err, connect.CodePermissionDenied, "is for rooms of the kinds danmaku, danmaku-show; the token is bound to the kinds quiz, arena")
}

// TestAGiftIsRepeatedAfterItsShow has a call come again when nobody watches any more: what it is told is whether the
// gift was taken then, and not that it would be refused now.
func TestAGiftIsRepeatedAfterItsShow(t *testing.T) {
	t.Parallel()
	k, r := newBackendKeys(t), redistest.Start(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(strings.Repeat("0123456789abcdef", 2)), 0o600); err != nil {
		t.Fatal(err)
	}
	node := func(id string) (*server.Server, func()) {
		return startStop(t, func(c *config.Config) {
			k.on(c)
			c.Redis.Addresses, c.Seats.SecretFiles, c.Node.ID = []string{r.Addr()}, []string{secret}, id
		}, danmaku.Kind(danmaku.Outside{}), danmaku.ShowKind())
	}
	post := func(srv *server.Server, key string, count int) (uint64, error) {
		res, err := backend(t, srv, k.token(nil)).Post(t.Context(), &tickroomv1.RoomServicePostRequest{
			To: toTopic("gifts/danmaku/tonight"), Message: giftType, Content: jsonOf(t, rose(map[string]any{"count": count})), Key: key,
		})
		return res.GetNumber(), err
	}
	before, stop := node("before")
	sit(t, before, k.playerToken("ann"), client.Config{Kind: "danmaku", Options: map[string]string{"show": "tonight"}})
	first, err := post(before, "order-1", 3)
	if err != nil {
		t.Fatal(err)
	}
	stop()
	after, _ := node("after")
	if n, err := post(after, "order-1", 3); err != nil || n != first {
		t.Errorf("the same again is told %d, %v; it was %d", n, err, first)
	}
	_, err = post(after, "order-1", 4)
	refuses(t, "another gift with its key", err, connect.CodeAlreadyExists, "another message was posted")
	_, err = post(after, "order-2", 3)
	refuses(t, "a new one", err, connect.CodeFailedPrecondition, `there is no show "tonight" now`)
	if _, err := backend(t, after, k.token(nil)).CreateRoom(t.Context(), &tickroomv1.RoomServiceCreateRoomRequest{Kind: "danmaku", Options: map[string]string{"show": "tonight"}}); err != nil {
		t.Fatal(err)
	}
	if n, err := post(after, "order-2", 3); err != nil || n <= first {
		t.Errorf("with a room of the show, a new one is told %d, %v", n, err)
	}
}

// TestSecretOptions are shown nowhere.
func TestSecretOptions(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	k := newBackendKeys(t)
	srv := start(t, func(c *config.Config) {
		k.on(c)
		c.KindOptions = map[string]map[string]string{"danmaku": {"review": "https://reviewer.example/check?key=" + secret}}
	}, danmaku.Kind(danmaku.Outside{Reviewer: refuser{}}), danmaku.ShowKind())
	ops := backend(t, srv, k.token(nil))
	made, err := ops.CreateRoom(t.Context(), &tickroomv1.RoomServiceCreateRoomRequest{
		Kind: "danmaku", Options: map[string]string{"show": "tonight", "review": "https://other.example/" + secret},
	})
	if err != nil {
		t.Fatal(err)
	}
	d, err := ops.DescribeRoom(t.Context(), &tickroomv1.RoomServiceDescribeRoomRequest{Room: made.GetRoom()})
	if err != nil || d.GetOptions()["show"] != "tonight" || d.GetRoom().GetChosen()["show"] != "tonight" {
		t.Fatal(d, err)
	}
	l, err := ops.ListRooms(t.Context(), &tickroomv1.RoomServiceListRoomsRequest{})
	if err != nil || len(l.GetRooms()) == 0 {
		t.Fatal(l, err)
	}
	for what, text := range map[string]string{"DescribeRoom": d.String(), "ListRooms": l.String()} {
		if strings.Contains(text, secret) || strings.Contains(text, "review:") {
			t.Errorf("%s shows %s", what, text)
		}
	}
}

// refuser is a reviewer that is asked nothing.
type refuser struct{}

func (refuser) Review(context.Context, string, string, []*danmakuv1.Comment) (*danmakuv1.Verdicts, error) {
	return &danmakuv1.Verdicts{}, nil
}
