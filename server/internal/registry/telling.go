package registry

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

const (
	// maxTellEvery is the longest time between two reports of all rooms, and so until what
	// went wrong with one is set right.
	maxTellEvery = 2 * time.Second
	// maxTold bounds the rooms of one call.
	maxTold = 100
)

// telling tells the directory of the rooms, away from their goroutines, which must not wait
// for it: of those in which something has changed at once, of all every so often. What
// happens while one call is under way is told with the next. It needs no bound: a room is
// in it once.
type telling struct {
	wake chan struct{} // holds one

	mu      sync.Mutex
	changed map[*Entry]struct{}

	// Run's own.
	failing bool
}

func newTelling() telling {
	return telling{wake: make(chan struct{}, 1), changed: map[*Entry]struct{}{}}
}

// soon has the directory told of a room.
func (t *telling) soon(e *Entry) {
	t.mu.Lock()
	t.changed[e] = struct{}{}
	t.mu.Unlock()
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// take returns some of the rooms in which something has changed.
func (t *telling) take() (rooms []*Entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for e := range t.changed {
		delete(t.changed, e)
		if rooms = append(rooms, e); len(rooms) == maxTold {
			break
		}
	}
	return rooms
}

// tell keeps the directory informed until ctx is done.
func (r *Registry) tell(ctx context.Context) {
	tick := time.NewTicker(min(maxTellEvery, r.o.Config.Matchmaking.Beat))
	defer tick.Stop()
	for {
		select {
		case <-r.telling.wake:
			for rooms := r.telling.take(); len(rooms) > 0 && ctx.Err() == nil; rooms = r.telling.take() {
				_, _ = r.report(ctx, rooms, false) // what fails is told with the next tick
			}
		case <-tick.C:
			r.mend(ctx)
		case <-ctx.Done():
			// A report that was under way may have come after a room's end.
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), store.CallTimeout)
			defer cancel()
			r.mend(last)
			return
		}
	}
}

// mend makes the directory's list of the rooms of this server what it ought to be: all that
// run, as they are, and no others.
func (r *Registry) mend(ctx context.Context) {
	rooms := r.Entries()
	listed, err := r.report(ctx, rooms, true)
	if err == nil && listed > len(rooms) {
		err = r.removeStrays(ctx)
	}
	if t := &r.telling; err != nil && !t.failing && ctx.Err() == nil {
		r.o.Logger.Warn("the directory can't be told of the rooms; it is tried again", "error", err)
	} else if err == nil && t.failing {
		r.o.Logger.Info("the directory hears of the rooms again")
	}
	r.telling.failing = err != nil
}

// report tells the directory of rooms, and returns how many it has of this server.
func (r *Registry) report(ctx context.Context, rooms []*Entry, all bool) (listed int, err error) {
	reports := make([]store.Report, 0, len(rooms))
	for _, e := range rooms {
		if r.Get(e.ID) == e { // else it has ended
			reports = append(reports, e.told.report(all))
		}
	}
	if len(reports) == 0 && !all {
		return 0, nil
	}
	if listed, err = r.o.Directory.Report(ctx, r.o.Node, reports); err != nil {
		return 0, err
	}
	for i := range reports {
		if e := r.Get(reports[i].ID); e != nil {
			e.told.arrived(&reports[i])
		}
	}
	return listed, nil
}

// removeStrays takes the rooms off the list that are listed as ones of this server and do
// not run here: they have ended when the directory was away, or were a server's of the same
// name. Rooms of matches that nobody has come to yet stay as long as there is the match, those that are open to
// all no longer than somebody may be on the way: else they would fill the list.
func (r *Registry) removeStrays(ctx context.Context) error {
	list, err := r.o.Directory.Rooms(ctx, "", r.o.Node)
	if err != nil {
		return err
	}
	var errs []error
	for i := range list {
		l := &list[i]
		if r.Get(l.ID) != nil || l.Revision == 0 && r.awaited(ctx, l) {
			continue
		}
		errs = append(errs, r.o.Directory.Remove(ctx, l.ID, l.Revision))
		r.o.Logger.Info("a room that is not there was taken off the directory", "room", l.ID)
	}
	return errors.Join(errs...)
}

// awaited reports whether somebody may come still to a room that was listed for a match.
func (r *Registry) awaited(ctx context.Context, l *store.Listing) bool {
	age := time.Since(l.Created)
	switch {
	case r.o.Matches == nil:
		return false
	case !l.Private && !l.Created.IsZero() && age > r.o.Config.Seats.Reserved() && l.ReservedPlayers+l.ReservedSpectators == 0:
		return false // who knows its id or code may come still, as long as there is the match
	case age < store.MatchKept:
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, store.CallTimeout)
	defer cancel()
	_, err := r.o.Matches.Match(ctx, l.ID, "")
	return !errors.Is(err, store.ErrNoRoom)
}
