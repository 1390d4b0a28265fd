package journal

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tickroom/tickroom/world"
)

// The numbers of the fields of JournalEntry, and of the messages in it. TestEncodes holds them to the
// generated code.
const (
	fieldEntry = 2 // of JournalBlock

	fieldOp      = 1
	fieldPlayer  = 2
	fieldNumber  = 3
	fieldData    = 4
	fieldID      = 5
	fieldTopic   = 6
	fieldFlag    = 7
	fieldSeconds = 8
	fieldRoles   = 9
	fieldFrom    = 10
	fieldOutcome = 11
	fieldWho     = 12
	fieldHash    = 13
	fieldSince   = 14
	fieldSession = 15
	fieldBack    = 16
)

// The ops of entries that are no calls.
const (
	opHash    = ops + iota // of the hash of a tick
	opSession              // whose session a player is
	opBarred               // a backend has locked the room, or has not
	allOps
)

// times are those that the times of the next tick are told by.
type times struct{ now, heard int64 } // µs since 1970

// appendCall appends a call as an entry of a block.
func appendCall(b []byte, c *Call, last *times) []byte {
	var room [64]byte
	e := appendUint(room[:0], fieldOp, uint64(c.Op))
	if c.Player != nil {
		e = appendUint(e, fieldPlayer, uint64(c.Player.ID))
	}
	switch c.Op {
	case OpNow:
		e = appendUint(e, fieldNumber, protowire.EncodeZigZag(int64(c.Number)-last.now))
		last.now = int64(c.Number)
	case OpHeard:
		e = appendUint(e, fieldNumber, protowire.EncodeZigZag(int64(c.Number)-last.heard))
		e = appendUint(e, fieldSince, protowire.EncodeZigZag(c.Since-last.heard))
		last.heard = int64(c.Number)
	case OpShowEpoch, OpCommand:
		e = appendUint(e, fieldNumber, protowire.EncodeZigZag(int64(c.Number)))
	}
	e = appendBytes(e, fieldData, c.Data)
	e = appendUint(e, fieldID, uint64(c.ID))
	e = appendBytes(e, fieldTopic, c.Topic)
	e = appendBool(e, fieldFlag, c.Flag)
	if c.Seconds != 0 {
		e = protowire.AppendFixed64(protowire.AppendTag(e, fieldSeconds, protowire.Fixed64Type), math.Float64bits(c.Seconds))
	}
	for _, role := range c.Roles {
		e = protowire.AppendString(protowire.AppendTag(e, fieldRoles, protowire.BytesType), role)
	}
	if c.From != nil {
		if c.From.Player != nil {
			e = appendUint(e, fieldPlayer, uint64(c.From.Player.ID))
		}
		e = appendMessage(e, fieldFrom, appendPosting(nil, c.From))
	}
	if c.Outcome != nil {
		e = appendMessage(e, fieldOutcome, appendOutcome(nil, c.Outcome))
	}
	if c.Op == OpJoin {
		e = appendMessage(e, fieldWho, appendWho(nil, c.Player))
	}
	return appendMessage(b, fieldEntry, e)
}

// appendInput appends an input, of which there are more than of all else.
func appendInput(b []byte, p *world.Player, in world.Input) []byte {
	player, data := uint64(p.ID), in.Data
	number := protowire.EncodeZigZag(int64(in.Seq) - int64(p.InputSeq) - 1)
	if in.Back == 0 && player > 0 && player < 0x80 && number == 0 && len(data) > 0 && len(data) < 0x70 { // nearly always
		b = append(b, fieldEntry<<3|byte(protowire.BytesType), byte(4+len(data)), fieldPlayer<<3|byte(protowire.VarintType), byte(player),
			fieldData<<3|byte(protowire.BytesType), byte(len(data)))
		return append(b, data...)
	}
	n := 1 + protowire.SizeVarint(player)
	if number != 0 {
		n += 1 + protowire.SizeVarint(number)
	}
	if len(data) > 0 {
		n += 1 + protowire.SizeBytes(len(data))
	}
	if in.Back != 0 {
		n += protowire.SizeTag(fieldBack) + protowire.SizeVarint(uint64(in.Back))
	}
	b = append(b, fieldEntry<<3|byte(protowire.BytesType))
	b = protowire.AppendVarint(b, uint64(n))
	b = appendUint(b, fieldPlayer, player)
	b = appendUint(b, fieldNumber, number)
	b = appendBytes(b, fieldData, data)
	if in.Back != 0 {
		b = protowire.AppendVarint(protowire.AppendTag(b, fieldBack, protowire.VarintType), uint64(in.Back))
	}
	return b
}

func appendUint(b []byte, field byte, v uint64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(append(b, field<<3|byte(protowire.VarintType)), v)
}

func appendBool(b []byte, field byte, v bool) []byte {
	return appendUint(b, field, protowire.EncodeBool(v))
}

func appendBytes[T string | []byte](b []byte, field byte, v T) []byte {
	if len(v) == 0 {
		return b
	}
	b = protowire.AppendVarint(append(b, field<<3|byte(protowire.BytesType)), uint64(len(v)))
	return append(b, v...)
}

// appendMessage appends a message that may be empty.
func appendMessage(b []byte, field byte, m []byte) []byte {
	b = protowire.AppendVarint(append(b, field<<3|byte(protowire.BytesType)), uint64(len(m)))
	return append(b, m...)
}

func appendPosting(b []byte, p *world.Posting) []byte {
	b = appendBytes(b, 1, p.Topic)
	b = appendBytes(b, 2, p.From)
	b = appendUint(b, 3, p.Number)
	b = appendBytes(b, 4, p.Type)
	b = appendBytes(b, 5, p.Key)
	return appendUint(b, 6, uint64(p.At))
}

func appendOutcome(b []byte, o *world.Outcome) []byte {
	b = appendUint(b, 1, o.Job)
	b = appendBytes(b, 2, o.Data)
	b = appendBytes(b, 3, o.Err)
	return appendBool(b, 4, o.Late)
}

func appendWho(b []byte, p *world.Player) []byte {
	b = appendBytes(b, 1, p.Name)
	b = appendBool(b, 2, p.Spectator)
	b = appendBytes(b, 3, p.PlayerID)
	for _, role := range p.Roles {
		b = appendMessage(b, 4, []byte(role))
	}
	b = appendBool(b, 5, p.InMatch)
	b = appendUint(b, 6, uint64(int64(int32(p.Team))))
	b = appendBytes(b, 7, p.Role)
	if p.Network != 0 {
		b = protowire.AppendFixed64(protowire.AppendTag(b, 8, protowire.Fixed64Type), p.Network)
	}
	return b
}

// state is what a hash entry has.
type state struct {
	tables []uint64
	random []byte
	rows   uint64
}

func appendHash(b []byte, s *state) []byte {
	n := 1 + 8 + 1 + protowire.SizeBytes(8*len(s.tables)) + 1 + protowire.SizeBytes(len(s.random))
	b = append(b, fieldEntry<<3|byte(protowire.BytesType))
	b = protowire.AppendVarint(b, uint64(2+1+protowire.SizeBytes(n)))
	b = appendUint(b, fieldOp, uint64(opHash))
	b = append(b, fieldHash<<3|byte(protowire.BytesType))
	b = protowire.AppendVarint(b, uint64(n))
	b = protowire.AppendFixed64(append(b, 1<<3|byte(protowire.Fixed64Type)), s.rows)
	b = append(b, 2<<3|byte(protowire.BytesType))
	b = protowire.AppendVarint(b, uint64(8*len(s.tables)))
	for _, h := range s.tables {
		b = protowire.AppendFixed64(b, h)
	}
	return protowire.AppendBytes(append(b, 3<<3|byte(protowire.BytesType)), s.random)
}

// appendSession appends whose session a player is.
func appendSession(b []byte, player uint32, session []byte) []byte {
	e := appendUint(nil, fieldOp, uint64(opSession))
	e = appendUint(e, fieldPlayer, uint64(player))
	return appendMessage(b, fieldEntry, appendMessage(e, fieldSession, session))
}

// appendBarred appends whether a backend has locked the room.
func appendBarred(b []byte, on bool) []byte {
	return appendMessage(b, fieldEntry, appendBool(appendUint(nil, fieldOp, uint64(opBarred)), fieldFlag, on))
}

// entries returns what is behind the number of the tick in the content of a block.
func entries(block []byte) []byte {
	if len(block) == 0 {
		return nil
	}
	_, n := protowire.ConsumeVarint(block[1:])
	return block[1+max(0, n):]
}
