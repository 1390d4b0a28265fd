package gametest

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/world"
)

// exchange is the bus of rooms that are linked. It keeps all messages.
type exchange struct {
	kept []keptMessage
}

type keptMessage struct {
	world.Posting
	id   uint32
	data []byte
}

func (x *exchange) post(from world.Posting, id uint32, data []byte) {
	from.Number = uint64(len(x.kept) + 1)
	x.kept = append(x.kept, keptMessage{from, id, data})
}

// mail is a room's part in an exchange.
type mail struct {
	exchange *exchange
	heard    map[string]int // by topic, how many of the kept messages the room has been past
	players  int            // the same, of the topics of players
	since    int            // how many there were when the room came
	deaf     map[string]bool
	taken    uint32 // world.Room.Retuned, and 1; 0: nothing
	posted   []world.Post
	told     []world.Post
	outcomes []world.Outcome
}

// Link puts rooms on one bus, that of the first one: from then on each hears what the others post. It
// is to be called before they are stepped, but for the first one: a room that is made later comes to
// those that are there. A room that is not linked hears itself, and what Post posts.
func Link(rooms ...*Room) {
	x := rooms[0].mail.exchange
	for _, r := range rooms[1:] {
		r.mail.exchange, r.mail.since = x, len(x.kept)
	}
}

// Post posts a message to a topic, as a backend does. Rooms that hear the topic are handed it at the
// beginning of their next tick. That of a player is world.PlayerTopic of its PlayerID, and that of a
// room world.RoomTopic of its ID, which is "test" unless NewNamed has made it.
func (r *Room) Post(topic string, m schema.Posted) {
	r.PostAs(world.Posting{Topic: topic}, m)
}

// PostAs posts a message as Post does, with the topic, the room, the type, the key and the time of
// from; without a time, with the room's.
func (r *Room) PostAs(from world.Posting, m schema.Posted) {
	r.t.Helper()
	if err := world.CheckTopic(from.Topic); err != nil {
		r.t.Fatal(err)
	}
	at := cmp.Or(from.At, r.Now())
	r.mail.exchange.post(world.Posting{Topic: from.Topic, From: from.From, Type: from.Type, Key: from.Key, At: at}, m.MessageID(), m.AppendProto(nil))
}

// Deafen has a topic not reach the room until Undeafen, as when the bus is away. The game is told
// before the next tick.
func (r *Room) Deafen(topic string) {
	r.mail.deaf[topic] = true
	r.caller.HandleDeaf(topic)
}

// Undeafen undoes Deafen. What was posted meanwhile comes with the next tick; if it is to be missed
// it does not, and the game is told so.
func (r *Room) Undeafen(topic string, missed bool) {
	delete(r.mail.deaf, topic)
	if missed {
		r.mail.heard[topic] = len(r.mail.exchange.kept)
	}
	r.caller.HandleHears(topic, missed)
}

// Posted returns the messages of one type that the room has posted to a topic, or to any if that is
// empty, since they were last asked for, the oldest first.
func Posted[M any, P interface {
	*M
	schema.Posted
}](r *Room, topic string) []*M {
	r.t.Helper()
	return take[M, P](r, &r.mail.posted, topic)
}

// Told returns the messages of one type that the room has told backends since they were last asked
// for, the oldest first.
func Told[M any, P interface {
	*M
	schema.Posted
}](r *Room) []*M {
	r.t.Helper()
	return take[M, P](r, &r.mail.told, "")
}

func take[M any, P interface {
	*M
	schema.Posted
}](r *Room, from *[]world.Post, topic string) []*M {
	r.t.Helper()
	var all []*M
	*from = slices.DeleteFunc(*from, func(p world.Post) bool {
		if p.ID != P(new(M)).MessageID() || topic != "" && p.Topic != topic {
			return false
		}
		m := new(M)
		if err := P(m).UnmarshalProto(p.Data); err != nil {
			r.t.Fatalf("a message that was posted is no %T: %v", m, err)
		}
		all = append(all, m)
		return true
	})
	return all
}

// step simulates one tick: what has come for it, the tick, and what leaves after it.
func (r *Room) step() {
	r.t.Helper()
	r.tune()
	for _, o := range r.mail.outcomes {
		if err := r.caller.HandleOutcome(&o); err != nil {
			r.t.Fatal(err)
		}
	}
	r.mail.outcomes = nil
	r.hear()
	r.caller.SetNow(epoch + int64(float64(r.World.Tick())*1e6/r.TickRate))
	r.caller.Step()
	r.tune()
	for _, p := range r.TakePosts() {
		r.mail.posted = append(r.mail.posted, p)
		r.mail.exchange.post(world.Posting{Topic: p.Topic, From: r.ID(), Type: p.Type, At: r.Now()}, p.ID, p.Data)
	}
	r.mail.told = append(r.mail.told, r.TakeTold()...)
	for _, job := range r.TakeJobs() {
		o := world.Outcome{Job: job.ID}
		data, err := job.Work(context.Background())
		if o.Data = data; err != nil {
			o.Data, o.Err = nil, err.Error()
		}
		r.mail.outcomes = append(r.mail.outcomes, o)
	}
}

// tune follows what the room listens to.
func (r *Room) tune() {
	m := &r.mail
	topics, changes := r.Topics()
	if m.taken == changes+1 {
		return
	}
	first := m.taken == 0 // a room listens from when it is made
	m.taken = changes + 1
	heard := map[string]int{}
	for _, t := range topics {
		n, before := m.heard[t.Name]
		if !before {
			if t.From == world.Now {
				if n = len(m.exchange.kept); first {
					n = m.since
				}
			}
			r.caller.HandleHears(t.Name, false)
		}
		heard[t.Name] = n
	}
	m.heard = heard
}

// hear hands over the messages that have come since the last tick.
func (r *Room) hear() {
	r.t.Helper()
	m := &r.mail
	topics, _ := r.Topics()
	for _, t := range topics {
		if m.deaf[t.Name] {
			continue
		}
		for ; m.heard[t.Name] < len(m.exchange.kept); m.heard[t.Name]++ {
			if k := &m.exchange.kept[m.heard[t.Name]]; k.Topic == t.Name {
				r.hand(k, nil)
			}
		}
	}
	for ; m.players < len(m.exchange.kept); m.players++ {
		k := &m.exchange.kept[m.players]
		if i := slices.IndexFunc(r.players, func(p *Player) bool { return world.PlayerTopic(p.PlayerID) == k.Topic && !p.left }); i >= 0 {
			r.hand(k, r.players[i].Player)
		}
	}
}

func (r *Room) hand(k *keptMessage, to *world.Player) {
	r.t.Helper()
	from := k.Posting
	from.Player = to
	switch _, err := r.caller.HandleMessage(&from, k.id, k.data); {
	case errors.Is(err, world.ErrUnknownMessage):
		r.t.Logf("a message on %s is passed over: the game has no handler for %d", k.Topic, k.id)
	case err != nil:
		r.t.Fatalf("a message on %s is not taken: %v", k.Topic, err)
	}
}
