// Package store decides which room a player goes to: it has the room directory,
// which knows what rooms there are and who has a seat reserved in which, and the
// interfaces of what keeps tickets, ratings and nodes. It knows nothing of connections
// or worlds.
package store

import (
	"context"
	"errors"
	"time"
)

// Errors of a Directory.
var (
	// ErrNoRoom tells that no room fits: none of the kind has a free seat, or
	// there is none with the id.
	ErrNoRoom = errors.New("matchmaking: no such room")
	// ErrFull tells that the room asked for has no free seat.
	ErrFull = errors.New("matchmaking: the room is full")
	// ErrExists tells that a room with the id is listed already.
	ErrExists = errors.New("matchmaking: a room with this id exists")
)

// Listing is what a directory knows of a room.
type Listing struct {
	ID   string
	Kind string
	// Mode is the name of the mode it was made for; empty: none.
	Mode string
	// Node is the server that runs it, URL where clients reach that, Region where it is.
	Node, URL, Region string
	Capacity          int // seats in all
	Taken             int // seats reserved or occupied
	// Closed: it takes no new players. Private: it is given to those alone who ask for
	// it by its id. Spectators: it lets them in.
	Closed, Private, Spectators bool
	// Created is when it was made, in whole milliseconds of UTC.
	Created time.Time
}

// normal gives the room in the form in which it is kept.
func (r Listing) normal() Listing {
	if !r.Created.IsZero() {
		r.Created = r.Created.UTC().Truncate(time.Millisecond)
	}
	return r
}

// Want is what a seat is asked for with.
type Want struct {
	// Kind is the room's kind. With an ID it may be empty: any.
	Kind string
	// Mode is the mode of the room; without an ID, empty means rooms of no mode.
	Mode string
	// Region is where the room is; empty: anywhere.
	Region string
	// ID asks for a certain room. Empty: for the best one that is open to all.
	ID string
	// Reservation names a seat that is held for somebody who has not come yet. It is
	// given back by itself at Until, unless Confirm is called before. Empty: the seat is
	// taken for good.
	Reservation string
	// Until is when the reservation ends. If that has passed the seat is free again at
	// once.
	Until time.Time
}

// fits tells whether a room is one of those that are wanted, as far as its place and
// purpose are concerned.
func (w *Want) fits(r *Listing) bool {
	return (w.Kind == r.Kind || w.Kind == "" && w.ID != "") &&
		(w.Mode == r.Mode || w.Mode == "" && w.ID != "") &&
		(w.Region == r.Region || w.Region == "")
}

// Directory lists rooms and hands out their seats. Implementations may be used
// from many goroutines, and those that share a store from many programs, at once;
// each call is atomic, RemoveNode and Rooms for each room. An error that is not one
// of this package's says that nobody knows whether the call had its effect.
//
// A seat is free, reserved, or taken for good. Reserved ones are free again when their
// reservation ends, exactly then, whoever looks; the clock that counts is the
// directory's own.
type Directory interface {
	// Reserve takes a seat: in the room with the ID, or, if that is empty, in the
	// fullest open room that fits and is not private, so that rooms fill up one after
	// another. It returns ErrNoRoom or ErrFull if there is none to be had. With a
	// reservation that the room has already, it changes nothing, and gives the room,
	// even if that is full or closed.
	Reserve(ctx context.Context, w Want) (Listing, error)
	// Confirm makes a reserved seat one that is taken for good. It tells whether it did:
	// if not, the reservation has ended or is not known, and nothing was changed. So of
	// several calls for one reservation one gives true.
	Confirm(ctx context.Context, room, reservation string) (bool, error)
	// Cancel ends a reservation. One that has ended, was confirmed, or is not known is
	// no error.
	Cancel(ctx context.Context, room, reservation string) error
	// Release gives a seat of a room back that was taken for good. If there is none, or
	// the room is not listed, it has no effect.
	Release(ctx context.Context, id string) error
	// Add lists a room. It returns ErrExists if its id is taken. Seats that are Taken
	// are so for good.
	Add(ctx context.Context, r Listing) error
	// Close keeps new players out of a room if at most taken seats are taken or
	// reserved, and tells whether it did. Reservations that there are stay good. A room
	// that is not listed counts as closed.
	Close(ctx context.Context, id string, taken int) (bool, error)
	// Remove takes a room off the list. Of a room that is not listed it has no
	// effect.
	Remove(ctx context.Context, id string) error
	// RemoveNode takes all rooms of a node off the list, and tells how many there were:
	// for one that has died, since nobody else would.
	RemoveNode(ctx context.Context, node string) (int, error)
	// Owners lists the nodes that have rooms, by name; see Reaper.
	Owners(ctx context.Context) ([]string, error)
	// Rooms lists the rooms of a kind, or all if kind is empty, by id; those that are
	// closed, full or private too.
	Rooms(ctx context.Context, kind string) ([]Listing, error)
}
