package journal

import (
	"math"
	"slices"
	"sync"
)

// Ring is a Sink that keeps the newest part of a journal in memory: all of it for as long as that is not
// more than some bytes, else the newest blocks of some ticks, and of those no more than the bytes. Of what
// is left then a room can't be made again, unless it begins with a checkpoint. Its methods are called by the
// room's goroutine.
type Ring struct {
	// Fixed.
	bytes int                    // most of them
	press func(work func()) bool // has work done elsewhere; nil: nobody does

	// The room's goroutine's.
	ticks  uint32 // that are kept once the beginning is gone
	header []byte
	tail   Piece // blocks that are not in chunks yet, as one
	torn   bool  // the beginning is gone

	// mu guards the rest, and what chunks hold.
	mu     sync.Mutex
	chunks []*ringChunk
	size   int // bytes of chunks
}

// ringChunk is a chunk in a Ring.
type ringChunk struct {
	piece Piece  // its Content is not there once it is packed
	chunk []byte // compressed; nil: not yet
	gone  bool   // it is not in the ring any more
}

func (c *ringChunk) bytes() int { return len(c.piece.Content) + len(c.chunk) }

const (
	// tailMost is how many bytes of blocks are put together before they are compressed: more
	// compress better, and are a larger part of a ring.
	tailMost   = 32 << 10
	tailShares = 8
)

// NewRing makes a Ring for at most some bytes. What it keeps is compressed by press, which has work done
// elsewhere and reports whether it will be; nil: it is not compressed.
func NewRing(bytes int, press func(work func()) bool) *Ring {
	return &Ring{bytes: bytes, press: press, ticks: math.MaxUint32}
}

// Limit sets how many ticks are kept once the bytes do not suffice for all. Before it was called it is as
// many as there are bytes for.
func (r *Ring) Limit(ticks uint32) { r.ticks = ticks }

// Take is that of Sink. A chunk that is larger than the ring is not kept, nor is what was before it.
func (r *Ring) Take(p Piece) {
	switch p.Type {
	case TypeHeader:
		r.header = AppendStored(nil, TypeHeader, p.Content)
		return
	case TypeBlock:
		if r.tail.Type == 0 {
			r.tail = Piece{TypeBlock, p.Tick, p.Last, slices.Clone(p.Content)}
		} else {
			r.tail.Content = append(r.tail.Content, entries(p.Content)...)
			r.tail.Last = p.Last
		}
		if len(r.tail.Content) < min(tailMost, r.bytes/tailShares) {
			return
		}
	default:
		r.seal()
		r.tail = Piece{p.Type, p.Tick, p.Last, slices.Clone(p.Content)}
	}
	r.seal()
}

// seal makes a chunk of the tail.
func (r *Ring) seal() {
	if r.tail.Type == 0 {
		return
	}
	c := &ringChunk{piece: r.tail}
	r.tail = Piece{}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.chunks = append(r.chunks, c)
	r.size += c.bytes()
	if r.press != nil {
		content := c.piece
		r.press(func() { r.pack(c, AppendChunk(nil, content.Type, content.Content)) })
	}
	r.trim(c.piece.Last)
}

// pack puts the compressed form of a chunk in the place of the other one.
func (r *Ring) pack(c *ringChunk, chunk []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.gone {
		return
	}
	r.size -= c.bytes()
	c.chunk, c.piece.Content = chunk, nil
	r.size += c.bytes()
}

// trim drops what is too much, or too old. r.mu is held.
func (r *Ring) trim(last uint32) {
	n := 0
	for n < len(r.chunks) && (r.size > r.bytes || r.torn && last-r.chunks[n].piece.Last > r.ticks) {
		r.size -= r.chunks[n].bytes()
		r.chunks[n].gone = true
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
func (r *Ring) Size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.header) + r.size + len(r.tail.Content)
}

// Snapshot returns what the ring holds as the pieces of a file, which do not change any more. more is put
// behind that.
func (r *Ring) Snapshot(more ...Part) [][]byte {
	r.seal()
	r.mu.Lock()
	defer r.mu.Unlock()
	var x Index
	pieces := [][]byte{x.Begin(), r.header}
	x.Add(TypeHeader, 0, len(r.header))
	for _, c := range r.chunks {
		chunk := c.chunk
		if chunk == nil {
			chunk = AppendStored(nil, c.piece.Type, c.piece.Content)
		}
		pieces = append(pieces, chunk)
		x.Add(c.piece.Type, c.piece.Tick, len(chunk))
	}
	for _, p := range more {
		pieces = append(pieces, p.Chunk)
		x.Add(p.Type, p.Tick, len(p.Chunk))
	}
	return append(pieces, x.AppendEnd(nil))
}
