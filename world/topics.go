package world

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Since says from which message on a room hears a topic.
type Since uint8

const (
	// Now is from the next message that is posted.
	Now Since = iota
	// Start is from the oldest message that the bus still keeps.
	Start
)

// MaxTopic is the longest name of a topic, in bytes.
const MaxTopic = 128

// MaxTopics is how many topics a room may listen to.
const MaxTopics = 64

// CheckTopic returns what is wrong with a topic's name, nil if nothing is: it has 1 to MaxTopic
// letters and digits of ASCII and ".", "_", ":", "/", "-".
func CheckTopic(topic string) error {
	if topic == "" || len(topic) > MaxTopic {
		return fmt.Errorf("the topic %q has %d bytes; it must have 1 to %d", topic[:min(len(topic), 200)], len(topic), MaxTopic)
	}
	for _, c := range []byte(topic) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '.', c == '_', c == ':', c == '/', c == '-':
		default:
			return fmt.Errorf("the topic %q has a %q in it; letters, digits and . _ : / - are allowed", topic, c)
		}
	}
	return nil
}

// RoomTopic returns the topic of a room, which it always listens to.
func RoomTopic(id string) string { return "room/" + id }

// PlayerTopic returns the topic of a player, by Player.PlayerID: the rooms hear it in which the
// player is. What is posted while it is in none is heard by nobody. It is player/ID, unless the id can't
// be in a topic: then it is player/x: and the id's SHA-256 in hex.
func PlayerTopic(id string) string {
	const begins, hashed = "player/", "x:"
	if topic := begins + id; CheckTopic(topic) == nil && !strings.HasPrefix(id, hashed) {
		return topic
	}
	sum := sha256.Sum256([]byte(id))
	return begins + hashed + hex.EncodeToString(sum[:])
}

// Topic is one that a room listens to.
type Topic struct {
	Name string
	From Since
}

// topic is a Topic with what the room has heard of it.
type topic struct {
	Topic
	last uint64 // number of the last message
}

func (r *Room) topic(name string) *topic {
	for i := range r.topics {
		if r.topics[i].Name == name {
			return &r.topics[i]
		}
	}
	return nil
}

// Listen has the messages of a topic handed to the handlers that OnMessage sets. From Start the
// room is handed those first that the bus has kept. It does nothing for a topic that the room
// listens to, and logs an error for one that can't be: see CheckTopic and MaxTopics, and a player's
// topic is the player's.
func (r *Room) Listen(name string, from Since) {
	switch err := CheckTopic(name); {
	case err != nil:
		r.Log.Error("a topic can't be listened to", "error", err)
	case r.topic(name) != nil:
	case len(r.topics) > MaxTopics: // the room's own comes on top
		r.Log.Error("a topic is not listened to: a room may listen to no more", "topic", name, "max", MaxTopics)
	default:
		r.topics = append(r.topics, topic{Topic: Topic{name, from}})
		r.retuned++
	}
}

// Unlisten has no more messages of a topic handed over. The room's own topic can't be left.
func (r *Room) Unlisten(name string) {
	if name == RoomTopic(r.id) {
		return
	}
	n := len(r.topics)
	r.topics = slices.DeleteFunc(r.topics, func(t topic) bool { return t.Name == name })
	if len(r.topics) != n {
		r.retuned++
	}
}

// Topics returns what the room listens to, its own topic first, the others in the order of Listen;
// and a number that changes with it. It is for servers.
func (r *Room) Topics() (topics []Topic, changes uint32) {
	for i := range r.topics {
		topics = append(topics, r.topics[i].Topic)
	}
	return topics, r.retuned
}

// TopicsAgain returns what Topics does for a room that was made again: of those of which it has heard something, and
// of its own, it is to be handed all that the bus has kept, since what it has heard is passed over. It is for
// servers.
func (r *Room) TopicsAgain() (topics []Topic, changes uint32) {
	topics, changes = r.Topics()
	for i := range topics {
		if i == 0 || r.topics[i].last > 0 {
			topics[i].From = Start
		}
	}
	return topics, changes
}

// Retuned returns the number that Topics does. It is for servers.
func (r *Room) Retuned() uint32 { return r.retuned }

// HandleDeaf tells the game, if that is a Hearing, that a topic does not reach the room. It is for
// servers.
func (r *Room) HandleDeaf(topic string) {
	if g, ok := r.game.(Hearing); ok && r.topic(topic) != nil {
		g.Deaf(topic)
	}
}

// HandleHears tells the game, if that is a Hearing, that a topic reaches the room, and whether it
// has missed messages. It is for servers.
func (r *Room) HandleHears(topic string, missed bool) {
	if g, ok := r.game.(Hearing); ok && r.topic(topic) != nil {
		g.Hears(topic, missed)
	}
}
