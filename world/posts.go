package world

import (
	"github.com/tickroom/tickroom/proto/schema"
)

// Bounds of what a room posts and tells.
const (
	// MaxPosts is how many messages a room may post in one tick, and tell in one.
	MaxPosts = 1024
	// MaxPost is the longest message, in bytes.
	MaxPost = 256 << 10
	// maxPosted is how many bytes a room may post in one tick, and tell in one.
	maxPosted = 4 << 20
)

// Post is a message that a room posts.
type Post struct {
	Topic string // empty: it is told to backends
	ID    uint32 // of the message in the schema
	Type  string // its full name there; empty: it is not in the schema
	Data  []byte // the encoded message
}

// outbound holds what a room posts or tells in one tick.
type outbound struct {
	posts []Post
	bytes int
	lost  uint64 // since the last tick that lost none
	all   uint64 // lost, since the room was made
}

// Post sends a message to those who listen to a topic, this room among them if it does. It leaves
// after this tick, behind those that were posted before it. What is posted beyond MaxPosts in one
// tick, is longer than MaxPost, or goes to a topic that can't be is not sent: an error is logged,
// and the server counts it.
func (r *Room) Post(topic string, m schema.Posted) {
	if err := CheckTopic(topic); err != nil {
		r.posts.lose()
		r.Log.Error("a message is not posted", "message", m.MessageID(), "error", err)
		return
	}
	r.post(&r.posts, topic, m)
}

// Tell tells backends something: the message is in the stream of what happens in rooms, and is sent
// to webhooks, where the server has them. It leaves after this tick, and is bounded as Post is.
func (r *Room) Tell(m schema.Posted) { r.post(&r.told, "", m) }

func (r *Room) post(out *outbound, topic string, m schema.Posted) {
	data := m.AppendProto(nil)
	if len(data) > MaxPost {
		out.lose()
		r.Log.Error("a message is not posted: it is too long", "topic", topic, "message", m.MessageID(), "bytes", len(data), "max", MaxPost)
		return
	}
	if len(out.posts) == MaxPosts || out.bytes+len(data) > maxPosted {
		if out.lose(); out.lost == 1 {
			r.Log.Error("messages are not posted: there are too many in one tick", "topic", topic, "message", m.MessageID(), "max", MaxPosts, "max_bytes", maxPosted)
		}
		return
	}
	out.posts = append(out.posts, Post{topic, m.MessageID(), r.messageType(m.MessageID()), data})
	out.bytes += len(data)
}

func (o *outbound) lose() {
	o.lost++
	o.all++
}

// take returns the posts, and makes room for those of the next tick. They are the caller's.
func (o *outbound) take() []Post {
	posts := o.posts
	o.posts, o.bytes, o.lost = nil, 0, 0
	return posts
}

// TakePosts returns what the room has posted since the last call, which is the caller's from then
// on. It is for servers, which call it after each tick.
func (r *Room) TakePosts() []Post {
	if r.posts.posts == nil {
		return nil
	}
	return r.posts.take()
}

// TakeTold returns what the room has told backends, as TakePosts does.
func (r *Room) TakeTold() []Post {
	if r.told.posts == nil {
		return nil
	}
	return r.told.take()
}

// Unposted returns how many messages were not posted or told since the room was made, because they
// were too many or could not be. It is for servers.
func (r *Room) Unposted() uint64 { return r.posts.all + r.told.all }
