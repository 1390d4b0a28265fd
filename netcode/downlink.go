package netcode

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/world"
)

// Tags of the fields of a ServerFrame that are written here.
const (
	tagTick         = 1 << 3
	tagSkip         = 2 << 3
	tagFull         = 3 << 3
	tagInputAck     = 4 << 3
	tagHash         = 9<<3 | 1
	tagEntityHashes = 10<<3 | 2
)

const (
	// MaxEvery is the lowest rate of snapshots, in ticks between two of them.
	MaxEvery = 32
	// slowest is the lowest rate that a client gets without having asked for it.
	slowest = 8
)

// Errors of a Downlink.
var (
	// ErrAck is returned for an acknowledgement of a tick that was not sent.
	ErrAck = errors.New("netcode: acknowledges a tick that was not sent")
	// ErrOverrun is returned when reliable events were forgotten before the client
	// could be sent them: it was away, or blocked, for longer than the room
	// remembers.
	ErrOverrun = errors.New("netcode: reliable events were lost to a client that was blocked for too long")
)

// Downlink decides what one client is sent, and when. A client that does not
// keep up is skipped, not queued for: its next snapshot brings it from the last
// one sent to now in one step.
type Downlink struct {
	in     *world.Interest
	base   uint32 // tick that the next snapshot builds on, 0 none
	newest uint32 // newest tick ever sent
	acked  uint32 // newest tick that the client is taken to have applied, or to have dropped all from
	said   uint32 // newest tick that the client has acknowledged
	events uint32 // newest tick whose events were sent
	window uint32 // ticks that may be in flight

	wish  uint32 // ticks per snapshot that the client asked for
	every uint32 // ticks per snapshot now
	most  uint32 // that both may be; all three are powers of two
	// Of the last snapshots due: misses counts those not sent, with a decay;
	// clean counts the unbroken run of those sent.
	misses, clean uint32

	resumed bool // the next snapshot is due at once
	missed  bool // reliable events were forgotten before it

	hashEvery uint32 // ticks between state hashes, 0 none
	hashed    uint32 // tick of the last one
	explain   bool   // send the entity hashes along
	explains  uint32 // first tick in which that may be done again
}

// NewDownlink makes the downlink of a client that has nothing yet. window is the
// most ticks that may be sent and not acknowledged, at least 1.
func NewDownlink(in *world.Interest, window uint32) Downlink {
	return Downlink{in: in, window: max(window, 1), wish: 1, every: 1, most: MaxEvery}
}

// RestoredDownlink makes the downlink of a client of a room that was made again, up to a tick: what the client
// has is for Resume to say. That it has acknowledged something is taken for granted.
func RestoredDownlink(in *world.Interest, window, tick uint32) Downlink {
	d := NewDownlink(in, window)
	d.base, d.newest, d.events = tick, tick, tick
	return d
}

// LimitEvery bounds the ticks between two snapshots, whatever is asked for: 1 to
// MaxEvery, rounded down to a power of two.
func (d *Downlink) LimitEvery(n uint32) {
	d.most = uint32(1) << (bits.Len32(min(max(n, 1), MaxEvery)) - 1)
	d.wish, d.every = min(d.wish, d.most), min(d.every, d.most)
}

// SetEvery sets how many ticks the client wants between snapshots, up to MaxEvery and what
// LimitEvery says. The next power of two is taken, so that slow clients share their bases;
// 0 changes nothing.
func (d *Downlink) SetEvery(n uint32) {
	if n == 0 {
		return
	}
	wish := min(uint32(1)<<bits.Len32(min(n, MaxEvery)-1), d.most)
	if wish == d.wish {
		return // a client that repeats its wish does not undo a step down
	}
	d.wish, d.every = wish, wish
	d.misses, d.clean = 0, 0
}

// Every returns the ticks between two snapshots at the current rate.
func (d *Downlink) Every() uint32 { return d.every }

// SetHashEvery makes the snapshots of every n-th tick carry the state hash; 0: none do.
func (d *Downlink) SetHashEvery(n uint32) { d.hashEvery = n }

// ExplainEvery is how many ticks lie at least between two snapshots that carry entity
// hashes, however often a client asks: they are large. After many hashes it is more, so that
// they are no more than explainBytes in a tick on average.
const ExplainEvery = 100

const explainBytes = 256

// MaxResumed is how many bytes of reliable events a client that has come back is sent at most.
// Older ones count as forgotten: nobody can have the server say the same again and again, for
// the few bytes of a hello.
const MaxResumed = 128 << 10

// Explain makes the next snapshot that may carry a hash for each entity do so.
func (d *Downlink) Explain() { d.explain = true }

// Base returns the tick of the last snapshot sent, 0 before the first.
func (d *Downlink) Base() uint32 { return d.base }

// Ack notes that the client has applied a tick. An older one than before has no
// effect.
func (d *Downlink) Ack(tick uint32) error {
	if tick > d.newest {
		return fmt.Errorf("%w: %d, the last was %d", ErrAck, tick, d.newest)
	}
	// A tick after the base was sent before a Resume went back behind it.
	if tick > d.acked && tick <= d.base {
		d.acked, d.said = tick, tick
		d.in.Acked(tick)
	}
	return nil
}

// Newest returns the newest tick that the client was sent, 0 before the first.
func (d *Downlink) Newest() uint32 { return d.newest }

// Acknowledged returns the newest tick that the client has acknowledged, 0 before the
// first.
func (d *Downlink) Acknowledged() uint32 { return d.said }

// Due reports whether a snapshot is due after the ticks that follow before, up to
// now: usually one, more when a room catches up. Rates are aligned: clients with
// the same rate are due in the same ticks.
func (d *Downlink) Due(before, now uint32) bool {
	return now/d.every != before/d.every || d.base == 0 || d.resumed
}

// WindowFull reports whether too many ticks are in flight for another snapshot.
func (d *Downlink) WindowFull() bool { return d.base-d.acked > d.window && d.base != 0 }

// Missed notes that a snapshot that was due could not be sent. A client that
// misses several of a few is sent fewer, down to one in 8 ticks, or as LimitEvery says.
func (d *Downlink) Missed() {
	d.clean = 0
	if d.misses++; d.misses >= 4 && d.every < min(slowest, d.most) {
		d.every *= 2
		d.misses = 0
	}
}

func (d *Downlink) sent() {
	if d.every == d.wish && d.misses == 0 {
		return
	}
	if d.clean++; d.clean&7 == 0 && d.misses > 0 {
		d.misses--
	}
	if d.clean >= 64 && d.every > d.wish {
		d.every /= 2
		d.clean, d.misses = 0, 0
	}
}

// Resume sets the downlink back to a client that has applied tick and nothing after it.
// The next snapshot is due at once. It is the full state if the differences since tick
// are not remembered any more, or if tick is 0: the client has nothing.
func (d *Downlink) Resume(tick uint32) {
	had := max(tick, d.said) // whatever the client has kept, it had the events of what it acknowledged
	if tick > d.newest {
		tick = 0 // the client is ahead of the room: only the full state can be right
	}
	d.events = min(d.events, had)
	if tick < d.acked || !d.in.Reaches(tick) {
		tick = 0
	}
	d.base, d.acked = tick, tick
	d.misses, d.clean, d.every = 0, 0, d.wish
	d.resumed = true
}

// EventsMissed reports whether reliable events were forgotten before the client came
// back, as of the first snapshot after Resume.
func (d *Downlink) EventsMissed() bool { return d.missed }

// AppendSnapshot appends the fields of a ServerFrame that bring the client to
// the committed tick, which from then on is its base. inputAck is the sequence
// number of the last input applied. It may run at the same time as that of other
// clients, with another Scratch.
func (d *Downlink) AppendSnapshot(b []byte, sc *world.Scratch, now, inputAck uint32) ([]byte, error) {
	base := d.base
	if base != 0 && !d.in.Reaches(base) {
		base = 0
	}
	if d.resumed {
		from := d.in.EventsFrom(d.events)
		from = d.in.EventsWithin(from, MaxResumed)
		d.missed, d.events, d.resumed = from > d.events, from, false
	}
	if !d.in.EventsReach(d.events) {
		return b, ErrOverrun
	}
	b = append(b, tagTick)
	b = schema.AppendUvarint(b, uint64(now))
	if base == 0 {
		b = append(b, tagFull, 1)
	} else if skip := now - base - 1; skip != 0 {
		b = append(b, tagSkip)
		b = schema.AppendUvarint(b, uint64(skip))
	}
	if inputAck != 0 {
		b = append(b, tagInputAck)
		b = schema.AppendUvarint(b, uint64(inputAck))
	}
	b = d.in.AppendSince(b, sc, base, d.events)
	explain := d.explain && now >= d.explains
	if d.hashEvery != 0 && (now-d.hashed >= d.hashEvery || explain) {
		d.hashed = now
		b = append(b, tagHash)
		h := d.in.Hash()
		b = append(b, byte(h), byte(h>>8), byte(h>>16), byte(h>>24), byte(h>>32), byte(h>>40), byte(h>>48), byte(h>>56))
		if explain {
			at := len(b)
			b = d.appendEntityHashes(b)
			d.explain, d.explains = false, now+max(ExplainEvery, uint32(len(b)-at)/explainBytes)
		}
	}
	if base == 0 {
		// Whatever the client has not acknowledged does not matter any more.
		d.acked = max(d.acked, now-min(now, 1))
	}
	d.base, d.newest, d.events = now, now, now
	d.sent()
	return b, nil
}

func (d *Downlink) appendEntityHashes(b []byte) []byte {
	d.in.EachHash(func(e world.Entity, g *world.Group, h uint64) {
		n := 2 + varintLen(uint64(e)) + varintLen(uint64(g.ID())) + 9
		b = append(b, tagEntityHashes)
		b = schema.AppendUvarint(b, uint64(n))
		b = append(b, 1<<3)
		b = schema.AppendUvarint(b, uint64(e))
		b = append(b, 2<<3)
		b = schema.AppendUvarint(b, uint64(g.ID()))
		b = append(b, 3<<3|1, byte(h), byte(h>>8), byte(h>>16), byte(h>>24), byte(h>>32), byte(h>>40), byte(h>>48), byte(h>>56))
	})
	return b
}

func varintLen(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }
