package journal

import (
	"cmp"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/world"
)

// A block ends when it has so many bytes, if not before.
const maxBlock = 64 << 10

// Writer is a Recorder that writes a journal to sinks. The zero Writer is not ready: see NewWriter. Its
// methods are called one at a time.
type Writer struct {
	sinks []Sink
	build string
	every float64 // seconds from one hash to the next
	flush float64 // seconds after which a block ends at the latest

	header []byte // content
	rate   float64
	last   times  // as recorded last
	tick   uint32 // newest that was simulated
	due    uint32 // tick of the next hash
	end    uint32 // tick with which the block ends
	from   uint32 // tick when the block began
	block  []byte // content of the block that is written to; empty: none
	state  state  // scratch memory
}

// NewWriter makes a Writer for a room. build tells programs apart that may simulate otherwise; every is
// how many seconds there are from one hash to the next, 0 for a hash each tick.
func NewWriter(build string, every float64, sinks ...Sink) *Writer {
	return &Writer{sinks: sinks, build: build, every: every, flush: every, rate: 20}
}

// FlushEvery sets how many seconds it takes at most until the sinks have what was recorded: 0 for each tick. Else
// it is as long as from one hash to the next.
func (w *Writer) FlushEvery(seconds float64) { w.flush = min(seconds, w.every) }

// Attach has another sink take the journal from now on. It is given the header if it is to begin with that.
func (w *Writer) Attach(s Sink, header bool) {
	w.Flush()
	if header {
		s.Take(w.Header())
	}
	w.sinks = append(w.sinks, s)
}

// Detach undoes Attach.
func (w *Writer) Detach(s Sink) {
	w.sinks = slices.DeleteFunc(w.sinks, func(o Sink) bool { return o == s })
}

// Hidden stands in a header for the value of a secret option that was set. What is outside is asked by nobody in
// a replay, so that it matters only whether it was.
const Hidden = "(hidden)"

// Begin is that of Recorder: it writes the header.
func (w *Writer) Begin(k *world.Kind, with *world.Setup) {
	h := &tickroomv1.JournalHeader{
		Version: Version, Kind: k.Name, Room: with.ID, Seed: with.Seed, NowUs: with.Now,
		HoldSeconds: k.Hold, MaxAsync: uint32(max(0, with.MaxAsync)), Build: w.build,
	}
	if k.Schema != nil {
		h.Schema = k.Schema.Fingerprint()
	}
	for name, value := range with.Options {
		if value != "" && k.SecretOption(name) {
			value = Hidden
		}
		h.Options = append(h.Options, &tickroomv1.JournalOption{Name: name, Value: value})
	}
	slices.SortFunc(h.Options, func(a, b *tickroomv1.JournalOption) int {
		return cmp.Compare(a.GetName(), b.GetName())
	})
	w.last = times{with.Now, with.Now}
	var err error
	if w.header, err = marshal(h); err != nil {
		return // an option that is no UTF-8: whoever set it has a journal without a header, which nobody reads
	}
	w.give(w.Header())
}

// Header returns the header, for sinks that begin anew.
func (w *Writer) Header() Piece { return Piece{Type: TypeHeader, Content: w.header} }

func (w *Writer) give(p Piece) {
	for _, s := range w.sinks {
		s.Take(p)
	}
}

// Record is that of Recorder.
func (w *Writer) Record(c *Call) {
	w.room()
	w.block = appendCall(w.block, c, &w.last)
}

// RecordInput is that of Recorder.
func (w *Writer) RecordInput(p *world.Player, in world.Input) {
	w.room()
	w.block = appendInput(w.block, p, in)
}

// Session writes down whose session a player is, from now on.
func (w *Writer) Session(player uint32, s *tickroomv1.JournalSession) {
	b, err := marshal(s)
	if err != nil {
		return // a name that is no UTF-8: nobody takes the session up where the room goes on
	}
	w.room()
	w.block = appendSession(w.block, player, b)
}

// Barred writes down whether a backend has locked the room.
func (w *Writer) Barred(on bool) {
	w.room()
	w.block = appendBarred(w.block, on)
}

// room makes room in the block for an entry.
func (w *Writer) room() {
	if len(w.block) > 0 && len(w.block) < maxBlock {
		return
	}
	w.Flush()
	w.from = w.tick
	w.end = w.tick + max(1, uint32(w.flush*w.rate))
	w.block = appendUint(w.block, 1, uint64(w.tick+1))
}

// Stepped is that of Recorder: it writes a hash now and then.
func (w *Writer) Stepped(r *world.Room) {
	w.tick = r.Committed()
	w.rate = r.TickRate
	if w.tick >= w.due {
		w.due = w.tick + max(1, uint32(w.every*w.rate))
		w.hash(r)
		w.Flush()
	} else if w.tick >= w.end {
		w.Flush()
	}
}

// hash writes the hash of the newest tick.
func (w *Writer) hash(r *world.Room) {
	s := &w.state
	s.tables, s.random, s.rows = r.AppendTableHashes(s.tables[:0]), r.AppendRandom(s.random[:0]), 0
	for _, h := range s.tables {
		s.rows = schema.AddHash(s.rows, h)
	}
	w.block = appendHash(w.block, s)
}

// Flush ends the block that is written to, so that the sinks have all that was recorded.
func (w *Writer) Flush() {
	if len(w.block) == 0 {
		return
	}
	w.give(Piece{TypeBlock, w.from, w.tick, w.block})
	w.block = w.block[:0]
}

// Resumed notes that the room was restored from a checkpoint: what is written from now on goes on from that.
func (w *Writer) Resumed(c *tickroomv1.JournalCheckpoint) error {
	w.tick, w.due, w.last = c.GetTick(), c.GetTick(), times{c.GetNowUs(), c.GetHeardUs()}
	b, err := marshal(c)
	if err != nil {
		return err
	}
	w.give(Piece{TypeCheckpoint, w.tick, w.tick, b})
	return nil
}

// Checkpoint ends the block that is written to, and returns a checkpoint as a piece for sinks, between two ticks.
// It fills in what blocks behind it go on from.
func (w *Writer) Checkpoint(c *tickroomv1.JournalCheckpoint) (Piece, error) {
	w.Flush()
	c.Tick, c.NowUs, c.HeardUs = w.tick, w.last.now, w.last.heard
	b, err := marshal(c)
	return Piece{TypeCheckpoint, w.tick, w.tick, b}, err
}

// Room returns what a server knows of a room, for sinks.
func Room(m *tickroomv1.JournalRoom, tick uint32) (Piece, error) {
	b, err := marshal(m)
	return Piece{TypeRoom, tick, tick, b}, err
}

// Part is a chunk that is put at the end of a journal.
type Part struct {
	Type  Type
	Tick  uint32
	Chunk []byte
}

// Compare returns the whole state of a room's world between two ticks, for those who look for what
// differs. The error is that of World.Save.
func Compare(r *world.Room) (Part, error) {
	saved, err := r.World.Save()
	if err != nil {
		return Part{}, err
	}
	return part(TypeCheckpoint, r.Committed(), &tickroomv1.JournalCheckpoint{Tick: r.Committed(), World: saved, Compare: true})
}

// Mark returns what has happened. Texts in it that are no UTF-8 are an error.
func Mark(m *tickroomv1.JournalMark) (Part, error) { return part(TypeMark, m.GetTick(), m) }

func part(t Type, tick uint32, m proto.Message) (Part, error) {
	b, err := marshal(m)
	if err != nil {
		return Part{}, err
	}
	return Part{t, tick, AppendChunk(nil, t, b)}, nil
}

func marshal(m proto.Message) ([]byte, error) {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	return b, nil
}
