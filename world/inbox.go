package world

import (
	"slices"

	"github.com/tickroom/tickroom/proto/schema"
)

// Inbox says what backends may post to rooms of a kind, and to topics that these listen to. See
// Kind.Inbox.
type Inbox struct {
	// Messages are those that backends may post, one of each type. Others of the schema are what
	// rooms tell each other, and backends.
	Messages []schema.Posted
	// Check returns what is wrong with a message that a backend wants to post to a topic: then it
	// is told so, and the message is not posted. The error names the field, and is fit for the
	// backend. show is the name of the show without which nobody would hear the message; empty:
	// there need be none. Check is called on any goroutine, outside rooms, and looks at nothing but
	// its arguments, of which the message is its own. nil: all are good.
	Check func(topic string, m schema.Posted) (show string, err error)
	// Opens has the show of a message made if it is not there, though nobody watches, so that what was
	// taken is done.
	Opens bool
}

// Takes reports whether backends may post messages with an id to rooms of the kind.
func (k *Kind) Takes(id uint32) bool {
	return k.Inbox == nil || slices.ContainsFunc(k.Inbox.Messages, func(m schema.Posted) bool { return m.MessageID() == id })
}

// CheckPost returns what Inbox.Check does, if there is one.
func (k *Kind) CheckPost(topic string, m schema.Posted) (show string, err error) {
	if k.Inbox == nil || k.Inbox.Check == nil {
		return "", nil
	}
	return k.Inbox.Check(topic, m)
}
