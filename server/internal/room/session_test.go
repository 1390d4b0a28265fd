package room

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/replica"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/world"
)

// relay is a game that tells every chat line to all, and counts what it is told. The
// arena's schema has the messages for it.
type relay struct {
	r     *world.Room
	all   *world.Group
	ships *world.Table[arenav1.Ship]
	calls []string
	lines []string
	input map[uint32][]float32 // by player
}

func (g *relay) Join(p *world.Player, _ []byte) error {
	p.Subscribe(g.all)
	g.calls = append(g.calls, fmt.Sprint("join ", p.ID))
	return nil
}
func (g *relay) Leave(p *world.Player) { g.calls = append(g.calls, fmt.Sprint("leave ", p.ID)) }
func (g *relay) Away(p *world.Player)  { g.calls = append(g.calls, fmt.Sprint("away ", p.ID)) }
func (g *relay) Back(p *world.Player)  { g.calls = append(g.calls, fmt.Sprint("back ", p.ID)) }
func (g *relay) Tick() {
	for _, s := range g.ships.All() {
		s.X++
	}
}

func relayKind(g *relay) world.Kind {
	return world.Kind{
		Name: "relay", Schema: arenav1.Schema, TickRate: 20, MaxPlayers: 3, Hold: 5, Spectators: true,
		New: func(r *world.Room) (world.Game, error) {
			g.r, g.all, g.ships = r, r.NewGroup("all"), world.NewTable[arenav1.Ship](r.World)
			g.input = map[uint32][]float32{}
			for range 5 {
				g.ships.Set(r.Spawn(g.all), arenav1.Ship{})
			}
			world.OnInput(r, func(p *world.Player, in *arenav1.ShipInput) { g.input[p.ID] = append(g.input[p.ID], in.Turn) })
			world.OnCommand(r, func(p *world.Player, c *arenav1.Chat) (*arenav1.SetNameReply, error) {
				g.lines = append(g.lines, c.Text)
				g.all.Emit(&arenav1.Said{Player: p.ID, Text: c.Text})
				return &arenav1.SetNameReply{Name: c.Text}, nil
			})
			return g, nil
		},
	}
}

func newRelay(t *testing.T, cfg Config) (*hall, *relay) {
	t.Helper()
	g := &relay{}
	r, err := New("relay", relayKind(g), 1, nil, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return &hall{t, r, NewWorker(true)}, g
}

// party is a client whose connection can be lost.
type party struct {
	t    *testing.T
	h    *hall
	s    *client.Session
	w    *wire // nil: none
	said []string
}

func (h *hall) party() *party {
	h.t.Helper()
	s, err := client.NewSession(client.Config{Kind: "relay", Schema: arenav1.Schema, HashEvery: 1})
	if err != nil {
		h.t.Fatal(err)
	}
	p := &party{t: h.t, h: h, s: s}
	client.OnEvent(s, func(ev *arenav1.Said, _ uint32) { p.said = append(p.said, ev.Text) })
	if err := p.connect(); err != nil {
		h.t.Fatal(err)
	}
	return p
}

func hello(t *testing.T, msg []byte) *tickroomv1.Hello {
	t.Helper()
	f := &tickroomv1.ClientFrame{}
	if err := proto.Unmarshal(msg, f); err != nil {
		t.Fatal(err)
	}
	return f.GetHello()
}

// connect says hello on a new connection.
func (p *party) connect() (err error) {
	w := &wire{}
	if h := hello(p.t, p.s.AppendHello(nil)); h.GetResume() == "" {
		_, err = p.h.e.Join(w, &Joiner{Hello: h})
	} else {
		_, _, err = p.h.e.Resume(w, &Joiner{Hello: h})
	}
	if err == nil {
		p.w = w
	}
	return err
}

// lose breaks the connection: of what is in flight the first messages get
// through, up and down.
func (p *party) lose(up, down int) {
	p.receive(down)
	p.w.up = p.w.up[:min(up, len(p.w.up))]
	p.w.down = nil
	p.w.over = &socket.CloseError{Code: closecode.Lost, Remote: true, Err: errors.New("reset")}
	p.w = nil
	p.s.Lost()
}

func (p *party) receive(n int) {
	p.t.Helper()
	n = min(n, len(p.w.down))
	for _, m := range p.w.down[:n] {
		if err := p.s.Receive(m, 0); err != nil {
			p.t.Fatal(err)
		}
	}
	p.w.down = p.w.down[n:]
}

func (p *party) send() {
	for {
		b, ok := p.s.AppendMessage(nil)
		if !ok {
			return
		}
		p.w.up = append(p.w.up, b)
	}
}

// exchange lets all that is in flight arrive, with a tick between.
func (p *party) exchange() {
	p.t.Helper()
	p.send()
	p.h.tick()
	p.receive(1 << 20)
}

// settle exchanges for as long as it takes until the server knows that the client
// has the welcome.
func (p *party) settle() {
	p.t.Helper()
	for range 5 {
		p.exchange()
	}
}

func (p *party) chat(text string, done func(replica.Reply, error)) {
	p.t.Helper()
	if err := p.s.SendCommand((&arenav1.Chat{}).CommandID(), (&arenav1.Chat{Text: text}).AppendProto(nil), done); err != nil {
		p.t.Fatal(err)
	}
}

func (p *party) holds() {
	p.t.Helper()
	if r, w := p.s.Replica(), p.h.e.room.World; r.Tick() != w.Committed() || p.s.Stats().Desyncs > 0 || p.s.Stats().HashChecks == 0 {
		p.t.Fatalf("client at tick %d of %d, %d desyncs, %d checks", r.Tick(), w.Committed(), p.s.Stats().Desyncs, p.s.Stats().HashChecks)
	}
}

func wantCode(t *testing.T, err error, code tickroomv1.CloseCode) {
	t.Helper()
	var ce *socket.CloseError
	if !errors.As(err, &ce) || ce.Code != int(code) {
		t.Errorf("got %v, want a close with %s", err, code)
	}
}

func wantCalls(t *testing.T, g *relay, want ...string) {
	t.Helper()
	if fmt.Sprint(g.calls) != fmt.Sprint(want) {
		t.Errorf("the game was told %v, want %v", g.calls, want)
	}
}

func TestASessionOutlivesItsConnection(t *testing.T) {
	t.Parallel()
	h, g := newRelay(t, Config{})
	p := h.party()
	for range 10 {
		p.exchange()
	}
	first := p.s.Welcome()
	if first.GetHoldSeconds() != 5 || first.GetResumed() {
		t.Errorf("welcome: %v", first)
	}
	p.lose(0, 0)
	for range 50 {
		h.tick()
	}
	if h.e.Clients() != 0 || h.e.Held() != 1 {
		t.Fatalf("%d clients, %d held", h.e.Clients(), h.e.Held())
	}
	full := p.s.Stats().FullSnapshots
	if err := p.connect(); err != nil {
		t.Fatal(err)
	}
	p.exchange()
	p.holds()
	w := p.s.Welcome()
	if !w.GetResumed() || w.GetPlayer() != first.GetPlayer() || w.GetSession() != first.GetSession() || w.GetEventsMissed() {
		t.Errorf("welcome: %v", w)
	}
	if st := p.s.Stats(); st.FullSnapshots != full || st.SkippedTicks == 0 || st.Resumes != 1 {
		t.Errorf("it was not one delta: %+v", st)
	}
	if p.s.Frame().Tick != w.GetTick() {
		t.Errorf("the snapshot did not come with the welcome: %d, %d", p.s.Frame().Tick, w.GetTick())
	}
	for range 30 {
		p.exchange()
		p.holds()
	}
	wantCalls(t, g, "join 1", "away 1", "back 1")
}

func TestASeatIsKeptForTheHoldWindow(t *testing.T) {
	t.Parallel()
	h, g := newRelay(t, Config{})
	p := h.party()
	p.settle()
	p.lose(0, 0)
	for range 5*20 + 1 {
		h.tick()
	}
	if h.e.Held() != 0 {
		t.Errorf("%d held after the window", h.e.Held())
	}
	wantCalls(t, g, "join 1", "away 1", "leave 1")
	wantCode(t, p.connect(), tickroomv1.CloseCode_CLOSE_CODE_SESSION_GONE)
}

func TestWhoSaysThatItIsDoneGivesItsSeatUp(t *testing.T) {
	t.Parallel()
	for code, held := range map[int]int{
		closecode.Normal: 0, closecode.NoStatus: 0, closecode.TooBig: 0, int(tickroomv1.CloseCode_CLOSE_CODE_SCHEMA): 0, int(tickroomv1.CloseCode_CLOSE_CODE_BAD_MESSAGE): 0,
		closecode.GoingAway: 1, closecode.Lost: 1, int(tickroomv1.CloseCode_CLOSE_CODE_IDLE): 1, int(tickroomv1.CloseCode_CLOSE_CODE_OVERFLOW): 1,
	} {
		h, _ := newRelay(t, Config{})
		p := h.party()
		p.settle()
		p.w.over = &socket.CloseError{Code: code, Remote: true}
		h.tick()
		if h.e.Held() != held || h.e.Clients() != 0 {
			t.Errorf("closed with %d: %d held, want %d", code, h.e.Held(), held)
		}
	}
	h, g := newRelay(t, Config{Hold: -1})
	p := h.party()
	p.settle()
	if p.s.Welcome().GetHoldSeconds() != 0 {
		t.Errorf("a hold of %g s is told", p.s.Welcome().GetHoldSeconds())
	}
	p.lose(0, 0)
	h.tick()
	wantCalls(t, g, "join 1", "leave 1")
}

func TestAnotherConnectionTakesOver(t *testing.T) {
	t.Parallel()
	h, g := newRelay(t, Config{})
	p := h.party()
	p.settle()
	old := p.w
	p.s.Lost() // the client has noticed, the server has not
	if err := p.connect(); err != nil {
		t.Fatal(err)
	}
	if old.closed != int(tickroomv1.CloseCode_CLOSE_CODE_TAKEN_OVER) {
		t.Errorf("the old connection was closed with %d", old.closed)
	}
	p.exchange()
	p.holds()
	if h.e.Clients() != 1 {
		t.Errorf("%d clients", h.e.Clients())
	}
	wantCalls(t, g, "join 1")
}

func TestASeatThatIsKeptIsTaken(t *testing.T) {
	t.Parallel()
	h, _ := newRelay(t, Config{})
	p, q := h.party(), h.party()
	h.party()
	p.settle()
	p.lose(0, 0)
	q.exchange()
	_, err := h.e.Join(&wire{}, &Joiner{Hello: &tickroomv1.Hello{}})
	wantCode(t, err, tickroomv1.CloseCode_CLOSE_CODE_ROOM_FULL)
	if err := p.connect(); err != nil {
		t.Fatal(err)
	}
	p.exchange()
	p.holds()
}

func TestATokenCannotBeGuessed(t *testing.T) {
	t.Parallel()
	h, _ := newRelay(t, Config{})
	p := h.party()
	p.settle()
	token := p.s.Welcome().GetSession()
	for _, guess := range []string{"1", "x", token[1:], token + "A", "relay"} {
		_, _, err := h.e.Resume(&wire{}, &Joiner{Hello: &tickroomv1.Hello{Resume: guess}})
		wantCode(t, err, tickroomv1.CloseCode_CLOSE_CODE_SESSION_GONE)
	}
	if len(token) < 20 {
		t.Errorf("a token of %d characters", len(token))
	}
	p.exchange()
	p.holds()
}

func TestASeatIsNotKeptForWhoNeverHeardOfIt(t *testing.T) {
	t.Parallel()
	h, g := newRelay(t, Config{})
	p := h.party()
	h.tick()
	p.lose(0, 0)
	h.tick()
	wantCalls(t, g, "join 1", "leave 1")
}

func TestARemovedPlayerLosesTheSeatThatIsKept(t *testing.T) {
	t.Parallel()
	h, g := newRelay(t, Config{})
	p := h.party()
	p.settle()
	pl := h.e.clients[0].player
	p.lose(0, 0)
	h.tick()
	pl.Remove("out")
	h.tick()
	wantCalls(t, g, "join 1", "away 1", "leave 1")
}

func TestAFullStateForWhoHasNothing(t *testing.T) {
	t.Parallel()
	for _, tick := range []uint32{0, 1 << 30} {
		h, _ := newRelay(t, Config{})
		p := h.party()
		p.settle()
		p.lose(0, 0)
		w := &wire{}
		if _, _, err := h.e.Resume(w, &Joiner{Hello: &tickroomv1.Hello{Resume: p.s.Welcome().GetSession(), ResumeTick: tick}}); err != nil {
			t.Fatal(err)
		}
		h.tick()
		var f tickroomv1.ServerFrame
		if err := proto.Unmarshal(w.down[0], &f); err != nil {
			t.Fatal(err)
		}
		if !f.GetFull() || !f.GetWelcome().GetResumed() || f.GetWelcome().GetSchema() == nil {
			t.Errorf("resumed at %d: %v", tick, &f)
		}
	}
}

func TestASpectatorsInputsCountForNothing(t *testing.T) {
	t.Parallel()
	h, g := newRelay(t, Config{})
	w := &wire{}
	if _, err := h.e.Join(w, &Joiner{Hello: &tickroomv1.Hello{Spectate: true}}); err != nil {
		t.Fatal(err)
	}
	w.say(t, &tickroomv1.ClientFrame{Inputs: []*tickroomv1.Input{{Seq: 1, Data: (&arenav1.ShipInput{Turn: 1}).AppendProto(nil)}}})
	h.tick()
	var f tickroomv1.ServerFrame
	if err := proto.Unmarshal(w.down[0], &f); err != nil {
		t.Fatal(err)
	}
	if len(g.input) != 0 || !f.GetWelcome().GetSpectator() || f.GetInputAck() != 1 {
		t.Errorf("inputs %v, frame %v", g.input, &f)
	}
	plain := newHall(t, Config{})
	if h.e.Spectators() != 1 {
		t.Errorf("%d spectators", h.e.Spectators())
	}
	_, err := plain.e.Join(&wire{}, &Joiner{Hello: &tickroomv1.Hello{Spectate: true}})
	wantCode(t, err, tickroomv1.CloseCode_CLOSE_CODE_BAD_HELLO)
}

// Whatever is lost, and whenever: each command is done once and answered once, each
// input applied once and in order, each reliable event heard once and in order, and
// the state is that of the room.
func TestNothingReliableIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		s := newStorm(t, seed)
		for range 2 { // the second time for the acknowledgement of the welcome
			s.exchange()
		}
		for range 600 {
			s.step(true)
		}
		for range 10 {
			s.step(false)
		}
		for range 200 { // also back from a rate that was stepped down
			s.exchange()
		}
		s.h.tick()
		s.check()
		s.h.w.Close()
	}
}

// storm is a few parties in a room whose connections are lost all the time.
type storm struct {
	t       *testing.T
	seed    uint64
	rnd     *rand.Rand
	h       *hall
	g       *relay
	parties []*party

	sent, resumes int
	inputs        [3][]float32   // by party
	answers       map[string]int // how often each line was answered
}

func newStorm(t *testing.T, seed uint64) *storm {
	t.Helper()
	h, g := newRelay(t, Config{CommandBurst: 1e6, CommandsPerSecond: 1e6, MessagesPerSecond: 1e6, MessageBurst: 1e6})
	return &storm{
		t: t, seed: seed, rnd: rand.New(rand.NewPCG(seed, 7)), h: h, g: g, parties: []*party{h.party(), h.party(), h.party()},
		answers: map[string]int{},
	}
}

func (s *storm) exchange() {
	for _, p := range s.parties {
		p.exchange()
	}
}

// step lets each party do something, and some arrive. losses is that they also talk, and
// that connections are lost.
func (s *storm) step(losses bool) {
	for i, p := range s.parties {
		if p.w == nil {
			if losses && s.rnd.IntN(4) > 0 {
				continue
			}
			if err := p.connect(); err != nil {
				s.t.Fatal(err)
			}
			s.resumes++
		}
		if losses && s.rnd.IntN(3) == 0 && s.sent < 400 {
			s.chat(p)
		}
		if losses {
			x := float32(len(s.inputs[i]) + 1)
			s.inputs[i] = append(s.inputs[i], x)
			p.s.SendInput(0, (&arenav1.ShipInput{Turn: x}).AppendProto(nil))
		}
		if s.rnd.IntN(2) == 0 {
			p.send()
		}
	}
	s.h.tick()
	for _, p := range s.parties {
		switch {
		case p.w == nil:
		case losses && s.rnd.IntN(8) == 0:
			p.lose(s.rnd.IntN(3), s.rnd.IntN(3))
		case s.rnd.IntN(3) > 0:
			p.receive(s.rnd.IntN(4))
		}
	}
}

// chat sends a line that nobody has sent before.
func (s *storm) chat(p *party) {
	text := fmt.Sprint(s.sent)
	s.sent++
	p.chat(text, func(r replica.Reply, err error) {
		var name arenav1.SetNameReply
		if err := errors.Join(err, name.UnmarshalProto(r.Data)); err != nil || name.Name != text {
			s.t.Errorf("answer to %s: %v, %v", text, r, err)
		}
		s.answers[text]++
	})
}

// check sees that everybody has everything once.
func (s *storm) check() {
	s.t.Helper()
	for i, p := range s.parties {
		p.receive(1 << 20)
		p.holds()
		if fmt.Sprint(p.said) != fmt.Sprint(s.g.lines) {
			s.t.Fatalf("seed %d: client %d heard %v, said was %v", s.seed, i, p.said, s.g.lines)
		}
		if got := s.g.input[uint32(i+1)]; fmt.Sprint(got) != fmt.Sprint(s.inputs[i]) {
			s.t.Fatalf("seed %d: inputs of client %d: %v", s.seed, i, got)
		}
	}
	if len(s.g.lines) != s.sent || len(s.answers) != s.sent || s.sent < 100 || s.resumes < 50 {
		s.t.Fatalf("seed %d: %d sent, %d done, %d answered, %d resumes", s.seed, s.sent, len(s.g.lines), len(s.answers), s.resumes)
	}
	for text, n := range s.answers {
		if n != 1 {
			s.t.Fatalf("seed %d: %s was answered %d times", s.seed, text, n)
		}
	}
}

func TestARepeatedCommandIsDoneOnce(t *testing.T) {
	t.Parallel()
	h, g := newRelay(t, Config{})
	w := &wire{}
	if _, err := h.e.Join(w, &Joiner{Hello: &tickroomv1.Hello{}}); err != nil {
		t.Fatal(err)
	}
	chat := &tickroomv1.CommandData{Id: 7, Command: (&arenav1.Chat{}).CommandID(), Data: (&arenav1.Chat{Text: "a"}).AppendProto(nil)}
	w.say(t, &tickroomv1.ClientFrame{Commands: []*tickroomv1.CommandData{chat, chat}})
	h.tick()
	w.say(t, &tickroomv1.ClientFrame{Commands: []*tickroomv1.CommandData{chat}})
	h.tick()
	if len(g.lines) != 1 {
		t.Errorf("done %d times", len(g.lines))
	}
}
