package room

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/tickroom/tickroom/proto/gen/closecode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/seat"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/world"
)

// rounds is a relay that takes nobody while a round is going on.
type rounds struct {
	relay
	on bool
}

func (g *rounds) Join(p *world.Player, data []byte) error {
	if g.on {
		return fmt.Errorf("a round is going on: %w", world.ErrFull)
	}
	return g.relay.Join(p, data)
}

// newRounds returns a room for three to play, and two to watch.
func newRounds(t *testing.T, cfg Config) (*hall, *rounds) {
	t.Helper()
	g := &rounds{}
	k := relayKind(&g.relay)
	begin := k.New
	k.MaxSpectators, k.New = 2, func(r *world.Room) (world.Game, error) { _, err := begin(r); return g, err }
	e, err := New("rounds", k, 1, nil, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return &hall{t, e, NewWorker(true)}, g
}

func (h *hall) hasPlaces(want Places) {
	h.t.Helper()
	if got := h.e.Places(); got != want {
		h.t.Errorf("places %+v; want %+v", got, want)
	}
}

func watch() *tickroomv1.Hello { return &tickroomv1.Hello{Spectate: true} }

func TestWhoWatchesTakesNoPlayersPlace(t *testing.T) {
	t.Parallel()
	h, _ := newRounds(t, Config{})
	h.hasPlaces(Places{MaxPlayers: 3, MaxSpectators: 2})
	for i := range 3 {
		if _, _, err := h.as(player(fmt.Sprint("p", i)), &tickroomv1.Hello{}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 2 {
		if _, _, err := h.as(player(fmt.Sprint("w", i)), watch()); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := h.as(player("w3"), watch())
	wantCode(t, err, closecode.RoomFull)
	_, _, err = h.as(player("p3"), &tickroomv1.Hello{})
	wantCode(t, err, closecode.RoomFull)
	h.hasPlaces(Places{Players: 3, MaxPlayers: 3, Spectators: 2, MaxSpectators: 2})
	for range 2 { // whoever is sent anything at all has been let in
		h.tick()
	}
	if !h.e.Kick("p0", "") || !h.e.Kick("w0", "") {
		t.Error("who is there is not found")
	}
	h.tick()
	h.hasPlaces(Places{Players: 2, MaxPlayers: 3, Spectators: 1, MaxSpectators: 2})
}

func TestTheNumberOfPlacesMayChange(t *testing.T) {
	t.Parallel()
	h, _ := newRounds(t, Config{})
	for i := range 3 {
		if _, _, err := h.as(player(fmt.Sprint("p", i)), &tickroomv1.Hello{}); err != nil {
			t.Fatal(err)
		}
	}
	h.e.World().MaxPlayers, h.e.World().MaxSpectators = 2, 0
	h.tick()
	h.hasPlaces(Places{Players: 3, MaxPlayers: 2})
	_, _, err := h.as(player("p3"), &tickroomv1.Hello{})
	wantCode(t, err, closecode.RoomFull)
	_, _, err = h.as(player("w"), watch())
	wantCode(t, err, closecode.RoomFull)
	h.e.World().MaxPlayers = 4
	if _, _, err := h.as(player("p3"), &tickroomv1.Hello{}); err != nil {
		t.Error(err)
	}
}

func TestALockedRoomTakesNoNewPlayers(t *testing.T) {
	t.Parallel()
	h, _ := newRounds(t, Config{})
	if _, _, err := h.as(player("ann"), &tickroomv1.Hello{}); err != nil {
		t.Fatal(err)
	}
	h.e.World().Lock()
	h.hasPlaces(Places{Players: 1, MaxPlayers: 3, MaxSpectators: 2, Locked: true})
	_, _, err := h.as(player("bob"), &tickroomv1.Hello{})
	wantCode(t, err, closecode.RoomFull)
	if _, a, err := h.as(player("ann"), &tickroomv1.Hello{}); err != nil || !a.Session {
		t.Errorf("who is in is not let back: %+v, %v", a, err)
	}
	if _, _, err := h.as(player("eve"), watch()); err != nil {
		t.Error(err)
	}
	if h.e.World().Unlock(); h.e.World().Locked() {
		t.Error("it is locked still")
	}
	if _, _, err := h.as(player("bob"), &tickroomv1.Hello{}); err != nil {
		t.Error(err)
	}
}

// TestNobodyIsSentToARoomWhoseGameHadNoPlace has a game that says so, and then what makes it
// worth asking again.
func TestNobodyIsSentToARoomWhoseGameHadNoPlace(t *testing.T) {
	t.Parallel()
	for name, again := range map[string]func(h *hall){
		"after two seconds":   func(h *hall) { ticks(h, 39) },
		"somebody leaves":     func(h *hall) { h.e.Kick("ann", "") },
		"the game unlocks it": func(h *hall) { h.e.World().Unlock() },
		"there is more room":  func(h *hall) { h.e.World().MaxPlayers++ },
	} {
		h, g := newRounds(t, Config{})
		if _, _, err := h.as(player("ann"), &tickroomv1.Hello{}); err != nil {
			t.Fatal(err)
		}
		h.tick()
		g.on = true
		_, _, err := h.as(player("bob"), &tickroomv1.Hello{})
		wantCode(t, err, closecode.RoomFull)
		h.tick()
		if p := h.e.Places(); !p.Locked || p.MaxSpectators != 2 || p.Open() {
			t.Errorf("%s: before, %+v", name, p)
		}
		again(h)
		h.tick()
		if p := h.e.Places(); p.Locked || !p.Open() {
			t.Errorf("%s: %+v", name, p)
		}
		_, _, err = h.as(player("eve"), watch())
		wantCode(t, err, closecode.RoomFull)
		if p := h.e.Places(); p.Locked || p.MaxSpectators != 0 {
			t.Errorf("%s: when nobody may watch, %+v", name, p)
		}
	}
}

func ticks(h *hall, n int) {
	for range n {
		h.tick()
	}
}

func TestASessionIsForOnePart(t *testing.T) {
	t.Parallel()
	inMatch := func(team uint8, role string) *seat.Seat { return &seat.Seat{Mode: "duel", Team: team, Role: role} }
	for _, c := range []struct {
		name        string
		was, is     Joiner
		policy      string
		code        int    // that the newcomer is closed with; 0: none
		first       int    // that the first is closed with; 0: none
		calls       string // what the game was told after the first one had joined
		play, watch int    // sessions in the end
	}{
		{"to play, and to play", Joiner{}, Joiner{}, "", 0, closecode.TakenOver, "[away 1 back 1]", 1, 0},
		{"to watch, and to watch", Joiner{Hello: watch()}, Joiner{Hello: watch()}, "", 0, closecode.TakenOver, "[away 1 back 1]", 0, 1},
		{"to watch, and to play", Joiner{Hello: watch()}, Joiner{}, "", 0, closecode.TakenOver, "[leave 1 join 2]", 1, 0},
		{"to watch, and to play by a seat", Joiner{Seat: inMatch(0, RoleSpectator)}, Joiner{Seat: inMatch(1, "")}, "", 0, closecode.TakenOver, "[leave 1 join 2]", 1, 0},
		{"to play, and to watch", Joiner{}, Joiner{Hello: watch()}, "", 0, 0, "[join 2]", 1, 1},
		{"to play, and to watch by a seat", Joiner{Seat: inMatch(1, "")}, Joiner{Seat: inMatch(0, RoleSpectator)}, "", 0, 0, "[join 2]", 1, 1},
		{"a seat to play, and the wish to watch", Joiner{}, Joiner{Hello: watch(), Seat: inMatch(0, "")}, "", 0, 0, "[join 2]", 1, 1},
		{"the same seat", Joiner{Seat: inMatch(1, "tank")}, Joiner{Seat: inMatch(1, "tank")}, "", 0, closecode.TakenOver, "[away 1 back 1]", 1, 0},
		{"without the seat", Joiner{Seat: inMatch(1, "tank")}, Joiner{}, "", 0, closecode.TakenOver, "[away 1 back 1]", 1, 0},
		{"another team", Joiner{Seat: inMatch(1, "tank")}, Joiner{Seat: inMatch(0, "tank")}, "", 0, closecode.TakenOver, "[leave 1 join 2]", 1, 0},
		{"another team, by who was expected back", Joiner{Seat: inMatch(1, "")}, Joiner{Seat: inMatch(0, ""), Back: true}, "", 0, closecode.TakenOver, "[leave 1 join 2]", 1, 0},
		{"another role", Joiner{Seat: inMatch(1, "tank")}, Joiner{Seat: inMatch(1, "")}, "", 0, closecode.TakenOver, "[leave 1 join 2]", 1, 0},
		{"in the match at last", Joiner{}, Joiner{Seat: inMatch(0, "")}, "", 0, closecode.TakenOver, "[leave 1 join 2]", 1, 0},
		{"the first stays, to play", Joiner{}, Joiner{}, RefuseDevice, closecode.AlreadyThere, 0, "", 1, 0},
		{"the first stays, in its team", Joiner{Seat: inMatch(1, "")}, Joiner{Seat: inMatch(0, "")}, RefuseDevice, closecode.AlreadyThere, 0, "", 1, 0},
		{"the first stays, to watch", Joiner{Hello: watch()}, Joiner{}, RefuseDevice, 0, 0, "[join 2]", 1, 1},
	} {
		h, g := newRelay(t, Config{SecondDevice: c.policy})
		free := 0
		l := newLoop(h.e, nil, LoopConfig{PlaceFree: func() { free++ }, Metrics: metrics.New("test").Kind("relay")})
		first, second := &wire{}, &wire{}
		for _, j := range []*Joiner{&c.was, &c.is} {
			if j.Identity = player("ann"); j.Hello == nil {
				j.Hello = &tickroomv1.Hello{}
			}
		}
		l.admit(first, &c.was)
		h.tick()
		g.calls = nil
		l.admit(second, &c.is)
		calls := ""
		if len(g.calls) > 0 {
			calls = fmt.Sprint(g.calls)
		}
		if second.closed != c.code || first.closed != c.first || calls != c.calls {
			t.Errorf("%s: the first is closed with %d, the second with %d; the game was told %s", c.name, first.closed, second.closed, calls)
		}
		p := h.e.Places()
		if p.Players != c.play || p.Spectators != c.watch {
			t.Errorf("%s: %+v", c.name, p)
		}
		// Of the places that were reserved, one for each of them, those are free again that no
		// session has.
		reserved := 2
		if c.is.Back {
			reserved = 1
		}
		if reserved-free != p.Players+p.Spectators {
			t.Errorf("%s: %d places of %d were given back, %+v", c.name, free, reserved, p)
		}
		h.tick()
		if c.is.Spectates() != (len(second.down) > 0 && second.frames(t)[0].GetWelcome().GetSpectator()) {
			t.Errorf("%s: the second is not what it wants", c.name)
		}
	}
}

func TestASessionThatIsHeldEndsForAnother(t *testing.T) {
	t.Parallel()
	h, g := newRelay(t, Config{})
	w, _, err := h.as(player("ann"), watch())
	if err != nil {
		t.Fatal(err)
	}
	h.tick()
	w.say(t, &tickroomv1.ClientFrame{Ack: 1})
	h.tick()
	w.over = &socket.CloseError{Code: closecode.Lost, Remote: true}
	h.tick()
	if h.e.Held() != 1 {
		t.Fatal("no session is held")
	}
	_, a, err := h.as(player("ann"), &tickroomv1.Hello{})
	if err != nil || a.Ended == nil || !a.WasAway || a.Session || h.e.Held() != 0 {
		t.Errorf("%+v, %v", a, err)
	}
	wantCalls(t, g, "join 1", "away 1", "leave 1", "join 2")
}

// TestAFullRoomLeavesItsWatchersAlone has one who wants to play, and can't.
func TestAFullRoomLeavesItsWatchersAlone(t *testing.T) {
	t.Parallel()
	h, g := newRelay(t, Config{})
	w, _, err := h.as(player("ann"), watch())
	if err != nil {
		t.Fatal(err)
	}
	h.e.World().Lock()
	_, a, err := h.as(player("ann"), &tickroomv1.Hello{})
	wantCode(t, err, closecode.RoomFull)
	if a.Ended != nil || w.closed != 0 {
		t.Errorf("who watched was put out: %+v", a)
	}
	wantCalls(t, g, "join 1")
}
