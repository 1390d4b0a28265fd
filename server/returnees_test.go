package server

import (
	"context"
	"testing"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/room"
	"github.com/tickroom/tickroom/server/internal/socket"
)

// ending is a connection that notes with which code it is closed.
type ending struct {
	socket.Conn
	code chan int
}

func (e ending) Close(code int, _ string) { e.code <- code }

func TestReturnees(t *testing.T) {
	t.Parallel()
	var asked room.Joiner
	q := newReturnees(func(_ context.Context, j *room.Joiner) (*room.Loop, error) {
		asked = *j
		return nil, closeError(tickroomv1.CloseCode_CLOSE_CODE_ROOM_FULL, "the room is full")
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); q.run(ctx) }()
	c := ending{code: make(chan int, 1)}
	q.take(c, room.Joiner{Hello: &tickroomv1.Hello{Kind: "arena"}, Back: true})
	if code := <-c.code; code != int(tickroomv1.CloseCode_CLOSE_CODE_ROOM_FULL) {
		t.Errorf("closed with %d", code)
	}
	if asked.Back || asked.Hello.GetKind() != "arena" {
		t.Errorf("asked for %+v", asked)
	}
	cancel()
	<-done

	// Those beyond the queue are told so, and nobody is forgotten at the end.
	for range returneeQueue {
		q.take(ending{code: make(chan int, 1)}, room.Joiner{})
	}
	q.take(c, room.Joiner{})
	if code := <-c.code; code != int(tickroomv1.CloseCode_CLOSE_CODE_SESSION_GONE) {
		t.Errorf("when too many wait: %d", code)
	}
	q.run(ctx)
	if n := len(q.jobs); n != 0 {
		t.Errorf("%d are forgotten", n)
	}
}
