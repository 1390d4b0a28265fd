package store

import (
	"context"
	"slices"
	"time"
)

// Member is a player of a ticket.
type Member struct {
	Player string
	Name   string
	// Roles are those that the player accepts, the preferred ones first; empty: all.
	Roles []string
	// Latency is how far away each region is. Empty: the player plays anywhere.
	Latency map[string]time.Duration
	// Mu and Sigma are the player's rating when the player became ready.
	Mu, Sigma float64
	Ready     bool
}

// Ticket is a player or a party who want a match.
type Ticket struct {
	// ID is a secret of its players: whoever knows it may ask about the ticket.
	ID string
	// Queue is what it waits in, the name of a mode.
	Queue string
	// Members are its players, the leader first.
	Members []Member
	// Attributes are what the queries of others see: float64, string, bool or []string.
	Attributes map[string]any
	// Query must hold of every other ticket in the match; empty: it holds.
	Query string
	// NoBackfill keeps the ticket out of rooms that run.
	NoBackfill bool
	// Created is when it was made, Since when the last member became ready, and it began to
	// wait; zero: members are missing.
	Created, Since time.Time
}

// Missing returns the players who are not ready.
func (t *Ticket) Missing() []string {
	var out []string
	for i := range t.Members {
		if !t.Members[i].Ready {
			out = append(out, t.Members[i].Player)
		}
	}
	return out
}

// AllReady reports whether no member is missing.
func (t *Ticket) AllReady() bool {
	for i := range t.Members {
		if !t.Members[i].Ready {
			return false
		}
	}
	return true
}

// Has reports whether a player is one of the members.
func (t *Ticket) Has(player string) bool {
	for i := range t.Members {
		if t.Members[i].Player == player {
			return true
		}
	}
	return false
}

// WithReady returns the ticket with m, who is ready now, in the place of the member with the
// same player. If it was the last one missing, the ticket waits since now.
func (t *Ticket) WithReady(m Member, now time.Time) Ticket {
	out := *t
	out.Members = slices.Clone(t.Members)
	m.Ready = true
	for i := range out.Members {
		if out.Members[i].Player == m.Player {
			out.Members[i] = m
		}
	}
	if out.AllReady() {
		out.Since = now
	}
	return out
}

// State is what has become of a ticket.
type State uint8

// The states. From Matched on they are final.
const (
	Gathering State = iota + 1 // members are not ready yet
	Waiting
	Matched
	Cancelled
	TimedOut
)

// Ended reports whether the state is final.
func (s State) Ended() bool { return s >= Matched }

// Status is a ticket and its state.
type Status struct {
	Ticket Ticket
	State  State
	Match  string // its match, if it is Matched
	// Waiting counts the tickets that wait in the queue.
	Waiting int
}

// Tickets is the players' side: the service calls it for those who look for a match or a
// room.
//
// A ticket is in one queue, and a player is in at most one ticket that has not ended and in
// which the player is ready: being named in somebody's party binds nobody. Tickets that
// have ended are remembered for EndedKept, so that their players can be told. Tickets that
// nobody ends are forgotten after GatheringKept or WaitingKept.
//
// Each call is atomic: it takes effect as a whole or not at all. After ErrUnavailable, or
// an error that is not one of this package's, nobody knows which; every call but Watch can
// be repeated then, and what was done before is not done twice.
type Tickets interface {
	// Add adds a ticket. Its state is Waiting if all members are ready, else Gathering.
	// Adding a ticket again that is there, by its ID, has no effect. The error is a
	// *QueuedError if a ready member has another ticket.
	Add(ctx context.Context, t Ticket) error
	// Ready puts m, who becomes ready, in the place of the member with the same player. If it
	// was the last one missing, the ticket begins to wait, since now. A ticket that waits
	// already stays as it is. The error is ErrNoTicket if there is no such ticket or the player
	// is not a member, ErrEnded if it has ended, and a *QueuedError if the player has another
	// ticket.
	Ready(ctx context.Context, id string, m Member, now time.Time) (Status, error)
	// Cancel ends a ticket unless it has ended, on behalf of one of its members, and returns
	// what has become of it. The error is ErrNoTicket if there is no such ticket or the player
	// is not a member.
	Cancel(ctx context.Context, id, player string) (Status, error)
	// Ticket returns a ticket and its state, or ErrNoTicket.
	Ticket(ctx context.Context, id string) (Status, error)
	// Watch returns a channel that holds at most one value, and receives one after each change
	// of the ticket's state until stop is called. It may receive values without a change, and
	// may miss changes while the store is unavailable: callers look now and then, too. stop may
	// be called more than once.
	Watch(ctx context.Context, id string) (changed <-chan struct{}, stop func(), err error)

	// Playing returns the match that a player was last put into, or has last joined, unless
	// the match is forgotten or the player has left it: then it returns ErrNoRoom.
	Playing(ctx context.Context, player string) (Match, error)
	// Keep, Match and Touch are those of Matches, for rooms that players make themselves.
	Keep(ctx context.Context, m Match) error
	Match(ctx context.Context, id, code string) (Match, error)
	Touch(ctx context.Context, id string) error
}
