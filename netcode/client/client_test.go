package client

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/netcode/replica"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
)

// peer is the server's end of one connection, as a test plays it.
type peer struct {
	t    *testing.T
	ctx  context.Context
	conn *websocket.Conn
}

func (p peer) send(f *tickroomv1.ServerFrame) {
	b, err := proto.Marshal(f)
	if err == nil {
		err = p.conn.Write(p.ctx, websocket.MessageBinary, b)
	}
	if err != nil {
		p.t.Errorf("server: write: %v", err)
	}
}

func (p peer) read() (*tickroomv1.ClientFrame, error) {
	_, b, err := p.conn.Read(p.ctx)
	if err != nil {
		return nil, err
	}
	f := new(tickroomv1.ClientFrame)
	return f, proto.Unmarshal(b, f)
}

// until reads messages until one is as wanted.
func (p peer) until(ok func(*tickroomv1.ClientFrame) bool) *tickroomv1.ClientFrame {
	for {
		f, err := p.read()
		if err != nil {
			p.t.Errorf("server: read: %v", err)
			return &tickroomv1.ClientFrame{}
		}
		if ok(f) {
			return f
		}
	}
}

func (p peer) seat() {
	if f, err := p.read(); err != nil || f.Hello == nil {
		p.t.Errorf("server: the first message is no hello: %v, %v", f, err)
	}
	p.send(&tickroomv1.ServerFrame{Welcome: welcome()})
}

// serve runs fn for each connection, and waits for it at the end of the test.
func serve(t *testing.T, fn func(p peer)) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{Subprotocol}})
		if err != nil {
			return
		}
		defer func() { _ = conn.CloseNow() }()
		fn(peer{t, ctx, conn})
	}))
	t.Cleanup(func() { srv.Close(); cancel() })
	return srv.URL
}

func dial(t *testing.T, url string, o Options) *Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	o.Config = walkers
	c, err := Dial(ctx, url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(CloseNormal, "") })
	return c
}

func TestClient(t *testing.T) {
	t.Parallel()
	closed := make(chan error, 1)
	url := serve(t, func(p peer) {
		p.seat()
		pinged := false
		f := p.until(func(f *tickroomv1.ClientFrame) bool { pinged = pinged || f.Ping != nil; return len(f.Inputs) > 0 })
		if !pinged {
			t.Error("no ping came with or before the first input")
		}
		s := snapshot(1, 4, 40)
		s.InputAck = f.Inputs[0].Seq
		p.send(s)
		f = p.until(func(f *tickroomv1.ClientFrame) bool { return len(f.Commands) > 0 })
		p.send(&tickroomv1.ServerFrame{Replies: []*tickroomv1.Reply{{Id: f.Commands[0].Id, Data: (&walkersv1.ShoutReply{Count: 3}).AppendProto(nil)}}})
		f = p.until(func(f *tickroomv1.ClientFrame) bool { return len(f.Commands) > 0 })
		p.send(&tickroomv1.ServerFrame{Replies: []*tickroomv1.Reply{{Id: f.Commands[0].Id, Code: 3, Error: "hush"}}})
		for {
			if _, err := p.read(); err != nil {
				closed <- err
				return
			}
		}
	})
	added := make(chan uint32, 1)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c, err := Dial(ctx, url, Options{Config: walkers, OnWelcome: func(r *replica.Replica) {
		replica.OnAdd(r, func(e uint32, _ *walkersv1.Walker) { added <- e })
	}})
	if err != nil {
		t.Fatal(err)
	}
	if c.Welcome().GetPlayer() != 7 {
		t.Errorf("welcome: %v", c.Welcome())
	}
	c.SendInput(0, &walkersv1.WalkerInput{Direction: 1})
	if e := <-added; e != 4 {
		t.Errorf("entity %d was added, want 4", e)
	}
	c.View(func(r *replica.Replica) {
		if row, ok := replica.Get[walkersv1.Walker](r, 4); !ok || row.Health != 40 {
			t.Errorf("walker: %+v %t", row, ok)
		}
	})
	reply, err := Call[walkersv1.Shout, walkersv1.ShoutReply](ctx, c, &walkersv1.Shout{Text: "hi"})
	if err != nil || reply.Count != 3 {
		t.Errorf("reply %+v, %v", reply, err)
	}
	_, err = Call[walkersv1.Shout, walkersv1.ShoutReply](ctx, c, &walkersv1.Shout{Text: "hi"})
	var re *ReplyError
	if !errors.As(err, &re) || re.Text != "hush" || !strings.Contains(err.Error(), "refused: hush") {
		t.Errorf("refused: %v", err)
	}
	gone, cancelled := context.WithCancel(ctx)
	cancelled()
	if _, err := Call[walkersv1.Shout, walkersv1.ShoutReply](gone, c, &walkersv1.Shout{}); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
	c.Close(CloseNormal, "bye")
	c.Close(4007, "twice")
	var ce websocket.CloseError
	if err := <-closed; !errors.As(err, &ce) || ce.Code != 1000 || ce.Reason != "bye" {
		t.Errorf("the server saw %v, want 1000 bye", err)
	}
	if _, err := Call[walkersv1.Shout, walkersv1.ShoutReply](ctx, c, &walkersv1.Shout{}); err == nil {
		t.Error("a call after Close has an answer")
	}
}

func TestServerCloses(t *testing.T) {
	t.Parallel()
	c := dial(t, serve(t, func(p peer) {
		p.seat()
		_ = p.conn.Close(4011, "cheater")
	}), Options{})
	<-c.Done()
	var ce *CloseError
	if err := c.Err(); !errors.As(err, &ce) || ce.Code != 4011 || ce.Reason != "cheater" || ce.ByUs || ce.Advice() != closecode.StayAway {
		t.Errorf("%+v", err)
	}
}

func TestDialErrors(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for _, url := range []string{"ftp://x", "127.0.0.1:1", "http://", "http://127.0.0.1:1"} {
		if _, err := Dial(ctx, url, Options{Config: walkers}); err == nil {
			t.Errorf("%s: no error", url)
		}
	}
	full := serve(t, func(p peer) { _ = p.conn.Close(4003, "full") })
	var ce *CloseError
	if _, err := Dial(ctx, full, Options{Config: walkers}); !errors.As(err, &ce) || ce.Code != 4003 {
		t.Errorf("refused: %v", err)
	}
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	if _, err := Dial(ctx, plain.URL, Options{Config: walkers}); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("no WebSocket: %v", err)
	}
	closed := make(chan error, 1)
	other := serve(t, func(p peer) {
		_, _ = p.read()
		w := welcome()
		w.Fingerprint++
		p.send(&tickroomv1.ServerFrame{Welcome: w})
		_, err := p.read()
		closed <- err
	})
	if _, err := Dial(ctx, other, Options{Config: walkers}); !errors.Is(err, ErrSchema) {
		t.Errorf("another schema: %v", err)
	}
	if err := <-closed; websocket.CloseStatus(err) != 4006 {
		t.Errorf("the server saw %v, want 4006", err)
	}
	silent := serve(t, func(p peer) { _, _ = p.read(); _, _ = p.read() })
	short, stop := context.WithCancel(ctx)
	time.AfterFunc(50*time.Millisecond, stop)
	if _, err := Dial(short, silent, Options{Config: walkers}); !errors.Is(err, context.Canceled) {
		t.Errorf("no welcome: %v", err)
	}
}

// A frame whose length has its top bit set makes the WebSocket library panic.
func TestHostileServer(t *testing.T) {
	t.Parallel()
	hijacked := make(chan net.Conn, 1)
	c := dial(t, serveRaw(t, hijacked), Options{NoReconnect: true})
	conn := <-hijacked
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte{0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0}); err != nil {
		t.Fatal(err)
	}
	<-c.Done()
	var ce *CloseError
	if err := c.Err(); !errors.As(err, &ce) || ce.Code != closecode.ProtocolError && ce.Code != closecode.TooBig {
		t.Errorf("%v", err)
	}
}

// serveRaw seats a client and hands out its connection.
func serveRaw(t *testing.T, out chan<- net.Conn) string {
	t.Helper()
	var raw net.Conn
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{Subprotocol}})
		if err != nil {
			t.Errorf("accept: %v", err)
			return
		}
		peer{t, context.Background(), conn}.seat()
		out <- raw
	}))
	srv.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context { raw = c; return ctx }
	srv.Start()
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestCallbackPanics(t *testing.T) {
	t.Parallel()
	url := serve(t, func(p peer) {
		p.seat()
		p.send(snapshot(1, 1, 1))
		_, _ = p.read()
		_, _ = p.read()
	})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c, err := Dial(ctx, url, Options{Config: walkers, OnWelcome: func(r *replica.Replica) {
		replica.OnAdd(r, func(uint32, *walkersv1.Walker) { panic("oops") })
	}})
	if err != nil {
		t.Fatal(err)
	}
	<-c.Done()
	if err := c.Err(); err == nil || !strings.Contains(err.Error(), "oops") {
		t.Errorf("%v", err)
	}
}
