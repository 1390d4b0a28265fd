package client

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/tickroom/tickroom/netcode/replica"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
)

// script serves one connection after the other, each by the next function, which is
// given the hello.
func script(t *testing.T, each ...func(p peer, h *tickroomv1.Hello)) string {
	var n atomic.Int32
	return serve(t, func(p peer) {
		i := int(n.Add(1)) - 1
		f, err := p.read()
		if err != nil || i >= len(each) {
			t.Errorf("connection %d: %v, %v", i, f, err)
			return
		}
		each[i](p, f.GetHello())
	})
}

// seated lets a client in, with a row.
func seated(p peer, w *tickroomv1.Welcome, entity uint32) {
	p.send(&tickroomv1.ServerFrame{Welcome: w, Tick: 1, Full: true, Set: snapshot(1, entity, 40).Set})
}

func turnedAway(code uint16) func(peer, *tickroomv1.Hello) {
	return func(p peer, _ *tickroomv1.Hello) { _ = p.conn.Close(websocket.StatusCode(code), "so it is") }
}

func TestClientJoinsAnew(t *testing.T) {
	t.Parallel()
	hellos := make(chan *tickroomv1.Hello, 8)
	note := func(fn func(peer, *tickroomv1.Hello)) func(peer, *tickroomv1.Hello) {
		return func(p peer, h *tickroomv1.Hello) { hellos <- h; fn(p, h) }
	}
	cut, over := make(chan struct{}), make(chan struct{})
	url := script(t,
		note(func(p peer, _ *tickroomv1.Hello) { seated(p, welcome(), 4); <-cut }),
		note(turnedAway(closecode.SessionGone)),
		note(turnedAway(closecode.RoomFull)),
		note(func(p peer, _ *tickroomv1.Hello) {
			w := welcome()
			w.Session, w.Room, w.Player = "s2", "r2", 9
			seated(p, w, 5)
			<-over
		}),
	)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	replicas := make(chan *replica.Replica, 4)
	states := make(chan State, 4)
	c, err := Dial(ctx, url, Options{
		Config: walkers, OnWelcome: func(r *replica.Replica) { replicas <- r },
		OnState: func(s State, _ *CloseError) { states <- s },
	})
	if err != nil {
		t.Fatal(err)
	}
	first := <-replicas
	lost := make(chan error, 1)
	go func() {
		_, err := Call[walkersv1.Shout, walkersv1.ShoutReply](ctx, c, &walkersv1.Shout{Text: "hi"})
		lost <- err
	}()
	c.SendInput(0, &walkersv1.WalkerInput{})
	close(cut)
	if err := <-lost; !errors.Is(err, ErrSessionGone) {
		t.Errorf("a command without an answer ends with %v", err)
	}
	if second := <-replicas; second == first {
		t.Error("the replica is the one of the session that is gone")
	}
	if s := [2]State{<-states, <-states}; s != [2]State{Reconnecting, Live} {
		t.Errorf("told %v", s)
	}
	for i, want := range []struct{ resume, room string }{{"", ""}, {"s1", "r1"}, {"", "r1"}, {"", ""}} {
		if h := <-hellos; h.GetResume() != want.resume || h.GetRoom() != want.room || h.GetKind() != "walkers" || h.GetOrJoin() != (want.resume != "") {
			t.Errorf("hello %d: %v, want %v", i, h, want)
		}
	}
	if w := c.Welcome(); w.GetPlayer() != 9 || w.GetRoom() != "r2" {
		t.Errorf("welcome %v", w)
	}
	if seq := c.SendInput(0, &walkersv1.WalkerInput{}); seq != 1 {
		t.Errorf("the first input of the new session is numbered %d", seq)
	}
	close(over)
	c.Close(CloseNormal, "")
}

// A server that has lost the room may answer to a hello that would resume with another.
func TestClientIsGivenAnotherRoomAtOnce(t *testing.T) {
	t.Parallel()
	cut, over := make(chan struct{}), make(chan struct{})
	url := script(t,
		func(p peer, _ *tickroomv1.Hello) { seated(p, welcome(), 4); <-cut },
		func(p peer, h *tickroomv1.Hello) {
			if h.GetResume() != "s1" || !h.GetOrJoin() || !h.GetSpectate() || h.GetName() != "ann" {
				t.Errorf("hello %v", h)
			}
			w := welcome()
			w.Session, w.Room, w.Player = "s2", "r2", 9
			seated(p, w, 5)
			<-over
		},
	)
	replicas, states := make(chan *replica.Replica, 4), make(chan State, 4)
	cfg := walkers
	cfg.Spectate, cfg.Name = true, "ann"
	c, err := Dial(t.Context(), url, Options{
		Config: cfg, OnWelcome: func(r *replica.Replica) { replicas <- r }, OnState: func(s State, _ *CloseError) { states <- s },
	})
	if err != nil {
		t.Fatal(err)
	}
	first := <-replicas
	close(cut)
	if second := <-replicas; second == first {
		t.Error("the replica is the one of the session that is gone")
	}
	if s := [2]State{<-states, <-states}; s != [2]State{Reconnecting, Live} || c.Welcome().GetRoom() != "r2" {
		t.Errorf("told %v; in %v", s, c.Welcome())
	}
	close(over)
	c.Close(CloseNormal, "")
}

// A seat is shown once; where there is no kind in the configuration, the room of the
// seat is joined by its id.
func TestClientJoinsARoomOfASeatAnew(t *testing.T) {
	t.Parallel()
	cut := make(chan struct{})
	hellos := make(chan *tickroomv1.Hello, 2)
	url := script(t,
		func(p peer, _ *tickroomv1.Hello) { seated(p, welcome(), 4); <-cut },
		turnedAway(closecode.SessionGone),
		func(p peer, h *tickroomv1.Hello) { hellos <- h; turnedAway(closecode.SeatRefused)(p, h) },
	)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, err := Dial(ctx, url, Options{Config: Config{Seat: "seat", Schema: walkersv1.Schema}})
	if err != nil {
		t.Fatal(err)
	}
	close(cut)
	if h := <-hellos; h.GetSeat() != "" || h.GetResume() != "" || h.GetKind() != "walkers" || h.GetRoom() != "r1" {
		t.Errorf("hello %v", h)
	}
	<-c.Done()
	var ce *CloseError
	if err := c.Err(); !errors.As(err, &ce) || ce.Code != closecode.SeatRefused || ce.Advice() != closecode.GetNewSeat {
		t.Errorf("%v", err)
	}
}

// What a server sends that can't be is left with 4007; then the client begins anew.
func TestClientLeavesAServerThatIsWrong(t *testing.T) {
	t.Parallel()
	code := make(chan websocket.StatusCode, 1)
	over := make(chan struct{})
	url := script(t,
		func(p peer, _ *tickroomv1.Hello) {
			seated(p, welcome(), 4)
			p.send(snapshot(9))
			for {
				if _, err := p.read(); err != nil {
					code <- websocket.CloseStatus(err)
					return
				}
			}
		},
		func(p peer, h *tickroomv1.Hello) {
			if h.GetResume() != "" {
				t.Errorf("hello %v resumes", h)
			}
			seated(p, welcome(), 5)
			<-over
		},
	)
	why := make(chan *CloseError, 2)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, err := Dial(ctx, url, Options{Config: walkers, OnState: func(_ State, e *CloseError) { why <- e }})
	if err != nil {
		t.Fatal(err)
	}
	if e := <-why; !errors.Is(e, ErrProtocol) || !e.ByUs {
		t.Errorf("told %v", e)
	}
	if got := <-code; got != closecode.BadMessage {
		t.Errorf("closed with %d", got)
	}
	if e := <-why; e != nil {
		t.Errorf("told %v", e)
	}
	close(over)
	c.Close(CloseNormal, "")
}
