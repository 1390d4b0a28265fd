package bus

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tickroom/tickroom/world"
)

// Bounds of what waits for a room's next tick. What is beyond stays in the bus, and is offered again
// when the room has taken what waits.
const (
	maxWaiting      = 4096
	maxWaitingBytes = 8 << 20
)

// Arrival is something that a topic has for a room: a message, or that it is heard, or not.
type Arrival struct {
	Topic   string
	Message *Message // nil: see Deaf
	Deaf    bool     // the topic does not reach the room any more; else it does
	Missed  bool     // messages were missed
	Player  string   // whose topic it is; empty: it is no player's
}

// Line is a room's end of the bus. Its methods are for the room's goroutine, but for those of a
// Listener.
type Line struct {
	// Fixed.
	bus  Bus
	room string
	wake func() // called when something has come; nil: nobody is

	// The room's goroutine's.
	subs    map[string]Subscription // to the topics that it listens to
	order   map[string]int          // of those
	players map[string]*playerSub   // by the player's id

	// Anybody's.
	some    atomic.Bool // there is something in the box
	mu      sync.Mutex
	box     []Arrival
	bytes   int
	refused bool // something was not taken
}

// Wake has a function called whenever something has come. It must not block, nor call the line. It is to
// be set before the line listens to anything.
func (l *Line) Wake(fn func()) { l.wake = fn }

// playerSub is the subscription to the topic of a player, who may be in the room twice.
type playerSub struct {
	Subscription
	stays int
}

// NewLine returns the line of a room.
func NewLine(b Bus, room string) *Line {
	return &Line{bus: b, room: room, subs: map[string]Subscription{}, order: map[string]int{}, players: map[string]*playerSub{}}
}

// Tune has the line listen to topics, and to no others but those of players.
func (l *Line) Tune(topics []world.Topic) {
	order := make(map[string]int, len(topics))
	for i, t := range topics {
		order[t.Name] = i
	}
	for name, s := range l.subs {
		if _, kept := order[name]; !kept {
			s.Close()
			delete(l.subs, name)
		}
	}
	l.order = order
	for _, t := range topics {
		if l.subs[t.Name] == nil {
			l.subs[t.Name] = l.bus.Subscribe(t.Name, t.From, l)
		}
	}
}

// Join has the line listen to the topic of a player who is in the room.
func (l *Line) Join(player string) {
	if s := l.players[player]; s != nil {
		s.stays++
		return
	}
	l.players[player] = &playerSub{l.bus.Subscribe(world.PlayerTopic(player), world.Now, playerListener{l, player}), 1}
}

// Leave undoes one Join.
func (l *Line) Leave(player string) {
	s := l.players[player]
	if s == nil {
		return
	}
	if s.stays--; s.stays == 0 {
		s.Close()
		delete(l.players, player)
	}
}

// Send posts what the room has posted, and returns how many messages are lost; see Bus.Send.
func (l *Line) Send(posts []world.Post) (lost int) { return l.bus.Send(l.room, posts) }

// Waiting reports whether there is something to Take.
func (l *Line) Waiting() bool { return l.some.Load() }

// Take returns what has come since the last call: by topics in the order of Tune, those of players
// last, and by topic in the order in which it came. It is the caller's.
func (l *Line) Take() []Arrival {
	l.mu.Lock()
	box, refused := l.box, l.refused
	l.box, l.bytes, l.refused = nil, 0, false
	l.some.Store(false)
	l.mu.Unlock()
	if refused {
		for _, s := range l.subs {
			s.Resume()
		}
		for _, s := range l.players {
			s.Resume()
		}
	}
	place := func(a *Arrival) int {
		if i, ok := l.order[a.Topic]; ok && a.Player == "" {
			return i
		}
		return len(l.order)
	}
	slices.SortStableFunc(box, func(a, b Arrival) int {
		return cmp.Or(cmp.Compare(place(&a), place(&b)), cmp.Compare(a.Topic, b.Topic))
	})
	return box
}

// Close ends all subscriptions.
func (l *Line) Close() {
	for _, s := range l.subs {
		s.Close()
	}
	for _, s := range l.players {
		s.Close()
	}
	clear(l.subs)
	clear(l.players)
}

// Hear implements Listener.
func (l *Line) Hear(m *Message) bool { return l.put(Arrival{Topic: m.Topic, Message: m}) }

// Deaf implements Listener.
func (l *Line) Deaf(topic string) { l.put(Arrival{Topic: topic, Deaf: true}) }

// Hears implements Listener.
func (l *Line) Hears(topic string, missed bool) { l.put(Arrival{Topic: topic, Missed: missed}) }

// put puts something into the box, and reports whether there was a place; for what is no message
// there always is: of those, no more than one of a kind follow each other.
func (l *Line) put(a Arrival) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if m := a.Message; m != nil {
		if len(l.box) >= maxWaiting || l.bytes+len(m.Data) > maxWaitingBytes && len(l.box) > 0 {
			l.refused = true
			return false
		}
		l.bytes += len(m.Data)
	}
	l.box = append(l.box, a)
	l.some.Store(true)
	if l.wake != nil {
		l.wake()
	}
	return true
}

// playerListener hears the topics of players. Whether they can be heard is not for the game to know.
type playerListener struct {
	line *Line
	id   string
}

func (p playerListener) Hear(m *Message) bool {
	return p.line.put(Arrival{Topic: m.Topic, Message: m, Player: p.id})
}

func (playerListener) Deaf(string) {}

func (p playerListener) Hears(topic string, missed bool) {
	if missed {
		p.line.put(Arrival{Topic: topic, Missed: true, Player: p.id})
	}
}
