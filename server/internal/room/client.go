package room

import (
	"net/netip"
	"time"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/netcode"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/world"
)

// Client is one player's session in a room, and its connection.
type Client struct {
	// The session's, set by the room's goroutine.
	player    *world.Player
	token     string            // with which the session is resumed; a secret. Empty: the client has not shown it since the room was made again
	hash      tokenHash         // of the token
	remade    bool              // the room was made again, and the client has not come back since
	identity  identity.Identity // newest of the player
	holdUntil uint32            // by Engine.clock, when a session that is held ends
	arrived   uint32            // tick in which it last came to have a connection after it had none
	stayed    uint32            // ticks for which it had one before
	unshare   func()            // gives back what Config.MayHold counts of a session that is held; nil: nothing

	// The connection's, set by the room's goroutine when there is a new one.
	conn        socket.Conn // nil while the session is held
	addr        netip.Addr
	fingerprint uint64 // of the schema that the client knows
	greet       bool   // a welcome is due
	resumed     bool   // it is one to a session that was there before
	parts       bool   // it takes long messages in parts
	account     Account

	// Of the one worker that reads or writes the client in a phase of the tick, and of
	// the room's goroutine between the phases.
	down         netcode.Downlink
	in           netcode.Inputs
	commands     []command // of which ncmds wait
	ncmds        int
	lastCommand  uint32   // highest number of a command
	pongs        []uint64 // the clients' times of pings that wait for an answer
	answers      []byte   // fields of a ServerFrame that must reach the client
	kept         kept     // answers that were sent
	newToken     []byte   // one that came, to be checked; a secret. Empty: none
	heard        uint32   // tick in which the client last said something
	bytes        uint64   // received half the idle time after that
	sampled      uint32   // the heard that bytes belongs to, and 1; 0: none
	watched      bool     // nothing was heard for half the idle time: it is looked whether bytes drain
	taken        uint64   // by the network, when that was last looked at
	drained      uint32   // tick in which it had last taken some that had to wait; 0: none
	messages     bucket   // limits messages
	commandLimit bucket
	tokenLimit   bucket
	first        bool  // the connection's first message waits, of which account knows
	again        again // what it was sent anew
	over         error // why the connection ended, or is to end; nil: it goes on

	// The room's goroutine's, for inspections.
	checking  bool      // a token is being checked
	since     time.Time // when the room first looked at when the identity expires
	reminded  bool      // the client was told that it does
	byteLimit bucket
	trips     trips  // samples of round-trip times
	counted   uint64 // bytes of the connection that byteLimit has been charged
}

// command is one that waits for the next step.
type command struct {
	id, command uint32
	data        []byte
}

// Player returns the client's player.
func (c *Client) Player() *world.Player { return c.player }
