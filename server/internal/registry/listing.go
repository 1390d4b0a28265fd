package registry

import (
	"context"
	"errors"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/internal/refusal"
)

// closeRetry is how long a room that could not be closed waits until it asks again.
const closeRetry = 5 * time.Second

// listing returns a room that is about to be made as the directory is to know it.
func (r *Registry) listing(p *plan, capacity int) store.Listing {
	l := store.Listing{
		ID: p.id, Kind: p.kind.Name, Node: r.o.Node, URL: r.o.Config.Matchmaking.URL, Region: r.o.Config.Matchmaking.Region,
		Capacity: capacity, Taken: p.taken, Spectators: p.kind.Spectators, Created: time.Now(),
	}
	if m := p.match; m != nil {
		l.Mode, l.Private, l.URL, l.Region = m.Mode, !m.Open, m.URL, m.Region
	}
	return l
}

// Relist puts a room that runs into the directory again if it is not there, since the
// directory has lost what it knew. It reports whether it did.
func (r *Registry) Relist(ctx context.Context, e *Entry) (added bool, err error) {
	if r.Get(e.ID) != e {
		return false, nil // it has ended
	}
	i := e.Info()
	l := e.listing
	l.Taken = i.Clients + i.Held
	err = r.o.Directory.Add(ctx, l)
	if errors.Is(err, store.ErrExists) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	select {
	case <-e.Done(): // meanwhile, and it was taken off before it was put on
		return false, r.o.Directory.Remove(ctx, e.ID)
	default:
	}
	r.o.Logger.Info("a room was missing in the directory, and is listed again", "room", e.ID)
	return true, nil
}

// unlist takes a room off the directory that should be here and is not, and for which
// there is no match any more: the server had the same name before and has died, say. If
// it stayed there, players would be sent to it again and again.
func (r *Registry) unlist(ctx context.Context, id string, why error) {
	if refusal.Of(why).Code != closecode.RoomClosed {
		return
	}
	if err := r.o.Directory.Remove(ctx, id); err != nil {
		r.o.Logger.Warn("a room that is gone stays in the directory", "room", id, "error", err)
	}
}

// closeEmpty returns what a room asks that nobody is in. It waits for the directory for a
// moment, which costs nobody anything, but not with each tick.
func (r *Registry) closeEmpty(id string) func() bool {
	var again time.Time
	return func() bool {
		if time.Now().Before(again) {
			return false
		}
		ctx, cancel := context.WithTimeout(context.Background(), store.CallTimeout)
		defer cancel()
		ok, err := r.o.Directory.Close(ctx, id, 0)
		if err != nil {
			again = time.Now().Add(closeRetry)
		}
		return ok && err == nil
	}
}
