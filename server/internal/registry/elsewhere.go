package registry

import (
	"context"
	"slices"
	"time"

	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/internal/refusal"
	"github.com/tickroom/tickroom/server/internal/room"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/server/internal/workqueue"
)

const (
	// maxMoves bounds those who wait for another room. When there are as many, a further
	// one is told why it was not let in.
	maxMoves    = 1024
	moveWorkers = 4
	moveTimeout = 3 * time.Second
	// maxTries is how many rooms may have no place for a joiner who wants any one. After all
	// of them but one, the next room is a new one.
	maxTries = 5
)

// move is a joiner whom a room has handed back, to be led to another one: who came back to a
// session that ended in that very moment (who leaves and comes again at once, for one), or
// for whom the room had no place in the end.
type move struct {
	conn   socket.Conn
	joiner room.Joiner
	why    *socket.CloseError // it is not in the room
}

// newMoves returns the queue of those for whom join finds a room anew, away from the rooms'
// goroutines, since the directory is asked.
func (r *Registry) newMoves(join func(ctx context.Context, j *room.Joiner) (*Entry, error)) *workqueue.Queue[move] {
	return workqueue.New(workqueue.Options[move]{
		Size: maxMoves, Workers: moveWorkers, Timeout: moveTimeout,
		Do: func(ctx context.Context, m move) error {
			e, err := join(ctx, &m.joiner)
			if err != nil {
				r.turnAway(m, m.refusal(err))
				return nil
			}
			e.Admit(m.conn, m.joiner)
			return nil
		},
		Rest: func(_ context.Context, m move) error {
			r.turnAway(m, refusal.GoingAway())
			return nil
		},
	})
}

// refusal returns what a joiner is told who can't be led elsewhere for a reason: why the
// last room had no place for it, if that is what it is about.
func (m *move) refusal(err error) *refusal.Refusal {
	found := refusal.Of(err)
	if m.why.Code != closecode.RoomFull || found.Code == closecode.GoingAway {
		return found
	}
	return refusal.Of(m.why).CausedBy(err)
}

// elsewhere takes over a joiner who is to be led to another room; see room.LoopConfig.
func (e *Entry) elsewhere(conn socket.Conn, j room.Joiner, why *socket.CloseError) bool {
	if why.Code == closecode.RoomFull && !e.lead(&j) {
		return false
	}
	j.Back = false
	return e.registry.moves.Add(move{conn, j, why})
}

// lead notes that the room has no place for a joiner, and reports whether it is led on: not
// if it wants this room, was in too many already, or if even the one that was made for it
// has no place.
func (e *Entry) lead(j *room.Joiner) bool {
	if j.Led == nil {
		if !j.AnyRoom() {
			return false
		}
		j.Led = &room.Led{Kind: e.Kind, Mode: e.mode(), Options: e.chosen, Since: time.Now()}
	}
	j.Except = append(slices.Clone(j.Except), e.ID)
	return !j.Made && len(j.Except) < maxTries
}

func (e *Entry) mode() string {
	if e.match == nil {
		return ""
	}
	return e.match.Mode
}

func (r *Registry) turnAway(m move, why *refusal.Refusal) {
	r.o.Refusals.Record(refusal.Room, why, subject(&m.joiner))
	m.joiner.TurnedAway()
	m.conn.Close(why.Code, why.Reason)
}
