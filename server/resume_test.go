package server_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/coder/websocket"

	"github.com/tickroom/tickroom/netcode/replica"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
)

// cut ends the player's connection without a word.
func (p *player) cut() { _ = p.ws.CloseNow() }

// resume takes the session up on a new connection.
func (p *player) resume(srv *server.Server) {
	p.t.Helper()
	p.ws = dial(p.t, srv)
	send(p.t, p.ws, p.resumption())
	before := p.welc
	for p.welc = nil; p.welc == nil; {
		p.frame()
	}
	if !p.welc.GetResumed() || p.welc.GetPlayer() != before.GetPlayer() || p.welc.GetSession() != before.GetSession() {
		p.t.Fatalf("welcome: %v, before: %v", p.welc, before)
	}
}

func (p *player) resumption() *tickroomv1.ClientFrame {
	return &tickroomv1.ClientFrame{Hello: &tickroomv1.Hello{
		Version: 1, Kind: p.welc.GetKind(), Room: p.welc.GetRoom(), Resume: p.welc.GetSession(), ResumeTick: p.rep.Tick(), HashEvery: 1,
	}}
}

func wantClosed(t *testing.T, ws *websocket.Conn, code tickroomv1.CloseCode) {
	t.Helper()
	for {
		if _, _, err := ws.Read(t.Context()); err != nil {
			if ce := (websocket.CloseError{}); !errors.As(err, &ce) || ce.Code != websocket.StatusCode(code) {
				t.Errorf("got %v, want a close with %s", err, code)
			}
			return
		}
	}
}

func TestSessionsAreResumedOverRealConnections(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"auto", "raw", "gws"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			// No more connections are allowed than there are sessions, so each loss and
			// each resumption must be counted right.
			srv := start(t, func(c *config.Config) { c.Transport, c.MaxConnections, c.MaxPending = transport, 8, 8 })
			players := make([]*player, 8)
			for i := range players {
				players[i] = join(t, srv, nil)
			}
			for round := range 3 {
				for i, p := range players {
					p.input(&walkersv1.WalkerInput{Direction: float32(i)})
				}
				for _, p := range players {
					p.applied(p.seq)
				}
				for i, p := range players {
					if (i+round)%3 != 0 {
						p.cut()
					} // the others are still connected: they take over
				}
				for _, p := range players {
					p.resume(srv)
				}
			}
			for i, p := range players {
				seq := p.input(&walkersv1.WalkerInput{Stop: true})
				p.applied(seq)
				if n := replica.Count[walkersv1.Walker](p.rep); n != len(players) {
					t.Errorf("player %d sees %d walkers", i, n)
				}
				if p.seq != 4 {
					t.Errorf("player %d: %d inputs", i, p.seq)
				}
			}
		})
	}
}

func TestWhatCannotBeResumedIsRefused(t *testing.T) {
	t.Parallel()
	srv := start(t, func(c *config.Config) { c.MaxConnections, c.MaxPending = 2, 2 })
	p := join(t, srv, nil)
	token := p.welc.GetSession()
	for _, h := range []*tickroomv1.Hello{
		{Kind: "walkers", Room: p.welc.GetRoom(), Resume: "guess"},
		{Kind: "walkers", Room: p.welc.GetRoom(), Resume: token[:len(token)-1]},
		{Kind: "walkers", Room: "walkers-elsewhere", Resume: token},
		{Kind: "other", Room: p.welc.GetRoom(), Resume: token},
		{Kind: "walkers", Resume: token},
	} {
		h.Version = 1
		ws := dial(t, srv)
		send(t, ws, &tickroomv1.ClientFrame{Hello: h})
		wantClosed(t, ws, tickroomv1.CloseCode_CLOSE_CODE_SESSION_GONE)
	}
	ws := dial(t, srv)
	send(t, ws, &tickroomv1.ClientFrame{Hello: &tickroomv1.Hello{Version: 1, Kind: "walkers", Room: p.welc.GetRoom(), Resume: fmt.Sprintf("%300d", 1)}})
	wantClosed(t, ws, tickroomv1.CloseCode_CLOSE_CODE_BAD_HELLO)

	// Whoever has the token has the session: the old connection hears of it.
	old := p.ws
	p.input(&walkersv1.WalkerInput{})
	p.resume(srv)
	wantClosed(t, old, tickroomv1.CloseCode_CLOSE_CODE_TAKEN_OVER)

	// Who says that it is done gives its place up.
	_ = p.ws.Close(websocket.StatusNormalClosure, "")
	q := join(t, srv, nil) // and there is a connection to be had
	for replica.Count[walkersv1.Walker](q.rep) != 1 {
		q.frame()
	}
	ws = dial(t, srv)
	send(t, ws, p.resumption())
	wantClosed(t, ws, tickroomv1.CloseCode_CLOSE_CODE_SESSION_GONE)
}
