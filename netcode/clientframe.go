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
}

// Input is one input of a ClientFrame.
type Input struct {
	Seq, Tick uint32
	Data      []byte
}

// Command is one command of a ClientFrame.
type Command struct {
	ID, Command uint32
	Data        []byte
}

// Parse decodes a message, without reflection: every client sends one per tick.
func (f *ClientFrame) Parse(b []byte) error {
	*f = ClientFrame{Inputs: f.Inputs[:0], Commands: f.Commands[:0]}
	return fields(b, func(num protowire.Number, v uint64, p []byte) error {
		switch num {
		case 1:
			f.Ack = uint32(v)
		case 2:
			if len(f.Inputs) == MaxFrameInputs {
				return fmt.Errorf("%w: more than %d inputs", ErrFrame, MaxFrameInputs)
			}
			f.Inputs = append(f.Inputs, Input{})
			in := &f.Inputs[len(f.Inputs)-1]
			for len(p) > 0 {
				num, v, data, rest, err := field(p)
				if err != nil {
					return err
				}
				p = rest
				switch num {
				case 1:
					in.Seq = uint32(v)
				case 2:
					in.Tick = uint32(v)
				case 3:
					in.Data = data
				}
			}
		case 3:
			if len(f.Commands) == MaxFrameCommands {
				return fmt.Errorf("%w: more than %d commands", ErrFrame, MaxFrameCommands)
			}
			f.Commands = append(f.Commands, Command{})
			c := &f.Commands[len(f.Commands)-1]
			for len(p) > 0 {
				num, v, data, rest, err := field(p)
				if err != nil {
					return err
				}
				p = rest
				switch num {
				case 1:
					c.ID = uint32(v)
				case 2:
					c.Command = uint32(v)
				case 3:
					c.Data = data
				}
			}
		case 4:
			f.Ping = true
			for len(p) > 0 {
				num, v, _, rest, err := field(p)
				if err != nil {
					return err
				}
				p = rest
				if num == 1 {
					f.PingTime = v
				}
			}
		case 5:
			f.Hello = p
		case 6:
			f.Every = uint32(v)
		case 7:
			f.Mismatch = v != 0
		}
		return nil
	})
}

// wireTypes of the known fields of ClientFrame, Input, CommandData and Ping are
// those that field gives a value for; a field with another type is unknown.
func field(b []byte) (num protowire.Number, v uint64, data, rest []byte, err error) {
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
		num = 0
	}
	if n < 0 {
		return 0, 0, nil, nil, fmt.Errorf("%w: %w", ErrFrame, protowire.ParseError(n))
	}
	return num, v, data, b[n:], nil
}

func fields(b []byte, fn func(num protowire.Number, v uint64, data []byte) error) error {
	for len(b) > 0 {
		num, v, data, rest, err := field(b)
		if err != nil {
			return err
		}
		b = rest
		if err := fn(num, v, data); err != nil {
			return err
		}
	}
	return nil
}
