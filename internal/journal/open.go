package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/proto"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// Journal is one that is read.
type Journal struct {
	// Header is what the room was made with.
	Header *tickroomv1.JournalHeader
	// Chunks are the others, in order, without the index. Those of types that this program does not know
	// are among them.
	Chunks []Chunk
	// Indexed reports whether the index was there: the journal was closed, and is whole.
	Indexed bool
	// Cut is after how many bytes the first chunk stands that can't be read, if there is one: what comes
	// after it is not looked at. -1: there is none.
	Cut int64

	from io.ReaderAt
	size int64
	end  int64
}

// Chunk is where a part of a journal is.
type Chunk struct {
	Type   Type
	Offset int64
	// Tick is the newest that had been simulated when the chunk began.
	Tick uint32
}

// Open reads a journal of size bytes. One that was cut off anywhere, or damaged, is read as far as it
// goes, if its header is there. The error wraps ErrFormat if it is none.
func Open(from io.ReaderAt, size int64) (*Journal, error) {
	j := &Journal{from: from, size: size, Cut: -1}
	var magic [len(Magic)]byte
	if _, err := from.ReadAt(magic[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if string(magic[:]) != Magic {
		return nil, fmt.Errorf("%w: it does not begin with %q", ErrFormat, Magic)
	}
	at := int64(len(Magic))
	header, next, err := j.read(at, size)
	if err != nil || header.t != TypeHeader {
		return nil, fmt.Errorf("%w: it has no header", ErrFormat)
	}
	j.Header = &tickroomv1.JournalHeader{}
	if err := header.into(j.Header); err != nil {
		return nil, err
	}
	if v := j.Header.GetVersion(); v != Version {
		return nil, fmt.Errorf("%w: its format is version %d, this program reads %d", ErrFormat, v, Version)
	}
	if j.readIndex(next, size) {
		return j, nil
	}
	j.end = next
	j.scan(next, size)
	return j, nil
}

// scan finds the chunks from a place on.
func (j *Journal) scan(at, size int64) {
	tick := uint32(0)
	for at < size {
		raw, next, err := j.read(at, size)
		if err != nil {
			j.Cut = at
			return
		}
		c := Chunk{Type: raw.t, Offset: at, Tick: tick}
		if raw.t == TypeIndex {
			return
		}
		if raw.t == TypeBlock {
			b := &tickroomv1.JournalBlock{}
			if raw.into(b) != nil || b.GetTick() == 0 {
				j.Cut = at
				return
			}
			c.Tick = b.GetTick() - 1
			tick = c.Tick
			for _, e := range b.GetEntries() {
				if e.GetOp() == tickroomv1.JournalOp_JOURNAL_OP_STEP {
					tick++
				}
			}
		}
		j.Chunks = append(j.Chunks, c)
		at = next
		j.end = at
	}
}

// readIndex takes the chunks from the index at the end, and reports whether there is one that is whole.
func (j *Journal) readIndex(first, size int64) bool {
	var end [8 + len(indexMagic)]byte
	if size-int64(len(end)) < first {
		return false
	}
	if _, err := j.from.ReadAt(end[:], size-int64(len(end))); err != nil || string(end[8:]) != indexMagic {
		return false
	}
	at := binary.LittleEndian.Uint64(end[:])
	if at < uint64(first) || at > uint64(size) {
		return false
	}
	raw, next, err := j.read(int64(at), size-int64(len(end)))
	if err != nil || raw.t != TypeIndex || next != size-int64(len(end)) {
		return false
	}
	j.end = int64(at)
	index := &tickroomv1.JournalIndex{}
	if raw.into(index) != nil {
		return false
	}
	last := first - 1
	for _, p := range index.GetPlaces() {
		if o := p.GetOffset(); o > at || int64(o) <= last || p.GetType() > 0xff {
			return false
		}
		last = int64(p.GetOffset())
		j.Chunks = append(j.Chunks, Chunk{Type(p.GetType()), last, p.GetTick()})
	}
	j.Indexed = true
	return true
}

// rawChunk is a chunk as it lies in a file.
type rawChunk struct {
	t    Type
	body []byte
}

func (r *rawChunk) into(m proto.Message) error {
	b, err := content(r.body)
	if err != nil {
		return err
	}
	if err := proto.Unmarshal(b, m); err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return nil
}

// read reads the chunk at a place, and returns where the next one is.
func (j *Journal) read(at, size int64) (rawChunk, int64, error) {
	var head [chunkHead]byte
	if size-at < chunkHead {
		return rawChunk{}, 0, fmt.Errorf("%w: it ends in a chunk", ErrFormat)
	}
	if _, err := j.from.ReadAt(head[:], at); err != nil {
		return rawChunk{}, 0, fmt.Errorf("journal: %w", err)
	}
	n := int64(binary.LittleEndian.Uint32(head[1:]))
	if n > maxChunk || n > size-at-chunkHead {
		return rawChunk{}, 0, fmt.Errorf("%w: it ends in a chunk", ErrFormat)
	}
	chunk := make([]byte, chunkHead+n)
	if _, err := j.from.ReadAt(chunk, at); err != nil && !errors.Is(err, io.EOF) {
		return rawChunk{}, 0, fmt.Errorf("journal: %w", err)
	}
	if sum(chunk) != binary.LittleEndian.Uint32(chunk[5:]) {
		return rawChunk{}, 0, fmt.Errorf("%w: a chunk is damaged", ErrFormat)
	}
	return rawChunk{Type(chunk[0]), chunk[chunkHead:]}, at + chunkHead + n, nil
}

// get reads one of Chunks.
func (j *Journal) get(c Chunk, m proto.Message) error {
	raw, _, err := j.read(c.Offset, j.size)
	if err != nil {
		return err
	}
	if raw.t != c.Type {
		return fmt.Errorf("%w: the index is wrong", ErrFormat)
	}
	return raw.into(m)
}

// Block reads a chunk that is a block.
func (j *Journal) Block(c Chunk) (*tickroomv1.JournalBlock, error) {
	b := &tickroomv1.JournalBlock{}
	return b, j.get(c, b)
}

// Checkpoint reads a chunk that is a checkpoint.
func (j *Journal) Checkpoint(c Chunk) (*tickroomv1.JournalCheckpoint, error) {
	b := &tickroomv1.JournalCheckpoint{}
	return b, j.get(c, b)
}

// Mark reads a chunk that is a mark.
func (j *Journal) Mark(c Chunk) (*tickroomv1.JournalMark, error) {
	b := &tickroomv1.JournalMark{}
	return b, j.get(c, b)
}

// Start returns the checkpoint that a journal begins with, from which its room can be made again; nil: it begins
// with the room. ok is false if it has neither.
func (j *Journal) Start() (from *tickroomv1.JournalCheckpoint, ok bool, err error) {
	for _, c := range j.Chunks {
		switch c.Type {
		case TypeBlock:
			return nil, c.Tick == 0, nil
		case TypeCheckpoint:
			from, err := j.Checkpoint(c)
			if err != nil {
				return nil, false, err
			}
			if !from.GetCompare() {
				return from, true, nil
			}
		}
	}
	return nil, true, nil
}

// Newest returns the last checkpoint of a journal from which its room can go on, nil if there is none.
func (j *Journal) Newest() (*tickroomv1.JournalCheckpoint, error) {
	for i := len(j.Chunks) - 1; i >= 0; i-- {
		if j.Chunks[i].Type != TypeCheckpoint {
			continue
		}
		c, err := j.Checkpoint(j.Chunks[i])
		if err != nil {
			return nil, err
		}
		if !c.GetCompare() {
			return c, nil
		}
	}
	return nil, nil
}

// Known returns what a server last wrote down of the room, nil if it did not.
func (j *Journal) Known() (*tickroomv1.JournalRoom, error) {
	for i := len(j.Chunks) - 1; i >= 0; i-- {
		if j.Chunks[i].Type == TypeRoom {
			m := &tickroomv1.JournalRoom{}
			return m, j.get(j.Chunks[i], m)
		}
	}
	return nil, nil
}

// End returns where the last chunk that is whole ends, in bytes, without an index: what is behind that was
// cut off, or is the index.
func (j *Journal) End() int64 { return j.end }
