package client

import (
	"errors"
	"fmt"

	"github.com/tickroom/tickroom/netcode/replica"
	"github.com/tickroom/tickroom/proto/schema"
)

// MaxName is the most bytes that a player's name may have.
const MaxName = 64

// Config is what a session says in its hello, and what it expects.
type Config struct {
	// Kind is the kind of room to join.
	Kind string
	// Room is a certain room's id. Empty: any of the kind.
	Room string
	// Name is what the player wants to be called; at most MaxName bytes.
	Name string
	// Schema is the generated schema of the game. Nil: the program has none and
	// takes the server's, for reading cells.
	Schema *schema.Schema
	// HashEvery is how many ticks lie between two checks of the state's hash. 0:
	// no checks.
	HashEvery uint32
	// Every asks for one snapshot in so many ticks. 0 and 1: one in each.
	Every uint32
	// Options is what the room is to be like, by the options of its kind that clients may
	// choose: it is one that was made with just these, or a new one. With a Room or a Seat
	// they are not looked at.
	Options map[string]string
	// Data is what the game asks of a joiner, encoded as the game says.
	Data []byte
	// Spectate asks to watch, without a part in the game.
	Spectate bool
	// Token says who the player is: one that the game's account service has signed.
	// Empty: a guest, where the server takes those. It is a secret. SetToken replaces
	// it.
	Token string
	// Seat is one from the matchmaker. It is good once, so it is not shown any more
	// after the first welcome. Kind and Room may be left out with it.
	Seat string
	// Twins, if not nil, are others of which most are sent the same as this session, as in the audience
	// of a live room: they share the work. Receive, and what uses the replica, is then for
	// one goroutine for all of them.
	Twins *replica.Twins
}

// certain reports whether the player wants a certain room: then no other will do.
func (c *Config) certain() bool { return c.Room != "" || c.Seat != "" }

func (c *Config) check() error {
	switch {
	case c.Kind == "" && c.Room == "" && c.Seat == "":
		return errors.New("client: neither a kind nor a room nor a seat to join with")
	case len(c.Name) > MaxName:
		return fmt.Errorf("client: the name %q has %d bytes, more than %d", c.Name, len(c.Name), MaxName)
	case len(c.Token) > MaxToken:
		return fmt.Errorf("client: %w", tokenTooLong(c.Token))
	}
	return nil
}
