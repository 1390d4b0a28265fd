package redisbus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/server/internal/bus"
	"github.com/tickroom/tickroom/world"
)

const (
	// A call for all streams returns so many messages of each at most, and one for a sub that reads
	// by itself so many.
	readCount, ownCount = 100, 200
	// block is how long a call for all streams waits.
	block = 2 * time.Second
	// wakeKept is how long the stream is kept that ends the waiting.
	wakeKept = time.Minute
)

// reader reads the streams of one part.
type reader struct {
	part *part
	kick chan struct{} // holds one: there is something to read while nothing is

	mu      sync.Mutex
	streams map[string]*stream // by name
	behind  map[*sub]struct{}  // those that read by themselves, and can go on
	blocked bool               // a call waits, or is about to
	deaf    bool               // Redis is away, or was never there
	floor   uint64             // highest number that is known here

	// run's own.
	touched  bool   // Redis has answered since the last failure
	failures int    // since then
	wakePos  string // id of the last entry of the wake stream
	wait     backoff
}

func newReader(p *part) reader {
	return reader{part: p, kick: make(chan struct{}, 1), streams: map[string]*stream{}, behind: map[*sub]struct{}{}, deaf: true, wakePos: "0-0"}
}

func (r *reader) key(name string, ids ...string) string {
	return r.part.space.Key(r.part.bus.o.Prefix, name, ids...)
}

// streamKey returns the stream that a topic is in.
func (r *reader) streamKey(topic string) string {
	if bus.Direct(topic) {
		return r.key("direct")
	}
	return r.key("topic", topic)
}

// subscribe has a listener given the messages of a topic.
func (r *reader) subscribe(topic string, since world.Since, l bus.Listener) bus.Subscription {
	r.mu.Lock()
	defer r.mu.Unlock()
	name, only, key := "t"+topic, topic, r.streamKey(topic)
	if bus.Direct(topic) {
		name, only = "d", ""
	}
	st := r.streams[name]
	if st == nil {
		st = &stream{key: key, name: name, topic: only, subs: map[string][]*sub{}}
		r.streams[name] = st
	}
	s := &sub{reader: r, stream: st, topic: topic, l: l, since: since}
	st.subs[topic] = append(st.subs[topic], s)
	st.n++
	if st.known {
		s.place()
	}
	if !s.live {
		r.stir()
	}
	return s
}

// stir has the reader look what there is to read. mu is held.
func (r *reader) stir() {
	if r.blocked {
		r.part.writer.wakeReader()
	}
	select {
	case r.kick <- struct{}{}:
	default:
	}
}

// raise notes that a number was seen.
func (r *reader) raise(n uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.floor = max(r.floor, n)
}

// run reads until ctx is done.
func (r *reader) run(ctx context.Context) {
	defer r.end()
	for ctx.Err() == nil {
		r.mu.Lock()
		idle := len(r.streams) == 0
		r.mu.Unlock()
		if idle {
			select {
			case <-r.kick:
			case <-ctx.Done():
			}
			continue
		}
		if err := r.round(ctx); err != nil && ctx.Err() == nil {
			r.failed(ctx, err)
		}
	}
}

// failed notes that a call has failed: once may be a connection that was cut, twice is Redis away.
func (r *reader) failed(ctx context.Context, err error) {
	r.touched = false
	r.failures++
	r.part.failed(ctx)
	if r.failures == 1 {
		return
	}
	if r.failures == 2 {
		r.part.bus.health.lost(err)
		r.mu.Lock()
		r.deaf = true
		r.each(func(s *sub) {
			if s.hearing {
				s.hearing = false
				s.l.Deaf(s.topic)
			}
		})
		r.mu.Unlock()
	}
	r.wait.wait(ctx)
}

func (r *reader) end() {
	if r.failures >= 2 {
		r.part.bus.health.found() // nobody is left to find it
	}
}

// each calls fn for all subs. mu is held.
func (r *reader) each(fn func(s *sub)) {
	for _, st := range r.streams {
		for _, subs := range st.subs {
			for _, s := range subs {
				fn(s)
			}
		}
	}
}

// round does what there is to do, once.
func (r *reader) round(ctx context.Context) error {
	if !r.touched {
		if err := r.touch(ctx); err != nil {
			return err
		}
	}
	if err := r.locate(ctx); err != nil {
		return err
	}
	more, err := r.catchUp(ctx)
	if err != nil {
		return err
	}
	return r.readAll(ctx, !more)
}

// touch sees that Redis answers. If it is another one than before, messages that are known here come
// before all that are posted from now on.
func (r *reader) touch(ctx context.Context) error {
	r.mu.Lock()
	floor := r.floor
	r.mu.Unlock()
	if _, err := r.part.call(ctx, "touch", id(floor)); err != nil {
		return err
	}
	if r.failures > 0 {
		r.wakePos = "0-0"
		r.part.writer.suspect()
	}
	if r.failures >= 2 {
		r.part.bus.health.found()
	}
	r.touched, r.failures = true, 0
	r.wait.reset()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deaf = false
	r.each((*sub).hear)
	return nil
}

// locate asks for the positions of streams that are new.
func (r *reader) locate(ctx context.Context) error {
	var names []any
	var streams []*stream
	r.mu.Lock()
	for _, st := range r.streams {
		if !st.known {
			names, streams = append(names, st.name), append(streams, st)
		}
	}
	r.mu.Unlock()
	if len(names) == 0 {
		return nil
	}
	ids, err := texts(r.part.call(ctx, "last", names...))
	if err != nil {
		return err
	}
	if len(ids) != len(streams) {
		return fmt.Errorf("bus: redis: %d streams are at %d places", len(streams), len(ids))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, st := range streams {
		if st.pos, err = number(ids[i]); err != nil {
			return err
		}
		st.known = true
		for _, subs := range st.subs {
			for _, s := range subs {
				s.place()
			}
		}
	}
	return nil
}

// catchUp reads for those that are behind, once for each, and reports whether some still are and can
// go on.
func (r *reader) catchUp(ctx context.Context) (more bool, err error) {
	var behind []*sub
	r.mu.Lock()
	for s := range r.behind {
		behind = append(behind, s)
	}
	r.mu.Unlock()
	for _, s := range behind {
		again, err := r.readOwn(ctx, s)
		if err != nil {
			return false, err
		}
		more = more || again
	}
	return more, nil
}

// readOwn reads on for one sub, and reports whether there is more.
func (r *reader) readOwn(ctx context.Context, s *sub) (more bool, err error) {
	r.mu.Lock()
	from, topic, key := s.last+1, s.stream.topic, s.stream.key
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, r.part.bus.o.Timeout)
	defer cancel()
	list, err := r.part.bus.c.XRangeN(ctx, key, id(from), "+", ownCount).Result()
	if err != nil {
		return false, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range list {
		e, err := parse(&list[i], topic)
		if err != nil {
			r.part.bus.o.Log.Error("a message can't be read, and is passed over", "stream", key, "id", list[i].ID, "error", err)
			continue
		}
		r.floor = max(r.floor, e.Number)
		if s.closed || !s.offer(e, s.last) {
			return false, nil
		}
		s.last = e.Number
	}
	if len(list) == ownCount {
		return true, nil
	}
	s.live = true
	delete(r.behind, s)
	return false, nil
}

// readAll reads what is new in all streams, and waits for it a while.
func (r *reader) readAll(ctx context.Context, wait bool) error {
	keys := []string{r.key("wake", r.part.bus.name)}
	ids := []string{r.wakePos}
	byKey := map[string]*stream{}
	r.mu.Lock()
	for _, st := range r.streams {
		if !st.known {
			wait = false // it came just now
			continue
		}
		keys, ids = append(keys, st.key), append(ids, id(st.pos))
		byKey[st.key] = st
	}
	wait = wait && len(r.behind) == 0
	r.blocked = wait
	r.mu.Unlock()

	args := &redis.XReadArgs{Streams: append(keys, ids...), Count: readCount, Block: -1}
	limit := r.part.bus.o.Timeout
	if wait {
		args.Block = block
		limit += block
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	read, err := r.part.bus.c.XRead(ctx, args).Result()

	r.mu.Lock()
	defer r.mu.Unlock()
	r.blocked = false
	if errors.Is(err, redis.Nil) {
		return nil
	}
	if err != nil {
		return err
	}
	for i := range read {
		r.take(&read[i], byKey[read[i].Stream])
	}
	return nil
}

// take takes in what was read of a stream; of nil: that which ends the waiting. mu is held.
func (r *reader) take(read *redis.XStream, st *stream) {
	for i := range read.Messages {
		x := &read.Messages[i]
		if st == nil {
			r.wakePos = x.ID
			continue
		}
		e, err := parse(x, st.topic)
		if err != nil {
			r.part.bus.o.Log.Error("a message can't be read, and is passed over", "stream", st.key, "id", x.ID, "error", err)
			if n, err := number(x.ID); err == nil {
				st.pos = n
			}
			continue
		}
		st.read(e)
	}
	if st != nil {
		r.floor = max(r.floor, st.pos)
	}
}

// addWake ends the waiting.
func (r *reader) addWake(ctx context.Context) error {
	key := r.key("wake", r.part.bus.name)
	_, err := r.part.bus.c.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.XAdd(ctx, &redis.XAddArgs{Stream: key, MaxLen: 1, Values: []string{"w", "1"}})
		p.PExpire(ctx, key, wakeKept)
		return nil
	})
	return err
}
