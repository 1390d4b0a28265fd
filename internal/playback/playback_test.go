package playback

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/internal/journal"
	"github.com/tickroom/tickroom/internal/kinds/arena"
	"github.com/tickroom/tickroom/netcode/replica"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/world"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// match is the journal of a match in the arena, of some players who come one after the other, and bots.
func match(t testing.TB, ticks, players int) *journal.Journal {
	t.Helper()
	ring := journal.NewRing(256<<20, nil)
	w := journal.NewWriter(journal.Build(), 1, ring)
	c, err := journal.New(arena.Kind(), world.Setup{
		ID: "match", Seed: 3, Now: 1_700_000_000_000_000, Options: map[string]string{"bots": "8", "map": "1500", "obstacles": "12"},
	}, w)
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	var here []*world.Player
	for i := range ticks {
		if len(here) < players && i%20 == 0 {
			p := &world.Player{Interest: world.NewInterest(c.World), ID: uint32(len(here) + 1), Name: "P" + string(rune('A'+len(here)))}
			if err := c.Join(p, nil); err != nil {
				t.Fatal(err)
			}
			here = append(here, p)
		}
		c.SetNow(c.Now() + 50_000)
		for _, p := range here {
			in := &arenav1.ShipInput{Thrust: float32(rnd.IntN(2)), Turn: float32(rnd.IntN(3) - 1), Fire: rnd.IntN(3) == 0}
			if err := c.HandleInput(p, world.Input{Seq: p.InputSeq + 1, Data: in.AppendProto(nil)}); err != nil {
				t.Fatal(err)
			}
		}
		c.Step()
	}
	w.Flush()
	b := bytes.Join(ring.Snapshot(), nil)
	j, err := journal.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// page is a page that shows a replay.
type page struct {
	t     testing.TB
	url   string
	steer *websocket.Conn
	about about
	state State

	conn  *websocket.Conn // of the room
	room  *replica.Replica
	frame *replica.Frame
}

// open opens a page on a show.
func open(t testing.TB, j *journal.Journal) *page {
	t.Helper()
	s, err := New(j, arena.Kind(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	srv := httptest.NewServer(s.Handler(nil))
	ended := make(chan struct{})
	go func() { defer close(ended); s.Run(ctx) }()
	p := &page{t: t, url: strings.Replace(srv.URL, "http", "ws", 1)}
	p.steer = p.dial("/replay/steer")
	t.Cleanup(func() {
		_ = p.steer.CloseNow()
		if p.conn != nil {
			_ = p.conn.CloseNow()
		}
		cancel()
		<-ended
		srv.Close()
	})
	p.hear(&p.about)
	p.hear(&p.state)
	return p
}

func (p *page) dial(path string) *websocket.Conn {
	p.t.Helper()
	c, _, err := websocket.Dial(p.t.Context(), p.url+path, &websocket.DialOptions{Subprotocols: []string{subprotocol}})
	if err != nil {
		p.t.Fatal(err)
	}
	c.SetReadLimit(16 << 20)
	return c
}

// hear reads what the page is told next.
func (p *page) hear(what any) {
	p.t.Helper()
	_, b, err := p.steer.Read(context.Background())
	if err == nil {
		err = json.Unmarshal(b, what)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// until hears states until one is as wanted.
func (p *page) until(what string, is func(s *State) bool) {
	p.t.Helper()
	for n := 0; !is(&p.state); n++ {
		if n == 2000 {
			p.t.Fatalf("never %s; at last %+v", what, p.state)
		}
		p.state = State{}
		p.hear(&p.state)
	}
}

func (p *page) order(o order) {
	p.t.Helper()
	b, err := json.Marshal(o)
	if err == nil {
		err = p.steer.Write(context.Background(), websocket.MessageText, b)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// join joins the room that the playhead has.
func (p *page) join() {
	p.t.Helper()
	if p.conn != nil {
		_ = p.conn.CloseNow()
	}
	p.conn = p.dial("/ws")
	p.room, p.frame = replica.New(arenav1.Schema), nil
	hello := &tickroomv1.Hello{Version: 1, Kind: "arena", Room: p.about.ID, Fingerprint: arenav1.Schema.Fingerprint(), HashEvery: 1, Spectate: true}
	b, err := proto.Marshal(&tickroomv1.ClientFrame{Hello: hello})
	if err == nil {
		err = p.conn.Write(context.Background(), websocket.MessageBinary, b)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	p.receive()
}

// receive applies the next frame, and returns the code with which the connection has ended if there is none.
func (p *page) receive() websocket.StatusCode {
	p.t.Helper()
	_, b, err := p.conn.Read(context.Background())
	if err != nil {
		return websocket.CloseStatus(err)
	}
	if err := p.room.Apply(b); err != nil {
		p.t.Fatal(err)
	}
	f := p.room.Frame()
	if f.HasHash && f.Hash != p.room.Hash() {
		p.t.Errorf("tick %d: the page holds another state than it should", f.Tick)
	}
	p.frame = f
	return 0
}

// own returns what the page knows of the own ship of the player whose eyes it has.
func (p *page) own() *arenav1.Pilot {
	for _, row := range replica.All[arenav1.Pilot](p.room) {
		return row
	}
	return nil
}

// A page goes anywhere, and sees there what a player has seen: what it sees in a tick does not depend on
// how it has come there.
func TestSeek(t *testing.T) {
	t.Parallel()
	p := open(t, match(t, 1200, 3))
	if p.about.Kind != "arena" || p.about.Last != 1200 || p.about.Rate != 20 || len(p.about.Players) != 3 || p.about.Players[1].Name != "PB" || p.about.Players[1].From != 21 {
		t.Fatalf("%+v", p.about)
	}
	p.order(order{Do: "look", Player: 2})
	p.join()
	if p.own() != nil {
		t.Error("a player is seen who has not come yet")
	}
	seen := map[uint32][]arenav1.Pilot{}
	for _, tick := range []uint32{1000, 30, 600, 601, 1200, 600, 1000, 30, 5000, 601} {
		p.order(order{Do: "seek", Tick: tick})
		for p.receive() == 0 {
		}
		p.join()
		tick = min(tick, 1200)
		if own := p.own(); own == nil || p.frame.Tick != tick || !p.frame.Full {
			t.Fatalf("tick %d: %v, own ship %v", tick, p.frame, own)
		} else {
			seen[tick] = append(seen[tick], *own)
		}
		p.until("there", func(s *State) bool { return s.Tick == tick && s.Took > 0 && s.There && s.Eyes == 2 })
	}
	for tick, all := range seen {
		for _, own := range all[1:] {
			if own != all[0] {
				t.Errorf("tick %d: once %+v, and then %+v", tick, all[0], own)
			}
		}
	}
	if len(seen) != 5 {
		t.Error(len(seen))
	}
}

// A page steps tick by tick on one connection, back by a new one, and runs to the end at 16 times the speed.
func TestStepAndPlay(t *testing.T) {
	t.Parallel()
	p := open(t, match(t, 400, 2))
	p.order(order{Do: "look", Player: 1})
	p.join()
	for tick := uint32(2); tick < 40; tick++ {
		p.order(order{Do: "step", Ticks: 1})
		if p.receive(); p.frame.Tick != tick || p.frame.Full {
			t.Fatalf("step to %d: %+v", tick, p.frame)
		}
	}
	p.order(order{Do: "step", Ticks: -1})
	if code := p.receive(); code != closecode.SessionGone {
		t.Errorf("one step back: closed with %d", code)
	}
	p.join()
	if p.frame.Tick != 38 {
		t.Errorf("one step back from 39 is %d", p.frame.Tick)
	}
	p.order(order{Do: "speed", Speed: 16})
	p.order(order{Do: "speed", Speed: 1000}) // it stays as it is
	p.order(order{Do: "play"})
	for p.frame.Tick < 400 {
		if code := p.receive(); code != 0 {
			t.Fatalf("closed with %d in tick %d", code, p.frame.Tick)
		}
	}
	p.until("at the end", func(s *State) bool { return s.Tick == 400 && !s.Playing && s.Speed == 16 })
}

// A spectator sees the match, follows whom it likes, and changes nothing in it.
func TestSpectator(t *testing.T) {
	t.Parallel()
	j := match(t, 600, 2)
	p := open(t, j)
	p.join()
	if w := p.frame.Welcome; w == nil || !w.GetSpectator() || w.GetPlayer() != 0 {
		t.Fatalf("%v", w)
	}
	b, err := proto.Marshal(&tickroomv1.ClientFrame{
		Inputs:   []*tickroomv1.Input{{Seq: 1, Tick: 2}},
		Commands: []*tickroomv1.CommandData{{Id: 1, Command: (&arenav1.Follow{}).CommandID(), Data: (&arenav1.Follow{Step: 1}).AppendProto(nil)}},
		Ping:     &tickroomv1.Ping{ClientTimeUs: 77},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.conn.Write(context.Background(), websocket.MessageBinary, b); err != nil {
		t.Fatal(err)
	}
	if p.receive(); len(p.frame.Replies) != 1 || p.frame.Replies[0].Code != 0 || len(p.frame.Pongs) != 1 {
		t.Errorf("%+v", p.frame)
	}
	p.order(order{Do: "seek", Tick: 600})
	for p.receive() == 0 {
	}
	p.join()
	p.until("there", func(s *State) bool { return s.Tick == 600 && s.Took > 0 })
	watched := map[string]float32{}
	for e, row := range replica.All[arenav1.Ship](p.room) {
		id, _ := replica.Get[arenav1.Identity](p.room, e)
		watched[id.Name] = row.X
	}
	if len(watched) == 0 {
		t.Error("the spectator sees no ship")
	}
	// The simulation is as it was: random numbers and places are the same.
	s, err := New(j, arena.Kind(), nil)
	if err != nil {
		t.Fatal(err)
	}
	run, err := s.take(600)
	if err == nil {
		err = run.Forward(600)
	}
	if err != nil {
		t.Fatal(err)
	}
	alone := run.Room().AppendRandom(nil)
	head := newPlayhead(s, "x")
	head.control = func(*State) {}
	head.seek(1)
	head.forward(600)
	if head.seat == nil || !bytes.Equal(head.run.Room().AppendRandom(nil), alone) {
		t.Error("the room's random numbers are others when somebody watches")
	}
}

// Who is not let in is told why.
func TestStrangers(t *testing.T) {
	t.Parallel()
	p := open(t, match(t, 60, 1))
	for hello, want := range map[*tickroomv1.Hello]websocket.StatusCode{
		{Version: 1, Kind: "arena", Room: "nothing"}: closecode.NoSuchRoom,
		{Version: 1, Kind: "arena"}:                  closecode.NoSuchRoom,
	} {
		p.conn = p.dial("/ws")
		b, err := proto.Marshal(&tickroomv1.ClientFrame{Hello: hello})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.conn.Write(context.Background(), websocket.MessageBinary, b); err != nil {
			t.Fatal(err)
		}
		if code := p.receive(); code != want {
			t.Errorf("%v: closed with %d, want %d", hello, code, want)
		}
	}
	if _, _, err := websocket.Dial(t.Context(), p.url+"/replay/steer", &websocket.DialOptions{Host: "evil.example"}); err == nil {
		t.Error("a page of another name may steer")
	}
	for host, ok := range map[string]bool{"127.0.0.1:80": true, "[::1]:80": true, "[::1]": true, "localhost": true, "LOCALHOST:1": true, "evil.example": false, "127.0.0.1.evil.example:80": false} {
		if err := near(host); (err == nil) != ok {
			t.Errorf("%s: %v", host, err)
		}
	}
}
