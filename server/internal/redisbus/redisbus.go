// Package redisbus is the bus of several servers, in Redis Streams.
//
// Topics are spread over a few parts by a hash of their names; a part's keys have one hash tag, so that
// a cluster has each part on one node. A topic has a stream. Those of rooms and players share one
// in each part, which every server reads: there are too many of them, with too little in each, to
// wait for each by itself.
//
// A part of the bus has two goroutines on a server. The writer posts what rooms and backends have
// handed in: batch after batch, each by one call of a script, and again and again until it has its
// answer. Batches are numbered, by which the script knows one that it has; and by which it knows that
// some are missing, since a fail-over has lost them: the writer keeps those of the last half minute,
// and posts them anew. The reader waits for entries of all streams that somebody listens to, in one
// blocked call, which a stream of its own ends when there are more. It goes on by id after a connection
// is lost.
//
//	redisbus.go  the Bus
//	writer.go    what is posted
//	reader.go    what is read, and when
//	stream.go    who listens to a stream, and what they are given
//	call.go      calls of Redis
//	wire.go      the form of messages
//	bus.lua      what is done in Redis
package redisbus

import (
	"context"
	"crypto/rand"
	"fmt"
	"hash/fnv"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/internal/redisdata"
	"github.com/tickroom/tickroom/server/internal/bus"
	"github.com/tickroom/tickroom/world"
)

// Options of a Bus.
type Options struct {
	// Prefix begins the names of all keys, such as "tickroom:".
	Prefix string
	// Keep says how much of a topic is kept; of its Bytes nothing is known here. The streams of
	// rooms and players have ten times as many messages.
	Keep bus.Keep
	// Queue and QueueBytes bound what waits to be posted.
	Queue, QueueBytes int
	// Replicas must have a message before it counts as posted; ReplicaWait is the time for that.
	Replicas    int
	ReplicaWait time.Duration
	// Timeout is the time for an answer of Redis.
	Timeout time.Duration
	// Metrics count. They may be nil.
	Metrics Metrics
	Log     *slog.Logger
}

// Metrics is who counts what a bus does.
type Metrics interface {
	// BusQueue sets how many messages wait to be posted.
	BusQueue(n int)
	// BusUp sets whether Redis can be reached.
	BusUp(up bool)
	// BusAgain counts messages that were posted once more, since a fail-over had lost them.
	BusAgain(n int)
}

// directFactor is how many times as many messages the streams of rooms and players keep.
const directFactor = 10

// Bus is a bus.Bus in Redis.
type Bus struct {
	c      redis.UniversalClient
	o      Options
	name   string // of this process, unlike that of any other one
	script *redis.Script
	parts  [redisdata.BusParts]*part
	waits  waiting
	health health
}

var _ bus.Bus = (*Bus)(nil)

// part is one part of the bus.
type part struct {
	bus    *Bus
	prefix string // of its keys
	space  redisdata.Space
	writer writer
	reader reader
}

// New returns a bus. c must not repeat calls by itself, as that of package redisclient does not, and
// must allow Connections at once. Nothing is done before Run is called.
func New(c redis.UniversalClient, o Options) *Bus {
	b := &Bus{c: c, o: o, name: strings.ToLower(rand.Text()[:16]), script: redisdata.Bus(0).Script(lua)}
	b.waits.o, b.health.o = &b.o, &b.o
	for i := range b.parts {
		space := redisdata.Bus(i)
		p := &part{bus: b, space: space, prefix: space.Prefix(o.Prefix)}
		p.writer, p.reader = newWriter(p), newReader(p)
		b.parts[i] = p
	}
	return b
}

// Connections is how many connections to Redis a bus uses at most, to each server.
const Connections = 2*redisdata.BusParts + 2

func (b *Bus) part(topic string) *part {
	h := fnv.New32a()
	_, _ = h.Write([]byte(topic)) // it never fails
	return b.parts[h.Sum32()%redisdata.BusParts]
}

// closeGrace is how long a bus that ends tries to post what waits.
const closeGrace = 2 * time.Second

// Run posts and reads until ctx is done, and then posts what waits, for a short while. When it
// returns all its goroutines have ended.
func (b *Bus) Run(ctx context.Context) {
	var all sync.WaitGroup
	b.health.up(true)
	for _, p := range b.parts {
		all.Go(func() { p.reader.run(ctx) })
		all.Go(func() { p.writer.run(ctx) })
	}
	all.Wait()
}

// Post implements bus.Bus. While Redis is away it fails at once.
func (b *Bus) Post(ctx context.Context, d *bus.Draft) (number uint64, err error) {
	if err := d.Check(); err != nil {
		return 0, err
	}
	w := &b.part(d.Topic).writer
	if w.away.Load() {
		return 0, fmt.Errorf("%w: Redis does not answer", bus.ErrAway)
	}
	it := &item{topic: d.Topic, key: d.Key, id: d.ID, typ: d.Type, data: slices.Clone(d.Data), done: make(chan posted, 1)}
	if !w.add(it) {
		return 0, bus.ErrFull
	}
	select {
	case p := <-it.done:
		return p.number, p.err
	case <-ctx.Done():
		if w.withdraw(it) {
			return 0, fmt.Errorf("bus: the message was not posted: %w", ctx.Err())
		}
		return 0, fmt.Errorf("%w: %w", bus.ErrAway, ctx.Err())
	}
}

// Posted implements bus.Bus.
func (b *Bus) Posted(ctx context.Context, d *bus.Draft) (uint64, error) {
	if d.Key == "" {
		return 0, nil
	}
	v, err := b.part(d.Topic).call(ctx, "posted", d.Topic, d.Key, d.ID, d.Type, d.Data)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", bus.ErrAway, err)
	}
	switch text, _ := v.(string); text {
	case "":
		return 0, nil
	case otherBody:
		return 0, bus.ErrKey
	default:
		return number(text)
	}
}

// Send implements bus.Bus.
func (b *Bus) Send(room string, posts []world.Post) (lost int) {
	for i := range posts {
		m := &posts[i]
		if !b.part(m.Topic).writer.add(&item{topic: m.Topic, from: room, id: m.ID, typ: m.Type, data: m.Data}) {
			lost++
		}
	}
	return lost
}

// Subscribe implements bus.Bus.
func (b *Bus) Subscribe(topic string, since world.Since, l bus.Listener) bus.Subscription {
	return b.part(topic).reader.subscribe(topic, since, l)
}

// waiting bounds what all writers of a bus have in their queues.
type waiting struct {
	o        *Options
	messages atomic.Int64
	bytes    atomic.Int64
}

// take reports whether there is a place for another message, and takes it.
func (w *waiting) take(size int) bool {
	messages, bytes := w.messages.Add(1), w.bytes.Add(int64(size))
	if messages > int64(w.o.Queue) || bytes > int64(w.o.QueueBytes) {
		w.messages.Add(-1)
		w.bytes.Add(-int64(size))
		return false
	}
	return true
}

func (w *waiting) give(size int) {
	w.messages.Add(-1)
	w.bytes.Add(-int64(size))
}

// count tells how many wait. Rooms do not do it, in their ticks.
func (w *waiting) count() {
	if m := w.o.Metrics; m != nil {
		m.BusQueue(int(w.messages.Load()))
	}
}

// health tells operators when Redis goes away and comes back, once for all parts.
type health struct {
	o  *Options
	mu sync.Mutex
	// away is how many goroutines find Redis away.
	away int
}

// lost notes that one more finds it away.
func (h *health) lost(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.away++; h.away == 1 {
		h.o.Log.Warn("the bus is away: messages between rooms wait", "error", err)
		h.up(false)
	}
}

// found notes that one of them has found it again.
func (h *health) found() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.away--; h.away == 0 {
		h.o.Log.Info("the bus is back")
		h.up(true)
	}
}

func (h *health) up(up bool) {
	if h.o.Metrics != nil {
		h.o.Metrics.BusUp(up)
	}
}
