package store

import (
	"context"
	"time"
)

// Listing is what a directory knows of a room.
type Listing struct {
	ID   string
	Kind string
	// Mode is the name of the mode that it was made for; empty: none.
	Mode string
	// Node is the server that runs it, URL where clients reach that server, Region where it is.
	Node, URL, Region string
	// Capacity counts all places, Taken those that are reserved or occupied.
	Capacity, Taken int
	// Closed rooms take no new players. Private ones are found by their id alone. Spectators
	// means that they are let in.
	Closed, Private, Spectators bool
	// Created is when it was made.
	Created time.Time
}

// Want is what a place is asked for with.
type Want struct {
	// Kind is the kind of the room. With an ID it may be empty: any.
	Kind string
	// Mode is the mode of the room. With an ID, empty means any; without one, rooms of no
	// mode.
	Mode string
	// Region is where the room is; empty: anywhere.
	Region string
	// ID is the room; empty: the best one that is open to all.
	ID string
	// Reservation names a place that is held for a player who has not come yet. It is free
	// again at Until unless Confirm is called before. Empty: the place is occupied at once.
	Reservation string
	// Until is when the reservation ends. If that has passed, the place is free again at once.
	Until time.Time
}

// Directory lists all servers' rooms and hands out places in them. Each call is atomic,
// RemoveNode and Rooms for each room. After an error that is not one of this package's
// nobody knows whether the call had its effect.
//
// A place is free, reserved or occupied. Reserved places are free again when their
// reservation ends, exactly then, by the directory's clock.
type Directory interface {
	// Reserve takes a place: in the room with the ID, or, if that is empty, in the fullest room
	// that fits and is neither closed nor private, so that rooms fill up one after another. The
	// error is ErrNoRoom or ErrFull if there is none. If the room has the reservation already,
	// even if it is full or closed by now, Reserve returns the room and changes nothing.
	Reserve(ctx context.Context, w Want) (Listing, error)
	// Confirm makes a reserved place an occupied one, and reports whether it did: if not, the
	// reservation has ended or is not known, and nothing was changed. So of several calls for
	// one reservation one returns true.
	Confirm(ctx context.Context, room, reservation string) (bool, error)
	// Cancel ends a reservation. It has no effect on one that has ended, was confirmed, or is
	// not known.
	Cancel(ctx context.Context, room, reservation string) error
	// Release frees an occupied place of a room. It has no effect if there is none, or if the
	// room is not listed.
	Release(ctx context.Context, id string) error
	// Add lists a room, whose Taken places are occupied. The error is ErrExists if its id is
	// taken.
	Add(ctx context.Context, r Listing) error
	// Close keeps new players out of a room if at most taken places are reserved or occupied,
	// and reports whether it did. Reservations stay good. A room that is not listed counts as
	// closed.
	Close(ctx context.Context, id string, taken int) (bool, error)
	// Remove takes a room off the list. It has no effect on a room that is not listed.
	Remove(ctx context.Context, id string) error
	// RemoveNode takes all rooms of a node off the list, and returns how many there were: for a
	// node that has died and can't do it itself. After an error some rooms may be removed; the
	// number is theirs.
	RemoveNode(ctx context.Context, node string) (int, error)
	// Owners returns the nodes that have rooms, in the order of their names.
	Owners(ctx context.Context) ([]string, error)
	// Rooms returns the rooms of a kind, or all if kind is empty, in the order of their ids.
	// Those that are closed, full or private are among them.
	Rooms(ctx context.Context, kind string) ([]Listing, error)
}
