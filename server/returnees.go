package server

import (
	"context"
	"errors"
	"sync"
	"time"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/room"
	"github.com/tickroom/tickroom/server/internal/socket"
)

const (
	returneeWorkers = 4
	returneeQueue   = 1024 // beyond it players are told that their session is gone
	returneeTimeout = 3 * time.Second
)

// returnees are players who came back to a session that ended in the very moment: who
// leaves and comes again at once, for one. A room is found for them anew, away from the
// rooms' goroutines, since that asks the directory.
type returnees struct {
	find func(ctx context.Context, j *room.Joiner) (*room.Loop, error)
	jobs chan returnee
}

type returnee struct {
	conn socket.Conn
	room.Joiner
}

func newReturnees(find func(context.Context, *room.Joiner) (*room.Loop, error)) *returnees {
	return &returnees{find: find, jobs: make(chan returnee, returneeQueue)}
}

// take has a room found for somebody, as room.LoopConfig.Anew says.
func (q *returnees) take(conn socket.Conn, j room.Joiner) {
	select {
	case q.jobs <- returnee{conn, j}:
	default:
		conn.Close(int(tickroomv1.CloseCode_CLOSE_CODE_SESSION_GONE), "the player's session is not there any more")
	}
}

// run finds rooms until ctx is done; then those who wait are told to come back.
func (q *returnees) run(ctx context.Context) {
	var wg sync.WaitGroup
	for range returneeWorkers {
		wg.Go(func() {
			for {
				select {
				case r := <-q.jobs:
					q.one(ctx, r)
				case <-ctx.Done():
					return
				}
			}
		})
	}
	wg.Wait()
	for {
		select {
		case r := <-q.jobs:
			r.conn.Close(socket.CodeGoingAway, "the server is going away")
		default:
			return
		}
	}
}

func (q *returnees) one(ctx context.Context, r returnee) {
	if ctx.Err() != nil {
		r.conn.Close(socket.CodeGoingAway, "the server is going away")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, returneeTimeout)
	defer cancel()
	r.Back = false
	l, err := q.find(ctx, &r.Joiner)
	if err != nil {
		why := &socket.CloseError{Code: socket.CodeInternal, Reason: "no room could be found"}
		_ = errors.As(err, &why)
		r.conn.Close(why.Code, why.Reason)
		return
	}
	l.Seat(r.conn, r.Joiner)
}
