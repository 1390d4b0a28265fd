package redisdb

import (
	"context"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/internal/redisdata"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// Directory is a store.Directory. Its calls are made once: taking a place twice is not the
// same as taking it once.
//
// Want.Until is taken as so much time from now by the clock here, so that it does not matter
// how far the clocks are apart.
type Directory struct{ db }

var _ store.Directory = (*Directory)(nil)

// NewDirectory returns the directory; see Open.
func NewDirectory(c redis.UniversalClient, prefix string) *Directory {
	return &Directory{newDB(c, roomScript, redisdata.Rooms.Prefix(prefix), nil)}
}

// How many rooms one script lists or removes: it must not keep Redis for long.
const (
	roomPage   = 500
	removePage = 100
)

// listing reads a room that a script has answered with: as it was listed, and what has
// changed since.
func listing(a answer) (l store.Listing, err error) {
	if err = redisdata.Decode(a.text(0), &l); err != nil {
		return store.Listing{}, err
	}
	l.Taken, l.Closed = a.int(1), a.int(2) == 1
	return l, nil
}

// Reserve implements store.Directory.
func (d *Directory) Reserve(ctx context.Context, w store.Want) (store.Listing, error) {
	for {
		hold := int64(0)
		if w.Reservation != "" {
			hold = max(0, time.Until(w.Until).Milliseconds())
		}
		a, err := d.once(ctx, "reserve", w.Kind, w.Mode, w.Region, w.ID, w.Reservation, hold)
		if err != nil {
			return store.Listing{}, err
		}
		if len(a) > 0 { // else very many reservations have ended, and some places are free by now
			return listing(a)
		}
	}
}

// Confirm implements store.Directory.
func (d *Directory) Confirm(ctx context.Context, room, reservation string) (bool, error) {
	a, err := d.once(ctx, "finish", room, reservation, 0)
	return a.int(0) == 1, err
}

// Cancel implements store.Directory.
func (d *Directory) Cancel(ctx context.Context, room, reservation string) error {
	_, err := d.once(ctx, "finish", room, reservation, 1)
	return err
}

// Release implements store.Directory.
func (d *Directory) Release(ctx context.Context, id string) error {
	_, err := d.once(ctx, "release", id)
	return err
}

// Add implements store.Directory.
func (d *Directory) Add(ctx context.Context, l store.Listing) error {
	blob, err := redisdata.Encode(l)
	if err != nil {
		return err
	}
	_, err = d.once(ctx, "add", l.ID, blob, l.Kind, l.Mode, l.Node, l.Region, flag(l.Private), flag(l.Closed), l.Capacity, l.Taken)
	return err
}

// Close implements store.Directory.
func (d *Directory) Close(ctx context.Context, id string, taken int) (bool, error) {
	a, err := d.once(ctx, "close", id, taken)
	return a.int(0) == 1, err
}

// Remove implements store.Directory.
func (d *Directory) Remove(ctx context.Context, id string) error {
	_, err := d.once(ctx, "remove", id)
	return err
}

// RemoveNode implements store.Directory.
func (d *Directory) RemoveNode(ctx context.Context, node string) (removed int, err error) {
	for {
		a, err := d.once(ctx, "removeNode", node, removePage)
		removed += a.int(0)
		if err != nil || a.int(0) < removePage {
			return removed, err
		}
	}
}

// Owners implements store.Directory.
func (d *Directory) Owners(ctx context.Context) ([]string, error) {
	a, err := d.once(ctx, "owners")
	nodes := a.texts()
	slices.Sort(nodes)
	return nodes, err
}

// Rooms implements store.Directory. Rooms that come or go meanwhile may be among them or
// not.
func (d *Directory) Rooms(ctx context.Context, kind string) ([]store.Listing, error) {
	var out []store.Listing
	for from := "-"; ; {
		a, err := d.once(ctx, "rooms", from, roomPage)
		if err != nil {
			return nil, err
		}
		for i := range a {
			l, err := listing(a.list(i))
			if err != nil {
				return nil, err
			}
			from = "(" + l.ID
			if kind == "" || l.Kind == kind {
				out = append(out, l)
			}
		}
		if len(a) < roomPage {
			return out, nil
		}
	}
}
