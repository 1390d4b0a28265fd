package replica

import (
	"encoding/binary"
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// ErrMalformed is wrapped by every error about a frame that can't be decoded.
var ErrMalformed = errors.New("replica: malformed frame")

// Frame is a ServerFrame taken apart. Its slices, and the bytes that they hold,
// are good until the next Parse, and only as long as the bytes that were parsed
// stay as they are. The zero value is ready; one Frame parses message after
// message and allocates nothing once it has grown, but for a welcome or an auth.
type Frame struct {
	Tick     uint32 // 0: there is no snapshot in the frame
	Skip     uint32
	Full     bool
	InputAck uint32

	// Hash is the server's hash of what the client should hold, if HasHash is
	// that it was sent.
	Hash    uint64
	HasHash bool

	// InputEarly is how early the client's inputs come, in ticks, if HasInputEarly is that it was
	// told: see ServerFrame.input_early.
	InputEarly    int
	HasInputEarly bool

	Events       []Event
	EntityHashes []EntityHash
	Welcome      *tickroomv1.Welcome // nil: none
	Replies      []Reply
	Pongs        []Pong
	Auth         *tickroomv1.Auth // nil: none

	removed, set, delta [][]byte

	alike  *alike // whose lists it has; nil: they are its own
	change uint64 // number of what it does to the state, among twins; 0: not known

	part  part  // of the last message
	parts parts // of which it is one
}

// Event is one event, oldest first among those of a frame.
type Event struct {
	ID   uint32 // in the schema
	Data []byte // its message, encoded
	Age  uint32 // ticks before the frame's
}

// EntityHash is the server's hash of what a client should hold of one entity.
type EntityHash struct {
	Entity, Group uint32
	Hash          uint64
}

// Reply answers a command.
type Reply struct {
	ID    uint32
	Code  tickroomv1.ReplyCode
	Error string
	Data  []byte
}

// Pong answers a ping.
type Pong struct {
	ClientTimeUS uint64 // as in the ping
	ServerTimeUS int64  // since 1970
	Tick         uint32
}

// Base returns the tick that the snapshot builds on. It has no meaning in a frame
// that is Full or has no snapshot.
func (f *Frame) Base() uint32 { return f.Tick - 1 - f.Skip }

// Parse takes apart an encoded ServerFrame. Fields that it doesn't know are
// passed over; the rows of tables are not looked at yet. The error wraps
// ErrMalformed.
//
// A frame that comes in parts is taken apart with the last of them; until then the
// Frame is empty, and Partial. After an error nothing is known of the parts before.
func (f *Frame) Parse(b []byte) error {
	err := f.parse(b)
	switch {
	case err != nil:
	case !f.part.there && f.parts.left == 0:
		return nil
	case !f.part.there:
		err = fmt.Errorf("%w: another message where %d bytes of a frame in parts are left", ErrMalformed, f.parts.left)
	default:
		b, err = f.parts.add(f.part)
		f.reset()
		if b == nil && err == nil {
			return nil
		}
		if err == nil {
			err = f.parse(b)
		}
		if err == nil && f.part.there {
			err = fmt.Errorf("%w: a part within parts", ErrMalformed)
		}
	}
	if err != nil {
		f.Abandon()
	}
	return err
}

// Partial reports whether what was parsed last was a part of a frame, and not its last one.
func (f *Frame) Partial() bool { return f.parts.left > 0 }

// Abandon forgets the parts of a frame that is not whole: its connection has ended.
func (f *Frame) Abandon() { f.parts.drop() }

func (f *Frame) reset() {
	if f.alike != nil { // the lists are not its own
		f.Events, f.removed, f.set, f.delta = nil, nil, nil, nil
	}
	*f = Frame{
		Events: f.Events[:0], EntityHashes: f.EntityHashes[:0], Replies: f.Replies[:0], Pongs: f.Pongs[:0],
		removed: f.removed[:0], set: f.set[:0], delta: f.delta[:0], parts: f.parts,
	}
}

func (f *Frame) parse(b []byte) error {
	f.reset()
	return f.fields(b)
}

// fields takes apart the fields in b, after those that were.
func (f *Frame) fields(b []byte) error {
	for len(b) > 0 {
		fd, rest, err := next(b)
		if err != nil {
			return err
		}
		switch fd.tag {
		case 1<<3 | varint:
			f.Tick = uint32(fd.num)
		case 2<<3 | varint:
			f.Skip = uint32(fd.num)
		case 3<<3 | varint:
			f.Full = fd.num != 0
		case 4<<3 | varint:
			f.InputAck = uint32(fd.num)
		case 5<<3 | lengthed, 5<<3 | varint: // varint: of a sender that doesn't pack; the same bytes
			f.removed = append(f.removed, fd.bytes)
		case 6<<3 | lengthed:
			f.set = append(f.set, fd.bytes)
		case 7<<3 | lengthed:
			f.delta = append(f.delta, fd.bytes)
		case 8<<3 | lengthed:
			f.Events = append(f.Events, Event{})
			err = f.Events[len(f.Events)-1].parse(fd.bytes)
		case 9<<3 | fixed64:
			f.Hash, f.HasHash = fd.num, true
		case 10<<3 | lengthed:
			f.EntityHashes = append(f.EntityHashes, EntityHash{})
			err = f.EntityHashes[len(f.EntityHashes)-1].parse(fd.bytes)
		case 11<<3 | lengthed:
			if f.Welcome == nil {
				f.Welcome = new(tickroomv1.Welcome)
			}
			err = merge(fd.bytes, f.Welcome, "welcome")
		case 12<<3 | lengthed:
			f.Replies = append(f.Replies, Reply{})
			err = f.Replies[len(f.Replies)-1].parse(fd.bytes)
		case 13<<3 | lengthed:
			f.Pongs = append(f.Pongs, Pong{})
			err = f.Pongs[len(f.Pongs)-1].parse(fd.bytes)
		case 14<<3 | lengthed:
			if f.Auth == nil {
				f.Auth = new(tickroomv1.Auth)
			}
			err = merge(fd.bytes, f.Auth, "auth")
		case 15<<3 | lengthed:
			err = f.part.parse(fd.bytes)
		case 16<<3 | varint:
			f.InputEarly, f.HasInputEarly = int(int32(uint32(fd.num)>>1)^-int32(fd.num&1)), true
		}
		if err != nil {
			return err
		}
		b = rest
	}
	if f.Tick != 0 && !f.Full && f.Skip >= f.Tick {
		return fmt.Errorf("%w: tick %d skips %d ticks, more than there were", ErrMalformed, f.Tick, f.Skip)
	}
	return nil
}

// merge decodes b into m, which may hold what an earlier field of the frame brought.
func merge(b []byte, m proto.Message, what string) error {
	if err := (proto.UnmarshalOptions{Merge: true}).Unmarshal(b, m); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrMalformed, what, err)
	}
	return nil
}

func (e *Event) parse(b []byte) error {
	for len(b) > 0 {
		fd, rest, err := next(b)
		if err != nil {
			return err
		}
		switch fd.tag {
		case 1<<3 | varint:
			e.ID = uint32(fd.num)
		case 2<<3 | lengthed:
			e.Data = fd.bytes
		case 3<<3 | varint:
			e.Age = uint32(fd.num)
		}
		b = rest
	}
	return nil
}

func (h *EntityHash) parse(b []byte) error {
	for len(b) > 0 {
		fd, rest, err := next(b)
		if err != nil {
			return err
		}
		switch fd.tag {
		case 1<<3 | varint:
			h.Entity = uint32(fd.num)
		case 2<<3 | varint:
			h.Group = uint32(fd.num)
		case 3<<3 | fixed64:
			h.Hash = fd.num
		}
		b = rest
	}
	return nil
}

func (r *Reply) parse(b []byte) error {
	for len(b) > 0 {
		fd, rest, err := next(b)
		if err != nil {
			return err
		}
		switch fd.tag {
		case 1<<3 | varint:
			r.ID = uint32(fd.num)
		case 2<<3 | varint:
			r.Code = tickroomv1.ReplyCode(int32(fd.num))
		case 3<<3 | lengthed:
			r.Error = string(fd.bytes)
		case 4<<3 | lengthed:
			r.Data = fd.bytes
		}
		b = rest
	}
	return nil
}

func (p *Pong) parse(b []byte) error {
	for len(b) > 0 {
		fd, rest, err := next(b)
		if err != nil {
			return err
		}
		switch fd.tag {
		case 1<<3 | varint:
			p.ClientTimeUS = fd.num
		case 2<<3 | varint:
			p.ServerTimeUS = int64(fd.num)
		case 3<<3 | varint:
			p.Tick = uint32(fd.num)
		}
		b = rest
	}
	return nil
}

// Wire types.
const (
	varint   = uint64(protowire.VarintType)
	fixed64  = uint64(protowire.Fixed64Type)
	lengthed = uint64(protowire.BytesType)
)

// field is one field of a message: its tag, and what goes with its wire type.
type field struct {
	tag   uint64
	num   uint64 // varint and fixed64
	bytes []byte // lengthed: the content; varint: its encoding
}

// next splits the first field off b, which is not empty.
func next(b []byte) (fd field, rest []byte, err error) {
	num, typ, n := protowire.ConsumeTag(b)
	if n < 0 {
		return fd, nil, malformed(n)
	}
	b = b[n:]
	fd.tag = uint64(num)<<3 | uint64(typ)
	switch uint64(typ) {
	case varint:
		if fd.num, n = protowire.ConsumeVarint(b); n > 0 {
			fd.bytes = b[:n]
		}
	case fixed64:
		if n = 8; len(b) < 8 {
			return fd, nil, malformed(protowire.ConsumeFieldValue(num, typ, b))
		}
		fd.num = binary.LittleEndian.Uint64(b)
	case lengthed:
		fd.bytes, n = protowire.ConsumeBytes(b)
	default:
		n = protowire.ConsumeFieldValue(num, typ, b)
	}
	if n < 0 {
		return fd, nil, malformed(n)
	}
	return fd, b[n:], nil
}

func malformed(n int) error { return fmt.Errorf("%w: %w", ErrMalformed, protowire.ParseError(n)) }
