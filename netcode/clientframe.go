package netcode

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrFrame is wrapped by the errors of messages that can't be decoded.
var ErrFrame = errors.New("netcode: malformed message")

// Bounds of one ClientFrame.
const (
	MaxFrameInputs   = 64
	MaxFrameCommands = 16
)

// TooManyError is the error of a message that has more of something than one may have. It
// wraps ErrFrame.
type TooManyError struct {
	What string // "inputs" or "commands"
	Max  int    // how many there may be
}

// Error says what there are too many of.
func (e *TooManyError) Error() string { return fmt.Sprintf("%v: %s", ErrFrame, e.Text()) }

// Text is Error in short, as the sender may be told in a close frame.
func (e *TooManyError) Text() string {
	return fmt.Sprintf("more than %d %s in a message", e.Max, e.What)
}

// Unwrap returns ErrFrame.
func (e *TooManyError) Unwrap() error { return ErrFrame }

// ClientFrame is a decoded message of a client that has been seated. Its byte
// slices are parts of the message. It is used for one message after another and
// allocates nothing once it has grown.
type ClientFrame struct {
	Ack      uint32
	Inputs   []Input
	Commands []Command
	Ping     bool
	PingTime uint64
	Every    uint32
	Mismatch bool
	Hello    []byte // the encoded Hello, nil if there is none
	Token    []byte // a new token of the same player, empty if there is none; a secret
}

// Input is one input of a ClientFrame.
type Input struct {
	Seq, Tick uint32
	Data      []byte
	Sees      uint32 // how far the picture was behind Tick, in 1/16 ticks; 0: not told
}

// Command is one command of a ClientFrame.
type Command struct {
	ID, Command uint32
	Data        []byte
}

// Parse decodes a message, without reflection: every client sends one per tick.
// A field is recognised by number and wire type together, as in protobuf; others are
// skipped.
func (f *ClientFrame) Parse(b []byte) error {
	*f = ClientFrame{Inputs: f.Inputs[:0], Commands: f.Commands[:0]}
	for len(b) > 0 {
		tag, v, p, rest, err := field(b)
		if err != nil {
			return err
		}
		b = rest
		switch tag {
		case 1<<3 | varint:
			f.Ack = uint32(v)
		case 2<<3 | bytes:
			if len(f.Inputs) == MaxFrameInputs {
				return &TooManyError{"inputs", MaxFrameInputs}
			}
			f.Inputs = append(f.Inputs, Input{})
			in := &f.Inputs[len(f.Inputs)-1]
			if in.Seq, in.Tick, in.Data, in.Sees, err = numbered(p); err != nil {
				return err
			}
		case 3<<3 | bytes:
			if len(f.Commands) == MaxFrameCommands {
				return &TooManyError{"commands", MaxFrameCommands}
			}
			f.Commands = append(f.Commands, Command{})
			c := &f.Commands[len(f.Commands)-1]
			if c.ID, c.Command, c.Data, _, err = numbered(p); err != nil {
				return err
			}
		case 4<<3 | bytes:
			f.Ping = true
			for len(p) > 0 {
				tag, v, _, rest, err := field(p)
				if err != nil {
					return err
				}
				if p = rest; tag == 1<<3|varint {
					f.PingTime = v
				}
			}
		case 5<<3 | bytes:
			f.Hello = p
		case 6<<3 | varint:
			f.Every = uint32(v)
		case 7<<3 | varint:
			f.Mismatch = v != 0
		case 8<<3 | bytes:
			f.Token = p
		}
	}
	return nil
}

// numbered decodes an Input or a CommandData, which are alike: two numbers, an
// encoded message, and of an input another number.
func numbered(p []byte) (a, b uint32, data []byte, c uint32, err error) {
	for len(p) > 0 {
		tag, v, d, rest, err := field(p)
		if err != nil {
			return 0, 0, nil, 0, err
		}
		p = rest
		switch tag {
		case 1<<3 | varint:
			a = uint32(v)
		case 2<<3 | varint:
			b = uint32(v)
		case 3<<3 | bytes:
			data = d
		case 4<<3 | varint:
			c = uint32(v)
		}
	}
	return a, b, data, c, nil
}

const (
	varint = uint64(protowire.VarintType)
	bytes  = uint64(protowire.BytesType)
)

// field takes the first field off a message: its tag, and its value if that is a
// number or bytes.
func field(b []byte) (tag, v uint64, data, rest []byte, err error) {
	num, typ, n := protowire.ConsumeTag(b)
	if n < 0 {
		return 0, 0, nil, nil, fmt.Errorf("%w: %w", ErrFrame, protowire.ParseError(n))
	}
	b = b[n:]
	switch typ {
	case protowire.VarintType:
		v, n = protowire.ConsumeVarint(b)
	case protowire.BytesType:
		data, n = protowire.ConsumeBytes(b)
	default:
		n = protowire.ConsumeFieldValue(num, typ, b)
	}
	if n < 0 {
		return 0, 0, nil, nil, fmt.Errorf("%w: %w", ErrFrame, protowire.ParseError(n))
	}
	return protowire.EncodeTag(num, typ), v, data, b[n:], nil
}
