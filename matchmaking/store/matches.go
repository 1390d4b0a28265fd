package store

import (
	"context"
	"time"
)

// Match is a room with the players that belong in it. The node makes the room when the
// first of them comes with a seat that the matchmaker has signed.
type Match struct {
	// ID is the room's id too.
	ID string
	// Mode is the mode's name, Kind that of the room.
	Mode, Kind string
	// Options are those of the room, besides the server's own for the kind.
	Options map[string]string
	// Node is the node that is to run the room, URL where clients reach it, Region
	// where it is.
	Node, URL, Region string
	Teams             []Team
	// Bots counts the slots of bots.
	Bots int
	// Quality is how good the matcher thinks the match is, from 0 to 1.
	Quality float64
	// Created is when the match was made.
	Created time.Time
	// Code lets in whoever knows it, Open everybody. Without either the room is for the
	// players in Teams alone.
	Code string
	Open bool
	// Host is the player who made the room; empty: no player did.
	Host string
}

// Team is a side of a match.
type Team struct {
	Slots []Slot
	// Win is the predicted chance to win.
	Win float64
}

// Slot is a place in a team.
type Slot struct {
	Ticket string
	Player string // empty: for a bot
	Name   string
	Role   string
	// Mu and Sigma are the player's rating when the match was made.
	Mu, Sigma float64
}

// Find returns the team and the slot of a player.
func (m *Match) Find(player string) (team int, s Slot, ok bool) {
	for i := range m.Teams {
		for _, s := range m.Teams[i].Slots {
			if s.Player == player && player != "" {
				return i, s, true
			}
		}
	}
	return 0, Slot{}, false
}

// Backfill is a running room's request for players.
type Backfill struct {
	// ID is new for each request, Room is the match's id, Queue where the players wait.
	ID, Room, Queue string
	// Since is when the room began.
	Since  time.Time
	Region string
	Teams  []BackfillTeam
	// Attributes and Query are as those of tickets.
	Attributes map[string]any
	Query      string
}

// BackfillTeam is a team of a room that runs. A free-for-all is one team.
type BackfillTeam struct {
	// Mu and Sigma are the ratings of those who are there.
	Mu, Sigma []float64
	// Free counts the free slots; Roles are theirs, if the mode has roles.
	Free  int
	Roles []string
}

// Matches is the side of the nodes, whose rooms the matches are played in: the reporter
// calls it.
//
// A match is remembered for MatchKept after Commit, Keep or the last Touch, and so is who
// plays in it. Calls are atomic and can be repeated, as those of Tickets.
type Matches interface {
	// Keep keeps a match that no matcher has made, such as a private room. Its players are
	// Playing in it then. Keeping the same match again has no effect. The error is ErrExists if
	// its id or its code is taken.
	Keep(ctx context.Context, m Match) error
	// Match returns a match by its id, or, if id is empty, by its code. The error is ErrNoRoom
	// if there is none.
	Match(ctx context.Context, id, code string) (Match, error)
	// Touch keeps a match for another MatchKept, with who plays in it and its backfill
	// request. The error is ErrNoRoom if the match is forgotten already.
	Touch(ctx context.Context, id string) error
	// Forget forgets a match, whose room has ended, who plays in it, and its backfill request.
	Forget(ctx context.Context, id string) error
	// Joined notes that a player is in the room of a match now, Left that the player is not any
	// more and does not want to go back. The error of Joined is ErrNoRoom if there is no such
	// match.
	Joined(ctx context.Context, player, match string) error
	Left(ctx context.Context, player, match string) error

	// AskBackfill asks for players for a room that runs. An earlier request of the same room
	// ends. A request ends by itself when the room's match is forgotten, or MatchKept after
	// the last Touch of the room if there is no match.
	AskBackfill(ctx context.Context, b Backfill) error
	// EndBackfill ends the request with the ID, and reports whether it is certain not to have
	// been granted: if not, players are on their way. It has no effect on one that has ended.
	EndBackfill(ctx context.Context, id string) (bool, error)

	// Of returns the ticket in which a player is ready and that has not ended, or ErrNoTicket.
	Of(ctx context.Context, player string) (string, error)
	// Cancel is that of Tickets, for players who may not play any more.
	Cancel(ctx context.Context, id, player string) (Status, error)
}
