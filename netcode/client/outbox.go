package client

import (
	"math"
	"slices"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/world"
)

const (
	// MaxPending is how many inputs may wait to be sent, or for their
	// acknowledgement; the oldest is forgotten when there is one more.
	MaxPending = 128

	// A server takes no more than so much in one message.
	frameInputs   = 32
	frameCommands = 16

	// ackLag is how many ticks may be applied before an acknowledgement goes out
	// on its own. Usually the next input takes it along.
	ackLag = 3
)

// outbox is what waits to be sent.
type outbox struct {
	seq      uint32         // of the newest input
	inputs   []PendingInput // not acknowledged yet, oldest first
	sent     int            // of inputs
	asked    int            // of the session's calls, those that were sent
	ping     time.Duration
	hasPing  bool
	every    uint32
	mismatch bool
}

// maxStale is how many ticks before that of the state an input may be meant for that was not sent
// yet: nobody needs it any more.
const maxStale = 10

// PendingInput is an input that the state doesn't include yet.
type PendingInput struct {
	// Seq is its number, and Tick the one that it is meant for, 0 for as soon as possible.
	Seq, Tick uint32
	// Sees is how far the picture that the player was looking at was behind Tick, in 1/16 ticks;
	// 0: not told.
	Sees uint32
	Data []byte
}

// Ping queues a ping.
func (s *Session) Ping(now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out.ping, s.out.hasPing = now, true
}

// SetEvery asks for one snapshot in so many ticks, on this connection and those that come
// after it; 0 and 1: one in each.
func (s *Session) SetEvery(n uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wish = max(n, 1)
	s.out.every = s.wish
}

// Ready reports whether there is something to send that should not wait for an
// input: an acknowledgement before the server's window closes among them.
func (s *Session) Ready() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := &s.out
	return o.sent < len(o.inputs) || o.asked < len(s.calls) || o.hasPing || o.every != 0 || o.mismatch || s.auth.unsent || s.seen.tick-s.seen.ack >= ackLag
}

// AppendMessage appends one message with what waits to be sent, the newest
// acknowledgement always included, and reports whether there was anything to say.
// It should be called until there isn't.
func (s *Session) AppendMessage(b []byte) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.greeted {
		return b, false
	}
	o := &s.out
	at := len(b)
	if s.seen.tick != s.seen.ack {
		s.seen.ack = s.seen.tick
		b = schema.AppendUvarint(append(b, 1<<3), uint64(s.seen.ack))
	}
	s.stats.InputsDropped += uint64(o.dropStale(s.seen.tick))
	limit := s.maxMessage() - 32 // what follows inputs and commands
	for n := 0; o.sent < len(o.inputs) && n < frameInputs; n++ {
		in := &o.inputs[o.sent]
		if n > 0 && len(b)-at+len(in.Data)+20 > limit {
			break
		}
		b = in.append(b)
		o.sent++
		s.stats.InputsSent++
	}
	for n := 0; o.asked < len(s.calls) && n < frameCommands; n++ {
		c := s.calls[o.asked].data
		if len(b) > at && len(b)-at+len(c)+6 > limit {
			break
		}
		b = schema.AppendUvarint(append(b, 3<<3|2), uint64(len(c)))
		b = append(b, c...)
		o.asked++
	}
	if o.hasPing {
		o.hasPing = false
		us := uint64(o.ping / time.Microsecond)
		b = append(b, 4<<3|2, byte(1+protowire.SizeVarint(us)), 1<<3)
		b = schema.AppendUvarint(b, us)
	}
	if o.every != 0 {
		b = schema.AppendUvarint(append(b, 6<<3), uint64(o.every))
		o.every = 0
	}
	if o.mismatch {
		o.mismatch = false
		b = append(b, 7<<3, 1)
	}
	if s.auth.unsent && (len(b) == at || len(b)-at+len(s.auth.token) < limit) {
		s.auth.unsent = false
		b = protowire.AppendString(protowire.AppendTag(b, 8, protowire.BytesType), s.auth.token)
	}
	if len(b) == at {
		return b, false
	}
	s.countOut(len(b) - at)
	return b, true
}

func (in *PendingInput) append(b []byte) []byte {
	n := 1 + protowire.SizeVarint(uint64(in.Seq))
	if in.Tick != 0 {
		n += 1 + protowire.SizeVarint(uint64(in.Tick))
	}
	if len(in.Data) > 0 {
		n += 1 + protowire.SizeBytes(len(in.Data))
	}
	if in.Sees != 0 {
		n += 1 + protowire.SizeVarint(uint64(in.Sees))
	}
	b = schema.AppendUvarint(append(b, 2<<3|2), uint64(n))
	b = schema.AppendUvarint(append(b, 1<<3), uint64(in.Seq))
	if in.Tick != 0 {
		b = schema.AppendUvarint(append(b, 2<<3), uint64(in.Tick))
	}
	if len(in.Data) > 0 {
		b = schema.AppendUvarint(append(b, 3<<3|2), uint64(len(in.Data)))
		b = append(b, in.Data...)
	}
	if in.Sees != 0 {
		b = schema.AppendUvarint(append(b, 4<<3), uint64(in.Sees))
	}
	return b
}

func (s *Session) countOut(n int) {
	s.stats.MessagesOut++
	s.stats.BytesOut += uint64(n + HeaderLen(n, true))
}

// SendInput queues an input, encoded as the schema's input message, for a tick
// (0: as soon as possible; see InputTick), and returns its sequence number. data is copied. When
// too many inputs wait the oldest is forgotten, and so are those that could not be sent until their
// tick was long over.
func (s *Session) SendInput(tick uint32, data []byte) uint32 { return s.SendInputSeeing(tick, 0, data) }

// SendInputSeeing is SendInput of a player that is looking at tick sees, so that the game can judge
// by what it saw. 0: nobody knows.
func (s *Session) SendInputSeeing(tick uint32, sees float64, data []byte) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := &s.out
	if tick != 0 {
		s.lead.sent(tick)
	}
	o.seq++
	if len(o.inputs) == MaxPending {
		if o.sent == 0 {
			s.stats.InputsDropped++
		}
		o.forget(1)
	}
	if n := len(o.inputs); n < cap(o.inputs) {
		o.inputs = o.inputs[:n+1]
	} else {
		o.inputs = append(o.inputs, PendingInput{})
	}
	in := &o.inputs[len(o.inputs)-1]
	in.Seq, in.Tick, in.Sees = o.seq, tick, 0
	if tick != 0 && sees > 0 {
		in.Sees = uint32(max(1, math.Round((float64(tick)-sees)*world.BackPerTick)))
	}
	in.Data = append(in.Data[:0], data...)
	return o.seq
}

// acked forgets the inputs up to a sequence number.
func (o *outbox) acked(seq uint32) {
	n := 0
	for n < len(o.inputs) && o.inputs[n].Seq <= seq {
		n++
	}
	o.forget(n)
}

// dropStale drops the inputs that were not sent and whose ticks are long over, and returns how many.
func (o *outbox) dropStale(state uint32) (dropped int) {
	for i := o.sent; i < len(o.inputs); {
		if t := o.inputs[i].Tick; t == 0 || t+maxStale >= state {
			i++
			continue
		}
		gone := o.inputs[i]
		copy(o.inputs[i:], o.inputs[i+1:])
		o.inputs[len(o.inputs)-1] = gone // its memory is used again
		o.inputs = o.inputs[:len(o.inputs)-1]
		dropped++
	}
	return dropped
}

// forget drops the oldest inputs and keeps their memory for later ones.
func (o *outbox) forget(n int) {
	if n == 0 {
		return
	}
	for i := n; i < len(o.inputs); i++ {
		o.inputs[i-n], o.inputs[i] = o.inputs[i], o.inputs[i-n]
	}
	o.inputs = o.inputs[:len(o.inputs)-n]
	o.sent = max(0, o.sent-n)
}

// Pending appends the inputs that the state does not include yet, oldest first:
// what a prediction has to apply on top of it.
func (s *Session) Pending(list []PendingInput) []PendingInput {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, in := range s.out.inputs {
		in.Data = slices.Clone(in.Data)
		list = append(list, in)
	}
	return list
}
