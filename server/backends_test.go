package server_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/matchmaker"
	"github.com/tickroom/tickroom/netcode/roomservice"
	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/world"
)

// giftType is the message that tills take.
const giftType = "tickroom.danmaku.v1.Gift"

// tills is a kind of rooms that note the gifts that come, and tell backends of each.
type tills struct {
	mu    sync.Mutex
	heard []string
}

type till struct {
	r   *world.Room
	all *tills
	g   *world.Group
}

func (s *tills) kind() world.Kind {
	return world.Kind{
		Name: "till", Doc: "takes gifts", Schema: danmakuv1.Schema, Spectators: true,
		Options: []world.Option{{Name: "title", Clients: true}, {Name: "door_secret", Default: "hunter2"}, {Name: "places", Default: "10"}},
		New: func(r *world.Room) (world.Game, error) {
			places, err := r.Int("places", 1, 100)
			if err != nil {
				return nil, err
			}
			r.MaxPlayers = places
			g := &till{r, s, r.NewGroup("till")}
			r.Listen("gifts/till/main", world.Now)
			world.OnMessage(r, func(from *world.Posting, m *danmakuv1.Gift) {
				to := from.Topic
				if from.Player != nil {
					to = fmt.Sprint("player ", from.Player.Name)
				}
				s.mu.Lock()
				s.heard = append(s.heard, fmt.Sprintf("%s: %d x %s by %s", to, m.Count, m.Gift, from.Key))
				s.mu.Unlock()
				r.Tell(&danmakuv1.GiftEntry{Show: r.ID(), Key: from.Key, Gift: m.Gift, Count: m.Count})
			})
			return g, nil
		},
	}
}

func (g *till) Join(p *world.Player, _ []byte) error {
	p.Subscribe(g.g)
	return nil
}
func (*till) Leave(*world.Player) {}
func (*till) Tick()               {}

// have waits until something was heard, and checks that it was once.
func (s *tills) have(t *testing.T, want string) {
	t.Helper()
	until(t, want, func() bool { return s.times(want) > 0 })
	if n := s.times(want); n != 1 {
		t.Errorf("%s was heard %d times", want, n)
	}
}

func (s *tills) times(want string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.heard {
		if h == want {
			n++
		}
	}
	return n
}

// backendKeys are keys for tokens of services and of players.
type backendKeys struct {
	t                 *testing.T
	service, player   *identity.SigningKey
	serviceFile, file string // of the public keys
}

func newBackendKeys(t *testing.T) *backendKeys {
	t.Helper()
	k := &backendKeys{t: t}
	dir := t.TempDir()
	write := func(name string) (*identity.SigningKey, string) {
		key, err := identity.NewSigningKey(identity.EdDSA)
		if err != nil {
			t.Fatal(err)
		}
		file, err := key.Write(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return key, file
	}
	k.service, k.serviceFile = write("service")
	k.player, k.file = write("player")
	return k
}

// on switches the API on.
func (k *backendKeys) on(c *config.Config) {
	c.Service.KeyFiles, c.Identity.KeyFiles, c.Identity.Guests = []string{k.serviceFile}, []string{k.file}, config.GuestsOn
}

// token returns a token with scopes, all if there are none, bound to kinds.
func (k *backendKeys) token(kinds []string, scopes ...string) string {
	k.t.Helper()
	if scopes == nil {
		scopes = identity.Scopes()
	}
	token, err := k.service.MintService(identity.ServiceGrant{Service: "shop", Scopes: scopes, Kinds: kinds, Audience: []string{"tickroom-rooms"}, TTL: time.Hour})
	if err != nil {
		k.t.Fatal(err)
	}
	return string(token)
}

func (k *backendKeys) playerToken(player string) string {
	k.t.Helper()
	token, err := k.player.Mint(identity.Grant{Player: player, Name: player, Roles: identity.Player | identity.Admin, Audience: []string{"tickroom-rooms"}, TTL: time.Hour})
	if err != nil {
		k.t.Fatal(err)
	}
	return string(token)
}

// backend returns a client of a server's API. It tries nothing twice.
func backend(t *testing.T, srv *server.Server, token string) *roomservice.Client {
	t.Helper()
	c, err := roomservice.New("http://"+srv.ServiceAddr().String(), roomservice.Options{Token: token, Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// refuses checks that a call was refused with a code, and what was said.
func refuses(t *testing.T, what string, err error, code connect.Code, says string) {
	t.Helper()
	var e *roomservice.Error
	if !errors.As(err, &e) || e.Code != code || !strings.Contains(e.Text, says) {
		t.Errorf("%s: %v; want %v: %s", what, err, code, says)
	}
}

// sit has a player come into a till.
func sit(t *testing.T, srv *server.Server, token string, hello client.Config) *client.Client {
	t.Helper()
	hello.Schema, hello.Token = danmakuv1.Schema, token
	c, err := client.Dial(t.Context(), "ws://"+srv.Addr().String()+server.Path, client.Options{Config: hello, NoReconnect: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(1000, "") })
	return c
}

func jsonOf(t *testing.T, v map[string]any) *tickroomv1.RoomServicePostRequest_Json {
	t.Helper()
	s, err := structpb.NewStruct(v)
	if err != nil {
		t.Fatal(err)
	}
	return &tickroomv1.RoomServicePostRequest_Json{Json: s}
}

func toRoom(id string) *tickroomv1.RoomServicePostRequest_Room {
	return &tickroomv1.RoomServicePostRequest_Room{Room: id}
}

func toTopic(name string) *tickroomv1.RoomServicePostRequest_Topic {
	return &tickroomv1.RoomServicePostRequest_Topic{Topic: name}
}

// TestPost posts to a room, a topic and a player, as bytes and as JSON, with keys that come again.
func TestPost(t *testing.T) {
	t.Parallel()
	k, all := newBackendKeys(t), &tills{}
	srv := start(t, k.on, all.kind())
	shop := backend(t, srv, k.token(nil, "post"))
	ann := sit(t, srv, k.playerToken("ann"), client.Config{Kind: "till"})
	room := ann.Welcome().GetRoom()
	for range 2 {
		r, err := shop.Post(t.Context(), &tickroomv1.RoomServicePostRequest{
			To: toRoom(room), Message: giftType, Content: jsonOf(t, map[string]any{"gift": "rose", "count": 3}), Key: "order-1",
		})
		if err != nil || r.GetTopic() != "room/"+room || r.GetNumber() == 0 {
			t.Fatal(r, err)
		}
	}
	all.have(t, "room/"+room+": 3 x rose by order-1")
	gift := &danmakuv1.Gift{Gift: "car", Count: 1}
	data := &tickroomv1.RoomServicePostRequest_Data{Data: gift.AppendProto(nil)}
	if _, err := shop.Post(t.Context(), &tickroomv1.RoomServicePostRequest{To: toTopic("gifts/till/main"), Message: giftType, Content: data, Key: "order-2"}); err != nil {
		t.Fatal(err)
	}
	all.have(t, "gifts/till/main: 1 x car by order-2")
	to := &tickroomv1.RoomServicePostRequest_Player{Player: "ann"}
	if _, err := shop.Post(t.Context(), &tickroomv1.RoomServicePostRequest{To: to, Message: giftType, Content: data, Key: "order-3"}); err != nil {
		t.Fatal(err)
	}
	all.have(t, "player ann: 1 x car by order-3")
}

// TestPostRefused has what makes no sense, each with what is said of it.
func TestPostRefused(t *testing.T) {
	t.Parallel()
	k, all := newBackendKeys(t), &tills{}
	srv := start(t, k.on, all.kind())
	shop := backend(t, srv, k.token([]string{"till"}, "post"))
	room := sit(t, srv, "", client.Config{Kind: "till"}).Welcome().GetRoom()
	gifts := toTopic("gifts/till/main")
	for name, c := range map[string]struct {
		q    *tickroomv1.RoomServicePostRequest
		code connect.Code
		says string
	}{
		"to nobody":        {&tickroomv1.RoomServicePostRequest{Message: giftType}, connect.CodeInvalidArgument, "to whom"},
		"to no room":       {&tickroomv1.RoomServicePostRequest{To: toRoom("till-nowhere"), Message: giftType}, connect.CodeNotFound, "till-nowhere"},
		"an odd room":      {&tickroomv1.RoomServicePostRequest{To: toRoom("a b"), Message: giftType}, connect.CodeInvalidArgument, "ASCII"},
		"a room's topic":   {&tickroomv1.RoomServicePostRequest{To: toTopic("room/" + room), Message: giftType}, connect.CodeInvalidArgument, "not for backends"},
		"a show's topic":   {&tickroomv1.RoomServicePostRequest{To: toTopic("show/till/main"), Message: giftType}, connect.CodeInvalidArgument, "not for backends"},
		"an odd topic":     {&tickroomv1.RoomServicePostRequest{To: toTopic("a b"), Message: giftType}, connect.CodeInvalidArgument, "topic"},
		"a foreign topic":  {&tickroomv1.RoomServicePostRequest{To: toTopic("gifts/quiz/main"), Message: giftType}, connect.CodePermissionDenied, "bound to the kinds till"},
		"no message":       {&tickroomv1.RoomServicePostRequest{To: gifts}, connect.CodeInvalidArgument, "message is missing"},
		"an unknown one":   {&tickroomv1.RoomServicePostRequest{To: gifts, Message: "x.Y"}, connect.CodeInvalidArgument, giftType},
		"an unknown field": {&tickroomv1.RoomServicePostRequest{To: gifts, Message: giftType, Content: jsonOf(t, map[string]any{"cuont": 1})}, connect.CodeInvalidArgument, `no field "cuont"; its fields are: playerId, name, gift`},
		"a wrong type":     {&tickroomv1.RoomServicePostRequest{To: gifts, Message: giftType, Content: jsonOf(t, map[string]any{"count": "many"})}, connect.CodeInvalidArgument, "field count"},
		"out of bounds":    {&tickroomv1.RoomServicePostRequest{To: gifts, Message: giftType, Content: jsonOf(t, map[string]any{"count": -1})}, connect.CodeInvalidArgument, "field count"},
		"no encoding":      {&tickroomv1.RoomServicePostRequest{To: gifts, Message: giftType, Content: &tickroomv1.RoomServicePostRequest_Data{Data: []byte{0xff}}}, connect.CodeInvalidArgument, "data: it is no"},
		"a long key":       {&tickroomv1.RoomServicePostRequest{To: gifts, Message: giftType, Key: strings.Repeat("k", 129)}, connect.CodeInvalidArgument, "key"},
		"a long message":   {&tickroomv1.RoomServicePostRequest{To: gifts, Message: giftType, Content: jsonOf(t, map[string]any{"gift": strings.Repeat("g", world.MaxPost)})}, connect.CodeInvalidArgument, "bytes"},
	} {
		_, err := shop.Post(t.Context(), c.q)
		refuses(t, name, err, c.code, c.says)
	}
	// Who is bound to other kinds is told to which.
	_, err := backend(t, srv, k.token([]string{"quiz"}, "post")).Post(t.Context(), &tickroomv1.RoomServicePostRequest{To: toRoom(room), Message: giftType})
	refuses(t, "bound to another kind", err, connect.CodePermissionDenied, "is for rooms of the kinds till; the token is bound to the kinds quiz")
}

// TestServiceTokensAtTheServer has tokens that are not good here or there.
func TestServiceTokensAtTheServer(t *testing.T) {
	t.Parallel()
	k, all := newBackendKeys(t), &tills{}
	srv := start(t, k.on, all.kind())
	list := func(token string) error {
		_, err := backend(t, srv, token).ListRooms(t.Context(), &tickroomv1.RoomServiceListRoomsRequest{})
		return err
	}
	if err := list(k.token(nil, "list")); err != nil {
		t.Fatal(err)
	}
	refuses(t, "without the scope", list(k.token(nil, "post", "close")), connect.CodePermissionDenied, "scope list")
	refuses(t, "a player's token", list(k.playerToken("ann")), connect.CodeUnauthenticated, "not a service's")
	refuses(t, "a forged token", list(k.token(nil, "list")[:40]+"x"+k.token(nil, "list")[41:]), connect.CodeUnauthenticated, "")
	refuses(t, "no token at all", list("x"), connect.CodeUnauthenticated, "not a JSON Web Token")
	forged, err := k.player.MintService(identity.ServiceGrant{Service: "shop", Scopes: identity.Scopes(), Audience: []string{"tickroom-rooms"}, TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	refuses(t, "signed with a player's key", list(string(forged)), connect.CodeUnauthenticated, "")

	// A service's token makes no player, whichever key has signed it.
	for _, token := range []string{k.token(nil), string(forged)} {
		_, err := client.Dial(t.Context(), "ws://"+srv.Addr().String()+server.Path, client.Options{Config: client.Config{Kind: "till", Schema: danmakuv1.Schema, Token: token}})
		var ce *client.CloseError
		if !errors.As(err, &ce) || int(ce.Code) != int(tickroomv1.CloseCode_CLOSE_CODE_UNAUTHENTICATED) {
			t.Errorf("a hello with a service's token: %v", err)
		}
		m, err := matchmaker.New("http://"+srv.Addr().String(), matchmaker.Options{Token: token})
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{Kind: "till"})
		if connect.CodeOf(err) != connect.CodeUnauthenticated {
			t.Errorf("a quick join with a service's token: %v", err)
		}
	}
}

// TestOffWithoutKeys has no API where nobody could call it.
func TestOffWithoutKeys(t *testing.T) {
	t.Parallel()
	srv := start(t, nil, (&tills{}).kind())
	if srv.ServiceAddr() != nil {
		t.Fatal(srv.ServiceAddr())
	}
	c, err := roomservice.New("http://"+srv.Addr().String(), roomservice.Options{Token: "x", Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.ListRooms(t.Context(), &tickroomv1.RoomServiceListRoomsRequest{})
	refuses(t, "off", err, connect.CodeUnimplemented, "")
}

// TestServiceAddress has the API at an address of its own, and limits of a service.
func TestServiceAddress(t *testing.T) {
	t.Parallel()
	k := newBackendKeys(t)
	srv := start(t, func(c *config.Config) {
		k.on(c)
		c.Service.Listen, c.Service.Calls, c.Service.CallBurst = "127.0.0.1:0", 0.001, 2
	}, (&tills{}).kind())
	if srv.ServiceAddr().String() == srv.Addr().String() {
		t.Fatal("it has no address of its own")
	}
	c, err := roomservice.New("http://"+srv.Addr().String(), roomservice.Options{Token: k.token(nil), Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.ListRooms(t.Context(), &tickroomv1.RoomServiceListRoomsRequest{})
	refuses(t, "at the clients' address", err, connect.CodeUnimplemented, "")
	shop := backend(t, srv, k.token(nil))
	for range 2 {
		if _, err := shop.ListRooms(t.Context(), &tickroomv1.RoomServiceListRoomsRequest{}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = shop.ListRooms(t.Context(), &tickroomv1.RoomServiceListRoomsRequest{})
	refuses(t, "one call too many", err, connect.CodeResourceExhausted, "too many calls of this service")
	var e *roomservice.Error
	if !errors.As(err, &e) || e.RetryAfter <= 0 {
		t.Errorf("it is not said when to come back: %v", err)
	}
}

// roomsOf runs a test of rooms: backends call near, and the rooms that players make are at far.
func roomsOf(t *testing.T, k *backendKeys, near, far *server.Server) {
	ctx := t.Context()
	ops := backend(t, near, k.token(nil))
	ann := sit(t, far, k.playerToken("ann"), client.Config{Kind: "till", Options: map[string]string{"title": "tea"}})
	room := ann.Welcome().GetRoom()

	until(t, "the room is listed", func() bool {
		l, err := ops.ListRooms(ctx, &tickroomv1.RoomServiceListRoomsRequest{Kind: "till", Query: fmt.Sprintf("players == 1 and not private and node == %q", far.NodeID())})
		return err == nil && len(l.GetRooms()) == 1 && l.GetRooms()[0].GetInfo().GetRoom() == room && l.GetRooms()[0].GetChosen()["title"] == "tea" && l.GetRooms()[0].GetRunning()
	})
	if _, err := ops.ListRooms(ctx, &tickroomv1.RoomServiceListRoomsRequest{Query: "players =="}); connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("a query that is none: %v", err)
	}

	d, err := ops.DescribeRoom(ctx, &tickroomv1.RoomServiceDescribeRoomRequest{Room: room})
	if err != nil || len(d.GetPlayers()) != 1 || d.GetPlayers()[0].GetPlayer() != "ann" || d.GetTiming().GetRate() != 20 || d.GetRoom().GetNode() != far.NodeID() {
		t.Fatal(d, err)
	}
	if d.GetOptions()["title"] != "tea" || d.GetOptions()["places"] != "10" || strings.Contains(d.String(), "hunter2") {
		t.Errorf("options: %v", d)
	}

	// Locked, nobody new comes in; unlocked, somebody does.
	if err := ops.LockRoom(ctx, room); err != nil {
		t.Fatal(err)
	}
	_, err = client.Dial(ctx, "ws://"+far.Addr().String()+server.Path, client.Options{Config: client.Config{Kind: "till", Room: room, Schema: danmakuv1.Schema, Token: k.playerToken("bob")}})
	var ce *client.CloseError
	if !errors.As(err, &ce) || int(ce.Code) != int(tickroomv1.CloseCode_CLOSE_CODE_ROOM_FULL) {
		t.Errorf("into a locked room: %v", err)
	}
	if d, err := ops.DescribeRoom(ctx, &tickroomv1.RoomServiceDescribeRoomRequest{Room: room}); err != nil || !d.GetLockedByBackend() {
		t.Error(d, err)
	}
	if err := ops.UnlockRoom(ctx, room); err != nil {
		t.Fatal(err)
	}
	bob := sit(t, far, k.playerToken("bob"), client.Config{Kind: "till", Room: room})

	// Bob is put out, from wherever he is.
	rooms, err := ops.KickPlayer(ctx, &tickroomv1.RoomServiceKickPlayerRequest{Player: "bob", Reason: "spam"})
	if err != nil || !slices.Equal(rooms, []string{room}) {
		t.Errorf("kicked from %v, %v", rooms, err)
	}
	over(t, bob, tickroomv1.CloseCode_CLOSE_CODE_KICKED, "spam")
	until(t, "he is nowhere", func() bool {
		_, err := ops.KickPlayer(ctx, &tickroomv1.RoomServiceKickPlayerRequest{Player: "bob", Room: room})
		return connect.CodeOf(err) == connect.CodeNotFound
	})

	if err := ops.CloseRoom(ctx, room, "good night"); err != nil {
		t.Fatal(err)
	}
	over(t, ann, tickroomv1.CloseCode_CLOSE_CODE_ROOM_CLOSED, "good night")
	until(t, "the room is gone", func() bool { return connect.CodeOf(ops.CloseRoom(ctx, room, "")) == connect.CodeNotFound })
}

// over waits until a client is told that it is over.
func over(t *testing.T, c *client.Client, code tickroomv1.CloseCode, reason string) {
	t.Helper()
	select {
	case <-c.Done():
	case <-time.After(30 * time.Second):
		t.Fatal("the client goes on")
	}
	var ce *client.CloseError
	if err := c.Err(); !errors.As(err, &ce) || int(ce.Code) != int(code) || !strings.Contains(err.Error(), reason) {
		t.Errorf("it ended with %v; want %v: %s", c.Err(), code, reason)
	}
}

func TestRoomService(t *testing.T) {
	t.Parallel()
	k := newBackendKeys(t)
	srv := start(t, k.on, (&tills{}).kind())
	roomsOf(t, k, srv, srv)
}

// TestCreateRoom has backends make rooms.
func TestCreateRoom(t *testing.T) {
	t.Parallel()
	k := newBackendKeys(t)
	srv := start(t, k.on, (&tills{}).kind())
	ops := backend(t, srv, k.token([]string{"till"}))
	create := func(q *tickroomv1.RoomServiceCreateRoomRequest) (*tickroomv1.RoomServiceCreateRoomResponse, error) {
		return ops.CreateRoom(t.Context(), q)
	}
	r, err := create(&tickroomv1.RoomServiceCreateRoomRequest{Kind: "till", Room: "till-tonight", Options: map[string]string{"places": "1", "title": ""}, Keep: durationpb.New(time.Hour)})
	if err != nil || r.GetRoom() != "till-tonight" || r.GetCode() != "" || r.GetNode() != srv.NodeID() {
		t.Fatal(r, err)
	}
	_, err = create(&tickroomv1.RoomServiceCreateRoomRequest{Kind: "till", Room: "till-tonight", Options: map[string]string{"places": "1"}})
	refuses(t, "the same id", err, connect.CodeAlreadyExists, "till-tonight")
	d, err := ops.DescribeRoom(t.Context(), &tickroomv1.RoomServiceDescribeRoomRequest{Room: "till-tonight"})
	if err != nil || d.GetOptions()["places"] != "1" || d.GetRoom().GetInfo().GetCapacity() != 1 || !maps1(d.GetRoom().GetChosen(), "places", "1") {
		t.Error(d, err)
	}
	if got := sit(t, srv, k.playerToken("ann"), client.Config{Kind: "till", Room: "till-tonight"}).Welcome().GetRoom(); got != "till-tonight" {
		t.Error(got)
	}

	// A private room is found by its code alone.
	p, err := create(&tickroomv1.RoomServiceCreateRoomRequest{Kind: "till", Private: true})
	if err != nil || p.GetCode() == "" {
		t.Fatal(p, err)
	}
	m, err := matchmaker.New("http://"+srv.Addr().String(), matchmaker.Options{Token: k.playerToken("bob")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.JoinRoom(t.Context(), &tickroomv1.JoinRoomRequest{Room: p.GetRoom()}); connect.CodeOf(err) != connect.CodeNotFound {
		t.Errorf("by its id: %v", err)
	}
	a, err := m.JoinRoom(t.Context(), &tickroomv1.JoinRoomRequest{Code: p.GetCode()})
	if err != nil || a.GetRoom() != p.GetRoom() {
		t.Fatal(a, err)
	}
	l, err := ops.ListRooms(t.Context(), &tickroomv1.RoomServiceListRoomsRequest{PageSize: 1})
	if err != nil || len(l.GetRooms()) != 1 || l.GetNextPageToken() == "" {
		t.Fatal(l, err)
	}
	l, err = ops.ListRooms(t.Context(), &tickroomv1.RoomServiceListRoomsRequest{PageToken: l.GetNextPageToken()})
	if err != nil || len(l.GetRooms()) != 1 || l.GetNextPageToken() != "" {
		t.Error(l, err)
	}

	for name, c := range map[string]struct {
		q    *tickroomv1.RoomServiceCreateRoomRequest
		says string
	}{
		"no kind":         {&tickroomv1.RoomServiceCreateRoomRequest{}, "kind is missing"},
		"an unknown kind": {&tickroomv1.RoomServiceCreateRoomRequest{Kind: "tall"}, "there are: till"},
		"an odd id":       {&tickroomv1.RoomServiceCreateRoomRequest{Kind: "till", Room: "tonight"}, "till- and up to 64"},
		"no option":       {&tickroomv1.RoomServiceCreateRoomRequest{Kind: "till", Options: map[string]string{"x": "y"}}, `no option "x"; they have: title`},
		"an odd value":    {&tickroomv1.RoomServiceCreateRoomRequest{Kind: "till", Options: map[string]string{"places": "many"}}, "places"},
		"kept too long":   {&tickroomv1.RoomServiceCreateRoomRequest{Kind: "till", Keep: durationpb.New(25 * time.Hour)}, "keep is 25h"},
	} {
		_, err := create(c.q)
		refuses(t, name, err, connect.CodeInvalidArgument, c.says)
	}
	_, err = backend(t, srv, k.token([]string{"quiz"})).DescribeRoom(t.Context(), &tickroomv1.RoomServiceDescribeRoomRequest{Room: "till-tonight"})
	refuses(t, "of another kind than that of the token", err, connect.CodeNotFound, "till-tonight")
}

func maps1(m map[string]string, name, value string) bool { return len(m) == 1 && m[name] == value }

// TestRoomServiceOfAFleet calls one server about rooms that are on another.
func TestRoomServiceOfAFleet(t *testing.T) {
	t.Parallel()
	k := newBackendKeys(t)
	srvs := fleetOf(t, redistest.Start(t), k, &tills{}, &tills{})
	roomsOf(t, k, srvs[0], srvs[1])

	// A room that is made is where there is most to spare, and anybody is told of it.
	ids := map[string]bool{}
	for _, srv := range srvs {
		ops := backend(t, srv, k.token(nil))
		r, err := ops.CreateRoom(t.Context(), &tickroomv1.RoomServiceCreateRoomRequest{Kind: "till"})
		if err != nil {
			t.Fatal(err)
		}
		ids[r.GetRoom()] = true
		for _, other := range srvs {
			d, err := backend(t, other, k.token(nil)).DescribeRoom(t.Context(), &tickroomv1.RoomServiceDescribeRoomRequest{Room: r.GetRoom()})
			if err != nil || d.GetRoom().GetNode() != r.GetNode() || !d.GetRoom().GetRunning() {
				t.Error(d, err)
			}
		}
	}
	if len(ids) != 2 {
		t.Error(ids)
	}
}

// fleetOf runs a server for each of some tills, which share a Redis.
func fleetOf(t *testing.T, r *redistest.Server, k *backendKeys, of ...*tills) (srvs []*server.Server) {
	t.Helper()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(strings.Repeat("0123456789abcdef", 2)), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, kind := range of {
		srvs = append(srvs, start(t, func(c *config.Config) {
			k.on(c)
			c.Redis.Addresses, c.Seats.SecretFiles, c.Node.ID = []string{r.Addr()}, []string{secret}, fmt.Sprint("node-", i)
		}, kind.kind()))
	}
	return srvs
}

// asked is a kind of rooms whose schema has another message with the id of a gift.
func (s *tills) asked() world.Kind {
	return world.Kind{Name: "asked", Schema: quizv1.Schema, New: func(r *world.Room) (world.Game, error) {
		r.Listen("gifts/till/main", world.Now)
		world.OnMessage(r, func(*world.Posting, *quizv1.State) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.heard = append(s.heard, "misread")
		})
		return &till{r, s, r.NewGroup("asked")}, nil
	}}
}

// TestPostToAnotherSchema has a player in rooms of two kinds, whose schemas have different messages
// with the same id: a room passes over what is not of its own.
func TestPostToAnotherSchema(t *testing.T) {
	t.Parallel()
	k, all := newBackendKeys(t), &tills{}
	srv := start(t, k.on, all.kind(), all.asked())
	ops := backend(t, srv, k.token(nil))
	ann := k.playerToken("ann")
	sit(t, srv, ann, client.Config{Kind: "till"})
	other, err := client.Dial(t.Context(), "ws://"+srv.Addr().String()+server.Path, client.Options{Config: client.Config{Kind: "asked", Schema: quizv1.Schema, Token: ann}, NoReconnect: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close(1000, "") })
	data := &tickroomv1.RoomServicePostRequest_Data{Data: (&danmakuv1.Gift{Gift: "car", Count: 1}).AppendProto(nil)}
	for i, to := range []*tickroomv1.RoomServicePostRequest{
		{To: toTopic("gifts/till/main")}, {To: &tickroomv1.RoomServicePostRequest_Player{Player: "ann"}},
	} {
		to.Message, to.Content, to.Key = giftType, data, fmt.Sprint("order-", i)
		if _, err := ops.Post(t.Context(), to); err != nil {
			t.Fatal(err)
		}
	}
	all.have(t, "gifts/till/main: 1 x car by order-0")
	all.have(t, "player ann: 1 x car by order-1")
	// Of the other room's own type one is handed over, behind those.
	if _, err := ops.Post(t.Context(), &tickroomv1.RoomServicePostRequest{To: toRoom(other.Welcome().GetRoom()), Message: "tickroom.quiz.v1.State"}); err != nil {
		t.Fatal(err)
	}
	all.have(t, "misread")
	_, err = ops.Post(t.Context(), &tickroomv1.RoomServicePostRequest{To: toRoom(other.Welcome().GetRoom()), Message: giftType})
	refuses(t, "to a room of another schema", err, connect.CodeInvalidArgument, "no such message; they take: tickroom.quiz.v1.")
}
