package attack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/kinds"
	"github.com/tickroom/tickroom/internal/servertest"
	"github.com/tickroom/tickroom/matchmaking/mode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/web"
)

// What an address may have in the short form.
const (
	shortConnections = 12
	shortActions     = 40
)

// shortServer runs a server with tight limits, under which addresses of this machine are as
// any others.
func shortServer(t *testing.T) (*server.Server, *Target) {
	t.Helper()
	cfg := config.Default()
	cfg.Listen, cfg.Admin, cfg.ShutdownGrace = "127.0.0.1:0", "127.0.0.1:0", 100*time.Millisecond
	cfg.Access.Exempt, cfg.Access.ConnectionsPerAddress = nil, shortConnections
	cfg.KeepAlive, cfg.HandshakeTimeout, cfg.HelloTimeout = time.Second, time.Second, time.Second
	cfg.Hold, cfg.EmptyRoomLinger = time.Second, 100*time.Millisecond
	secret := filepath.Join(t.TempDir(), "service")
	if err := os.WriteFile(secret, []byte("k8Zq2vX9mW4rT7bN1cJ6yH3gF5dS0aPL"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.Service.SecretFiles = []string{secret}
	var err error
	if cfg.Modes, err = mode.Parse("modes.yaml", []byte("modes: {"+Mode+": {room: {kind: arena}, teams: {count: 2, size: 1}}}")); err != nil {
		t.Fatal(err)
	}
	srv, err := server.New(cfg, server.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds.All() {
		if err := srv.Register(k.Kind); err != nil {
			t.Fatal(err)
		}
	}
	srv.Handle("/", web.Handler())
	servertest.Run(t, srv)
	return srv, &Target{Addr: srv.Addr().String(), Service: srv.Addr().String()}
}

// TestEachKindIsHeldByItsLimits attacks with each kind from an address of its own, all at once. No address may have
// more than its share, honest ones get in all the while, and when it is over nothing is left.
func TestEachKindIsHeldByItsLimits(t *testing.T) {
	t.Parallel()
	srv, target := shortServer(t)
	s := &site{admin: srv.AdminAddr().String()}
	w := &watcher{s: s}
	before := runtime.NumGoroutine()
	honest := newCrowd(target, 0)
	all := Kinds()
	var running atomic.Int64
	for i, k := range all {
		if k.unfit != nil && k.unfit(target) != "" {
			continue
		}
		running.Add(1)
		from := netip.AddrFrom4([4]byte{127, 0, 66, byte(1 + i)}).String()
		go func() {
			defer running.Add(-1)
			ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
			defer stop()
			strike := &Strike{Target: target, From: from, Most: shortActions, Rate: 1e6}
			if err := strike.Run(ctx, &k); err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", k.Name, err)
			}
			if r := strike.Result(); r.Actions == 0 || r.Sent == 0 && k.Name != "silent" {
				t.Errorf("%s has done nothing: %+v", k.Name, r)
			}
		}()
	}
	joined := 0
	for running.Load() > 0 || joined < 10 {
		l, _, err := honest.dialer().enter(t.Context(), &tickroomv1.Hello{Kind: "walkers"})
		if err != nil {
			t.Fatalf("an honest player who joins meanwhile: %v", err)
		}
		joined++
		_ = l.Close()
		if open := w.value(t.Context(), "tickroom_open_connections"); open > float64(len(all)*(shortConnections+8)+50) {
			t.Fatalf("%v connections are open, of %d addresses with %d each", open, len(all), shortConnections)
		}
	}
	until := time.Now().Add(30 * time.Second)
	for {
		open, n := w.value(t.Context(), "tickroom_open_connections"), runtime.NumGoroutine()
		rooms := w.value(t.Context(), "tickroom_rooms{")
		if open < 3 && n < before+30 && rooms <= 4 {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("what is left: %v connections, %d goroutines (%d before), %v rooms", open, n, before, rooms)
		}
		runtime.Gosched()
	}
}

func TestWhatIsToldOfAnAttack(t *testing.T) {
	t.Parallel()
	o := &Outcome{
		Kind: "held", Doc: "does something", Seconds: 10, CPU: 6, Memory: 70, Back: -1,
		Attacker: Result{Actions: 9, Done: 4, Sent: 900, Received: 1_200_000, CPU: 0.5},
		Calm:     Felt{GapP99: 40}, During: Felt{GapP99: 62, Joins: 30, Refused: 2, JoinP99: 12},
		Samples: []Sample{{AtS: 0}, {AtS: 1, CPU: 0.5}},
	}
	want := "gap x1.6|2 joins refused|CPU x12|+70 MB|not back"
	if got := strings.Join(o.Broken(), "|"); got != want {
		t.Errorf("broken: %s; want %s", got, want)
	}
	well := &Outcome{Kind: "pages", Seconds: 10, CPU: 0.2, Back: 3, Calm: Felt{GapP99: 40}, During: Felt{GapP99: 60}, Attacker: Result{CPU: 0.001}}
	if got := well.Broken(); got != nil {
		t.Errorf("an attack that costs less than can be measured breaks %v", got)
	}
	var table, page, figures bytes.Buffer
	all := []*Outcome{o, well}
	if err := errors.Join(Table(&table, all), HTML(&page, Plain, all), JSON(&figures, all)); err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"table": table.String(), "page": page.String(), "line": o.Line()} {
		for _, part := range []string{"held", "1.2 MB", "+70 MB", "not back"} {
			if !strings.Contains(text, part) {
				t.Errorf("the %s does not tell %q:\n%s", what, part, text)
			}
		}
	}
	if !strings.Contains(figures.String(), `"joins_refused": 2`) {
		t.Error("the figures lack some")
	}
}

func TestKindsAreChosenByName(t *testing.T) {
	t.Parallel()
	if all, unknown := Select(nil); len(all) != len(Kinds()) || unknown != nil {
		t.Errorf("%d kinds, %v unknown", len(all), unknown)
	}
	some, unknown := Select([]string{"held", "nonsense", "list"})
	if got := fmt.Sprint(Names(some), unknown); got != "[held list] [nonsense]" {
		t.Errorf("chosen: %s", got)
	}
	seen := map[string]bool{}
	for _, k := range Kinds() {
		if seen[k.Name] || k.Doc == "" || k.run == nil {
			t.Errorf("kind %q comes twice, or lacks something", k.Name)
		}
		seen[k.Name] = true
	}
}
