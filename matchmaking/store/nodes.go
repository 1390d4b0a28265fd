package store

import (
	"context"
	"time"
)

// Node is a server that runs rooms.
type Node struct {
	// ID stays the same for as long as the process lives.
	ID string
	// URL is where clients reach it; empty: at the address that they have called.
	URL    string
	Region string
	// Kinds are the kinds of rooms that it runs.
	Kinds []string
	// Spare is the time left for ticks, in seconds per second: its processors less what the
	// ticks of its rooms take.
	Spare float64
	// Rooms and Clients count what it has; MaxRooms and MaxClients bound them.
	Rooms, Clients, MaxRooms, MaxClients int
	// Draining means that it takes no new rooms.
	Draining bool
}

// Nodes knows which nodes there are.
type Nodes interface {
	// Beat lists a node, or what is new about it. It is forgotten after ttl without another
	// Beat.
	Beat(ctx context.Context, n Node, ttl time.Duration) error
	// Leave forgets a node.
	Leave(ctx context.Context, id string) error
	// Nodes returns the nodes, in the order of their ids.
	Nodes(ctx context.Context) ([]Node, error)
}
