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
}

// room is a room with its reservations.
type room struct {
	store.Listing
	held map[string]*timer // reservations, each with when it ends
}

var _ store.Directory = (*Directory)(nil)

// NewDirectory returns an empty directory that goes by the clock now.
func NewDirectory(now func() time.Time) *Directory {
	return &Directory{now: now, rooms: map[string]*room{}}
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
	r := d.rooms[w.ID]
	if w.ID == "" {
		r = d.search(&w)
	}
	if r == nil || !r.fits(&w) {
		return store.Listing{}, store.ErrNoRoom
	}
	if r.held[w.Reservation] != nil {
		return r.Listing, nil
	}
	switch {
	case r.Closed:
		return store.Listing{}, store.ErrNoRoom
	case r.Taken >= r.Capacity:
		return store.Listing{}, store.ErrFull
	}
	r.Taken++
	if w.Reservation != "" {
		t := &timer{end: func() { d.end(r, w.Reservation, 1) }}
		r.held[w.Reservation] = t
		d.timers.set(t, w.Until)
	}
	return r.Listing, nil
}

// fits reports whether a room is one of those that are wanted, as far as its purpose and
// its place are concerned.
func (r *room) fits(w *store.Want) bool {
	same := func(is, want string) bool { return is == want || want == "" && w.ID != "" }
	return same(r.Kind, w.Kind) && same(r.Mode, w.Mode) && (r.Region == w.Region || w.Region == "")
}

// search returns the fullest open room that fits, or nil.
func (d *Directory) search(w *store.Want) *room {
	var best *room
	for _, r := range d.made {
		if r.fits(w) && !r.Closed && !r.Private && r.Taken < r.Capacity && (best == nil || r.Taken > best.Taken) {
			best = r
		}
	}
	return best
}

// end ends a reservation, frees so many places, and reports whether there was one. r may
// be nil.
func (d *Directory) end(r *room, reservation string, free int) bool {
	if r == nil || r.held[reservation] == nil {
		return false
	}
	d.timers.stop(r.held[reservation])
	delete(r.held, reservation)
	r.Taken -= free
	return true
}

// Confirm implements store.Directory.
func (d *Directory) Confirm(_ context.Context, id, reservation string) (bool, error) {
	d.lock()
	defer d.mu.Unlock()
	return d.end(d.rooms[id], reservation, 0), nil
}

// Cancel implements store.Directory.
func (d *Directory) Cancel(_ context.Context, id, reservation string) error {
	d.lock()
	defer d.mu.Unlock()
	d.end(d.rooms[id], reservation, 1)
	return nil
}

// Release implements store.Directory.
func (d *Directory) Release(_ context.Context, id string) error {
	d.lock()
	defer d.mu.Unlock()
	if r := d.rooms[id]; r != nil && r.Taken > len(r.held) {
		r.Taken--
	}
	return nil
}

// Add implements store.Directory.
func (d *Directory) Add(_ context.Context, l store.Listing) error {
	d.lock()
	defer d.mu.Unlock()
	if d.rooms[l.ID] != nil {
		return store.ErrExists
	}
	r := &room{Listing: l, held: map[string]*timer{}}
	d.rooms[l.ID] = r
	d.made = append(d.made, r)
	return nil
}

// Close implements store.Directory.
func (d *Directory) Close(_ context.Context, id string, taken int) (bool, error) {
	d.lock()
	defer d.mu.Unlock()
	r := d.rooms[id]
	if r != nil && r.Taken <= taken {
		r.Closed = true
	}
	return r == nil || r.Taken <= taken, nil
}

// Remove implements store.Directory.
func (d *Directory) Remove(_ context.Context, id string) error {
	d.remove(func(r *room) bool { return r.ID == id })
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
		for _, t := range r.held {
			d.timers.stop(t)
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
func (d *Directory) Rooms(_ context.Context, kind string) ([]store.Listing, error) {
	d.lock()
	defer d.mu.Unlock()
	var out []store.Listing
	for _, r := range d.made {
		if kind == "" || r.Kind == kind {
			out = append(out, r.Listing)
		}
	}
	slices.SortFunc(out, func(a, b store.Listing) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}
