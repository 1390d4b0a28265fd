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
	// maxRejoins bounds those who wait for another room. When there are as many, a
	// further one is told that its session is gone.
	maxRejoins    = 1024
	rejoinWorkers = 4
	rejoinTimeout = 3 * time.Second
)

// rejoin is a player who came back to a session that ended in that very moment: who
// leaves and comes again at once, for one.
type rejoin struct {
	conn   socket.Conn
	joiner room.Joiner
}

// newRejoins returns the queue of those for whom join finds a room anew, away from the
// rooms' goroutines, since the directory is asked.
func (r *Registry) newRejoins(join func(ctx context.Context, j *room.Joiner) (*Entry, error)) *workqueue.Queue[rejoin] {
	return workqueue.New(workqueue.Options[rejoin]{
		Size: maxRejoins, Workers: rejoinWorkers, Timeout: rejoinTimeout,
		Do: func(ctx context.Context, c rejoin) error {
			c.joiner.Back = false
			e, err := join(ctx, &c.joiner)
			if err != nil {
				r.turnAway(c, refusal.Of(err))
				return nil
			}
			e.Admit(c.conn, c.joiner)
			return nil
		},
		Rest: func(_ context.Context, c rejoin) error {
			r.turnAway(c, refusal.GoingAway())
			return nil
		},
	})
}

// rejoin has another room found for somebody; see room.LoopConfig.
func (r *Registry) rejoin(conn socket.Conn, j room.Joiner) {
	if c := (rejoin{conn, j}); !r.rejoins.Add(c) {
		r.turnAway(c, refusal.New(closecode.SessionGone, "the player's session is not there any more"))
	}
}

func (r *Registry) turnAway(c rejoin, why *refusal.Refusal) {
	r.o.Refusals.Record(refusal.Room, why, subject(&c.joiner))
	c.conn.Close(why.Code, why.Reason)
}
