package server_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/matchmaking"
	"github.com/tickroom/tickroom/matchmaking/store"
	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/seat"
	"github.com/tickroom/tickroom/world"
)

const (
	seatRefused = tickroomv1.CloseCode_CLOSE_CODE_SEAT_REFUSED
	noSuchRoom  = tickroomv1.CloseCode_CLOSE_CODE_NO_SUCH_ROOM
	full        = tickroomv1.CloseCode_CLOSE_CODE_ROOM_FULL
	roomClosed  = tickroomv1.CloseCode_CLOSE_CODE_ROOM_CLOSED
)

// matches is a matchmaker's store.
type matches struct {
	mu   sync.Mutex
	all  map[string]store.Match
	away bool
}

func (m *matches) Match(_ context.Context, id, _ string) (store.Match, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away {
		return store.Match{}, errors.New("the store is away")
	}
	match, ok := m.all[id]
	if !ok {
		return match, store.ErrNoRoom
	}
	return match, nil
}

func (m *matches) add(match store.Match) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil {
		m.all = map[string]store.Match{}
	}
	m.all[match.ID] = match
}

// roll is a game that notes who has come, and how.
type roll struct {
	mu      sync.Mutex
	players []world.Player
	options []string
}

func (g *roll) kind() world.Kind {
	return world.Kind{
		Name: "roll", Schema: arenav1.Schema, TickRate: 20, MaxPlayers: 8, Spectators: true, MaxSpectators: 1,
		Options: []world.Option{{Name: "map", Default: "plain"}, {Name: "length", Default: "1"}},
		New: func(r *world.Room) (world.Game, error) {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.options = append(g.options, r.Text("map")+" "+r.Text("length"))
			return g, nil
		},
	}
}

func (g *roll) Join(p *world.Player, _ []byte) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.players = append(g.players, *p)
	return nil
}
func (g *roll) Leave(*world.Player) {}
func (g *roll) Tick()               {}

// rooms gives the options of the rooms that were made for matches.
func (g *roll) rooms() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(g.options), func(o string) bool { return !strings.HasPrefix(o, "moon") })
}

func (g *roll) of(player string) world.Player {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.IndexFunc(g.players, func(p world.Player) bool { return p.PlayerID == player })
	if i < 0 {
		return world.Player{}
	}
	return g.players[i]
}

// office is a matchmaker with the server that it sends players to.
type office struct {
	*accounts
	srv     *server.Server
	matches *matches
	game    *roll
	issuer  *seat.Issuer
	now     time.Time // zero: the real one
}

func newOffice(t *testing.T, change func(*config.Config), opts ...server.Option) *office {
	t.Helper()
	o := &office{accounts: newAccounts(t), matches: &matches{}, game: &roll{}}
	o.srv = startWith(t, append(opts, server.WithMatches(o.matches)), func(c *config.Config) {
		o.config(c)
		c.Seats.Leeway = 0
		c.Modes = modes(t, "modes: {duel: {room: {kind: roll}, spectators: true}}")
		if change != nil {
			change(c)
		}
	}, o.game.kind(), world.Kind{Name: "rest", Schema: arenav1.Schema, New: func(*world.Room) (world.Game, error) { return &roll{}, nil }})
	var err error
	o.issuer, err = seat.NewIssuer(o.srv.SeatKeys(), 30*time.Second, func() time.Time {
		if o.now.IsZero() {
			return time.Now()
		}
		return o.now
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *office) match(id string) store.Match {
	m := store.Match{ID: id, Kind: "roll", Mode: "duel", Node: o.srv.NodeID(), Options: map[string]string{"map": "moon"}, Created: time.Now()}
	o.matches.add(m)
	return m
}

func (o *office) issue(s seat.Seat) string {
	o.t.Helper()
	if s.Node == "" {
		s.Node = o.srv.NodeID()
	}
	token, _, err := o.issuer.Issue(s)
	if err != nil {
		o.t.Fatal(err)
	}
	return string(token)
}

// enter says hello and gives the welcome.
func (o *office) enter(h *tickroomv1.Hello) *player {
	o.t.Helper()
	p := &player{t: o.t, ws: dial(o.t, o.srv), rep: nil}
	h.Version = 1
	send(o.t, p.ws, &tickroomv1.ClientFrame{Hello: h})
	p.welc = readWelcome(o.t, p.ws)
	return p
}

func TestASeatOpensTheRoomOfItsMatch(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	o.match("duel-1")
	ann := o.enter(&tickroomv1.Hello{Token: o.of("ann"), Seat: o.issue(seat.Seat{Player: "ann", Room: "duel-1", Mode: "duel", Team: 1, Role: "healer"})})
	bob := o.enter(&tickroomv1.Hello{Kind: "roll", Room: "duel-1", Token: o.of("bob"), Seat: o.issue(seat.Seat{Player: "bob", Room: "duel-1", Mode: "duel"})})
	eve := o.enter(&tickroomv1.Hello{Token: o.mint(identity.Grant{Player: "eve", Roles: identity.Spectator}), Seat: o.issue(seat.Seat{Player: "eve", Room: "duel-1", Mode: "duel", Role: "spectator"})})
	for _, p := range []*player{ann, bob, eve} {
		if p.welc.GetRoom() != "duel-1" || p.welc.GetKind() != "roll" {
			t.Errorf("welcome: %v", p.welc)
		}
	}
	if !eve.welc.GetSpectator() || bob.welc.GetSpectator() {
		t.Errorf("who watches: %v, who plays: %v", eve.welc, bob.welc)
	}
	if p := o.game.of("ann"); p.Team != 1 || p.Role != "healer" || !p.InMatch || !slices.Equal(p.Roles, []string{"player"}) {
		t.Errorf("the game was told %+v", p)
	}
	if p := o.game.of("bob"); p.Team != 0 || p.Role != "" || !p.InMatch {
		t.Errorf("the game was told %+v", p)
	}
	if !slices.Equal(o.game.rooms(), []string{"moon 1"}) {
		t.Errorf("rooms were made with %v", o.game.rooms())
	}

	// Others do not get in, by name or by chance.
	refused(t, o.srv, &tickroomv1.Hello{Kind: "roll", Room: "duel-1", Token: o.of("cem")}, seatRefused, "with a seat")
	cem := o.enter(&tickroomv1.Hello{Kind: "roll", Token: o.of("cem")})
	if cem.welc.GetRoom() == "duel-1" {
		t.Error("a match's room took in whoever came")
	}
	if p := o.game.of("cem"); p.InMatch {
		t.Errorf("the game was told %+v", p)
	}
	if r, err := http.Get("http://" + o.srv.Addr().String() + server.StatusPath); err != nil {
		t.Error(err)
	} else {
		b, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil || strings.Contains(string(b), "duel-1") {
			t.Errorf("the room is told to everybody: %s, %v", b, err)
		}
	}
	// A player of it comes back without another seat.
	again := o.enter(&tickroomv1.Hello{Kind: "roll", Room: "duel-1", Token: o.of("ann")})
	if again.welc.GetPlayer() != ann.welc.GetPlayer() {
		t.Errorf("again: %v, before: %v", again.welc, ann.welc)
	}

	// An open match takes in everybody.
	m := o.match("open-1")
	m.Open = true
	o.matches.add(m)
	o.enter(&tickroomv1.Hello{Token: o.of("dan"), Seat: o.issue(seat.Seat{Player: "dan", Room: "open-1"})})
	if p := o.enter(&tickroomv1.Hello{Kind: "roll", Room: "open-1", Token: o.of("fay")}); p.welc.GetRoom() != "open-1" {
		t.Errorf("welcome: %v", p.welc)
	}
}

func TestAllOfAMatchComeAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	o.match("rush")
	hellos := make([]*tickroomv1.Hello, 8)
	for i := range hellos {
		player := string(rune('a' + i))
		hellos[i] = &tickroomv1.Hello{Version: 1, Token: o.of(player), Seat: o.issue(seat.Seat{Player: player, Room: "rush", Mode: "duel"})}
	}
	var conns []*websocket.Conn
	for range hellos {
		conns = append(conns, dial(t, o.srv))
	}
	var wg sync.WaitGroup
	for i, ws := range conns {
		wg.Go(func() {
			send(t, ws, &tickroomv1.ClientFrame{Hello: hellos[i]})
		})
	}
	wg.Wait()
	for _, ws := range conns {
		if w := readWelcome(t, ws); w.GetRoom() != "rush" {
			t.Errorf("welcome: %v", w)
		}
	}
	if n := len(o.game.rooms()); n != 1 {
		t.Errorf("%d rooms were made", n)
	}
}

func TestSeatsThatAreNotGoodAreRefused(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	o.match("duel-1")
	good := func() seat.Seat { return seat.Seat{Player: "ann", Room: "duel-1", Mode: "duel"} }
	token := o.of("ann")
	hello := func(s string) *tickroomv1.Hello { return &tickroomv1.Hello{Token: token, Seat: s} }

	others, err := seat.NewIssuer(seat.RandomKeys(), time.Minute, nil)
	if err != nil {
		t.Fatal(err)
	}
	g := good()
	g.Node = o.srv.NodeID()
	guessed, _, err := others.Issue(g)
	if err != nil {
		t.Fatal(err)
	}
	o.now = time.Now().Add(-time.Minute)
	late := o.issue(good())
	o.now = time.Now().Add(time.Minute)
	early := o.issue(good())
	o.now = time.Time{}
	elsewhere := good()
	elsewhere.Node = "another"
	genuine := o.issue(good())
	at := len(genuine) / 2
	changed := genuine[:at] + string(genuine[at]^1) + genuine[at+1:]
	if strings.ContainsAny(changed[at:at+1], "+/^`@[{}|~\x7f!") {
		changed = genuine[:at] + "A" + genuine[at+1:]
	}

	refused(t, o.srv, hello("guess"), seatRefused, seat.ErrMalformed.Error())
	refused(t, o.srv, hello(strings.Repeat("A", seat.MaxToken+1)), seatRefused, seat.ErrMalformed.Error())
	refused(t, o.srv, hello(string(guessed)), seatRefused, "key")
	refused(t, o.srv, hello(changed), seatRefused, "")
	refused(t, o.srv, hello(late), seatRefused, "expired")
	refused(t, o.srv, hello(early), seatRefused, "not valid yet")
	refused(t, o.srv, hello(o.issue(elsewhere)), seatRefused, "another node")
	refused(t, o.srv, hello(token), seatRefused, "") // an identity is no seat
	h := hello(genuine)
	h.Room = "duel-2"
	refused(t, o.srv, h, seatRefused, "another room")
	h = hello(o.issue(seat.Seat{Player: "ann", Room: "duel-1"}))
	h.Kind = "rest"
	// One that is stolen is no good to another player, and not lost to its owner.
	stolen := hello(genuine)
	stolen.Token = o.of("eve")
	refused(t, o.srv, stolen, seatRefused, "another player's")
	ann := o.enter(hello(genuine))
	// And is good once.
	refused(t, o.srv, hello(genuine), seatRefused, "used already")
	refused(t, o.srv, h, noSuchRoom, "kind")

	_ = ann.ws.CloseNow()

	m := get(t, o.srv, "/metrics")
	for _, why := range []string{"used", "malformed", "key_unknown", "expired", "from_future", "wrong_node", "wrong_room", "wrong_player"} {
		if !strings.Contains(m, `tickroom_seats_total{result="`+why+`"}`) {
			t.Errorf("the metrics do not tell of seats that are %s", why)
		}
	}
}

// TestNoRoomIsOpenedWithoutItsMatch has seats in rooms whose match is not there, or not
// any more, or can't be looked up.
func TestASeatIsNotUsedUpByAHelloThatDoesNotSuitItsRoom(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	o.match("duel-1") // nobody has opened it yet
	rest := o.match("rest-1")
	rest.Kind, rest.Options = "rest", nil // can't be watched
	o.matches.add(rest)
	for _, c := range []struct {
		room string
		bad  *tickroomv1.Hello
		code tickroomv1.CloseCode
	}{
		{"duel-1", &tickroomv1.Hello{Kind: "rest"}, noSuchRoom},
		{"duel-1", &tickroomv1.Hello{Room: "duel-2"}, seatRefused},
		{"rest-1", &tickroomv1.Hello{Spectate: true}, tickroomv1.CloseCode_CLOSE_CODE_BAD_HELLO},
	} {
		c.bad.Token, c.bad.Seat = o.of("ann"), o.issue(seat.Seat{Player: "ann", Room: c.room})
		refused(t, o.srv, c.bad, c.code, "")
		if made := o.game.rooms(); len(made) > 0 && c.room == "duel-1" && c.bad.GetRoom() == "" {
			t.Errorf("a hello of another kind has made the rooms %v", made)
		}
		if p := o.enter(&tickroomv1.Hello{Token: c.bad.GetToken(), Seat: c.bad.GetSeat()}); p.welc.GetRoom() != c.room {
			t.Errorf("after %v: %v", c.bad, p.welc)
		}
	}
}

func TestNoRoomIsOpenedWithoutItsMatch(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	in := func(room string) *tickroomv1.Hello {
		return &tickroomv1.Hello{Token: o.of("ann"), Seat: o.issue(seat.Seat{Player: "ann", Room: room})}
	}
	refused(t, o.srv, in("nowhere"), roomClosed, "")
	o.matches.mu.Lock()
	o.matches.away = true
	o.matches.mu.Unlock()
	refused(t, o.srv, in("later"), 1013, "")
}

// TestARefusalLeavesTheSeat has players come again with the seats that they were refused
// with: by the registry, since the matches can't be looked up, and by the room, which has no
// place.
func TestARefusalLeavesTheSeat(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	o.match("duel-1")
	hello := func(s seat.Seat) *tickroomv1.Hello {
		s.Room = "duel-1"
		return &tickroomv1.Hello{Token: o.of(s.Player), Seat: o.issue(s)}
	}
	away := func(away bool) {
		o.matches.mu.Lock()
		defer o.matches.mu.Unlock()
		o.matches.away = away
	}
	ann := hello(seat.Seat{Player: "ann"})
	away(true)
	refused(t, o.srv, ann, 1013, "")
	refused(t, o.srv, ann, 1013, "")
	away(false)
	o.enter(ann)
	refused(t, o.srv, ann, seatRefused, "used already")

	first := o.enter(hello(seat.Seat{Player: "bob", Role: "spectator"}))
	eve := hello(seat.Seat{Player: "eve", Role: "spectator"})
	refused(t, o.srv, eve, full, "watch")
	_ = first.ws.Close(websocket.StatusNormalClosure, "")
	until(t, "the place to watch from is free", func() bool {
		p := &player{t: t, ws: dial(t, o.srv)}
		eve.Version = 1
		send(t, p.ws, &tickroomv1.ClientFrame{Hello: eve})
		_, _, err := p.ws.Read(t.Context())
		if code := websocket.CloseStatus(err); err != nil && code != websocket.StatusCode(full) {
			t.Fatalf("closed with %d: %v", code, err)
		}
		return err == nil
	})
	refused(t, o.srv, eve, seatRefused, "used already")
	if m := get(t, o.srv, "/metrics"); !strings.Contains(m, `tickroom_seats_total{result="given_back"}`) {
		t.Error("the metrics do not tell of seats that were given back")
	}
}

func TestASeatThatIsUsedTwiceAtOnceIsUsedOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(c *config.Config) { c.Access.ConnectionsPerPlayer = 0 })
	o.match("duel-1")
	h := &tickroomv1.Hello{Version: 1, Token: o.of("ann"), Seat: o.issue(seat.Seat{Player: "ann", Room: "duel-1"})}
	const n = 16
	codes := make(chan int, n)
	var wg sync.WaitGroup
	for range n {
		ws := dial(t, o.srv)
		wg.Go(func() {
			send(t, ws, &tickroomv1.ClientFrame{Hello: h})
			_, _, err := ws.Read(t.Context())
			codes <- int(websocket.CloseStatus(err)) // -1: it was let in
		})
	}
	wg.Wait()
	close(codes)
	in := 0
	for c := range codes {
		if c == -1 {
			in++
		} else if c != int(seatRefused) {
			t.Errorf("closed with %d", c)
		}
	}
	if in != 1 {
		t.Errorf("%d were let in with one seat", in)
	}
}

func TestSeatsMayBeNeeded(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(c *config.Config) { c.Seats.Required = true })
	o.match("duel-1")
	refused(t, o.srv, &tickroomv1.Hello{Kind: "roll", Token: o.of("ann")}, seatRefused, "is needed")
	p := o.enter(&tickroomv1.Hello{Token: o.of("ann"), Seat: o.issue(seat.Seat{Player: "ann", Room: "duel-1"})})
	if p := o.enter(&tickroomv1.Hello{Kind: "roll", Token: o.of("ann")}); p.welc.GetRoom() != "duel-1" {
		t.Errorf("it does not come back: %v", p.welc)
	}
	wantClosed(t, p.ws, takenOver)
}

// brokenUsed is a store that can't be asked.
type brokenUsed struct{}

func (brokenUsed) Take(context.Context, seat.ID, time.Time) error { return errors.New("it is away") }

func TestASeatThatCannotBeCheckedIsRefused(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil, server.WithUsedSeats(brokenUsed{}))
	o.match("duel-1")
	refused(t, o.srv, &tickroomv1.Hello{Token: o.of("ann"), Seat: o.issue(seat.Seat{Player: "ann", Room: "duel-1"})}, seatRefused, "can't be checked now")
}

func TestNodesShareSeatSecrets(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "seats")
	if err := os.WriteFile(file, bytes.Repeat([]byte("0123456789abcdef"), 2), 0o600); err != nil {
		t.Fatal(err)
	}
	one := newOffice(t, func(c *config.Config) { c.Seats.SecretFiles, c.Node.ID = []string{file}, "one" })
	two := newOffice(t, func(c *config.Config) { c.Seats.SecretFiles, c.Node.ID = []string{file}, "two" })
	two.match("duel-1")
	s := one.issue(seat.Seat{Player: "ann", Room: "duel-1", Node: "two"})
	refused(t, one.srv, &tickroomv1.Hello{Token: one.of("ann"), Seat: s}, seatRefused, "another node")
	if p := two.enter(&tickroomv1.Hello{Token: two.of("ann"), Seat: s}); p.welc.GetRoom() != "duel-1" {
		t.Errorf("welcome: %v", p.welc)
	}
}

func TestAHostHasNoMoreRoomsThanItsShare(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(c *config.Config) { c.Access.RoomsPerPlayer = 1 })
	for _, id := range []string{"private-1", "private-2"} {
		m := o.match(id)
		m.Host = "ann"
		o.matches.add(m)
	}
	in := func(room string) *tickroomv1.Hello {
		return &tickroomv1.Hello{Token: o.of("ann"), Seat: o.issue(seat.Seat{Player: "ann", Room: room})}
	}
	o.enter(in("private-1"))
	refused(t, o.srv, in("private-2"), tooMany, (&limits.Denied{Reason: limits.PlayerRooms}).Error())
}

// A room that the matchmaker has put on the list, and that nobody has come to yet, stays
// there when its match can't be looked up for a moment.
func TestAListedRoomIsOpenedByWhoeverComesFirst(t *testing.T) {
	t.Parallel()
	stores := matchmaking.OpenMemory()
	o := newOffice(t, nil, server.WithStores(stores))
	m := o.match("open-1")
	m.Open = true
	o.matches.add(m)
	lists(t, stores, store.Listing{ID: m.ID, Kind: m.Kind, Node: o.srv.NodeID(), Occupancy: store.Occupancy{MaxPlayers: 8}})
	away := func(is bool) {
		o.matches.mu.Lock()
		defer o.matches.mu.Unlock()
		o.matches.away = is
	}
	in := func() *tickroomv1.Hello {
		return &tickroomv1.Hello{Kind: "roll", Room: "open-1", Token: o.of("ann")}
	}
	away(true)
	refused(t, o.srv, in(), 1013, "")
	away(false)
	if p := o.enter(in()); p.welc.GetRoom() != "open-1" {
		t.Errorf("welcome: %v", p.welc)
	}
	until(t, "the player is known to be there", func() bool {
		rooms, err := stores.Directory.Rooms(t.Context(), "roll", "")
		return err == nil && len(rooms) == 1 && rooms[0].Players == 1 && rooms[0].ReservedPlayers == 0
	})
}

// TestWhoComesBackByASeatHoldsNoSecondPlace has a player with a session in a room come back
// into it with a seat, anew and resuming: what was reserved with the seat is free at once.
func TestWhoComesBackByASeatHoldsNoSecondPlace(t *testing.T) {
	t.Parallel()
	stores := matchmaking.OpenMemory()
	o := newOffice(t, nil, server.WithStores(stores))
	o.match("duel-1")
	first := o.enter(&tickroomv1.Hello{Token: o.of("ann"), Seat: o.issue(seat.Seat{Player: "ann", Room: "duel-1"})})
	seated := func() string {
		s := seat.Seat{Player: "ann", Room: "duel-1"}
		_, err := stores.Directory.Reserve(t.Context(), store.Want{ID: "duel-1", Reservation: "ann", Made: time.Now(), Until: time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		return o.issue(s)
	}
	free := func() {
		t.Helper()
		until(t, "no place is reserved", func() bool {
			rooms, err := stores.Directory.Rooms(t.Context(), "roll", "")
			return err == nil && len(rooms) == 1 && rooms[0].Players == 1 && rooms[0].ReservedPlayers == 0
		})
	}
	free()
	second := o.enter(&tickroomv1.Hello{Token: o.of("ann"), Seat: seated()})
	wantClosed(t, first.ws, takenOver)
	free()
	o.enter(&tickroomv1.Hello{Token: o.of("ann"), Seat: seated(), Kind: "roll", Room: "duel-1", Resume: second.welc.GetSession()})
	free()
}

// lists puts a room on the list that nobody has come to yet.
func lists(t *testing.T, st store.Stores, l store.Listing) {
	t.Helper()
	if _, err := st.Directory.Report(t.Context(), l.Node, []store.Report{{Listing: l}}); err != nil {
		t.Fatal(err)
	}
}

// TestWatchersTakeNoPlayersPlace has people watch a match before all its players are there.
func TestWatchersTakeNoPlayersPlace(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	m := o.match("final")
	players := []string{"a", "b", "c", "d", "e", "f", "g"} // there is a place for one more
	for _, p := range players {
		m.Teams = append(m.Teams, store.Team{Slots: []store.Slot{{Player: p}}})
	}
	o.matches.add(m)
	hello := func(player, role string) *tickroomv1.Hello {
		return &tickroomv1.Hello{Token: o.of(player), Seat: o.issue(seat.Seat{Player: player, Room: "final", Mode: "duel", Role: role})}
	}
	if eve := o.enter(hello("eve", "spectator")); !eve.welc.GetSpectator() {
		t.Errorf("welcome: %v", eve.welc)
	}
	refused(t, o.srv, hello("fay", "spectator"), tickroomv1.CloseCode_CLOSE_CODE_ROOM_FULL, "watch")
	for _, p := range players {
		if p := o.enter(hello(p, "")); p.welc.GetRoom() != "final" || p.welc.GetSpectator() {
			t.Errorf("welcome: %v", p.welc)
		}
	}
}

// TestARoomThatIsGoneIsTakenOffTheList has a seat in a room that a server of the same
// name had, which has died.
func TestARoomThatIsGoneIsTakenOffTheList(t *testing.T) {
	t.Parallel()
	st := matchmaking.OpenMemory()
	o := newOffice(t, nil, server.WithStores(st))
	lists(t, st, store.Listing{ID: "roll-old", Kind: "roll", Node: o.srv.NodeID(), Occupancy: store.Occupancy{MaxPlayers: 8}})
	refused(t, o.srv, &tickroomv1.Hello{Token: o.of("ann"), Seat: o.issue(seat.Seat{Player: "ann", Room: "roll-old"})}, tickroomv1.CloseCode_CLOSE_CODE_ROOM_CLOSED, "not there")
	if rooms, err := st.Directory.Rooms(t.Context(), "", ""); err != nil || len(rooms) != 0 {
		t.Errorf("listed: %+v, %v", rooms, err)
	}
}
