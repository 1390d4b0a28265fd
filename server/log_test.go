package server_test

import (
	"log/slog"
	"strings"
	"testing"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server"
)

// TestThePanicOfAGameIsReadable reads the log as its author does, in a terminal.
func TestThePanicOfAGameIsReadable(t *testing.T) {
	t.Parallel()
	log := &logged{}
	srv := startWith(t, []server.Option{server.WithLogger(slog.New(server.NewTextHandler(log, nil)))}, nil, fragileKind())
	ws := dial(t, srv)
	send(t, ws, &tickroomv1.ClientFrame{Hello: &tickroomv1.Hello{Version: 1, Kind: "fragile", Data: []byte("tick")}})
	closedWith(t, ws)
	log.wants(t, "level=ERROR", `msg="the game panicked; the room ends"`, "room=fragile-", "in=Tick", `panic="as asked: tick"`)
	log.mu.Lock()
	defer log.mu.Unlock()
	text := log.text.String()
	if strings.Contains(text, `\n`) || strings.Contains(text, "stack=") {
		t.Errorf("escaped: %s", text)
	}
	// Each call on its line, with the place below it.
	_, stack, _ := strings.Cut(text, "\n    goroutine ")
	at := strings.Index(stack, "\n    github.com/tickroom/tickroom/server_test.(*fragile).Tick(")
	if at < 0 || !strings.Contains(stack[at:], "server/end_test.go:") {
		t.Errorf("no place in the game: %s", text)
	}
}
