package registry

import (
	"context"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/server/internal/workqueue"
)

const (
	// closeRetry is how long a room that may not end yet waits until it asks again.
	closeRetry = time.Second
	// closeGiveUp is when an empty room ends though the directory does not answer. Who has a
	// seat there is told that the room is gone.
	closeGiveUp = 30 * time.Second
	// maxClosing bounds the rooms that wait for the directory to close them; others ask again
	// with their next tick. closeWorkers are asked for at once.
	maxClosing   = 1024
	closeWorkers = 4
)

// closing is how far a room is with its end, that nobody is in.
type closing struct {
	asking bool
	may    bool      // the directory has closed the room
	again  time.Time // when to ask again
	silent time.Time // since when the directory does not answer; zero: it does
}

// newClosings returns the queue of rooms that ask the directory whether they may end.
func (r *Registry) newClosings() *workqueue.Queue[*Entry] {
	return workqueue.New(workqueue.Options[*Entry]{
		Size: maxClosing, Workers: closeWorkers, Timeout: store.CallTimeout,
		Do: func(ctx context.Context, e *Entry) error {
			n := e.told.report(true)
			if e.needed(ctx) {
				e.told.answered(n.Revision, false, nil)
				return nil
			}
			ok, err := r.o.Directory.Close(ctx, n)
			e.told.answered(n.Revision, ok, err)
			return nil
		},
	})
}

// closeEmpty reports whether the room, which nobody is in, may end: whether the directory
// has closed it, so that nobody is sent there any more. It asks that, and does not wait for
// the answer. The room's loop calls it.
func (e *Entry) closeEmpty() bool {
	if e.is != nil {
		return false // it ends when it has no houses; see package shows
	}
	t := &e.told
	t.mu.Lock()
	defer t.mu.Unlock()
	c, now := &t.closing, time.Now()
	if c.may {
		return true
	}
	if !c.silent.IsZero() && now.Sub(c.silent) > closeGiveUp {
		e.registry.o.Logger.Warn("an empty room ends though the directory is away", "room", e.ID)
		return true
	}
	if !c.asking && now.After(c.again) {
		c.asking = e.registry.closings.Add(e)
	}
	return false
}

// answered notes what the directory says to a report with which the room was to be closed.
func (t *told) answered(revision uint64, closed bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, now := &t.closing, time.Now()
	c.asking, c.again = false, now.Add(closeRetry)
	switch {
	case err != nil:
		if c.silent.IsZero() {
			c.silent = now
		}
		return
	case closed && t.listing.Revision != revision:
		c.again = now // it was told something else meanwhile
	case closed && t.listing.Players+t.listing.Spectators == 0:
		c.may, t.listing.Closed = true, true
	}
	c.silent = time.Time{}
}
