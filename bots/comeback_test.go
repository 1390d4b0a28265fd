package bots_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tickroom/tickroom/bots"
	"github.com/tickroom/tickroom/internal/kinds/walkers"
	"github.com/tickroom/tickroom/internal/pilots"
	"github.com/tickroom/tickroom/internal/servertest"
	"github.com/tickroom/tickroom/netcode/client"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
)

// shouters is a crew whose bots shout, and listen to each other.
type shouters struct {
	setup bots.Setup
	begun atomic.Bool
	sent  atomic.Int64
	lost  atomic.Int64
	back  atomic.Int64
	heard *bots.Latencies

	mu sync.Mutex
	at map[string]time.Duration // guarded by mu: when what was shouted
}

func (c *shouters) Hello(bot int, cfg *client.Config) { cfg.Name = fmt.Sprint("shouter ", bot) }

func (c *shouters) NewPilot(bot int, rnd *rand.Rand) bots.Pilot {
	return &shouter{Walker: pilots.NewWalker(rnd), crew: c, bot: bot}
}

func (c *shouters) Play(ctx context.Context) error {
	c.begun.Store(true)
	<-ctx.Done()
	return nil
}

func (c *shouters) Figures() []bots.Figure {
	return []bots.Figure{
		{Name: "shouts", Text: "shouts", Value: float64(c.sent.Load())},
		{Name: "moves", Text: "connections", Counts: map[string]float64{"lost": float64(c.lost.Load()), "back": float64(c.back.Load())}},
		c.heard.Figure("shout_ms", "shouted to heard by another one"),
	}
}

// shouter walks and shouts.
type shouter struct {
	*pilots.Walker
	crew *shouters
	bot  int
	next time.Duration
}

func (p *shouter) Next() time.Duration { return p.next }

func (p *shouter) Act(s *client.Session, now time.Duration) {
	p.next = now + 50*time.Millisecond
	text := fmt.Sprint(p.bot, " at ", now)
	p.crew.mu.Lock()
	p.crew.at[text] = now
	p.crew.mu.Unlock()
	if s.SendCommand(1, (&walkersv1.Shout{Text: text}).AppendProto(nil), nil) == nil {
		p.crew.sent.Add(1)
	}
}

func (p *shouter) Received(s *client.Session, now time.Duration) {
	if p.next == 0 && p.crew.begun.Load() {
		p.next = now
	}
	for _, ev := range s.Frame().Events {
		var heard walkersv1.Heard
		if ev.ID != 1 || heard.UnmarshalProto(ev.Data) != nil || strings.HasPrefix(heard.Text, fmt.Sprint(p.bot, " ")) {
			continue
		}
		p.crew.mu.Lock()
		at := p.crew.at[heard.Text]
		p.crew.mu.Unlock()
		p.crew.heard.Record(now-at, now)
	}
}

func (p *shouter) Lost(time.Duration)                  { p.crew.lost.Add(1) }
func (p *shouter) Back(*client.Session, time.Duration) { p.crew.back.Add(1) }

// walkersServer runs a server at an address, until stop.
func walkersServer(t *testing.T, addr string) (stop func(), at string) {
	t.Helper()
	cfg := config.Default()
	cfg.Listen, cfg.Admin = addr, ""
	srv, err := server.New(cfg, server.WithLogger(slog.New(slog.DiscardHandler)))
	if err == nil {
		err = srv.Register(walkers.Kind())
	}
	if err != nil {
		t.Fatal(err)
	}
	stop = servertest.Run(t, srv)
	return stop, srv.Addr().String()
}

// TestCrew: bots that share a crew act at times of their own, lose connections and come back
// into their sessions, and what the crew measures is in the report.
func TestCrew(t *testing.T) {
	t.Parallel()
	_, addr := walkersServer(t, "127.0.0.1:0")
	crew := &shouters{heard: bots.NewLatencies(), at: map[string]time.Duration{}}
	rep, err := bots.Run(t.Context(), bots.Config{
		Server: "http://" + addr, Kind: "walkers", Clients: 8, Duration: 1500 * time.Millisecond, Rate: 20, HashEvery: 2, Houses: true,
		Cut: 0.5, CutMin: 10 * time.Millisecond, CutMax: 50 * time.Millisecond,
		Kinds: map[string]bots.Behaviour{"walkers": {Schema: walkersv1.Schema, NewCrew: func(s bots.Setup) (bots.Crew, error) {
			crew.setup = s
			return crew, nil
		}}},
		Require: []string{"shouts > 100", "shout_ms.p50 > 0", "moves.lost > 0", "cuts > 0", "rooms == 1", "desyncs == 0"},
	})
	if err != nil {
		t.Fatalf("%v; %+v", err, rep)
	}
	lost, back := int(crew.lost.Load()), int(crew.back.Load())
	if lost != rep.Cuts || back != rep.Resumes || back > lost || lost-back > 4 || rep.Losses != 0 || rep.Rejoins != 0 || rep.Back.Count != int64(back) {
		t.Errorf("pilots lost %d connections and were back %d times; %+v", lost, back, rep)
	}
	if crew.setup.Clients != 8 || len(rep.Houses) != 1 || rep.Joins != 8 {
		t.Errorf("the crew was made for %+v; %+v", crew.setup, rep)
	}
	var b strings.Builder
	if err := rep.Summary(&b); err != nil || !strings.Contains(b.String(), "shouted to heard by another one") || !strings.Contains(b.String(), "back ") {
		t.Errorf("%v; %s", err, &b)
	}
	b.Reset()
	if err := rep.WritePage(&b); err != nil || !strings.Contains(b.String(), "shouted to heard") {
		t.Errorf("%v; %d bytes", err, b.Len())
	}
}

// TestReconnect: a server that is started again loses no bot.
func TestReconnect(t *testing.T) {
	t.Parallel()
	stop, addr := walkersServer(t, "127.0.0.1:0")
	ctx, cancel := context.WithCancel(t.Context())
	crew := &shouters{heard: bots.NewLatencies(), at: map[string]time.Duration{}}
	kinds := map[string]bots.Behaviour{"walkers": {Schema: walkersv1.Schema, NewCrew: func(bots.Setup) (bots.Crew, error) { return crew, nil }}}
	type outcome struct {
		bots.Report
		err error
	}
	over := make(chan outcome, 1)
	go func() {
		rep, err := bots.Run(ctx, bots.Config{Server: "http://" + addr, Kind: "walkers", Kinds: kinds, Clients: 5, Duration: time.Minute, Rate: 20, Reconnect: true})
		over <- outcome{rep, err}
	}()
	until := func(what string, so func() bool) {
		for !so() {
			select {
			case o := <-over:
				t.Fatalf("%s: the run is over: %+v", what, o)
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	until("all shout", func() bool { return crew.sent.Load() > 10 })
	stop()
	walkersServer(t, addr)
	sent := crew.sent.Load()
	until("all shout again", func() bool { return crew.sent.Load() > sent+100 })
	cancel()
	o := <-over
	if o.err != nil || o.Losses < 5 || o.Rejoins != 5 || o.Rooms != 2 || len(o.Errors) != 0 {
		t.Errorf("%+v", o)
	}
}
