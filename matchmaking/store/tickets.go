package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Errors of a Tickets.
var (
	// ErrNoTicket tells that there is no such ticket, or that it is not the player's.
	ErrNoTicket = errors.New("matchmaking: no such ticket")
	// ErrEnded tells that the ticket does not wait any more; Tickets.Ticket says why.
	ErrEnded = errors.New("matchmaking: the ticket has ended")
	// ErrHeld tells that another matcher has the queue.
	ErrHeld = errors.New("matchmaking: another matcher has the queue")
	// ErrFenced tells that the lease with which something was to be changed is not the
	// newest: another matcher has taken the queue over, and nothing was changed.
	ErrFenced = errors.New("matchmaking: the lease is not good any more")
	// ErrCursor tells that the changes after a cursor are forgotten: begin anew.
	ErrCursor = errors.New("matchmaking: the changes after this are forgotten")
	// ErrUnavailable tells that the store could not be reached in time, or that it is
	// not sure whether it will remember: nobody knows whether anything has changed. It
	// can be tried again after a moment.
	ErrUnavailable = errors.New("matchmaking: not available at the moment")
)

// QueuedError tells that a player of a new ticket has one already.
type QueuedError struct {
	Player string
	Ticket string // that it has
}

func (e *QueuedError) Error() string {
	return fmt.Sprintf("matchmaking: player %s waits already", e.Player)
}

// Member is a player of a ticket.
type Member struct {
	Player string
	Name   string
	// Roles are those that the player accepts, the dearest first. Empty: all.
	Roles []string
	// Latency is how far each region is; see match.Ticket.
	Latency map[string]time.Duration
	// Mu and Sigma are its rating when it became ready.
	Mu, Sigma float64
	Ready     bool
}

// Ticket is a player or a party that wants a match.
type Ticket struct {
	// ID can't be guessed: whoever knows it is told about the ticket.
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
	// Created is when it was made, Since when all its members were ready, and it began
	// to wait; zero: they are not.
	Created, Since time.Time
}

// Missing gives the members that are not ready.
func (t *Ticket) Missing() []string {
	var out []string
	for i := range t.Members {
		if !t.Members[i].Ready {
			out = append(out, t.Members[i].Player)
		}
	}
	return out
}

// AllReady tells whether no member is missing.
func (t *Ticket) AllReady() bool {
	for i := range t.Members {
		if !t.Members[i].Ready {
			return false
		}
	}
	return true
}

// Has tells whether a player is one of the members.
func (t *Ticket) Has(player string) bool {
	for i := range t.Members {
		if t.Members[i].Player == player {
			return true
		}
	}
	return false
}

// WithReady gives the ticket with a member, who is ready now, in the place of the one
// with the same player. If it was the last one that is missing, it waits since now.
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

// State is how far a ticket is.
type State uint8

// The states. From Matched on they are the last.
const (
	Gathering State = iota + 1 // members are not ready yet
	Waiting
	Matched
	Cancelled
	TimedOut
)

// Ended tells whether the state is a last one.
func (s State) Ended() bool { return s >= Matched }

// Status is a ticket and what has become of it.
type Status struct {
	Ticket Ticket
	State  State
	// Match is that of a ticket that is Matched.
	Match string
	// Waiting is how many tickets wait in the queue.
	Waiting int
}

// Match is a room with the players that belong in it. The node makes the room when
// the first of them comes: a seat that the matchmaker has signed is what tells it to.
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
	Bots              int
	Quality           float64
	// Created is when the match was made.
	Created time.Time
	// Code lets others in who know it; Open lets everybody in. Rooms that are neither
	// are for those in Teams.
	Code string
	Open bool
	// Host made the room, if a player did.
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

// Find gives a player's team and slot.
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

// Backfill is a room that runs and lacks players.
type Backfill struct {
	// ID is new for each request; Room is the match's id.
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
	Free      int
	// Roles are those of the free slots, if the mode has roles.
	Roles []string
}

// Lease is a matcher's right to a queue.
type Lease struct {
	Queue string
	Owner string
	// Token is greater than that of every lease of the queue before: what an older one
	// wants to change is refused (a fencing token).
	Token uint64
	// Until is when it ends unless it is renewed, by the clock of whoever asked.
	Until time.Time
}

// Change is what has happened in a queue.
type Change struct {
	// Ticket began to wait, if it is not nil; else Gone ended, other than by this queue's
	// matcher.
	Ticket *Ticket
	Gone   string
	// Backfill asks for players, or NoBackfill, its ID, does not any more.
	Backfill   *Backfill
	NoBackfill string
}

// Outcome is what a matcher has decided.
type Outcome struct {
	// Match is the match that the tickets come into. If Backfill is set it is one that
	// runs: its Teams and Bots are those with the new players in it, and the request
	// ends.
	Match    Match
	Tickets  []string
	Backfill string
}

// Stores are the stores of matchmaking, by who calls them. Tickets, Queues and Matches are
// three views of one store; the others may lie elsewhere.
//
// Implementations may be used from many goroutines, and those that lie outside of the
// process from many programs, at once. What is passed in either direction is shared and
// must not be changed by either side.
type Stores struct {
	Tickets   Tickets
	Queues    Queues
	Matches   Matches
	Ratings   Ratings
	Nodes     Nodes
	Directory Directory
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

// Queues is the matcher's side: the runner of queues calls it.
//
// What a matcher changes needs the newest lease of the queue, so that one which has lost it
// without noticing changes nothing (ErrFenced). Calls are atomic and can be repeated, as
// those of Tickets.
type Queues interface {
	// Lease takes a queue for ttl, or renews an own lease, which keeps its token. The error is
	// ErrHeld if another owner has it. A lease that has run out gets a new token, even if
	// nobody has had the queue since.
	Lease(ctx context.Context, queue, owner string, ttl time.Duration) (Lease, error)
	// Release gives a lease back. It has no effect if the lease is not the newest.
	Release(ctx context.Context, l Lease) error
	// Changes returns what has happened in a queue after a cursor, oldest first, about most
	// changes at a time, and the cursor after them. From the empty cursor on it returns what
	// waits. ErrCursor asks to begin anew with the empty one.
	Changes(ctx context.Context, queue, cursor string, most int) (changes []Change, next string, err error)
	// Commit makes a decision come true: the match is kept, its tickets become Matched, and
	// their players are Playing in it. If some tickets do not wait any more, or the backfill
	// request has ended, nothing is changed, and their ids are returned as gone. Committing the
	// same match of the same tickets again has no effect. The error is ErrFenced if the lease is
	// not the newest, and ErrExists if the match's id or code belongs to another match.
	Commit(ctx context.Context, l Lease, o Outcome) (gone []string, err error)
	// GiveUp makes tickets that wait TimedOut. The error is ErrFenced if the lease is not the
	// newest.
	GiveUp(ctx context.Context, l Lease, tickets []string) error
	// EndBackfill and Match are those of Matches, for the rooms that are filled.
	EndBackfill(ctx context.Context, queue, id string) (bool, error)
	Match(ctx context.Context, id, code string) (Match, error)
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
	EndBackfill(ctx context.Context, queue, id string) (bool, error)

	// Of returns the ticket in which a player is ready and that has not ended, or ErrNoTicket.
	Of(ctx context.Context, player string) (string, error)
	// Cancel is that of Tickets, for players who may not play any more.
	Cancel(ctx context.Context, id, player string) (Status, error)
}

// How long things are remembered.
const (
	// EndedKept is for tickets that have ended.
	EndedKept = 2 * time.Minute
	// MatchKept is for matches since Commit, Keep or the last Touch.
	MatchKept = 2 * time.Minute
	// GatheringKept is for tickets whose members are not all ready, since Add.
	GatheringKept = 10 * time.Minute
	// WaitingKept is for tickets that wait; it is longer than any mode's timeout, and
	// only counts when there is no matcher.
	WaitingKept = 25 * time.Hour
	// RatedKept is how long it is remembered that a match was rated.
	RatedKept = 7 * 24 * time.Hour
)

// Rated is what is known of a player's strength in a mode.
type Rated struct {
	Player    string
	Mu, Sigma float64
	// Matches is how many it comes from; 0: the player is new, and Mu and Sigma are 0.
	Matches int
}

// Ratings keeps how strong players are, for each mode. Implementations may be used
// from many goroutines and programs at once; each call is atomic.
type Ratings interface {
	// Ratings gives those of players, in their order.
	Ratings(ctx context.Context, mode string, players []string) ([]Rated, error)
	// Rate calls fn with the ratings of players and keeps what it gives, which has the
	// same players with one more match each or unchanged; unless the match has been
	// rated before, when it gives done = false and what is there. fn may be called more
	// than once, if others change the ratings meanwhile; its slice is its own.
	Rate(ctx context.Context, mode, match string, players []string, fn func([]Rated) ([]Rated, error)) (now []Rated, done bool, err error)
}

// Node is a server that runs rooms.
type Node struct {
	// ID is the node's, the same for as long as the process lives.
	ID string
	// URL is where clients reach it; empty: at the address that they have called.
	URL    string
	Region string
	// Kinds are the kinds of rooms that it runs.
	Kinds []string
	// Spare is the time that it has left for ticks, in seconds per second: processors
	// less what its rooms' ticks take.
	Spare float64
	// Rooms and Clients count what it has, MaxRooms and MaxClients what it takes.
	Rooms, Clients, MaxRooms, MaxClients int
	// Draining: it takes no new rooms.
	Draining bool
}

// Nodes knows which nodes there are.
type Nodes interface {
	// Beat tells that a node is there and how it is doing; it is forgotten after ttl
	// without another one.
	Beat(ctx context.Context, n Node, ttl time.Duration) error
	// Leave forgets a node.
	Leave(ctx context.Context, id string) error
	// Nodes lists the nodes, by id.
	Nodes(ctx context.Context) ([]Node, error)
}
