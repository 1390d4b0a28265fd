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

// Sink takes the chunks of one room's journal. Its methods are called by the room's goroutine, in its
// tick: they must not block, and keep nothing that they are given.
type Sink interface {
	// Take takes the next chunk. tick is the newest that had been simulated when the chunk began, and
	// last the newest in it.
	Take(t Type, tick, last uint32, chunk []byte)
}

// A block ends after a second's ticks, or when it has so many bytes.
const maxBlock = 64 << 10

// Writer is a Recorder that writes a journal to sinks. The zero Writer is not ready: see NewWriter. Its
// methods are called one at a time.
type Writer struct {
	sinks []Sink
	build string
	every float64 // seconds from one hash to the next

	rate  float64 // of ticks
	last  times   // as recorded last
	tick  uint32  // newest that was simulated
	due   uint32  // tick of the next hash
	from  uint32  // tick when the block began
	block []byte  // content of the block that is written to; empty: none
	chunk []byte  // scratch memory
	state state   // scratch memory
}

// NewWriter makes a Writer for a room. build tells programs apart that may simulate otherwise; every is
// how many seconds there are from one hash to the next, 0 for a hash each tick.
func NewWriter(build string, every float64, sinks ...Sink) *Writer {
	return &Writer{sinks: sinks, build: build, every: every, rate: 20}
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
	p, err := part(TypeHeader, 0, h)
	if err != nil {
		return // an option that is no UTF-8: whoever set it has a journal without a header, which nobody reads
	}
	for _, s := range w.sinks {
		s.Take(TypeHeader, 0, 0, p.Chunk)
	}
}

// Record is that of Recorder.
func (w *Writer) Record(c *Call) {
	w.room()
	w.block = appendCall(w.block, c, &w.last)
}

// RecordInput is that of Recorder.
func (w *Writer) RecordInput(p *world.Player, number uint32, data []byte) {
	w.room()
	w.block = appendInput(w.block, p, number, data)
}

// room makes room in the block for an entry.
func (w *Writer) room() {
	if len(w.block) > 0 && len(w.block) < maxBlock {
		return
	}
	w.Flush()
	w.from = w.tick
	w.block = appendUint(w.block, 1, uint64(w.tick+1))
}

// Stepped is that of Recorder: it writes a hash now and then.
func (w *Writer) Stepped(r *world.Room) {
	w.tick = r.Committed()
	if w.tick < w.due {
		return
	}
	w.rate = r.TickRate
	w.due = w.tick + max(1, uint32(w.every*w.rate))
	w.hash(r)
	w.Flush()
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
	w.chunk = AppendChunk(w.chunk[:0], TypeBlock, w.block)
	for _, s := range w.sinks {
		s.Take(TypeBlock, w.from, w.tick, w.chunk)
	}
	w.block = w.block[:0]
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
	saved, err := r.Save()
	if err != nil {
		return Part{}, err
	}
	return part(TypeCheckpoint, r.Committed(), &tickroomv1.JournalCheckpoint{Tick: r.Committed(), World: saved, Compare: true})
}

// Mark returns what has happened. Texts in it that are no UTF-8 are an error.
func Mark(m *tickroomv1.JournalMark) (Part, error) { return part(TypeMark, m.GetTick(), m) }

func part(t Type, tick uint32, m proto.Message) (Part, error) {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return Part{}, fmt.Errorf("journal: %w", err)
	}
	return Part{t, tick, AppendChunk(nil, t, b)}, nil
}
