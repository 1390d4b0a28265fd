// Package matchmaking decides which room a player goes to. For now it holds the
// room directory: which rooms there are, and who has a seat reserved in which.
// It knows nothing of connections or worlds.
package matchmaking

import (
	"context"
	"errors"
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

// Room is what a directory knows of a room.
type Room struct {
	ID       string
	Kind     string
	Node     string // address of the server that runs it
	Capacity int    // seats in all
	Taken    int    // seats reserved or occupied
	Closed   bool   // takes no new players
}

// Directory lists rooms and hands out their seats. Implementations may be used
// from many goroutines at once; each call is atomic.
type Directory interface {
	// Reserve takes a seat: in the room with the id, or, if id is empty, in the
	// fullest open room of the kind, so that rooms fill up one after another. It
	// returns ErrNoRoom or ErrFull if there is none to be had.
	Reserve(ctx context.Context, kind, id string) (Room, error)
	// Release gives a seat of a room back. Of a room that is not listed it has no
	// effect.
	Release(ctx context.Context, id string) error
	// Add lists a room. It returns ErrExists if its id is taken.
	Add(ctx context.Context, r Room) error
	// Close keeps new players out of a room if at most taken seats are taken, and
	// tells whether it did. A room that is not listed counts as closed.
	Close(ctx context.Context, id string, taken int) (bool, error)
	// Remove takes a room off the list. Of a room that is not listed it has no
	// effect.
	Remove(ctx context.Context, id string) error
	// Rooms lists the rooms of a kind, or all if kind is empty, by id.
	Rooms(ctx context.Context, kind string) ([]Room, error)
}
