package socket

import (
	"encoding/binary"
	"fmt"
	"testing"
)

// FuzzRecordEnds: wherever bytes are cut, records end where a plain scan of all of them says.
func FuzzRecordEnds(f *testing.F) {
	f.Add([]byte{22, 3, 1, 0, 2, 'a', 'b', 23, 3, 3, 0, 0, 20, 3, 3, 0, 1, 1}, []byte{1, 2, 3})
	f.Add([]byte{22, 3, 1, 0xff, 0xff, 'a'}, []byte{})
	f.Fuzz(func(t *testing.T, stream, cuts []byte) {
		var want []string
		for at := 0; at+recordHeader <= len(stream); {
			end := at + recordHeader + int(binary.BigEndian.Uint16(stream[at+3:]))
			if end > len(stream) {
				break
			}
			want = append(want, fmt.Sprintf("%d of type %d", end, stream[at]))
			at = end
		}
		var got []string
		var r, h records
		shakes, found := 0, 0
		for at := 0; at < len(stream); {
			piece := stream[at:]
			if len(cuts) > 0 {
				piece = piece[:min(len(piece), int(cuts[0])+1)]
				cuts = cuts[1:]
			}
			found += h.handshake(piece)
			for len(piece) > 0 {
				n, whole := r.next(piece)
				if n == 0 {
					t.Fatal("it takes nothing")
				}
				at, piece = at+n, piece[n:]
				if whole {
					got = append(got, fmt.Sprintf("%d of type %d", at, r.head[0]))
					if r.head[0] == recordHandshake {
						shakes += r.size()
					}
				}
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if found != shakes {
			t.Errorf("records of handshakes have %d bytes, want %d", found, shakes)
		}
	})
}
