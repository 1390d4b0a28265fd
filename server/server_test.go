package server_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/internal/kinds/walkers"
	"github.com/tickroom/tickroom/internal/servertest"
	"github.com/tickroom/tickroom/matchmaking"
	"github.com/tickroom/tickroom/netcode/replica"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/world"
)

func TestMain(m *testing.M) {
	if small := os.Getenv(smallServer); small != "" {
		runSmall(small)
		return
	}
	if tally := os.Getenv(tallyServer); tally != "" {
		runTally(tally)
		return
	}
	if mortal := os.Getenv(mortalServer); mortal != "" {
		runMortal(mortal)
		return
	}
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent())
}

// start runs a server on free ports until the test ends.
func start(t *testing.T, change func(*config.Config), kinds ...world.Kind) *server.Server {
	t.Helper()
	return startWith(t, nil, change, kinds...)
}

// startWith is start with options.
func startWith(t *testing.T, opts []server.Option, change func(*config.Config), kinds ...world.Kind) *server.Server {
	t.Helper()
	srv, _ := prepared(t, opts, change, kinds...)
	return srv
}

// startStop is start for a server that ends when stop is called.
func startStop(t *testing.T, change func(*config.Config), kinds ...world.Kind) (srv *server.Server, stop func()) {
	t.Helper()
	return prepared(t, nil, change, kinds...)
}

func prepared(t *testing.T, opts []server.Option, change func(*config.Config), kinds ...world.Kind) (_ *server.Server, stop func()) {
	t.Helper()
	cfg := config.Default()
	cfg.Listen, cfg.Admin, cfg.Seed = "127.0.0.1:0", "127.0.0.1:0", 1
	cfg.ShutdownGrace = time.Second
	if change != nil {
		change(cfg)
	}
	srv, err := server.New(cfg, append([]server.Option{server.WithLogger(slog.New(slog.DiscardHandler))}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	if kinds == nil {
		kinds = []world.Kind{walkers.Kind()}
	}
	for _, k := range kinds {
		if err := srv.Register(k); err != nil {
			t.Fatal(err)
		}
	}
	return srv, servertest.Run(t, srv)
}

// player is a plain WebSocket client of an independent library.
type player struct {
	t    *testing.T
	ws   *websocket.Conn
	rep  *replica.Replica
	welc *tickroomv1.Welcome
	seq  uint32
}

func dial(t *testing.T, srv *server.Server) *websocket.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, fmt.Sprintf("ws://%s%s", srv.Addr(), server.Path), &websocket.DialOptions{Subprotocols: []string{server.Subprotocol}})
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(8 << 20)
	t.Cleanup(func() { _ = ws.CloseNow() })
	return ws
}

func send(t *testing.T, ws *websocket.Conn, f *tickroomv1.ClientFrame) {
	t.Helper()
	b, err := proto.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := ws.Write(t.Context(), websocket.MessageBinary, b); err != nil {
		t.Fatal(err)
	}
}

func join(t *testing.T, srv *server.Server, hello *tickroomv1.Hello) *player {
	t.Helper()
	p := &player{t: t, ws: dial(t, srv), rep: replica.New(walkersv1.Schema)}
	if hello == nil {
		hello = &tickroomv1.Hello{Kind: "walkers"}
	}
	hello.Version, hello.HashEvery = 1, 1
	send(t, p.ws, &tickroomv1.ClientFrame{Hello: hello})
	p.frame()
	if p.welc == nil {
		t.Fatal("the first message has no welcome")
	}
	return p
}

// frame takes the next message, applies it and checks the state hash.
func (p *player) frame() *replica.Frame {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_, b, err := p.ws.Read(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.rep.Apply(b); err != nil {
		p.t.Fatal(err)
	}
	f := p.rep.Frame()
	if f.HasHash && f.Hash != p.rep.Hash() {
		p.t.Fatalf("tick %d: hash %x, the server's is %x", f.Tick, p.rep.Hash(), f.Hash)
	}
	if f.Welcome != nil {
		p.welc = f.Welcome
	}
	return f
}

// input sends an input with an acknowledgement.
func (p *player) input(in *walkersv1.WalkerInput) uint32 {
	p.seq++
	send(p.t, p.ws, &tickroomv1.ClientFrame{Ack: p.rep.Tick(), Inputs: []*tickroomv1.Input{{Seq: p.seq, Data: in.AppendProto(nil)}}})
	return p.seq
}

// readWelcome takes the first message, of a server whose state does not matter.
func readWelcome(t *testing.T, ws *websocket.Conn) *tickroomv1.Welcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_, b, err := ws.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	f := &tickroomv1.ServerFrame{}
	if err := proto.Unmarshal(b, f); err != nil || f.GetWelcome() == nil {
		t.Fatalf("no welcome: %v, %v", f, err)
	}
	return f.GetWelcome()
}

// applied waits until an input is in the state, acknowledging what comes.
func (p *player) applied(seq uint32) {
	p.t.Helper()
	for f := p.frame(); f.InputAck < seq; f = p.frame() {
		send(p.t, p.ws, &tickroomv1.ClientFrame{Ack: p.rep.Tick()})
	}
}

func TestPlayersSeeEachOther(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"auto", "gws"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			srv := start(t, func(c *config.Config) { c.Transport = transport })
			a := join(t, srv, nil)
			b := join(t, srv, nil)
			if a.welc.GetRoom() != b.welc.GetRoom() {
				t.Fatalf("rooms %s and %s", a.welc.GetRoom(), b.welc.GetRoom())
			}
			if a.welc.GetSchema() == nil || a.welc.GetPlayer() == b.welc.GetPlayer() {
				t.Fatalf("welcome: %v", a.welc)
			}
			for range 40 {
				seq := a.input(&walkersv1.WalkerInput{Direction: 1})
				for f := a.frame(); f.InputAck < seq; f = a.frame() {
				}
				b.input(&walkersv1.WalkerInput{Stop: true})
				b.frame()
			}
			if n := replica.Count[walkersv1.Walker](b.rep); n != 2 {
				t.Errorf("b sees %d walkers", n)
			}
			for _, w := range replica.All[walkersv1.Walker](b.rep) {
				if w.Player == a.welc.GetPlayer() && w.LastInput == 0 {
					t.Error("a's inputs had no effect that b can see")
				}
			}
			_ = a.ws.Close(websocket.StatusNormalClosure, "")
			for replica.Count[walkersv1.Walker](b.rep) != 1 {
				b.frame()
			}
		})
	}
}

// TestServersOfOneDirectory has players come to two servers without a seat, as by a
// balancer: each plays where it has come.
func TestServersOfOneDirectory(t *testing.T) {
	t.Parallel()
	st := matchmaking.OpenMemory()
	a := startWith(t, []server.Option{server.WithStores(st)}, nil)
	b := startWith(t, []server.Option{server.WithStores(st)}, nil)
	first := join(t, a, nil)
	second, third := join(t, b, nil), join(t, b, nil)
	if second.welc.GetRoom() == first.welc.GetRoom() || second.welc.GetRoom() != third.welc.GetRoom() {
		t.Errorf("in %s; on the other server in %s and %s", first.welc.GetRoom(), second.welc.GetRoom(), third.welc.GetRoom())
	}
	until(t, "the directory knows them", func() bool {
		rooms, err := st.Directory.Rooms(t.Context(), "walkers", "")
		return err == nil && len(rooms) == 2 && rooms[0].Players+rooms[1].Players == 3 && rooms[0].ReservedPlayers+rooms[1].ReservedPlayers == 0
	})
}
