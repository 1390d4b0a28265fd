package journal

import (
	"encoding/binary"

	"google.golang.org/protobuf/proto"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// maxPlaces bounds an index. A file with more chunks, of more than 18 hours, say, has none.
const maxPlaces = 1 << 16

// Index notes where the chunks of a file are while it is written. The zero Index is that of a file
// that has nothing yet.
type Index struct {
	index tickroomv1.JournalIndex
	size  uint64
	full  bool
}

// Begin returns what a file begins with.
func (x *Index) Begin() []byte {
	x.size = uint64(len(Magic))
	return []byte(Magic)
}

// Add notes that a chunk is written behind the others.
func (x *Index) Add(t Type, tick uint32, bytes int) {
	if t != TypeHeader {
		if x.full = x.full || len(x.index.Places) == maxPlaces; !x.full {
			x.index.Places = append(x.index.Places, &tickroomv1.JournalPlace{Type: uint32(t), Offset: x.size, Tick: tick})
		}
	}
	x.size += uint64(bytes)
}

// Size returns how many bytes the file has.
func (x *Index) Size() uint64 { return x.size }

// AppendEnd appends what a file ends with: the index, unless there is too much for one. Then readers
// look for the chunks by themselves.
func (x *Index) AppendEnd(b []byte) []byte {
	if x.full {
		return b
	}
	content, err := proto.Marshal(&x.index)
	if err != nil {
		return b
	}
	b = AppendChunk(b, TypeIndex, content)
	b = binary.LittleEndian.AppendUint64(b, x.size)
	return append(b, indexMagic...)
}
