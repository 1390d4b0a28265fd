package hooks

import (
	"time"
)

// Letter is an event on its way.
type Letter struct {
	// ID is the event's, Type its type.
	ID, Type string
	// Room is where, Kind of which kind that is, and Life the room's, within which the order is
	// kept.
	Room, Kind, Life string
	// Time is when it happened.
	Time time.Time
	// Body is the event in JSON.
	Body []byte
	// To are the webhooks that it is for. Empty: none, it is for the stream alone.
	To []string
}

// Place is where a letter lies in a store. Later letters of the same list have later places.
type Place string

// Waiting is a letter that waits for a webhook.
type Waiting struct {
	Place Place
	Letter
}

// Dead is a letter that was given up.
type Dead struct {
	Place Place
	Letter
	// Why is what the last attempt came to, At when it was given up.
	Why string
	At  time.Time
}

// Counts is how many letters a webhook has.
type Counts struct {
	Waiting, Dead int
	// Lost counts the dead letters that have made place for others.
	Lost uint64
}
