package journal_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/internal/journal"
	"github.com/tickroom/tickroom/internal/sinktest"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/world"
)

// A ring is a sink, whether what it keeps is compressed or not.
func TestRingIsASink(t *testing.T) {
	t.Parallel()
	var wg sync.WaitGroup
	for name, press := range map[string]func(func()) bool{
		"not":   nil,
		"never": func(func()) bool { return false },
		"later": func(work func()) bool { wg.Go(work); return true },
	} {
		t.Run(name, func(t *testing.T) {
			sinktest.Run(t, func(*testing.T) (journal.Sink, func() []byte) {
				ring := journal.NewRing(1<<20, press)
				return ring, func() []byte {
					wg.Wait()
					return bytes.Join(ring.Snapshot(), nil)
				}
			})
		})
	}
}

// What is in a ring that compresses is less than it was.
func TestRingCompresses(t *testing.T) {
	t.Parallel()
	var wg sync.WaitGroup
	plain, pressed := journal.NewRing(4<<20, nil), journal.NewRing(4<<20, func(work func()) bool { wg.Go(work); return true })
	sinktest.Played(t, journal.NewWriter("", 1, plain, pressed), 6000)
	wg.Wait()
	if plain.Size() < 200_000 || pressed.Size() > plain.Size()*4/5 {
		t.Errorf("%d bytes, and compressed %d", plain.Size(), pressed.Size())
	}
	sinktest.Opened(t, bytes.Join(pressed.Snapshot(), nil))
}

// A stored chunk is read as a compressed one, however long it is.
func TestStored(t *testing.T) {
	t.Parallel()
	ring := journal.NewRing(1<<20, nil)
	journal.NewWriter("build", 1, ring).Begin(&world.Kind{Name: "k"}, &world.Setup{})
	head := bytes.Join(ring.Snapshot(), nil)
	head = head[:open(t, head).End()]
	for _, n := range []int{0, 1, 255, 256, 70_000, 128 << 10, 128<<10 + 1, 300_000} {
		m := &tickroomv1.JournalMark{Text: strings.Repeat("x", n)}
		content, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		j := sinktest.Opened(t, journal.AppendStored(bytes.Clone(head), journal.TypeMark, content))
		if len(j.Chunks) != 1 {
			t.Fatalf("%d bytes: %d chunks", n, len(j.Chunks))
		}
		if got, err := j.Mark(j.Chunks[0]); err != nil || !proto.Equal(got, m) {
			t.Errorf("%d bytes: %d were read, %v", n, len(got.GetText()), err)
		}
	}
}
