package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/klauspost/compress/zstd"
)

// Version is that of the format.
const Version = 1

// Magic is what a journal begins with.
const Magic = "tickroom journal 1\n"

// indexMagic is what one ends with that was closed, behind the place of its index.
const indexMagic = "trindex1"

// Type is what a chunk is.
type Type byte

// The types of chunks. In a file there are others some day; who does not know one passes it over.
const (
	TypeHeader     Type = 'H' // a JournalHeader; the first chunk
	TypeBlock      Type = 'B' // a JournalBlock
	TypeCheckpoint Type = 'C' // a JournalCheckpoint
	TypeMark       Type = 'M' // a JournalMark
	TypeRoom       Type = 'R' // a JournalRoom
	TypeIndex      Type = 'I' // a JournalIndex; the last one
)

// chunkHead is the size of what stands in front of a chunk's content: its type, its length and its sum.
const chunkHead = 1 + 4 + 4

// Bounds of chunks.
const (
	maxChunk   = 64 << 20  // bytes in a file
	maxContent = 256 << 20 // bytes of what is in one
)

// ErrFormat is wrapped by errors of what is no journal, or not one that this program reads.
var ErrFormat = errors.New("not a journal that can be read")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// encoder and decoder are for all journals of the process. Their window is small: blocks are. They are made at
// its start, with all that they make when they are first used: that may be in the bubble of a test of
// synchronisation, whose channels nobody outside may use.
var encoder, decoder = newCodec()

func newCodec() (*zstd.Encoder, *zstd.Decoder) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(128<<10), zstd.WithEncoderCRC(false))
	if err != nil {
		panic(fmt.Sprintf("journal: zstd: %v", err)) // the options are constants
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxContent), zstd.WithDecoderConcurrency(0))
	if err != nil {
		panic(fmt.Sprintf("journal: zstd: %v", err))
	}
	if _, err := dec.DecodeAll(enc.EncodeAll([]byte{0}, nil), nil); err != nil {
		panic(fmt.Sprintf("journal: zstd: %v", err))
	}
	return enc, dec
}

// AppendChunk appends a chunk with some content.
func AppendChunk(b []byte, t Type, content []byte) []byte {
	start := len(b)
	b = append(b, byte(t), 0, 0, 0, 0, 0, 0, 0, 0)
	b = encoder.EncodeAll(content, b)
	binary.LittleEndian.PutUint32(b[start+1:], uint32(len(b)-start-chunkHead))
	binary.LittleEndian.PutUint32(b[start+5:], sum(b[start:]))
	return b
}

// AppendStored appends a chunk as AppendChunk does, and as fast as it can: its content is a frame of Zstandard
// that is not compressed.
func AppendStored(b []byte, t Type, content []byte) []byte {
	start := len(b)
	b = append(b, byte(t), 0, 0, 0, 0, 0, 0, 0, 0)
	// One segment, whose size is said in four bytes.
	b = append(b, 0x28, 0xb5, 0x2f, 0xfd, 0xa0)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(content)))
	for {
		n := min(len(content), 128<<10)
		block := uint32(n) << 3
		if n == len(content) {
			block |= 1 // the last one
		}
		b = append(b, byte(block), byte(block>>8), byte(block>>16))
		b = append(b, content[:n]...)
		if content = content[n:]; len(content) == 0 {
			break
		}
	}
	binary.LittleEndian.PutUint32(b[start+1:], uint32(len(b)-start-chunkHead))
	binary.LittleEndian.PutUint32(b[start+5:], sum(b[start:]))
	return b
}

// storedLess is how many bytes are not worth a compression.
const storedLess = 1 << 10

// Append appends the chunk of a piece, compressed if it is long.
func (p *Piece) Append(b []byte) []byte {
	if len(p.Content) < storedLess {
		return AppendStored(b, p.Type, p.Content)
	}
	return AppendChunk(b, p.Type, p.Content)
}

// sum returns the sum of a chunk: of its type, its length and its content.
func sum(chunk []byte) uint32 {
	return crc32.Update(crc32.Checksum(chunk[:5], castagnoli), castagnoli, chunk[chunkHead:])
}

// content returns what is in a chunk, of which head and body were read.
func content(body []byte) ([]byte, error) {
	b, err := decoder.DecodeAll(body, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return b, nil
}
