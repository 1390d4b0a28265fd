package server_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickroom/tickroom/internal/kinds/arena"
	"github.com/tickroom/tickroom/netcode/matchmaker"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/world"
)

// logged is a server's log.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// has reports whether a line has all of some words.
func (l *logged) has(words ...string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		ok := true
		for _, w := range words {
			ok = ok && strings.Contains(line, w)
		}
		if ok {
			return true
		}
	}
	return false
}

// wants waits until the log, as it is kept by default, has a line with all of some words.
func (l *logged) wants(t *testing.T, words ...string) {
	t.Helper()
	until(t, strings.Join(words, " "), func() bool { return l.has(words...) })
}

// startLogged runs a server whose log is kept.
func startLogged(t *testing.T, change func(*config.Config), kinds ...world.Kind) (*server.Server, *logged) {
	t.Helper()
	log := &logged{}
	return startWith(t, []server.Option{server.WithLogger(slog.New(slog.NewTextHandler(log, nil)))}, change, kinds...), log
}

// TestTheLogSaysWhySomebodyWasRefused turns people away who want into rooms, and asks the
// log why that was so.
func TestTheLogSaysWhySomebodyWasRefused(t *testing.T) {
	t.Parallel()
	a := newAccounts(t)
	srv, log := startLogged(t, func(c *config.Config) {
		a.config(c)
		c.KindOptions["walkers"] = map[string]string{"players": "2"}
	})
	hello := func(player string) *tickroomv1.Hello { return &tickroomv1.Hello{Kind: "walkers", Token: a.of(player)} }
	ann, bob := join(t, srv, hello("ann")), join(t, srv, hello("bob"))
	room := ann.welc.GetRoom()

	// Why did cem get 4003?
	h := hello("cem")
	h.Room = room
	refused(t, srv, h, tickroomv1.CloseCode_CLOSE_CODE_ROOM_FULL, "full")
	log.wants(t, "level=INFO", "msg=refused", "code=4003", "why=room_full", "player=cem", "room="+room, "kind=walkers", "client=127.0.0.1")

	refused(t, srv, &tickroomv1.Hello{Token: "nonsense"}, unauthenticated, "")
	log.wants(t, "msg=refused", "stage=hello", "why=token_malformed", "code=4015")

	// By the room itself, and out of it.
	other := join(t, srv, hello("ann"))
	wantClosed(t, ann.ws, tickroomv1.CloseCode_CLOSE_CODE_TAKEN_OVER)
	log.wants(t, "level=INFO", `msg="put out"`, "stage=session", "code=4014", "why=taken_over", "another device", "player=ann", "room="+room)
	if other.welc.GetRoom() != room {
		t.Errorf("another device is in %s", other.welc.GetRoom())
	}
	h = bob.resumption().GetHello()
	h.Token, h.Resume = a.of("bob"), "guess"
	refused(t, srv, h, sessionGone, "")
	log.wants(t, "msg=refused", "stage=room", "why=session_gone", "player=bob", "room="+room)
	if code, body := post(t, srv, http.MethodPost, "/players/bob/kick?reason=spam"); code != http.StatusOK {
		t.Fatal(code, body)
	}
	wantClosed(t, bob.ws, tickroomv1.CloseCode_CLOSE_CODE_KICKED)
	log.wants(t, `msg="put out"`, "stage=session", "code=4011", "reason=spam", "player=bob", "room="+room)

	m := get(t, srv, "/metrics")
	for _, want := range []string{
		`tickroom_refusals_total{stage="hello",why="room_full"} 1`, `tickroom_rejected_total{reason="4003"} 1`,
		`tickroom_refusals_total{stage="room",why="session_gone"} 1`, `tickroom_refusals_total{stage="session",why="kicked"} 1`,
	} {
		if !strings.Contains(m, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

// TestTheLogSaysWhyNobodyGotThatFar has a page of another site, a client that says nothing,
// and a call.
func TestTheLogSaysWhyNobodyGotThatFar(t *testing.T) {
	t.Parallel()
	srv, log := startLogged(t, func(c *config.Config) { c.HelloTimeout = 300 * time.Millisecond }, arena.Kind())
	if _, resp := knock(t, srv, http.Header{"Origin": {"https://evil.example"}}); resp == nil {
		t.Fatal("a page of another site may connect")
	}
	log.wants(t, "msg=refused", "stage=handshake", "why=origin", "evil.example", "client=127.0.0.1")
	if code, _ := closedWith(t, dial(t, srv)); code != 4000 {
		t.Errorf("a client that says nothing: %d", code)
	}
	log.wants(t, "msg=refused", "stage=handshake", "why=hello", "code=4000", "client=127.0.0.1")
	if _, err := seek(t, srv, matchmaker.Options{Token: "nonsense"}).QuickJoin(t.Context(), &tickroomv1.QuickJoinRequest{Kind: "arena"}); err == nil {
		t.Error("a call with a bad token is answered")
	}
	log.wants(t, "msg=refused", "stage=call", "why=token_malformed", "client=127.0.0.1")
	if _, err := seek(t, srv, matchmaker.Options{}).JoinRoom(t.Context(), &tickroomv1.JoinRoomRequest{Room: "nowhere"}); err == nil {
		t.Error("there is a room nowhere")
	}
	log.wants(t, "msg=refused", "stage=call", "why=not_found", "JoinRoom", "player=")
	m := get(t, srv, "/metrics")
	for _, want := range []string{
		`tickroom_refusals_total{stage="handshake",why="origin"} 1`, `tickroom_refusals_total{stage="handshake",why="hello"} 1`,
		`tickroom_refusals_total{stage="call",why="token_malformed"} 1`, `tickroom_refusals_total{stage="call",why="not_found"} 1`,
	} {
		if !strings.Contains(m, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

// TestWhoIsBannedWaitsNoMore sees that nobody is matched with a player who can't come.
func TestWhoIsBannedWaitsNoMore(t *testing.T) {
	t.Parallel()
	a := newAccounts(t)
	srv := start(t, func(c *config.Config) { quick(t, duels)(c); a.config(c) }, arena.Kind())
	eve := seek(t, srv, matchmaker.Options{Token: a.of("eve")})
	waiting, found := make(chan struct{}), make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		once := sync.OnceFunc(func() { close(waiting) })
		_, err := eve.FindMatch(ctx, &tickroomv1.EnqueueRequest{Mode: "duel"}, func(*tickroomv1.WatchResponse) { once() })
		found <- err
	}()
	<-waiting
	if code, body := post(t, srv, http.MethodPost, "/bans?player=eve"); code >= 300 {
		t.Fatal(code, body)
	}
	if err := <-found; err == nil || !strings.Contains(err.Error(), "the ticket was cancelled") {
		t.Errorf("the wait of eve ends with: %v", err)
	}
}
