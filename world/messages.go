package world

import (
	"errors"
	"fmt"

	"github.com/tickroom/tickroom/proto/schema"
)

// Posting is where a message comes from.
type Posting struct {
	// Topic is the one by which the message came.
	Topic string
	// From is the id of the room that has posted it; empty: a backend.
	From string
	// Number is that of the message in its topic. Numbers rise, with gaps.
	Number uint64
	// Type is the full name of the message's type; empty: whoever posted it did not say.
	Type string
	// Key is the idempotency key that a backend gave; it may be empty.
	Key string
	// At is when the bus took the message, in microseconds since 1970 by the bus's own clock; 0: it
	// is not known.
	At int64
	// Player is to whom the message was posted; nil: to nobody in particular.
	Player *Player
}

// Hearing is implemented by a Game that wants to know whether the messages of its topics reach
// it: of those that it listens to, and of the room's own.
type Hearing interface {
	// Deaf is called when a topic does not reach the room for now. What is posted meanwhile
	// comes later.
	Deaf(topic string)
	// Hears is called when a topic reaches the room, for the first time or again, and when
	// missed is true: messages were posted that the bus does not keep any more, and the room
	// has not been handed them.
	Hears(topic string, missed bool)
}

// OnMessage sets the handler of messages of type M, which other rooms and backends post to topics
// that the room listens to, to the room itself, or to one of its players. Each message is handed
// over once, before the commands and inputs of a tick: those of one topic in the order in which
// they were posted. m is the handler's to keep, and from is valid during the call only.
func OnMessage[M any, PM interface {
	*M
	schema.Posted
}](r *Room, fn func(from *Posting, m *M)) {
	if r.messages == nil {
		r.messages = map[uint32]func(from *Posting, data []byte) error{}
	}
	r.messages[PM(new(M)).MessageID()] = func(from *Posting, data []byte) error {
		m := new(M)
		if err := PM(m).UnmarshalProto(data); err != nil {
			return fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		fn(from, m)
		return nil
	}
}

// ErrUnknownMessage is what HandleMessage returns for a message that the game has no handler for, or
// that is of another schema.
var ErrUnknownMessage = errors.New("unknown message")

// HandleMessage hands an encoded message to the game, and reports whether it did: a message
// with a number that is not above that of its topic's last one has been there before, and one of
// a topic that the room does not listen to comes too late; both are passed over. For one to a
// player from.Player is set. The error is, or wraps, ErrUnknownMessage or ErrMalformed. It is for
// servers.
func (r *Room) HandleMessage(from *Posting, id uint32, data []byte) (handed bool, err error) {
	last := r.lastNumber(from)
	if last == nil || from.Number <= *last {
		return false, nil
	}
	*last = from.Number
	handle, ok := r.messages[id]
	if !ok {
		return false, fmt.Errorf("%w: %d %s", ErrUnknownMessage, id, from.Type)
	}
	if own := r.messageType(id); from.Type != own && from.Type != "" && own != "" {
		return false, fmt.Errorf("%w: %s, which is of another schema than the room's %s", ErrUnknownMessage, from.Type, own)
	}
	if err := handle(from, data); err != nil {
		return false, err
	}
	return true, nil
}

// messageType returns the full name of a message of the room's schema; empty: there is none.
func (r *Room) messageType(id uint32) string {
	if r.schema == nil {
		return ""
	}
	if m := r.schema.Message(id); m != nil {
		return m.Name
	}
	return ""
}

// lastNumber returns where the number of a topic's last message stands; nil: the room does not
// listen to the topic.
func (r *Room) lastNumber(from *Posting) *uint64 {
	if from.Player != nil {
		return &from.Player.message
	}
	if t := r.topic(from.Topic); t != nil {
		return &t.last
	}
	return nil
}
