package redisbus

import (
	"slices"

	"github.com/tickroom/tickroom/server/internal/bus"
	"github.com/tickroom/tickroom/world"
)

// stream is one that somebody listens to. reader.mu guards it.
type stream struct {
	key  string // in Redis
	name string // among the keys "last"
	// topic is the only one in it; empty: it has many.
	topic string
	known bool   // pos is
	pos   uint64 // number of the last message that was read by the call for all streams
	subs  map[string][]*sub
	n     int // of subs
}

// sub is a bus.Subscription. reader.mu guards it.
type sub struct {
	reader *reader
	stream *stream
	topic  string
	l      bus.Listener
	since  world.Since

	placed  bool   // it is known from where on it reads
	live    bool   // it is given what the call for all streams reads; else it reads by itself
	stuck   bool   // the listener had no place
	fresh   bool   // what was before is not missed
	hearing bool   // the listener was told so
	last    uint64 // number of the last message that it is past
	senders []seen // the last few who have posted to it
	closed  bool
}

// seen is what a sender has posted last, of what a sub was given.
type seen struct {
	sender string
	seq    uint64
	number uint64
}

// maxSeen bounds the senders that a sub knows. Only what is posted again after a fail-over needs
// them, which is soon.
const maxSeen = 16

// place sets from where on a sub reads, now that the stream's position is known.
func (s *sub) place() {
	if s.placed {
		return
	}
	s.placed = true
	if s.since == world.Now {
		s.live, s.last = true, s.stream.pos
	} else {
		s.fresh = true
		s.reader.behind[s] = struct{}{}
	}
	s.hear()
}

// hear tells the listener that it hears.
func (s *sub) hear() {
	if s.placed && !s.hearing && !s.reader.deaf {
		s.hearing = true
		s.l.Hears(s.topic, false)
	}
}

// offer gives a sub what it is past then, and reports whether it took it. past is where it is now.
func (s *sub) offer(e *entry, past uint64) bool {
	if e.Number <= s.last {
		return true
	}
	if e.prev > max(past, s.last) {
		if past = e.prev; !s.fresh {
			s.l.Hears(s.topic, true)
		}
	}
	s.fresh = false
	if e.Topic != s.topic || s.again(e) {
		return true
	}
	if !s.l.Hear(&e.Message) {
		s.live, s.stuck, s.last = false, true, max(past, s.last)
		delete(s.reader.behind, s)
		return false
	}
	s.note(e)
	return true
}

// again reports whether a message was posted again that the sub was given.
func (s *sub) again(e *entry) bool {
	i := slices.IndexFunc(s.senders, func(o seen) bool { return o.sender == e.sender })
	return i >= 0 && e.seq <= s.senders[i].seq
}

func (s *sub) note(e *entry) {
	now := seen{e.sender, e.seq, e.Number}
	if i := slices.IndexFunc(s.senders, func(o seen) bool { return o.sender == e.sender }); i >= 0 {
		s.senders[i] = now
		return
	}
	if len(s.senders) < maxSeen {
		s.senders = append(s.senders, now)
		return
	}
	oldest := 0
	for i := range s.senders {
		if s.senders[i].number < s.senders[oldest].number {
			oldest = i
		}
	}
	s.senders[oldest] = now
}

// Resume implements bus.Subscription.
func (s *sub) Resume() {
	r := s.reader
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.stuck && !s.closed {
		s.stuck = false
		r.behind[s] = struct{}{}
		r.stir()
	}
}

// Close implements bus.Subscription.
func (s *sub) Close() {
	r := s.reader
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	delete(r.behind, s)
	st := s.stream
	if st.subs[s.topic] = slices.DeleteFunc(st.subs[s.topic], func(o *sub) bool { return o == s }); len(st.subs[s.topic]) == 0 {
		delete(st.subs, s.topic)
	}
	if st.n--; st.n == 0 {
		delete(r.streams, st.name)
	}
}

// read gives all who are live what was read.
func (st *stream) read(e *entry) {
	past := st.pos
	if e.prev > past { // whatever it was, it may have been for anybody
		for topic, subs := range st.subs {
			for _, s := range subs {
				if s.live && topic != e.Topic {
					s.l.Hears(topic, true)
				}
			}
		}
	}
	st.pos = max(st.pos, e.Number)
	for _, s := range st.subs[e.Topic] {
		if s.live {
			s.offer(e, past)
		}
	}
}
