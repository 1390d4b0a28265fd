package registry

import (
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/server/internal/workqueue"
)

const (
	// maxReleased bounds the places that wait to be given back. Beyond it they stay taken
	// until their room ends, which is logged: as many leave at once only when rooms end.
	maxReleased = 64 << 10
	// releasePause is the time between two attempts while the directory is away.
	releasePause = 200 * time.Millisecond
)

// newReleased returns the queue of places that are given back to the directory, away from
// the rooms' goroutines, which must not wait for it.
func (r *Registry) newReleased() *workqueue.Queue[string] {
	return workqueue.New(workqueue.Options[string]{
		Size: maxReleased, Timeout: store.CallTimeout, Retry: releasePause,
		Do: r.o.Directory.Release,
		Failing: func(id string, err error) {
			r.o.Logger.Warn("a place in a room can't be given back; it is tried again", "room", id, "error", err)
		},
		Rest: r.o.Directory.Release, // one that fails is no matter: the rooms have ended
	})
}

// release gives a place in a room back, soon.
func (r *Registry) release(id string) {
	if !r.released.Add(id) {
		r.o.Logger.Error("a place in a room could not be given back: too many wait", "room", id)
	}
}
