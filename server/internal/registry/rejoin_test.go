package registry

import (
	"context"
	"log/slog"
	"testing"

	"github.com/tickroom/tickroom/proto/gen/closecode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/refusal"
	"github.com/tickroom/tickroom/server/internal/room"
	"github.com/tickroom/tickroom/server/internal/socket"
)

// ending is a connection that notes with which code it is closed.
type ending struct {
	socket.Conn
	code chan int
}

func (e ending) Close(code int, _ string) { e.code <- code }

// uncounted is a refusal.Counter.
type uncounted struct{}

func (uncounted) Refused(string, string, int) {}

func TestRejoins(t *testing.T) {
	t.Parallel()
	var asked room.Joiner
	r := &Registry{o: Options{Refusals: refusal.NewJournal(slog.New(slog.DiscardHandler), uncounted{})}}
	r.rejoins = r.newRejoins(func(_ context.Context, j *room.Joiner) (*Entry, error) {
		asked = *j
		return nil, roomFull()
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.rejoins.Run(ctx) }()
	c := ending{code: make(chan int, 1)}
	r.rejoin(c, room.Joiner{Hello: &tickroomv1.Hello{Kind: "arena"}, Back: true})
	if code := <-c.code; code != closecode.RoomFull {
		t.Errorf("closed with %d", code)
	}
	if asked.Back || asked.Hello.GetKind() != "arena" {
		t.Errorf("asked for %+v", asked)
	}
	cancel()
	<-done

	// Those beyond the queue are told so, and nobody is forgotten at the end.
	waiting := ending{code: make(chan int, maxRejoins)}
	for range maxRejoins {
		r.rejoin(waiting, room.Joiner{})
	}
	r.rejoin(c, room.Joiner{})
	if code := <-c.code; code != closecode.SessionGone {
		t.Errorf("when too many wait: %d", code)
	}
	r.rejoins.Run(ctx)
	if n := r.rejoins.Len(); n != 0 || len(waiting.code) != maxRejoins {
		t.Errorf("%d are forgotten, %d are told", n, len(waiting.code))
	}
	if code := <-waiting.code; code != closecode.GoingAway {
		t.Errorf("at the end: %d", code)
	}
}
