package server_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/internal/kinds/arena"
	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/matchmaker"
	"github.com/tickroom/tickroom/netcode/replica"
	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/gen/tickroom/v1/tickroomv1connect"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
)

// modes parses modes as a configuration file has them.
func modes(t *testing.T, text string) []mode.Mode {
	t.Helper()
	m, err := mode.Parse("modes.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const duels = `
modes:
  duel:
    room: {kind: arena, options: {bots: 0, obstacles: 0, pickups: 0, map: 1024}}
    teams: {count: 2, size: 1}
    rating: {window: any}
    backfill: {after: 0s}
  short:
    room: {kind: arena, options: {bots: 0, obstacles: 0, pickups: 0, map: 1024, length: 1}}
    teams: {count: 2, size: 1}
    rating: {window: any}
`

// beat is the time between two reports of a server. After three it counts as gone, which one
// on a busy machine must not.
const beat = 500 * time.Millisecond

// quick makes a server's matchmaking quick.
func quick(t *testing.T, text string) func(*config.Config) {
	m := modes(t, text)
	return func(c *config.Config) {
		c.Modes = m
		c.Matchmaking.Interval, c.Matchmaking.Beat = 20*time.Millisecond, beat
		c.Seats.TTL = 10 * time.Second
	}
}

// seeker is a player who looks for a match.
type seeker struct {
	t *testing.T
	*matchmaker.Client
}

func seek(t *testing.T, srv *server.Server, o matchmaker.Options) seeker {
	t.Helper()
	if o.HTTP == nil {
		tr := &http.Transport{}
		t.Cleanup(tr.CloseIdleConnections)
		o.HTTP = &http.Client{Transport: tr}
	}
	c, err := matchmaker.New("http://"+srv.Addr().String(), o)
	if err != nil {
		t.Fatal(err)
	}
	return seeker{t, c}
}

// find waits for a match of a mode.
func (s seeker) find(mode string) *matchmaker.Assignment {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	a, err := s.FindMatch(ctx, &tickroomv1.EnqueueRequest{Mode: mode}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// pair gives two players who are in one match.
func pair(t *testing.T, srv *server.Server, mode string) (players [2]seeker, at [2]*matchmaker.Assignment) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range players {
		players[i] = seek(t, srv, matchmaker.Options{})
		wg.Go(func() { at[i] = players[i].find(mode) })
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	if at[0].GetRoom() != at[1].GetRoom() || at[0].GetTeam() == at[1].GetTeam() || len(at[0].GetTeams()) != 2 {
		t.Fatalf("they do not meet: %v and %v", at[0], at[1])
	}
	return players, at
}

// enter joins the room of an assignment.
func (s seeker) enter(a *matchmaker.Assignment) *client.Client {
	s.t.Helper()
	c, err := s.tryEnter(a)
	if err != nil {
		s.t.Fatal(err)
	}
	if c.Welcome().GetRoom() != a.GetRoom() {
		s.t.Errorf("in room %s, not %s", c.Welcome().GetRoom(), a.GetRoom())
	}
	return c
}

func (s seeker) tryEnter(a *matchmaker.Assignment) (*client.Client, error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	c, err := s.Dial(ctx, a, client.Options{Config: client.Config{Schema: arenav1.Schema}})
	if err == nil {
		s.t.Cleanup(func() { c.Close(client.CloseNormal, "") })
	}
	return c, err
}

// TestQuickJoinFillsRooms has players who come one after another, by all protocols.
func TestQuickJoinFillsRooms(t *testing.T) {
	t.Parallel()
	srv := start(t, quick(t, duels), arena.Kind())
	a := seek(t, srv, matchmaker.Options{})
	b := seek(t, srv, matchmaker.Options{})
	ask := &tickroomv1.QuickJoinRequest{Kind: "arena", Self: &tickroomv1.Member{Name: "Ann"}}
	at, err := a.QuickJoin(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	ca := a.enter(at)
	if id := ca.Welcome().GetPlayerId(); !strings.HasPrefix(id, "guest:") {
		t.Errorf("the player's id is %q", id)
	}
	bt, err := b.QuickJoin(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	if bt.GetRoom() != at.GetRoom() {
		t.Errorf("the second goes to %s, the first is in %s", bt.GetRoom(), at.GetRoom())
	}
	b.enter(bt)
	// Who is there already comes back to where it is.
	again, err := a.QuickJoin(t.Context(), ask)
	if err != nil || again.GetRoom() != at.GetRoom() {
		t.Errorf("%v, %v", again, err)
	}
	list, err := b.ListRooms(t.Context(), &tickroomv1.ListRoomsRequest{Kind: "arena"})
	if err != nil || len(list.GetRooms()) != 1 || list.GetRooms()[0].GetPlayers() != 2 {
		t.Errorf("%v, %v", list, err)
	}

	// gRPC comes by HTTP/2, without TLS too.
	both := new(http.Protocols)
	both.SetUnencryptedHTTP2(true)
	tr := &http.Transport{Protocols: both}
	t.Cleanup(tr.CloseIdleConnections)
	for name, opt := range map[string]connect.ClientOption{"gRPC": connect.WithGRPC(), "gRPC-Web": connect.WithGRPCWeb()} {
		c := tickroomv1connect.NewMatchmakingServiceClient(&http.Client{Transport: tr}, "http://"+srv.Addr().String(), opt)
		got, err := c.ListRooms(t.Context(), connect.NewRequest(&tickroomv1.ListRoomsRequest{}))
		if err != nil || len(got.Msg.GetRooms()) != 1 {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// TestSeatsAreForTheirPlayers tries the seats of others, and own ones twice.
func TestSeatsAreForTheirPlayers(t *testing.T) {
	t.Parallel()
	srv := start(t, quick(t, duels), arena.Kind())
	players, at := pair(t, srv, "duel")
	thief := seek(t, srv, matchmaker.Options{})
	if _, err := thief.QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{Kind: "arena"}); err != nil {
		t.Fatal(err) // now it has a token of its own
	}
	refused := func(what string, s seeker, a *matchmaker.Assignment, want tickroomv1.CloseCode) {
		t.Helper()
		_, err := s.tryEnter(a)
		if ce := (*client.CloseError)(nil); !errors.As(err, &ce) || int(ce.Code) != int(want) {
			t.Errorf("%s: %v, want %s", what, err, want)
		}
	}
	refused("a stolen seat", thief, at[0], tickroomv1.CloseCode_CLOSE_CODE_SEAT_REFUSED)
	// The room is for those of the match alone.
	stranger := proto.CloneOf(at[0].Assignment)
	stranger.Seat = ""
	first := players[0].enter(at[0])
	refused("without a seat", thief, &matchmaker.Assignment{Assignment: stranger, URL: at[0].URL}, tickroomv1.CloseCode_CLOSE_CODE_SEAT_REFUSED)
	refused("the same seat again", players[0], at[0], tickroomv1.CloseCode_CLOSE_CODE_SEAT_REFUSED)
	if first.Err() != nil {
		t.Errorf("the owner was put out: %v", first.Err())
	}
	players[1].enter(at[1])
}

// TestTheWayBack has a player who has lost everything but its token.
func TestTheWayBack(t *testing.T) {
	t.Parallel()
	srv := start(t, quick(t, duels), arena.Kind())
	players, at := pair(t, srv, "duel")
	first := players[0].enter(at[0])
	players[1].enter(at[1])
	again := seek(t, srv, matchmaker.Options{Token: players[0].Token()})
	until(t, "the match is known as running", func() bool {
		a, err := again.QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{Mode: "duel"})
		return err == nil && a.GetRejoin()
	})
	// Enqueueing leads there too, and no second ticket is made.
	a := again.find("duel")
	if !a.GetRejoin() || a.GetRoom() != at[0].GetRoom() || a.GetTeam() != at[0].GetTeam() {
		t.Fatalf("%v, not back to %v", a, at[0])
	}
	second := again.enter(a)
	if second.Welcome().GetPlayer() != first.Welcome().GetPlayer() {
		t.Errorf("another session: of player %d, was %d", second.Welcome().GetPlayer(), first.Welcome().GetPlayer())
	}
	<-first.Done()
	if ce := (*client.CloseError)(nil); !errors.As(first.Err(), &ce) || int(ce.Code) != int(tickroomv1.CloseCode_CLOSE_CODE_TAKEN_OVER) {
		t.Errorf("the first device: %v", first.Err())
	}
}

// TestResultsMoveRatings plays matches to their end.
func TestResultsMoveRatings(t *testing.T) {
	t.Parallel()
	srv := start(t, quick(t, duels), arena.Kind())
	players, at := pair(t, srv, "short")
	var clients [2]*client.Client
	for i := range players {
		clients[i] = players[i].enter(at[i])
	}
	for _, c := range clients {
		<-c.Done()
		if ce := (*client.CloseError)(nil); !errors.As(c.Err(), &ce) || int(ce.Code) != int(tickroomv1.CloseCode_CLOSE_CODE_ROOM_CLOSED) {
			t.Errorf("the match ended with %v", c.Err())
		}
	}
	for i := range players {
		until(t, "the match is rated", func() bool {
			r, err := players[i].Ratings(t.Context(), "short")
			return err == nil && len(r) == 1 && r[0].GetMatches() == 1 && r[0].GetUncertainty() < 500
		})
	}
	// The match is over: the way is free for another one.
	var wg sync.WaitGroup
	for i := range players {
		wg.Go(func() {
			if a := players[i].find("short"); a.GetRejoin() || a.GetRoom() == at[i].GetRoom() {
				t.Errorf("sent back to a match that is over: %v", a)
			}
		})
	}
	wg.Wait()
}

// TestSomebodyElseTakesTheSlot has a player who leaves for good.
func TestSomebodyElseTakesTheSlot(t *testing.T) {
	t.Parallel()
	srv := start(t, quick(t, duels), arena.Kind())
	players, at := pair(t, srv, "duel")
	players[0].enter(at[0])
	leaver := players[1].enter(at[1])
	leaver.Close(client.CloseNormal, "")
	c := seek(t, srv, matchmaker.Options{})
	a := c.find("duel")
	if a.GetRoom() != at[0].GetRoom() || a.GetTeam() != at[1].GetTeam() || a.GetRejoin() {
		t.Fatalf("%v is not the slot that is free: %v", a, at[1])
	}
	c.enter(a)
	// Who left is not sent back.
	until(t, "the leaver is let go", func() bool {
		_, err := players[1].QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{Kind: "arena"})
		return err == nil
	})
}

// TestNobodyCame has a player who does not come in time.
func TestNobodyCame(t *testing.T) {
	t.Parallel()
	srv := start(t, func(c *config.Config) { quick(t, duels)(c); c.Seats.TTL, c.Seats.Leeway = 4*time.Second, 0 }, arena.Kind())
	players, at := pair(t, srv, "duel")
	players[0].enter(at[0])
	c := seek(t, srv, matchmaker.Options{})
	if a := c.find("duel"); a.GetRoom() != at[0].GetRoom() || a.GetTeam() != at[1].GetTeam() {
		t.Fatalf("%v is not the slot of who did not come: %v", a, at[1])
	}
	if _, err := players[1].tryEnter(at[1]); err == nil {
		t.Error("a seat that has expired is good")
	}
}

func TestPrivateRooms(t *testing.T) {
	t.Parallel()
	srv := start(t, quick(t, duels), arena.Kind())
	host, friend := seek(t, srv, matchmaker.Options{}), seek(t, srv, matchmaker.Options{})
	at, err := host.CreateRoom(t.Context(), &tickroomv1.CreateRoomRequest{Kind: "arena"})
	if err != nil {
		t.Fatal(err)
	}
	host.enter(at)
	bt, err := friend.JoinRoom(t.Context(), &tickroomv1.JoinRoomRequest{Code: strings.ToLower(at.GetCode())})
	if err != nil {
		t.Fatal(err)
	}
	if bt.GetRoom() != at.GetRoom() {
		t.Errorf("%s, not %s", bt.GetRoom(), at.GetRoom())
	}
	friend.enter(bt)
	list, err := friend.ListRooms(t.Context(), &tickroomv1.ListRoomsRequest{})
	if err != nil || len(list.GetRooms()) != 0 {
		t.Errorf("a private room is listed: %v, %v", list, err)
	}
	watcher := seek(t, srv, matchmaker.Options{})
	wt, err := watcher.Spectate(t.Context(), &tickroomv1.SpectateRequest{Code: at.GetCode()})
	if err != nil {
		t.Fatal(err)
	}
	if c := watcher.enter(wt); !c.Welcome().GetSpectator() {
		t.Error("a seat to watch from lets its player play")
	}
	if _, err := watcher.JoinRoom(t.Context(), &tickroomv1.JoinRoomRequest{Code: "ZZZZZZ"}); err == nil {
		t.Error("a code that nobody has is good")
	}
}

// TestModesAreChecked starts servers whose modes their kinds can't do.
func TestModesAreChecked(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"modes: {m: {room: {kind: chess}}}":                                                        `no kind "chess"`,
		"modes: {m: {room: {kind: arena, options: {bots: many}}}}":                                 "modes.m.room",
		"modes: {m: {room: {kind: arena, options: {players: 3}}, teams: {count: 2, size: 2}}}":     "its rooms take 3 players, and a match has 4",
		"modes: {m: {room: {kind: arena, options: {spead: 3}}, players: {max: 4}, timeout: 1m}}\n": "spead",
	} {
		cfg := config.Default()
		cfg.Listen, cfg.Admin, cfg.Modes = "127.0.0.1:0", "", modes(t, text)
		srv, err := server.New(cfg, server.WithLogger(slog.New(slog.DiscardHandler)))
		if err == nil {
			if err = srv.Register(arena.Kind()); err == nil {
				err = srv.Run(t.Context())
			}
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// shared makes servers that share a Redis.
func shared(t *testing.T, r *redistest.Server, n int, text string) []*server.Server {
	t.Helper()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(strings.Repeat("0123456789abcdef", 2)), 0o600); err != nil {
		t.Fatal(err)
	}
	var out []*server.Server
	for i := range n {
		out = append(out, start(t, func(c *config.Config) {
			quick(t, text)(c)
			c.Matchmaking.Lease = time.Second
			// The players come one after the other, on however slow a machine.
			c.Seats.TTL = 30 * time.Second
			c.Redis.Addresses = []string{r.Addr()}
			c.Seats.SecretFiles = []string{secret}
			c.Node.ID = fmt.Sprint("node-", i)
		}, arena.Kind()))
	}
	return out
}

// enterOneOf joins on the server that an assignment leads to. Here they have no addresses of
// their own, so it is tried.
func (s seeker) enterOneOf(srvs []*server.Server, a *matchmaker.Assignment) (*client.Client, *server.Server) {
	s.t.Helper()
	var errs []error
	for _, srv := range srvs {
		there := *a
		there.URL = "ws://" + srv.Addr().String() + server.Path
		c, err := s.tryEnter(&there)
		if err == nil {
			return c, srv
		}
		if ce := (*client.CloseError)(nil); !errors.As(err, &ce) || int(ce.Code) != int(tickroomv1.CloseCode_CLOSE_CODE_SEAT_REFUSED) {
			s.t.Fatalf("the wrong server says: %v", err)
		}
		errs = append(errs, err)
	}
	s.t.Fatal(errors.Join(errs...))
	return nil, nil
}

// TestBotsFillUp has one player who waits for long enough.
func TestBotsFillUp(t *testing.T) {
	t.Parallel()
	srv := start(t, quick(t, "modes: {alone: {room: {kind: arena, options: {bots: 0}}, players: {max: 5, min: 5}, rating: {window: any}, bots: {after: 0s, max: 4, min_players: 1}}}"), arena.Kind())
	p := seek(t, srv, matchmaker.Options{})
	a := p.find("alone")
	if a.GetBots() != 4 {
		t.Fatalf("%d bots: %v", a.GetBots(), a)
	}
	c := p.enter(a)
	until(t, "the bots fly", func() (four bool) {
		c.View(func(r *replica.Replica) {
			for _, census := range replica.All[arenav1.Census](r) {
				four = four || census.Bots == 4 && census.Players == 1
			}
		})
		return four
	})
}

// TestServersShareARedis has players who call one server and meet on any.
func TestServersShareARedis(t *testing.T) {
	t.Parallel()
	srvs := shared(t, redistest.Start(t), 3, duels)
	var players []seeker
	var found [12]*matchmaker.Assignment
	var wg sync.WaitGroup
	for i := range found {
		p := seek(t, srvs[i%len(srvs)], matchmaker.Options{})
		players = append(players, p)
		wg.Go(func() { found[i] = p.find("duel") })
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	rooms := map[string][]*server.Server{}
	for i, p := range players {
		_, srv := p.enterOneOf(srvs, found[i])
		rooms[found[i].GetRoom()] = append(rooms[found[i].GetRoom()], srv)
	}
	used := map[*server.Server]bool{}
	for id, in := range rooms {
		if len(in) != 2 || in[0] != in[1] {
			t.Errorf("room %s has %d players, on %v", id, len(in), in)
		}
		used[in[0]] = true
	}
	if len(rooms) != 6 || len(used) < 2 {
		t.Errorf("%d rooms on %d servers", len(rooms), len(used))
	}
	// A private room that was made by way of one server is joined by way of another.
	at, err := players[0].CreateRoom(t.Context(), &tickroomv1.CreateRoomRequest{Kind: "arena"})
	if err != nil {
		t.Fatal(err)
	}
	_, here := players[0].enterOneOf(srvs, at)
	bt, err := players[1].JoinRoom(t.Context(), &tickroomv1.JoinRoomRequest{Code: at.GetCode()})
	if err != nil {
		t.Fatal(err)
	}
	if _, there := players[1].enterOneOf(srvs, bt); here != there {
		t.Error("they are not in the same room")
	}
}

// TestAKickReachesOtherServers asks the server that the player is not on.
func TestAKickReachesOtherServers(t *testing.T) {
	t.Parallel()
	srvs := shared(t, redistest.Start(t), 2, duels)
	p := seek(t, srvs[0], matchmaker.Options{})
	a, err := p.CreateRoom(t.Context(), &tickroomv1.CreateRoomRequest{Kind: "arena"})
	if err != nil {
		t.Fatal(err)
	}
	c, there := p.enterOneOf(srvs, a)
	for _, srv := range srvs {
		if srv == there {
			continue
		}
		resp, err := http.Post("http://"+srv.AdminAddr().String()+"/players/"+c.Welcome().GetPlayerId()+"/kick?reason=spam", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("the kick is answered with %s", resp.Status)
		}
	}
	until(t, "the player is put out", func() bool { return c.Err() != nil })
	var ce *client.CloseError
	if !errors.As(c.Err(), &ce) || int(ce.Code) != int(tickroomv1.CloseCode_CLOSE_CODE_BANNED) || !strings.Contains(ce.Reason, "spam") {
		t.Errorf("closed with %v", c.Err())
	}
}

// TestRedisIsAway ends Redis under a room that runs.
func TestRedisIsAway(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	srvs := shared(t, r, 1, duels)
	players, at := pair(t, srvs[0], "duel")
	c := players[0].enter(at[0])
	players[1].enter(at[1])
	r.Kill()
	before := c.Stats().Snapshots
	late := seek(t, srvs[0], matchmaker.Options{})
	began := time.Now()
	_, err := late.QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{Kind: "arena"})
	var me *matchmaker.Error
	if !errors.As(err, &me) || me.Code != connect.CodeUnavailable || me.RetryAfter == 0 {
		t.Errorf("without Redis: %v", err)
	}
	t.Logf("refused after %v", time.Since(began))
	if _, err := client.Dial(t.Context(), "ws://"+srvs[0].Addr().String()+server.Path, client.Options{Config: client.Config{Kind: "arena"}}); err == nil {
		t.Error("a room is found without the directory")
	}
	until(t, "the room goes on", func() bool { return c.Stats().Snapshots > before+20 })
	r.Run()
	until(t, "matchmaking is back", func() bool {
		_, err := late.QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{Kind: "arena"})
		return err == nil
	})
	if err := c.Err(); err != nil {
		t.Errorf("the player in the room: %v", err)
	}
}

// TestRedisLosesAll empties Redis under a match and an open room that run.
func TestRedisLosesAll(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	srvs := shared(t, r, 1, duels)
	players, at := pair(t, srvs[0], "duel")
	for i := range players {
		players[i].enter(at[i])
	}
	open := seek(t, srvs[0], matchmaker.Options{})
	there, err := open.QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{Kind: "arena"})
	if err != nil {
		t.Fatal(err)
	}
	open.enter(there)
	if err := r.Client().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	until(t, "the open room is known again", func() bool {
		list, err := open.ListRooms(t.Context(), &tickroomv1.ListRoomsRequest{Kind: "arena"})
		return err == nil && len(list.GetRooms()) == 1 && list.GetRooms()[0].GetRoom() == there.GetRoom() && list.GetRooms()[0].GetPlayers() == 1
	})
	until(t, "the match is known again", func() bool {
		a, err := players[0].QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{Mode: "duel"})
		return err == nil && a.GetRejoin() && a.GetRoom() == at[0].GetRoom()
	})
}

// TestALeaverHasNoSeatToSpare has a player who was given two seats.
func TestALeaverHasNoSeatToSpare(t *testing.T) {
	t.Parallel()
	srv := start(t, func(c *config.Config) { quick(t, duels)(c); c.Seats.TTL = 30 * time.Second }, arena.Kind())
	players, at := pair(t, srv, "duel")
	spare, err := players[1].QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{Mode: "duel"})
	if err != nil || !spare.GetRejoin() {
		t.Fatalf("%v, %v", spare, err)
	}
	players[0].enter(at[0])
	leaver := players[1].enter(at[1])
	leaver.Close(client.CloseNormal, "")
	next := seek(t, srv, matchmaker.Options{})
	next.enter(next.find("duel"))
	_, err = players[1].tryEnter(spare)
	if ce := (*client.CloseError)(nil); !errors.As(err, &ce) || int(ce.Code) != int(tickroomv1.CloseCode_CLOSE_CODE_SEAT_REFUSED) {
		t.Errorf("the leaver comes back as a third: %v", err)
	}
}

// TestGuestsAreNotToBeHadByTheHundred has one address that calls as somebody new again
// and again, for each of whom a place would be reserved.
func TestGuestsAreNotToBeHadByTheHundred(t *testing.T) {
	t.Parallel()
	srv := start(t, func(c *config.Config) { quick(t, duels)(c); c.Access.Exempt = nil; c.Matchmaking.CallBurst = 1000 }, arena.Kind())
	var last *matchmaker.Error
	came := 0
	for range 100 {
		_, err := seek(t, srv, matchmaker.Options{}).QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{Kind: "arena"})
		if errors.As(err, &last) {
			break
		}
		came++
	}
	if last == nil || last.Code != connect.CodeResourceExhausted || last.RetryAfter == 0 || came < 60 {
		t.Errorf("after %d guests: %v", came, last)
	}
}

// TestSharedSecret needs one where servers share a Redis.
func TestSharedSecret(t *testing.T) {
	t.Parallel()
	cfg := config.Default()
	cfg.Redis.Addresses = []string{"127.0.0.1:1"}
	if _, err := server.New(cfg); err == nil || !strings.Contains(err.Error(), "seats.secret_files") {
		t.Error(err)
	}
}
