package world

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"github.com/tickroom/tickroom/proto/schema"
)

// Game is what a game's author writes: the rules of one room. Its methods, and
// the handlers that it sets with OnInput and OnCommand, are called one at a
// time; they may change the room's world freely, and should not block. A panic
// in one of them ends the room, and no other.
type Game interface {
	// Join is called when a player comes in; data is what the client sent along.
	// It subscribes the player to what it may see (Player.Interest). An error turns
	// the player away and is shown to it. If it is, or wraps, ErrFull the player is led
	// to another room, unless it wants this one.
	Join(p *Player, data []byte) error
	// Leave is called when a player is gone for good.
	Leave(p *Player)
	// Tick simulates one tick. The commands that have come, the inputs meant for it and the
	// timers that are due have been handled before, in this order.
	Tick()
}

// Presence is implemented by a Game that wants to know about players whose
// connection is lost and whose session is held for a while.
type Presence interface {
	// Away is called when a player's connection is lost: no input comes from it
	// until Back is called. Leave is called instead if it does not return in time.
	Away(p *Player)
	// Back is called when an away player has returned, be it with a client that knows nothing
	// of what the player was told before. One that takes the place of another is such a client:
	// then Away and Back are called.
	Back(p *Player)
}

// ErrFull is what a Game's Join returns, or wraps, when there is no free place, be it that
// a round is going on. For some time nobody is sent to the room then; see Room.Unlock.
var ErrFull = errors.New("the room is full")

// Player is one player in a room.
type Player struct {
	*Interest

	// ID is the player's number in the room, from 1. It is not used again while
	// the room lives.
	ID uint32
	// Name is what the player wants to be called. It is not unique.
	Name string
	// InputSeq is the sequence number of the last input that was handed to the
	// game; while an input is being handled, that input's.
	InputSeq uint32
	// Spectator is true for a player who only watches, for as long as it is in the
	// room. The game gets no inputs from a spectator, and decides for itself which
	// commands to allow it.
	Spectator bool
	// PlayerID identifies the player, the same in all rooms; a guest has a new one in
	// each session. It must not be shown to other players. Somebody who plays may watch
	// beside that, from another tab, say: then two Players have it, one a Spectator.
	PlayerID string
	// Roles are the roles in the player's token, such as "moderator".
	Roles []string
	// Team is the player's team in the match that the matchmaker made, from 0, and
	// Role its role in the team. They are 0 and empty if InMatch is false: the player
	// came without a match.
	Team    int
	Role    string
	InMatch bool
	// Network stands for the network that the player has come from: it is the same for players of
	// one address, or of one /64 of IPv6, as long as the server runs, and tells nothing else. Many
	// people may share one. 0: it is not known.
	Network uint64
	// Data is free for the game to keep what belongs to this player. Clients don't see it.
	Data any

	away    bool
	removed *removal
	back    uint32    // how far behind the tick the picture was at the last input, in 1/BackPerTick ticks
	rtt     float64   // seconds; 0: unknown
	message uint64    // number of the last one that was posted to the player
	talk    allowance // 0 is full
}

type removal struct{ reason string }

// Remove makes the server end the player's session after this tick. The client
// is given the reason and does not reconnect.
func (p *Player) Remove(reason string) { p.removed = &removal{reason} }

// Removed reports whether Remove was called, and with what reason.
func (p *Player) Removed() (reason string, ok bool) {
	if p.removed == nil {
		return "", false
	}
	return p.removed.reason, true
}

// Kind describes a kind of room: how a server makes one.
type Kind struct {
	// Name is what clients ask for, and what options are named after.
	Name string
	// Doc describes the kind in one line.
	Doc string
	// Schema is the generated schema of the kind's messages.
	Schema *schema.Schema
	// TickRate is in ticks per second, 1 to 128. Default 20.
	TickRate float64
	// MaxPlayers bounds the players of a room. Default 100.
	MaxPlayers int
	// Spectators is true if clients may join to watch, that is if Join looks at
	// Player.Spectator.
	Spectators bool
	// MaxSpectators bounds those who watch a room, beside its players, whose places they
	// do not take. Default 100; without Spectators it is not looked at.
	MaxSpectators int
	// Hold is how many seconds the session of a player is held whose connection is lost.
	// Default 60; less than 0: not at all.
	Hold float64
	// Sleeps is true if the world of a room stands still while nobody is connected: no tick is
	// simulated until somebody comes, or comes back, or a message for the room does, and then the tick
	// after the last one. Timers count ticks, and so wait as well; sessions are held by the clock
	// nonetheless, and their end wakes the room for a tick. A room that sleeps costs no processor time,
	// so that nobody can have the server play for no one. Leave it out where something must go on
	// without anybody watching: a match that has to have its result, a show with a timetable. New may
	// set r.Sleeps for a single room.
	Sleeps bool
	// Talk bounds what players' commands make a room tell groups of clients, by events, in bytes per
	// second, however many players send them and however many hear it; four seconds' worth may come at
	// once. Of that no player has more than a quarter. A command that had groups told something is
	// refused beyond it, before its handler is called, and its sender hears why and when to try again
	// (REPLY_CODE_LIMITED). Default 16,384; less than 0: there is no bound.
	Talk float64
	// Options lists the options that New understands.
	Options []Option
	// Show makes rooms of the kind houses of a show: a room that clients never join, of which there
	// is one for all houses of its name, whatever server they are on. The server makes it with the
	// first house, anew when its server is gone, and ends it when no house has been there for a
	// while. A house and its show talk by messages (OnMessage, Post); a game that is a Hearing
	// is told when the show is gone and when it is there again. nil: rooms of the kind are no
	// houses.
	Show *ShowOf
	// Inbox says what backends may post to rooms of the kind. nil: all messages of its schema.
	Inbox *Inbox
	// Opens is asked, of the kind of a show, before one is opened that a client has come to and that is
	// not there: it returns why not, which the client is told, or nil. Backends and servers are not
	// asked. It is called beside all rooms, by several goroutines at once, and may read something; it
	// should give up when ctx is done. nil: clients may open shows of any name.
	Opens func(ctx context.Context, o *Opening) error
	// Backstage rooms are the server's own, such as shows: clients can't join, list or make them.
	Backstage bool
	// Rewind is how many seconds ago a player may have seen what an input of it is judged by, as
	// Player.Sees tells. Default 0.25; less than 0: Sees is always now. What happened before is
	// lost to players whose connection is slower: the more they are given, the longer others can be
	// hit after they have gone into cover.
	Rewind float64
	// Starved says what the game is handed for a player whose inputs are meant for ticks when none
	// has come for one. Default Hold.
	Starved Starved
	// Spread has new players sent to the room with the most free places, and another one made before
	// the last place is taken. Else they are sent to the fullest, and rooms fill up one after another.
	Spread bool
	// World bounds what rooms of the kind remember; zero values mean the defaults.
	// The default of Horizon is at least Hold plus 40 s here, so that a player who
	// comes back within Hold is sent a difference.
	World Config
	// New makes a room's game. It may set r.TickRate, r.MaxPlayers, r.MaxSpectators and r.Sleeps
	// from the options.
	New func(r *Room) (Game, error)
}

// lateNotice is how many seconds it may take until a lost connection is noticed.
const lateNotice = 40

// HoldSeconds returns Hold in seconds, its default of 60 if it is 0, or 0 if sessions
// are not held.
func (k *Kind) HoldSeconds() float64 {
	if k.Hold == 0 {
		return 60
	}
	return max(k.Hold, 0)
}

// Room is the game's side of a room: its world, options and handlers.
type Room struct {
	*World
	noSaver //nolint:unused // what it is for is what a type does not have

	// TickRate is in ticks per second.
	TickRate float64
	// MaxPlayers bounds the players, and MaxSpectators those who watch. The game may
	// change them at any time, from one tick to the next; who is in the room already
	// stays.
	MaxPlayers, MaxSpectators int
	// Sleeps says whether the world stands still while nobody is connected, as Kind.Sleeps does,
	// whose value it has at first. The game may change it at any time.
	Sleeps bool
	// Log is for the game's messages to the operator.
	Log *slog.Logger

	game       Game
	players    []*Player // by ID, as spectators
	spectators []*Player
	timers     timers
	talk       talk
	blind      bool // somebody saw nothing after Join

	id           string
	now          int64 // µs since 1970
	since, until int64 // between which what is being handled has come

	showEpoch uint64 // of a house

	// Messages and work beside the room.
	messages    map[uint32]func(from *Posting, data []byte) error // nil: no handler
	topics      []topic                                           // the room's own first
	retuned     uint32                                            // changes of topics
	posts, told outbound                                          // of this tick
	jobs        []Job                                             // of this tick
	running     map[uint64]func(o *Outcome) error                 // by job
	lastJob     uint64
	maxAsync    int

	schema   *schema.Schema // nil in some tests
	labels   map[string]any // replaced, never changed
	labelled uint32         // how often
	options  map[string]string
	input    func(p *Player, data []byte) error
	commands map[uint32]commandHandler
	locked   bool
	unlocks  uint32
	over     bool
	result   *Result
	taken    bool // result was handed on
}

// Setup is what a room is made with. Zero values mean the defaults.
type Setup struct {
	// ID is the room's. Default "room".
	ID string
	// Seed is that of its random numbers. Rooms with the same one have the same.
	Seed uint64
	// Options are those of the kind. Ones that are not given have their defaults.
	Options map[string]string
	// Now is the time, in µs since 1970.
	Now int64
	// MaxAsync is how much work of Async may be under way. Default 16.
	MaxAsync int
	// Log is for the game's messages. Default: they are discarded.
	Log *slog.Logger
}

// NewRoom makes a room of a kind and its game. An option that is unknown or has a bad value
// is an error.
func NewRoom(k Kind, with Setup) (*Room, Game, error) {
	cfg := k.World
	cfg.Seed = with.Seed
	if with.Log == nil {
		with.Log = slog.New(slog.DiscardHandler)
	}
	if with.MaxAsync <= 0 {
		with.MaxAsync = 16
	}
	with.ID = cmp.Or(with.ID, "room")
	r := &Room{
		World: New(cfg), TickRate: k.TickRate, MaxPlayers: k.MaxPlayers, MaxSpectators: k.maxSpectators(), Sleeps: k.Sleeps, Log: with.Log,
		id: with.ID, now: with.Now, maxAsync: with.MaxAsync, topics: []topic{{Topic: Topic{Name: RoomTopic(with.ID)}}},
		options: map[string]string{}, commands: map[uint32]commandHandler{}, schema: k.Schema,
	}
	if r.TickRate == 0 {
		r.TickRate = 20
	}
	if r.MaxPlayers == 0 {
		r.MaxPlayers = 100
	}
	var names []string
	for _, o := range k.Options {
		r.options[o.Name] = o.Default
		names = append(names, o.Name)
	}
	for name, v := range with.Options {
		if !slices.Contains(names, name) {
			return nil, nil, fmt.Errorf("kind %s has no option %q; it has: %s", k.Name, name, strings.Join(names, ", "))
		}
		r.options[name] = v
	}
	g, err := k.New(r)
	if err != nil {
		return nil, nil, fmt.Errorf("kind %s: %w", k.Name, err)
	}
	r.game = g
	if k.World.Horizon == 0 {
		// Whoever comes back within the hold window gets the difference, also when
		// the loss of the connection was noticed late.
		r.cfg.Horizon = max(r.cfg.Horizon, uint32((k.HoldSeconds()+lateNotice)*r.TickRate))
	}
	if !(r.TickRate >= 1 && r.TickRate <= 128) {
		return nil, nil, fmt.Errorf("kind %s: a tick rate of %g; it must be 1 to 128 per second", k.Name, r.TickRate)
	}
	r.rate = r.TickRate
	r.talk = newTalk(k.Talk, r.TickRate)
	if r.MaxPlayers < 1 {
		return nil, nil, fmt.Errorf("kind %s: at most %d players; it must be 1 or more", k.Name, r.MaxPlayers)
	}
	if r.MaxSpectators < 0 {
		return nil, nil, fmt.Errorf("kind %s: at most %d spectators; it must be 0 or more", k.Name, r.MaxSpectators)
	}
	return r, g, nil
}

// ID returns the room's id.
func (r *Room) ID() string { return r.id }

// Now returns the time of the tick that is being simulated, in microseconds since 1970: when the
// server meant it to be, by its clock. It rises with each tick. Where ticks will do, count ticks: this
// is for times that are told to other rooms, to backends, or to people.
func (r *Room) Now() int64 { return r.now }

// SetNow sets the time of the tick that comes next. One that is not above the last one's is raised to
// the next microsecond. It is for servers.
func (r *Room) SetNow(us int64) { r.now = max(us, r.now+1) }

// Heard returns between which times the commands and inputs that are being handled have come in, in
// microseconds since 1970 by the server's clock. Servers take in what clients have sent once a tick, so
// the exact time is not known: it was after since, when the server looked before, and not after until. Most
// times they are a tick apart, and more if the server was late; Now may be before until then, as ticks are
// made up for. Who must not be wronged by a server that is late is judged by since, and what must not be
// too early by until.
func (r *Room) Heard() (since, until int64) {
	if r.until == 0 {
		return r.now, r.now
	}
	return r.since, r.until
}

// SetHeard sets what Heard returns; a since that is after until is taken for until. It is for servers.
func (r *Room) SetHeard(since, until int64) { r.since, r.until = min(since, until), until }

// Dt returns the length of a tick, in seconds.
func (r *Room) Dt() float64 { return 1 / r.TickRate }

// End makes the room end after this tick. Its players' sessions end with it.
func (r *Room) End() { r.over = true }

// Over reports whether End was called.
func (r *Room) Over() bool { return r.over }

// Text returns an option's value. It panics if the kind has no such option.
func (r *Room) Text(name string) string {
	v, ok := r.options[name]
	if !ok {
		panic(fmt.Sprintf("world: option %q is not among the kind's Options", name))
	}
	return v
}

// Int returns an option's value as an integer. A value that is none, or not within lo
// and hi, both included, is an error that is fit for operators.
func (r *Room) Int(name string, lo, hi int) (int, error) {
	n, err := strconv.Atoi(r.Text(name))
	if err != nil || n < lo || n > hi {
		return 0, fmt.Errorf("option %s=%q: it must be a whole number from %d to %d", name, r.Text(name), lo, hi)
	}
	return n, nil
}

// Float returns an option's value as a number, as Int does.
func (r *Room) Float(name string, lo, hi float64) (float64, error) {
	x, err := strconv.ParseFloat(r.Text(name), 64)
	if err != nil || !(x >= lo && x <= hi) {
		return 0, fmt.Errorf("option %s=%q: it must be a number from %g to %g", name, r.Text(name), lo, hi)
	}
	return x, nil
}
