package room

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/socket"
)

// as lets a player in on a new connection.
func (h *hall) as(who identity.Identity, hello *tickroomv1.Hello) (*wire, Admission, error) {
	h.t.Helper()
	w := &wire{}
	a, err := h.e.Admit(w, &Joiner{Hello: hello, Identity: who, Addr: netip.MustParseAddr("192.0.2.1")})
	return w, a, err
}

func player(id string) identity.Identity {
	return identity.Identity{Player: id, Roles: identity.Player}
}

// frames takes what a connection was sent.
func (w *wire) frames(t *testing.T) (out []*tickroomv1.ServerFrame) {
	t.Helper()
	for _, b := range w.down {
		f := &tickroomv1.ServerFrame{}
		if err := proto.Unmarshal(b, f); err != nil {
			t.Fatal(err)
		}
		out = append(out, f)
	}
	w.down = nil
	return out
}

// auths takes the Auths that a connection was sent.
func (w *wire) auths(t *testing.T) (out []*tickroomv1.Auth) {
	t.Helper()
	for _, f := range w.frames(t) {
		if f.GetAuth() != nil {
			out = append(out, f.GetAuth())
		}
	}
	return out
}

// watched is a player in a room whose token expires after ten minutes and half a minute of
// grace.
type watched struct {
	*hall
	start  time.Time
	who    identity.Identity
	w      *wire
	client *Client
}

func newWatched(t *testing.T) *watched {
	t.Helper()
	p := &watched{hall: newHall(t, Config{AckWindow: 1000}), start: time.Unix(1_800_000_000, 0), who: player("ann")}
	p.who.Expires, p.who.Grace = p.start.Add(10*time.Minute), 30*time.Second
	w, a, err := p.as(p.who, &tickroomv1.Hello{})
	if err != nil {
		t.Fatal(err)
	}
	p.w, p.client = w, a.Client
	w.say(t, &tickroomv1.ClientFrame{Ack: 0})
	p.tick()
	if f := w.frames(t)[0].GetWelcome(); f.GetPlayerId() != "ann" || f.GetExpiresUs() != p.who.Expires.UnixMicro() {
		t.Errorf("welcome: %v", f)
	}
	w.say(t, &tickroomv1.ClientFrame{Ack: 1})
	return p
}

// at inspects the room some time after the start, and returns what the client is told.
func (p *watched) at(after time.Duration) []*tickroomv1.Auth {
	p.e.Inspect(p.start.Add(after), &metrics.Counts{})
	p.tick()
	return p.w.auths(p.t)
}

func TestATokensTimeIsWatched(t *testing.T) {
	t.Parallel()
	p := newWatched(t)
	if got := append(p.at(0), p.at(9*time.Minute-time.Second)...); len(got) != 0 {
		t.Errorf("too early: %v", got)
	}
	if got := p.at(9 * time.Minute); len(got) != 1 || !got[0].GetRenew() || got[0].GetExpiresUs() != p.who.Expires.UnixMicro() {
		t.Errorf("the reminder: %v", got)
	}
	if got := append(p.at(9*time.Minute+time.Second), p.at(10*time.Minute+29*time.Second)...); len(got) != 0 || p.w.closed != 0 {
		t.Errorf("in the grace: %v, closed with %d", got, p.w.closed)
	}
	p.at(10*time.Minute + 30*time.Second)
	if p.w.closed != closecode.TokenExpired || p.e.Held() != 1 {
		t.Errorf("closed with %d, %d sessions held", p.w.closed, p.e.Held())
	}
}

func TestATokenThatIsCheckedAtTheDeadlineIsWaitedFor(t *testing.T) {
	t.Parallel()
	p := newWatched(t)
	p.at(0)
	p.w.say(t, &tickroomv1.ClientFrame{Token: "new", Ack: 2})
	p.e.Read(p.hall.w)
	var asked []identity.Token
	p.e.Renewals(func(c *Client, token identity.Token, session identity.Identity) bool {
		if session.Player != "ann" || c != p.client {
			t.Errorf("asked about %v", session)
		}
		asked = append(asked, token)
		return true
	})
	if !slices.Equal(asked, []identity.Token{"new"}) {
		t.Fatalf("asked about %d tokens", len(asked))
	}
	p.at(11 * time.Minute)
	if p.w.closed != 0 {
		t.Fatalf("closed with %d while the token was being checked", p.w.closed)
	}
	p.who.Expires = p.start.Add(time.Hour)
	p.e.Renewed(p.client, p.who, nil)
	if got := p.at(12 * time.Minute); len(got) != 1 || got[0].GetRenew() || got[0].GetError() != "" || got[0].GetExpiresUs() != p.who.Expires.UnixMicro() {
		t.Errorf("the answer: %v", got)
	}
	if got := p.at(59 * time.Minute); len(got) != 1 || !got[0].GetRenew() {
		t.Errorf("the second reminder: %v", got)
	}
	p.at(time.Hour + 30*time.Second)
	if p.w.closed != closecode.TokenExpired || p.e.Held() != 1 {
		t.Errorf("closed with %d, %d sessions held", p.w.closed, p.e.Held())
	}
	// What comes of a check when the connection is gone is for the session all the same.
	p.who.Expires = p.start.Add(2 * time.Hour)
	p.e.Renewed(p.client, p.who, nil)
	if !p.client.identity.Expires.Equal(p.who.Expires) {
		t.Error("a renewal was forgotten")
	}
}

func TestRefusedRenewalsChangeNothing(t *testing.T) {
	t.Parallel()
	h := newHall(t, Config{})
	w, a, err := h.as(player("ann"), &tickroomv1.Hello{})
	if err != nil {
		t.Fatal(err)
	}
	h.tick()
	w.frames(t)
	ask := func(answer bool) {
		h.e.Renewals(func(*Client, identity.Token, identity.Identity) bool { return answer })
	}
	text := func() string {
		h.tick()
		got := w.auths(t)
		if len(got) != 1 {
			t.Fatalf("got %v", got)
		}
		return got[0].GetError()
	}
	w.say(t, &tickroomv1.ClientFrame{Token: "a", Ack: 1})
	h.e.Read(h.w)
	ask(false)
	if s := text(); s != "tokens can't be checked now; send it again after a while" {
		t.Error(s)
	}
	w.say(t, &tickroomv1.ClientFrame{Token: "b"})
	h.e.Read(h.w)
	ask(true)
	w.say(t, &tickroomv1.ClientFrame{Token: "c"})
	h.e.Read(h.w)
	ask(true)
	if s := text(); s != "the token that came before is being checked" {
		t.Error(s)
	}
	h.e.Renewed(a.Client, identity.Identity{}, &identity.Error{Class: identity.OtherPlayer, Reason: "no"})
	if s := text(); s != "no" {
		t.Error(s)
	}
	h.e.Renewed(a.Client, identity.Identity{}, errors.New("secret detail"))
	if s := text(); s != "the token could not be checked" {
		t.Error(s)
	}
	h.e.Renewed(a.Client, identity.Identity{Player: "ann", Roles: identity.Spectator}, nil)
	if s := text(); s != WatchOnly || a.Client.identity.Roles != identity.Player {
		t.Error(s)
	}
	h.e.Renewed(a.Client, identity.Identity{Player: "ann", Roles: identity.Player | identity.Admin}, nil)
	if s := text(); s != "" || !slices.Equal(a.Client.player.Roles, []string{"player", "admin"}) {
		t.Errorf("%q, roles %v", s, a.Client.player.Roles)
	}
}

// A session that goes to another device: nothing of the old numbering is left, events
// that nobody has had come, and those that were had do not come again.
func TestASecondDeviceBeginsAnew(t *testing.T) {
	t.Parallel()
	h, g := newRelay(t, Config{AckWindow: 1000})
	hello := func() *tickroomv1.Hello { return &tickroomv1.Hello{Fingerprint: arenav1.Schema.Fingerprint()} }
	first, a, err := h.as(player("ann"), hello())
	if err != nil {
		t.Fatal(err)
	}
	chat := func(w *wire, id uint32, text string, ack uint32) {
		w.say(t, &tickroomv1.ClientFrame{Ack: ack, Commands: []*tickroomv1.CommandData{{Id: id, Command: (&arenav1.Chat{}).CommandID(), Data: (&arenav1.Chat{Text: text}).AppendProto(nil)}}})
	}
	h.tick()
	chat(first, 7, "had", 1)
	h.tick()
	first.say(t, &tickroomv1.ClientFrame{Ack: 2})
	h.tick()
	chat(first, 8, "lost", 2)
	h.tick()

	second, b, err := h.as(player("ann"), hello())
	if err != nil || !b.Session || b.Away || b.Client != a.Client {
		t.Fatalf("%+v, %v", b, err)
	}
	if first.closed != int(tickroomv1.CloseCode_CLOSE_CODE_TAKEN_OVER) {
		t.Errorf("the first was closed with %d", first.closed)
	}
	h.tick()
	var said []string
	f := second.frames(t)[0]
	for _, e := range f.GetEvents() {
		ev := &arenav1.Said{}
		if err := ev.UnmarshalProto(e.GetData()); err != nil {
			t.Fatal(err)
		}
		said = append(said, ev.Text)
	}
	if !f.GetFull() || len(f.GetReplies()) != 0 || !slices.Equal(said, []string{"lost"}) || f.GetWelcome().GetResumed() {
		t.Errorf("the second got %v, and heard %v", f, said)
	}
	chat(second, 1, "new", f.GetTick())
	h.tick()
	if r := second.frames(t)[0].GetReplies(); len(r) != 1 || r[0].GetId() != 1 {
		t.Errorf("replies: %v", r)
	}
	if got := fmt.Sprint(g.lines, g.calls); got != "[had lost new] [join 1 away 1 back 1]" {
		t.Errorf("the game was told %s", got)
	}

	_, _, err = h.as(identity.Identity{Player: "ann", Roles: identity.Spectator}, hello())
	wantCode(t, err, tickroomv1.CloseCode_CLOSE_CODE_FORBIDDEN)
}

func TestASeatIsNotMadeForWhoWasExpectedBack(t *testing.T) {
	t.Parallel()
	h := newHall(t, Config{})
	_, err := h.e.Admit(&wire{}, &Joiner{Hello: &tickroomv1.Hello{}, Identity: player("ann"), Back: true})
	wantCode(t, err, tickroomv1.CloseCode_CLOSE_CODE_SESSION_GONE)
	if h.e.Clients() != 0 {
		t.Error("it was let in")
	}
}

func TestTheBannedGoAndDoNotComeBack(t *testing.T) {
	t.Parallel()
	banned := map[string]bool{}
	h := newHall(t, Config{Banned: func(player string, _ netip.Addr) (string, bool) { return "banned", banned[player] }})
	ann, _, err := h.as(player("ann"), &tickroomv1.Hello{})
	if err != nil {
		t.Fatal(err)
	}
	bob, b, err := h.as(player("bob"), &tickroomv1.Hello{})
	if err != nil {
		t.Fatal(err)
	}
	h.tick()
	for _, w := range []*wire{ann, bob} {
		w.say(t, &tickroomv1.ClientFrame{Ack: 1})
	}
	h.tick()
	bob.over = &socket.CloseError{Code: closecode.Lost, Remote: true}
	h.tick()
	if h.e.Held() != 1 {
		t.Fatal("no seat is held")
	}
	if list := h.e.Players(); len(list) != 2 || list[0].Player != "ann" || list[0].Away || !list[1].Away || list[1].Address != "192.0.2.1" {
		t.Errorf("players: %+v", list)
	}
	h.e.Expel()
	h.tick()
	if h.e.Clients() != 1 || h.e.Held() != 1 {
		t.Error("somebody was put out who is not banned")
	}
	banned["ann"], banned["bob"] = true, true
	token := b.Client.token
	h.e.Expel()
	h.tick()
	if ann.closed != int(tickroomv1.CloseCode_CLOSE_CODE_BANNED) || h.e.Clients() != 0 || h.e.Held() != 0 {
		t.Errorf("closed with %d; %d clients, %d held", ann.closed, h.e.Clients(), h.e.Held())
	}
	_, _, err = h.as(player("ann"), &tickroomv1.Hello{})
	wantCode(t, err, tickroomv1.CloseCode_CLOSE_CODE_BANNED)
	_, _, err = h.as(player("bob"), &tickroomv1.Hello{Resume: token})
	wantCode(t, err, tickroomv1.CloseCode_CLOSE_CODE_BANNED)
	if h.e.Kick("ann", "once more") {
		t.Error("somebody was kicked who is not there")
	}
}

func TestTooManyBytesEndAConnectionWhateverTheyAre(t *testing.T) {
	t.Parallel()
	h := newHall(t, Config{BytesPerSecond: 1000, ByteBurst: 5000, AckWindow: 10_000})
	w, _, err := h.as(player("ann"), &tickroomv1.Hello{})
	if err != nil {
		t.Fatal(err)
	}
	var counts metrics.Counts
	second := func(bytes uint64) {
		for range 4 {
			w.bytes += bytes / 4
			for range 5 {
				h.tick()
			}
			h.e.Inspect(time.Time{}, &counts)
		}
	}
	for range 20 {
		second(1000)
	}
	second(5000) // a burst
	if w.closed != 0 || counts[metrics.BytesLimited] != 0 {
		t.Fatalf("closed with %d", w.closed)
	}
	second(8000)
	h.tick()
	if w.closed != int(tickroomv1.CloseCode_CLOSE_CODE_RATE_LIMITED) || counts[metrics.BytesLimited] != 1 {
		t.Errorf("closed with %d", w.closed)
	}
}

// A page in the background is sent little, says little, and keeps its seat.
func TestASleepingClientIsNotIdle(t *testing.T) {
	t.Parallel()
	h := newHall(t, Config{})
	w, _, err := h.as(player("ann"), &tickroomv1.Hello{})
	if err != nil {
		t.Fatal(err)
	}
	h.tick()
	w.frames(t)
	w.say(t, &tickroomv1.ClientFrame{Ack: 1, Every: 32})
	h.tick()
	w.frames(t)
	snapshots, pongs := 0, 0
	var newest uint32
	for tick := range 20 * 60 * 5 { // five minutes
		h.tick()
		for _, f := range w.frames(t) {
			if f.GetTick() != 0 {
				snapshots++
				newest = f.GetTick()
			}
			pongs += len(f.GetPongs())
		}
		if tick%500 == 0 { // each 25 seconds
			w.say(t, &tickroomv1.ClientFrame{Ack: newest, Ping: &tickroomv1.Ping{ClientTimeUs: 1}})
		}
	}
	if w.closed != 0 || h.e.Clients() != 1 {
		t.Errorf("closed with %d", w.closed)
	}
	if snapshots == 0 || snapshots > 200 || pongs < 10 {
		t.Errorf("%d snapshots and %d pongs in five minutes", snapshots, pongs)
	}
	w.say(t, &tickroomv1.ClientFrame{Ack: newest, Every: 1})
	for range 3 {
		h.tick()
		f := w.frames(t)
		if len(f) != 1 || f[0].GetTick() != h.e.tick {
			t.Fatalf("in the foreground it got %v", f)
		}
		w.say(t, &tickroomv1.ClientFrame{Ack: f[0].GetTick()})
	}
}

func TestInspectionsAllocateNothing(t *testing.T) {
	h := newHall(t, Config{})
	who := player("ann")
	who.Expires = time.Now().Add(time.Hour)
	if _, _, err := h.as(who, &tickroomv1.Hello{}); err != nil {
		t.Fatal(err)
	}
	now, counts := time.Now(), metrics.Counts{}
	if n := testing.AllocsPerRun(100, func() { h.e.Inspect(now, &counts) }); n != 0 {
		t.Errorf("%.2f allocations", n)
	}
}

func TestOtherPlayersAreNobodysSecondDevice(t *testing.T) {
	t.Parallel()
	r, err := New("walk", relayKind(&relay{}), 1, nil, Config{SecondDevice: RefuseDevice}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	h := &hall{t, r, NewWorker(true)}
	for _, who := range []identity.Identity{player("ann"), player("bob"), {}} {
		if _, a, err := h.as(who, &tickroomv1.Hello{}); err != nil || a.Session {
			t.Errorf("%v: %+v, %v", who, a, err)
		}
	}
	_, _, err = h.as(player("ann"), &tickroomv1.Hello{})
	wantCode(t, err, tickroomv1.CloseCode_CLOSE_CODE_ALREADY_THERE)
}
