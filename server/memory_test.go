package server_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/gen/tickroom/v1/tickroomv1connect"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
)

// look asks the admin address.
func look(t *testing.T, srv *server.Server, path string) (status int, body string) {
	t.Helper()
	resp, err := http.Get("http://" + srv.AdminAddr().String() + path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.Body.Close() != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// TestAServerShortOfMemoryTakesNobodyNew: who plays goes on, and who comes anew is told to come
// later, until there is memory again.
func TestAServerShortOfMemoryTakesNobodyNew(t *testing.T) {
	t.Parallel()
	var used atomic.Uint64
	used.Store(50 << 20)
	srv := startWith(t, []server.Option{server.WithMemory(func() (limit, bytes uint64) { return 100 << 20, used.Load() })}, func(c *config.Config) {
		c.Admin = "127.0.0.1:0"
	})
	within := func(status int) {
		t.Helper()
		for until := time.Now().Add(20 * time.Second); ; {
			got, said := look(t, srv, "/readyz")
			if got == status {
				return
			}
			if time.Now().After(until) {
				t.Fatalf("/readyz is %d, %s; want %d", got, said, status)
			}
		}
	}
	honest := join(t, srv, nil)
	within(http.StatusOK)

	used.Store(95 << 20)
	within(http.StatusServiceUnavailable)
	if _, said := look(t, srv, "/readyz"); !strings.Contains(said, "95 of 100 MB") {
		t.Errorf("/readyz says %s", said)
	}
	late := dial(t, srv)
	send(t, late, &tickroomv1.ClientFrame{Hello: &tickroomv1.Hello{Version: 1, Kind: "walkers"}})
	if code, reason := closedWith(t, late); code != 1013 || !strings.Contains(reason, "short of memory") {
		t.Errorf("a new player is told %d, %s", code, reason)
	}
	players := tickroomv1connect.NewMatchmakingServiceClient(http.DefaultClient, "http://"+srv.Addr().String())
	_, err := players.QuickJoin(t.Context(), connect.NewRequest(&tickroomv1.QuickJoinRequest{Kind: "walkers"}))
	if said := new(connect.Error); connect.CodeOf(err) != connect.CodeUnavailable || !errors.As(err, &said) || said.Meta().Get("Retry-After") == "" {
		t.Errorf("who asks for a seat is told %v", err)
	}
	if _, err := players.ListRooms(t.Context(), connect.NewRequest(&tickroomv1.ListRoomsRequest{})); err != nil {
		t.Errorf("who looks at the list is told %v", err)
	}
	honest.applied(honest.input(&walkersv1.WalkerInput{}))
	if _, text := look(t, srv, "/metrics"); !strings.Contains(text, "tickroom_memory_pressure 1\n") || !strings.Contains(text, "tickroom_memory_limit_bytes 1.048576e+08") ||
		!strings.Contains(text, `tickroom_refusals_total{stage="hello",why="memory"} 1`) {
		t.Error("the metrics don't tell of it")
	}

	used.Store(60 << 20)
	within(http.StatusOK)
	join(t, srv, nil)
	if _, err := players.QuickJoin(t.Context(), connect.NewRequest(&tickroomv1.QuickJoinRequest{Kind: "walkers"})); err != nil {
		t.Errorf("when there is memory again who asks for a seat is told %v", err)
	}
}

// TestTheAdminAddressTellsWhoCostsMost looks at what it says of one who was refused, and of one who played.
func TestTheAdminAddressTellsWhoCostsMost(t *testing.T) {
	t.Parallel()
	srv := start(t, func(c *config.Config) { c.Admin = "127.0.0.1:0" })
	p := join(t, srv, nil)
	p.applied(p.input(&walkersv1.WalkerInput{}))
	bad := dial(t, srv)
	send(t, bad, &tickroomv1.ClientFrame{Hello: &tickroomv1.Hello{Version: 1, Kind: "chess"}})
	closedWith(t, bad)
	_ = p.ws.CloseNow()
	var all []struct {
		Cost               string
		Addresses, Players []struct {
			Key    string
			Weight float64
		}
	}
	for until := time.Now().Add(20 * time.Second); ; { // until the player's connection has ended
		_, text := look(t, srv, "/top?limit=3")
		if err := json.Unmarshal([]byte(text), &all); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		told := map[string]float64{}
		for _, m := range all {
			for _, a := range m.Addresses {
				told[m.Cost+" "+a.Key] = a.Weight
			}
		}
		if told["refusals 127.0.0.1"] == 1 && told["connections 127.0.0.1"] == 2 && told["joins 127.0.0.1"] == 1 && told["bytes 127.0.0.1"] > 100 {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("told: %v", told)
		}
	}
	if status, said := look(t, srv, "/top?limit=many"); status != http.StatusBadRequest || !strings.Contains(said, "many") {
		t.Errorf("a limit that is no number: %d, %s", status, said)
	}
	if _, page := look(t, srv, "/"); !strings.Contains(page, "Who costs most") || !strings.Contains(page, "127.0.0.1: 2") {
		t.Error("the page does not tell who costs most")
	}
}
