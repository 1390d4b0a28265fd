package server_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/replica"
	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/world"
)

// relayKind is a room in which whatever somebody says is told to all, once and
// for certain; and a few things move. The arena's schema has the messages for it.
func relayKind(players int) world.Kind {
	return world.Kind{
		Name: "relay", Schema: arenav1.Schema, TickRate: 20, MaxPlayers: players,
		New: func(r *world.Room) (world.Game, error) {
			g := &relay{all: r.NewGroup("all"), ships: world.NewTable[arenav1.Ship](r.World)}
			for range 5 {
				g.ships.Set(r.Spawn(g.all), arenav1.Ship{})
			}
			world.OnCommand(r, func(p *world.Player, c *arenav1.Chat) (*arenav1.ChatReply, error) {
				g.all.Emit(&arenav1.Said{Player: p.ID, Text: c.Text})
				return &arenav1.ChatReply{}, nil
			})
			return g, nil
		},
	}
}

type relay struct {
	all   *world.Group
	ships *world.Table[arenav1.Ship]
}

func (g *relay) Join(p *world.Player, _ []byte) error { p.Subscribe(g.all); return nil }
func (g *relay) Leave(*world.Player)                  {}
func (g *relay) Tick() {
	for _, s := range g.ships.All() {
		s.X++
	}
}

// cutter is a Dialer whose connections can be cut.
type cutter struct {
	mu   sync.Mutex
	conn net.Conn
}

func (c *cutter) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, addr)
	if err == nil {
		c.mu.Lock()
		c.conn = conn
		c.mu.Unlock()
	}
	return conn, err
}

// cut resets the connection: what is in flight is lost, both ways.
func (c *cutter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.conn.(*net.TCPConn).SetLinger(0)
	_ = c.conn.Close()
}

// Each of many sessions loses its connection while all talk: every one is back in
// its session by itself, has heard each line once and in order, and holds the state.
func TestManySessionsComeBackByThemselves(t *testing.T) {
	t.Parallel()
	const sessions, talkers, lines = 500, 10, 20
	srv := start(t, func(c *config.Config) {
		c.Limits.Commands, c.Limits.CommandBurst = 1000, 1000
	}, relayKind(sessions))
	url := fmt.Sprintf("ws://%s%s", srv.Addr(), server.Path)

	type member struct {
		cutter
		*client.Client
		at   string        // room and player
		back chan struct{} // live again after the cut

		mu   sync.Mutex
		said []string
	}
	var members [sessions]*member
	var wg sync.WaitGroup
	limit := make(chan struct{}, 50)
	for i := range members {
		m := &member{back: make(chan struct{}, 16)}
		members[i] = m
		wg.Go(func() {
			limit <- struct{}{}
			defer func() { <-limit }()
			c, err := client.Dial(t.Context(), url, client.Options{
				Config: client.Config{Kind: "relay", Schema: arenav1.Schema, HashEvery: 1, Name: strconv.Itoa(i)},
				Dialer: m,
				Setup: func(s *client.Session) {
					client.OnEvent(s, func(ev *arenav1.Said, _ uint32) {
						m.mu.Lock()
						m.said = append(m.said, ev.Text)
						m.mu.Unlock()
					})
				},
				OnState: func(s client.State, _ *client.CloseError) {
					if s == client.Live {
						m.back <- struct{}{}
					}
				},
			})
			if err != nil {
				t.Errorf("session %d: %v", i, err)
				return
			}
			m.Client, m.at = c, fmt.Sprint(c.Welcome().GetRoom(), c.Welcome().GetPlayer())
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	t.Cleanup(func() {
		var wg sync.WaitGroup
		for _, m := range members {
			wg.Go(func() { m.Close(client.CloseNormal, "") })
		}
		wg.Wait()
	})
	// The session of one whose welcome was never acknowledged is not held.
	for _, m := range members {
		until(t, "a snapshot is acknowledged", func() bool { return m.Session().Tick() > m.Welcome().GetTick()+3 })
	}

	for i := range talkers {
		wg.Go(func() {
			for n := range lines {
				if _, err := client.Call[arenav1.Chat, arenav1.ChatReply](t.Context(), members[i].Client, &arenav1.Chat{Text: fmt.Sprintf("%d/%d", i, n)}); err != nil {
					t.Errorf("talker %d: %v", i, err)
				}
			}
		})
	}
	for i, m := range members {
		wg.Go(func() {
			at := m.Session().Tick() + uint32(i%40)
			until(t, "its time has come", func() bool { return m.Session().Tick() > at })
			m.cut()
			select {
			case <-m.back:
			case <-m.Done():
				t.Errorf("session %d ended: %v", i, m.Err())
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	for i, m := range members {
		heard := func() []string {
			m.mu.Lock()
			defer m.mu.Unlock()
			return slices.Clone(m.said)
		}
		until(t, "all is heard", func() bool { return len(heard()) >= talkers*lines })
		st := m.Stats()
		if at := fmt.Sprint(m.Welcome().GetRoom(), m.Welcome().GetPlayer()); at != m.at || st.Resumes == 0 || st.Desyncs != 0 || st.HashChecks < 20 {
			t.Errorf("session %d: in %s, was in %s; %+v", i, at, m.at, st)
		}
		if first := members[0]; !slices.Equal(heard(), first.said) || len(heard()) != talkers*lines {
			t.Errorf("session %d heard %d lines, others other ones", i, len(heard()))
		}
		m.View(func(r *replica.Replica) {
			if n := replica.Count[arenav1.Ship](r); n != 5 {
				t.Errorf("session %d sees %d ships", i, n)
			}
		})
	}
	next := map[string]int{}
	for _, line := range members[0].said {
		var who, n int
		if _, err := fmt.Sscanf(line, "%d/%d", &who, &n); err != nil || n != next[strconv.Itoa(who)] {
			t.Errorf("%q is lost, doubled or out of order", line)
		}
		next[strconv.Itoa(who)]++
	}
}

// until waits for what other goroutines do.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(60 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("not in time: %s", what)
		}
	}
}
