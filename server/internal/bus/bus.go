// Package bus carries messages by topic between rooms, and from backends to rooms.
//
// A Bus keeps the newest messages of each topic and hands them, in their order, to who listens. What
// a listener does not take is offered again, for as long as it is kept. Memory is the bus of one
// process; package redisbus has the one of several. A Line connects a room with the bus.
//
//	bus.go     what a bus is
//	memory.go  the bus of one process
//	line.go    a room's end of it
package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/tickroom/tickroom/world"
)

// Message is one that was posted. It is not to be changed.
type Message struct {
	Topic  string
	From   string // id of the room that has posted it; empty: a backend
	Number uint64 // rises within its topic
	Key    string // idempotency key of a backend; may be empty
	ID     uint32 // of its type in the schema of the game
	Type   string // full name of that; may be empty
	At     int64  // when the bus took it: microseconds since 1970
	Data   []byte // encoded
}

// Draft is a message that a backend posts.
type Draft struct {
	Topic string
	// Key, if it is not empty, makes the message one with those of the same topic and key that
	// were posted in the last while (config.Bus.Keys). What else was posted with it is refused.
	Key string
	// ID is that of the message's type in the schema of a game, and Type its full name, by which
	// rooms of other games know that the message is not for them. It may be empty.
	ID   uint32
	Type string
	Data []byte
}

// Check returns what is wrong with a draft, nil if nothing is. It is fit for backends.
func (d *Draft) Check() error {
	switch err := world.CheckTopic(d.Topic); {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrBad, err)
	case len(d.Key) > MaxKey:
		return fmt.Errorf("%w: the key has %d bytes; at most %d are allowed", ErrBad, len(d.Key), MaxKey)
	case len(d.Type) > MaxKey:
		return fmt.Errorf("%w: the name of the type has %d bytes; at most %d are allowed", ErrBad, len(d.Type), MaxKey)
	case len(d.Data) > world.MaxPost:
		return fmt.Errorf("%w: the message has %d bytes; at most %d are allowed", ErrBad, len(d.Data), world.MaxPost)
	}
	return nil
}

// MaxKey is the longest key, and the longest name of a type, in bytes.
const MaxKey = 256

// Errors of Bus.Post.
var (
	// ErrAway says that the bus can't be reached: whether the message was posted is not known,
	// and it may be posted again with the same key.
	ErrAway = errors.New("the bus can't be reached")
	// ErrBad says that the message can't be posted as it is.
	ErrBad = errors.New("bad message")
	// ErrKey says that another message was posted to the topic with the key: another type, or
	// other data. It was not posted.
	ErrKey = errors.New("the key was used for another message")
	// ErrFull says that too many messages wait to be posted.
	ErrFull = errors.New("too many messages wait to be posted")
)

// Bus carries messages. Its methods may be called from any goroutine.
type Bus interface {
	// Post posts a message of a backend, and returns its number when the bus has it: that of the
	// first one, if one with its key was posted before. It blocks until ctx is done at most. The
	// error is, or wraps, ErrBad, ErrKey, ErrAway, ErrFull, or that of ctx.
	Post(ctx context.Context, d *Draft) (number uint64, err error)

	// Posted returns the number of the message that was posted to a draft's topic with its key; 0: there
	// is none, or it is forgotten. It blocks until ctx is done at most. The error is, or wraps, ErrKey,
	// ErrAway, or that of ctx.
	Posted(ctx context.Context, d *Draft) (number uint64, err error)

	// Send posts messages of a room, in their order. It does not block, and returns how many
	// are not posted since there are too many that wait; others are posted when the bus can be
	// reached, also if that is later.
	Send(room string, posts []world.Post) (lost int)

	// Subscribe has the messages of a topic handed to a listener, from now on or from the oldest
	// one that is kept. It does not block. Calls of the listener for one subscription come one
	// after the other, and may come before Subscribe returns.
	Subscribe(topic string, since world.Since, l Listener) Subscription

	// Run carries the messages until ctx is done. It is to be called once.
	Run(ctx context.Context)
}

// Listener is who hears topics. Its methods must not block and not call the bus.
type Listener interface {
	// Hear takes a message, and reports whether there was a place for it. If not, it is offered
	// again after Subscription.Resume, before all that come later.
	Hear(m *Message) bool
	// Deaf is called when the messages of a topic can't come for now.
	Deaf(topic string)
	// Hears is called when they come, for the first time or again; and each time that messages
	// are not kept any more which the listener has not taken, with missed.
	Hears(topic string, missed bool)
}

// Subscription is a listener's to a topic. Its methods do not block.
type Subscription interface {
	// Resume has messages offered again that the listener did not take.
	Resume()
	// Close ends it. A call of the listener that is under way may go on.
	Close()
}
