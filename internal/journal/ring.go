package journal

import (
	"math"
	"slices"
)

// Ring is a Sink that keeps the newest part of a journal in memory: all of it for as long as that is not
// more than some bytes, else the newest blocks of some ticks, and of those no more than the bytes. Of what
// is left then a room can't be made again. Its methods are called by the room's goroutine.
type Ring struct {
	bytes int    // most of them
	ticks uint32 // that are kept once the beginning is gone

	header []byte
	chunks []ringChunk
	size   int  // bytes of chunks
	torn   bool // the beginning is gone
}

// ringChunk is a chunk in a Ring. It does not change.
type ringChunk struct {
	t          Type
	tick, last uint32
	chunk      []byte
}

// NewRing makes a Ring for at most some bytes.
func NewRing(bytes int) *Ring { return &Ring{bytes: bytes, ticks: math.MaxUint32} }

// Limit sets how many ticks are kept once the bytes do not suffice for all. Before it was called it is as
// many as there are bytes for.
func (r *Ring) Limit(ticks uint32) { r.ticks = ticks }

// Take is that of Sink. A chunk that is larger than the ring is not kept, nor is what was before it.
func (r *Ring) Take(t Type, tick, last uint32, chunk []byte) {
	if t == TypeHeader {
		r.header = slices.Clone(chunk)
		return
	}
	r.chunks = append(r.chunks, ringChunk{t, tick, last, slices.Clone(chunk)})
	r.size += len(chunk)
	n := 0
	for n < len(r.chunks) && (r.size > r.bytes || r.torn && last-r.chunks[n].last > r.ticks) {
		r.size -= len(r.chunks[n].chunk)
		r.torn = true
		n++
	}
	if n > 0 {
		r.chunks = slices.Delete(r.chunks, 0, n)
	}
}

// Whole reports whether the ring has the journal from the room's beginning.
func (r *Ring) Whole() bool { return !r.torn }

// Size returns how many bytes the ring holds.
func (r *Ring) Size() int { return len(r.header) + r.size }

// Snapshot returns what the ring holds as the pieces of a file, which do not change any more. more is put
// behind that.
func (r *Ring) Snapshot(more ...Part) [][]byte {
	var x Index
	pieces := [][]byte{x.Begin(), r.header}
	x.Add(TypeHeader, 0, len(r.header))
	for i := range r.chunks {
		c := &r.chunks[i]
		pieces = append(pieces, c.chunk)
		x.Add(c.t, c.tick, len(c.chunk))
	}
	for _, p := range more {
		pieces = append(pieces, p.Chunk)
		x.Add(p.Type, p.Tick, len(p.Chunk))
	}
	return append(pieces, x.AppendEnd(nil))
}
