package bots

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/internal/pilots"
	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/replica"
	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
)

// The servers of the examples bring along ants, which starts goroutines for good.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

const testTick = 5 * time.Millisecond

// rooms is a server of rooms with one walker each, and with faults.
type rooms struct {
	t *testing.T
	// lie makes the hash of this tick wrong, 0 none.
	lie uint32
	// closeAt makes the server close the first connection at this tick, 0 never.
	closeAt   uint32
	closeOnce sync.Once
	// fragment makes messages come in pieces, with pings in between.
	fragment bool
	// admit may refuse a client. Nil: all are let in.
	admit func(h *tickroomv1.Hello) error

	mu     sync.Mutex
	closes map[websocket.StatusCode]int // guarded by mu: how clients closed
}

func (s *rooms) start() string {
	s.closes = map[websocket.StatusCode]int{}
	srv := httptest.NewServer(s)
	s.t.Cleanup(srv.Close)
	return srv.URL
}

func (s *rooms) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{client.Subprotocol}})
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	ctx, cancel := context.WithCancel(context.Background())
	frames := make(chan *tickroomv1.ClientFrame, 64)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer cancel()
		for {
			_, b, err := conn.Read(ctx)
			if err != nil {
				s.mu.Lock()
				s.closes[websocket.CloseStatus(err)]++
				s.mu.Unlock()
				return
			}
			f := new(tickroomv1.ClientFrame)
			if err := proto.Unmarshal(b, f); err != nil {
				s.t.Errorf("server: %v", err)
			}
			frames <- f
		}
	}()
	s.play(ctx, conn, frames)
	// Where sending has failed the reader is about to find out why.
	defer time.AfterFunc(5*time.Second, cancel).Stop()
	for {
		select {
		case <-frames:
		case <-done:
			return
		}
	}
}

func (s *rooms) play(ctx context.Context, conn *websocket.Conn, frames <-chan *tickroomv1.ClientFrame) {
	var hello *tickroomv1.Hello
	select {
	case f := <-frames:
		hello = f.Hello
	case <-ctx.Done():
		return
	}
	if hello.GetVersion() != 1 || hello.GetKind() != "walkers" || hello.GetHashEvery() == 0 {
		s.t.Errorf("server: hello %v", hello)
		return
	}
	if hello.GetSeat() == "gone" {
		_ = conn.Close(4013, "it is over")
		return
	}
	if s.admit != nil {
		if err := s.admit(hello); err != nil {
			s.t.Errorf("server: %v", err)
			return
		}
	}
	_ = s.send(ctx, conn, &tickroomv1.ServerFrame{Welcome: &tickroomv1.Welcome{
		Session: "s", Kind: "walkers", Player: 1, TickRate: float64(time.Second / testTick), AckWindow: 10, Fingerprint: walkersv1.Schema.Fingerprint(),
	}})
	truth := replica.New(walkersv1.Schema)
	tick, acked, input, explain := uint32(0), uint32(0), uint32(0), false
	var pongs []*tickroomv1.Pong
	ticker := time.NewTicker(testTick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case f := <-frames:
			acked = max(acked, f.Ack)
			for _, in := range f.Inputs {
				if in.Seq != input+1 {
					s.t.Errorf("server: input %d after %d", in.Seq, input)
				}
				input = in.Seq
			}
			if f.Ping != nil {
				pongs = append(pongs, &tickroomv1.Pong{ClientTimeUs: f.Ping.ClientTimeUs})
			}
			explain = explain || f.Mismatch
			continue
		case <-ticker.C:
		}
		if tick-acked > 10 {
			continue // it does not keep up: skipped
		}
		tick++
		f := &tickroomv1.ServerFrame{Tick: tick, InputAck: input, Pongs: pongs}
		pongs = nil
		if tick == 1 {
			f.Full = true
			f.Set = []*tickroomv1.Table{{Component: 1, Mask: 1 << 5, Rows: []uint32{9, 1}}}
		} else {
			f.Delta = []*tickroomv1.Table{{Component: 1, Mask: 1, Rows: []uint32{9, 2}}}
		}
		b, _ := proto.Marshal(f)
		if err := truth.Apply(b); err != nil {
			s.t.Errorf("server: %v", err)
		}
		if tick%hello.GetHashEvery() == 0 {
			if f.Hash = proto.Uint64(truth.Hash()); tick == s.lie {
				*f.Hash++
			}
		}
		if explain {
			explain = false
			f.EntityHashes = []*tickroomv1.EntityHash{{Entity: 9, Group: 3, Hash: truth.EntityHash(9) + 1}}
		}
		if tick == s.closeAt {
			bye := false
			s.closeOnce.Do(func() { bye = true })
			if bye {
				_ = conn.Close(4011, "enough")
				return
			}
		}
		if s.send(ctx, conn, f) != nil {
			return
		}
	}
}

func (s *rooms) send(ctx context.Context, conn *websocket.Conn, f *tickroomv1.ServerFrame) error {
	if s.fragment {
		f.Events = append(f.Events, &tickroomv1.EventData{Event: 1, Data: bytes.Repeat([]byte{0}, 70000)})
	}
	b, err := proto.Marshal(f)
	if err != nil || !s.fragment {
		return errors.Join(err, conn.Write(ctx, websocket.MessageBinary, b))
	}
	w, err := conn.Writer(ctx, websocket.MessageBinary)
	if err != nil {
		return err
	}
	for _, part := range [][]byte{b[:1], b[1:200], b[200:]} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return w.Close()
}

// kinds are those that the bots of tests can play.
var kinds = map[string]Behaviour{
	"arena":   {Schema: arenav1.Schema, NewPilot: func(rnd *rand.Rand) Pilot { return pilots.NewGunner(rnd) }},
	"walkers": {Schema: walkersv1.Schema, NewPilot: func(rnd *rand.Rand) Pilot { return pilots.NewWalker(rnd) }},
}

func config(url string, clients int) Config {
	return Config{
		Kinds: kinds, Server: url, Kind: "walkers", Clients: clients, Duration: 700 * time.Millisecond, Rate: 50, Ramp: 1000, HashEvery: 10,
		StallMin: 20 * time.Millisecond, StallMax: 100 * time.Millisecond,
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	s := &rooms{t: t}
	cfg := config(s.start(), 20)
	cfg.Churn, cfg.Slow, cfg.Loops, cfg.Duration = 0.5, 0.3, 2, 2*time.Second
	rep, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatalf("%v; %+v", err, rep)
	}
	if rep.Joined != 20 || rep.Joins <= 20 || rep.Leaves < 20 || rep.Stalls == 0 || rep.HashChecks == 0 || rep.Desyncs != 0 || len(rep.Errors) != 0 {
		t.Errorf("%+v", rep)
	}
	if rep.Snapshots == 0 || rep.RowsChanged != rep.Snapshots && rep.RowsChanged > rep.Snapshots || rep.BytesPerEntityUpdate < 5 || rep.BytesInPerClientS <= 0 {
		t.Errorf("%+v", rep)
	}
	for name, l := range map[string]Latency{"input to state": rep.InputToState, "gap": rep.SnapshotGap} {
		if l.Count == 0 || l.Max <= 0 || l.P50 > l.P99 || l.P99 > l.Max {
			t.Errorf("%s: %+v", name, l)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.closes, -1) // bots that had come back and were not welcomed yet at the end
	if len(s.closes) != 1 || s.closes[1000] != rep.Leaves {
		t.Errorf("clients closed with %v, %d left", s.closes, rep.Leaves)
	}
}

func TestFragments(t *testing.T) {
	t.Parallel()
	cfg := config((&rooms{t: t, fragment: true}).start(), 2)
	cfg.Duration = 200 * time.Millisecond
	if rep, err := Run(t.Context(), cfg); err != nil || rep.BytesPerEntityUpdate < 70000 {
		t.Errorf("%v; %+v", err, rep)
	}
}

func TestDesyncIsReported(t *testing.T) {
	t.Parallel()
	s := &rooms{t: t, lie: 20}
	rep, err := Run(t.Context(), config(s.start(), 3))
	if err == nil || rep.Desyncs < 3 || !strings.Contains(err.Error(), "tick 20") || !strings.Contains(err.Error(), "group 3: entity 9") {
		t.Errorf("%v; %+v", err, rep)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closes[4007] < 3 {
		t.Errorf("clients closed with %v, want 4007", s.closes)
	}
}

func TestUnexpectedClose(t *testing.T) {
	t.Parallel()
	cfg := config((&rooms{t: t, closeAt: 10}).start(), 3)
	cfg.Duration = 1500 * time.Millisecond
	rep, err := Run(t.Context(), cfg)
	if err == nil || len(rep.Errors) != 1 || rep.Joins != 4 {
		t.Errorf("%v; %+v", err, rep)
	}
	for r, n := range rep.Errors {
		if n != 1 || !strings.Contains(r, "4011") || !strings.Contains(r, "enough") {
			t.Errorf("%d times %q", n, r)
		}
	}
}

func TestNoServer(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	rep, err := Run(t.Context(), config(srv.URL, 3))
	if err == nil || rep.Joined != 0 || len(rep.Errors) == 0 || !strings.Contains(err.Error(), "only 0 of 3") {
		t.Errorf("%v; %+v", err, rep)
	}
	srv.Close()
	rep, err = Run(t.Context(), config(srv.URL, 3))
	if err == nil || rep.Errors["dial: connection refused"] == 0 {
		t.Errorf("%v; %+v", err, rep)
	}
}

func TestContextEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	cfg := config((&rooms{t: t}).start(), 5)
	cfg.Duration = time.Hour
	rep, err := Run(ctx, cfg)
	if err != nil || rep.Leaves != 5 {
		t.Errorf("%v; %+v", err, rep)
	}
}

func TestConfigErrors(t *testing.T) {
	t.Parallel()
	good := config("http://127.0.0.1:1", 1)
	tests := map[string]func(*Config){
		"not \"telegraph\"":   func(c *Config) { c.Via = "telegraph" },
		"the mode \"duel\"":   func(c *Config) { c.Mode = "duel" },
		"leave the room":      func(c *Config) { c.Via, c.Room = ViaMatchmaking, "r1" },
		"know arena, walkers": func(c *Config) { c.Kind = "chess" },
		"0 clients":           func(c *Config) { c.Clients = 0 },
		"duration":            func(c *Config) { c.Duration = 0 },
		"inputs per second":   func(c *Config) { c.Rate = -1 },
		"churn":               func(c *Config) { c.Churn = 2 },
		"slow":                func(c *Config) { c.Slow = -0.1 },
		"ramp":                func(c *Config) { c.Ramp = -5 },
		"is not a figure":     func(c *Config) { c.Require = []string{"rtt_ms.p99"} },
		"there are: back_ms":  func(c *Config) { c.Require = []string{"rtt.p99 < 3"} },
		"must begin":          func(c *Config) { c.Server = "example.com:80" },
	}
	for text, change := range tests {
		cfg := good
		change(&cfg)
		rep, err := Run(t.Context(), cfg)
		if err == nil || rep.Clients != 0 || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	rep := Report{Kind: "walkers", Clients: 2, Errors: map[string]int{"dial: no": 3}, DesyncDetails: []string{"bot 1"}}
	name := filepath.Join(t.TempDir(), "r.json")
	if err := rep.WriteFile(name); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{
		"clients", "joined", "duration_s", "snapshots", "hash_checks", "desyncs", "errors", "bytes_in_per_client_s",
		"bytes_per_entity_update", "rtt_ms", "input_to_state_ms", "snapshot_gap_ms",
	} {
		if _, ok := m[k]; !ok {
			t.Errorf("the JSON has no %s", k)
		}
	}
	for _, k := range []string{"p50", "p99", "max"} {
		if _, ok := m["rtt_ms"].(map[string]any)[k]; !ok {
			t.Errorf("rtt_ms has no %s", k)
		}
	}
	var out bytes.Buffer
	if err := rep.Summary(&out); err != nil || !strings.Contains(out.String(), "dial: no") || !strings.Contains(out.String(), "bot 1") {
		t.Errorf("%v:\n%s", err, out.String())
	}
}

func TestCommand(t *testing.T) {
	t.Parallel()
	report := filepath.Join(t.TempDir(), "r.json")
	cmd := Command(kinds, nil)
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs([]string{"--server", (&rooms{t: t}).start(), "--kind", "walkers", "--clients", "2", "--duration", "200ms", "--report", report})
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(report); err != nil || !strings.Contains(out.String(), "2 of 2 clients joined") {
		t.Errorf("%v:\n%s", err, out.String())
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	cfg := config((&rooms{t: t}).start(), 2)
	cfg.Progress = &out
	if _, err := Run(t.Context(), cfg); err != nil || !strings.Contains(out.String(), "playing: 2 clients") {
		t.Errorf("%v: %q", err, out.String())
	}
}
