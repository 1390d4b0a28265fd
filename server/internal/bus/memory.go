package bus

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tickroom/tickroom/world"
)

// Keep says how much of a topic is kept.
type Keep struct {
	// Age is how long a message is kept, Messages how many of a topic are, and Bytes how many
	// bytes they may have in the memory of a process.
	Age      time.Duration
	Messages int
	Bytes    int
	// Keys is how long the key of a message is known.
	Keys time.Duration
}

// maxKeys bounds the keys that are kept in memory; the oldest ones are forgotten first.
const maxKeys = 100_000

// Memory is the bus of one process. What it has is gone with that.
type Memory struct {
	keep Keep

	mu     sync.Mutex
	topics map[string]*memoryTopic
	last   uint64 // number, of all topics
	keys   map[topicKey]keyed
	aged   []agedKey // the same, the oldest first
}

type topicKey struct{ topic, key string }

// keyed is what was posted with a key.
type keyed struct {
	number uint64
	digest [sha256.Size]byte // of the draft
}

// digest returns that of a draft, but for its topic and key.
func (d *Draft) digest() (sum [sha256.Size]byte) {
	h := sha256.New()
	fmt.Fprintf(h, "%d %s ", d.ID, d.Type)
	h.Write(d.Data)
	h.Sum(sum[:0])
	return sum
}

type agedKey struct {
	topicKey
	at time.Time
}

// memoryTopic is what is kept of a topic, and who listens to it.
type memoryTopic struct {
	kept    []kept // the oldest first
	bytes   int
	trimmed uint64 // number of the newest message that is not kept any more
	subs    []*memorySub
}

type kept struct {
	*Message
	at time.Time
}

// memorySub is a listener's subscription.
type memorySub struct {
	bus    *Memory
	topic  string
	l      Listener
	last   uint64 // number of the last message that was taken
	closed bool
}

// NewMemory returns a bus.
func NewMemory(keep Keep) *Memory {
	// Rooms that go on when their server is started again have heard of numbers of the bus before.
	begin := uint64(time.Now().UnixMicro())
	return &Memory{keep: keep, topics: map[string]*memoryTopic{}, keys: map[topicKey]keyed{}, last: begin}
}

// Post implements Bus. It does not wait.
func (b *Memory) Post(ctx context.Context, d *Draft) (number uint64, err error) {
	if err := cmp.Or(d.Check(), ctx.Err()); err != nil {
		return 0, err
	}
	var digest [sha256.Size]byte
	if d.Key != "" {
		digest = d.digest()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	key := topicKey{d.Topic, d.Key}
	if old, posted := b.keys[key]; posted {
		if old.digest != digest {
			return 0, ErrKey
		}
		return old.number, nil
	}
	m := &Message{Topic: d.Topic, Key: d.Key, ID: d.ID, Type: d.Type, Data: slices.Clone(d.Data)}
	b.post(m, now)
	if d.Key != "" {
		b.keys[key] = keyed{m.Number, digest}
		b.aged = append(b.aged, agedKey{key, now})
		b.forgetKeys(now)
	}
	return m.Number, nil
}

// Posted implements Bus. It does not wait.
func (b *Memory) Posted(ctx context.Context, d *Draft) (number uint64, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	old, posted := b.keys[topicKey{d.Topic, d.Key}]
	switch {
	case !posted:
		return 0, ctx.Err()
	case old.digest != d.digest():
		return 0, ErrKey
	}
	return old.number, nil
}

// Send implements Bus. All are taken.
func (b *Memory) Send(room string, posts []world.Post) (lost int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	for i := range posts {
		b.post(&Message{Topic: posts[i].Topic, From: room, ID: posts[i].ID, Type: posts[i].Type, Data: posts[i].Data}, now)
	}
	return 0
}

func (b *Memory) post(m *Message, now time.Time) {
	b.last++
	m.Number, m.At = b.last, now.UnixMicro()
	if b.topics[m.Topic] == nil && Direct(m.Topic) {
		return // to a room or a player who is not here
	}
	t := b.topic(m.Topic)
	t.kept = append(t.kept, kept{m, now})
	t.bytes += len(m.Data)
	t.trim(&b.keep, now)
	for _, s := range t.subs {
		s.offer(t)
	}
}

// Direct reports whether a topic is that of a room or of a player.
func Direct(topic string) bool {
	return strings.HasPrefix(topic, world.RoomTopic("")) || strings.HasPrefix(topic, world.PlayerTopic(""))
}

func (b *Memory) topic(name string) *memoryTopic {
	t := b.topics[name]
	if t == nil {
		t = &memoryTopic{}
		b.topics[name] = t
	}
	return t
}

// trim forgets what is not kept any more. The newest message is kept for its age alone.
func (t *memoryTopic) trim(keep *Keep, now time.Time) {
	n := 0
	for n < len(t.kept) {
		over := len(t.kept)-n > keep.Messages || t.bytes > keep.Bytes
		if !(over && n < len(t.kept)-1) && now.Sub(t.kept[n].at) < keep.Age {
			break
		}
		t.bytes -= len(t.kept[n].Data)
		t.trimmed = t.kept[n].Number
		n++
	}
	t.kept = slices.Delete(t.kept, 0, n)
}

// Subscribe implements Bus.
func (b *Memory) Subscribe(topic string, since world.Since, l Listener) Subscription {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.topic(topic)
	t.trim(&b.keep, time.Now())
	s := &memorySub{bus: b, topic: topic, l: l, last: t.trimmed}
	if since == world.Now {
		s.last = b.last
	}
	t.subs = append(t.subs, s)
	l.Hears(topic, false)
	s.offer(t)
	return s
}

// offer hands over what the listener has not taken yet, as much as it takes.
func (s *memorySub) offer(t *memoryTopic) {
	if s.last < t.trimmed {
		s.last = t.trimmed
		s.l.Hears(s.topic, true)
	}
	i, _ := slices.BinarySearchFunc(t.kept, s.last+1, func(k kept, n uint64) int {
		if k.Number < n {
			return -1
		}
		return 1
	})
	for ; i < len(t.kept) && s.l.Hear(t.kept[i].Message); i++ {
		s.last = t.kept[i].Number
	}
}

// Resume implements Subscription.
func (s *memorySub) Resume() {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	if !s.closed {
		s.offer(s.bus.topic(s.topic))
	}
}

// Close implements Subscription.
func (s *memorySub) Close() {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	t := s.bus.topic(s.topic)
	t.subs = slices.DeleteFunc(t.subs, func(o *memorySub) bool { return o == s })
	if len(t.subs)+len(t.kept) == 0 {
		delete(s.bus.topics, s.topic)
	}
}

// sweepEvery is how often it is looked what is too old.
const sweepEvery = 30 * time.Second

// Run implements Bus. Messages are carried without it, too, but those that are too old are kept.
func (b *Memory) Run(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			b.sweep()
		case <-ctx.Done():
			return
		}
	}
}

// sweep forgets what is too old.
func (b *Memory) sweep() {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	for name, t := range b.topics {
		if t.trim(&b.keep, now); len(t.subs)+len(t.kept) == 0 {
			delete(b.topics, name)
		}
	}
	b.forgetKeys(now)
}

func (b *Memory) forgetKeys(now time.Time) {
	n := 0
	for n < len(b.aged) && (len(b.aged)-n > maxKeys || now.Sub(b.aged[n].at) >= b.keep.Keys) {
		delete(b.keys, b.aged[n].topicKey)
		n++
	}
	b.aged = slices.Delete(b.aged, 0, n)
}
