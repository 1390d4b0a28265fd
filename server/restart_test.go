package server_test

import (
	"sync"
	"testing"

	"github.com/tickroom/tickroom/internal/servertest"
	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/replica"
	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
)

// Clients whose server is started again are in a room again by themselves, each in a new
// session of one kind, and none has given up. (make restarts measures how soon.)
func TestClientsOutliveARestart(t *testing.T) {
	t.Parallel()
	const clients, restarts = 40, 2
	addr := "127.0.0.1:0"
	run := func() (stop func()) {
		cfg := config.Default()
		cfg.Listen, cfg.Admin, cfg.Log.Level = addr, "", "error"
		srv, err := server.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := srv.Register(relayKind(25)); err != nil {
			t.Fatal(err)
		}
		stop = servertest.Run(t, srv)
		addr = srv.Addr().String()
		return stop
	}
	stop := run()
	live := make(chan int, clients*(restarts+1))
	all := make([]*client.Client, clients)
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() {
			c, err := client.Dial(t.Context(), "http://"+addr, client.Options{
				Config: client.Config{Kind: "relay", Schema: arenav1.Schema},
				OnState: func(s client.State, why *client.CloseError) {
					if s == client.Live {
						live <- i
					} else if s == client.Closed && why.Code != client.CloseNormal {
						t.Errorf("client %d gave up: %v", i, why)
						live <- i
					}
				},
			})
			if err != nil {
				t.Errorf("client %d: %v", i, err)
				return
			}
			all[i] = c
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	defer func() {
		for _, c := range all {
			wg.Go(func() { c.Close(client.CloseNormal, "") })
		}
		wg.Wait()
	}()
	for range restarts {
		before := map[string]bool{}
		for _, c := range all {
			before[c.Welcome().GetRoom()] = true
		}
		stop()
		stop = run()
		for range clients {
			<-live
		}
		for i, c := range all {
			if w := c.Welcome(); before[w.GetRoom()] || w.GetResumed() || w.GetKind() != "relay" {
				t.Errorf("client %d is in %s", i, w.GetRoom())
			}
		}
	}
}

// A client that would resume, or else join, is told that its session is gone only where
// its room goes on.
func TestResumeOrJoin(t *testing.T) {
	t.Parallel()
	srv := start(t, nil)
	p := join(t, srv, nil)
	room := p.welc.GetRoom()
	hello := func(kind, room string) *tickroomv1.ClientFrame {
		return &tickroomv1.ClientFrame{Hello: &tickroomv1.Hello{Version: 1, Kind: kind, Room: room, Resume: "of another life", ResumeTick: 77, OrJoin: true}}
	}
	ws := dial(t, srv)
	send(t, ws, hello("walkers", room))
	wantClosed(t, ws, tickroomv1.CloseCode_CLOSE_CODE_SESSION_GONE)
	ws = dial(t, srv)
	send(t, ws, hello("chess", "chess-1"))
	wantClosed(t, ws, tickroomv1.CloseCode_CLOSE_CODE_NO_SUCH_ROOM)

	q := &player{t: t, ws: dial(t, srv), rep: replica.New(walkersv1.Schema)}
	send(t, q.ws, hello("walkers", "walkers-elsewhere"))
	for q.welc == nil {
		q.frame()
	}
	if w := q.welc; w.GetResumed() || w.GetRoom() != room || w.GetPlayer() == p.welc.GetPlayer() || w.GetPlayerId() == "" {
		t.Errorf("welcome: %v", w)
	}
}
