package registry

import (
	"context"
	"log/slog"
	"slices"
	"testing"

	"github.com/tickroom/tickroom/proto/gen/closecode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/refusal"
	"github.com/tickroom/tickroom/server/internal/room"
	"github.com/tickroom/tickroom/server/internal/seat"
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

func TestMoves(t *testing.T) {
	t.Parallel()
	var asked room.Joiner
	r := &Registry{o: Options{Refusals: refusal.NewJournal(slog.New(slog.DiscardHandler), uncounted{}, nil)}}
	r.moves = r.newMoves(func(_ context.Context, j *room.Joiner) (*Entry, error) {
		asked = *j
		return nil, refusal.New(closecode.ServerFull, "")
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.moves.Run(ctx) }()
	gone, full := &socket.CloseError{Code: closecode.SessionGone}, &socket.CloseError{Code: closecode.RoomFull}
	e := &Entry{ID: "arena-1", Kind: "arena", registry: r}
	c := ending{code: make(chan int, 1)}
	if !e.elsewhere(c, room.Joiner{Hello: &tickroomv1.Hello{Kind: "arena"}, Back: true}, gone) {
		t.Error("who came back is not taken")
	}
	if code := <-c.code; code != closecode.ServerFull {
		t.Errorf("closed with %d", code)
	}
	if asked.Back || asked.Hello.GetKind() != "arena" || asked.Led != nil {
		t.Errorf("asked for %+v", asked)
	}
	// Who was led on, and finds nothing, is told why it was not let in.
	if !e.elsewhere(c, room.Joiner{Hello: &tickroomv1.Hello{Kind: "arena"}}, full) {
		t.Error("who wants any room is not taken")
	}
	if code := <-c.code; code != closecode.RoomFull {
		t.Errorf("closed with %d", code)
	}
	if led := asked.Led; led == nil || led.Kind != "arena" || !slices.Equal(asked.Except, []string{"arena-1"}) {
		t.Errorf("asked for %+v", asked)
	}
	cancel()
	<-done

	// Those beyond the queue are told so, and nobody is forgotten at the end.
	waiting := ending{code: make(chan int, maxMoves)}
	for range maxMoves {
		e.elsewhere(waiting, room.Joiner{Hello: &tickroomv1.Hello{}}, gone)
	}
	if e.elsewhere(c, room.Joiner{Hello: &tickroomv1.Hello{}}, gone) {
		t.Error("when too many wait, one is taken")
	}
	r.moves.Run(ctx)
	if n := r.moves.Len(); n != 0 || len(waiting.code) != maxMoves {
		t.Errorf("%d are forgotten, %d are told", n, len(waiting.code))
	}
	if code := <-waiting.code; code != closecode.GoingAway {
		t.Errorf("at the end: %d", code)
	}
}

func TestWhoIsLedOn(t *testing.T) {
	t.Parallel()
	e := &Entry{ID: "e", Kind: "arena"}
	anyRoom, certain := &tickroomv1.Hello{Kind: "arena"}, &tickroomv1.Hello{Kind: "arena", Room: "e"}
	for name, c := range map[string]struct {
		j    room.Joiner
		want bool
	}{
		"any room":               {room.Joiner{Hello: anyRoom}, true},
		"this room":              {room.Joiner{Hello: certain}, false},
		"a seat":                 {room.Joiner{Hello: anyRoom, Seat: &seat.Seat{}}, false},
		"a seat in any room":     {room.Joiner{Hello: certain, Seat: &seat.Seat{AnyRoom: true}}, true},
		"for the last time":      {room.Joiner{Hello: certain, Led: &room.Led{}, Except: []string{"a", "b", "c"}}, true},
		"too often":              {room.Joiner{Hello: anyRoom, Led: &room.Led{}, Except: []string{"a", "b", "c", "d"}}, false},
		"from one that was made": {room.Joiner{Hello: anyRoom, Made: true}, false},
	} {
		before := slices.Clone(c.j.Except)
		if got := e.lead(&c.j); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
		if c.want && (c.j.Led == nil || !slices.Equal(c.j.Except, append(before, "e"))) {
			t.Errorf("%s: %+v", name, c.j)
		}
	}
}
