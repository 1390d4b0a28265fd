package registry

import (
	"context"
	"time"

	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/internal/refusal"
	"github.com/tickroom/tickroom/server/internal/room"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/server/internal/workqueue"
)

const (
	// maxComebacks bounds those who wait for another room. When there are as many, a
	// further one is told that its session is gone.
	maxComebacks    = 1024
	comebackWorkers = 4
	comebackTimeout = 3 * time.Second
)

// comeback is a player who came back to a session that ended in that very moment: who
// leaves and comes again at once, for one.
type comeback struct {
	conn   socket.Conn
	joiner room.Joiner
}

// newComebacks returns the queue of those for whom join finds a room anew, away from the
// rooms' goroutines, since the directory is asked.
func (r *Registry) newComebacks(join func(ctx context.Context, j *room.Joiner) (*Entry, error)) *workqueue.Queue[comeback] {
	return workqueue.New(workqueue.Options[comeback]{
		Size: maxComebacks, Workers: comebackWorkers, Timeout: comebackTimeout,
		Do: func(ctx context.Context, c comeback) error {
			c.joiner.Back = false
			e, err := join(ctx, &c.joiner)
			if err != nil {
				r.turnAway(c, refusal.Of(err))
				return nil
			}
			e.Admit(c.conn, c.joiner)
			return nil
		},
		Rest: func(_ context.Context, c comeback) error {
			r.turnAway(c, refusal.GoingAway())
			return nil
		},
	})
}

// anew has another room found for somebody; see room.LoopConfig.
func (r *Registry) anew(conn socket.Conn, j room.Joiner) {
	if c := (comeback{conn, j}); !r.comebacks.Add(c) {
		r.turnAway(c, refusal.New(closecode.SessionGone, "the player's session is not there any more"))
	}
}

func (r *Registry) turnAway(c comeback, why *refusal.Refusal) {
	r.o.Refusals.Record(refusal.Room, why, subject(&c.joiner))
	c.conn.Close(why.Code, why.Reason)
}
