package docs

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"google.golang.org/protobuf/proto"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
)

// The tests here hold a real server to what docs/protocol.md says, with nothing
// but a WebSocket library and a protobuf runtime.

// plain is a client that knows nothing by itself.
type plain struct {
	t  *testing.T
	ws *websocket.Conn
}

func dialPlain(t *testing.T, url string) *plain {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{Subprotocols: []string{"tickroom.v1"}})
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(8 << 20)
	t.Cleanup(func() { _ = ws.CloseNow() })
	return &plain{t, ws}
}

func (p *plain) send(f *tickroomv1.ClientFrame) {
	p.t.Helper()
	b, err := proto.Marshal(f)
	if err == nil {
		err = p.ws.Write(p.t.Context(), websocket.MessageBinary, b)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// next returns the next message, or the error that ended the connection.
func (p *plain) next() (*tickroomv1.ServerFrame, error) {
	ctx, cancel := context.WithTimeout(p.t.Context(), 15*time.Second)
	defer cancel()
	_, b, err := p.ws.Read(ctx)
	if err != nil {
		return nil, err
	}
	f := new(tickroomv1.ServerFrame)
	return f, proto.Unmarshal(b, f)
}

func (p *plain) frame() *tickroomv1.ServerFrame {
	p.t.Helper()
	f, err := p.next()
	if err != nil {
		p.t.Fatal(err)
	}
	return f
}

func (p *plain) hello(h *tickroomv1.Hello) *tickroomv1.ServerFrame {
	p.t.Helper()
	h.Version, h.Kind = 1, "walkers"
	p.send(&tickroomv1.ClientFrame{Hello: h})
	return p.frame()
}

func TestWelcome(t *testing.T) {
	t.Parallel()
	url := walkersServer(t, nil)
	f := dialPlain(t, url).hello(&tickroomv1.Hello{})
	w := f.GetWelcome()
	if w == nil || len(w.GetSchema().GetComponents()) != 1 || w.GetPlayer() != 1 || w.GetTickRate() != 20 || w.GetAckWindow() != 10 || w.GetMaxMessage() != 8192 {
		t.Errorf("the welcome is %v", w)
	}
	if !f.GetFull() || len(f.GetSet()) == 0 {
		t.Errorf("the first snapshot is not in the message of the welcome: %v", f)
	}
	f = dialPlain(t, url).hello(&tickroomv1.Hello{Fingerprint: walkersv1.Schema.Fingerprint(), Room: w.GetRoom()})
	if f.GetWelcome().GetSchema() != nil || f.GetWelcome().GetRoom() != w.GetRoom() {
		t.Errorf("the welcome of a client with the schema is %v", f.GetWelcome())
	}
}

// TestWindow is a client that does not acknowledge.
func TestWindow(t *testing.T) {
	t.Parallel()
	p := dialPlain(t, walkersServer(t, nil))
	first := p.hello(&tickroomv1.Hello{})
	window := first.GetWelcome().GetAckWindow()
	last := first.GetTick()
	snapshots := uint32(1)
	ping := func() { p.send(&tickroomv1.ClientFrame{Ping: &tickroomv1.Ping{ClientTimeUs: 7}}) }
	// Pongs come on, and tell of the ticks that go by.
	for ping(); ; {
		f := p.frame()
		if f.GetTick() != 0 {
			last = f.GetTick()
			if snapshots++; snapshots > window+1 {
				t.Fatalf("%d snapshots came without an acknowledgement; the window is %d", snapshots, window)
			}
		}
		if len(f.GetPongs()) == 0 {
			continue
		}
		if f.GetPongs()[0].GetClientTimeUs() != 7 {
			t.Errorf("the answer to a ping is %v", f)
		}
		if f.GetPongs()[0].GetTick() >= last+6 {
			break
		}
		ping()
	}
	if inFlight := last - (first.GetTick() - 1); inFlight <= window {
		t.Errorf("snapshots ended with %d ticks in flight; the window is %d", inFlight, window)
	}
	p.send(&tickroomv1.ClientFrame{Ack: last})
	f := p.frame()
	if f.GetSkip() < 6 || f.GetTick()-1-f.GetSkip() != last || len(f.GetDelta()) != 0 || len(f.GetSet()) == 0 {
		t.Errorf("after the acknowledgement of tick %d comes %v", last, f)
	}
}

func TestEvery(t *testing.T) {
	t.Parallel()
	p := dialPlain(t, walkersServer(t, nil))
	f := p.hello(&tickroomv1.Hello{Every: 3, HashEvery: 1})
	for range 6 {
		last := f.GetTick()
		p.send(&tickroomv1.ClientFrame{Ack: last})
		if f = p.frame(); f.GetTick()/4 == last/4 {
			t.Errorf("a snapshot of tick %d comes after that of tick %d", f.GetTick(), last)
		}
	}
	p.send(&tickroomv1.ClientFrame{Ack: f.GetTick(), Every: 1, Mismatch: true})
	explained, each := false, false
	for range 100 {
		f = p.frame()
		p.send(&tickroomv1.ClientFrame{Ack: f.GetTick()})
		explained = explained || len(f.GetEntityHashes()) == 1
		each = each || f.GetSkip() == 0
	}
	if !explained || !each {
		t.Errorf("entity hashes came for the mismatch: %t; every tick came when asked for: %t", explained, each)
	}
}

// TestCloseCodes breaks the protocol in all ways that one message can.
func TestCloseCodes(t *testing.T) {
	t.Parallel()
	url := walkersServer(t, map[string]string{"players": "2"})
	good := &tickroomv1.Hello{Version: 1, Kind: "walkers"}
	hello := func(change func(*tickroomv1.Hello)) func(p *plain) {
		return func(p *plain) {
			h := proto.CloneOf(good)
			change(h)
			p.send(&tickroomv1.ClientFrame{Hello: h})
		}
	}
	seated := func(f *tickroomv1.ClientFrame) func(p *plain) {
		return func(p *plain) {
			p.hello(&tickroomv1.Hello{})
			p.send(f)
		}
	}
	write := func(kind websocket.MessageType, b []byte) func(p *plain) {
		return func(p *plain) {
			if err := p.ws.Write(p.t.Context(), kind, b); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	many := func(n int) (list []*tickroomv1.CommandData) {
		for range n {
			list = append(list, &tickroomv1.CommandData{Id: 1})
		}
		return list
	}
	for _, c := range []struct {
		name string
		do   func(p *plain)
		want websocket.StatusCode
	}{
		{"text", write(websocket.MessageText, []byte("hello")), 1003},
		{"first message too long", write(websocket.MessageBinary, make([]byte, 8193)), 1009},
		{"no protobuf", write(websocket.MessageBinary, []byte{0xff}), 4001},
		{"no hello", func(p *plain) { p.send(&tickroomv1.ClientFrame{Ack: 1}) }, 4001},
		{"version", hello(func(h *tickroomv1.Hello) { h.Version = 2 }), 4001},
		{"long name", hello(func(h *tickroomv1.Hello) { h.Name = strings.Repeat("x", 65) }), 4001},
		{"control character", hello(func(h *tickroomv1.Hello) { h.Name = "a\nb" }), 4001},
		{"unknown kind", hello(func(h *tickroomv1.Hello) { h.Kind = "chess" }), 4002},
		{"no kind", hello(func(h *tickroomv1.Hello) { h.Kind = "" }), 4002},
		{"unknown room", hello(func(h *tickroomv1.Hello) { h.Room = "walkers-nowhere" }), 4002},
		{"full room", func(p *plain) {
			room := dialPlain(p.t, url).hello(&tickroomv1.Hello{}).GetWelcome().GetRoom()
			if r := dialPlain(p.t, url).hello(&tickroomv1.Hello{}).GetWelcome().GetRoom(); r != room {
				room = r
				dialPlain(p.t, url).hello(&tickroomv1.Hello{Room: room})
			}
			hello(func(h *tickroomv1.Hello) { h.Room = room })(p)
		}, 4003},
		{"second hello", seated(&tickroomv1.ClientFrame{Hello: good}), 4007},
		{"ack of the future", seated(&tickroomv1.ClientFrame{Ack: 1 << 30}), 4007},
		{"17 commands", seated(&tickroomv1.ClientFrame{Commands: many(17)}), 4007},
		{"bad input", seated(&tickroomv1.ClientFrame{Inputs: []*tickroomv1.Input{{Seq: 1, Data: []byte{0xff}}}}), 4007},
		{"too fast", func(p *plain) {
			p.hello(&tickroomv1.Hello{})
			for range 100_000 {
				if p.ws.Write(p.t.Context(), websocket.MessageBinary, nil) != nil {
					return
				}
			}
		}, 4008},
	} {
		// One after another, so that the rooms' seats are known.
		t.Run(c.name, func(t *testing.T) {
			p := dialPlain(t, url)
			c.do(p)
			var err error
			for err == nil {
				_, err = p.next()
			}
			var ce websocket.CloseError
			if !errors.As(err, &ce) || ce.Code != c.want {
				t.Errorf("it ended with %v, want code %d", err, c.want)
			}
			if ce.Reason == "" {
				t.Error("no reason was given")
			}
		})
	}
}

func TestHelloTimeout(t *testing.T) {
	t.Parallel()
	_, err := dialPlain(t, walkersServer(t, nil)).next()
	if code := websocket.CloseStatus(err); code != 4000 {
		t.Errorf("without a hello it ended with %v", err)
	}
}

func TestHandshake(t *testing.T) {
	t.Parallel()
	url := walkersServer(t, nil)
	for _, c := range []struct {
		name   string
		opts   websocket.DialOptions
		status int
	}{
		{"no subprotocol", websocket.DialOptions{}, 400},
		{"another subprotocol", websocket.DialOptions{Subprotocols: []string{"tickroom.v0"}}, 400},
		{"another origin", websocket.DialOptions{Subprotocols: []string{"tickroom.v1"}, HTTPHeader: http.Header{"Origin": {"https://elsewhere.example"}}}, 403},
	} {
		ws, resp, err := websocket.Dial(t.Context(), url, &c.opts)
		if err == nil {
			_ = ws.CloseNow()
		}
		if err == nil || resp == nil || resp.StatusCode != c.status {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
