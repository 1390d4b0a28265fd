package world

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/tickroom/tickroom/proto/schema"
)

// OnInput sets the handler of the players' inputs, messages of type T. The input is
// valid during the call only.
func OnInput[T any, P interface {
	*T
	schema.Message
}](r *Room, fn func(p *Player, in *T)) {
	in := new(T) // used again: a room's handlers run one at a time
	r.input = func(p *Player, data []byte) error {
		*in = *new(T)
		if err := P(in).UnmarshalProto(data); err != nil {
			return err
		}
		fn(p, in)
		return nil
	}
}

// OnCommand sets the handler of commands of type C. It returns the reply, an R, or an
// error that refuses the command and is shown to the player. For commands that have no reply in
// the schema there is OnOrder.
func OnCommand[C, R any, PC interface {
	*C
	schema.Command
}, PR interface {
	*R
	schema.Message
}](r *Room, fn func(p *Player, cmd *C) (*R, error)) {
	onCommand[C, PC](r, reflect.TypeFor[PR](), func(p *Player, cmd *C, reply []byte) ([]byte, error) {
		answer, err := fn(p, cmd)
		if err != nil || answer == nil {
			return reply, err
		}
		return PR(answer).AppendProto(reply), nil
	})
}

// OnOrder sets the handler of orders of type C: commands that have no reply in the schema. The
// client is told that the order was carried out, or the error that refuses it.
func OnOrder[C any, PC interface {
	*C
	schema.Command
}](r *Room, fn func(p *Player, order *C) error) {
	onCommand[C, PC](r, nil, func(p *Player, order *C, reply []byte) ([]byte, error) {
		return reply, fn(p, order)
	})
}

// commandHandler is what commands of one type are handed to.
type commandHandler struct {
	command reflect.Type
	reply   reflect.Type // nil: none
	handle  func(p *Player, data, reply []byte) ([]byte, error)
}

func onCommand[C any, PC interface {
	*C
	schema.Command
}](r *Room, answer reflect.Type, fn func(p *Player, cmd *C, reply []byte) ([]byte, error)) {
	r.commands[PC(new(C)).CommandID()] = commandHandler{reflect.TypeFor[PC](), answer, func(p *Player, data, reply []byte) ([]byte, error) {
		cmd := new(C)
		if err := PC(cmd).UnmarshalProto(data); err != nil {
			return reply, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		return fn(p, cmd, reply)
	}}
}

// replies returns in which way the handler of a command answers otherwise than the schema says, so
// that clients can't read the reply, or wait for none. Empty: it does not.
func (h *commandHandler) replies(c *schema.CommandInfo) string {
	switch {
	case c.New == nil || reflect.TypeOf(c.New()) != h.command:
	case c.NewReply == nil && h.reply != nil:
		return fmt.Sprintf("the handler of command %s replies with a %s, which clients pass over: the schema has no reply. world.OnOrder sets a handler without one", c.Name, h.reply.Elem())
	case c.NewReply != nil && h.reply == nil:
		return fmt.Sprintf("the handler of command %s has no reply, so that clients read an empty %s: set it with world.OnCommand", c.Name, c.Reply)
	case c.NewReply != nil && reflect.TypeOf(c.NewReply()) != h.reply:
		return fmt.Sprintf("the handler of command %s replies with a %s, and clients read a %s", c.Name, h.reply.Elem(), c.Reply)
	}
	return ""
}

// Errors of HandleInput and HandleCommand.
var (
	ErrMalformed      = errors.New("malformed message")
	ErrUnknownCommand = errors.New("unknown command")
)

// BackPerTick is how many units of Input.Back there are in a tick.
const BackPerTick = 16

// Input is an input as a server hands it over.
type Input struct {
	// Seq is its sequence number.
	Seq uint32
	// Back is how far the picture that the player was looking at was behind the tick that is
	// simulated, in 1/BackPerTick ticks, as far as the server believes it. 0: it is not known.
	Back uint32
	// Data is the encoded message. Empty, if the player's input has not come and the kind has a
	// neutral one in its place.
	Data []byte
}

// HandleInput hands an encoded input to the game. It is for servers.
func (r *Room) HandleInput(p *Player, in Input) error {
	p.InputSeq, p.back = in.Seq, in.Back
	if r.input == nil {
		return nil
	}
	if err := r.input(p, in.Data); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}

// HandleCommand hands an encoded command to the game and appends the encoded
// answer to reply. The error is, or wraps, ErrUnknownCommand, ErrMalformed or ErrTalk, or
// is the game's refusal.
func (r *Room) HandleCommand(p *Player, id uint32, data, reply []byte) ([]byte, error) {
	h, ok := r.commands[id]
	if !ok {
		return reply, fmt.Errorf("%w: %d", ErrUnknownCommand, id)
	}
	if err := r.mayTell(p, id); err != nil {
		return reply, err
	}
	before := r.World.told
	reply, err := h.handle(p, data, reply)
	r.hasTold(p, id, r.World.told-before)
	return reply, err
}
