package memory

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tickroom/tickroom/matchmaking/store"
)

// Directory is a store.Directory.
type Directory struct {
	now func() time.Time

	mu     sync.Mutex
	timers timers
	rooms  map[string]*room
	made   []*room // the same rooms, in the order in which they were added
	// last is where the newest reservation is that was made without an ID, as long as it is open.
	last map[holder]*room
}

// room is a room with its reservations.
type room struct {
	store.Listing
	held map[holder]*held
}

// holder is whom a place is reserved for.
type holder struct {
	name     string
	spectate bool
}

// held is a reservation.
type held struct {
	timer // when it ends
	made  time.Time
}

var _ store.Directory = (*Directory)(nil)

// NewDirectory returns an empty directory that goes by the clock now.
func NewDirectory(now func() time.Time) *Directory {
	return &Directory{now: now, rooms: map[string]*room{}, last: map[holder]*room{}}
}

// lock begins a call: it frees the places whose reservations have ended.
func (d *Directory) lock() {
	d.mu.Lock()
	d.timers.run(d.now())
}

// Reserve implements store.Directory.
func (d *Directory) Reserve(_ context.Context, w store.Want) (store.Listing, error) {
	d.lock()
	defer d.mu.Unlock()
	who := holder{w.Reservation, w.Spectate}
	r := d.rooms[w.ID]
	if w.ID == "" {
		if r = d.last[who]; r == nil || r.Closed || !r.fits(&w) {
			r = d.search(&w)
		}
	}
	if r == nil || !r.fits(&w) {
		return store.Listing{}, store.ErrNoRoom
	}
	h := r.held[who]
	if h == nil {
		switch {
		case r.Closed:
			return store.Listing{}, store.ErrNoRoom
		case !r.open(w.Spectate):
			return store.Listing{}, store.ErrFull
		}
		h = &held{timer: timer{end: func() { d.end(r, who) }}, made: w.Made}
		r.held[who] = h
		*r.reserved(w.Spectate)++
	}
	if w.ID == "" {
		d.last[who] = r
	}
	if h.pos == 0 || w.Until.After(h.at) {
		d.timers.set(&h.timer, w.Until)
	}
	return r.Listing, nil
}

// fits reports whether a room is one of those that are wanted, as far as its purpose and
// its place are concerned.
func (r *room) fits(w *store.Want) bool {
	same := func(is, want string) bool { return is == want || want == "" && w.ID != "" }
	return same(r.Kind, w.Kind) && same(r.Mode, w.Mode) && same(r.Options, w.Options) && (r.Region == w.Region || w.Region == "") && (r.Node == w.Node || w.Node == "") &&
		(w.ID != "" || !slices.Contains(w.Except, r.ID))
}

// open reports whether a place is free, and not behind a lock.
func (r *room) open(spectate bool) bool {
	if spectate {
		return r.FreeToWatch() > 0
	}
	return r.Free() > 0 && !r.Locked
}

func (r *room) reserved(spectate bool) *int {
	if spectate {
		return &r.ReservedSpectators
	}
	return &r.ReservedPlayers
}

// search returns the open room that fits best, or nil.
func (d *Directory) search(w *store.Want) *room {
	var best *room
	for _, r := range d.made {
		if !r.Closed && !r.Private && r.open(w.Spectate) && r.fits(w) && (best == nil || r.Rank(w.Spectate) > best.Rank(w.Spectate)) {
			best = r
		}
	}
	return best
}

// Load implements store.Directory.
func (d *Directory) Load(_ context.Context, w store.Want) (n store.Load, err error) {
	d.lock()
	defer d.mu.Unlock()
	w.ID, w.Except = "", nil
	if w.Node != "" {
		w.Region = ""
	}
	for _, r := range d.made {
		if r.fits(&w) {
			n.Add(&r.Listing)
		}
	}
	return n, nil
}

// end ends a reservation.
func (d *Directory) end(r *room, who holder) {
	d.timers.stop(&r.held[who].timer)
	delete(r.held, who)
	*r.reserved(who.spectate)--
	if d.last[who] == r {
		delete(d.last, who)
	}
}

// settle ends a reservation of a room, if it is the one that is meant.
func (d *Directory) settle(r *room, which store.Reservation) {
	who := holder{which.Name, which.Spectate}
	if h := r.held[who]; h != nil && h.made.UnixMilli() <= which.Made.UnixMilli() {
		d.end(r, who)
	}
}

// Cancel implements store.Directory.
func (d *Directory) Cancel(_ context.Context, id string, which store.Reservation) error {
	d.lock()
	defer d.mu.Unlock()
	if r := d.rooms[id]; r != nil {
		d.settle(r, which)
	}
	return nil
}

// Report implements store.Directory.
func (d *Directory) Report(_ context.Context, node string, rooms []store.Report) (listed int, err error) {
	d.lock()
	defer d.mu.Unlock()
	for i := range rooms {
		d.report(&rooms[i])
	}
	for _, r := range d.made {
		if r.Node == node {
			listed++
		}
	}
	return listed, nil
}

// report takes in a report, and returns the room.
func (d *Directory) report(n *store.Report) *room {
	r := d.rooms[n.ID]
	if r == nil {
		r = &room{Listing: n.Listing, held: map[holder]*held{}}
		r.ReservedPlayers, r.ReservedSpectators = 0, 0
		d.rooms[n.ID] = r
		d.made = append(d.made, r)
	}
	for _, which := range n.Settled {
		d.settle(r, which)
	}
	if n.Revision > r.Revision {
		r.Occupancy, r.Revision = n.Occupancy, n.Revision
	}
	return r
}

// Close implements store.Directory.
func (d *Directory) Close(_ context.Context, n store.Report) (bool, error) {
	d.lock()
	defer d.mu.Unlock()
	if d.rooms[n.ID] == nil {
		return true, nil
	}
	r := d.report(&n)
	if r.Revision != n.Revision || len(r.held) > 0 {
		return false, nil
	}
	r.Closed = true
	return true, nil
}

// Remove implements store.Directory.
func (d *Directory) Remove(_ context.Context, id string, revision uint64) error {
	d.remove(func(r *room) bool { return r.ID == id && r.Revision <= revision })
	return nil
}

// RemoveNode implements store.Directory.
func (d *Directory) RemoveNode(_ context.Context, node string) (int, error) {
	return d.remove(func(r *room) bool { return r.Node == node }), nil
}

// remove takes rooms off the list, and returns how many there were.
func (d *Directory) remove(which func(*room) bool) int {
	d.lock()
	defer d.mu.Unlock()
	before := len(d.made)
	d.made = slices.DeleteFunc(d.made, func(r *room) bool {
		if !which(r) {
			return false
		}
		for who := range r.held {
			d.end(r, who)
		}
		delete(d.rooms, r.ID)
		return true
	})
	return before - len(d.made)
}

// Owners implements store.Directory.
func (d *Directory) Owners(context.Context) ([]string, error) {
	d.lock()
	defer d.mu.Unlock()
	var nodes []string
	for _, r := range d.made {
		nodes = append(nodes, r.Node)
	}
	slices.Sort(nodes)
	return slices.Compact(nodes), nil
}

// Rooms implements store.Directory.
func (d *Directory) Rooms(_ context.Context, kind, node string) ([]store.Listing, error) {
	d.lock()
	defer d.mu.Unlock()
	var out []store.Listing
	for _, r := range d.made {
		if (kind == "" || r.Kind == kind) && (node == "" || r.Node == node) {
			out = append(out, r.Listing)
		}
	}
	slices.SortFunc(out, func(a, b store.Listing) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}
